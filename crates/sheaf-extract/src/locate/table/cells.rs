//! Cells: from the words of a row in a column to a value with its source and box.

use rust_decimal::Decimal;
use sheaf_types::{BoundingBox, ColumnSpec, FieldKind, Provenance};

use super::arithmetic;
use super::body::{Plan, Run};
use super::header::{MappedCell, Mapping};
use super::lexicon::Content;
use super::lines::{Token, join};
use super::numbers::{self, Found};
use super::rows::Row;
use super::target::Target;
use crate::parse::number::Number;
use crate::parse::{self, Locale};

/// Gap between lines of one text, in line heights.
const WRAPPED_GAP: f32 = 0.7;
/// Difference of font sizes of one text, as a share.
const SAME_SIZE: f32 = 0.07;
/// Share of its column that text fills where it wraps: of two lines, and of more.
const WRAPPED_WIDTH: (f32, f32) = (0.65, 0.45);
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
    /// Whether it is written as an amount of money: with a currency, cents or grouped thousands.
    money: bool,
}

impl Cell {
    /// Whether it is written as an amount of money.
    pub(super) fn is_amount(&self) -> bool {
        self.money
    }
}

/// Where the texts of a column end on the right.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// Where the next column begins.
    limit: f32,
    /// The rightmost end of a text before that.
    used: f32,
    /// Whether some row has a second line for which the first had room: details stand on lines of their own.
    details: bool,
}

/// The template's columns and their places in the table.
pub(super) struct Reader<'r> {
    pub(super) specs: &'r [ColumnSpec],
    pub(super) targets: &'r [Target],
    pub(super) mapping: &'r Mapping,
    pub(super) plan: &'r Plan,
    pub(super) locale: &'r Locale,
}

impl Reader<'_> {
    /// The rows' cells in the order of the template's columns.
    pub(super) fn read(&self, rows: &[Row], runs: &[Run<'_, '_>]) -> Vec<Vec<Option<Cell>>> {
        let edges = self.text_edges(rows, runs);
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

    /// For each run and column, where its texts end on the right.
    fn text_edges(&self, rows: &[Row], runs: &[Run<'_, '_>]) -> Vec<Vec<Edge>> {
        let mut edges: Vec<Vec<Edge>> = runs
            .iter()
            .map(|run| {
                let limit = |cell: usize| run.columns.get(cell + 1).map_or(f32::INFINITY, |next| next.x0);
                let edge = |mapped: &Option<MappedCell>| Edge {
                    limit: mapped.map_or(f32::INFINITY, |m| limit(m.cell)),
                    used: f32::NEG_INFINITY,
                    details: false,
                };
                self.mapping.cells.iter().map(edge).collect()
            })
            .collect();
        for row in rows {
            for (column, mapped) in self.mapping.cells.iter().enumerate() {
                let Some(mapped) = mapped.filter(|_| self.specs[column].kind == FieldKind::Text) else {
                    continue;
                };
                let edge = &mut edges[row.run][column];
                let ends = right_ends(&block(mapped, row, &runs[row.run]));
                edge.used = ends.into_iter().filter(|&x1| x1 <= edge.limit).fold(edge.used, f32::max);
            }
        }
        for row in rows {
            for (column, mapped) in self.mapping.cells.iter().enumerate() {
                let Some(mapped) = mapped.filter(|_| self.specs[column].kind == FieldKind::Text) else {
                    continue;
                };
                let edge = &mut edges[row.run][column];
                let block = block(mapped, row, &runs[row.run]);
                edge.details |= block.get(..2).is_some_and(|pair| has_room(pair[0], pair[1], edge.used));
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
        edge: Edge,
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
            || self.specs[column].kind == FieldKind::Number && !self.targets[column].is_known();
        let mut lines: Vec<usize> = row.lines.clone().collect();
        lines.sort_by_key(|&i| (i.abs_diff(row.anchor), i));
        let mut cells = Vec::new();
        for line in lines {
            let tokens = run.lines[line].cell(cell);
            if run.lines[line].is_prose_at(self.plan, cell) && !run.lines[line].product_holds {
                continue;
            }
            for found in numbers::find(tokens, self.locale.decimal) {
                if found.number.percent && !percent || follows_words(&tokens[..found.words.start]) {
                    continue;
                }
                cells.push(of_number(&found, tokens));
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
                        provenance: provenance(source, words),
                        certain: parsed.certain,
                        decimal: None,
                        money: false,
                    })
                })
            })
        })
    }
}

