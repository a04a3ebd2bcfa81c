//! `sheaf user` and `sheaf key`: accounts and their keys.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use sheaf_store::PageRequest;
use sheaf_types::KeyId;

use crate::config::StoreArgs;
use crate::print;

#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user
    Add {
        /// E-mail address
        email: String,
        /// Plan, which sets the documents a month
        #[arg(long, default_value = "free")]
        plan: String,
        /// May administer
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Make a one-time link with which a user signs in to the dashboard, to set a password
    Link {
        /// E-mail address
        email: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List users
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create an API key; it is shown once
    Create {
        /// E-mail address of the user
        #[arg(long)]
        user: String,
        /// What it is for
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List a user's keys
    List {
        /// E-mail address of the user
        #[arg(long)]
        user: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Revoke a key: it is refused from now on
    Revoke {
        /// Id of the key, as listed
        id: KeyId,
        /// E-mail address of the user
        #[arg(long)]
        user: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

impl UserArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        match self.command {
            UserCommand::Add { email, plan, admin, store } => {
                let user = store.open().await?.create_user(&email, &plan, admin).await?;
                print::out(format!("added {} with plan {}", user.email, user.plan));
                print::note(format!("Next, an API key: sheaf key create --user {}", user.email));
            }
            UserCommand::Link { email, store } => {
                let store = store.open().await?;
                let token = store.create_sign_in_link(find(&store, &email).await?.id).await?;
                print::note("Open this on the server's address; it works once, for 24 hours:");
                print::out(format!("/dashboard/sign-in?token={token}"));
            }
            UserCommand::List { store } => {
                let users = store.open().await?.list_users().await?;
                let mut rows = vec![["EMAIL", "PLAN", "ADMIN", "SINCE"].map(str::to_owned).to_vec()];
                rows.extend(users.into_iter().map(|user| {
                    let admin = if user.is_admin { "yes" } else { "no" };
                    vec![user.email, user.plan, admin.to_owned(), user.created_at]
                }));
                print::columns(&rows).iter().for_each(print::out);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl KeyArgs {
    pub(super) async fn run(self) -> Result<ExitCode> {
        match self.command {
            KeyCommand::Create { user, name, store } => {
                let store = store.open().await?;
                let user = find(&store, &user).await?;
                let (_, secret) = store.create_key(user.id, name.as_deref()).await?;
                print::out(secret);
                print::note("Keep it safe: it is shown only now.");
            }
            KeyCommand::List { user, store } => {
                let store = store.open().await?;
                let user = find(&store, &user).await?;
                let mut rows =
                    vec![["ID", "KEY", "NAME", "LAST USED", "REVOKED"].map(str::to_owned).to_vec()];
                let mut request = PageRequest { limit: 500, cursor: None };
                loop {
                    let page = store.list_keys(user.id, request.clone()).await?;
                    rows.extend(page.data.into_iter().map(|key| {
                        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                        vec![
                            key.id.to_string(),
                            format!("{}…", key.prefix),
                            or_dash(key.name),
                            or_dash(key.last_used_at),
                            or_dash(key.revoked_at),
                        ]
                    }));
                    request.cursor = page.next_cursor;
                    if request.cursor.is_none() {
                        break;
                    }
                }
                print::columns(&rows).iter().for_each(print::out);
            }
            KeyCommand::Revoke { id, user, store } => {
                let store = store.open().await?;
                let user = find(&store, &user).await?;
                store.revoke_key(user.id, id).await?;
                print::out(format!("revoked {id}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn find(store: &sheaf_store::Store, email: &str) -> Result<sheaf_store::User> {
    store
        .user_by_email(email)
        .await
        .with_context(|| format!("no user {email}; add one with: sheaf user add {email}"))
}
