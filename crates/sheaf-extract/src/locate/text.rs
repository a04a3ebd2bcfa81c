//! Free text as candidates: segments, what follows a label in its segment, and lines that belong together.

use std::ops::Range;

use super::candidate::{Candidate, Typed};
use super::context::Surroundings;
use super::labels::printed;
use super::layout::{BLANK, Layout, Span};
use super::names::{Look, ends_name, is_only_form, look, without_id};
use crate::ablation::{Family, uses};

/// Longer texts are paragraphs, not values.
const LONGEST: usize = 240;
/// Length of a text of several lines, in bytes.
const LONGEST_BLOCK: usize = 1_000;
/// Distance of its lines, and by how much a later one may be larger than the first, in font sizes.
const TIGHT: f32 = 0.9;
const LOOSER: f32 = 0.35;

/// A text that could be a value.
#[derive(Debug, Clone)]
pub(crate) struct TextCandidate {
    pub(crate) candidate: Candidate,
    /// What made it: the whole segment, or the part behind a label.
    pub(crate) part: Part,
    /// What it looks like.
    pub(crate) look: Look,
    /// It starts with a known label.
    pub(crate) labelled: bool,
    /// That label ends in a colon.
    pub(crate) colon: bool,
    /// The label before it in its segment has several words.
    pub(crate) long_label: bool,
}

/// Which part of its segment a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// Behind a colon.
    AfterColon,
    /// Behind a known label without a colon.
    AfterLabel,
    /// A name on two lines.
    Name,
    /// A name without the number in brackets behind it.
    WithoutId,
    /// The start, up to a separator or the next label.
    Head,
    /// All lines that belong to it.
    Block,
}

/// The texts of all segments.
pub(crate) fn texts(surroundings: &Surroundings<'_>) -> Vec<TextCandidate> {
    let layout = surroundings.layout;
    let mut found = Vec::new();
    // How far to the right the text of each page reaches.
    let mut rights = vec![0.0f32; layout.lines.last().map_or(0, |line| line.page + 1)];
    for line in &layout.lines {
        rights[line.page] = rights[line.page].max(line.rect.x1);
    }
    for index in 0..layout.segments.len() {
        let segment = &layout.segments[index];
        if segment.range.len() > LONGEST || layout.tokens(segment).is_empty() {
            continue;
        }
        let line = segment.line;
        let is_label = surroundings.is_label(index);
        let parts = parts(surroundings, index);
        let starts_with_label = parts.iter().any(|(_, part)| *part == Part::AfterLabel);
        let starts_with_colon = parts.iter().any(|(range, part)| {
            *part == Part::AfterColon && starts_with_known_label(surroundings, index, range.start)
        });
        let mut push = |spans: Vec<Span>, part: Part| {
            let Some(candidate) = Candidate::new(layout, spans, Typed::Text) else { return };
            let before = layout.tokens(segment).partition_point(|t| t.range.end <= candidate.start());
            let colon = part == Part::Whole && starts_with_colon;
            let labelled = part == Part::Whole && starts_with_label;
            let look = look(&candidate.source);
            found.push(TextCandidate { candidate, part, look, labelled, colon, long_label: before > 1 });
        };
        for (range, part) in parts {
            // No part of a label is a value, unless a colon parts them.
            if is_label && part != Part::AfterColon {
                continue;
            }
            let Some(range) = trimmed(layout, line, range) else { continue };
            let text = &layout.lines[line].text[range.clone()];
            let shorter = without_id(text).len();
            if shorter < text.len() {
                push(vec![Span { line, range: range.start..range.start + shorter }], Part::WithoutId);
            }
            if let Some(head) = head(layout, line, &range) {
                push(vec![Span { line, range: head }], Part::Head);
            }
            let spans = vec![Span { line, range }];
            if !uses(Family::Continuation) {
                push(spans, part);
                continue;
            }
            if let Some(block) = block(surroundings, index, &spans[0], rights[layout.lines[line].page]) {
                push(block, Part::Block);
            }
            if let Some(longer) = continued(surroundings, index, &spans[0]) {
                push(longer, part);
            }
            if part == Part::Whole
                && let Some(name) = wrapped_name(surroundings, &spans[0])
            {
                push(name, Part::Name);
            }
            push(spans, part);
        }
    }
    found
}