/// The cell of a number among these words.
pub(super) fn of_number(found: &Found<'_>, tokens: &[Token<'_>]) -> Cell {
    Cell {
        value: found.number.value.clone(),
        provenance: provenance(found.source.clone().into_owned(), &tokens[found.words.clone()]),
        certain: found.number.certain,
        decimal: found.decimal(),
        money: is_money(&found.number),
    }
}

/// Whether a number behind these words stands in running text: "1 to 31 July".
fn follows_words(before: &[Token<'_>]) -> bool {
    let words = before.iter().rev().take_while(|t| !t.number && !t.attached && !t.text().ends_with(':'));
    words.count() >= 2
}

fn is_money(number: &Number) -> bool {
    number.currency.is_some() || number.grouped || matches!(number.decimals, 2 | 3)
}

/// The cell of these words as they stand.
pub(super) fn of_text(words: &[Token<'_>]) -> Cell {
    let source = join(words);
    Cell {
        value: source.clone(),
        provenance: provenance(source, words),
        certain: true,
        decimal: None,
        money: false,
    }
}

fn provenance(source: String, tokens: &[Token<'_>]) -> Provenance {
    let bbox = tokens.iter().map(|t| t.word.bbox).reduce(BoundingBox::union);
    Provenance {
        source,
        page: tokens.first().map_or(1, |token| token.page),
        bbox: bbox.unwrap_or(BoundingBox { x0: 0.0, y0: 0.0, x1: 0.0, y1: 0.0 }),
        cell: None,
    }
}

/// The text that names the row: its first line and those it wraps to; details that follow on lines of their own are
/// left out.
fn text(mapped: MappedCell, row: &Row, run: &Run<'_, '_>, edge: Edge) -> Option<Cell> {
    let block = block(mapped, row, run);
    let used = right_ends(&block).into_iter().fold(edge.used, f32::max);
    let start = block.first()?.first()?.x0;
    let width = if block.len() == 2 { WRAPPED_WIDTH.0 } else { WRAPPED_WIDTH.1 };
    let narrow = edge.limit.is_finite() && used - start < width * (edge.limit - start);
    let room = if edge.details { used.max(edge.limit) } else { used };
    let wraps = |pair: &[&[Token<'_>]]| {
        is_open(pair[0]) || !narrow && !has_room(pair[0], pair[1], room) && !is_detail(pair[1])
    };
    let wrapped = block.windows(2).take_while(|pair| wraps(pair)).count();
    let words: Vec<Token<'_>> = block.get(..=wrapped)?.concat();
    Some(of_text(&words))
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

fn right_ends(block: &[&[Token<'_>]]) -> Vec<f32> {
    block.iter().filter_map(|line| line.last()).map(|token| token.x1).collect()
}

/// Whether two words of lines below each other belong to one block.
fn is_close(last: &Token<'_>, next: &Token<'_>) -> bool {
    let height = last.height().min(next.height()).max(1.0);
    next.word.bold == last.word.bold
        && (next.word.font_size - last.word.font_size).abs() < SAME_SIZE * last.word.font_size.max(1.0)
        && next.y0 - last.y1 < WRAPPED_GAP * height
}

/// Whether a line had room for the first word of the next: text wraps only where it had none, so a word that had
/// room starts a line of its own.
fn has_room(line: &[Token<'_>], next: &[Token<'_>], edge: f32) -> bool {
    let (Some(last), Some(next)) = (line.last(), next.first()) else { return true };
    edge - last.x1 - 0.5 * (last.character + next.character) >= next.x1 - next.x0
}

/// Whether a line ends in the middle of a word or a list.
fn is_open(line: &[Token<'_>]) -> bool {
    line.last().is_some_and(|last| last.text().ends_with(['-', '/', ',', '&']))
}

/// `GTIN: 4012345…`: a label and its value.
fn is_detail(line: &[Token<'_>]) -> bool {
    line.iter().take(3).any(|token| token.text().ends_with(':') || token.text() == ":")
}
