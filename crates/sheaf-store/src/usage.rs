//! The month's quota.

use sheaf_types::{Period, Usage, UserId};

use crate::Store;
use crate::db::{Tx, execute, fetch_one, fetch_optional};
use crate::error::{Result, StoreError};
use crate::time::{Month, rfc3339};

impl Store {
    /// What an account has used of its plan in the current UTC calendar month.
    ///
    /// # Errors
    /// `NotFound` where there is no such account.
    pub async fn usage(&self, user: UserId) -> Result<Usage> {
        let month = Month::of(self.clock().now())?;
        let mut conn = self.db().read().await?;
        let row: Option<(String, i64)> = fetch_optional!(
            &mut conn,
            "select a.plan, coalesce(u.used, 0) as used
             from account a left join usage u on u.account_id = a.id and u.month = $2
             where a.id = $1",
            user.0,
            month.start,
        )?;
        let (name, used) = row.ok_or(StoreError::NotFound { what: "user" })?;
        let plan = self.configured_plan(&name)?;
        let used = used.unsigned_abs();
        Ok(Usage {
            plan: name,
            period: Period { start: rfc3339(month.start), end: rfc3339(month.end) },
            limit: plan.limit,
            used,
            remaining: plan.limit.map(|limit| limit.saturating_sub(used)),
        })
    }

    /// Takes `n` documents from the month's quota and answers the month; the row's lock makes others wait until this
    /// transaction ends, so that together they cannot take more than there is.
    pub(crate) async fn debit(&self, tx: &mut Tx, user: UserId, n: i64) -> Result<i64> {
        let month = Month::of(self.clock().now())?;
        let limit = self.plan_of(tx, user).await?.limit;
        let ceiling = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let debited = execute!(
            &mut *tx,
            "insert into usage (account_id, month, used) select $1, $2, $3 where $3 <= $4
             on conflict (account_id, month) do update set used = usage.used + excluded.used
             where usage.used + excluded.used <= $4",
            user.0,
            month.start,
            n,
            ceiling,
        )?;
        if debited == 1 {
            return Ok(month.start);
        }
        let (used,): (i64,) = fetch_one!(
            tx,
            "select coalesce(max(used), 0) from usage where account_id = $1 and month = $2",
            user.0,
            month.start,
        )?;
        Err(StoreError::QuotaExceeded {
            required: n.unsigned_abs(),
            available: ceiling.saturating_sub(used).max(0).unsigned_abs(),
            limit: ceiling.unsigned_abs(),
            resets_at: rfc3339(month.end),
        })
    }
}

/// Gives `n` documents back to the month that paid for them.
pub(crate) async fn refund(tx: &mut Tx, user: UserId, month: i64, n: i64) -> Result<()> {
    execute!(tx, "update usage set used = used - $3 where account_id = $1 and month = $2", user.0, month, n)?;
    Ok(())
}
