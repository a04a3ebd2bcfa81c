//! Cells: from the words of a row in a column to a value with its source and box.

use rust_decimal::Decimal;
use sheaf_types::{BoundingBox, ColumnSpec, FieldKind, Provenance};

use super::arithmetic;
use super::header::{MappedCell, Mapping};
use super::lexicon::{Content, Target};
use super::lines::{Token, join};
use super::numbers::{self, Found};
use super::rows::{Row, Run};
use crate::parse::{self, Locale};

/// Gap between lines of one text, in line heights.
const WRAPPED_GAP: f32 = 0.7;
/// Numbers of a cell that are tried against the row's others.
const MOST_READINGS: usize = 6;
/// Words of the longest date.
const LONGEST_DATE: usize = 5;

/// A cell's value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) value: String,
    pub(super) provenance: Provenance,
    /// Whether the text can be read in one way only.
    pub(super) certain: bool,
    /// The value of a cell that is a number.
    pub(super) decimal: Option<Decimal>,
}

/// The template's columns and their places in the table.
pub(super) struct Reader<'r> {
    pub(super) specs: &'r [ColumnSpec],
    pub(super) targets: &'r [Target],
    pub(super) mapping: &'r Mapping,
    pub(super) locale: &'r Locale,
}

impl Reader<'_> {
    /// The rows' cells in the order of the template's columns.
    pub(super) fn read(&self, rows: &[Row], runs: &[Run<'_, '_>]) -> Vec<Vec<Option<Cell>>> {
        let edges = self.right_edges(rows, runs);
        rows.iter()
            .map(|row| {
                let mut readings: Vec<Vec<Cell>> = self
                    .mapping
                    .cells
                    .iter()
                    .enumerate()
                    .map(|(column, mapped)| {
                        mapped.map_or_else(Vec::new, |mapped| {
                            self.readings(column, mapped, row, &runs[row.run], edges[row.run][column])
                        })
                    })
                    .collect();
                arithmetic::settle(self.targets, &mut readings);
                readings.into_iter().map(|cells| cells.into_iter().next()).collect()
            })
            .collect()
    }

    /// For each run and column, how far to the right its texts reach without running under the next column.
    fn right_edges(&self, rows: &[Row], runs: &[Run<'_, '_>]) -> Vec<Vec<f32>> {
        let mut edges = vec![vec![f32::NEG_INFINITY; self.specs.len()]; runs.len()];
        for row in rows {
            let run = &runs[row.run];
            for (column, mapped) in self.mapping.cells.iter().enumerate() {
                let Some(mapped) = mapped.filter(|_| self.specs[column].kind == FieldKind::Text) else {
                    continue;
                };
                let limit = run.columns.get(mapped.cell + 1).map_or(f32::INFINITY, |next| next.x0);
                let edge = &mut edges[row.run][column];
                *edge = right_ends(&block(mapped, row, run)).filter(|&x1| x1 <= limit).fold(*edge, f32::max);
            }
        }
        edges
    }

    /// What a cell may say, the likeliest first.
    fn readings(
        &self,
        column: usize,
        mapped: MappedCell,
        row: &Row,
        run: &Run<'_, '_>,
        edge: f32,
    ) -> Vec<Cell> {
        let spec = &self.specs[column];
        match spec.kind {
            FieldKind::Number | FieldKind::Currency => self.numbers(column, mapped.cell, row, run),
            FieldKind::Text => text(mapped, row, run, edge).into_iter().collect(),
            FieldKind::Date | FieldKind::Enum | FieldKind::Table => {
                self.typed(spec, mapped.cell, row, run).into_iter().collect()
            }
        }
    }

    /// Numbers of the cell: those of the row's anchor first, then by their distance from it.
    fn numbers(&self, column: usize, cell: usize, row: &Row, run: &Run<'_, '_>) -> Vec<Cell> {
        let percent = matches!(self.targets[column].content(), Content::Percent | Content::Any)
            || self.specs[column].kind == FieldKind::Number && self.targets[column].concept.is_none();
        let mut lines: Vec<usize> = row.lines.clone().collect();
        lines.sort_by_key(|&i| (i.abs_diff(row.anchor), i));
        let mut cells = Vec::new();
        for line in lines {
            let tokens = run.lines[line].cell(cell);
            for found in numbers::find(tokens, self.locale.decimal) {
                if found.number.percent && !percent {
                    continue;
                }
                cells.push(number_cell(found, tokens, run.page));
                if cells.len() == MOST_READINGS {
                    return cells;
                }
            }
        }
        cells
    }

    /// A date or one of an enum's values: the longest run of words that reads as one, on the first line that has any.
    fn typed(&self, spec: &ColumnSpec, cell: usize, row: &Row, run: &Run<'_, '_>) -> Option<Cell> {
        row.lines.clone().find_map(|line| {
            let tokens = run.lines[line].cell(cell);
            (1..=tokens.len().min(LONGEST_DATE)).rev().find_map(|length| {
                tokens.windows(length).find_map(|words| {
                    let source = join(words);
                    let parsed = parse::value(spec.kind, &source, self.locale, &spec.enum_values)?;
                    Some(Cell {
                        value: parsed.value,
                        provenance: provenance(source, words, run.page),
                        certain: parsed.certain,
                        decimal: None,
                    })
                })
            })
        })
    }
}

