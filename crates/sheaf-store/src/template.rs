//! Templates and their versions.

use sheaf_types::{DocumentId, ExtractionId, Template, TemplateId, TemplateSpec, UserId};
use uuid::Uuid;

use crate::Store;
use crate::db::{Tx, commit, execute, fetch_all, fetch_optional};
use crate::error::{Result, StoreError};
use crate::page::{Page, PageRequest};
use crate::time::rfc3339;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "template" };

#[derive(sqlx::FromRow)]
pub(crate) struct TemplateRow {
    id: Uuid,
    version: i64,
    spec: String,
    created_at: i64,
    updated_at: i64,
}

impl TemplateRow {
    pub(crate) fn build(self) -> Result<Template> {
        Ok(Template {
            id: TemplateId(self.id),
            version: number(self.version),
            spec: serde_json::from_str(&self.spec)?,
            created_at: rfc3339(self.created_at),
            updated_at: rfc3339(self.updated_at),
        })
    }
}

impl Store {
    /// Keeps a new template, as version 1.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn create_template(&self, user: UserId, spec: &TemplateSpec) -> Result<Template> {
        let (id, now) = (Uuid::now_v7(), self.clock().now());
        let mut tx = self.db().write().await?;
        execute!(
            &mut tx,
            "insert into template (id, account_id, version, created_at) values ($1, $2, 1, $3)",
            id,
            user.0,
            now
        )?;
        let template = insert_version(&mut tx, id, 1, spec, now, now).await?.build()?;
        self.note(&mut tx, &template).await?;
        commit(tx).await?;
        Ok(template)
    }

    /// A version of a template, the latest where none is named; hidden ones too.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn template(&self, user: UserId, id: TemplateId, version: Option<u32>) -> Result<Template> {
        let mut conn = self.db().read().await?;
        let row: Option<TemplateRow> = fetch_optional!(
            &mut conn,
            "select t.id, v.version, v.spec, t.created_at, v.created_at as updated_at
             from template t
             join template_version v on v.template_id = t.id and v.version = coalesce($3, t.version)
             where t.id = $1 and t.account_id = $2",
            id.0,
            user.0,
            version.map(i64::from)
        )?;
        row.ok_or(NOT_FOUND)?.build()
    }

    /// The latest versions of an account's templates, newest first, without hidden ones.
    ///
    /// # Errors
    /// `Invalid` for a malformed page request.
    pub async fn list_templates(&self, user: UserId, page: PageRequest) -> Result<Page<Template>> {
        let (rows, before) = (page.rows()?, page.before()?);
        let mut conn = self.db().read().await?;
        let rows: Vec<TemplateRow> = fetch_all!(
            &mut conn,
            "select t.id, v.version, v.spec, t.created_at, v.created_at as updated_at
             from template t
             join template_version v on v.template_id = t.id and v.version = t.version
             where t.account_id = $1 and t.id < $2 and t.hidden_at is null
             order by t.id desc limit $3",
            user.0,
            before,
            rows
        )?;
        page.page(rows, |row| row.id.as_bytes().to_vec(), TemplateRow::build)
    }

    /// The versions of a template, latest first, 500 at most; of hidden ones too.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn template_versions(&self, user: UserId, id: TemplateId) -> Result<Vec<Template>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<TemplateRow> = fetch_all!(
            &mut conn,
            "select t.id, v.version, v.spec, t.created_at, v.created_at as updated_at
             from template t join template_version v on v.template_id = t.id
             where t.id = $1 and t.account_id = $2 order by v.version desc limit 500",
            id.0,
            user.0
        )?;
        if rows.is_empty() {
            return Err(NOT_FOUND);
        }
        rows.into_iter().map(TemplateRow::build).collect()
    }

    /// At most `limit` documents that were read with a template, whatever its version, latest first: extraction, document,
    /// and the document's name.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn template_documents(
        &self,
        user: UserId,
        id: TemplateId,
        limit: u32,
    ) -> Result<Vec<(ExtractionId, DocumentId, String)>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(Uuid, Uuid, String)> = fetch_all!(
            &mut conn,
            "select e.id, e.document_id, d.filename from extraction e join document d on d.id = e.document_id
             where e.template_id = $1 and e.account_id = $2 and e.status in ('completed', 'needs_review')
             order by e.id desc limit $3",
            id.0,
            user.0,
            i64::from(limit)
        )?;
        let build = |(extraction, document, name)| (ExtractionId(extraction), DocumentId(document), name);
        Ok(rows.into_iter().map(build).collect())
    }

    /// Adds a version. What runs with an older one goes on with it.
    ///
    /// # Errors
    /// `NotFound`, also where it is hidden; `VersionMismatch` where `if_match` is not the latest.
    pub async fn update_template(
        &self,
        user: UserId,
        id: TemplateId,
        spec: &TemplateSpec,
        if_match: Option<u32>,
    ) -> Result<Template> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        // The update locks the row, so that of two writers with the same version one sees the other's.
        let row: Option<(i64, i64)> = fetch_optional!(
            &mut tx,
            "update template set version = version + 1
             where id = $1 and account_id = $2 and hidden_at is null
             returning version, created_at",
            id.0,
            user.0
        )?;
        let (version, created_at) = row.ok_or(NOT_FOUND)?;
        let current = number(version - 1);
        if if_match.is_some_and(|expected| expected != current) {
            return Err(StoreError::VersionMismatch { current });
        }
        let row = insert_version(&mut tx, id.0, version, spec, created_at, now).await?;
        commit(tx).await?;
        row.build()
    }

    /// Hides a template from lists and from new work; what ran with it stays readable.
    ///
    /// # Errors
    /// `NotFound`, also where it is hidden already.
    pub async fn delete_template(&self, user: UserId, id: TemplateId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let found = execute!(
            &mut tx,
            "update template set hidden_at = $3 where id = $1 and account_id = $2 and hidden_at is null",
            id.0,
            user.0,
            self.clock().now()
        )?;
        if found == 0 {
            return Err(NOT_FOUND);
        }
        commit(tx).await
    }

    /// What a version says, for workers: whose it is was settled when the work was made.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn template_spec(&self, id: TemplateId, version: u32) -> Result<TemplateSpec> {
        let mut conn = self.db().read().await?;
        let spec: Option<(String,)> = fetch_optional!(
            &mut conn,
            "select spec from template_version where template_id = $1 and version = $2",
            id.0,
            i64::from(version)
        )?;
        let (spec,) = spec.ok_or(NOT_FOUND)?;
        Ok(serde_json::from_str(&spec)?)
    }
}

/// The latest version of a template that new work may use.
pub(crate) async fn usable_version(tx: &mut Tx, user: UserId, id: TemplateId) -> Result<i64> {
    let version: Option<(i64,)> = fetch_optional!(
        tx,
        "select version from template where id = $1 and account_id = $2 and hidden_at is null",
        id.0,
        user.0
    )?;
    version.map(|(version,)| version).ok_or(NOT_FOUND)
}

async fn insert_version(
    tx: &mut Tx,
    id: Uuid,
    version: i64,
    spec: &TemplateSpec,
    created_at: i64,
    now: i64,
) -> Result<TemplateRow> {
    let row = TemplateRow { id, version, spec: serde_json::to_string(spec)?, created_at, updated_at: now };
    execute!(
        tx,
        "insert into template_version (template_id, version, spec, created_at) values ($1, $2, $3, $4)",
        id,
        version,
        &row.spec,
        now
    )?;
    Ok(row)
}

/// A small count from a row.
pub(crate) fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or_default()
}
