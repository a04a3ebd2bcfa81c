//! From the bytes of a file to pages of words with boxes.
//!
//! Reading never guesses silently: a page that could not be read whole is a page with a warning, and a character
//! without a Unicode value is U+FFFD. The same bytes give the same document on every machine.

mod checkboxes;
mod content;
mod docx;
mod error;
mod font;
mod form;
mod garbled;
mod image;
mod layers;
mod limits;
mod marked;
mod metrics;
mod opinion;
pub(crate) mod order;
mod overprint;
mod package;
mod page;
mod path;
mod render;
mod rtl;
mod ruled;
mod scan;
mod sheet;
mod state;
pub(crate) mod stream;
mod text_string;
mod typeset;
mod unicode;
mod words;
mod xlsx;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use hayro_syntax::object::Dict;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use sheaf_types::{Document, MediaType, Page, PageWarning, office};

pub use error::ReadError;
pub use limits::Limits;
pub use render::draw_page;

use crate::ocr::{Engines, Recogniser};

use content::Environment;
use font::Fonts;
use image::Pictures;
use layers::Layers;

/// Stack of the reading thread, in bytes: objects and forms nest.
const STACK: usize = 32 << 20;
/// Pages of a document whose text layer gets a second opinion, which costs as much as recognising a page without one.
const CHECKED_PAGES: usize = 3;

/// Reads a file into pages of words with boxes, as far as it states its text; pages that are images say so.
///
/// # Errors
///
/// [`ReadError`] where there is no document to speak of; a damaged page is a page with a warning.
pub fn read(bytes: &[u8], media_type: MediaType, limits: &Limits) -> Result<Document, ReadError> {
    read_with_ocr(bytes, media_type, &Engines::default(), limits)
}

/// Reads a file into pages of words with boxes; what is shown as an image is recognised by the engines.
///
/// # Errors
///
/// [`ReadError`] where there is no document to speak of; a damaged page is a page with a warning.
pub fn read_with_ocr(
    bytes: &[u8],
    media_type: MediaType,
    engines: &Engines,
    limits: &Limits,
) -> Result<Document, ReadError> {
    if bytes.len() > limits.max_bytes {
        return Err(ReadError::TooLarge { limit: limits.max_bytes });
    }
    if MediaType::sniff(bytes) != Some(media_type) {
        return Err(ReadError::UnsupportedType);
    }
    let read_kind = || match media_type {
        MediaType::Pdf => read_pdf(bytes, engines, limits),
        MediaType::Docx | MediaType::Xlsx if office::is_encrypted(bytes) => Err(ReadError::Encrypted),
        MediaType::Docx => docx::read(bytes, limits),
        MediaType::Xlsx => xlsx::read(bytes, limits),
        MediaType::Png | MediaType::Jpeg | MediaType::Tiff | MediaType::Webp => {
            read_image(bytes, media_type, engines, limits)
        }
        MediaType::Other => Err(ReadError::UnsupportedType),
    };
    with_stack(read_kind).unwrap_or(Err(ReadError::Crashed))
}

/// Runs `f` on a thread with a stack for nested objects; `None` where it panics.
pub(crate) fn with_stack<T: Send>(f: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("read".into())
            .stack_size(STACK)
            .spawn_scoped(scope, f)
            .ok()?
            .join()
            .ok()
    })
}

fn open(bytes: &[u8]) -> Result<Pdf, ReadError> {
    Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => ReadError::Encrypted,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => ReadError::Corrupt,
    })
}

fn read_pdf(bytes: &[u8], engines: &Engines, limits: &Limits) -> Result<Document, ReadError> {
    let start = Instant::now();
    let deadline = start.checked_add(limits.max_duration);
    // A second opinion must not take the time that the other pages need.
    let last_check = start.checked_add(limits.max_duration / 3);
    let timeout = ReadError::Timeout { seconds: limits.max_duration.as_secs() };
    let pdf = open(bytes)?;
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
    let mut recogniser = Recogniser::new(engines);
    let mut pages = Vec::with_capacity(count);
    for (index, source) in pdf.pages().iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let read = catch_unwind(AssertUnwindSafe(|| page::read(source, number, &env))).unwrap_or_else(|_| {
            // A panic may have left the caches half-written.
            env = environment();
            Some((damaged(number), page::Pictures::default()))
        });
        let (mut page, mut pictures) = read.ok_or_else(|| timeout.clone())?;
        pictures.have_layer &= index < CHECKED_PAGES && !is_over(last_check);
        scan::fill(&mut page, &pictures, &mut recogniser, page_deadline(deadline, limits), |width| {
            catch_unwind(AssertUnwindSafe(|| render::draw(source, width))).ok()
        });
        if is_over(deadline) {
            return Err(timeout);
        }
        pages.push(page);
    }
    Ok(Document { pages })
}

fn read_image(
    bytes: &[u8],
    media_type: MediaType,
    engines: &Engines,
    limits: &Limits,
) -> Result<Document, ReadError> {
    let deadline = Instant::now().checked_add(limits.max_duration);
    let mut pictures = Pictures::new(bytes, media_type, limits)?;
    let mut pages = Vec::with_capacity(pictures.len());
    let mut fault = None;
    let mut recogniser = Recogniser::new(engines);
    for index in 0..pictures.len() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let picture =
            catch_unwind(AssertUnwindSafe(|| pictures.decode(index))).unwrap_or(Err(ReadError::Corrupt));
        pages.push(match picture {
            Ok(picture) => {
                let mut page = image::page(number, &picture);
                scan::recognise(&mut page, &picture.pixels, &mut recogniser, page_deadline(deadline, limits));
                page
            }
            Err(error) => {
                fault = Some(error);
                damaged(number)
            }
        });
        if is_over(deadline) {
            return Err(ReadError::Timeout { seconds: limits.max_duration.as_secs() });
        }
    }
    let is_lost = |page: &Page| page.words.is_empty() && page.warnings == [PageWarning::Damaged];
    match fault {
        Some(fault) if pages.iter().all(is_lost) => Err(fault),
        _ => Ok(Document { pages }),
    }
}

/// When the recognition of a page that begins now has to end.
fn page_deadline(document: Option<Instant>, limits: &Limits) -> Option<Instant> {
    let page = Instant::now().checked_add(limits.max_page_duration);
    document.into_iter().chain(page).min()
}

/// Whether a deadline has passed; none never does.
pub(crate) fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// What is left of a page that could not be read at all: A4, and the warning.
fn damaged(number: u32) -> Page {
    Page {
        number,
        width: 595.0,
        height: 842.0,
        words: Vec::new(),
        rules: Vec::new(),
        cells: Vec::new(),
        warnings: vec![PageWarning::Damaged],
    }
}
