//! Who signed, where no label says so: the mark of an electronic signature ("/s/ Jane Roe"), and a person's name over or
//! before a title, under words by which somebody signs ("The undersigned swears", "Sincerely").

use std::sync::LazyLock;

use super::candidate::{Candidate, Typed};
use super::context::Surroundings;
use super::layout::{BLANK, Layout, Span};
use super::names::{is_name_suffix, is_person, is_title, look};
use crate::lexicon::{LABEL_WORDS, listed};

/// Words by which somebody signs what stands above, or is about to.
static SIGNING: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/signing.txt")));
/// How an electronic signature is marked, and how recognition reads the mark.
const MARKS: [&str; 8] = ["/s/", "/S/", "/s", "Isl", "lsl", "/5/", "Is/", "(s)"];
/// What the mark of a signature says for the name behind it.
const MARKED: f32 = 0.8;
/// What a name with a title says where somebody signs.
const TITLED: f32 = 0.72;
/// Lines below a name in which its title may stand, and how far below, in font sizes.
const BELOW: usize = 3;
const FAR: f32 = 2.5;

/// The name of somebody who signed, or the title.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) candidate: Candidate,
    pub(crate) is_title: bool,
    /// What speaks for it, as a label's evidence would.
    pub(crate) score: f32,
}

/// The signatures of a document, in reading order.
pub(crate) fn signatures(surroundings: &Surroundings<'_>) -> Vec<Signature> {
    let layout = surroundings.layout;
    let mut found = Vec::new();
    for page in &layout.pages {
        let mut signs = false;
        for line in page.clone() {
            signs |= is_signing(&layout.lines[line].text);
            for segment in layout.lines[line].segments.clone() {
                let (start, is_marked) = name_start(layout, segment);
                if !is_marked && (!signs || surroundings.is_label(segment)) {
                    continue;
                }
                let Some((name, title)) = name_and_title(layout, segment, start, is_marked) else { continue };
                let title = title.or_else(|| title_below(layout, segment));
                if !is_marked && title.is_none() {
                    continue;
                }
                let score = if is_marked { MARKED } else { TITLED };
                let mut push = |spans: Vec<Span>, is_title: bool| {
                    let candidate = Candidate::new(layout, spans, Typed::Text);
                    found.extend(candidate.map(|candidate| Signature { candidate, is_title, score }));
                };
                push(vec![name], false);
                title.into_iter().for_each(|title| push(whole_title(layout, segment, title), true));
            }
        }
    }
    found
}

fn is_signing(line: &str) -> bool {
    let tight: String = line.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    SIGNING.iter().any(|words| tight.contains(words))
}

/// Where in its line the name of a segment starts: behind the mark of a signature, which it tells, or behind "By".
fn name_start(layout: &Layout<'_>, segment: usize) -> (usize, bool) {
    let segment = &layout.segments[segment];
    let text = layout.text(segment);
    let behind = |mark: &str| {
        let rest = text.strip_prefix(mark)?.trim_start();
        rest.starts_with(char::is_uppercase).then_some(segment.range.end - rest.len())
    };
    if let Some(start) = MARKS.iter().find_map(|mark| behind(mark)) {
        return (start, true);
    }
    (["By:", "By"].iter().find_map(|by| behind(by)).unwrap_or(segment.range.start), false)
}

/// A person's name, and the title behind it in its segment; behind the mark of a signature, whatever words they are.
fn name_and_title(
    layout: &Layout<'_>,
    segment: usize,
    start: usize,
    is_marked: bool,
) -> Option<(Span, Option<Span>)> {
    let segment = &layout.segments[segment];
    // "(Jane Roe)".
    let printed = &layout.lines[segment.line].text[start..segment.range.end];
    let text = printed.trim_start_matches('(');
    let start = start + printed.len() - text.len();
    let text = text.trim_end_matches([')', ' ']);
    let last = start + text.len();
    // ", Jr." is part of the name.
    let commas = text.match_indices(',').map(|(at, _)| at);
    let mut cut =
        commas.filter(|&at| !is_name_suffix(text[at..].split([',', ' ']).nth(2).unwrap_or_default()));
    let end = cut.next().unwrap_or(text.len());
    let name = text[..end].trim_end();
    let bare = name.replace(',', "");
    if !is_person(&bare) || is_title(&bare) || look(name).legal_form {
        return None;
    }
    let title = text[end..].trim_start_matches([',', ' ']);
    let is_position = |title: &str| is_title(title) || is_marked && is_person(&title.replace(',', ""));
    if !title.is_empty() && !is_position(title) {
        return None;
    }
    let span = |from: usize, length: usize| Span { line: segment.line, range: from..from + length };
    let title = (!title.is_empty()).then(|| span(last - title.len(), title.len()));
    Some((span(start, name.len()), title))
}

/// A title with what goes on below the name's segment: "Executive Vice" over "President".
pub(super) fn whole_title(layout: &Layout<'_>, name: usize, title: Span) -> Vec<Span> {
    let start = &layout.lines[title.line].text[title.range.clone()];
    let last = start.rsplit(BLANK).next().unwrap_or_default().to_lowercase();
    if !LABEL_WORDS.ranks.contains(&last.as_str()) {
        return vec![title];
    }
    let own = &layout.segments[layout.segment_at(title.line, title.range.start)];
    let edges = [own.rect.x0, layout.segments[name].rect.x0];
    let next = layout.right_below(title.line, own.rect.y1 + own.size, 1).find(|&segment| {
        let rect = layout.segments[segment].rect;
        let is_aligned = edges.iter().any(|edge| (rect.x0 - edge).abs() < own.size);
        is_aligned && is_title(&format!("{start} {}", layout.text(&layout.segments[segment])))
    });
    std::iter::once(title).chain(next.map(|rest| layout.segments[rest].span())).collect()
}

/// The title right below a name.
fn title_below(layout: &Layout<'_>, name: usize) -> Option<Span> {
    let name = &layout.segments[name];
    let page = layout.lines[name.line].page;
    let lines = (name.line + 1..layout.pages[page].end).take(BELOW);
    let mut below = lines.flat_map(|line| layout.lines[line].segments.clone()).filter(|&segment| {
        let rect = layout.segments[segment].rect;
        rect.overlap_x(name.rect) > 0.3 * rect.width().min(name.rect.width())
            && rect.centre_y() > name.rect.y1
            && rect.y0 - name.rect.y1 < FAR * name.size
            // "(Type or print name)".
            && !layout.text(&layout.segments[segment]).starts_with('(')
    });
    let index = below.next()?;
    let title = &layout.segments[index];
    // The name may be typed under the signature, with the title behind it.
    let typed = name_and_title(layout, index, title.range.start, false);
    typed.and_then(|(_, title)| title).or_else(|| is_title(layout.text(title)).then(|| title.span()))
}
