//! In which order the text of a page is read: line by line, or column by column where it is set in two.

use std::ops::Range;

use super::layout::{Layout, Segment};

/// Words of a line of running text.
const TEXT: usize = 5;
/// Lines of running text that make a column.
const COLUMN: usize = 8;
/// The share of the page's text behind which a second column may begin.
const SECOND: f32 = 0.3;

/// Words of a line that are read together.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) line: usize,
    /// Indices into the line's tokens.
    pub(super) tokens: Range<usize>,
    /// Left and right edge of the column.
    pub(super) column: (f32, f32),
}

/// The parts of a page's lines in the order in which they are read.
pub(super) fn columns(layout: &Layout<'_>, lines: Range<usize>) -> Vec<Part> {
    let right = lines.clone().next().map_or(0.0, |line| layout.right_of(layout.lines[line].page));
    let whole = |line: usize| Part { line, tokens: 0..layout.lines[line].tokens.len(), column: (0.0, right) };
    let Some(second) = second_column(layout, lines.clone(), right) else {
        return lines.map(whole).collect();
    };
    let mut parts = Vec::new();
    let mut from = lines.start;
    while from < lines.end {
        let crosses = |line: &usize| segments(layout, *line).iter().any(|s| is_across(s, second));
        let to = (from..lines.end).find(crosses).unwrap_or(lines.end);
        let halves = [true, false].map(|first| half(layout, from..to, second, right, first));
        let is_column =
            |half: &Vec<Part>| half.iter().filter(|part| part.tokens.len() >= TEXT).count() >= COLUMN;
        if halves.iter().all(is_column) {
            parts.extend(halves.into_iter().flatten());
        } else {
            parts.extend((from..to).map(whole));
        }
        parts.extend((to < lines.end).then(|| whole(to)));
        from = to + 1;
    }
    parts
}

fn segments<'l>(layout: &'l Layout<'_>, line: usize) -> &'l [Segment] {
    &layout.segments[layout.lines[line].segments.clone()]
}

/// Whether a segment stands on both sides of where the second column begins.
fn is_across(segment: &Segment, second: f32) -> bool {
    segment.rect.x0 < second - segment.size && segment.rect.x1 > second
}

/// Where the second column of a page's text begins: at the left edge that most lines of running text in the right part share.
fn second_column(layout: &Layout<'_>, lines: Range<usize>, right: f32) -> Option<f32> {
    let of_text = lines.flat_map(|line| segments(layout, line));
    let edges: Vec<f32> = of_text
        .filter(|segment| segment.tokens.len() >= TEXT && segment.rect.x0 > SECOND * right)
        .map(|segment| segment.rect.x0)
        .collect();
    let shared = |edge: f32| edges.iter().filter(|other| (**other - edge).abs() < 2.0).count();
    let best = edges.iter().copied().max_by_key(|&edge| shared(edge))?;
    (shared(best) >= COLUMN).then_some(best)
}

/// What stands in one of two columns, line by line.
fn half(layout: &Layout<'_>, lines: Range<usize>, second: f32, right: f32, first: bool) -> Vec<Part> {
    let column = if first { (0.0, second) } else { (second, right) };
    let part = |line: usize| {
        let mut own = segments(layout, line).iter().filter(|s| (s.rect.x0 < second - s.size) == first);
        let start = own.next()?;
        let end = own.next_back().unwrap_or(start).tokens.end;
        Some(Part { line, tokens: start.tokens.start..end, column })
    };
    lines.filter_map(part).collect()
}
