//! Machine-readable invoices inside PDFs: Factur-X, ZUGFeRD, XRechnung, and UBL attached to a PDF.
//!
//! What such a file states is a second opinion, never the answer: [`compare`] gives a stated value only where the page
//! shows it, and says so where the two differ.

pub(crate) mod compare;
mod invoice;

use hayro_syntax::Pdf;
use hayro_syntax::object::String as PdfString;
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Object, Stream};

pub use invoice::{EInvoice, Line};

use crate::read::{Limits, stream, with_stack};
use crate::xml::decode;

/// Names under which the standards attach an invoice, in lower case.
const NAMES: [&str; 7] = [
    "factur-x.xml",
    "zugferd-invoice.xml",
    "xrechnung.xml",
    "cii.xml",
    "ubl.xml",
    "ubl-invoice.xml",
    "invoice.xml",
];
/// Bytes of an invoice; those of a thousand lines stay under a million.
const MOST_BYTES: u64 = 20_000_000;
/// Attached files looked at.
const MOST_FILES: usize = 200;
/// Levels and nodes of the tree of names looked at.
const MOST_LEVELS: usize = 16;
const MOST_NODES: usize = 2_000;

/// The invoice that a PDF carries; `None` where there is none, or none that can be read.
#[must_use]
pub fn find(pdf: &[u8], limits: &Limits) -> Option<EInvoice> {
    with_stack(|| {
        let pdf = Pdf::new(pdf.to_vec()).ok()?;
        let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())?;
        let most = usize::try_from(limits.max_unpacked_bytes.min(MOST_BYTES)).unwrap_or(usize::MAX);
        attached(&catalog)
            .iter()
            .filter(|file| name(file).is_some_and(|name| NAMES.contains(&name.to_lowercase().as_str())))
            .filter_map(content)
            .filter_map(|content| {
                stream::decode(&content, most).ok().map(|bytes| decode(bytes.data.into_owned()))
            })
            .find_map(|xml| EInvoice::parse(&xml))
    })
    .flatten()
}

/// The file specifications of a document: those it is associated with (PDF/A-3), then those in its tree of names.
fn attached<'a>(catalog: &Dict<'a>) -> Vec<Dict<'a>> {
    let mut files: Vec<Dict<'a>> = Vec::new();
    if let Some(associated) = catalog.get::<Array<'_>>(b"AF") {
        files.extend(associated.iter::<Dict<'_>>().take(MOST_FILES));
    }
    let tree = catalog.get::<Dict<'_>>(keys::NAMES).and_then(|names| names.get::<Dict<'_>>(b"EmbeddedFiles"));
    let mut nodes: Vec<(Dict<'a>, usize)> = tree.into_iter().map(|node| (node, 0)).collect();
    let mut seen = 0;
    while let Some((node, level)) = nodes.pop() {
        seen += 1;
        if seen > MOST_NODES || files.len() > MOST_FILES {
            break;
        }
        if let Some(names) = node.get::<Array<'_>>(keys::NAMES) {
            files.extend(names.iter::<Object<'_>>().filter_map(Object::into_dict).take(MOST_FILES));
        }
        if level < MOST_LEVELS
            && let Some(kids) = node.get::<Array<'_>>(keys::KIDS)
        {
            nodes.extend(kids.iter::<Dict<'_>>().take(MOST_NODES).map(|kid| (kid, level + 1)));
        }
    }
    files
}

/// The name of an attached file, without folders.
fn name(file: &Dict<'_>) -> Option<String> {
    let name = file.get::<PdfString<'_>>(b"UF").or_else(|| file.get::<PdfString<'_>>(keys::F))?;
    let name = decode_name(name.as_bytes());
    Some(name.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned())
}

/// A text string: UTF-16 by its mark, else bytes (the names looked for are ASCII).
fn decode_name(bytes: &[u8]) -> String {
    let start = usize::from(bytes.starts_with(&[0xef, 0xbb, 0xbf])) * 3;
    decode(bytes[start..].to_vec())
}

fn content<'a>(file: &Dict<'a>) -> Option<Stream<'a>> {
    let versions = file.get::<Dict<'_>>(b"EF")?;
    versions.get::<Stream<'_>>(b"UF").or_else(|| versions.get::<Stream<'_>>(keys::F))
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
