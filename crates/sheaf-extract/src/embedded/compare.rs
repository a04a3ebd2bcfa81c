//! The page against the e-invoice inside its file.
//!
//! | the page's own reading | the stated value | answer |
//! |---|---|---|
//! | is it | | it, surer than before |
//! | is another, or none, and unsure | stands on the page | the stated value, where it stands |
//! | is another, and sure | | the page's, flagged inconsistent |
//! | is another | stands nowhere | the page's, flagged inconsistent |
//! | is none | stands nowhere | none, flagged ungrounded |

use std::str::FromStr;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use sheaf_types::{
    BoundingBox, CellResult, ColumnSpec, FieldKind, FieldResult, FieldSpec, FieldValue, Method, Provenance,
    ReviewReason,
};

use super::{EInvoice, Line};
use crate::ground;
use crate::lexicon::LEXICON;
use crate::locate::candidate::Typed;
use crate::locate::field::Field;
use crate::locate::layout::{Layout, Span};
use crate::locate::{Pool, Scored, table};
use crate::parse;
use crate::parse::fold::tight;

/// Confidence where both agree.
const AGREED: f32 = 0.98;
/// Confidence of a stated value that stands on the page but was not the page's own reading.
const SHOWN: f32 = 0.9;
/// Most confidence left to a value that the e-invoice contradicts.
const CONTRADICTED: f32 = 0.5;
/// Lines above and below a row's numbers in which its description may stand.
const NEAR: usize = 2;

/// Takes one of the values that a line states.
type LineValue = fn(&Line) -> Option<&str>;

/// A page and what its file's e-invoice states.
pub(crate) struct Comparison<'c, 'p> {
    pub(crate) pool: &'c Pool<'p>,
    pub(crate) invoice: &'c EInvoice,
    /// The template's: what is surer is not given up.
    pub(crate) threshold: f32,
}

impl Comparison<'_, '_> {
    /// The answer for a field, given its candidates and the page's own reading.
    pub(crate) fn field(&self, field: &Field<'_>, candidates: &[Scored], own: FieldResult) -> FieldResult {
        if field.spec.kind == FieldKind::Table {
            return self.table(field.spec, own);
        }
        let Some(stated) = stated(self.invoice, field) else { return own };
        let agree = |value: &str| agree(field.spec.kind, value, stated);
        if let Some(FieldValue::Scalar(value)) = &own.value
            && agree(value)
        {
            return FieldResult {
                method: Some(Method::Embedded),
                confidence: own.confidence.max(AGREED),
                ..own
            };
        }
        let is_sure = own.value.is_some() && own.confidence >= self.threshold;
        let shown = if is_sure { None } else { self.shown(field, candidates, stated) };
        shown.unwrap_or_else(|| contradicted(field.spec, own))
    }

