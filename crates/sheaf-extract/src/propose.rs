//! What a field may be that somebody drew a box around: its type, label and name.

use sheaf_types::{BoundingBox, ColumnSpec, Document, FieldKind, FieldSpec, Page, Region, Word};

use crate::parse::{self, Locale, fold::fold};

/// A gap wider than this many heights of a word parts a label from what stands before it.
const WIDE_GAP: f32 = 1.6;
/// How far above a box its label may end, in heights of a line.
const ABOVE: f32 = 2.5;
/// Longest name of a field, and most words of a label.
const LONGEST_NAME: usize = 40;
const MOST_WORDS: usize = 6;

/// Proposes a field for a box on a page, counted from 1; `None` where no word stands in it.
///
/// Rows and columns of words are a table, with its first row as the labels of the columns. Anything else is one value: of the
/// type that its text reads as, with the label before or above it.
#[must_use]
pub fn propose(document: &Document, page: u32, bbox: BoundingBox) -> Option<FieldSpec> {
    let page = document.pages.iter().find(|one| one.number == page)?;
    let lines = lines(page.words.iter().filter(|word| is_inside(word, bbox)).collect());
    let first = lines.first()?;
    let region = Some(Region { page: page.number, bbox });
    let cells: Vec<Vec<String>> = lines.iter().map(|line| segments(page, line)).collect();
    if let [header, rows @ ..] = cells.as_slice()
        && header.len() > 1
        && rows.iter().filter(|row| row.len() > 1).count() > 0
    {
        let columns = columns(header, rows);
        return Some(FieldSpec { columns, ..field("line_items", FieldKind::Table, None, region) });
    }
    let text = cells.concat().join(" ");
    let label = label_before(page, first, bbox).or_else(|| label_above(page, first, bbox));
    let kind = kind(&text);
    let name = label.as_deref().map(slug).filter(|name| !name.is_empty());
    Some(field(&name.unwrap_or_else(|| name_of(kind).to_owned()), kind, label, region))
}

fn field(name: &str, kind: FieldKind, label: Option<String>, region: Option<Region>) -> FieldSpec {
    FieldSpec {
        name: name.to_owned(),
        kind,
        anchors: label.into_iter().collect(),
        description: None,
        required: false,
        pattern: None,
        enum_values: Vec::new(),
        columns: Vec::new(),
        region,
    }
}

/// The type that a text reads as. A number without decimals or a currency is rather a number that names something.
fn kind(text: &str) -> FieldKind {
    let reads = |kind| parse::value(kind, text, &Locale::default(), &[]);
    if reads(FieldKind::Date).is_some() {
        return FieldKind::Date;
    }
    match reads(FieldKind::Currency) {
        Some(amount) if amount.currency.is_some() || amount.value.contains('.') => FieldKind::Currency,
        _ if text.ends_with('%') && reads(FieldKind::Number).is_some() => FieldKind::Number,
        _ => FieldKind::Text,
    }
}

/// What a field without a label is called.
fn name_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Date => "date",
        FieldKind::Currency => "amount",
        FieldKind::Number => "number",
        FieldKind::Text | FieldKind::Enum | FieldKind::Table => "text",
    }
}

fn columns(header: &[String], rows: &[Vec<String>]) -> Vec<ColumnSpec> {
    let mut columns: Vec<ColumnSpec> = Vec::new();
    for (i, label) in header.iter().enumerate() {
        // Counted from the right: what is long breaks on the left.
        let from_right = header.len() - i;
        let cell = rows.iter().find_map(|row| row.len().checked_sub(from_right).and_then(|at| row.get(at)));
        let kind = match cell.map_or(FieldKind::Text, |cell| kind(cell)) {
            FieldKind::Text if cell.is_some_and(|cell| cell.chars().all(|c| c.is_ascii_digit())) => {
                FieldKind::Number
            }
            kind => kind,
        };
        let mut name = slug(label);
        if name.is_empty() || columns.iter().any(|column| column.name == name) {
            name = format!("column_{}", i + 1);
        }
        columns.push(ColumnSpec {
            name,
            kind,
            anchors: vec![label.clone()],
            description: None,
            enum_values: Vec::new(),
        });
    }
    columns
}

fn is_inside(word: &Word, bbox: BoundingBox) -> bool {
    let (x, y) = (f32::midpoint(word.bbox.x0, word.bbox.x1), f32::midpoint(word.bbox.y0, word.bbox.y1));
    (bbox.x0..=bbox.x1).contains(&x) && (bbox.y0..=bbox.y1).contains(&y)
}

/// Words by their heights on the page, each line from left to right.
fn lines(mut words: Vec<&Word>) -> Vec<Vec<&Word>> {
    words.sort_by(|a, b| a.bbox.y0.total_cmp(&b.bbox.y0));
    let mut lines: Vec<Vec<&Word>> = Vec::new();
    for word in words {
        match lines.last_mut().filter(|line| line.first().is_some_and(|first| is_beside(first, word))) {
            Some(line) => line.push(word),
            None => lines.push(vec![word]),
        }
    }
    for line in &mut lines {
        line.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
    }
    lines
}

fn is_beside(a: &Word, b: &Word) -> bool {
    let overlap = a.bbox.y1.min(b.bbox.y1) - a.bbox.y0.max(b.bbox.y0);
    overlap > 0.5 * a.bbox.height().min(b.bbox.height())
}

/// Whether a wide gap stands between two words of a line.
fn is_parted(page: &Page, left: &Word, right: &Word) -> bool {
    (right.bbox.x0 - left.bbox.x1) * page.width > WIDE_GAP * left.bbox.height() * page.height
}

