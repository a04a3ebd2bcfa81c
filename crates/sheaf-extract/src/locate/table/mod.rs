//! Table fields: line items and other tables whose columns a template names.
//!
//! A table is found by its header, a line of labels that name at least two of the columns. Below it, words belong to
//! columns by where they stand, and lines to rows by the number in the column of amounts (or what comes nearest to
//! one). Of several headers, and of several ways to read one, the one whose rows fill its columns and add up is taken.

mod arithmetic;
mod body;
mod cells;
mod columns;
mod header;
mod label;
mod lexicon;
mod lines;
mod numbers;
mod rows;
mod target;
mod unlabelled;

use std::collections::HashMap;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use sheaf_types::{
    BoundingBox, CellResult, ColumnSpec, Document, FieldResult, FieldSpec, FieldValue, Method,
};

use crate::ground;
use crate::parse::Locale;
use body::Plan;
use cells::{Cell, Reader};
use header::{Header, Mapping};
use lines::Lines;
use target::Target;

/// Headers of different tables that are tried.
const MOST_TABLES: usize = 24;
/// Assignments of columns that are tried for each header.
const MOST_READINGS: usize = 24;
/// What rows can add to the score of a mapping: products, words and the sum.
const MOST_EVIDENCE: f32 = 2.0;
/// What a column without a header counts.
const UNLABELLED: f32 = 0.7;
/// Share of the rows that must confirm a column whose header does not name it.
const CONFIRMED: f32 = 0.6;

/// Finds the table of a field.
///
/// `needs_review` is left to the caller, who knows the threshold. `source` is the text of the first row's cells in
/// the order of the template's columns.
pub(crate) fn extract(document: &Document, field: &FieldSpec, locale: &Locale) -> FieldResult {
    let targets: Vec<Target> = field.columns.iter().map(Target::new).collect();
    let lines = Lines::new(document);
    let mut headers = header::find(&lines, &targets);
    let all: Vec<Header> = headers.iter().map(|(header, _)| header.clone()).collect();
    // One that repeats an earlier header continues its table.
    let mut index = 0;
    headers.retain(|(header, _)| {
        index += 1;
        !all[..index - 1].iter().any(|earlier| earlier.repeats_as(header))
    });
    headers.sort_by(|a, b| b.1[0].score.total_cmp(&a.1[0].score));
    headers.truncate(MOST_TABLES);

    let printed = printed_numbers(&lines, locale);
    let mut best: Option<Table> = None;
    for (header, mappings) in &headers {
        let repeats: Vec<&Header> =
            all.iter().filter(|h| h.lines.start > header.lines.start && h.repeats_as(header)).collect();
        let guesses = mappings.first().map(|best| best.guesses(header, &targets)).unwrap_or_default();
        for mapping in mappings.iter().cloned().chain(guesses).take(MOST_READINGS) {
            if best.as_ref().is_some_and(|b| mapping.score + MOST_EVIDENCE <= b.score) {
                continue;
            }
            let table = Table::read(&lines, field, &targets, header, &repeats, &mapping, locale, &printed);
            if let Some(table) = table
                && best.as_ref().is_none_or(|b| table.score > b.score)
            {
                best = Some(table);
            }
        }
    }
    match best.or_else(|| Table::without_header(&lines, &targets, locale, &printed)) {
        Some(table) => table.into_result(field),
        None => ground::nothing(field),
    }
}

/// Whether a column's name or labels mean this concept of the data.
pub(crate) fn means(column: &ColumnSpec, concept: &str) -> bool {
    Target::new(column).is(concept)
}

/// How often each number stands in the document, for sums to be looked up in.
fn printed_numbers(lines: &Lines<'_>, locale: &Locale) -> HashMap<Decimal, usize> {
    let mut counts = HashMap::new();
    let numbers = lines
        .lines
        .iter()
        .flat_map(|line| {
            line.phrases.iter().flat_map(|p| numbers::find(&line.tokens[p.clone()], locale.decimal))
        })
        .filter(|found| !found.number.percent)
        .filter_map(|found| found.decimal().map(|d| d.normalize()));
    for number in numbers {
        *counts.entry(number).or_insert(0) += 1;
    }
    counts
}

/// A reading of the document's table.
struct Table {
    rows: Vec<Vec<Option<Cell>>>,
    /// How well each column is named by its header, 0 to 1.
    affinities: Vec<f32>,
    /// For each row, whether its product holds.
    products: Vec<Option<bool>>,
    sum_holds: bool,
    /// To compare readings with.
    score: f32,
}

