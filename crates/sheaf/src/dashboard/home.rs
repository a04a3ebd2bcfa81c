//! The first page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use sheaf_types::Usage;

use super::assets;
use super::frame::{Frame, PageError, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    usage: Usage,
    has_password: bool,
}

pub(super) async fn home(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    Ok(render(&HomePage {
        frame: signed_in.frame(Section::Home),
        usage: api.store.usage(signed_in.user.id).await?,
        has_password: api.store.password_hash(&signed_in.user.email).await?.is_some(),
    }))
}
