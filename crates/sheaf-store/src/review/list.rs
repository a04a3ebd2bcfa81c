//! Reading items: one by one, by document, by field, and what came of them.

use sheaf_types::{
    BatchId, DocumentId, ExtractionId, FieldResult, ReviewId, ReviewItem, ReviewStatus, TemplateId, UserId,
};
use uuid::Uuid;

use super::lost;
use crate::Store;
use crate::db::{fetch_all, fetch_one};
use crate::error::Result;
use crate::page::{Page, PageRequest};
use crate::template::number;
use crate::time::rfc3339;

/// Which items; all of them where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// This one.
    pub id: Option<ReviewId>,
    /// Those with this status.
    pub status: Option<ReviewStatus>,
    /// Those of this batch.
    pub batch: Option<BatchId>,
    /// Those of this extraction.
    pub extraction: Option<ExtractionId>,
    /// Those of this template, whatever its version.
    pub template: Option<TemplateId>,
    /// Those of this field.
    pub field: Option<String>,
}

/// A document with items that are open.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewDocument {
    /// The extraction.
    pub extraction_id: ExtractionId,
    /// The document's name.
    pub filename: String,
    /// Items that are open.
    pub open: u64,
    /// How sure its least sure open field is, 0 to 1.
    pub confidence: f64,
}

/// A field of a template with items that are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewField {
    /// The template.
    pub template_id: TemplateId,
    /// The field's name.
    pub field: String,
    /// Items that are open.
    pub open: u64,
}

/// What came of the reviews of a field: of those that were decided, how many were right as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewScore {
    /// The template.
    pub template_id: TemplateId,
    /// The field's name.
    pub field: String,
    /// Items that were decided.
    pub decided: u64,
    /// Of these, those that were approved.
    pub approved: u64,
}

/// Reads the items of an account that a filter lets through, with `$rest` after its conditions and its values from `$8` on.
macro_rules! fetch_items {
    ($conn:expr, $user:expr, $filter:expr, $rest:literal $(, $value:expr)* $(,)?) => {
        fetch_all!(
            $conn,
            concat!(
            "select i.id, i.extraction_id, i.batch_id, e.document_id, d.filename, e.template_id, e.template_version,
                    i.field, i.created_at, i.resolved_at, r.fields
             from review_item i
             join extraction e on e.id = i.extraction_id
             join document d on d.id = e.document_id
             join extraction_result r on r.extraction_id = i.extraction_id
             where i.account_id = $1
             and ($2 is null or i.id = $2)
             and (cast($3 as bigint) is null or $3 = case when i.resolved_at is null then 1 else 0 end)
             and ($4 is null or i.batch_id = $4)
             and ($5 is null or i.extraction_id = $5)
             and ($6 is null or e.template_id = $6)
             and ($7 is null or i.field = $7) ",
                $rest
            ),
            $user.0,
            $filter.id.map(|id| id.0),
            $filter.status.map(|status| i64::from(status == ReviewStatus::Open)),
            $filter.batch.map(|id| id.0),
            $filter.extraction.map(|id| id.0),
            $filter.template.map(|id| id.0),
            &$filter.field,
            $($value,)*
        )
    };
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    id: Uuid,
    extraction_id: Uuid,
    batch_id: Option<Uuid>,
    document_id: Uuid,
    filename: String,
    template_id: Uuid,
    template_version: i64,
    field: String,
    created_at: i64,
    resolved_at: Option<i64>,
    fields: String,
}

impl ItemRow {
    fn build(self) -> Result<ReviewItem> {
        let fields: Vec<FieldResult> = serde_json::from_str(&self.fields)?;
        let field = fields.into_iter().find(|field| field.name == self.field).ok_or_else(lost)?;
        Ok(ReviewItem {
            id: ReviewId(self.id),
            status: if self.resolved_at.is_some() { ReviewStatus::Resolved } else { ReviewStatus::Open },
            extraction_id: ExtractionId(self.extraction_id),
            batch_id: self.batch_id.map(BatchId),
            document_id: DocumentId(self.document_id),
            filename: self.filename,
            template_id: TemplateId(self.template_id),
            template_version: number(self.template_version),
            field: self.field,
            kind: field.kind,
            value: field.value,
            currency: field.currency,
            source: field.source,
            page: field.page,
            bbox: field.bbox,
            confidence: field.confidence,
            review_reason: field.review_reason,
            alternative: field.alternative,
            created_at: rfc3339(self.created_at),
            resolved_at: self.resolved_at.map(rfc3339),
        })
    }
}

