//! What several answers have in common.

use axum::http::HeaderValue;
use serde::Serialize;
use sheaf_store::Page;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// Its entries.
    data: Vec<T>,
    /// Where the next page starts; null on the last one.
    next_cursor: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { data: page.data, next_cursor: page.next_cursor }
    }
}

impl<T> List<T> {
    pub(super) fn map<U>(self, f: impl FnMut(T) -> U) -> List<U> {
        List { data: self.data.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// `Content-Disposition` of a download under this name (RFC 6266).
///
/// The name proper is percent-encoded; beside it stands an ASCII likeness for clients that do not read that.
pub(crate) fn attachment(filename: &str) -> HeaderValue {
    let likeness: String = filename
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' })
        .collect();
    let encoded = percent_encoded(filename, b"-_.~");
    let value = format!("attachment; filename=\"{likeness}\"; filename*=UTF-8''{encoded}");
    // Nothing is left in it that a header could not hold.
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// A text percent-encoded (RFC 3986), but for letters, digits and the bytes in `kept`.
pub(crate) fn percent_encoded(text: &str, kept: &[u8]) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || kept.contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_keeps_its_name_and_cannot_break_out_of_the_header() {
        for (name, expected) in [
            ("a b.pdf", "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20b.pdf"),
            ("März.pdf", "attachment; filename=\"M_rz.pdf\"; filename*=UTF-8''M%C3%A4rz.pdf"),
            ("a\"; x=\".pdf", "attachment; filename=\"a_; x=_.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%22.pdf"),
            (
                "a\r\nSet-Cookie: x",
                "attachment; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x",
            ),
        ] {
            assert_eq!(attachment(name), expected, "{name:?}");
        }
    }
}