/// The whole segment, and what stands behind each colon or known label of it, up to the next label.
fn parts(surroundings: &Surroundings<'_>, index: usize) -> Vec<(Range<usize>, Part)> {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let line = layout.line_of(segment);
    let tokens = layout.tokens(segment);
    let mut parts = vec![(segment.range.clone(), Part::Whole)];
    // Colons part labels from values; what stands before the next colon may end in that colon's label.
    let colons: Vec<usize> = (0..tokens.len().saturating_sub(1))
        .filter(|&i| tokens[i].colon && !is_time(layout, index, i))
        .collect();
    for (at, &colon) in colons.iter().enumerate() {
        let start = tokens[colon + 1].range.start;
        let end = match colons.get(at + 1) {
            Some(&next) => {
                let between = printed(line, &tokens[colon + 1..=next]);
                let label =
                    surroundings.labels.classify(&between).iter().map(|m| m.start).filter(|&s| s > 0).min();
                // An unknown label is one word.
                tokens[colon + 1 + label.unwrap_or(next - colon - 1)].range.start
            }
            None => segment.range.end,
        };
        // The marks between the colon and the first token belong to the value: "(555) 23".
        let from = line.text[tokens[colon].range.end..start]
            .rfind(':')
            .map_or(start, |c| tokens[colon].range.end + c + 1);
        if end > from {
            parts.push((from..end, Part::AfterColon));
        }
    }
    if colons.first().is_none_or(|&c| c > 0) {
        let printed = printed(line, tokens);
        let label = surroundings.labels.longest_prefix(&printed);
        if let Some(used) = label.filter(|&used| used < tokens.len()) {
            let start = tokens[used].range.start;
            let from = line.text[tokens[used - 1].range.end..start]
                .rfind(char::is_whitespace)
                .map_or(start, |c| tokens[used - 1].range.end + c + 1);
            parts.push((from..segment.range.end, Part::AfterLabel));
        }
    }
    parts
}

/// Whether what stands before a byte of a segment is a known label.
fn starts_with_known_label(surroundings: &Surroundings<'_>, index: usize, end: usize) -> bool {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let tokens = layout.tokens(segment);
    let label = &tokens[..tokens.partition_point(|t| t.range.end <= end)];
    let printed = printed(layout.line_of(segment), label);
    surroundings.labels.classify(&printed).iter().any(|m| m.similarity >= 0.99)
}

/// Whether the colon after a token is that of a time of day.
fn is_time(layout: &Layout<'_>, segment: usize, token: usize) -> bool {
    let line = layout.line_of(&layout.segments[segment]);
    let tokens = layout.tokens(&layout.segments[segment]);
    let digits = |i: usize| line.folded(&tokens[i]).bytes().all(|b| b.is_ascii_digit());
    digits(token) && digits(token + 1) && tokens[token].range.end + 1 == tokens[token + 1].range.start
}

/// Without blanks and loose marks at its edges.
fn trimmed(layout: &Layout<'_>, line: usize, range: Range<usize>) -> Option<Range<usize>> {
    let text = &layout.lines[line].text[range.clone()];
    let start = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '_' | '|' | ',' | ';' | '='));
    let from = range.start + (text.len() - start.len());
    let end =
        start.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '_' | '|' | ',' | ';' | ':' | '='));
    let range = from..from + end.len();
    end.chars().any(char::is_alphanumeric).then_some(range)
}

