//! The child's side: read a request, run it, answer; until the parent closes the pipe.

use std::io::{self, BufReader, BufWriter, Cursor, Read, Write};
use std::time::Duration;

use image::ImageFormat;
use sheaf_extract::llm::Ask;
use sheaf_extract::ocr::{Engines, Missing, OcrConfig};
use sheaf_extract::{Limits, ReadError, draw_page, embedded, grid, lesson, lexicon, read_with_ocr};
use sheaf_types::{
    Document, Engine, ErrorCode, FieldResult, Lesson, MediaType, PageWarning, TemplateSpec, Warning,
};

use super::confine::{confine, leaks};
use super::{Probe, ReaderError, ReaderLimits, Reading, Reply, Request, Tables, Task, View};

/// Serves requests from standard input until it ends.
///
/// # Errors
/// Where a pipe breaks or a request is malformed: the parent is gone or not ours, and there is nobody to tell.
pub fn run(memory_mb: u64, ocr: &OcrConfig) -> io::Result<()> {
    let engines = Engines::load(ocr);
    confine(memory_mb, &engines.folders())?;
    // A panic's message may quote the document, and nobody drains a chatty child.
    std::panic::set_hook(Box::new(|_| {}));
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    let Some(labels) = read_frame(&mut input)? else { return Ok(()) };
    let labels = String::from_utf8(labels).map_err(io::Error::other)?;
    lexicon::extend(&labels).map_err(io::Error::other)?;
    while let Some(header) = read_frame(&mut input)? {
        let request: Request = serde_json::from_slice(&header)?;
        let file = read_frame(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let limits = limits(&request.limits);
        let (answer, bytes) = match request.task {
            Task::Extract { template, lessons, ask } => {
                let wanted = (&template, lessons.as_slice(), ask.as_ref());
                let mut reply = extract(&file, request.media_type, &limits, wanted, &engines);
                let recognised = match &mut reply {
                    Reply::Done(reading) => std::mem::take(&mut reading.recognised),
                    Reply::Failed { .. } => Vec::new(),
                };
                (serde_json::to_vec(&reply)?, recognised)
            }
            Task::ExtractFrom { template, lessons, document } => {
                let wanted = (&template, lessons.as_slice());
                let fields = extract_from(&document, &file, request.media_type, &limits, wanted);
                view(serde_json::to_vec(&fields).map_err(|_| ReadError::Crashed))?
            }
            Task::Read => {
                let document = read_with_ocr(&file, request.media_type, &engines, &limits);
                view(
                    document
                        .and_then(|document| serde_json::to_vec(&document).map_err(|_| ReadError::Crashed)),
                )?
            }
            Task::Tables => match tables(&file, request.media_type, &limits, &engines) {
                Ok(tables) => (serde_json::to_vec(&View::Made)?, serde_json::to_vec(&tables)?),
                Err(ReaderError { code, detail }) => {
                    (serde_json::to_vec(&View::Failed { code, detail })?, Vec::new())
                }
            },
            Task::Draw { page, width } => view(draw(&file, request.media_type, &limits, page, width))?,
        };
        write_frame(&mut output, &answer)?;
        write_frame(&mut output, &bytes)?;
        output.flush()?;
    }
    Ok(())
}

/// The answer to somebody who wants to look, and what goes with it.
fn view(made: Result<Vec<u8>, ReadError>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (view, bytes) = match made {
        Ok(bytes) => (View::Made, bytes),
        Err(ReadError::NoSuchPage) => (View::NoSuchPage, Vec::new()),
        Err(error) => (View::Failed { code: error.code(), detail: error.to_string() }, Vec::new()),
    };
    Ok((serde_json::to_vec(&view)?, bytes))
}

/// Confines this process as a reader is, and writes to standard output, as a [`Probe`] in JSON, what it found.
///
/// # Errors
/// Where it cannot be confined at all.
pub fn probe(memory_mb: u64, ocr: &OcrConfig) -> io::Result<()> {
    let engines = Engines::load(ocr);
    confine(memory_mb, &engines.folders())?;
    let probe = Probe {
        leaks: leaks().into_iter().map(str::to_owned).collect(),
        engines: engines.names(),
        missing: engines.missing().iter().map(ToString::to_string).collect(),
    };
    serde_json::to_writer(io::stdout().lock(), &probe)?;
    Ok(())
}

fn read_frame(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut frame = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut frame)?;
    Ok(Some(frame))
}

