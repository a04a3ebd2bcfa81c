//! Documents made for the benchmark, each with the template that is asked of it.

use std::fs;
use std::path::Path;

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use serde_json::json;
use sheaf_extract::{Limits, read};
use sheaf_types::{BoundingBox, Document, MediaType, Page, TemplateSpec, TextSource, Word};

const PAGES: usize = 20;
/// Lines of a page, and how far apart they stand, in points.
const LINES: usize = 48;
const LEADING: f32 = 15.0;

/// A document as a file and as it is read.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// `None` where reading is recognition, which takes seconds and is no matter of this benchmark.
    pub(crate) file: Option<Vec<u8>>,
    pub(crate) document: Document,
    pub(crate) template: TemplateSpec,
}

/// What people send: an invoice of a page, the same as a scan whose words were recognised, a contract, a long table.
pub(crate) fn cases() -> [Case; 4] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents");
    let sample = fs::read(folder.join("01-office-supplies.pdf")).unwrap();
    let case = |name, file: Vec<u8>, template| {
        let document = read(&file, MediaType::Pdf, &Limits::default()).unwrap();
        Case { name, file: Some(file), document, template }
    };
    let invoice = case("invoice, 1 page", sample, TemplateSpec::starter_invoice());
    let scan = Case {
        name: "recognised invoice, 1 page",
        file: None,
        document: recognised(invoice.document.clone()),
        template: TemplateSpec::starter_invoice(),
    };
    let contract = case("contract, 20 pages", pdf(&contract_pages()), contract_template());
    let table = case("table, 20 pages", pdf(&table_pages()), TemplateSpec::starter_invoice());
    [invoice, scan, contract, table]
}

/// The words as if they had been recognised on a scan: none stands quite level, and none is certain.
fn recognised(mut document: Document) -> Document {
    for (at, word) in document.pages.iter_mut().flat_map(|page| &mut page.words).enumerate() {
        let shift = (at % 5) as f32 * 0.0004;
        word.bbox.y0 += shift;
        word.bbox.y1 += shift;
        word.confidence = 0.8 + (at % 20) as f32 * 0.01;
        word.source = TextSource::Tesseract;
    }
    document
}

/// A text at a place, in points from the left and the top of the page.
type Text = (f32, f32, String);

fn contract_template() -> TemplateSpec {
    let json = json!({"name": "contract", "fields": [
        {"name": "effective_date", "type": "date", "anchor": "dated as of"},
        {"name": "party", "type": "text", "anchor": "by and between"},
        {"name": "jurisdiction", "type": "text", "anchor": "laws of the State of"},
        {"name": "term", "type": "text", "anchor": "term"},
    ]});
    TemplateSpec::from_json(&json).unwrap()
}

/// Prose, with what is asked for on the first and on the last page.
fn contract_pages() -> Vec<Vec<Text>> {
    const PROSE: [&str; 6] = [
        "The receiving party shall hold the information in confidence and shall not disclose it to any",
        "person other than those of its employees and advisers who need to know it for the purpose, and",
        "who are bound by duties no less strict than these. Nothing herein obliges either party to enter",
        "into any further agreement, and neither party acquires a licence under any patent or trade mark.",
        "(b) The duties of this Section 4.2 do not apply to what is or becomes public otherwise than by a",
        "breach, or was known to the receiving party before the disclosure, as its written records show.",
    ];
    let mut lines: Vec<&str> =
        (0..PAGES * LINES).map(|line| PROSE[(line + line / 7) % PROSE.len()]).collect();
    lines[0] = "NON-DISCLOSURE AGREEMENT";
    lines[2] = "This Agreement, dated as of May 3, 2021, is made by and between Larch Instruments Inc.,";
    lines[3] = "a Delaware corporation, and Heron Analytics LLC (the \"Recipient\").";
    let end = lines.len() - LINES;
    lines[end + 4] = "The term of this Agreement is two (2) years from the date first written above.";
    lines[end + 9] = "It is governed by and construed under the laws of the State of New York.";
    lines.chunks(LINES).map(|page| placed(page.iter().map(|line| vec![(60.0, (*line).to_owned())]))).collect()
}

