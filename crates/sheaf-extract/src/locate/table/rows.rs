//! Rows: which lines below a header are the table's, and which of them make up a row.

use std::ops::Range;

use super::arithmetic;
use super::columns::{self, Assignment, Column};
use super::header::{Header, Mapping, heads_a_table};
use super::lexicon::{Content, Lexicon, Likeness, Stop, Target};
use super::lines::{Line, Lines, PageRules, Token, median};
use super::numbers::{self, Found, goes_with_number, is_number};
use crate::parse::DecimalMark;

/// Words that may follow the number of a cell that is a number and nothing else: a unit, a mark for the tax.
const MOST_WORDS_AFTER: usize = 2;
/// Gap between a row's last line and a line that is not its own, in line heights.
const LOOSE_GAP: f32 = 2.5;
/// Gap between lines of one row, in line heights.
const TIGHT_GAP: f32 = 0.7;
/// Share of the rows whose amounts say where and how amounts stand.
const MOST_ROWS: f32 = 0.6;
/// Slack of aligned edges, in points.
const ALIGNED: f32 = 2.0;
/// Lines above its anchor that a row may begin with.
const MOST_LINES_ABOVE: usize = 60;

/// A line of the body and the columns of its words.
#[derive(Debug)]
pub(super) struct BodyLine<'l, 'd> {
    pub(super) line: &'l Line<'d>,
    assignment: Assignment,
}

impl<'d> BodyLine<'_, 'd> {
    /// The words in a column: neighbours, since assignments never go back.
    pub(super) fn cell(&self, column: usize) -> &[Token<'d>] {
        let start = self.assignment.partition_point(|&c| c < column);
        let end = self.assignment.partition_point(|&c| c <= column);
        &self.line.tokens[start..end]
    }

    /// The columns that have words.
    fn pattern(&self) -> Vec<usize> {
        let mut columns = self.assignment.clone();
        columns.dedup();
        columns
    }

    /// The words that continue a text of this column which starts at `start`, by their left edge.
    ///
    /// Text that runs under the next columns, or starts short of its own, is found all the same.
    pub(super) fn aligned(&self, column: usize, start: &Token<'_>) -> &[Token<'d>] {
        let is_aligned = |token: &Token<'_>| (token.x0 - start.x0).abs() < 0.5 * start.height();
        match self.line.phrases.iter().find(|phrase| is_aligned(&self.line.tokens[phrase.start])) {
            Some(phrase) => &self.line.tokens[phrase.clone()],
            None if self.cell(column).first().is_some_and(is_aligned) => self.cell(column),
            None => &[],
        }
    }

    fn numbers(&self, column: usize, mark: DecimalMark) -> Vec<Found> {
        numbers::find(self.cell(column), mark)
    }

    /// Whether the cell is a number that suits the column, and nothing else but a unit.
    fn is_filled(&self, column: usize, content: Content, mark: DecimalMark) -> bool {
        let cell = self.cell(column);
        let numbers = self.numbers(column, mark);
        let Some(first) = numbers.first() else { return false };
        let fits = !first.number.percent || matches!(content, Content::Percent | Content::Any);
        let before = cell[..first.words.start].iter().any(|t| !goes_with_number(t));
        let after = cell[first.words.end..].iter().filter(|t| !goes_with_number(t)).count();
        fits && !before && after <= MOST_WORDS_AFTER
    }
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

/// A row: lines of a run, and the one that has the number that makes it a row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) run: usize,
    pub(super) lines: Range<usize>,
    pub(super) anchor: usize,
}

/// The columns of a table as rows are found by them.
#[derive(Debug)]
pub(super) struct Plan {
    /// What stands in each cell of the header.
    contents: Vec<Content>,
    /// Header cells of the template's columns that hold numbers.
    numeric: Vec<usize>,
    /// Header cells of all the template's columns.
    mapped: Vec<usize>,
    /// The header cell whose content makes a line a row.
    key: usize,
    /// Header cell of the first column of text.
    text: Option<usize>,
    /// Header cells of quantity, unit price and amount.
    factors: Option<[usize; 3]>,
    mark: DecimalMark,
}

