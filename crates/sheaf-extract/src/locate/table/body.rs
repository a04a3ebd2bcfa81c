//! The body of a table: its lines, the columns of their words, and where the table ends.

use super::arithmetic;
use super::columns::{self, Assignment, Column};
use super::header::{Header, Mapping};
use super::lexicon::{Content, Likeness, Stop};
use super::lines::{Line, Lines, Token};
use super::numbers::{self, Found};
use super::target::Target;
use crate::parse::DecimalMark;

/// Words that may follow the number of a cell that is a number and nothing else: a unit, a mark for the tax.
const MOST_WORDS_AFTER: usize = 2;
/// Columns that a row after the table's end has to fill as the first row did.
const SHORTEST_PATTERN: usize = 3;

/// The columns of a table as rows are found by them.
#[derive(Debug)]
pub(super) struct Plan {
    /// What stands in each cell of the header.
    contents: Vec<Content>,
    /// Header cells of the template's columns that hold numbers.
    pub(super) numeric: Vec<usize>,
    /// Header cells of all the template's columns.
    mapped: Vec<usize>,
    /// The header cell whose content makes a line a row.
    pub(super) key: usize,
    /// Header cell of the first column of text.
    text: Option<usize>,
    /// Header cells of quantity, unit price and amount.
    factors: Option<[usize; 3]>,
    mark: DecimalMark,
}

impl Plan {
    /// `None` where no column has a place.
    pub(super) fn new(
        header: &Header,
        mapping: &Mapping,
        targets: &[Target],
        mark: DecimalMark,
    ) -> Option<Self> {
        let mut contents: Vec<Content> = header.cells.iter().map(|cell| cell.content).collect();
        let mapped = || mapping.cells.iter().zip(targets).filter_map(|(m, t)| m.map(|m| (m.cell, t)));
        for (cell, target) in mapped() {
            contents[cell] = target.content();
        }
        let of = |wanted: &dyn Fn(&Target) -> bool| mapped().filter(|(_, t)| wanted(t)).map(|(c, _)| c).max();
        let key = of(&|t| t.is("line_total") && t.content().is_numeric())
            .or_else(|| of(&|t| t.content() == Content::Money))
            .or_else(|| of(&|t| t.content().is_numeric()))
            .or_else(|| of(&|t| t.content() == Content::Date))
            .or_else(|| mapped().map(|(c, _)| c).min())?;
        let text = mapped()
            .find(|(_, t)| t.is("description"))
            .or_else(|| mapped().find(|(_, t)| t.content() == Content::Text))
            .map(|(c, _)| c);
        let mut cells: Vec<usize> = mapped().map(|(c, _)| c).collect();
        cells.sort_unstable();
        let numeric = cells.iter().copied().filter(|&c| contents[c].is_numeric()).collect();
        let factors = arithmetic::factors(targets).and_then(|columns| {
            let [quantity, price, amount] = columns.map(|column| mapping.cells[column].map(|m| m.cell));
            Some([quantity?, price?, amount?])
        });
        Some(Self { contents, numeric, mapped: cells, key, text, factors, mark })
    }

    /// Whether rows are known by a number.
    pub(super) fn has_numeric_key(&self) -> bool {
        self.contents[self.key].is_numeric()
    }
}

/// A line of the body and the columns of its words.
#[derive(Debug)]
pub(super) struct BodyLine<'l, 'd> {
    pub(super) line: &'l Line<'d>,
    assignment: Assignment,
    /// For each column of numbers in the plan, whether the cell is a number that suits it and nothing else but a unit.
    filled: Vec<bool>,
    /// Whether quantity × price is the amount.
    pub(super) product_holds: bool,
    /// Whether it starts or carries a row.
    pub(super) is_anchor: bool,
    /// Whether it has words in the column of text.
    pub(super) has_text: bool,
    /// The number that makes it a row.
    pub(super) key: Option<Found<'d>>,
}

