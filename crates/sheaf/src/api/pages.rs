//! `/v1/documents/{id}/pages/{n}`: pages as pictures.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use sheaf_types::DocumentId;
use utoipa::IntoParams;

use super::ApiState;
use super::error::{ApiError, Code};
use super::request::{Account, Parameters};

/// Width where none is asked for, and the widest, in pixels.
const USUAL_WIDTH: u32 = 1_200;
const WIDEST: u32 = 4_000;
/// Pictures whose width is a multiple of this are kept: a viewer asks for few widths, and odd ones fill no disk.
const KEPT_WIDTHS: u32 = 100;

#[derive(Deserialize, IntoParams)]
pub(super) struct PictureQuery {
    /// Width in pixels; 1200 unless said.
    #[param(minimum = 16, maximum = 4000)]
    width: Option<u32>,
}

/// Look at a page
///
/// The page as displayed, as a PNG; boxes of values are fractions of it.
#[utoipa::path(get, path = "/v1/documents/{id}/pages/{n}", tag = "Documents",
    params(("id" = String, Path, description = "The document"),
        ("n" = u32, Path, description = "The page, counted from 1"), PictureQuery),
    responses((status = 200, description = "The picture", content_type = "image/png", body = [u8]),
        (status = 404, description = "No such document, or no such page"),
        (status = 409, description = "The page cannot be drawn; the detail says why")))]
pub(super) async fn get_page(
    State(api): State<ApiState>,
    Account(user): Account,
    Path((id, page)): Path<(String, String)>,
    Parameters(query): Parameters<PictureQuery>,
) -> Result<Response, ApiError> {
    let id: DocumentId = id.parse().map_err(|_| ApiError::not_found("document"))?;
    let page: u32 = page.parse().map_err(|_| ApiError::not_found("page"))?;
    let width = query.width.unwrap_or(USUAL_WIDTH);
    if !(16..=WIDEST).contains(&width) {
        return Err(ApiError::invalid("/width", format!("expected 16 to {WIDEST}")));
    }
    let is_kept = width.is_multiple_of(KEPT_WIDTHS);
    let kept = if is_kept { api.store.page_picture(user.id, id, page, width).await? } else { None };
    let png = match kept {
        Some(png) => png,
        None => {
            let document = api.store.document(user.id, id).await?;
            let file = api.store.document_bytes(user.id, id).await?;
            let drawn = api.drawer.draw(document.media_type, &file, page, width).await;
            let drawn = drawn.map_err(|error| {
                ApiError::new(Code::Conflict, format!("the page cannot be drawn: {error}"))
            })?;
            let png = Bytes::from(drawn.ok_or_else(|| ApiError::not_found("page"))?);
            if is_kept {
                api.store.keep_page_picture(user.id, id, page, width, png.clone()).await?;
            }
            png
        }
    };
    // A document never changes; it is nobody else's.
    let headers = [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, max-age=86400, immutable")];
    Ok((headers, png).into_response())
}