impl Plan {
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

    fn is_filled(&self, line: &BodyLine<'_, '_>, column: usize) -> bool {
        line.is_filled(column, self.contents[column], self.mark)
    }

    fn count_filled(&self, line: &BodyLine<'_, '_>) -> usize {
        self.numeric.iter().filter(|&&c| self.is_filled(line, c)).count()
    }

    fn has_text(&self, line: &BodyLine<'_, '_>) -> bool {
        self.text.is_some_and(|column| !line.cell(column).is_empty())
    }

    /// Whether a line starts or carries a row.
    fn is_anchor(&self, line: &BodyLine<'_, '_>) -> bool {
        if self.contents[self.key].is_numeric() {
            return self.is_filled(line, self.key) && (!self.is_prose(line) || self.product_holds(line));
        }
        let filled = self.mapped.iter().filter(|&&c| !line.cell(c).is_empty()).count();
        !line.cell(self.key).is_empty()
            && filled >= self.mapped.len().div_ceil(2).max(self.mapped.len().min(2))
    }
}

impl Plan {
    /// Whether the key's number stands in running text that begins in the column of text.
    fn is_prose(&self, line: &BodyLine<'_, '_>) -> bool {
        let at = line.assignment.partition_point(|&c| c < self.key);
        let phrase = line.line.phrases.iter().find(|phrase| phrase.contains(&at));
        phrase.is_some_and(|phrase| {
            Some(line.assignment[phrase.start]) == self.text && !is_number(&line.line.tokens[phrase.start])
        })
    }

    /// Whether a line after the table's end is one more row: its product holds, or it fills all the columns that the
    /// first row filled.
    fn goes_on(&self, line: &BodyLine<'_, '_>, pattern: Option<&[usize]>) -> bool {
        let same = |pattern: &[usize]| {
            let own = line.pattern();
            pattern.len() >= 3 && pattern.iter().all(|column| own.contains(column))
        };
        self.product_holds(line)
            || self.is_anchor(line)
                && self.has_text(line)
                && !self.text.is_some_and(|c| line.cell(c).iter().all(is_number))
                && pattern.is_some_and(same)
    }

    fn is_negative(&self, line: &BodyLine<'_, '_>) -> bool {
        line.numbers(self.key, self.mark).first().is_some_and(|found| found.number.value.starts_with('-'))
    }

    /// Whether the line has a quantity, a price and their product as its amount.
    fn product_holds(&self, line: &BodyLine<'_, '_>) -> bool {
        let Some(factors) = self.factors else { return false };
        let number = |cell| line.numbers(cell, self.mark).first().and_then(Found::decimal);
        match factors.map(number) {
            [Some(quantity), Some(price), Some(amount)] => arithmetic::holds(quantity, price, amount),
            _ => false,
        }
    }
}

/// The lines of the table below `header` and its repetitions, cut where lines are no rows.
pub(super) fn body<'l, 'd>(
    lines: &'l Lines<'d>,
    header: &Header,
    repeats: &[&Header],
    plan: &Plan,
) -> Vec<Run<'l, 'd>> {
    let mut runs: Vec<Run<'l, 'd>> = Vec::new();
    let mut current = header;
    let mut open = true;
    let mut fresh = true;
    let mut pattern: Option<Vec<usize>> = None;
    let mut next = header.lines.end;
    while let Some(line) = lines.lines.get(next) {
        if let Some(repeat) = repeats.iter().find(|h| h.lines.contains(&next)) {
            (current, open, fresh) = (repeat, true, true);
            next = repeat.lines.end;
            continue;
        }
        next += 1;
        if fresh || runs.last().is_none_or(|run| run.page != line.page) {
            fresh = false;
            // Borders of the header's own page part its columns; on others the columns stay where they were.
            let columns = columns::under(current, &plan.contents, &lines.rules[current.page]);
            runs.push(Run { lines: Vec::new(), columns, page: line.page });
        }
        let Some(run) = runs.last_mut() else { continue };
        let assignment = columns::assign(line, &run.columns, &lines.rules[line.page]);
        let body_line = BodyLine { line, assignment };
        let stop = stop(&body_line, plan);
        if !open {
            // A table inside a row, a section's total or notes do not end a table whose rows go on.
            open = stop.is_none() && plan.goes_on(&body_line, pattern.as_deref());
            if !open {
                continue;
            }
        }
        match stop {
            None => {
                if pattern.is_none() && plan.is_anchor(&body_line) {
                    pattern = Some(body_line.pattern());
                }
                run.lines.push(body_line);
            }
            Some(Stop::Subtotal) => fresh = true,
            Some(Stop::Total | Stop::End) => (open, fresh) = (false, true),
        }
    }
    runs.retain(|run| !run.lines.is_empty());
    for run in &mut runs {
        let rules = &lines.rules[run.page];
        columns::refine(&mut run.columns, run.lines.iter().map(|l| (l.line, &l.assignment)));
        for line in &mut run.lines {
            line.assignment = columns::assign(line.line, &run.columns, rules);
        }
    }
    runs
}

