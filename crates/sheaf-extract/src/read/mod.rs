//! From the bytes of a file to pages of words with boxes.
//!
//! Reading never guesses silently: a page that could not be read whole is a page with a warning, and a character
//! without a Unicode value is U+FFFD. The same bytes give the same document on every machine.

mod content;
mod error;
mod font;
mod form;
mod layers;
mod limits;
mod marked;
mod order;
mod overprint;
mod page;
mod path;
mod rtl;
mod stream;
mod unicode;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use sheaf_types::{Document, MediaType, Page, PageWarning};

pub use error::ReadError;
pub use limits::Limits;

use content::Environment;
use font::Fonts;
use layers::Layers;

/// Stack of the reading thread, in bytes: objects and forms nest.
const STACK: usize = 32 << 20;

/// Reads a file into pages of words with boxes.
///
/// # Errors
///
/// [`ReadError`] where there is no document to speak of; a damaged page is a page with a warning.
pub fn read(bytes: &[u8], media_type: MediaType, limits: &Limits) -> Result<Document, ReadError> {
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge { limit: limits.max_bytes });
    }
    if media_type != MediaType::Pdf || MediaType::sniff(bytes) != Some(MediaType::Pdf) {
        return Err(ReadError::UnsupportedType);
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("read".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || read_pdf(bytes, limits))
            .map_err(|_| ReadError::Crashed)?
            .join()
            .unwrap_or(Err(ReadError::Crashed))
    })
}

fn read_pdf(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let deadline = Instant::now() + limits.max_duration;
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => ReadError::Encrypted,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => ReadError::Corrupt,
    })?;
    let count = pdf.pages().len();
    if count == 0 {
        return Err(ReadError::Corrupt);
    }
    if count > limits.max_pages {
        return Err(ReadError::TooManyPages { pages: count, limit: limits.max_pages });
    }
    let environment = || {
        let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()).unwrap_or_default();
        Environment {
            fonts: Fonts::new(limits.max_stream_bytes),
            layers: Layers::new(&catalog),
            limits: *limits,
            deadline,
        }
    };
    let mut env = environment();
    let mut pages = Vec::with_capacity(count);
    for (index, source) in pdf.pages().iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let page = catch_unwind(AssertUnwindSafe(|| page::read(source, number, &env))).unwrap_or_else(|_| {
            // A panic may have left the caches half-written.
            env = environment();
            Some(damaged(number))
        });
        pages.push(page.ok_or(ReadError::Timeout { seconds: limits.max_duration.as_secs() })?);
    }
    Ok(Document { pages })
}

/// What is left of a page that could not be read at all: A4, and the warning.
fn damaged(number: u32) -> Page {
    Page {
        number,
        width: 595.0,
        height: 842.0,
        words: Vec::new(),
        rules: Vec::new(),
        warnings: vec![PageWarning::Damaged],
    }
}

#[cfg(test)]
mod tests {
    use sheaf_types::ErrorCode;

    use super::*;

    #[test]
    fn bytes_that_are_no_pdf_are_refused() {
        let error = read(b"PK\x03\x04", MediaType::Pdf, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnsupportedType);
    }

    #[test]
    fn a_header_alone_is_corrupt() {
        let error = read(b"%PDF-1.7\n", MediaType::Pdf, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Corrupt);
    }
}
