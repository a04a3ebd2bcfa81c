//! Rows without a header, as on receipts: lines that end in an amount, with a quantity and a text.
//!
//! Without labels only arithmetic tells such rows from other lines with an amount, so they are taken where products
//! hold (`2 x 4.50  9.00`) or where the amounts sum up to a printed number, and left alone otherwise.

use rust_decimal::Decimal;
use sheaf_types::FieldKind;

use super::arithmetic;
use super::cells::{self, Cell};
use super::lexicon::{Likeness, Stop};
use super::lines::{Line, Lines, Token, median};
use super::numbers::{self, Found};
use super::target::Target;
use crate::parse::DecimalMark;

/// Slack of the amounts' common right edge, in points.
const ALIGNED: f32 = 3.0;
/// Gap between lines of one row, in line heights.
const TIGHT_GAP: f32 = 0.9;
/// Lines of a row's text.
const MOST_TEXT_LINES: usize = 3;
/// Digits of a quantity that stands before a text without a price.
const LONGEST_QUANTITY: usize = 3;

/// A line that ends in an amount.
struct Candidate<'l, 'd> {
    index: usize,
    line: &'l Line<'d>,
    amount: Found<'d>,
    /// Words before the amount that are text.
    text: Vec<Token<'d>>,
    quantity: Option<Found<'d>>,
    price: Option<Found<'d>>,
}

/// The rows' cells in the order of the template's columns; empty where no arithmetic confirms them.
pub(super) fn rows(lines: &Lines<'_>, targets: &[Target], mark: DecimalMark) -> Vec<Vec<Option<Cell>>> {
    let position = |concept: &str, kinds: &[FieldKind]| {
        targets.iter().position(|t| t.is(concept) && kinds.contains(&t.kind))
    };
    let number = [FieldKind::Number, FieldKind::Currency];
    let (Some(amount), Some(text)) =
        (position("line_total", &number), position("description", &[FieldKind::Text]))
    else {
        return Vec::new();
    };
    let (quantity, price) = (position("quantity", &number), position("unit_price", &number));
    let candidates = candidates(lines, mark);
    let mut rows = Vec::new();
    for (i, candidate) in candidates.iter().enumerate() {
        let next = candidates.get(i + 1);
        let words = if candidate.text.is_empty() {
            text_above(lines, candidate, i.checked_sub(1).map(|p| candidates[p].index))
        } else {
            text_beside(lines, candidate, next)
        };
        if words.is_empty() {
            continue;
        }
        let tokens = &candidate.line.tokens;
        let mut row: Vec<Option<Cell>> = vec![None; targets.len()];
        row[amount] = Some(cells::of_number(&candidate.amount, tokens));
        row[text] = Some(cells::of_text(&words));
        for (column, found) in [(quantity, &candidate.quantity), (price, &candidate.price)] {
            if let (Some(column), Some(found)) = (column, found) {
                row[column] = Some(cells::of_number(found, tokens));
            }
        }
        rows.push(row);
    }
    rows
}

/// Lines that end in an amount at the common right edge, up to the total.
fn candidates<'l, 'd>(lines: &'l Lines<'d>, mark: DecimalMark) -> Vec<Candidate<'l, 'd>> {
    let mut found: Vec<Candidate<'l, 'd>> = Vec::new();
    for (index, line) in lines.lines.iter().enumerate() {
        // A label is all there is beside the numbers.
        let ending = line.endings().first().filter(|ending| ending.phrase == 0);
        match ending.map(|ending| (ending.stop, ending.likeness)) {
            Some((Stop::Total, _) | (Stop::Subtotal, Likeness::Label)) if !found.is_empty() => break,
            Some(_) => {}
            None => found.extend(candidate(index, line, mark)),
        }
    }
    let edge = median(found.iter().map(Candidate::right_edge));
    found.retain(|c| edge.is_none_or(|edge| (c.right_edge() - edge).abs() < ALIGNED));
    found
}

impl Candidate<'_, '_> {
    fn right_edge(&self) -> f32 {
        self.line.tokens[self.amount.words.end - 1].x1
    }
}

