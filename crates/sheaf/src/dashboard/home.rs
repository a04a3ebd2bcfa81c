//! The first page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use sheaf_store::PageRequest;
use sheaf_types::{Batch, Usage};

use super::assets;
use super::frame::{Frame, PageError, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    usage: Usage,
    /// The latest.
    batches: Vec<Batch>,
    has_password: bool,
}

pub(super) async fn home(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    let latest = PageRequest { limit: 8, cursor: None };
    Ok(render(&HomePage {
        frame: signed_in.frame(Section::Home),
        batches: api.store.list_batches(signed_in.user.id, None, latest).await?.data,
        usage: api.store.usage(signed_in.user.id).await?,
        has_password: api.store.password_hash(&signed_in.user.email).await?.is_some(),
    }))
}