/// The texts between the wide gaps of a line.
fn segments(page: &Page, line: &[&Word]) -> Vec<String> {
    let runs = line.chunk_by(|left, right| !is_parted(page, left, right));
    runs.map(|run| run.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")).collect()
}

/// What stands before the box in its first line, up to a wide gap.
fn label_before(page: &Page, first: &[&Word], bbox: BoundingBox) -> Option<String> {
    let value = first.first()?;
    let mut before: Vec<&Word> = page
        .words
        .iter()
        .filter(|word| word.bbox.x1 <= value.bbox.x0 && is_beside(word, value) && !is_inside(word, bbox))
        .collect();
    before.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
    let run = before.chunk_by(|left, right| !is_parted(page, left, right)).next_back()?;
    // A number before a number is another column, not a label.
    as_label(run).filter(|label| label.chars().any(char::is_alphabetic))
}

/// The line right above the box, as far as it stands over it.
fn label_above(page: &Page, first: &[&Word], bbox: BoundingBox) -> Option<String> {
    let value = first.first()?;
    let reach = value.bbox.y0 - ABOVE * value.bbox.height();
    let above = page.words.iter().filter(|word| {
        word.bbox.y1 <= value.bbox.y0
            && word.bbox.y0 >= reach
            && word.bbox.x0 < bbox.x1
            && word.bbox.x1 > bbox.x0
    });
    let lines = lines(above.collect());
    let run = lines.last()?.chunk_by(|left, right| !is_parted(page, left, right)).next()?;
    as_label(run).filter(|label| label.chars().any(char::is_alphabetic))
}

fn as_label(run: &[&Word]) -> Option<String> {
    let run = &run[run.len().saturating_sub(MOST_WORDS)..];
    let text = run.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let label = text.trim_end_matches([':', '.', ' ']).trim();
    (!label.is_empty()).then(|| label.to_owned())
}

/// A label as the name of a field: `Rechnungs-Nr.` is `rechnungs_nr`.
fn slug(label: &str) -> String {
    let mut name = String::new();
    for c in fold(label).chars() {
        match c {
            'a'..='z' | '0'..='9' if name.len() < LONGEST_NAME => name.push(c),
            _ if !name.is_empty() && !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    name.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sheaf_types::TextSource;

    /// A page of words at places in points, 600 wide and 800 high, 12 high.
    fn document(words: &[(f32, f32, &str)]) -> Document {
        let word = |&(x, y, text): &(f32, f32, &str)| Word {
            text: text.to_owned(),
            bbox: BoundingBox {
                x0: x / 600.0,
                y0: y / 800.0,
                x1: (x + 6.0 * text.len() as f32) / 600.0,
                y1: (y + 12.0) / 800.0,
            },
            confidence: 1.0,
            font_size: 12.0,
            bold: false,
            turn: 0,
            source: TextSource::Text,
        };
        let page = Page {
            number: 1,
            width: 600.0,
            height: 800.0,
            words: words.iter().map(word).collect(),
            rules: Vec::new(),
            cells: Vec::new(),
            warnings: Vec::new(),
        };
        Document { pages: vec![page] }
    }

    fn around(x0: f32, y0: f32, x1: f32, y1: f32) -> BoundingBox {
        BoundingBox { x0: x0 / 600.0, y0: y0 / 800.0, x1: x1 / 600.0, y1: y1 / 800.0 }
    }

    #[test]
    fn a_value_gets_its_type_and_the_label_before_or_above_it() {
        let document = document(&[
            (20.0, 20.0, "Invoice"),
            (66.0, 20.0, "No.:"),
            (120.0, 20.0, "R-2024/7"),
            (20.0, 50.0, "Fällig"),
            (62.0, 50.0, "am"),
            (300.0, 50.0, "03.05.2024"),
            (400.0, 100.0, "Amount"),
            (400.0, 116.0, "€1.234,50"),
            (20.0, 300.0, "Ada"),
            (44.0, 300.0, "Ltd"),
        ]);
        for (bbox, name, kind, label) in [
            (around(115.0, 15.0, 200.0, 35.0), "invoice_no", FieldKind::Text, Some("Invoice No")),
            (around(290.0, 45.0, 390.0, 65.0), "fallig_am", FieldKind::Date, Some("Fällig am")),
            (around(390.0, 112.0, 500.0, 130.0), "amount", FieldKind::Currency, Some("Amount")),
            (around(10.0, 295.0, 100.0, 315.0), "text", FieldKind::Text, None),
        ] {
            let field = propose(&document, 1, bbox).unwrap();
            assert_eq!((field.name.as_str(), field.kind), (name, kind));
            assert_eq!(field.anchors.first().map(String::as_str), label);
            assert_eq!(field.region.map(|region| region.page), Some(1));
        }
        assert_eq!(propose(&document, 1, around(500.0, 700.0, 550.0, 750.0)), None);
        assert_eq!(propose(&document, 2, around(0.0, 0.0, 600.0, 800.0)), None);
    }

    #[test]
    fn rows_and_columns_are_a_table() {
        let document = document(&[
            (20.0, 20.0, "Description"),
            (300.0, 20.0, "Qty"),
            (450.0, 20.0, "Amount"),
            (20.0, 40.0, "Bolts"),
            (56.0, 40.0, "M8"),
            (300.0, 40.0, "40"),
            (450.0, 40.0, "12.00"),
        ]);
        let table = propose(&document, 1, around(10.0, 10.0, 590.0, 60.0)).unwrap();
        let columns: Vec<(&str, FieldKind)> =
            table.columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        assert_eq!(table.kind, FieldKind::Table);
        assert_eq!(
            columns,
            [("description", FieldKind::Text), ("qty", FieldKind::Number), ("amount", FieldKind::Currency)]
        );
    }
}