    /// The stated value where it stands on the page.
    fn shown(&self, field: &Field<'_>, candidates: &[Scored], stated: &str) -> Option<FieldResult> {
        let layout = self.pool.surroundings.layout;
        let spec = field.spec;
        let found = candidates.iter().find(|found| agree(spec.kind, &found.parsed.value, stated));
        let spans = match found {
            Some(found) => found.spans.clone(),
            None if spec.kind == FieldKind::Text => vec![find_text(layout, 0..layout.lines.len(), stated)?],
            None => return None,
        };
        let source = layout.source(&spans);
        if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&source)) {
            return None;
        }
        let parsed = field.read(&source, &self.pool.locale)?;
        let place = ground::ground(layout, &self.pool.locale, field, &spans, &parsed.value)?;
        let currency =
            found.filter(|_| spec.kind == FieldKind::Currency).and_then(|found| self.pool.currency(found));
        Some(FieldResult {
            value: Some(FieldValue::Scalar(parsed.value)),
            currency: currency.map(str::to_owned),
            source: Some(place.source),
            page: Some(place.page),
            bbox: Some(place.bbox),
            confidence: SHOWN,
            method: Some(Method::Embedded),
            ..ground::nothing(spec)
        })
    }

    fn table(&self, field: &FieldSpec, own: FieldResult) -> FieldResult {
        let concepts: Vec<Option<LineValue>> = field.columns.iter().map(line_value).collect();
        let lines = &self.invoice.lines;
        // A template whose columns mean nothing of an invoice asks for another table.
        if lines.is_empty() || concepts.iter().flatten().count() < 2 {
            return own;
        }
        if let Some(FieldValue::Rows(rows)) = &own.value
            && rows.len() == lines.len()
            && rows.iter().zip(lines).all(|(row, line)| {
                field.columns.iter().zip(&concepts).all(|(column, concept)| {
                    let stated = concept.and_then(|concept| concept(line));
                    let value = row.get(&column.name).and_then(Option::as_deref);
                    stated.zip(value).is_none_or(|(stated, value)| agree_in_row(column.kind, value, stated))
                })
            })
        {
            let mut own = own;
            own.method = Some(Method::Embedded);
            own.confidence = own.confidence.max(AGREED);
            for cell in own.cells.iter_mut().flatten().flat_map(|row| row.values_mut()) {
                cell.confidence = cell.confidence.max(AGREED);
            }
            return own;
        }
        self.shown_lines(field, &concepts).unwrap_or_else(|| contradicted(field, own))
    }

    /// The stated lines, each where its numbers stand on one line of the page, in order; `None` where one stands nowhere.
    fn shown_lines(&self, field: &FieldSpec, concepts: &[Option<LineValue>]) -> Option<FieldResult> {
        let layout = self.pool.surroundings.layout;
        let mut next = 0;
        let mut values = Vec::new();
        let mut cells = Vec::new();
        for line in &self.invoice.lines {
            let (at, row) = (next..layout.lines.len())
                .find_map(|at| Some((at, self.row_at(field, concepts, line, at)?)))?;
            next = at + 1;
            values.push(
                field
                    .columns
                    .iter()
                    .map(|column| (column.name.clone(), row.get(&column.name).map(|(v, _)| v.clone())))
                    .collect(),
            );
            cells.push(row.into_iter().map(|(name, (_, cell))| (name, cell)).collect::<IndexMap<_, _>>());
        }
        let places = || cells.iter().flat_map(IndexMap::values).map(|cell| &cell.provenance);
        let page = places().map(|place| place.page).min()?;
        let bbox =
            places().filter(|place| place.page == page).map(|place| place.bbox).reduce(BoundingBox::union);
        let source =
            cells.first()?.values().map(|cell| cell.provenance.source.as_str()).collect::<Vec<_>>().join(" ");
        Some(FieldResult {
            value: Some(FieldValue::Rows(values)),
            source: Some(source),
            page: Some(page),
            bbox,
            cells: Some(cells),
            confidence: SHOWN,
            method: Some(Method::Embedded),
            ..ground::nothing(field)
        })
    }

    /// The cells of a stated line if they stand at a line of the page: its total, and one thing more of it.
    fn row_at(
        &self,
        field: &FieldSpec,
        concepts: &[Option<LineValue>],
        line: &Line,
        at: usize,
    ) -> Option<IndexMap<String, (String, CellResult)>> {
        let layout = self.pool.surroundings.layout;
        let numbers = &self.pool.numbers;
        let here =
            &numbers[numbers.partition_point(|n| n.line() < at)..numbers.partition_point(|n| n.line() <= at)];
        let mut taken: Vec<usize> = Vec::new();
        let mut row = IndexMap::new();
        // Totals stand last, quantities first: the same number may be both.
        for (column, concept) in field.columns.iter().zip(concepts).rev() {
            let Some(stated) = concept.and_then(|concept| concept(line)) else { continue };
            let span = if column.kind == FieldKind::Text {
                let near = at.saturating_sub(NEAR)..(at + NEAR + 1).min(layout.lines.len());
                find_text(layout, at..at + 1, stated).or_else(|| find_text(layout, near, stated))
            } else {
                let found = here.iter().enumerate().rev().find(|(index, candidate)| {
                    let number = match &candidate.typed {
                        Typed::Number(number) => &number.value,
                        _ => return false,
                    };
                    !taken.contains(index) && agree(column.kind, number, stated)
                });
                found.and_then(|(index, candidate)| {
                    taken.push(index);
                    candidate.spans.first().cloned()
                })
            };
            if let Some(cell) = span.and_then(|span| self.cell(column, span)) {
                row.insert(column.name.clone(), cell);
            }
        }
        row.reverse();
        let is_total = |column: &&ColumnSpec| table::means(column, "line_total");
        let total = field.columns.iter().find(is_total).filter(|_| line.total.is_some());
        (row.len() >= 2 && total.is_none_or(|total| row.contains_key(&total.name))).then_some(row)
    }

    fn cell(&self, column: &ColumnSpec, span: Span) -> Option<(String, CellResult)> {
        let layout = self.pool.surroundings.layout;
        let page = layout.page_number(layout.lines[span.line].page);
        let spans = [span];
        let source = layout.source(&spans);
        let value = parse::value(column.kind, &source, &self.pool.locale, &column.enum_values)?.value;
        let provenance = Provenance { source, page, bbox: layout.bbox(&spans)?, cell: None };
        Some((value, CellResult { provenance, confidence: SHOWN }))
    }
}

