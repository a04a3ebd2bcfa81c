//! `/v1/documents/{id}/pages/{n}`: pages as pictures.

use std::io::Cursor;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use image::ImageFormat;
use serde::Deserialize;
use sheaf_types::{BoundingBox, DocumentId};
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
    /// Only this part: `x0,y0,x1,y1` as fractions of the page, as in `bbox`.
    crop: Option<String>,
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
    let crop = query.crop.as_deref().map(read_crop).transpose()?;
    let is_kept = width.is_multiple_of(KEPT_WIDTHS);
    let kept = if is_kept { api.store.page_picture(user.id, id, page, width).await? } else { None };
    let png = match kept {
        Some(png) => png,
        None => {
            let document = api.store.document(user.id, id).await?;
            let file = api.store.document_bytes(user.id, id).await?;
            let drawn = api.readers.draw(document.media_type, &file, page, width).await;
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
    let png = match crop {
        Some(crop) => cut(png, crop).await?,
        None => png,
    };
    // A document never changes; it is nobody else's.
    let headers = [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "private, max-age=86400, immutable")];
    Ok((headers, png).into_response())
}

/// `x0,y0,x1,y1`, fractions of the page.
fn read_crop(text: &str) -> Result<BoundingBox, ApiError> {
    let edges: Vec<f32> = text.split(',').filter_map(|edge| edge.parse().ok()).collect();
    <[f32; 4]>::try_from(edges)
        .ok()
        .filter(|[x0, y0, x1, y1]| {
            [x0, y0, x1, y1].iter().all(|edge| (0.0..=1.0).contains(*edge)) && x0 < x1 && y0 < y1
        })
        .map(BoundingBox::from)
        .ok_or_else(|| {
            ApiError::invalid("/crop", "expected x0,y0,x1,y1 as fractions of the page, x0 < x1 and y0 < y1")
        })
}

/// A part of a picture.
async fn cut(png: Bytes, crop: BoundingBox) -> Result<Bytes, ApiError> {
    let cut = move || {
        let page = image::load_from_memory_with_format(&png, ImageFormat::Png).ok()?;
        let pixels = |share: f32, of: u32| (share * of as f32).round() as u32;
        let (x, y) = (pixels(crop.x0, page.width()), pixels(crop.y0, page.height()));
        let (width, height) = (pixels(crop.width(), page.width()), pixels(crop.height(), page.height()));
        let mut part = Cursor::new(Vec::new());
        page.crop_imm(x, y, width.max(1), height.max(1)).write_to(&mut part, ImageFormat::Png).ok()?;
        Some(Bytes::from(part.into_inner()))
    };
    let cut = tokio::task::spawn_blocking(cut).await.ok().flatten();
    cut.ok_or_else(|| ApiError::new(Code::Conflict, "the page cannot be drawn: its picture is damaged"))
}
