//! Free text as candidates: segments, what follows a label in its segment, and lines that belong together.

use std::ops::Range;

use super::candidate::{Candidate, Typed};
use super::context::Surroundings;
use super::labels::{LabelMatch, printed};
use super::layout::{BLANK, Layout, Line, Rect, Segment, Span, Token};
use super::marks::TickBox;
use super::names::{
    Look, breaks_off, ends_name, is_courtesy, is_name_suffix, is_only_form, is_person, is_registration,
    is_title, look, registered_name, without_id,
};
use super::signature::whole_title;
use super::typed::SENTENCE;
use crate::ablation::{Family, uses};
use crate::lexicon::{LABEL_WORDS, Shape, Strength};

/// Longer texts are paragraphs, not values.
const LONGEST: usize = 240;
/// Length of a text of several lines, in bytes.
const LONGEST_BLOCK: usize = 1_000;
/// Distance of its lines, and by how much a later one may be larger than the first, in font sizes.
const TIGHT: f32 = 0.9;
/// The same of two lines that stand beside a label in their segment, and may be two values.
const TIGHTER: f32 = 0.6;
/// The same beside a label, in a form that is filled in with a typewriter.
const ROOMY: f32 = 1.7;
/// Words behind a known label, at most, that a colon makes part of the label.
const REST: usize = 3;
/// Letters of a label that says too little without a number behind it.
const SHORT: usize = 4;
/// Lines above and below one in which the next column may start.
const NEAR: usize = 2;
/// Letters of a line that is more than a number.
const WORDY: usize = 4;
/// How far from the right edge of the page's text a line may end that had no room for the next word, as a share of that edge.
const RAGGED: f32 = 0.13;
const LOOSER: f32 = 0.35;
/// Similarity of a segment to an anchor of the template that makes it a label.
const ALIKE: f32 = 0.8;

/// Dashes that part a label from its value.
const DASHES: [&str; 2] = [" – ", " — "];

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
    /// What follows a person's name behind a separator.
    Title,
    /// All lines that belong to it.
    Block,
    /// A name under its label that fills two lines.
    Lines,
    /// The cells of a column under its label.
    Column,
    /// Behind a date that was filled in before it: "May 3, 1991 Jane Roe".
    AfterDate,
    /// What ticks the label that is the rest of its segment.
    Mark,
}

/// The texts that start in a segment.
pub(crate) fn texts(surroundings: &Surroundings<'_>, index: usize) -> Vec<TextCandidate> {
    let layout = surroundings.layout;
    let mut found = Vec::new();
    let segment = &layout.segments[index];
    let line = segment.line;
    if segment.range.len() > LONGEST {
        return sender(layout, segment).into_iter().collect();
    }
    let is_empty_box = segment.tick_box.as_ref().is_some_and(|(_, found)| *found == TickBox::Empty);
    if layout.tokens(segment).is_empty() || is_empty_box {
        return found;
    }
    let is_label = surroundings.is_label(index);
    let parts = parts(surroundings, index);
    let starts_with_label = parts.iter().any(|(_, part)| *part == Part::AfterLabel);
    let starts_with_colon = parts.iter().any(|(range, part)| {
        *part == Part::AfterColon && starts_with_known_label(surroundings, index, range.start)
    });
    let mut push = |spans: Vec<Span>, part: Part, seen: Option<Look>| {
        let Some(mut candidate) = Candidate::new(layout, spans, Typed::Text) else { return };
        if part == Part::Title {
            // Its label is that of the name before it.
            let start = surroundings.behind_date(index).unwrap_or(segment.range.start);
            let first = layout.rect(&Span { line, range: start..segment.range.end });
            candidate.rect =
                candidate.spans[1..].iter().map(|rest| layout.rect(rest)).fold(first, Rect::union);
            candidate.label_end = start;
        }
        let before = layout.tokens(segment).partition_point(|t| t.range.end <= candidate.start());
        let colon = part == Part::Whole && starts_with_colon;
        let starts_segment = part == Part::Whole
            || matches!(part, Part::Head | Part::WithoutId) && candidate.start() == segment.range.start;
        let labelled = starts_segment && starts_with_label;
        let look = seen.unwrap_or_else(|| look(&candidate.source));
        found.push(TextCandidate { candidate, part, look, labelled, colon, long_label: before > 1 });
    };
    for (range, part) in parts {
        // No part of a label is a value, unless a colon parts them.
        if is_label && !matches!(part, Part::AfterColon | Part::Mark) {
            continue;
        }
        let range = if part == Part::Mark {
            range
        } else {
            let Some(range) = trimmed(layout, line, range) else { continue };
            without_dash(layout, index, range)
        };
        let text = &layout.lines[line].text[range.clone()];
        let shorter = without_id(text).len();
        if shorter < text.len() && part != Part::AfterDate {
            push(vec![Span { line, range: range.start..range.start + shorter }], Part::WithoutId, None);
        }
        if let Some((head, rest)) = head(layout, line, &range) {
            let text = &layout.lines[line].text;
            let name = &text[head.clone()];
            let starts = head.start == segment.range.start || part == Part::AfterDate;
            let is_after_name = starts && is_person(name) && !is_title(name);
            let title = trimmed(layout, line, rest).filter(|_| is_after_name);
            if let Some(title) = title {
                push(whole_title(layout, index, Span { line, range: title }), Part::Title, None);
            }
            if part == Part::Whole
                && let Some(name) = begun_above(surroundings, index, &head)
            {
                push(name, Part::Name, None);
            }
            let part = if part == Part::AfterDate { part } else { Part::Head };
            push(vec![Span { line, range: head }], part, None);
        }
        let seen = if range == segment.range { surroundings.look(index) } else { look(text) };
        let spans = vec![Span { line, range }];
        if part == Part::AfterDate || !uses(Family::Continuation) {
            push(spans, part, Some(seen));
            continue;
        }
        if let Some(block) = block(surroundings, index, &spans[0]) {
            push(block, Part::Block, None);
        }
        if let Some(longer) = continued(surroundings, index, &spans[0]) {
            push(longer, part, None);
        }
        if part == Part::Whole
            && let Some(lines) = filled_lines(surroundings, &spans[0], seen)
        {
            push(lines, Part::Lines, None);
        }
        if part == Part::Whole
            && is_under_label(surroundings, index, 0.99)
            && let Some(cells) = surroundings.cells_of_column(index)
        {
            push(cells, Part::Column, None);
        }
        if part == Part::AfterColon
            && let Some(name) = wrapped_under_label(surroundings, &spans[0], seen)
        {
            push(name, Part::Name, None);
        }
        if part == Part::Whole
            && let Some(name) = wrapped_name(surroundings, &spans[0], seen)
        {
            push(name, Part::Name, None);
        }
        push(spans, part, Some(seen));
    }
    found
}

