//! Passwords: Argon2id with the recommended parameters, two at a time at most, as each takes 19 MB and a core.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Fewest characters: length protects more than rules do.
pub(super) const SHORTEST: usize = 10;
/// Most bytes, so that nobody has megabytes hashed.
const LONGEST: usize = 1_000;

static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// What a password is compared with where there is none, so that an address without an account takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this").unwrap_or_default());

/// What is wrong with a password that somebody chose.
pub(super) fn fault(password: &str, again: &str) -> Option<String> {
    if password.chars().count() < SHORTEST {
        Some(format!("Choose a password of at least {SHORTEST} characters."))
    } else if password.len() > LONGEST {
        Some(format!("Choose a password of at most {LONGEST} bytes."))
    } else if password != again {
        Some("The two passwords differ: type the same one twice.".to_owned())
    } else {
        None
    }
}

/// The hash of a password with a new salt; `None` where the machine cannot compute it now.
pub(super) async fn hash(password: String) -> Option<String> {
    let _permit = AT_ONCE.acquire().await.ok()?;
    spawn_blocking(move || hash_now(&password)).await.ok()?
}

/// Whether a password is the one that was hashed; without a hash it never is, and that takes as long.
pub(super) async fn verify(password: String, hash: Option<String>) -> bool {
    let Ok(_permit) = AT_ONCE.acquire().await else { return false };
    let verify = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let same = password.len() <= LONGEST
            && Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok();
        same && known
    };
    spawn_blocking(verify).await.unwrap_or(false)
}

fn hash_now(password: &str) -> Option<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed
        .inspect_err(|error| tracing::error!(%error, "a password was not hashed"))
        .ok()
        .map(|hash| hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let hash = hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse".to_owned(), Some(hash.clone())).await);
        assert!(!verify("correct hors".to_owned(), Some(hash)).await);
        assert!(!verify("nobody has this".to_owned(), None).await);
    }

    #[test]
    fn a_chosen_password_is_long_and_typed_twice() {
        assert_eq!(fault("correct horse", "correct horse"), None);
        assert!(fault("short", "short").is_some());
        assert!(fault("correct horse", "correct house").is_some());
        assert!(fault(&"x".repeat(1_001), &"x".repeat(1_001)).is_some());
    }
}
