//! How much work a document may cause.

use std::time::Duration;

/// Bounds on what one document may cost. The defaults suit business documents on a server.
///
/// They are soft: they are checked between steps of the reader's own work. A hard limit on memory and time
/// belongs to the process that the reader runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file; larger ones are refused.
    pub max_bytes: usize,
    /// Pages; documents with more are refused, since half a document gives wrong answers silently.
    pub max_pages: usize,
    /// Bytes of a content stream or a font once decompressed; larger ones are left out and the page says so.
    pub max_stream_bytes: usize,
    /// Drawn characters a page; the rest of the page is left out and the page says so.
    pub max_glyphs_per_page: usize,
    /// Drawing operators a page, nested content included; the rest is left out and the page says so.
    pub max_operators_per_page: usize,
    /// Lines a page kept as rules; further ones are left out, silently, since they only help.
    pub max_rules_per_page: usize,
    /// Words a page of an office document; the rest of the page is left out and the page says so.
    pub max_words_per_page: usize,
    /// Words of all pages of an office document, counted likewise.
    pub max_words: usize,
    /// Bytes that the parts of an archive, or a file embedded in a PDF, unpack to; larger ones are refused.
    pub max_unpacked_bytes: u64,
    /// Pixels of a page that is an image; larger ones are refused.
    pub max_pixels_per_page: u64,
    /// Time for recognising one page; what takes longer is left out and the page says so.
    pub max_page_duration: Duration,
    /// Time for the whole document.
    pub max_duration: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 50_000_000,
            max_pages: 500,
            max_stream_bytes: 64_000_000,
            max_glyphs_per_page: 200_000,
            max_operators_per_page: 5_000_000,
            max_rules_per_page: 5_000,
            max_words_per_page: 200_000,
            max_words: 1_000_000,
            max_unpacked_bytes: 200_000_000,
            max_pixels_per_page: 80_000_000,
            max_page_duration: Duration::from_secs(30),
            max_duration: Duration::from_secs(30),
        }
    }
}
