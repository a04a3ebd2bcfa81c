//! Rows: which lines of the body make up a row.

use std::ops::Range;

use super::body::{BodyLine, Plan, Run};
use super::lines::{Lines, PageRules, Token, median};

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

/// A row: lines of a run, and the one that has the number that makes it a row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) run: usize,
    pub(super) lines: Range<usize>,
    pub(super) anchor: usize,
}

/// The rows of all runs.
pub(super) fn rows(runs: &[Run<'_, '_>], lines: &Lines<'_>, plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    let shape = KeyShape::of(runs, plan);
    for (index, run) in runs.iter().enumerate() {
        let bands = Bands::new(run, &lines.rules[run.page], plan);
        let is_anchor = |line: &BodyLine<'_, '_>| {
            line.is_anchor && (line.product_holds || shape.as_ref().is_none_or(|s| s.fits(line, plan)))
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
            .filter(|line| plan.has_numeric_key() && line.is_anchor)
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
        let found = line.key.as_ref()?;
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
                        count += usize::from(line.is_filled(plan, column));
                        count
                    }))
                    .collect()
            })
            .collect();
        Self { run, rules, filled }
    }

    /// Whether some column of numbers but the key is filled.
    fn has_others(&self, lines: Range<usize>) -> bool {
        self.filled.iter().any(|before| before[lines.end] > before[lines.start])
    }

    fn has_text(&self, lines: Range<usize>) -> bool {
        self.run.lines[lines].iter().any(|line| line.has_text)
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
