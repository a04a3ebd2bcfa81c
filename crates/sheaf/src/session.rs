//! The session cookie, and the token that a write with it must carry.
//!
//! The token is derived from the session's secret, which scripts cannot read: whoever can send it was given it by a page
//! of ours.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sheaf_store::SESSION_MS;

/// Name of the cookie.
pub(crate) const COOKIE_NAME: &str = "sheaf_session";
/// Header that carries the token where a request is no form of the dashboard.
const CSRF_HEADER: &str = "x-csrf-token";

/// The secret of the session that a request belongs to.
pub(crate) fn secret(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, secret)| secret)
}

/// The `Set-Cookie` of a new session; an empty secret takes the cookie away.
pub(crate) fn set_cookie(secret: &str, headers: &HeaderMap) -> HeaderValue {
    let seconds = if secret.is_empty() { 0 } else { SESSION_MS / 1_000 };
    // Behind a proxy that speaks TLS; without TLS a browser would not send the cookie back.
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    // A secret is base64; what is none is not set.
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The token of a session.
pub(crate) fn csrf_token(secret: &str) -> String {
    let token =
        Sha256::new().chain_update("sheaf: csrf token of a session\n").chain_update(secret).finalize();
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// Whether `token` is that of the session. Hashes are compared, so that how long it takes tells nothing.
pub(crate) fn is_csrf_token(token: &str, secret: &str) -> bool {
    Sha256::digest(token) == Sha256::digest(csrf_token(secret))
}

/// Whether a request with a session's cookie may do what it asks: it only reads, or a page of ours made it.
pub(crate) fn may_act(method: &Method, headers: &HeaderMap, secret: &str) -> bool {
    let token = headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok());
    method.is_safe() || token.is_some_and(|token| is_csrf_token(token, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_found_among_cookies() {
        for (cookies, expected) in [
            (vec!["sheaf_session=abc"], Some("abc")),
            (vec!["a=b; sheaf_session=abc; c=d"], Some("abc")),
            (vec!["a=b", "sheaf_session=abc"], Some("abc")),
            (vec!["xsheaf_session=abc", "sheaf_session_2=d"], None),
            (vec![], None),
        ] {
            let headers = cookies.iter().map(|value| (COOKIE, HeaderValue::from_static(value))).collect();
            assert_eq!(secret(&headers), expected, "{cookies:?}");
        }
    }

    #[test]
    fn a_token_fits_its_session_only() {
        let headers = |token: &str| {
            [(CSRF_HEADER, token)]
                .iter()
                .map(|(name, token)| (name.parse().unwrap(), HeaderValue::from_str(token).unwrap()))
                .collect::<HeaderMap>()
        };
        let token = csrf_token("one");
        assert!(may_act(&Method::POST, &headers(&token), "one"));
        assert!(!may_act(&Method::POST, &headers(&token), "two"));
        assert!(!may_act(&Method::DELETE, &HeaderMap::new(), "one"));
        assert!(may_act(&Method::GET, &HeaderMap::new(), "one"));
    }
}