/// An invoice of many rows: its head on the first page, its totals on the last.
fn table_pages() -> Vec<Vec<Text>> {
    const COLUMNS: [f32; 5] = [50.0, 90.0, 330.0, 400.0, 490.0];
    let row = |cells: [String; 5]| COLUMNS.into_iter().zip(cells).collect::<Vec<_>>();
    let heading = || row(["Pos", "Description", "Quantity", "Unit price", "Amount"].map(str::to_owned));
    let mut total = 0;
    let mut pages = Vec::new();
    for page in 0..PAGES {
        let mut lines = Vec::new();
        if page == 0 {
            lines.push(vec![(50.0, "Larch Instruments Inc.".to_owned()), (400.0, "Invoice".to_owned())]);
            lines.push(vec![(50.0, "Bill to: Heron Analytics LLC".to_owned())]);
            lines.push(vec![
                (50.0, "Invoice number: L-20771".to_owned()),
                (330.0, "Date: 2024-05-03".to_owned()),
            ]);
        }
        lines.push(heading());
        for at in 0..LINES - 8 {
            let n = page * (LINES - 8) + at;
            let (quantity, cents) = (n % 9 + 1, n * 137 % 9_000 + 250);
            total += quantity * cents;
            lines.push(row([
                format!("{}", n + 1),
                format!("Clamp, steel, type {}", n % 71),
                format!("{quantity}"),
                money(cents),
                money(quantity * cents),
            ]));
        }
        if page + 1 == PAGES {
            let tax = total / 10;
            for (label, amount) in [("Subtotal", total), ("Tax 10%", tax), ("Total", total + tax)] {
                lines.push(vec![(400.0, label.to_owned()), (490.0, money(amount))]);
            }
        }
        pages.push(placed(lines.into_iter()));
    }
    pages
}

fn money(cents: usize) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Lines one below the other.
fn placed(lines: impl Iterator<Item = Vec<(f32, String)>>) -> Vec<Text> {
    let at = |(line, texts): (usize, Vec<(f32, String)>)| {
        let y = 60.0 + line as f32 * LEADING;
        texts.into_iter().map(move |(x, text)| (x, y, text))
    };
    lines.enumerate().flat_map(at).collect()
}

/// Pages of letter size in Helvetica of 10 points.
fn pdf(pages: &[Vec<Text>]) -> Vec<u8> {
    const FONT: Name = Name(b"F1");
    let (catalog, tree, font) = (Ref::new(1), Ref::new(2), Ref::new(3));
    let page_id = |index: usize| Ref::new(4 + 2 * index as i32);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids((0..pages.len()).map(page_id)).count(pages.len() as i32);
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (index, texts) in pages.iter().enumerate() {
        let (id, content_id) = (page_id(index), Ref::new(5 + 2 * index as i32));
        let mut page = pdf.page(id);
        page.parent(tree).media_box(Rect::new(0.0, 0.0, 612.0, 792.0)).contents(content_id);
        page.resources().fonts().pair(FONT, font);
        page.finish();
        let mut content = Content::new();
        for (x, y, text) in texts {
            content.begin_text().set_font(FONT, 10.0).next_line(*x, 792.0 - y);
            content.show(Str(text.as_bytes())).end_text();
        }
        pdf.stream(content_id, &content.finish());
    }
    pdf.finish()
}

/// 20 pages of 48 lines of ten recognised words, some of them dates and amounts.
pub(crate) fn words() -> Document {
    let word = |page: usize, line: usize, at: usize| {
        let n = page * 480 + line * 10 + at;
        let text = match n % 10 {
            3 => format!("{}.{:02}", n, n % 100),
            7 => format!("2024-{:02}-{:02}", n % 12 + 1, n % 28 + 1),
            _ => format!("word{}", n * 7 % 4_001),
        };
        let (x0, y0) = (0.05 + 0.09 * at as f32, 0.02 + 0.02 * line as f32);
        Word {
            text,
            bbox: BoundingBox { x0, y0, x1: x0 + 0.08, y1: y0 + 0.015 },
            confidence: 0.95,
            font_size: 10.0,
            bold: false,
            turn: 0,
            source: TextSource::Tesseract,
        }
    };
    let page = |page: usize| Page {
        number: page as u32 + 1,
        width: 595.0,
        height: 842.0,
        words: (0..LINES).flat_map(|line| (0..10).map(move |at| word(page, line, at))).collect(),
        rules: Vec::new(),
        cells: Vec::new(),
        warnings: Vec::new(),
    };
    Document { pages: (0..PAGES).map(page).collect() }
}