fn number_cell(found: Found, tokens: &[Token<'_>], page: usize) -> Cell {
    let decimal = found.decimal();
    Cell {
        provenance: provenance(found.source, &tokens[found.words], page),
        certain: found.number.certain,
        decimal,
        value: found.number.value,
    }
}

fn provenance(source: String, tokens: &[Token<'_>], page: usize) -> Provenance {
    let bbox = tokens.iter().map(|t| t.word.bbox).reduce(BoundingBox::union);
    Provenance {
        source,
        page: u32::try_from(page + 1).unwrap_or(u32::MAX),
        bbox: bbox.unwrap_or(BoundingBox { x0: 0.0, y0: 0.0, x1: 0.0, y1: 0.0 }),
        cell: None,
    }
}

/// The text that names the row: its first line and those it wraps to; details that follow on lines of their own are
/// left out.
fn text(mapped: MappedCell, row: &Row, run: &Run<'_, '_>, edge: f32) -> Option<Cell> {
    let block = block(mapped, row, run);
    let edge = right_ends(&block).fold(edge, f32::max);
    let wrapped =
        block.windows(2).take_while(|pair| is_full(pair[0], pair[1], edge) && !is_detail(pair[1])).count();
    let words: Vec<Token<'_>> = block.get(..=wrapped)?.concat();
    let source = join(&words);
    Some(Cell {
        value: source.clone(),
        provenance: provenance(source, &words, run.page),
        certain: true,
        decimal: None,
    })
}

/// The first lines of a row's text right below each other, with the same left edge and style.
fn block<'r, 'd>(mapped: MappedCell, row: &Row, run: &'r Run<'_, 'd>) -> Vec<&'r [Token<'d>]> {
    let mut block: Vec<&[Token<'_>]> = Vec::new();
    for index in row.lines.start + mapped.labels_above..row.lines.end {
        let line = &run.lines[index];
        let Some(&last) = block.last().and_then(|previous| previous.last()) else {
            block.extend(Some(line.cell(mapped.cell)).filter(|cell| !cell.is_empty()));
            continue;
        };
        let next = line.aligned(mapped.cell, &block[0][0]);
        match next.first() {
            Some(first) if is_close(&last, first) => block.push(next),
            Some(_) => break,
            None => {}
        }
    }
    block
}

fn right_ends(block: &[&[Token<'_>]]) -> impl Iterator<Item = f32> {
    block.iter().filter_map(|line| line.last()).map(|token| token.x1)
}

/// Whether two words of lines below each other belong to one block.
fn is_close(last: &Token<'_>, next: &Token<'_>) -> bool {
    let height = last.height().min(next.height()).max(1.0);
    next.word.bold == last.word.bold
        && (next.word.font_size - last.word.font_size).abs() < 0.15 * last.word.font_size.max(1.0)
        && next.y0 - last.y1 < WRAPPED_GAP * height
}

/// Whether a line had no room for the first word of the next: text wraps only then, so a word that had room starts a
/// line of its own.
fn is_full(line: &[Token<'_>], next: &[Token<'_>], edge: f32) -> bool {
    let (Some(last), Some(next)) = (line.last(), next.first()) else { return false };
    let room = edge - last.x1 - 0.5 * (last.character() + next.character());
    last.text().ends_with(['-', '/', ',', '&']) || room < next.x1 - next.x0
}

/// `GTIN: 4012345…`: a label and its value.
fn is_detail(line: &[Token<'_>]) -> bool {
    line.iter().take(3).any(|token| token.text().ends_with(':') || token.text() == ":")
}
