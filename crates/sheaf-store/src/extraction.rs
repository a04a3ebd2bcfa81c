//! Reading extractions.

use sheaf_types::{BatchId, DocumentId, Extraction, ExtractionId, Status, TemplateId, Tier, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::Store;
use crate::db::fetch_optional;
use crate::error::{Result, StoreError};
use crate::llm::UsageRow;
use crate::template::number;
use crate::time::rfc3339;

/// The statement that reads extractions, with `$fields` as their fields and `$rest` after `from`.
macro_rules! select_extractions {
    ($fields:literal, $rest:literal) => {
        concat!(
            "select e.id, e.batch_id, e.position, e.document_id, d.filename, e.custom_id, e.template_id,
                    e.template_version, e.status, e.tier, e.attempt - e.attempts_before as attempt, d.pages, e.created_at, e.started_at,
                    e.finished_at, r.engine, r.warnings, r.error,
                    u.model as llm_model, u.calls as llm_calls, u.replayed as llm_replayed,
                    u.input_tokens as llm_input_tokens, u.output_tokens as llm_output_tokens,
                    u.duration_ms as llm_duration_ms, u.bytes_sent as llm_bytes_sent, ",
            $fields,
            " as fields
             from extraction e
             join document d on d.id = e.document_id
             left join extraction_result r on r.extraction_id = e.id
             left join llm_usage u on u.extraction_id = e.id ",
            $rest
        )
    };
}
pub(crate) use select_extractions;

#[derive(FromRow)]
pub(crate) struct ExtractionRow {
    id: Uuid,
    batch_id: Option<Uuid>,
    pub(crate) position: i64,
    document_id: Uuid,
    filename: String,
    custom_id: Option<String>,
    template_id: Uuid,
    template_version: i64,
    status: String,
    tier: String,
    attempt: i64,
    pages: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
    engine: Option<String>,
    warnings: Option<String>,
    error: Option<String>,
    #[sqlx(flatten)]
    llm: UsageRow,
    fields: Option<String>,
}

impl ExtractionRow {
    /// The extraction as a list shows it.
    pub(crate) fn build(self) -> Result<Extraction> {
        Ok(Extraction {
            id: ExtractionId(self.id),
            batch_id: self.batch_id.map(BatchId),
            document_id: DocumentId(self.document_id),
            filename: self.filename,
            custom_id: self.custom_id,
            template_id: TemplateId(self.template_id),
            template_version: number(self.template_version),
            status: Status::from_name(&self.status).ok_or_else(|| {
                StoreError::Internal(format!("a row has the unknown status {:?}", self.status))
            })?,
            tier: tier(&self.tier)?,
            error: self.error.as_deref().map(serde_json::from_str).transpose()?,
            attempts: number(self.attempt),
            pages: self.pages.map(number),
            created_at: rfc3339(self.created_at),
            started_at: self.started_at.map(rfc3339),
            finished_at: self.finished_at.map(rfc3339),
            engine: self.engine.as_deref().map(serde_json::from_str).transpose()?,
            warnings: self.warnings.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default(),
            llm: self.llm.build(),
            fields: None,
        })
    }

    /// The extraction with its fields, empty where there are none yet.
    pub(crate) fn build_whole(self) -> Result<Extraction> {
        let fields = self.fields.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        Ok(Extraction { fields: Some(fields), ..self.build()? })
    }
}

impl Store {
    /// An extraction with its fields.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn extraction(&self, user: UserId, id: ExtractionId) -> Result<Extraction> {
        let mut conn = self.db().read().await?;
        let row: Option<ExtractionRow> = fetch_optional!(
            &mut conn,
            select_extractions!("r.fields", "where e.id = $1 and e.account_id = $2"),
            id.0,
            user.0,
        )?;
        row.ok_or(StoreError::NotFound { what: "extraction" })?.build_whole()
    }
}

/// The tier a row names.
pub(crate) fn tier(name: &str) -> Result<Tier> {
    Tier::from_name(name).ok_or_else(|| StoreError::Internal(format!("a row has the unknown tier {name:?}")))
}