/// Whether a line is no row, and what that means for the lines after it.
fn stop(line: &BodyLine<'_, '_>, plan: &Plan) -> Option<Stop> {
    if heads_a_table(line.line) {
        return Some(Stop::End);
    }
    if plan.product_holds(line) {
        return None;
    }
    let filled = plan.count_filled(line);
    let mut labels = line.line.phrases.iter().enumerate().filter_map(|(i, phrase)| {
        let words = line.line.tokens[phrase.clone()]
            .iter()
            .filter(|t| !is_number(t) && (!goes_with_number(t) || t.text() == "/"));
        let text: Vec<&str> = words.map(Token::text).collect();
        let (stop, likeness) = Lexicon::get().stop(&text.join(" "))?;
        let applies = match stop {
            Stop::End => i == 0 && filled < 2,
            _ if filled < 2 => true,
            // A row may have a tax or a discount among its cells, but is not called so.
            _ if plan.text.is_some_and(|column| line.assignment[phrase.start] > column) => false,
            _ => match likeness {
                Likeness::Label => true,
                Likeness::Start => filled < plan.numeric.len(),
                Likeness::Weak => plan.is_negative(line),
            },
        };
        applies.then_some(stop)
    });
    let first = labels.next()?;
    let second = labels.next();
    if first == Stop::End {
        return Some(first);
    }
    // A detail in a row's text may be called "Tax" as well: a total has its amount among the numbers, or it is one
    // of several labels with the amounts below.
    let from = line.assignment.partition_point(|&c| c < plan.key);
    if has_amount(&line.line.tokens[from..]) {
        return Some(if second.is_some() { Stop::Total } else { first });
    }
    (second.is_some() && !has_amount(&line.line.tokens)).then_some(Stop::Total)
}