/// The name of the firm with which a long line begins, as the small print at the foot of a letter does.
fn sender(layout: &Layout<'_>, segment: &Segment) -> Option<TextCandidate> {
    let (head, _) = head(layout, segment.line, &segment.range)?;
    let look = look(&layout.lines[segment.line].text[head.clone()]);
    let spans = vec![Span { line: segment.line, range: head }];
    let candidate = Candidate::new(layout, spans, Typed::Text).filter(|_| look.ends_in_legal_form)?;
    Some(TextCandidate {
        candidate,
        part: Part::Head,
        look,
        labelled: false,
        colon: false,
        long_label: false,
    })
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
        .filter(|&i| {
            tokens[i].colon && !is_time(layout, index, i) && !is_in_brackets(line, segment, &tokens[i])
        })
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
    parts.extend(behind_dash(surroundings, index).map(|start| (start..segment.range.end, Part::AfterLabel)));
    parts.extend(surroundings.mark_of(index).map(|mark| (mark, Part::Mark)));
    parts.extend(surroundings.behind_date(index).map(|start| (start..segment.range.end, Part::AfterDate)));
    let all = printed(line, tokens);
    // What stands behind the first `used` tokens, with the marks before it.
    let behind = |used: usize| {
        let (label, value) = (&tokens[used - 1], tokens.get(used)?);
        let between = &line.text[label.range.end..value.range.start];
        // "(ADVERTISER). Does the programming" says what stands before the bracket.
        let opens = line.text[segment.range.start..tokens[0].range.start].contains('(');
        if opens && between.contains(')') {
            return None;
        }
        let from = between.rfind(char::is_whitespace).map_or(value.range.start, |c| label.range.end + c + 1);
        Some((from..segment.range.end, Part::AfterLabel))
    };
    let is_small = |token: &Token| line.text[token.range.clone()].starts_with(char::is_lowercase);
    let prefix = surroundings.labels.longest_prefix(&all);
    // "To Mrs Example".
    let is_addressed = || {
        let next = tokens.get(1).map(|token| &line.text[token.range.clone()]);
        next.is_some_and(|next| next.chars().count() > 1 && is_courtesy(next))
            && surroundings.labels.classify(&all[..1]).iter().any(|m| m.similarity >= 0.99)
    };
    if colons.first().is_none_or(|&c| c > 0) {
        let label = prefix.or_else(|| is_addressed().then_some(1));
        // "Limit (95% of all days): 12": the label goes on to the colon.
        let goes_on = |used: usize| colons.first().is_some_and(|&c| (used..used + REST).contains(&c));
        // "limitations below for more": the label's words within a sentence.
        let is_sentence = |used: usize| tokens[..=used.min(tokens.len() - 1)].iter().all(is_small);
        parts.extend(label.filter(|&used| !goes_on(used) && !is_sentence(used)).and_then(behind));
    }
    // A value ends where another label of the template begins: "Tested: 3/12/81 REPORTED 3/30/81".
    for label in surroundings.labels.own_within(&all) {
        let start = tokens[label.start].range.start;
        if tokens[label.clone()].iter().all(is_small) {
            continue;
        }
        let is_end = line.text[..start].trim_end().ends_with(['.', ',', ';', ')']);
        for (range, part) in &mut parts {
            if (range.start + 1..range.end).contains(&start) && (*part != Part::Whole || is_end) {
                range.end = start;
            }
        }
        // What stands behind a colon, or the first label, is a part already; "to the Study Director and others" is a sentence.
        let goes_on = tokens.get(label.end).is_some_and(is_small);
        if (label.start > 0 || prefix.is_none()) && !tokens[label.end - 1].colon && !goes_on {
            let is_bare = tokens[label.clone()].iter().map(|t| t.range.len()).sum::<usize>() < SHORT;
            parts.extend(behind(label.end).map(|(range, part)| {
                // "No. 436 By": a bare label is that of the number alone.
                let numbers = line.text[range.clone()].split_inclusive(BLANK);
                let numbers = numbers.take_while(|word| word.contains(|c: char| c.is_ascii_digit()));
                let end = range.start + numbers.map(str::len).sum::<usize>();
                (range.start..if is_bare { end } else { range.end }, part)
            }));
        }
    }
    parts
}

