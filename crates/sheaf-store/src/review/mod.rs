//! Reviews: the fields that somebody should look at, and what was decided about them.
//!
//! What a field says has one place, the extraction's result; an item only names it. A decision changes the result and is
//! noted, with what stood there before, in the same transaction; the last one makes the extraction `completed`.

mod list;
mod value;

use sheaf_types::{
    Decision, ExtractionId, FieldResult, FieldValue, Method, Resolution, ReviewAction, ReviewId,
    ReviewedItem, TemplateSpec, UserId,
};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::Store;
use crate::db::{Conn, Tx, commit, execute, fetch_all, fetch_one, fetch_optional, on};
use crate::error::{Result, StoreError};
use crate::hint::Hint;
use crate::lesson;
use crate::page::PageRequest;
use crate::time::rfc3339;

pub use list::{ReviewDocument, ReviewField, ReviewFilter, ReviewScore};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "review item" };
const LONGEST_NOTES: usize = 2_000;

impl Store {
    /// An item with its history.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn review(&self, user: UserId, id: ReviewId) -> Result<ReviewedItem> {
        let filter = ReviewFilter { id: Some(id), ..ReviewFilter::default() };
        let found = self.list_reviews(user, &filter, PageRequest { limit: 1, cursor: None }).await?;
        let item = found.data.into_iter().next().ok_or(NOT_FOUND)?;
        let mut conn = self.db().read().await?;
        Ok(ReviewedItem { item, history: history(&mut conn, id).await? })
    }

    /// Decides about an item.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where it is resolved already; `Invalid` where the value is not of the field's type or the
    /// notes are too long.
    pub async fn resolve_review(
        &self,
        user: UserId,
        id: ReviewId,
        resolution: &Resolution,
        notes: Option<&str>,
    ) -> Result<ReviewedItem> {
        let mut tx = self.db().write().await?;
        let of = Reviewed::lock(&mut tx, user, id).await?;
        self.decide(&mut tx, user, of, resolution, notes).await?;
        commit(tx).await?;
        self.hint_here(Hint::Finished);
        self.review(user, id).await
    }

    /// Decides about a field, also one that nothing asked a look for: whoever finds a fault may correct it.
    ///
    /// # Errors
    /// `NotFound` where there is no such extraction or it has no such field; else as [`Store::resolve_review`].
    pub async fn resolve_field(
        &self,
        user: UserId,
        extraction: ExtractionId,
        field: &str,
        resolution: &Resolution,
        notes: Option<&str>,
    ) -> Result<ReviewedItem> {
        let mut tx = self.db().write().await?;
        let id = item_of(&mut tx, user, extraction, field, self.clock().now()).await?;
        let of = Reviewed::lock(&mut tx, user, id).await?;
        self.decide(&mut tx, user, of, resolution, notes).await?;
        commit(tx).await?;
        self.hint_here(Hint::Finished);
        self.review(user, id).await
    }

    /// Approves those of the items that are still open, all or none, and answers how many they were.
    ///
    /// # Errors
    /// `NotFound` where one is not the account's.
    pub async fn approve_reviews(&self, user: UserId, ids: &[ReviewId]) -> Result<usize> {
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut approved = 0;
        let mut tx = self.db().write().await?;
        for id in sorted {
            let of = Reviewed::lock(&mut tx, user, id).await?;
            if !of.is_resolved {
                self.decide(&mut tx, user, of, &Resolution::Approve, None).await?;
                approved += 1;
            }
        }
        commit(tx).await?;
        self.hint_here(Hint::Finished);
        Ok(approved)
    }

    /// Takes the last decision about an item back: the field is again what it was, and needs a look; what it taught is
    /// forgotten.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where it is open.
    pub async fn reopen_review(&self, user: UserId, id: ReviewId) -> Result<ReviewedItem> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let mut of = Reviewed::lock(&mut tx, user, id).await?;
        if !of.is_resolved {
            return Err(StoreError::Conflict("nobody has resolved this yet".into()));
        }
        let (before,): (String,) = fetch_one!(
            &mut tx,
            "select field_before from review_decision where item_id = $1 order by id desc limit 1",
            id.0
        )?;
        let before = FieldResult { needs_review: true, ..serde_json::from_str(&before)? };
        let undone = std::mem::replace(of.field()?, before);
        of.write(&mut tx, None).await?;
        let note = Note { action: ReviewAction::Reopen, before: &undone, corrected: None, notes: None };
        note.insert(&mut tx, user, id, now).await?;
        execute!(&mut tx, "update extraction set status = 'needs_review' where id = $1", of.extraction)?;
        lesson::forget(&mut tx, id, now).await?;
        commit(tx).await?;
        self.hint_here(Hint::Finished);
        self.review(user, id).await
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        user: UserId,
        mut of: Reviewed,
        resolution: &Resolution,
        notes: Option<&str>,
    ) -> Result<()> {
        if notes.is_some_and(|notes| notes.chars().count() > LONGEST_NOTES || notes.contains('\0')) {
            return Err(StoreError::invalid(
                "/notes",
                format!("expected at most {LONGEST_NOTES} characters"),
            ));
        }
        if of.is_resolved {
            return Err(StoreError::Conflict(
                "this was resolved already: read it again, and reopen it to decide anew".into(),
            ));
        }
        let now = self.clock().now();
        let before = of.field()?.clone();
        let mut corrected = None;
        let action = match resolution {
            Resolution::Approve => ReviewAction::Approve,
            Resolution::Correct { value, provenance } => {
                let spec = of.spec(tx).await?;
                let spec = spec.fields.iter().find(|field| field.name == of.name).ok_or_else(lost)?;
                corrected = value::read(spec, value)?;
                let provenance = provenance.clone().map(value::check_provenance).transpose()?;
                let field = of.field()?;
                correct(field, corrected.clone());
                if let (Some(_), Some(at)) = (&corrected, provenance) {
                    (field.source, field.page, field.bbox, field.cell) =
                        (Some(at.source), Some(at.page), Some(at.bbox), at.cell);
                }
                ReviewAction::Correct
            }
        };
        let (who,): (String,) = fetch_one!(&mut *tx, "select email from account where id = $1", user.0)?;
        let decision = Decision {
            action,
            original: before.value.clone(),
            corrected: corrected.clone(),
            who,
            when: rfc3339(now),
            notes: notes.map(str::to_owned),
        };
        let field = of.field()?;
        (field.needs_review, field.review_reason, field.review) = (false, None, Some(decision));
        of.write(tx, Some(now)).await?;
        let note = Note { action, before: &before, corrected: corrected.as_ref(), notes };
        note.insert(tx, user, ReviewId(of.id), now).await?;
        execute!(
            tx,
            "update extraction set status = 'completed' where id = $1 and status = 'needs_review' and not exists (
                 select 1 from review_item where extraction_id = $1 and resolved_at is null)",
            of.extraction,
        )?;
        Ok(())
    }
}

