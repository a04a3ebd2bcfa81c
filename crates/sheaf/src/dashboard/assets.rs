//! Styles and scripts, inside the binary. Their addresses change with their content, so browsers keep them for good.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::frame::PageError;

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Name, media type, content.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("assets/style.css")),
    ("htmx.js", JS, include_str!("assets/htmx.min.js")),
    ("htmx.LICENSE", "text/plain; charset=utf-8", include_str!("assets/htmx.LICENSE")),
    ("app.js", JS, include_str!("assets/app.js")),
    ("upload.js", JS, include_str!("assets/upload.js")),
    ("viewer.js", JS, include_str!("assets/viewer.js")),
    ("sheet.js", JS, include_str!("assets/sheet.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// Where a page finds an asset.
pub(super) fn url(name: &str) -> String {
    let content = ASSETS.iter().find(|(known, ..)| *known == name).map_or("", |(_, _, content)| content);
    let hash = Sha256::digest(content);
    format!("/dashboard/assets/{name}?v={:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, PageError> {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, media_type, content) = found.ok_or(PageError::not_found())?;
    let headers = [(CONTENT_TYPE, *media_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *content).into_response())
}
