//! A reading of the document's table: what speaks for it, and the result it makes.

use indexmap::IndexMap;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;
use sheaf_types::{BoundingBox, CellResult, FieldResult, FieldSpec, FieldValue, Method};

use super::arithmetic;
use super::cells::Cell;
use super::header::Mapping;
use super::lexicon::Content;
use super::target::Target;
use crate::ground;

/// What rows can add to the score of a mapping: products, words and the sum.
pub(super) const MOST_EVIDENCE: f32 = 2.0;
/// Share of the rows that must confirm a column whose header does not name it.
const CONFIRMED: f32 = 0.6;
/// What a column without a header counts.
const UNLABELLED: f32 = 0.7;
/// Rows that make a table of columns without numbers, or of amounts that nothing confirms.
const FEWEST_ROWS: usize = 2;

// Doubts, as shares of cells that are wrong, measured on development documents and on generated ones.

/// A number whose row's product holds.
const CONFIRMED_NUMBER: f32 = 0.01;
/// A number that nothing confirms, or that its row's product speaks against.
const NUMBER: f32 = 0.05;
/// A text, where its end is a matter of definition.
const TEXT: f32 = 0.05;
/// A header that is not a known label, for each tenth of similarity that is missing.
const LOOSE_HEADER: f32 = 0.03;
/// A number that can be read in two ways.
const AMBIGUOUS: f32 = 0.15;
/// A table in which no product and no sum holds.
const UNCONFIRMED: f32 = 0.12;
/// Affinity of a header that is a known label.
const NAMED: f32 = 0.9;

/// Rows and the evidence for them.
pub(super) struct Reading {
    /// In the order of the template's columns.
    rows: Vec<Vec<Option<Cell>>>,
    /// How well each column is named by its header, 0 to 1.
    affinities: Vec<f32>,
    /// For each row, whether its product holds.
    products: Vec<Option<bool>>,
    sum_holds: bool,
    /// To compare readings with.
    pub(super) score: f32,
}

impl Reading {
    /// `None` where the rows do not make a table.
    pub(super) fn of_mapping(
        rows: Vec<Vec<Option<Cell>>>,
        mapping: &Mapping,
        targets: &[Target],
        printed: &FxHashMap<Decimal, usize>,
    ) -> Option<Self> {
        let affinities = mapping.cells.iter().map(|m| m.map_or(0.0, |m| m.affinity)).collect();
        let mut reading = Self::new(rows, affinities, targets, printed)?;
        let products = reading.products_share();
        let worded = reading.worded(targets);
        if let Some(column) = mapping.guess {
            let confirmed = if targets[column].is("description") { worded } else { products };
            if confirmed < CONFIRMED {
                return None;
            }
        }
        if !reading.is_table(targets, worded) {
            return None;
        }
        let mapped = mapping.cells.iter().flatten().count();
        let filled = reading.cells().count() as f32 / (reading.rows.len() * mapped).max(1) as f32;
        let sum = if reading.sum_holds { 0.5 } else { 0.0 };
        reading.score = mapping.score * filled + products + 0.5 * worded + sum;
        reading.score -= if reading.is_swapped(targets) { 0.5 } else { 0.0 };
        Some(reading)
    }

    /// Rows without a header; `None` unless most products hold or the sum does.
    pub(super) fn without_header(
        rows: Vec<Vec<Option<Cell>>>,
        targets: &[Target],
        printed: &FxHashMap<Decimal, usize>,
    ) -> Option<Self> {
        let reading = Self::new(rows, vec![UNLABELLED; targets.len()], targets, printed)?;
        (reading.sum_holds || reading.products_share() > 0.5).then_some(reading)
    }

    fn new(
        mut rows: Vec<Vec<Option<Cell>>>,
        affinities: Vec<f32>,
        targets: &[Target],
        printed: &FxHashMap<Decimal, usize>,
    ) -> Option<Self> {
        rows.retain(|row| row.iter().any(Option::is_some));
        if rows.is_empty() {
            return None;
        }
        let products = rows.iter().map(|row| arithmetic::check(targets, row)).collect();
        let sum_holds = arithmetic::sum_is_printed(targets, &rows, printed);
        Some(Self { rows, affinities, products, sum_holds, score: 0.0 })
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flatten().flatten()
    }

    /// The share of rows whose product holds.
    fn products_share(&self) -> f32 {
        self.products.iter().filter(|p| **p == Some(true)).count() as f32 / self.rows.len() as f32
    }

    /// The share of rows whose description is made of words; codes and numbers are none.
    fn worded(&self, targets: &[Target]) -> f32 {
        let Some(column) = targets.iter().position(|t| t.is("description")) else { return 0.0 };
        let is_word = |word: &str| {
            word.chars().filter(|c| c.is_alphabetic()).count() >= 3
                && !word.contains(|c: char| c.is_ascii_digit())
        };
        let is_worded = |row: &&Vec<Option<Cell>>| {
            row[column].as_ref().is_some_and(|cell| cell.value.split(' ').any(is_word))
        };
        self.rows.iter().filter(is_worded).count() as f32 / self.rows.len() as f32
    }

