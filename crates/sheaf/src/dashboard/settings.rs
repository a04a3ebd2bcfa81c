//! The account: password, sessions, API keys, and for an admin the users.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use sheaf_store::{ApiKey, PageRequest, User};
use sheaf_types::{KeyId, Usage};

use super::assets;
use super::frame::{Frame, PageError, Posted, Section, SignedIn, render, sentence};
use super::password;
use super::sign_in::{signed_in, signed_out};
use super::words;
use crate::api::ApiState;

/// Keys that the page shows; who has more uses the API.
const MOST_KEYS: u32 = 500;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    user: User,
    usage: Usage,
    has_password: bool,
    keys: Vec<ApiKey>,
    /// For an admin.
    users: Vec<User>,
    plans: Vec<String>,
    told: Told,
}

/// What the page says about the form that led to it.
#[derive(Default)]
struct Told {
    /// What went wrong, and in which part of the page.
    fault: Option<(&'static str, String)>,
    /// A new key's secret: only now.
    secret: Option<String>,
    /// A one-time link, and for whom.
    link: Option<(String, String)>,
}

impl Told {
    fn fault(part: &'static str, fault: String) -> Self {
        Self { fault: Some((part, fault)), ..Self::default() }
    }

    fn fault_in(&self, part: &str) -> Option<&str> {
        self.fault.as_ref().filter(|(at, _)| *at == part).map(|(_, fault)| fault.as_str())
    }
}

pub(super) async fn page(State(api): State<ApiState>, signed_in: SignedIn) -> Result<Response, PageError> {
    show(&api, signed_in.frame(Section::Settings), signed_in.user, Told::default()).await
}

async fn show(api: &ApiState, frame: Frame, user: User, told: Told) -> Result<Response, PageError> {
    let page = PageRequest { limit: MOST_KEYS, cursor: None };
    let keys = api.store.list_keys(user.id, page).await?.data;
    let status = if told.fault.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = SettingsPage {
        frame,
        usage: api.store.usage(user.id).await?,
        has_password: api.store.password_hash(&user.email).await?.is_some(),
        keys,
        users: if user.is_admin { api.store.list_users().await? } else { Vec::new() },
        plans: api.store.plans().iter().map(|plan| plan.name.clone()).collect(),
        user,
        told,
    };
    Ok((status, render(&page)).into_response())
}

/// Sets the password; who has one must know it.
pub(super) async fn set_password(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    let current = api.store.password_hash(&posted.user.email).await?.map(|(_, hash)| hash);
    let mut fault = password::fault(posted.get("password"), posted.get("again"));
    if current.is_some() && !password::verify(posted.get("current").to_owned(), current).await {
        fault = Some("The current password is wrong.".to_owned());
    }
    if let Some(fault) = fault {
        return refuse(&api, posted, "password", fault).await;
    }
    let hash = password::hash(posted.get("password").to_owned()).await.ok_or_else(|| {
        PageError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "The password was not changed.",
        )
    })?;
    let secret = api.store.set_password(posted.user.id, &hash).await?;
    Ok(signed_in(&secret, "/dashboard/settings", &posted.headers))
}

/// Ends every session of the account, this one too.
pub(super) async fn sign_out_everywhere(
    State(api): State<ApiState>,
    posted: Posted,
) -> Result<Response, PageError> {
    api.store.end_all_sessions(posted.user.id).await?;
    Ok(signed_out(&posted.headers))
}

/// Makes a key and shows its secret, this once.
pub(super) async fn create_key(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    let name = Some(posted.get("name").trim()).filter(|name| !name.is_empty());
    match api.store.create_key(posted.user.id, name).await {
        Ok((_, secret)) => {
            let told = Told { secret: Some(secret), ..Told::default() };
            show(&api, posted.frame(Section::Settings), posted.user, told).await
        }
        Err(error) if error.status() == 400 => refuse(&api, posted, "keys", sentence(&error)).await,
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn revoke_key(
    State(api): State<ApiState>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    let id: KeyId = id.parse().map_err(|_| PageError::not_found())?;
    api.store.revoke_key(posted.user.id, id).await?;
    Ok(Redirect::to("/dashboard/settings#keys").into_response())
}

/// Adds a user, and makes the link with which they sign in first.
pub(super) async fn add_user(State(api): State<ApiState>, posted: Posted) -> Result<Response, PageError> {
    only_admin(&posted)?;
    match api.store.create_user(posted.get("email"), posted.get("plan"), false).await {
        Ok(user) => show_link(&api, posted, &user).await,
        Err(error) if matches!(error.status(), 400 | 409) => {
            refuse(&api, posted, "users", sentence(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes a link with which a user signs in who has forgotten the password.
pub(super) async fn link_for_user(
    State(api): State<ApiState>,
    posted: Posted,
) -> Result<Response, PageError> {
    only_admin(&posted)?;
    let user = api.store.user_by_email(posted.get("email")).await?;
    show_link(&api, posted, &user).await
}

async fn show_link(api: &ApiState, posted: Posted, user: &User) -> Result<Response, PageError> {
    let token = api.store.create_sign_in_link(user.id).await?;
    let told = Told {
        link: Some((user.email.clone(), format!("/dashboard/sign-in?token={token}"))),
        ..Told::default()
    };
    show(api, posted.frame(Section::Settings), posted.user, told).await
}

fn only_admin(posted: &Posted) -> Result<(), PageError> {
    if posted.user.is_admin { Ok(()) } else { Err(PageError::not_found()) }
}

async fn refuse(
    api: &ApiState,
    posted: Posted,
    part: &'static str,
    fault: String,
) -> Result<Response, PageError> {
    show(api, posted.frame(Section::Settings), posted.user, Told::fault(part, fault)).await
}