fn candidate<'l, 'd>(index: usize, line: &'l Line<'d>, mark: DecimalMark) -> Option<Candidate<'l, 'd>> {
    let numbers: Vec<Found<'d>> = numbers::find(&line.tokens, mark).collect();
    let (amount, before) = numbers.split_last()?;
    let trailing = line.tokens[amount.words.end..].iter().filter(|t| !t.attached).count();
    let starts_phrase = line.phrases.iter().any(|p| p.start == amount.words.start);
    if amount.number.decimals != 2 || amount.number.percent || trailing > 1 || !starts_phrase {
        return None;
    }
    let factors = factors(before, amount.decimal()?);
    let leading = before.first().filter(|f| {
        f.words.start == 0
            && f.number.decimals == 0
            && f.number.value.len() <= LONGEST_QUANTITY
            && f.words.end < amount.words.start
    });
    let (quantity, price) = match factors {
        Some((quantity, price)) => (Some(quantity.clone()), Some(price.clone())),
        None => (leading.cloned(), None),
    };
    let used = |at: usize| {
        [&quantity, &price].into_iter().flatten().any(|f| f.words.contains(&at))
            || price.is_some() && line.tokens[at].attached
    };
    let text: Vec<Token<'d>> =
        (0..amount.words.start).filter(|&at| !used(at)).map(|at| line.tokens[at]).collect();
    let text = if text.iter().any(is_word) { text } else { Vec::new() };
    Some(Candidate { index, line, amount: amount.clone(), text, quantity, price })
}

/// Quantity and price among the numbers before an amount.
fn factors<'f, 'd>(numbers: &'f [Found<'d>], amount: Decimal) -> Option<(&'f Found<'d>, &'f Found<'d>)> {
    let pairs = numbers.windows(2).map(|pair| (&pair[0], &pair[1]));
    pairs.rev().find(|(quantity, price)| {
        let product = quantity.decimal().zip(price.decimal());
        price.number.decimals >= 2 && product.is_some_and(|(q, p)| arithmetic::holds(q, p, amount))
    })
}

fn is_word(token: &Token<'_>) -> bool {
    token.text().chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// The text on the amount's own line, and the lines below that continue it.
fn text_beside<'d>(
    lines: &Lines<'d>,
    candidate: &Candidate<'_, 'd>,
    next: Option<&Candidate<'_, 'd>>,
) -> Vec<Token<'d>> {
    let mut words = candidate.text.clone();
    let end = match next {
        // What stands above a row without a text of its own is its text.
        Some(next) if next.text.is_empty() => candidate.index + 1,
        Some(next) => next.index,
        None => usize::MAX,
    };
    let Some(start) = words.first().copied() else { return words };
    let mut last = candidate.line;
    for index in (candidate.index + 1..end).take(MOST_TEXT_LINES - 1) {
        let Some(line) = lines.lines.get(index).filter(|line| is_tight(last, line)) else { break };
        let aligned = line.tokens[0].x0 >= start.x0 - 0.5 && line.tokens[0].x0 - start.x0 < start.height();
        if !aligned || !line.tokens.iter().any(|t| t.text().contains(char::is_alphanumeric)) {
            break;
        }
        words.extend(&line.tokens);
        last = line;
    }
    words
}

/// The lines above the amount's own, back to the row before or to a line that is no text.
fn text_above<'d>(
    lines: &Lines<'d>,
    candidate: &Candidate<'_, 'd>,
    previous: Option<usize>,
) -> Vec<Token<'d>> {
    let from = previous.map_or(0, |p| p + 1).max(candidate.index.saturating_sub(MOST_TEXT_LINES));
    let mut block: Vec<&Line<'d>> = Vec::new();
    let mut below = candidate.line;
    for line in lines.lines[from..candidate.index].iter().rev() {
        let aligned = block.last().is_none_or(|b| (b.tokens[0].x0 - line.tokens[0].x0).abs() < 1.0);
        if !is_tight(line, below) || !aligned || !line.tokens.iter().any(is_word) {
            break;
        }
        block.push(line);
        below = line;
    }
    block.iter().rev().flat_map(|line| line.tokens.iter().copied()).collect()
}

fn is_tight(upper: &Line<'_>, lower: &Line<'_>) -> bool {
    upper.page == lower.page && lower.y0 - upper.y1 < TIGHT_GAP * upper.height().min(lower.height())
}