/// Where the words start that a dash parts from a label of the template: "Foreign principal — Example Board".
fn behind_dash(surroundings: &Surroundings<'_>, index: usize) -> Option<usize> {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let text = layout.text(segment);
    let (at, dash) = DASHES.iter().find_map(|dash| Some((text.find(dash)?, dash)))?;
    let tokens = layout.tokens(segment);
    let label = &tokens[..tokens.partition_point(|t| t.range.end <= segment.range.start + at)];
    let printed = printed(layout.line_of(segment), label);
    let is_label = surroundings.labels.classify(&printed).iter().any(|m| m.is_own() && m.similarity >= ALIKE);
    (is_label && !label.is_empty()).then_some(segment.range.start + at + dash.len())
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

/// Whether the colon behind a token of a line stands in brackets, other than those around all of its segment.
pub(crate) fn is_in_brackets(line: &Line, segment: &Segment, token: &Token) -> bool {
    let before = &line.text[segment.range.start..token.range.end].trim_start_matches('(');
    let behind = &line.text[token.range.end..];
    let is_open = before.rfind('(').is_some_and(|open| before.rfind(')').is_none_or(|closed| closed < open));
    let colon = behind.find(':').unwrap_or(0);
    is_open && behind.find(')').is_some_and(|closed| closed > colon)
}

/// Without blanks and loose marks at its edges.
fn trimmed(layout: &Layout<'_>, line: usize, range: Range<usize>) -> Option<Range<usize>> {
    let text = &layout.lines[line].text[range.clone()];
    let is_loose =
        |c: char| c.is_whitespace() || matches!(c, ':' | '_' | '|' | ',' | ';' | '=') || TickBox::ticks(c);
    let start = text.trim_start_matches(is_loose);
    // A speck before the colon: ". : Smith".
    let start = start
        .split_once(" : ")
        .filter(|(speck, _)| speck.len() == 1 && !speck.contains(char::is_alphanumeric))
        .map_or(start, |(_, rest)| rest);
    let from = range.start + (text.len() - start.len());
    let end = start.trim_end_matches(is_loose);
    let range = from..from + end.len();
    end.chars().any(char::is_alphanumeric).then_some(range)
}

/// Without the dash that parts words from what stands before them; items of a list keep theirs.
fn without_dash(layout: &Layout<'_>, index: usize, range: Range<usize>) -> Range<usize> {
    let dashes = ["- ", "– ", "— "];
    let segment = &layout.segments[index];
    let text = &layout.lines[segment.line].text[range.clone()];
    let words = dashes.iter().find_map(|dash| text.strip_prefix(dash));
    let Some(words) = words.filter(|words| words.starts_with(char::is_alphabetic)) else { return range };
    let page = layout.pages[layout.lines[segment.line].page].clone();
    let near = segment.line.saturating_sub(1).max(page.start)..(segment.line + 2).min(page.end);
    let is_list = near.filter(|&line| line != segment.line).any(|line| {
        layout.segments[layout.lines[line].segments.clone()].iter().any(|other| {
            (other.rect.x0 - segment.rect.x0).abs() < segment.size
                && dashes.iter().any(|dash| layout.text(other).starts_with(dash))
        })
    });
    if is_list { range } else { range.end - words.len()..range.end }
}

/// What stands before a separator, or before what a firm says of its registration, and what behind it: "Name GmbH - Street 1 -
/// 12345 Town", "Name • Street".
fn head(layout: &Layout<'_>, line: usize, range: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let text = &layout.lines[line].text[range.clone()];
    let separators = [" - ", " – ", " — ", " • ", " ● ", " · ", " | ", " ▪ ", " * ", " / ", ", ", "; "];
    if let Some(name) = registered_name(text) {
        let end = range.start + name.len();
        return Some((range.start..end, end..range.end));
    }
    let starts = |at: usize| separators.iter().find(|s| text[at..].starts_with(**s));
    let next = |from: usize| {
        let mut ends = text[from..].match_indices([' ', ',', ';']).map(|(at, _)| from + at);
        ends.find_map(|at| Some((at, at + starts(at)?.len())))
    };
    let (mut cut, mut rest) = next(0)?;
    if text[cut..].starts_with(", ") {
        // ", LLC" and ", Jr." are part of the name, and what stands behind them is not.
        let (end, behind) = next(rest).unwrap_or((text.len(), text.len()));
        let part = text[rest..end].trim_end_matches(|c: char| !c.is_alphanumeric() && c != '.');
        if is_only_form(part) || is_name_suffix(part) {
            (cut, rest) = (end, behind);
        }
    }
    (cut > 2 && rest < text.len()).then_some((range.start..range.start + cut, range.start + rest..range.end))
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
/// as the first of them: the address under a name, a list, the lines of a remark. Beside a label they may stand further apart, if
/// the column of labels is empty there. Two lines are one text only if they stand so, or if the first had to wrap, or visibly
/// goes on. Ends before whatever is labelled.
fn block(surroundings: &Surroundings<'_>, index: usize, span: &Span) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let first = &layout.segments[index];
    let right = layout.right_of(layout.lines[first.line].page);
    if span.range.end + 1 < first.range.end || surroundings.segments[index].is_value {
        return None;
    }
    let has_label = has_label(surroundings, index);
    // The first line of a paragraph may be indented; the others stand where its label does.
    let label = if has_label { Some(index - 1) } else { label_above(surroundings, index, 0.99) };
    let label = label.map_or(first.rect.x0, |label| layout.segments[label].rect.x0);
    let start = Start {
        text: layout.rect(span).x0,
        label,
        is_beside: has_label || span.range.start > first.range.start,
        size: first.size,
        right,
    };
    let mut rows = vec![(index, span.range.start)];
    let (mut last, mut length) = (index, first.range.len());
    let mut gap: Option<f32> = None;
    let mut is_one = true;
    while let Some(next) = following(surroundings, last, &start) {
        let (above, found) = (&layout.segments[last], &layout.segments[next]);
        let own_gap = found.rect.y0 - above.rect.y1;
        length += found.range.len();
        if length > LONGEST_BLOCK || gap.is_some_and(|gap| own_gap > gap + LOOSER * first.size) {
            break;
        }
        gap.get_or_insert(own_gap);
        is_one &= wraps(layout, last, next, right);
        rows.push((next, found.range.start));
        last = next;
    }
    // Two lines tightly beside their label, or under it, are one text as well.
    if let [_, (second, _)] = rows[..] {
        is_one |= if has_label {
            layout.segments[second].line == first.line + 1
                && starts_line(layout, second)
                && gap.is_some_and(|gap| gap < TIGHT * first.size)
        } else if start.is_beside {
            starts_line(layout, second) && gap.is_some_and(|gap| gap < TIGHTER * first.size)
        } else {
            span.range.start == first.range.start && is_under_label(surroundings, index, 0.99)
        };
    }
    if rows.len() < 2 || rows.len() == 2 && !is_one {
        return None;
    }
    // A line that recognition left a gap in is whole where the others have text below or above the gap.
    let right = rows.iter().map(|&(row, _)| layout.segments[row].rect.x1).fold(0.0, f32::max);
    let whole = |(row, from): (usize, usize)| {
        let line = layout.segments[row].line;
        let more = row + 1..layout.lines[line].segments.end;
        let end = more
            .take_while(|&next| {
                layout.segments[next].rect.x0 < right - start.size && !surroundings.is_label(next)
            })
            .last()
            .unwrap_or(row);
        let range = from..layout.segments[end].range.end;
        if row == index {
            Some(Span { line, range })
        } else {
            trimmed(layout, line, range).map(|range| Span { line, range })
        }
    };
    rows.into_iter().map(whole).collect()
}

/// Where a text of several lines starts.
struct Start {
    /// The left edge of its first line, and of its label: where its lines may start.
    text: f32,
    label: f32,
    /// Its label stands left of it in its line.
    is_beside: bool,
    /// Of its font.
    size: f32,
    /// How far to the right the page's text reaches.
    right: f32,
}

/// Whether a segment is the first of its line.
fn starts_line(layout: &Layout<'_>, index: usize) -> bool {
    layout.line_of(&layout.segments[index]).segments.start == index
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
    above.rect.x1 + width > right - RAGGED * right || text.starts_with(char::is_lowercase)
}

/// The segment that goes on a text in the next lines.
fn following(surroundings: &Surroundings<'_>, last: usize, start: &Start) -> Option<usize> {
    let layout = surroundings.layout;
    let above = &layout.segments[last];
    let size = start.size;
    let most = if start.is_beside { ROOMY } else { TIGHT };
    let at = |index: usize, edge: f32| (layout.segments[index].rect.x0 - edge).abs() < 0.7 * size;
    // The next label of the column begins another text.
    let ends = |index: usize| {
        at(index, start.label)
            && (surroundings.is_label(index)
                || is_labelled(surroundings, index)
                || starts_with_own_label(surroundings, index))
    };
    // "signed your / contract." ends in a word that is a label elsewhere.
    let goes_on = |index: usize| {
        let segment = &layout.segments[index];
        layout.text(segment).starts_with(char::is_lowercase)
            && !layout.ends_in_colon(segment)
            && !surroundings.segments[index].matches.iter().any(LabelMatch::is_own)
    };
    let mut below = layout
        .right_below(above.line, above.rect.y1 + most * size, 2)
        .take_while(|&index| goes_on(index) || !ends(index));
    below.find(|&index| {
        let next = &layout.segments[index];
        let label = &surroundings.segments[index];
        next.rect.y0 > above.rect.centre_y()
            && (next.rect.y0 - above.rect.y1 < TIGHT * size || starts_line(layout, index))
            && (at(index, start.text) || at(index, start.label) && wraps(layout, last, index, start.right))
            && is_as_large(layout, next, size)
            && layout.text(next).chars().filter(|c| c.is_alphanumeric()).count() > 2
            && !has_label(surroundings, index)
            && !is_labelled(surroundings, index)
            && (!label.is_value || layout.text(next).chars().filter(|c| c.is_alphabetic()).count() >= WORDY)
            && (goes_on(index)
                || !surroundings.is_label(index) && !label.matches.iter().any(|m| m.similarity > 0.97))
    })
}

/// Whether a segment's font is as large as another's; that of recognised words is as large as their line's box, which
/// holds its neighbours on a skewed page.
fn is_as_large(layout: &Layout<'_>, segment: &Segment, size: f32) -> bool {
    let (least, most) = if layout.is_recognised(segment) { (0.45, 2.2) } else { (0.7, 1.3) };
    (least * size..most * size).contains(&segment.size)
}

/// Whether a segment starts with a label of what else it holds.
fn is_labelled(surroundings: &Surroundings<'_>, index: usize) -> bool {
    if !surroundings.segments[index].is_spent {
        return false;
    }
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let tokens = layout.tokens(segment);
    let has_colon =
        (0..tokens.len().saturating_sub(1)).any(|at| tokens[at].colon && !is_time(layout, index, at));
    let printed = printed(layout.line_of(segment), tokens);
    // "Calle" and "Via" are labels of streets, and parts of them.
    has_colon
        || surroundings.labels.longest_prefix(&printed).is_some() && !surroundings.look(index).address
        || starts_with_own_label(surroundings, index)
}

/// Whether a segment starts with a label of the template that more follows: "Address Mill Lane".
fn starts_with_own_label(surroundings: &Surroundings<'_>, index: usize) -> bool {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let printed = printed(layout.line_of(segment), layout.tokens(segment));
    layout.text(segment).starts_with(char::is_uppercase) && surroundings.labels.starts_with_own(&printed)
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
    let span = second.span();
    let third = below(surroundings, &span)
        .is_some_and(|third| layout.segments[third].rect.y0 - second.rect.y1 < 0.3 * size);
    colon && tight && short && !third && !surroundings.look(next).address
}

/// A name on two lines: "Herrn" over a person's, a name that breaks off, or a second line that is the rest of one: a legal
/// form, a word of organisations, or words set bold like the name over an address that is not; `first` is what the first line
/// looks like.
fn wrapped_name(surroundings: &Surroundings<'_>, span: &Span, first: Look) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let text = &layout.lines[span.line].text[span.range.clone()];
    let index = layout.segment_at(span.line, span.range.start);
    if !(is_courtesy(text) || first.name && !first.address) || surroundings.is_label(index) {
        return None;
    }
    let own = &layout.segments[index];
    let aligned = below(surroundings, span);
    let index = aligned.or_else(|| set_below(surroundings, span))?;
    let (line, range) = (layout.segments[index].line, layout.segments[index].range.clone());
    let below_span = Span { line, range: trimmed(layout, line, range)? };
    let rest = &layout.lines[line].text[below_span.range.clone()];
    let second = surroundings.look(index);
    let rest_of_name = is_only_form(rest) || !first.legal_form && ends_name(rest);
    // "Traductora y correctora" under a person's name is what they do.
    let is_small = |word: &str| word.len() > 2 && word.chars().all(char::is_lowercase);
    let is_trade = is_person(text) && rest.split(BLANK).any(is_small);
    let is_name = second.name && !second.address && !second.reachable && !is_trade;
    let is_courtesy = is_courtesy(text) && is_person(rest);
    let set_alike = own.bold
        && layout.segments[index].bold
        && layout.lines.get(below_span.line + 1).is_some_and(|third| {
            let mut column = layout.segments[third.segments.clone()].iter();
            column.any(|s| !s.bold && (s.rect.x0 - own.rect.x0).abs() < 0.6 * own.size)
        });
    let fits = is_courtesy
        || first.name && rest_of_name
        || first.name && aligned.is_some() && !first.legal_form && names_whose(rest)
        || is_name && is_registered(surroundings, first, index)
        || is_name
            && first.name
            && (breaks_off(text)
                || aligned.is_some() && !first.legal_form && second.ends_in_legal_form
                || aligned.is_some() && !first.ends_in_legal_form && fills_column(layout, text, own, rest)
                || stands_whole(layout, &format!("{text} {rest}"))
                || !first.ends_in_legal_form && set_alike);
    if !fits {
        return None;
    }
    // "Alimentar / Figueirinha & / Filhos Lda.", "Muster / Handels / GmbH".
    let third = below(surroundings, &below_span).filter(|&third| {
        let last = layout.text(&layout.segments[third]);
        is_only_form(last) || breaks_off(rest) && surroundings.look(third).name
    });
    let third = third.map(|third| layout.segments[third].span());
    Some([span.clone(), below_span].into_iter().chain(third).collect())
}

/// A name of a sentence that begins behind its label at the end of the line above: "to our client Example / Harbour Ltd, of".
fn begun_above(surroundings: &Surroundings<'_>, index: usize, rest: &Range<usize>) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let own = &layout.segments[index];
    let above = own.line.checked_sub(1)?;
    let line = &layout.lines[above];
    let last = &layout.segments[line.segments.start];
    let goes_on = line.segments.len() == 1
        && line.page == layout.lines[own.line].page
        && layout.line_of(own).segments.start == index
        && own.rect.y0 - last.rect.y1 < TIGHT * own.size
        && layout.lines[own.line].text[rest.clone()].starts_with(char::is_uppercase);
    let tokens = layout.tokens(last);
    let start = tokens.len() - tokens.iter().rev().take_while(|t| is_capital(line, t)).count();
    if !goes_on || tokens.len() < SENTENCE || start == tokens.len() || tokens.len() - start > REST {
        return None;
    }
    let is_label = |used: usize| {
        let label = printed(line, &tokens[start.saturating_sub(used)..start]);
        let mut matches = surroundings.labels.classify(&label).into_iter();
        matches.any(|m| m.similarity >= 0.99 && m.strength > Strength::Bare && m.has_shape(Shape::Name))
    };
    let first = Span { line: above, range: tokens[start].range.start..last.range.end };
    (1..=REST).any(is_label).then(|| vec![first, Span { line: own.line, range: rest.clone() }])
}

/// Whether a token is a word that starts large.
fn is_capital(line: &Line, token: &Token) -> bool {
    let word = &line.text[token.range.clone()];
    word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '&'))
}