fn write_frame(output: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(frame)
}

fn extract(
    file: &[u8],
    media_type: MediaType,
    limits: &Limits,
    (template, lessons, ask): (&TemplateSpec, &[Lesson], Option<&Ask>),
    engines: &Engines,
) -> Reply {
    let (engines, missing) = engines_for(&template.languages, engines);
    let document = match read_with_ocr(file, media_type, &engines, limits) {
        Ok(document) => document,
        Err(error) => {
            return Reply::Failed { code: error.code(), detail: error.to_string(), pages: None };
        }
    };
    let pages = document.pages.len() as u32;
    if document.is_textless() {
        let (code, detail) = textless(&document, missing.as_ref());
        return Reply::Failed { code, detail, pages: Some(pages) };
    }
    let invoice = invoice(file, media_type, limits);
    let (fields, question) = lesson::extract_and_ask(&document, template, lessons, invoice.as_ref(), ask);
    let question = question.map(Box::new);
    let engine = engine(media_type, engines.used_on(&document));
    let recognised = engine.ocr.as_ref().and_then(|_| serde_json::to_vec(&document).ok()).unwrap_or_default();
    let warnings = warnings(&document, missing.as_ref());
    Reply::Done(Reading { pages, engine, warnings, fields, question, recognised })
}

/// A template's fields, in what was read of a file before.
fn extract_from(
    document: &Document,
    file: &[u8],
    media_type: MediaType,
    limits: &Limits,
    (template, lessons): (&TemplateSpec, &[Lesson]),
) -> Vec<FieldResult> {
    let invoice = invoice(file, media_type, limits);
    lesson::extract_and_ask(document, template, lessons, invoice.as_ref(), None).0
}

/// The e-invoice inside a file.
fn invoice(file: &[u8], media_type: MediaType, limits: &Limits) -> Option<embedded::EInvoice> {
    match media_type {
        MediaType::Pdf => embedded::find(file, limits),
        _ => None,
    }
}

/// What could be a table in a file.
fn tables(
    file: &[u8],
    media_type: MediaType,
    limits: &Limits,
    engines: &Engines,
) -> Result<Tables, ReaderError> {
    let (engines, missing) = engines_for(&[], engines);
    let document = read_with_ocr(file, media_type, &engines, limits)
        .map_err(|error| ReaderError { code: error.code(), detail: error.to_string() })?;
    if document.is_textless() {
        let (code, detail) = textless(&document, missing.as_ref());
        return Err(ReaderError { code, detail });
    }
    let warnings = warnings(&document, missing.as_ref());
    Ok(Tables { pages: document.pages.len() as u32, warnings, grids: grid::tables(&document) })
}

/// What recognises scans in languages, or in the usual ones where none is named; where nothing can, what is missing.
fn engines_for(languages: &[String], engines: &Engines) -> (Engines, Option<Missing>) {
    let chosen = match languages {
        [] => Ok(engines.clone()),
        _ => engines.in_languages(languages),
    };
    match chosen {
        Ok(engines) if engines.can_read() => (engines, None),
        Ok(engines) => {
            let missing = engines.missing().first().cloned().unwrap_or(Missing::Tesseract);
            (engines, Some(missing))
        }
        Err(missing) => (Engines::default(), Some(missing)),
    }
}

fn engine(media_type: MediaType, ocr: Option<String>) -> Engine {
    let text = match media_type {
        MediaType::Pdf => Some("pdf"),
        MediaType::Docx => Some("docx"),
        MediaType::Xlsx => Some("xlsx"),
        MediaType::Png | MediaType::Jpeg | MediaType::Tiff | MediaType::Webp | MediaType::Other => None,
    };
    Engine { sheaf: env!("CARGO_PKG_VERSION").to_owned(), text: text.map(str::to_owned), ocr, llm: None }
}

