//! Table fields: line items and other tables whose columns a template names.
//!
//! A table is found by its header, a line of labels that name at least two of the columns. Below it, words belong to
//! columns by where they stand, and lines to rows by the number in the column of amounts (or what comes nearest to
//! one). Columns that no label names are taken in the template's order where as many labels are left between their
//! neighbours; a table whose region was drawn begins there, and need name none. Of several headers, and of several ways
//! to read one, the one whose rows fill its columns and add up is taken.
//! Rows without any header are taken only where arithmetic confirms them.

mod arithmetic;
mod body;
mod cells;
mod columns;
mod header;
mod label;
mod lexicon;
mod lines;
mod numbers;
mod reading;
mod rows;
mod target;
mod unlabelled;

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use sheaf_types::{ColumnSpec, Document, FieldResult, FieldSpec, Region};

use crate::ground;
use crate::parse::Locale;
use body::Plan;
use cells::Reader;
use header::{Header, Mapping};
use lines::Lines;
use reading::Reading;
use target::Target;

/// Headers of different tables that are tried.
const MOST_TABLES: usize = 24;
/// Assignments of columns that are tried for each header.
const MOST_READINGS: usize = 24;

/// Finds the table of a field.
///
/// `needs_review` is left to the caller, who knows the threshold. `source` is the text of the first row's cells in
/// the order of the template's columns; the box is that of all cells on the table's first page.
pub(crate) fn extract(document: &Document, field: &FieldSpec, locale: &Locale) -> FieldResult {
    let lines = Lines::new(document);
    let targets = field.columns.iter().map(Target::new).collect();
    let printed = printed_numbers(&lines, locale);
    let search = Search { lines: &lines, field, targets, locale, printed };
    match search.headed().or_else(|| search.unlabelled()) {
        Some(reading) => reading.into_result(field),
        None => ground::nothing(field),
    }
}

/// Whether a column's name or labels mean this concept of the data.
pub(crate) fn means(column: &ColumnSpec, concept: &str) -> bool {
    Target::new(column).is(concept)
}

/// How often each number stands in the document, for sums to be looked up in.
fn printed_numbers(lines: &Lines<'_>, locale: &Locale) -> FxHashMap<Decimal, usize> {
    let mut counts = FxHashMap::default();
    let phrases = lines.lines.iter().flat_map(|line| line.phrases.iter().map(|p| &line.tokens[p.clone()]));
    for found in phrases.flat_map(|tokens| numbers::find(tokens, locale.decimal)) {
        if let Some(decimal) = found.decimal().filter(|_| !found.number.percent) {
            *counts.entry(decimal.normalize()).or_insert(0) += 1;
        }
    }
    counts
}

/// What a table is looked for with.
struct Search<'s, 'd> {
    lines: &'s Lines<'d>,
    field: &'s FieldSpec,
    targets: Vec<Target>,
    locale: &'s Locale,
    printed: FxHashMap<Decimal, usize>,
}

impl Search<'_, '_> {
    /// The best reading below a header.
    fn headed(&self) -> Option<Reading> {
        let mut headers = header::find(self.lines, &self.targets);
        if let Some(region) = &self.field.region {
            self.prefer_drawn(&mut headers, region);
        }
        let all: Vec<Header> = headers.iter().map(|(header, _)| header.clone()).collect();
        // One that repeats an earlier header continues its table.
        let mut seen: Vec<&Header> = Vec::new();
        headers.retain(|(header, _)| {
            let again = seen.iter().any(|earlier| earlier.repeats_as(header));
            if !again {
                seen.extend(all.iter().find(|h| h.lines == header.lines));
            }
            !again
        });
        headers.sort_by(|a, b| b.1[0].score.total_cmp(&a.1[0].score));
        headers.truncate(MOST_TABLES);

        let mut best: Option<Reading> = None;
        for (header, mappings) in headers {
            let repeats: Vec<&Header> =
                all.iter().filter(|h| h.lines.start > header.lines.start && h.repeats_as(&header)).collect();
            let guesses = mappings[0].guesses(&header, &self.targets);
            let beside: Vec<(Header, Mapping)> = mappings
                .iter()
                .filter_map(|mapping| mapping.with_left_column(&header, self.lines, &self.targets))
                .collect();
            let readings = mappings.into_iter().chain(guesses).map(|mapping| (&header, mapping));
            let readings = readings.chain(beside.iter().map(|(header, mapping)| (header, mapping.clone())));
            for (header, mapping) in readings.take(MOST_READINGS) {
                if best.as_ref().is_some_and(|b| mapping.score + reading::MOST_EVIDENCE <= b.score) {
                    continue;
                }
                let reading = self.read(header, &repeats, &mapping);
                if let Some(reading) = reading
                    && best.as_ref().is_none_or(|b| reading.score > b.score)
                {
                    best = Some(reading);
                }
            }
        }
        best
    }

    /// Lets the table begin with the header in the region that was drawn, where one is; it need not name the columns.
    fn prefer_drawn(&self, headers: &mut Vec<(Header, Vec<Mapping>)>, region: &Region) {
        let in_region = |(header, _): &(Header, Vec<Mapping>)| {
            header.lines.clone().any(|line| header::stands_in(&self.lines.lines[line], region))
        };
        if !headers.iter().any(in_region) {
            headers.extend(header::drawn(self.lines, &self.targets, region));
        }
        let Some((first, mappings)) = headers.iter_mut().find(|found| in_region(found)) else { return };
        mappings.iter_mut().for_each(|mapping| mapping.score += header::DRAWN);
        let first = first.lines.start;
        headers.retain(|(header, _)| header.lines.start >= first);
    }

    fn read(&self, header: &Header, repeats: &[&Header], mapping: &Mapping) -> Option<Reading> {
        let plan = Plan::new(header, mapping, &self.targets, self.locale.decimal)?;
        let runs = body::runs(self.lines, header, repeats, &plan);
        let reader = Reader {
            specs: &self.field.columns,
            targets: &self.targets,
            mapping,
            plan: &plan,
            locale: self.locale,
        };
        let rows = reader.read(&rows::rows(&runs, self.lines, &plan), &runs);
        Reading::of_mapping(rows, mapping, &self.targets, &self.printed)
    }

    fn unlabelled(&self) -> Option<Reading> {
        let rows = unlabelled::rows(self.lines, &self.targets, self.locale.decimal);
        Reading::without_header(rows, &self.targets, &self.printed)
    }
}

#[cfg(test)]
mod tests;