/// What the e-invoice says of a field's concept.
fn stated<'i>(invoice: &'i EInvoice, field: &Field<'_>) -> Option<&'i str> {
    let concept = field.concept.or_else(|| {
        let mut concepts = field.concepts();
        concepts.next().filter(|_| concepts.next().is_none())
    })?;
    let value = match LEXICON.name(concept) {
        "invoice_number" => &invoice.number,
        "invoice_date" => &invoice.issue_date,
        "due_date" => &invoice.due_date,
        "seller" => &invoice.seller,
        "buyer" => &invoice.buyer,
        "currency" => &invoice.currency,
        "net_total" => &invoice.net,
        "tax_total" => &invoice.tax,
        "grand_total" => &invoice.gross,
        "amount_due" => &invoice.payable,
        _ => &None,
    };
    value.as_deref()
}

/// What of a line a column asks for.
fn line_value(column: &ColumnSpec) -> Option<LineValue> {
    let concepts: [(&str, LineValue); 4] = [
        ("description", |line| line.description.as_deref()),
        ("quantity", |line| line.quantity.as_deref()),
        ("unit_price", |line| line.unit_price.as_deref()),
        ("line_total", |line| line.total.as_deref()),
    ];
    concepts.into_iter().find(|(name, _)| table::means(column, name)).map(|(_, value)| value)
}

/// Whether a value of the page and a stated one are the same.
fn agree(kind: FieldKind, value: &str, stated: &str) -> bool {
    match kind {
        FieldKind::Number | FieldKind::Currency => {
            Decimal::from_str(value).is_ok_and(|value| Decimal::from_str(stated) == Ok(value))
        }
        FieldKind::Text | FieldKind::Enum => tight(value) == tight(stated),
        FieldKind::Date => value == stated,
        FieldKind::Table => false,
    }
}

/// The same in a table, where a description is often longer on one side.
fn agree_in_row(kind: FieldKind, value: &str, stated: &str) -> bool {
    let (ours, theirs) = (tight(value), tight(stated));
    agree(kind, value, stated)
        || kind == FieldKind::Text
            && !ours.is_empty()
            && (theirs.starts_with(&ours) || ours.starts_with(&theirs))
}

/// The page's own reading, or none, where the stated value is not on the page or not to be believed.
fn contradicted(field: &FieldSpec, own: FieldResult) -> FieldResult {
    if own.value.is_none() {
        return ground::ungrounded(field);
    }
    FieldResult {
        confidence: own.confidence.min(CONTRADICTED),
        needs_review: true,
        review_reason: Some(ReviewReason::Inconsistent),
        ..own
    }
}

/// The first place in these lines where a text stands, whatever its case, blanks and punctuation.
fn find_text(layout: &Layout<'_>, lines: std::ops::Range<usize>, text: &str) -> Option<Span> {
    let wanted = tight(text);
    if wanted.is_empty() {
        return None;
    }
    // Marks at the end belong to the text if the page shows them, too: "Ltd.".
    let tail = &text[text.trim_end_matches(|c: char| !c.is_alphanumeric()).len()..];
    lines.into_iter().find_map(|at| {
        let line = &layout.lines[at];
        (0..line.tokens.len()).find_map(|first| {
            let mut rest = wanted.as_str();
            for token in &line.tokens[first..] {
                rest = rest.strip_prefix(line.folded(token))?;
                if rest.is_empty() {
                    let mut range = line.tokens[first].range.start..token.range.end;
                    if line.text[range.end..].starts_with(tail) {
                        range.end += tail.len();
                    }
                    return Some(Span { line: at, range });
                }
            }
            None
        })
    })
}