impl Store {
    /// An account's items, newest first.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_reviews(
        &self,
        user: UserId,
        filter: &ReviewFilter,
        page: PageRequest,
    ) -> Result<Page<ReviewItem>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        let rows: Vec<ItemRow> = fetch_items!(
            &mut conn,
            user,
            filter,
            "and i.id < $8 order by i.id desc limit $9",
            before,
            rows,
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), ItemRow::build)
    }

    /// At most `limit` of an account's items, the least sure first.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn riskiest_reviews(
        &self,
        user: UserId,
        filter: &ReviewFilter,
        limit: u32,
    ) -> Result<Vec<ReviewItem>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<ItemRow> =
            fetch_items!(&mut conn, user, filter, "order by i.confidence, i.id limit $8", i64::from(limit))?;
        rows.into_iter().map(ItemRow::build).collect()
    }

    /// How many of an account's items are open, perhaps only those of one batch.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn open_reviews(&self, user: UserId, batch: Option<BatchId>) -> Result<u64> {
        let mut conn = self.db().read().await?;
        let (open,): (i64,) = fetch_one!(
            &mut conn,
            "select count(*) from review_item
             where account_id = $1 and resolved_at is null and ($2 is null or batch_id = $2)",
            user.0,
            batch.map(|id| id.0),
        )?;
        Ok(open.unsigned_abs())
    }

    /// At most `limit` documents with open items, those with the least sure field first.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn review_documents(
        &self,
        user: UserId,
        batch: Option<BatchId>,
        limit: u32,
    ) -> Result<Vec<ReviewDocument>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(Uuid, String, i64, f64)> = fetch_all!(
            &mut conn,
            "select w.extraction_id, d.filename, w.open, w.least from (
                 select extraction_id, count(*) as open, min(confidence) as least from review_item
                 where account_id = $1 and resolved_at is null and ($2 is null or batch_id = $2)
                 group by extraction_id order by min(confidence), extraction_id limit $3
             ) as w
             join extraction e on e.id = w.extraction_id
             join document d on d.id = e.document_id
             order by w.least, w.extraction_id",
            user.0,
            batch.map(|id| id.0),
            i64::from(limit),
        )?;
        let build = |(extraction, filename, open, confidence): (Uuid, String, i64, f64)| ReviewDocument {
            extraction_id: ExtractionId(extraction),
            filename,
            open: open.unsigned_abs(),
            confidence,
        };
        Ok(rows.into_iter().map(build).collect())
    }

    /// The fields with open items, those with most of them first.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn review_fields(&self, user: UserId, batch: Option<BatchId>) -> Result<Vec<ReviewField>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(Uuid, String, i64)> = fetch_all!(
            &mut conn,
            "select e.template_id, i.field, count(*) from review_item i
             join extraction e on e.id = i.extraction_id
             where i.account_id = $1 and i.resolved_at is null and ($2 is null or i.batch_id = $2)
             group by e.template_id, i.field order by count(*) desc, e.template_id, i.field",
            user.0,
            batch.map(|id| id.0),
        )?;
        let build = |(template, field, open): (Uuid, String, i64)| ReviewField {
            template_id: TemplateId(template),
            field,
            open: open.unsigned_abs(),
        };
        Ok(rows.into_iter().map(build).collect())
    }

    /// What came of the reviews, a line a field, by template and field. An item counts by the decision that stands.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn review_scores(&self, user: UserId) -> Result<Vec<ReviewScore>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(Uuid, String, i64, i64)> = fetch_all!(
            &mut conn,
            "select e.template_id, i.field, count(*), count(case when d.action = 'approve' then 1 end)
             from review_item i
             join extraction e on e.id = i.extraction_id
             join review_decision d on d.id = (
                 select n.id from review_decision n where n.item_id = i.id order by n.id desc limit 1)
             where i.account_id = $1 and i.resolved_at is not null
             group by e.template_id, i.field order by e.template_id, i.field",
            user.0,
        )?;
        let build = |(template, field, decided, approved): (Uuid, String, i64, i64)| ReviewScore {
            template_id: TemplateId(template),
            field,
            decided: decided.unsigned_abs(),
            approved: approved.unsigned_abs(),
        };
        Ok(rows.into_iter().map(build).collect())
    }
}
