//! Days by which a sentence asks to pay: "no later than 30 May", "bitte bis 31.12.24 überweisen", and on bills for households the day
//! under the amount ("Please pay", "£49.00", "by 14 May").

use std::sync::LazyLock;

use super::candidate::{Candidate, Typed};
use super::layout::Layout;
use crate::lexicon::listed_under;
use crate::parse::fold::words;

/// Lines above and below the day's that its sentence may stand on.
const ABOVE: usize = 4;
const BELOW: usize = 1;
/// How far apart they stand at most, in font sizes.
const GAP: f32 = 1.5;
/// Words right before the day that introduce it, at most.
const NEAR: usize = 3;
/// Words between the day and that it is due, or the account charged, at most.
const CHARGED: usize = 4;
/// Tokens of a line of running text, at least.
const RUNNING: usize = 6;

/// Words before the day and starts of words of paying, and the same of the day on which something is due.
static WORDS: LazyLock<[Vec<&str>; 4]> = LazyLock::new(|| {
    let list = |key| listed_under(include_str!("../../data/deadlines.txt"), key, ", ");
    [list("before"), list("paying"), list("on"), list("charging")]
});

/// Whether the sentence of a day asks to pay by it.
pub(crate) fn asks_to_pay(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    if !matches!(candidate.typed, Typed::Date(_, None)) {
        return false;
    }
    let (before, after) = around(layout, candidate);
    let before = ends(&before).last().map_or(before.as_str(), |end| &before[end..]);
    let after = ends(&after).next().map_or(after.as_str(), |end| &after[..end]);
    let [introducing, paying, on, charging] = &*WORDS;
    let (lead, rest) = (words(before), words(after));
    let is_introduced = lead.iter().rev().take(NEAR).any(|word| introducing.contains(&word.as_str()));
    if is_introduced && says(&lead, &rest, paying) {
        return true;
    }
    // "Wird am 3.5. fällig", "se cargará en su cuenta el 3 de mayo".
    let is_on = lead.last().is_some_and(|word| on.contains(&word.as_str()));
    let near = lead.len().saturating_sub(CHARGED + 1);
    is_on && says(&lead[near..], &rest[..rest.len().min(CHARGED)], charging)
}

/// Whether one of these starts of words, or of a few of them, is among the words before a day and behind it.
fn says(before: &[String], after: &[String], starts: &[&str]) -> bool {
    let text = format!(" {} | {}", before.join(" "), after.join(" "));
    starts.iter().any(|start| text.contains(&format!(" {start}")))
}

/// Where the sentences of a text end: at a point, not that of "no. 4711".
fn ends(text: &str) -> impl Iterator<Item = usize> {
    let starts = |at: &usize| text[at + 2..].starts_with(char::is_uppercase);
    text.match_indices(". ").map(|(at, _)| at).filter(starts).map(|at| at + 1)
}

/// The text before and behind a day, with that of the lines which its own goes on from and goes on in.
fn around(layout: &Layout<'_>, candidate: &Candidate) -> (String, String) {
    let own = &layout.segments[candidate.segment];
    let line = layout.line_of(own);
    let span = &candidate.spans[candidate.spans.len() - 1];
    let mut before = line.text[own.range.start..candidate.start()].to_owned();
    let mut after = layout.lines[span.line].text[span.range.end..].to_owned();
    let is_running = own.tokens.len() >= RUNNING;
    let page = layout.pages[line.page].clone();
    let in_column = |line: &usize, top: f32, bottom: f32| {
        layout.lines[*line].segments.clone().find(|&s| {
            let rect = layout.segments[s].rect;
            let gap = GAP * own.size.max(layout.segments[s].size);
            rect.overlap_x(own.rect) > 0.0 && top - rect.y1 < gap && rect.y0 - bottom < gap
        })
    };
    if is_running || layout.text(own).starts_with(char::is_lowercase) {
        let mut top = own.rect.y0;
        for above in (page.start.max(own.line.saturating_sub(ABOVE))..own.line).rev() {
            let Some(found) = in_column(&above, top, f32::MAX) else { continue };
            top = layout.segments[found].rect.y0;
            before = format!("{} {before}", layout.text(&layout.segments[found]));
        }
    }
    if is_running {
        let below = span.line + 1..(span.line + 1 + BELOW).min(page.end);
        for found in below.filter_map(|below| in_column(&below, f32::MIN, own.rect.y1)) {
            after = format!("{after} {}", layout.text(&layout.segments[found]));
        }
    }
    (before, after)
}