/// An item and the result it is about, locked.
struct Reviewed {
    id: Uuid,
    extraction: Uuid,
    template: Uuid,
    version: i64,
    name: String,
    is_resolved: bool,
    fields: Vec<FieldResult>,
}

impl Reviewed {
    /// Locks the extraction, so that of two decisions about its fields neither is lost.
    async fn lock(tx: &mut Tx, user: UserId, id: ReviewId) -> Result<Self> {
        let sql = match &*tx {
            Tx::Sqlite(_) => {
                "select e.id, e.template_id, e.template_version from review_item i
                 join extraction e on e.id = i.extraction_id where i.id = $1 and i.account_id = $2"
            }
            Tx::Postgres(_) => {
                "select e.id, e.template_id, e.template_version from review_item i
                 join extraction e on e.id = i.extraction_id where i.id = $1 and i.account_id = $2 for update of e"
            }
        };
        let row: Option<(Uuid, Uuid, i64)> = fetch_optional!(&mut *tx, sql, id.0, user.0)?;
        let (extraction, template, version) = row.ok_or(NOT_FOUND)?;
        // Read after the lock, so that they are what the one before has left.
        let (name, resolved_at, fields): (String, Option<i64>, String) = fetch_one!(
            tx,
            "select i.field, i.resolved_at, r.fields from review_item i
             join extraction_result r on r.extraction_id = i.extraction_id where i.id = $1",
            id.0
        )?;
        Ok(Self {
            id: id.0,
            extraction,
            template,
            version,
            name,
            is_resolved: resolved_at.is_some(),
            fields: serde_json::from_str(&fields)?,
        })
    }

    fn field(&mut self) -> Result<&mut FieldResult> {
        self.fields.iter_mut().find(|field| field.name == self.name).ok_or_else(lost)
    }

    async fn spec(&self, tx: &mut Tx) -> Result<TemplateSpec> {
        let (spec,): (String,) = fetch_one!(
            tx,
            "select spec from template_version where template_id = $1 and version = $2",
            self.template,
            self.version
        )?;
        Ok(serde_json::from_str(&spec)?)
    }

    async fn write(&self, tx: &mut Tx, resolved_at: Option<i64>) -> Result<()> {
        let fields = serde_json::to_string(&self.fields)?;
        execute!(&mut *tx, "update review_item set resolved_at = $2 where id = $1", self.id, resolved_at)?;
        execute!(
            tx,
            "update extraction_result set fields = $2 where extraction_id = $1",
            self.extraction,
            &fields,
        )?;
        Ok(())
    }
}

