//! The first page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use sheaf_store::{PageRequest, ReviewScore};
use sheaf_types::{Batch, Usage};

use super::assets;
use super::frame::{Frame, PageError, Section, SignedIn, render};
use super::words;
use crate::api::ApiState;

/// Fields whose accuracy is shown.
const MOST_SCORES: usize = 12;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    usage: Usage,
    /// Fields that wait for a decision.
    open: u64,
    /// What came of reviews, those most often corrected first, each with its template's name.
    scores: Vec<(ReviewScore, String)>,
    /// The latest.
    batches: Vec<Batch>,
    has_password: bool,
}

pub(super) async fn home(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    let user = signed_in.user.id;
    let mut scores = api.store.review_scores(user).await?;
    scores.sort_by_key(|score| std::cmp::Reverse(score.decided - score.approved));
    scores.truncate(MOST_SCORES);
    let mut named = Vec::new();
    for score in scores {
        let template = api.store.template(user, score.template_id, None).await?;
        named.push((score, template.spec.name));
    }
    let latest = PageRequest { limit: 8, cursor: None };
    Ok(render(&HomePage {
        frame: signed_in.frame(Section::Home),
        open: api.store.open_reviews(user, None).await?,
        scores: named,
        batches: api.store.list_batches(user, None, latest).await?.data,
        usage: api.store.usage(user).await?,
        has_password: api.store.password_hash(&signed_in.user.email).await?.is_some(),
    }))
}