/// What stands before a separator: "Name GmbH - Street 1 - 12345 Town", "Name • Street".
fn head(layout: &Layout<'_>, line: usize, range: &Range<usize>) -> Option<Range<usize>> {
    let text = &layout.lines[line].text[range.clone()];
    let separators = [" - ", " – ", " — ", " • ", " ● ", " · ", " | ", " ▪ ", " * ", " / ", ", ", "; "];
    let cut = separators.iter().filter_map(|s| text.find(s)).min()?;
    // ", LLC" is part of the name.
    if text[cut..].starts_with(", ") && is_only_form(&text[cut + 2..]) {
        return None;
    }
    let head = range.start..range.start + cut;
    (cut > 2).then_some(head)
}

/// The text with the lines below it that belong to it: a text that visibly goes on (it ends in a comma, a hyphen, an
/// "and") takes the next line of its column.
fn continued(surroundings: &Surroundings<'_>, index: usize, span: &Span) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let raw = &layout.lines[span.line].text[span.range.start..segment.range.end];
    let last = raw.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    let goes_on = raw.trim_end().ends_with([',', '-', '&', '/'])
        || matches!(
            last.to_lowercase().as_str(),
            "and" | "und" | "et" | "of" | "the" | "for" | "y" | "e" | "en" | "de"
        );
    if span.range.end + 1 < segment.range.end {
        return None;
    }
    let below = below(surroundings, span)?;
    if !goes_on && !is_full(layout, span, below) && !is_pair(surroundings, span, below) {
        return None;
    }
    let rest = trimmed(layout, layout.segments[below].line, layout.segments[below].range.clone())?;
    // The comma that goes on is part of the text.
    let first = Span { line: span.line, range: span.range.start..segment.range.end };
    Some(vec![first, Span { line: layout.segments[below].line, range: rest }])
}

/// The text with all lines that follow it at its own left edge, or where it wraps at the edge of its label, set as tightly
/// as the first of them: the address under a name, a list, the lines of a remark. Two lines are one text only if the first
/// had to wrap, or visibly goes on. Ends before whatever is labelled.
fn block(surroundings: &Surroundings<'_>, index: usize, span: &Span, right: f32) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let first = &layout.segments[index];
    if span.range.end + 1 < first.range.end || surroundings.segments[index].is_value {
        return None;
    }
    let start = layout.rect(span).x0;
    let mut spans = vec![Span { line: span.line, range: span.range.start..first.range.end }];
    let (mut last, mut length) = (index, first.range.len());
    let mut gap: Option<f32> = None;
    let mut all_wrap = true;
    while let Some(next) = following(surroundings, last, (start, first.rect.x0), first.size, right) {
        let (above, found) = (&layout.segments[last], &layout.segments[next]);
        let own_gap = found.rect.y0 - above.rect.y1;
        length += found.range.len();
        if length > LONGEST_BLOCK || gap.is_some_and(|gap| own_gap > gap + LOOSER * first.size) {
            break;
        }
        gap.get_or_insert(own_gap);
        all_wrap &= wraps(layout, last, next, right);
        spans.push(Span { line: found.line, range: trimmed(layout, found.line, found.range.clone())? });
        last = next;
    }
    (spans.len() > 2 || spans.len() == 2 && all_wrap).then_some(spans)
}

/// Whether a segment's text goes on in the one below it: it had no room for the next word, or that starts small.
fn wraps(layout: &Layout<'_>, above: usize, below: usize, right: f32) -> bool {
    let (above, below) = (&layout.segments[above], &layout.segments[below]);
    let text = layout.text(below);
    let word = text.split(BLANK).next().unwrap_or_default().chars().count() + 1;
    let width = below.rect.width() * word as f32 / text.chars().count().max(1) as f32;
    let line = layout.line_of(above);
    let beside = layout.segments[line.segments.clone()].iter().map(|s| s.rect.x0);
    let right = beside.filter(|&x| x > above.rect.x1).fold(right, f32::min);
    above.rect.x1 + width > right - 0.6 * above.size || text.starts_with(char::is_lowercase)
}