/// Makes items of the fields that need a look.
pub(crate) async fn open_items(
    tx: &mut Tx,
    (account, batch, extraction): (Uuid, Option<Uuid>, Uuid),
    fields: &[FieldResult],
    now: i64,
) -> Result<()> {
    let open: Vec<&FieldResult> = fields.iter().filter(|field| field.needs_review).collect();
    if open.is_empty() {
        return Ok(());
    }
    on!(tx, |c| async {
        QueryBuilder::new(
            "insert into review_item (id, account_id, batch_id, extraction_id, field, confidence, created_at) ",
        )
        .push_values(open, |mut values, field| {
            values
                .push_bind(Uuid::now_v7())
                .push_bind(account)
                .push_bind(batch)
                .push_bind(extraction)
                .push_bind(&field.name)
                .push_bind(f64::from(field.confidence))
                .push_bind(now);
        })
        .build()
        .persistent(false)
        .execute(c)
        .await
        .map(|_| ())
    })?;
    Ok(())
}

/// The item of a field, made where there is none.
async fn item_of(
    tx: &mut Tx,
    user: UserId,
    extraction: ExtractionId,
    field: &str,
    now: i64,
) -> Result<ReviewId> {
    let sql = match &*tx {
        Tx::Sqlite(_) => "select batch_id from extraction where id = $1 and account_id = $2",
        Tx::Postgres(_) => "select batch_id from extraction where id = $1 and account_id = $2 for update",
    };
    let row: Option<(Option<Uuid>,)> = fetch_optional!(&mut *tx, sql, extraction.0, user.0)?;
    let (batch,) = row.ok_or(StoreError::NotFound { what: "extraction" })?;
    let known: Option<(Uuid,)> = fetch_optional!(
        &mut *tx,
        "select id from review_item where extraction_id = $1 and field = $2",
        extraction.0,
        field
    )?;
    if let Some((id,)) = known {
        return Ok(ReviewId(id));
    }
    let fields: Option<(Option<String>,)> = fetch_optional!(
        &mut *tx,
        "select fields from extraction_result where extraction_id = $1",
        extraction.0
    )?;
    let fields: Vec<FieldResult> = match fields {
        Some((Some(fields),)) => serde_json::from_str(&fields)?,
        _ => Vec::new(),
    };
    let found = fields.into_iter().find(|result| result.name == field);
    let mut found = found.ok_or(StoreError::NotFound { what: "field" })?;
    found.needs_review = true;
    open_items(tx, (user.0, batch, extraction.0), &[found], now).await?;
    let (id,): (Uuid,) = fetch_one!(
        tx,
        "select id from review_item where extraction_id = $1 and field = $2",
        extraction.0,
        field
    )?;
    Ok(ReviewId(id))
}

/// Puts a value in the place of another. Where it stands stays known: it is the text there that was read wrongly, and
/// `source` says how it was read.
fn correct(field: &mut FieldResult, value: Option<FieldValue>) {
    field.cells = match (&value, field.cells.take()) {
        (Some(FieldValue::Rows(rows)), Some(cells)) if rows.len() == cells.len() => Some(cells),
        (Some(FieldValue::Rows(rows)), _) => Some(vec![Default::default(); rows.len()]),
        _ => None,
    };
    if value.is_none() {
        (field.source, field.page, field.bbox, field.cell) = (None, None, None, None);
    }
    field.value = value;
    field.method = Some(Method::Review);
    field.confidence = 1.0;
}

/// What is noted of a decision.
struct Note<'a> {
    action: ReviewAction,
    before: &'a FieldResult,
    corrected: Option<&'a FieldValue>,
    notes: Option<&'a str>,
}

impl Note<'_> {
    async fn insert(&self, tx: &mut Tx, user: UserId, item: ReviewId, now: i64) -> Result<()> {
        let before = serde_json::to_string(self.before)?;
        let corrected = self.corrected.map(serde_json::to_string).transpose()?;
        execute!(
            tx,
            "insert into review_decision (id, item_id, account_id, action, field_before, corrected, notes, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            Uuid::now_v7(),
            item.0,
            user.0,
            self.action.as_str(),
            &before,
            &corrected,
            self.notes,
            now,
        )?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct DecisionRow {
    action: String,
    field_before: String,
    corrected: Option<String>,
    email: String,
    created_at: i64,
    notes: Option<String>,
}

impl DecisionRow {
    fn build(self) -> Result<Decision> {
        let before: FieldResult = serde_json::from_str(&self.field_before)?;
        Ok(Decision {
            action: ReviewAction::from_name(&self.action).ok_or_else(|| {
                StoreError::Internal(format!("a row has the unknown action {:?}", self.action))
            })?,
            original: before.value,
            corrected: self.corrected.as_deref().map(serde_json::from_str).transpose()?,
            who: self.email,
            when: rfc3339(self.created_at),
            notes: self.notes,
        })
    }
}

async fn history(conn: &mut Conn, item: ReviewId) -> Result<Vec<Decision>> {
    let rows: Vec<DecisionRow> = fetch_all!(
        conn,
        "select d.action, d.field_before, d.corrected, a.email, d.created_at, d.notes
         from review_decision d join account a on a.id = d.account_id
         where d.item_id = $1 order by d.id",
        item.0
    )?;
    rows.into_iter().map(DecisionRow::build).collect()
}

fn lost() -> StoreError {
    StoreError::Internal("a review names a field that its extraction does not have".into())
}