impl<'l, 'd> BodyLine<'l, 'd> {
    fn new(line: &'l Line<'d>, assignment: Assignment, plan: &Plan) -> Self {
        let mut new = Self {
            line,
            assignment,
            filled: Vec::with_capacity(plan.numeric.len()),
            product_holds: false,
            is_anchor: false,
            has_text: false,
            key: None,
        };
        new.has_text = plan.text.is_some_and(|column| !new.cell(column).is_empty());
        let mut factors = [None; 3];
        for &column in &plan.numeric {
            let first = numbers::find(new.cell(column), plan.mark).next();
            new.filled.push(first.as_ref().is_some_and(|f| new.is_pure(column, f, plan.contents[column])));
            if let Some(at) = plan.factors.and_then(|factors| factors.iter().position(|&f| f == column)) {
                factors[at] = first.as_ref().and_then(Found::decimal);
            }
            if column == plan.key {
                new.key = first;
            }
        }
        if let [Some(quantity), Some(price), Some(amount)] = factors {
            new.product_holds = arithmetic::holds(quantity, price, amount);
        }
        new.is_anchor = if plan.has_numeric_key() {
            new.is_filled(plan, plan.key) && (new.product_holds || !new.is_prose(plan))
        } else {
            let filled = plan.mapped.iter().filter(|&&c| !new.cell(c).is_empty()).count();
            let enough = plan.mapped.len().div_ceil(2).max(plan.mapped.len().min(2));
            !new.cell(plan.key).is_empty() && filled >= enough
        };
        new
    }

    /// The words in a column: neighbours, since assignments never go back.
    pub(super) fn cell(&self, column: usize) -> &'l [Token<'d>] {
        let start = self.assignment.partition_point(|&c| c < column);
        let end = self.assignment.partition_point(|&c| c <= column);
        &self.line.tokens[start..end]
    }

    /// The words that continue a text of this column which starts at `start`, by their left edge.
    ///
    /// Text that runs under the next columns, or starts short of its own, is found all the same.
    pub(super) fn aligned(&self, column: usize, start: &Token<'_>) -> &'l [Token<'d>] {
        let is_aligned = |token: &Token<'_>| (token.x0 - start.x0).abs() < 0.5 * start.height();
        match self.line.phrases.iter().find(|phrase| is_aligned(&self.line.tokens[phrase.start])) {
            Some(phrase) => &self.line.tokens[phrase.clone()],
            None if self.cell(column).first().is_some_and(is_aligned) => self.cell(column),
            None => &[],
        }
    }

    pub(super) fn is_filled(&self, plan: &Plan, column: usize) -> bool {
        plan.numeric.iter().position(|&c| c == column).is_some_and(|at| self.filled[at])
    }

    /// How many columns of numbers are filled.
    fn count_filled(&self) -> usize {
        self.filled.iter().filter(|filled| **filled).count()
    }

    fn is_pure(&self, column: usize, number: &Found<'_>, content: Content) -> bool {
        let cell = self.cell(column);
        let fits = !number.number.percent || matches!(content, Content::Percent | Content::Any);
        let before = cell[..number.words.start].iter().any(|t| !t.attached);
        let after = cell[number.words.end..].iter().filter(|t| !t.attached).count();
        fits && !before && after <= MOST_WORDS_AFTER
    }

    /// Whether the words of a column stand in running text that begins in the column of text.
    pub(super) fn is_prose_at(&self, plan: &Plan, column: usize) -> bool {
        let at = self.assignment.partition_point(|&c| c < column);
        let phrase = self.line.phrases.iter().find(|phrase| phrase.contains(&at));
        phrase.is_some_and(|phrase| {
            Some(self.assignment[phrase.start]) == plan.text && !self.line.tokens[phrase.start].number
        })
    }

    fn is_prose(&self, plan: &Plan) -> bool {
        self.is_prose_at(plan, plan.key)
    }

    /// The columns that have words.
    fn pattern(&self) -> Vec<usize> {
        let mut columns = self.assignment.clone();
        columns.dedup();
        columns
    }

    /// Whether a line after the table's end is one more row: its product holds, or it fills all the columns that the
    /// first row filled.
    fn goes_on(&self, plan: &Plan, first: Option<&[usize]>) -> bool {
        let own = self.pattern();
        let same = first.is_some_and(|first| {
            first.len() >= SHORTEST_PATTERN && first.iter().all(|column| own.contains(column))
        });
        let worded = plan.text.is_some_and(|c| self.cell(c).iter().any(|t| !t.number && !t.attached));
        self.product_holds || self.is_anchor && worded && same
    }

    /// Whether the line has words over all columns and no number, so that it can only be the header of another table.
    fn heads_another(&self, plan: &Plan) -> bool {
        !plan.numeric.is_empty()
            && plan.mapped.len() >= SHORTEST_PATTERN
            && !self.line.tokens.iter().any(|token| token.number)
            && plan.mapped.iter().all(|&column| !self.cell(column).is_empty())
            && self.line.phrases.len() >= plan.mapped.len()
    }

    /// Whether the line is no row, and what that means for the lines after it.
    fn stop(&self, plan: &Plan) -> Option<Stop> {
        if self.line.heads_a_table() {
            return Some(Stop::End);
        }
        if self.product_holds {
            return None;
        }
        let filled = self.count_filled();
        let mut stops = self.line.endings().iter().filter_map(|ending| {
            let column = self.assignment[self.line.phrases[ending.phrase].start];
            let applies = match ending.stop {
                Stop::End => ending.phrase == 0 && filled < 2,
                _ if filled < 2 => true,
                // A row may have a tax or a discount among its cells, but is not called so.
                _ if plan.text.is_some_and(|text| column > text) => false,
                _ => match ending.likeness {
                    Likeness::Label => true,
                    Likeness::Start => filled < plan.numeric.len(),
                    Likeness::Weak => self.key.as_ref().is_some_and(|key| key.number.value.starts_with('-')),
                },
            };
            applies.then_some(ending.stop)
        });
        let (first, second) = (stops.next()?, stops.next());
        if first == Stop::End {
            return Some(first);
        }
        // A detail in a row's text may be called "Tax" as well: a total has its amount among the numbers, or it is
        // one of several labels with the amounts below.
        let from = self.assignment.partition_point(|&c| c < plan.key);
        if has_amount(&self.line.tokens[from..]) {
            return Some(if second.is_some() { Stop::Total } else { first });
        }
        (second.is_some() && !has_amount(&self.line.tokens)).then_some(Stop::Total)
    }
}