/// The segment that goes on a text in the next lines; `edges` are where the text and its label start.
fn following(
    surroundings: &Surroundings<'_>,
    last: usize,
    edges: (f32, f32),
    size: f32,
    right: f32,
) -> Option<usize> {
    let layout = surroundings.layout;
    let above = &layout.segments[last];
    right_below(layout, above.line, above.rect.y1 + TIGHT * size, 2).find(|&index| {
        let next = &layout.segments[index];
        let label = &surroundings.segments[index];
        let at = |edge: f32| (next.rect.x0 - edge).abs() < 0.7 * size;
        next.rect.y0 > above.rect.centre_y()
            && (at(edges.0) || at(edges.1) && wraps(layout, last, index, right))
            && (next.size - size).abs() < 0.3 * size
            && layout.text(next).chars().filter(|c| c.is_alphanumeric()).count() > 2
            && !surroundings.is_label(index)
            && !has_label(surroundings, index)
            && !label.is_spent
            && !label.is_value
            && !label.matches.iter().any(|m| m.similarity > 0.97)
    })
}

/// Whether the line had no room for the first word of the line below it, so that the text had to wrap there.
fn is_full(layout: &Layout<'_>, span: &Span, below: usize) -> bool {
    let segment = &layout.segments[layout.segment_at(span.line, span.range.start)];
    let line = &layout.lines[span.line];
    let next = &layout.segments[below];
    let text = layout.text(next);
    let word = text.split([BLANK, '-', '/']).next().unwrap_or_default().chars().count();
    let letters = text.chars().count().max(1);
    let width = next.rect.width() * word as f32 / letters as f32;
    let right = layout.segments[line.segments.clone()]
        .iter()
        .map(|s| s.rect.x0)
        .filter(|&x| x > segment.rect.x1)
        .fold(f32::INFINITY, f32::min);
    // The column ends where the next one starts; a label of its own must stand before the value, else any two lines
    // of an address would be one.
    let labelled = line.segments.start < layout.segment_at(span.line, span.range.start)
        || span.range.start > segment.range.start;
    labelled && right.is_finite() && segment.rect.x1 + width + 0.3 * segment.size > right - 0.6 * segment.size
}

/// Whether the line below is set so tight under the value that it is the rest of it: in a form whose rows stand further
/// apart, two lines and no more, the second one short and no address.
fn is_pair(surroundings: &Surroundings<'_>, span: &Span, next: usize) -> bool {
    let layout = surroundings.layout;
    let own = layout.segment_at(span.line, span.range.start);
    let size = layout.segments[own].size;
    let rect = layout.rect(span);
    let second = &layout.segments[next];
    let text = layout.text(second);
    let before = layout.tokens(&layout.segments[own]);
    let colon =
        before[..before.partition_point(|t| t.range.end <= span.range.start)].last().is_some_and(|t| t.colon)
            || own > layout.lines[span.line].segments.start && surroundings.is_label(own - 1);
    let tight = second.rect.y0 - rect.y1 < 0.15 * size;
    let short =
        text.split(BLANK).count() <= 3 && !text.bytes().any(|b| b.is_ascii_digit()) || text.len() <= 6;
    let span = Span { line: second.line, range: second.range.clone() };
    let third = below(surroundings, &span)
        .is_some_and(|third| layout.segments[third].rect.y0 - second.rect.y1 < 0.3 * size);
    colon && tight && short && !third && !look(text).address
}