    /// Whether the rows are more than a heading over a line that happens to have a number.
    fn is_table(&self, targets: &[Target], worded: f32) -> bool {
        if self.sum_holds || self.products.contains(&Some(true)) {
            return true;
        }
        let numeric: Vec<usize> = (0..targets.len()).filter(|&c| targets[c].content().is_numeric()).collect();
        if numeric.is_empty() {
            return self.rows.len() >= FEWEST_ROWS;
        }
        let described = worded >= 0.5 || !targets.iter().any(|t| t.is("description"));
        if !targets.iter().any(|t| t.content() == Content::Money) {
            return described && self.rows.len() >= FEWEST_ROWS;
        }
        let amounts = self
            .rows
            .iter()
            .filter(|row| numeric.iter().any(|&c| row[c].as_ref().is_some_and(Cell::is_amount)));
        let full =
            self.rows.iter().filter(|row| numeric.iter().filter(|&&c| row[c].is_some()).count() >= 2).count();
        described
            && (2 * amounts.count() >= self.rows.len() || 2 * full >= self.rows.len() && full >= FEWEST_ROWS)
    }

    /// Whether quantities have decimals and prices have none: most likely each is the other.
    fn is_swapped(&self, targets: &[Target]) -> bool {
        let Some([quantity, price, _]) = arithmetic::factors(targets) else { return false };
        let scale = |row: &[Option<Cell>], column: usize| {
            row[column].as_ref().and_then(|cell| cell.decimal).map(|decimal| decimal.scale())
        };
        let swapped = self
            .rows
            .iter()
            .filter(|row| scale(row, quantity).zip(scale(row, price)).is_some_and(|(q, p)| q >= 2 && p == 0));
        2 * swapped.count() > self.rows.len()
    }

    /// The result; `needs_review` is open.
    pub(super) fn into_result(self, field: &FieldSpec) -> FieldResult {
        let confidences = self.confidences();
        let means: Vec<f32> = confidences
            .iter()
            .zip(&self.rows)
            .map(|(row, cells)| row.iter().sum::<f32>() / cells.iter().flatten().count().max(1) as f32)
            .collect();
        // A table is right if all its rows are: less likely than any of them.
        let mean = means.iter().sum::<f32>() / means.len().max(1) as f32;
        let worst = means.iter().copied().fold(1.0, f32::min);
        let page = self.cells().map(|cell| cell.provenance.page).min();
        let on_page = self.cells().filter(|cell| Some(cell.provenance.page) == page);
        let bbox = on_page.map(|cell| cell.provenance.bbox).reduce(BoundingBox::union);
        let source = self.rows.first().map(|row| {
            row.iter().flatten().map(|cell| cell.provenance.source.as_str()).collect::<Vec<_>>().join(" ")
        });
        let mut values = Vec::with_capacity(self.rows.len());
        let mut cells = Vec::with_capacity(self.rows.len());
        for (row, confidences) in self.rows.into_iter().zip(confidences) {
            let mut value: IndexMap<String, Option<String>> = IndexMap::with_capacity(row.len());
            let mut places: IndexMap<String, CellResult> = IndexMap::with_capacity(row.len());
            for ((column, cell), confidence) in field.columns.iter().zip(row).zip(confidences) {
                let (text, provenance) = cell.map(|cell| (cell.value, cell.provenance)).unzip();
                value.insert(column.name.clone(), text);
                if let Some(provenance) = provenance {
                    places.insert(column.name.clone(), CellResult { provenance, confidence });
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
            confidence: mean * worst,
            method: Some(Method::Table),
            ..ground::nothing(field)
        }
    }

    /// How sure each cell is; 0 for an absent one.
    fn confidences(&self) -> Vec<Vec<f32>> {
        let confirmed = self.sum_holds || self.products.contains(&Some(true));
        let of_cell = |cell: &Option<Cell>, affinity: f32, product: Option<bool>| {
            let Some(cell) = cell else { return 0.0 };
            let mut doubt = match cell.decimal {
                Some(_) if product == Some(true) => CONFIRMED_NUMBER,
                Some(_) if self.sum_holds => f32::midpoint(CONFIRMED_NUMBER, NUMBER),
                Some(_) => NUMBER,
                None => TEXT,
            };
            if product != Some(true) {
                doubt += LOOSE_HEADER * 10.0 * (NAMED - affinity).max(0.0);
                doubt += if cell.certain { 0.0 } else { AMBIGUOUS };
            }
            doubt += if confirmed { 0.0 } else { UNCONFIRMED };
            (1.0 - doubt).clamp(0.0, 1.0)
        };
        self.rows
            .iter()
            .zip(&self.products)
            .map(|(row, &product)| {
                row.iter()
                    .zip(&self.affinities)
                    .map(|(cell, &affinity)| of_cell(cell, affinity, product))
                    .collect()
            })
            .collect()
    }
}