impl Table {
    #[expect(clippy::too_many_arguments, reason = "all of them are what a reading is made from")]
    fn read(
        lines: &Lines<'_>,
        field: &FieldSpec,
        targets: &[Target],
        header: &Header,
        repeats: &[&Header],
        mapping: &Mapping,
        locale: &Locale,
        printed: &HashMap<Decimal, usize>,
    ) -> Option<Self> {
        let plan = Plan::new(header, mapping, targets, locale.decimal)?;
        let runs = body::runs(lines, header, repeats, &plan);
        let reader = Reader { specs: &field.columns, targets, mapping, locale };
        let rows: Vec<Vec<Option<Cell>>> = reader.read(&rows::rows(&runs, lines, &plan), &runs);
        let rows: Vec<_> = rows.into_iter().filter(|row| row.iter().flatten().next().is_some()).collect();
        if rows.is_empty() {
            return None;
        }
        let products: Vec<Option<bool>> = rows.iter().map(|row| arithmetic::check(targets, row)).collect();
        let sum_holds = arithmetic::sum_is_printed(targets, &rows, printed);
        let mapped = mapping.cells.iter().flatten().count().max(1);
        let filled = rows.iter().flatten().flatten().count() as f32 / (rows.len() * mapped) as f32;
        let right = products.iter().filter(|p| **p == Some(true)).count() as f32 / rows.len() as f32;
        let worded = worded(targets, &rows);
        if let Some(column) = mapping.guess {
            let confirmed = if targets[column].is("description") { worded } else { right };
            if confirmed < CONFIRMED {
                return None;
            }
        }
        let score = mapping.score * filled + right + 0.5 * worded + if sum_holds { 0.5 } else { 0.0 };
        let affinities = mapping.cells.iter().map(|m| m.map_or(0.0, |m| m.affinity)).collect();
        Some(Self { rows, affinities, products, sum_holds, score })
    }

    /// Rows without a header; only where most products hold or the sum does.
    fn without_header(
        lines: &Lines<'_>,
        targets: &[Target],
        locale: &Locale,
        printed: &HashMap<Decimal, usize>,
    ) -> Option<Self> {
        let rows = unlabelled::rows(lines, targets, locale.decimal);
        let products: Vec<Option<bool>> = rows.iter().map(|row| arithmetic::check(targets, row)).collect();
        let right = products.iter().filter(|p| **p == Some(true)).count();
        let sum_holds = arithmetic::sum_is_printed(targets, &rows, printed);
        (sum_holds || 2 * right > rows.len()).then(|| Self {
            affinities: vec![UNLABELLED; targets.len()],
            rows,
            products,
            sum_holds,
            score: 0.0,
        })
    }

    fn into_result(self, field: &FieldSpec) -> FieldResult {
        let confidences: Vec<Vec<f32>> = self
            .rows
            .iter()
            .zip(&self.products)
            .map(|(row, &product)| self.confidences(row, product))
            .collect();
        let all: Vec<f32> = confidences.iter().flatten().copied().filter(|&c| c > 0.0).collect();
        let confidence = all.iter().sum::<f32>() / all.len().max(1) as f32;
        let page = self.rows.iter().flatten().flatten().map(|cell| cell.provenance.page).min();
        let bbox = self
            .rows
            .iter()
            .flatten()
            .flatten()
            .filter(|cell| Some(cell.provenance.page) == page)
            .map(|cell| cell.provenance.bbox)
            .reduce(BoundingBox::union);
        let source = self.rows.first().map(|row| {
            row.iter().flatten().map(|cell| cell.provenance.source.as_str()).collect::<Vec<_>>().join(" ")
        });
        let mut values = Vec::with_capacity(self.rows.len());
        let mut cells = Vec::with_capacity(self.rows.len());
        for (row, confidences) in self.rows.into_iter().zip(confidences) {
            let mut value: IndexMap<String, Option<String>> = IndexMap::new();
            let mut places: IndexMap<String, CellResult> = IndexMap::new();
            for ((column, cell), confidence) in field.columns.iter().zip(row).zip(confidences) {
                value.insert(column.name.clone(), cell.as_ref().map(|c| c.value.clone()));
                if let Some(cell) = cell {
                    places
                        .insert(column.name.clone(), CellResult { provenance: cell.provenance, confidence });
                }
            }
            values.push(value);
            cells.push(places);
        }
        FieldResult {
            value: Some(FieldValue::Rows(values)),
            source,
            page,
            bbox,
            cells: Some(cells),
            confidence,
            method: Some(Method::Table),
            ..ground::nothing(field)
        }
    }

    /// How sure each cell of a row is; 0 for an absent one.
    fn confidences(&self, row: &[Option<Cell>], product: Option<bool>) -> Vec<f32> {
        row.iter()
            .zip(&self.affinities)
            .map(|(cell, affinity)| {
                let Some(cell) = cell else { return 0.0 };
                let mut doubt = 0.1 + 0.3 * (1.0 - affinity);
                if !cell.certain {
                    doubt += 0.2;
                }
                if cell.decimal.is_some() {
                    doubt *= match product {
                        Some(true) => 0.2,
                        Some(false) => 1.5,
                        None => 1.0,
                    };
                    if self.sum_holds {
                        doubt *= 0.5;
                    }
                }
                (1.0 - doubt).clamp(0.05, 0.99)
            })
            .collect()
    }
}

/// The share of rows whose description is made of words; codes and numbers are none.
fn worded(targets: &[Target], rows: &[Vec<Option<Cell>>]) -> f32 {
    let Some(column) = targets.iter().position(|t| t.is("description")) else { return 0.0 };
    let is_word = |word: &str| {
        word.chars().filter(|c| c.is_alphabetic()).count() >= 3
            && !word.contains(|c: char| c.is_ascii_digit())
    };
    let worded =
        rows.iter().filter(|row| row[column].as_ref().is_some_and(|cell| cell.value.split(' ').any(is_word)));
    worded.count() as f32 / rows.len().max(1) as f32
}