fn draw(
    file: &[u8],
    media_type: MediaType,
    limits: &Limits,
    page: u32,
    width: u32,
) -> Result<Vec<u8>, ReadError> {
    let pixels = draw_page(file, media_type, page, width, limits)?;
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, ImageFormat::Png).map_err(|_| ReadError::Crashed)?;
    Ok(png.into_inner())
}

fn limits(limits: &ReaderLimits) -> Limits {
    Limits {
        max_bytes: usize::try_from(limits.file_bytes).unwrap_or(usize::MAX),
        max_pages: limits.pages as usize,
        max_operators_per_page: limits.page_objects,
        max_pixels_per_page: limits.page_megapixels.saturating_mul(1_000_000),
        max_unpacked_bytes: limits.unpacked_bytes,
        max_page_duration: Duration::from_secs(limits.page_seconds),
        max_duration: Duration::from_secs(limits.seconds),
        ..Limits::default()
    }
}

fn warnings(document: &Document, missing: Option<&Missing>) -> Vec<Warning> {
    let of = |page: u32, code: PageWarning| Warning { page, code, detail: sentence(code, missing) };
    document
        .pages
        .iter()
        .flat_map(|page| page.warnings.iter().map(move |&code| of(page.number, code)))
        .collect()
}

fn sentence(warning: PageWarning, missing: Option<&Missing>) -> String {
    let what = match warning {
        PageWarning::Scanned => "the page is an image without text",
        PageWarning::Blank => "the page is blank",
        PageWarning::Undecodable => "the page's font does not say which characters it shows",
        PageWarning::Damaged => "the page is damaged; what could be read was read",
        PageWarning::Illegible => "the page was hard to read; scan it again with a higher resolution",
        PageWarning::Truncated => "the page holds more than the limit; the rest was not read",
    };
    match missing {
        Some(missing) if needs_ocr(warning) => format!("{what}, and {missing}"),
        _ => what.to_owned(),
    }
}

/// Whether a page with this warning was left for the engines that recognise scans.
fn needs_ocr(warning: PageWarning) -> bool {
    matches!(warning, PageWarning::Scanned | PageWarning::Undecodable)
}

/// Why a document without a single word gives no values: what holds for most of its pages, the way out where there
/// is one.
fn textless(document: &Document, missing: Option<&Missing>) -> (ErrorCode, String) {
    let total = document.pages.len();
    let (warning, count) = [
        PageWarning::Scanned,
        PageWarning::Undecodable,
        PageWarning::Illegible,
        PageWarning::Truncated,
        PageWarning::Damaged,
        PageWarning::Blank,
    ]
    .map(|w| (w, document.pages.iter().filter(|page| page.warnings.contains(&w)).count()))
    .into_iter()
    .find(|&(_, count)| count > 0)
    .unwrap_or((PageWarning::Blank, total));
    let what = match warning {
        PageWarning::Scanned => "an image without text (a scan)",
        PageWarning::Undecodable => "in a font that does not say which characters it shows",
        PageWarning::Illegible => "too hard to read",
        PageWarning::Truncated => "larger than the limits when unfolded",
        PageWarning::Damaged => "damaged",
        PageWarning::Blank => "blank",
    };
    let (code, way_out) = match (warning, missing) {
        (warning, Some(missing)) if needs_ocr(warning) => (ErrorCode::OcrUnavailable, format!("; {missing}")),
        (PageWarning::Scanned | PageWarning::Undecodable | PageWarning::Illegible, _) => {
            (ErrorCode::NoText, "; scan it again with a higher resolution".to_owned())
        }
        (PageWarning::Truncated | PageWarning::Damaged, _) => {
            (ErrorCode::NoText, "; open it in a viewer, print it to a new PDF and upload that".to_owned())
        }
        (PageWarning::Blank, _) => (ErrorCode::NoText, String::new()),
    };
    let are = if count == 1 { "is" } else { "are" };
    (code, format!("no page has text: {count} of {total} {are} {what}{way_out}"))
}