/// Whether there is a number that is no percentage.
fn has_amount(tokens: &[Token<'_>]) -> bool {
    tokens.iter().enumerate().any(|(i, token)| {
        let percent = token.percent || tokens.get(i + 1).is_some_and(|t| t.text().starts_with('%'));
        token.number && !percent
    })
}

/// Lines of a page under one header, without anything between them that is no row.
#[derive(Debug)]
pub(super) struct Run<'l, 'd> {
    pub(super) lines: Vec<BodyLine<'l, 'd>>,
    /// The columns as wide as what stands in them.
    pub(super) columns: Vec<Column>,
    /// Index of the page.
    pub(super) page: usize,
}

/// The lines of the table below `header` and its repetitions, cut where lines are no rows.
pub(super) fn runs<'l, 'd>(
    lines: &'l Lines<'d>,
    header: &Header,
    repeats: &[&Header],
    plan: &Plan,
) -> Vec<Run<'l, 'd>> {
    let mut runs: Vec<Run<'l, 'd>> = Vec::new();
    let mut current = header;
    let mut open = true;
    let mut fresh = true;
    let mut is_over = false;
    let mut pattern: Option<Vec<usize>> = None;
    let mut next = header.lines.end;
    while let Some(line) = lines.lines.get(next) {
        if let Some(repeat) = repeats.iter().find(|h| h.lines.contains(&next)) {
            (current, open, fresh, is_over) = (repeat, true, true, false);
            next = repeat.lines.end;
            continue;
        }
        next += 1;
        if is_over || !open && !line.tokens.iter().any(|t| t.number) {
            continue;
        }
        if fresh || runs.last().is_none_or(|run| run.page != line.page) {
            fresh = false;
            // Borders of the header's own page part its columns; on others the columns stay where they were.
            let columns = columns::under(current, &plan.contents, &lines.rules[current.page]);
            runs.push(Run { lines: Vec::new(), columns, page: line.page });
        }
        let Some(run) = runs.last_mut() else { continue };
        let line = BodyLine::new(line, columns::assign(line, &run.columns), plan);
        if run.lines.iter().any(|row| row.is_anchor) && line.heads_another(plan) {
            // What follows is the other table's, however alike its rows are, up to the next page that repeats this header.
            (open, is_over) = (false, true);
            continue;
        }
        let stop = line.stop(plan);
        if !open {
            // A table inside a row, a section's total or notes do not end a table whose rows go on.
            open = stop.is_none() && line.goes_on(plan, pattern.as_deref());
            if !open {
                continue;
            }
        }
        match stop {
            None => {
                if pattern.is_none() && line.is_anchor {
                    pattern = Some(line.pattern());
                }
                run.lines.push(line);
            }
            Some(Stop::Subtotal) => fresh = true,
            Some(Stop::Total | Stop::End) => (open, fresh) = (false, true),
        }
    }
    runs.retain(|run| run.lines.iter().any(|line| line.is_anchor));
    for run in &mut runs {
        columns::refine(&mut run.columns, run.lines.iter().map(|l| (l.line, &l.assignment)));
        for line in &mut run.lines {
            let assignment = columns::assign(line.line, &run.columns);
            if assignment != line.assignment {
                *line = BodyLine::new(line.line, assignment, plan);
            }
        }
    }
    runs
}