/// A name on two lines: a salutation over a name, a name that breaks off, or a second line that is the rest of one: a legal
/// form, a word of organisations, or words set bold like the name over an address that is not.
fn wrapped_name(surroundings: &Surroundings<'_>, span: &Span) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let text = &layout.lines[span.line].text[span.range.clone()];
    let first = look(text);
    if !(first.salutation || first.name && !first.address) {
        return None;
    }
    let aligned = below(surroundings, span);
    let index = aligned.or_else(|| centred_below(surroundings, span))?;
    let below_span = Span { line: layout.segments[index].line, range: layout.segments[index].range.clone() };
    let rest = layout.text(&layout.segments[index]);
    let second = look(rest);
    let rest_of_name = first.name && (is_only_form(rest) || !first.legal_form && ends_name(rest));
    let is_name = second.name && !second.address && !second.reachable;
    let own = &layout.segments[layout.segment_at(span.line, span.range.start)];
    let set_alike = first.name
        && own.bold
        && layout.segments[index].bold
        && layout.lines.get(below_span.line + 1).is_some_and(|third| {
            let mut column = layout.segments[third.segments.clone()].iter();
            column.any(|s| !s.bold && (s.rect.x0 - own.rect.x0).abs() < 0.6 * own.size)
        });
    let fits = rest_of_name
        || is_name
            && (first.salutation
                || breaks_off(text)
                || aligned.is_some() && !first.legal_form && second.ends_in_legal_form
                || !first.ends_in_legal_form && set_alike);
    fits.then(|| vec![span.clone(), below_span])
}

/// The segment right below a span, where both stand alone in their lines and in the middle of their column.
fn centred_below(surroundings: &Surroundings<'_>, span: &Span) -> Option<usize> {
    let layout = surroundings.layout;
    let (line, next) = (&layout.lines[span.line], layout.lines.get(span.line + 1)?);
    let alone = line.segments.len() == 1 && next.segments.len() == 1 && line.page == next.page;
    let size = layout.segments[line.segments.start].size;
    let near = next.rect.y0 < line.rect.y1 + 0.9 * size
        && (next.rect.centre_x() - line.rect.centre_x()).abs() < 1.5 * size;
    let index = next.segments.start;
    (alone && near && !surroundings.is_label(index)).then_some(index)
}

/// Whether a name cannot end here: after a particle or a sign that joins words.
fn breaks_off(name: &str) -> bool {
    let last = name.rsplit(BLANK).next().unwrap_or_default();
    matches!(
        last.to_lowercase().as_str(),
        "&" | "and"
            | "und"
            | "et"
            | "y"
            | "e"
            | "en"
            | "of"
            | "di"
            | "de"
            | "da"
            | "do"
            | "du"
            | "des"
            | "del"
            | "della"
            | "van"
            | "der"
            | "den"
            | "ter"
            | "von"
            | "zu"
            | "vom"
            | "la"
            | "le"
            | "-"
            | "+"
    )
}

/// Whether a label stands left of a segment in its line.
fn has_label(surroundings: &Surroundings<'_>, index: usize) -> bool {
    let line = surroundings.layout.line_of(&surroundings.layout.segments[index]);
    index > line.segments.start && surroundings.is_label(index - 1)
}

/// The segment right below a span that starts where it starts, if no label stands left of it.
pub(crate) fn below(surroundings: &Surroundings<'_>, span: &Span) -> Option<usize> {
    let layout = surroundings.layout;
    let rect = layout.rect(span);
    let own = layout.segment_at(span.line, span.range.start);
    let size = layout.segments[own].size;
    right_below(layout, span.line, rect.y1 + TIGHT * size, 3).find(|&index| {
        let next = &layout.segments[index];
        let label = &surroundings.segments[index];
        let known = label.matches.iter().any(|m| m.similarity > 0.97);
        // A label beside the lower line makes it another value, unless it is the label of both lines.
        let labelled = has_label(surroundings, index) && has_label(surroundings, own);
        (next.rect.x0 - rect.x0).abs() < 0.6 * size
            && !labelled
            && next.rect.y0 > rect.centre_y()
            && !known
            && !label.is_spent
            && (next.size - size).abs() < 0.15 * size
    })
}

/// The segments of the next lines of a page, `most` at most, that start above a height.
fn right_below(layout: &Layout<'_>, line: usize, height: f32, most: usize) -> impl Iterator<Item = usize> {
    let page = layout.lines[line].page;
    layout.lines[line + 1..]
        .iter()
        .take(most)
        .take_while(move |next| next.page == page && next.rect.y0 < height)
        .flat_map(|next| next.segments.clone())
}
