//! Rows of a table that a model names, each traced to the page.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use indexmap::IndexMap;
use sheaf_types::{
    BoundingBox, CellResult, FieldResult, FieldSpec, FieldValue, Method, Provenance, ReviewReason,
};

use super::answer::{RowSaid, text};
use super::find::Closeness;
use super::ground::{Grounded, Wanted};
use super::index::Index;
use super::join::trust;
use crate::ground;
use crate::locate::layout::Span;

/// Lines above and below its row on which a cell may stand.
const NEAR: usize = 3;

/// Parts of lines that are cells already, by line.
type Taken = HashMap<usize, Vec<Range<usize>>>;
/// All places of what a cell is said to be, by its column: the same numbers stand in many rows.
type Places = HashMap<(usize, String), Rc<[Grounded]>>;

impl Index<'_> {
    /// The rows that stand on the page, and how many cells do not; `None` where no row does.
    pub(super) fn table(&self, field: &FieldSpec, said: &[RowSaid]) -> (Option<FieldResult>, usize) {
        let mut dropped = 0;
        let (mut taken, mut places) = (Taken::new(), Places::new());
        let mut values: Vec<IndexMap<String, Option<String>>> = Vec::new();
        let mut cells: Vec<IndexMap<String, CellResult>> = Vec::new();
        let mut is_pictured = false;
        for row in said {
            let named = named(field, row);
            let found = self.row(field, row, &named, &mut places, &mut taken);
            dropped += named.len() - found.len();
            if found.is_empty() {
                continue;
            }
            is_pictured |= found.values().any(|cell| cell.closeness == Closeness::Pictured);
            let value = |name: &str| found.get(name).map(|cell| cell.value.clone());
            values.push(
                field.columns.iter().map(|column| (column.name.clone(), value(&column.name))).collect(),
            );
            let cell =
                |found: &Grounded| CellResult { provenance: provenance(found), confidence: trust(found) };
            cells.push(found.iter().map(|(name, found)| ((*name).to_owned(), cell(found))).collect());
        }
        let all = || cells.iter().flat_map(IndexMap::values);
        let Some(page) = all().map(|cell| cell.provenance.page).min() else { return (None, dropped) };
        let on_page = all().filter(|cell| cell.provenance.page == page).map(|cell| cell.provenance.bbox);
        let source = cells.first().map(|row| {
            row.values().map(|cell| cell.provenance.source.as_str()).collect::<Vec<_>>().join(" ")
        });
        let confidence = all().map(|cell| cell.confidence).sum::<f32>() / all().count().max(1) as f32;
        let result = FieldResult {
            value: Some(FieldValue::Rows(values)),
            source,
            page: Some(page),
            bbox: on_page.reduce(BoundingBox::union),
            confidence,
            method: Some(Method::Llm),
            cells: Some(cells),
            review_reason: is_pictured.then_some(ReviewReason::LowConfidence),
            ..ground::nothing(field)
        };
        (Some(result), dropped)
    }

    /// The cells of a row that stand near each other, in the order of the columns.
    fn row<'f>(
        &self,
        field: &'f FieldSpec,
        row: &RowSaid,
        named: &[(usize, String)],
        places: &mut Places,
        taken: &mut Taken,
    ) -> IndexMap<&'f str, Grounded> {
        let places: Vec<(usize, Rc<[Grounded]>)> = named
            .iter()
            .map(|(column, text)| {
                let all = places.entry((*column, text.clone()));
                let all =
                    all.or_insert_with(|| self.all(Wanted::column(&field.columns[*column]), text).into());
                (*column, Rc::clone(all))
            })
            .collect();
        // Where the model says that the row is, else where its rarest cell is.
        let cited: Vec<usize> =
            row.lines.iter().copied().filter(|&line| line < self.transcript.len()).collect();
        let by_citation = self.near(&places, &cited, taken);
        let found = if by_citation.len() * 2 >= named.len() && !by_citation.is_empty() {
            by_citation
        } else {
            let free = |one: &&Grounded| !is_taken(taken, &one.spans);
            let rarest = places.iter().filter(|(_, all)| !all.is_empty()).min_by_key(|(_, all)| all.len());
            let around = rarest.and_then(|(_, all)| all.iter().find(free));
            let lines: Vec<usize> =
                around.map_or_else(Vec::new, |one| one.spans.iter().map(|span| span.line).collect());
            let by_cell = self.near(&places, &lines, taken);
            if by_cell.len() > by_citation.len() { by_cell } else { by_citation }
        };
        for span in found.iter().flat_map(|(_, one)| &one.spans) {
            taken.entry(span.line).or_default().push(span.range.clone());
        }
        found
            .into_iter()
            .map(|(column, mut one)| {
                one.is_cited = self.distance(&one.spans, &cited) == Some(0);
                (field.columns[column].name.as_str(), one)
            })
            .collect()
    }

    /// For each column the place nearest to these lines that no other cell has taken.
    fn near(
        &self,
        places: &[(usize, Rc<[Grounded]>)],
        lines: &[usize],
        taken: &Taken,
    ) -> Vec<(usize, Grounded)> {
        let mut found: Vec<(usize, Grounded)> = Vec::new();
        for (column, all) in places {
            let is_own = |one: &Grounded| {
                let own = found.iter().flat_map(|(_, other)| &other.spans);
                own.into_iter().any(|other| one.spans.iter().any(|span| meet(span, other.line, &other.range)))
            };
            let near = all
                .iter()
                .filter_map(|one| Some((self.distance(&one.spans, lines)?, one)))
                .filter(|(distance, one)| *distance <= NEAR && !is_taken(taken, &one.spans) && !is_own(one))
                .min_by_key(|(distance, _)| *distance);
            if let Some((_, one)) = near {
                found.push((*column, Grounded { is_single: all.len() == 1, ..one.clone() }));
            }
        }
        found
    }
}

/// The cells that a row names: columns by index, with what is said to stand there.
fn named(field: &FieldSpec, row: &RowSaid) -> Vec<(usize, String)> {
    let columns = field.columns.iter().enumerate();
    columns
        .filter_map(|(index, column)| Some((index, text(row.cells.get(&column.name)?)?)))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn is_taken(taken: &Taken, spans: &[Span]) -> bool {
    spans.iter().any(|span| {
        taken.get(&span.line).is_some_and(|taken| taken.iter().any(|range| meet(span, span.line, range)))
    })
}

fn meet(span: &Span, line: usize, range: &Range<usize>) -> bool {
    span.line == line && span.range.start < range.end && range.start < span.range.end
}

fn provenance(found: &Grounded) -> Provenance {
    Provenance { source: found.source.clone(), page: found.page, bbox: found.bbox, cell: found.cell.clone() }
}