/// Whether a line says whose the office is that the line above it names: "of Example Land".
fn names_whose(rest: &str) -> bool {
    let mut words = rest.split(BLANK);
    words.next().is_some_and(|word| LABEL_WORDS.joining.contains(&word))
        && (1..=REST).contains(&words.clone().count())
        && words.clone().any(|word| word.starts_with(char::is_uppercase))
        && words.all(|word| word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’')))
}

/// A name behind its label that had no room for its last words, which stand under the label.
fn wrapped_under_label(surroundings: &Surroundings<'_>, span: &Span, first: Look) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let index = layout.segment_at(span.line, span.range.start);
    let own = &layout.segments[index];
    if !first.name || first.ends_in_legal_form || span.range.end + 1 < own.range.end {
        return None;
    }
    let start = Span { line: span.line, range: own.range.start..span.range.start };
    let rest = below(surroundings, &start)?;
    let text = layout.text(&layout.segments[rest]);
    let is_rest = text.starts_with(char::is_uppercase)
        && text.chars().all(|c| c.is_alphabetic() || matches!(c, BLANK | '-' | '&' | '\'' | '’' | '.'))
        && text.split(BLANK).count() <= REST
        && !surroundings.is_label(rest)
        && has_no_room(layout, own, text);
    is_rest.then(|| vec![span.clone(), layout.segments[rest].span()])
}

/// Whether the name of a firm had no room for the first word of the line below it, in which neither somebody nor a place is
/// named: the next column would have begun within it, or the page's text ended.
fn fills_column(layout: &Layout<'_>, name: &str, own: &Segment, rest: &str) -> bool {
    let names_another = is_person(name) || is_person(rest) || is_title(rest) || rest.contains(',');
    !names_another && has_no_room(layout, own, rest)
}

/// Whether a text had no room for the first word of the one below it.
fn has_no_room(layout: &Layout<'_>, own: &Segment, rest: &str) -> bool {
    let page = layout.lines[own.line].page;
    let lines = layout.pages[page].clone();
    let near = own.line.saturating_sub(NEAR).max(lines.start)..(own.line + NEAR + 1).min(lines.end);
    let columns = layout.lines[near].iter().flat_map(|line| &layout.segments[line.segments.clone()]);
    let right = columns.map(|s| s.rect.x0).filter(|&x| x > own.rect.x1).fold(f32::INFINITY, f32::min);
    let word = rest.split(BLANK).next().unwrap_or_default().chars().count() + 1;
    let edge = if right.is_finite() { right - own.size } else { layout.right_of(page) };
    own.rect.x1 + word as f32 * layout.letter_width(own) > edge
}

/// Whether a line names what two others may name together.
fn stands_whole(layout: &Layout<'_>, name: &str) -> bool {
    layout.lines.iter().any(|line| line.text.contains(name))
}

/// A name under its label that fills two lines of a form: neither has a number, and what stands below has a label of its own.
fn filled_lines(surroundings: &Surroundings<'_>, span: &Span, first: Look) -> Option<Vec<Span>> {
    let layout = surroundings.layout;
    let index = layout.segment_at(span.line, span.range.start);
    let own = &layout.segments[index];
    let plain = |look: Look| !look.address && !look.reachable && !look.salutation;
    let text = layout.text(own);
    if !first.name || first.ends_in_legal_form || !plain(first) || text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let next = |from: &Segment| {
        layout.right_below(from.line, from.rect.y1 + TIGHT * own.size, 2).find(|&s| {
            let found = &layout.segments[s];
            (found.rect.x0 - own.rect.x0).abs() < own.size && found.rect.y0 > from.rect.centre_y()
        })
    };
    let second = next(own)?;
    let rest = layout.text(&layout.segments[second]);
    let fits = rest.starts_with(char::is_uppercase)
        && rest.split(BLANK).count() <= 6
        && rest.chars().filter(|c| c.is_alphabetic()).count() >= WORDY
        && !rest.bytes().any(|b| b.is_ascii_digit())
        && plain(surroundings.look(second))
        && is_as_large(layout, &layout.segments[second], own.size)
        && !surroundings.is_label(second)
        && !surroundings.segments[second].is_spent
        && !has_label(surroundings, second);
    if are_rows(layout, own, &layout.segments[second]) {
        return None;
    }
    let is_item = |s: usize| layout.text(&layout.segments[s]).starts_with(|c: char| c.is_ascii_digit());
    let ends = next(&layout.segments[second]).is_none_or(|s| is_item(s) || surroundings.is_label(s));
    if !fits || !ends || !is_under_label(surroundings, index, 0.75) {
        return None;
    }
    let rest = trimmed(layout, layout.segments[second].line, layout.segments[second].range.clone())?;
    let first = Span { line: span.line, range: span.range.start..own.range.end };
    Some(vec![first, Span { line: layout.segments[second].line, range: rest }])
}

/// Whether two texts are rows of a list: what stands right of them in one column ends alike, as whole addresses do.
fn are_rows(layout: &Layout<'_>, first: &Segment, second: &Segment) -> bool {
    let right = |of: &Segment| {
        let line = layout.line_of(of);
        layout.segments[line.segments.clone()].iter().find(|other| other.rect.x0 > of.rect.x1)
    };
    let last = |of: &Segment| layout.text(of).rsplit([BLANK, ',']).next().map(str::to_owned);
    let (Some(a), Some(b)) = (right(first), right(second)) else { return false };
    (a.rect.x0 - b.rect.x0).abs() < first.size && last(a) == last(b)
}

/// Whether what stands right above a segment is a label of the template, by so much at least.
fn is_under_label(surroundings: &Surroundings<'_>, index: usize, least: f32) -> bool {
    label_above(surroundings, index, least).is_some()
}

/// What stands right above a segment, if it is a label of the template by so much at least.
fn label_above(surroundings: &Surroundings<'_>, index: usize, least: f32) -> Option<usize> {
    let layout = surroundings.layout;
    let own = &layout.segments[index];
    let first = layout.pages[layout.lines[own.line].page].start.max(own.line.saturating_sub(2));
    let mut above =
        (first..own.line).rev().flat_map(|line| layout.lines[line].segments.clone()).filter(|&s| {
            let rect = layout.segments[s].rect;
            rect.overlap_x(own.rect) > 0.0 && rect.centre_y() < own.rect.centre_y() - 0.5 * own.size
        });
    above.next().filter(|&label| {
        let mut matches = surroundings.segments[label].matches.iter();
        matches.any(|m| m.similarity >= least && m.is_own())
    })
}

/// Whether the second line of a name stands right over the number by which a register or the tax office knows it: the heads of
/// receipts name a shop on two lines, and neither has a legal form.
fn is_registered(surroundings: &Surroundings<'_>, first: Look, second: usize) -> bool {
    let layout = surroundings.layout;
    let own = &layout.segments[second];
    let Some(next) = layout.lines.get(own.line + 1) else { return false };
    let plain = first.name && !first.legal_form && !surroundings.look(second).legal_form;
    if !plain || next.page != layout.lines[own.line].page || next.rect.y0 - own.rect.y1 >= own.size {
        return false;
    }
    let below = &layout.segments[next.segments.start];
    if is_registration(layout.text(below)) {
        return true;
    }
    // The label up to its colon: what stands behind that is the number.
    let tokens = layout.tokens(below);
    let colon = tokens.iter().position(|token| token.colon).unwrap_or(0);
    let label = tokens.get(..=colon).map(|label| printed(next, label)).unwrap_or_default();
    surroundings.labels.classify(&label).iter().any(|m| m.similarity > 0.9 && m.means(&["tax_id"]))
}

/// The segment right below a span, where both stand alone in their lines, in the middle of their column or at its right edge.
fn set_below(surroundings: &Surroundings<'_>, span: &Span) -> Option<usize> {
    let layout = surroundings.layout;
    let (line, next) = (&layout.lines[span.line], layout.lines.get(span.line + 1)?);
    let alone = line.segments.len() == 1 && next.segments.len() == 1 && line.page == next.page;
    let size = layout.segments[line.segments.start].size;
    let near = next.rect.y0 < line.rect.y1 + 0.9 * size
        && ((next.rect.centre_x() - line.rect.centre_x()).abs() < 1.5 * size
            || (next.rect.x1 - line.rect.x1).abs() < 0.3 * size);
    let index = next.segments.start;
    (alone && near && !surroundings.is_label(index)).then_some(index)
}

/// Whether a label stands left of a segment in its line.
fn has_label(surroundings: &Surroundings<'_>, index: usize) -> bool {
    let line = surroundings.layout.line_of(&surroundings.layout.segments[index]);
    // "Pre-sale" is not the template's "Sale", but a label as well.
    let is_alike = |m: &LabelMatch| m.is_own() && m.similarity > ALIKE;
    index > line.segments.start
        && (surroundings.is_label(index - 1) || surroundings.segments[index - 1].matches.iter().any(is_alike))
}

/// The segment right below a span that starts where it starts, if no label stands left of it.
pub(crate) fn below(surroundings: &Surroundings<'_>, span: &Span) -> Option<usize> {
    let layout = surroundings.layout;
    let rect = layout.rect(span);
    let own = layout.segment_at(span.line, span.range.start);
    let size = layout.segments[own].size;
    // The box of recognised words is as high as what they are: "Senate" has nothing below its line, "Hagerty," has.
    let alike = if layout.is_recognised(&layout.segments[own]) { 0.25 } else { 0.15 };
    layout.right_below(span.line, rect.y1 + TIGHT * size, 3).find(|&index| {
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
            && (next.size - size).abs() < alike * size
    })
}
