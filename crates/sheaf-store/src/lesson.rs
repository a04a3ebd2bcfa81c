//! What corrections taught, by template.

use sheaf_types::{ExtractionId, KeptLesson, Lesson, LessonId, ReviewId, TemplateId, UserId};
use uuid::Uuid;

use crate::Store;
use crate::db::{Tx, commit, execute, fetch_all, fetch_optional};
use crate::error::{Result, StoreError};
use crate::template::number;
use crate::time::rfc3339;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "lesson" };

/// Lessons of one template that extractions go by, the latest.
const MOST: i64 = 200;

#[derive(sqlx::FromRow)]
struct LessonRow {
    id: Uuid,
    template_id: Uuid,
    template_version: i64,
    item_id: Uuid,
    body: String,
    created_at: i64,
    extraction_id: Option<Uuid>,
    filename: Option<String>,
}

impl LessonRow {
    fn build(self) -> Result<(KeptLesson, Lesson)> {
        let lesson: Lesson = serde_json::from_str(&self.body)?;
        let kept = KeptLesson {
            id: LessonId(self.id),
            template_id: TemplateId(self.template_id),
            template_version: number(self.template_version),
            field: lesson.field.clone(),
            bbox: lesson.bbox,
            review_item_id: ReviewId(self.item_id),
            extraction_id: self.extraction_id.map(ExtractionId),
            filename: self.filename,
            created_at: rfc3339(self.created_at),
        };
        Ok((kept, lesson))
    }
}

impl Store {
    /// Keeps what the correction of an item taught, in place of `replaced`: lessons about the same field and design.
    ///
    /// Extractions that are made from now on go by it; those that are made already do not, so that they can be repeated.
    ///
    /// # Errors
    /// `NotFound` where there is no such item; `Conflict` where the correction was taken back meanwhile.
    pub async fn keep_lesson(
        &self,
        user: UserId,
        item: ReviewId,
        lesson: &Lesson,
        replaced: &[LessonId],
    ) -> Result<LessonId> {
        let (id, now) = (Uuid::now_v7(), self.clock().now());
        let body = serde_json::to_string(lesson)?;
        let mut tx = self.db().write().await?;
        let row: Option<(Uuid, i64, Option<i64>)> = fetch_optional!(
            &mut tx,
            "select e.template_id, e.template_version, i.resolved_at from review_item i
             join extraction e on e.id = i.extraction_id where i.id = $1 and i.account_id = $2",
            item.0,
            user.0,
        )?;
        let (template, version, resolved_at) = row.ok_or(StoreError::NotFound { what: "review item" })?;
        if resolved_at.is_none() {
            return Err(StoreError::Conflict("the correction was taken back".into()));
        }
        forget(&mut tx, item, now).await?;
        for old in replaced {
            execute!(
                &mut tx,
                "update lesson set removed_at = $3
                 where id = $1 and template_id = $2 and removed_at is null",
                old.0,
                template,
                now,
            )?;
        }
        execute!(
            &mut tx,
            "insert into lesson (id, account_id, template_id, template_version, item_id, field, body, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            id,
            user.0,
            template,
            version,
            item.0,
            &lesson.field,
            &body,
            now,
        )?;
        commit(tx).await?;
        Ok(LessonId(id))
    }

    /// The lessons that a template's next extractions go by, latest first, 200 at most.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn lessons(&self, user: UserId, template: TemplateId) -> Result<Vec<(KeptLesson, Lesson)>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<LessonRow> = fetch_all!(
            &mut conn,
            "select l.id, l.template_id, l.template_version, l.item_id, l.body, l.created_at,
                    e.id as extraction_id, d.filename
             from lesson l
             left join review_item i on i.id = l.item_id
             left join extraction e on e.id = i.extraction_id
             left join document d on d.id = e.document_id
             where l.template_id = $1 and l.account_id = $2 and l.removed_at is null
             order by l.id desc limit $3",
            template.0,
            user.0,
            MOST,
        )?;
        rows.into_iter().map(LessonRow::build).collect()
    }

    /// The lesson that the correction of an item taught, if it did and that was not removed.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn lesson_of(&self, user: UserId, item: ReviewId) -> Result<Option<Lesson>> {
        let mut conn = self.db().read().await?;
        let row: Option<(String,)> = fetch_optional!(
            &mut conn,
            "select body from lesson where item_id = $1 and account_id = $2 and removed_at is null",
            item.0,
            user.0,
        )?;
        row.map(|(body,)| Ok(serde_json::from_str(&body)?)).transpose()
    }

    /// The lessons that an extraction goes by, oldest first: those of its template that stood when it was made.
    ///
    /// # Errors
    /// Only those of the database.
    pub async fn lessons_for(&self, extraction: ExtractionId) -> Result<Vec<Lesson>> {
        let mut conn = self.db().read().await?;
        let rows: Vec<(String,)> = fetch_all!(
            &mut conn,
            "select l.body from extraction e
             join lesson l on l.template_id = e.template_id and l.created_at < e.created_at
                 and (l.removed_at is null or l.removed_at >= e.created_at)
             where e.id = $1 order by l.id desc limit $2",
            extraction.0,
            MOST,
        )?;
        rows.iter().rev().map(|(body,)| Ok(serde_json::from_str(body)?)).collect()
    }

    /// Removes a lesson: extractions that are made from now on do not go by it.
    ///
    /// # Errors
    /// `NotFound`; also where it is removed already.
    pub async fn remove_lesson(&self, user: UserId, template: TemplateId, id: LessonId) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.db().write().await?;
        let removed = execute!(
            &mut tx,
            "update lesson set removed_at = $4
             where id = $1 and template_id = $2 and account_id = $3 and removed_at is null",
            id.0,
            template.0,
            user.0,
            now,
        )?;
        if removed == 0 {
            return Err(NOT_FOUND);
        }
        commit(tx).await
    }
}

/// Removes what the correction of an item taught.
pub(crate) async fn forget(tx: &mut Tx, item: ReviewId, now: i64) -> Result<()> {
    execute!(tx, "update lesson set removed_at = $2 where item_id = $1 and removed_at is null", item.0, now,)?;
    Ok(())
}