/// Whether there is a number that is no percentage.
fn has_amount(tokens: &[Token<'_>]) -> bool {
    tokens.iter().enumerate().any(|(i, token)| {
        let percent =
            token.text().contains('%') || tokens.get(i + 1).is_some_and(|t| t.text().starts_with('%'));
        is_number(token) && !percent
    })
}

/// The rows of all runs.
pub(super) fn rows(runs: &[Run<'_, '_>], lines: &Lines<'_>, plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    let shape = KeyShape::of(runs, plan);
    for (index, run) in runs.iter().enumerate() {
        let bands = Bands::new(run, &lines.rules[run.page], plan);
        let is_anchor = |line: &BodyLine<'_, '_>| {
            plan.is_anchor(line)
                && (shape.as_ref().is_none_or(|s| s.fits(line, plan)) || plan.product_holds(line))
        };
        let anchors: Vec<usize> = (0..run.lines.len()).filter(|&i| is_anchor(&run.lines[i])).collect();
        let mut start = anchors.first().map_or(0, |&anchor| bands.first(anchor));
        for (n, &anchor) in anchors.iter().enumerate() {
            let end = match anchors.get(n + 1) {
                Some(&next) => bands.between(start, anchor, next),
                None => bands.last(anchor),
            };
            rows.push((Row { run: index, lines: start..end, anchor }, bands.has_others(start..end)));
            start = end;
        }
    }
    // What has an amount and nothing else is an allowance or a sum, unless all rows are like that.
    if rows.iter().any(|(_, others)| *others) {
        rows.retain(|(_, others)| *others);
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

/// What the key's numbers of most rows have in common: where they stand and how many decimals they have.
#[derive(Debug)]
struct KeyShape {
    left: Option<f32>,
    right: Option<f32>,
    middle: Option<f32>,
    decimals: Option<usize>,
}

impl KeyShape {
    /// `None` where there are too few rows to tell.
    fn of(runs: &[Run<'_, '_>], plan: &Plan) -> Option<Self> {
        let keys: Vec<(Token<'_>, usize)> = runs
            .iter()
            .flat_map(|run| &run.lines)
            .filter(|line| plan.contents[plan.key].is_numeric() && plan.is_anchor(line))
            .filter_map(|line| Self::key(line, plan))
            .collect();
        if keys.len() < 3 {
            return None;
        }
        let most = |of: &dyn Fn(&Token<'_>) -> f32| {
            let middle = median(keys.iter().map(|(token, _)| of(token)))?;
            let near = keys.iter().filter(|(token, _)| (of(token) - middle).abs() < ALIGNED).count();
            (near as f32 > MOST_ROWS * keys.len() as f32).then_some(middle)
        };
        let decimals = median(keys.iter().map(|&(_, decimals)| decimals as f32))?;
        let same = keys.iter().filter(|&&(_, d)| d as f32 == decimals).count();
        Some(Self {
            left: most(&|t| t.x0),
            right: most(&|t| t.x1),
            middle: most(&|t| f32::midpoint(t.x0, t.x1)),
            decimals: (same as f32 > MOST_ROWS * keys.len() as f32).then_some(decimals as usize),
        })
    }

    /// The last word of the key's number, and its decimals.
    fn key<'d>(line: &BodyLine<'_, 'd>, plan: &Plan) -> Option<(Token<'d>, usize)> {
        let numbers = line.numbers(plan.key, plan.mark);
        let found = numbers.first()?;
        Some((line.cell(plan.key)[found.words.clone()].last().copied()?, found.number.decimals))
    }

    fn fits(&self, line: &BodyLine<'_, '_>, plan: &Plan) -> bool {
        let Some((token, decimals)) = Self::key(line, plan) else { return true };
        let near = |edge: Option<f32>, at: f32| edge.is_some_and(|edge| (edge - at).abs() < 2.0 * ALIGNED);
        let aligned = near(self.left, token.x0)
            || near(self.right, token.x1)
            || near(self.middle, f32::midpoint(token.x0, token.x1))
            || self.left.or(self.right).or(self.middle).is_none();
        // Whole amounts may leave out their decimals; a number with other decimals is of another kind.
        aligned && self.decimals.is_none_or(|d| d == decimals || decimals == 0)
    }
}

/// Decides where one row ends and the next begins.
struct Bands<'b, 'l, 'd> {
    run: &'b Run<'l, 'd>,
    rules: &'b PageRules,
    plan: &'b Plan,
    /// For each column of numbers but the key, how many of the lines before a line have it filled.
    filled: Vec<Vec<usize>>,
}

impl<'b, 'l, 'd> Bands<'b, 'l, 'd> {
    fn new(run: &'b Run<'l, 'd>, rules: &'b PageRules, plan: &'b Plan) -> Self {
        let others = plan.numeric.iter().filter(|&&c| c != plan.key);
        let filled = others
            .map(|&column| {
                let mut count = 0;
                std::iter::once(0)
                    .chain(run.lines.iter().map(|line| {
                        count += usize::from(plan.is_filled(line, column));
                        count
                    }))
                    .collect()
            })
            .collect();
        Self { run, rules, plan, filled }
    }

    /// Whether some column of numbers but the key is filled.
    fn has_others(&self, lines: Range<usize>) -> bool {
        self.filled.iter().any(|before| before[lines.end] > before[lines.start])
    }

    fn has_text(&self, lines: Range<usize>) -> bool {
        self.run.lines[lines].iter().any(|line| self.plan.has_text(line))
    }

    fn gap(&self, below: usize) -> f32 {
        let (upper, lower) = (self.run.lines[below - 1].line, self.run.lines[below].line);
        (lower.y0 - upper.y1) / lower.height().min(upper.height()).max(1.0)
    }

    fn is_ruled(&self, below: usize) -> bool {
        let (upper, lower) = (self.run.lines[below - 1].line, self.run.lines[below].line);
        let columns = &self.run.columns;
        let x0 = columns.iter().map(|c| c.x0).fold(f32::INFINITY, f32::min);
        let x1 = columns.iter().map(|c| c.x1).fold(f32::NEG_INFINITY, f32::max);
        self.rules.cross(upper.middle(), lower.middle(), x0, x1)
    }

    /// How much speaks for a row to begin with this line.
    fn opening(&self, at: usize) -> f32 {
        let ruled = if self.is_ruled(at) { 2.5 } else { 0.0 };
        ruled + self.gap(at).clamp(-0.5, 1.5)
    }

    /// Where the first row begins, whose anchor is given.
    fn first(&self, anchor: usize) -> usize {
        let mut best = (f32::NEG_INFINITY, anchor);
        for from in (anchor.saturating_sub(MOST_LINES_ABOVE)..=anchor).rev() {
            let mut score = if from == anchor { 0.3 } else { 0.0 };
            score += if from == 0 { 1.0 } else { self.opening(from) };
            score += 2.0
                * self.filled.iter().filter(|before| before[anchor + 1] - before[from] == 1).count() as f32;
            if self.has_text(from..anchor + 1) || self.has_text_below(anchor) {
                score += 1.5;
            }
            if from < anchor && self.is_complete(anchor) {
                score -= 2.0;
            }
            if score > best.0 {
                best = (score, from);
            }
            if from > 0 && (self.gap(from) > LOOSE_GAP || self.is_ruled(from)) {
                break;
            }
        }
        best.1
    }

    /// Where the row of `next` begins; the row before starts at `start`.
    fn between(&self, start: usize, anchor: usize, next: usize) -> usize {
        let mut best = (f32::NEG_INFINITY, next);
        for at in (anchor + 1).max(next.saturating_sub(MOST_LINES_ABOVE))..=next {
            let mut score =
                self.opening(at) + if at == next || self.has_others(at..at + 1) { 1.5 } else { 0.0 };
            for before in &self.filled {
                let (above, below) = (before[at] - before[start], before[next + 1] - before[at]);
                if above + below >= 2 && (above == 0 || below == 0) {
                    score -= 3.0;
                }
            }
            // A line that has all a row needs does not need what stands above it: a section's title.
            if at < next && self.is_complete(next) {
                score -= 2.0;
            }
            // Text above a row's numbers is its own where it has none beside them.
            if !self.has_text(start..at) {
                score -= 2.0;
            }
            if self.has_text(at..next + 1) || self.has_text_below(next) {
                score += 1.5;
            }
            if score > best.0 {
                best = (score, at);
            }
        }
        best.1
    }

    /// Whether a line has a text and all numbers of a row.
    fn is_complete(&self, at: usize) -> bool {
        self.has_text(at..at + 1) && self.filled.iter().all(|before| before[at + 1] > before[at])
    }

    /// Whether the line right below an anchor has the row's text.
    fn has_text_below(&self, anchor: usize) -> bool {
        let below = anchor + 1;
        below < self.run.lines.len() && self.gap(below) < TIGHT_GAP && self.has_text(below..below + 1)
    }

    /// Where the last row ends.
    fn last(&self, anchor: usize) -> usize {
        let end = self.run.lines.len();
        (anchor + 1..end).find(|&at| self.gap(at) > LOOSE_GAP).unwrap_or(end)
    }
}
