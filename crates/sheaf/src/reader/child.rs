//! The child's side: read a request, run it, answer; until the parent closes the pipe.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::time::Duration;

use sheaf_extract::read::{self, Limits};
use sheaf_types::{Document, ErrorCode, PageWarning, Warning};

use super::confine::{confine, leaks};
use super::{ReaderLimits, Reading, Reply, Request};

/// Serves requests from standard input until it ends.
///
/// # Errors
/// Where a pipe breaks or a request is malformed: the parent is gone or not ours, and there is nobody to tell.
pub fn run(memory_mb: u64) -> io::Result<()> {
    confine(memory_mb)?;
    // A panic's message may quote the document, and nobody drains a chatty child.
    std::panic::set_hook(Box::new(|_| {}));
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = BufWriter::new(io::stdout().lock());
    while let Some(header) = read_frame(&mut input)? {
        let request: Request = serde_json::from_slice(&header)?;
        let file = read_frame(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let reply = serde_json::to_vec(&answer(&request, &file))?;
        let length = u32::try_from(reply.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        output.write_all(&length.to_le_bytes())?;
        output.write_all(&reply)?;
        output.flush()?;
    }
    Ok(())
}

/// Confines this process as a reader is, and names on standard output what it can still do though it should not,
/// one a line.
///
/// # Errors
/// Where it cannot be confined at all.
pub fn probe(memory_mb: u64) -> io::Result<()> {
    confine(memory_mb)?;
    let mut output = io::stdout().lock();
    leaks().into_iter().try_for_each(|leak| writeln!(output, "{leak}"))
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

fn answer(request: &Request, file: &[u8]) -> Reply {
    let document = match read::read(file, request.media_type, &limits(&request.limits)) {
        Ok(document) => document,
        Err(error) => {
            return Reply::Failed { code: error.code(), detail: error.to_string(), pages: None };
        }
    };
    let pages = document.pages.len() as u32;
    let warnings = warnings(&document);
    if document.is_textless() {
        return Reply::Failed { code: ErrorCode::NoText, detail: textless(&document), pages: Some(pages) };
    }
    let fields = sheaf_extract::extract(&document, &request.template);
    Reply::Done(Reading { pages, warnings, fields })
}

fn limits(limits: &ReaderLimits) -> Limits {
    Limits {
        max_bytes: usize::try_from(limits.file_bytes).unwrap_or(usize::MAX),
        max_pages: limits.pages as usize,
        max_duration: Duration::from_secs(limits.seconds),
        ..Limits::default()
    }
}

fn warnings(document: &Document) -> Vec<Warning> {
    let of = |page: u32, code: PageWarning| Warning { page, code, detail: sentence(code).to_owned() };
    document.pages.iter().flat_map(|page| page.warnings.iter().map(|&code| of(page.number, code))).collect()
}

fn sentence(warning: PageWarning) -> &'static str {
    match warning {
        PageWarning::Scanned => "the page is an image without text; this version of sheaf reads text only",
        PageWarning::Blank => "the page is blank",
        PageWarning::Undecodable => "the page's font does not say which characters it shows",
        PageWarning::Damaged => "the page is damaged; what could be read was read",
        PageWarning::Illegible => "the page was hard to read; scan it again with a higher resolution",
        PageWarning::Truncated => "the page holds more than the limit; the rest was not read",
    }
}

/// Why a document without a single word gives no values.
fn textless(document: &Document) -> String {
    let count = |code| document.pages.iter().filter(|page| page.warnings.contains(&code)).count();
    let total = document.pages.len();
    if count(PageWarning::Blank) == total {
        return "every page is blank".to_owned();
    }
    let scanned = count(PageWarning::Scanned);
    if scanned > 0 {
        return format!(
            "no page has text, {scanned} of {total} hold an image (a scan); this version of sheaf reads text only: run \
             the file through an OCR program that adds a text layer, then upload it again"
        );
    }
    "no page has text that can be read".to_owned()
}
