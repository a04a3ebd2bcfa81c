//! Postal addresses: the lines of one column from the street to the town.
//!
//! A run of lines is an address where lines that look like streets and towns follow each other, with at most one other
//! line between two of them ("Building B"). It starts behind a label in its first line, if there is one.

use super::candidate::{Candidate, Typed};
use super::context::Surroundings;
use super::governing::is_place;
use super::layout::{BLANK, Rect, Span};
use super::names::{self, look};

/// Lines that an address has at most.
const MOST_LINES: usize = 7;
/// A gap within a recognised line, in font sizes.
const GAP: f32 = 2.5;
/// Digits of a telephone number.
const SHORTEST_PHONE: usize = 6;
/// Length of the number of a unit, in bytes.
const LONGEST_UNIT: usize = 10;
/// Lines of another look within an address.
const MOST_OTHERS: usize = 1;

/// The addresses of the document, from top to bottom.
pub(crate) fn addresses(surroundings: &Surroundings<'_>) -> Vec<Candidate> {
    let layout = surroundings.layout;
    let mut taken = vec![false; layout.segments.len()];
    let mut found = Vec::new();
    for first in 0..layout.segments.len() {
        if taken[first] || surroundings.is_label(first) {
            continue;
        }
        let Some(span) = opening(surroundings, first) else { continue };
        let mut segments = vec![first];
        // One past the last line that looks like an address.
        let mut end = 1;
        while segments.len() < MOST_LINES && segments.len() < end + 1 + MOST_OTHERS {
            let last = segments[segments.len() - 1];
            let Some(next) = next_in_column(surroundings, last) else { break };
            let line = whole(surroundings, next);
            let text = &line[..before_contact(line)];
            let is_part = look(text).address || names_town(text);
            if text.is_empty()
                || look(line).reachable && text.len() < 8
                || surroundings.is_label(next)
                || labels_street(line)
                || surroundings.segments[next].is_spent && !is_part
            {
                break;
            }
            segments.push(next);
            // The state or country may stand on a line of its own.
            if is_part || is_place(text) {
                end = segments.len();
            }
        }
        segments.truncate(end);
        let last = segments[segments.len() - 1];
        segments.extend(rest_of_town(surroundings, last).filter(|&rest| !taken[rest]));
        for &segment in &segments {
            taken[segment] = true;
        }
        let unit = unit_above(surroundings, first).filter(|&unit| !taken[unit]);
        let unit = unit.map(|unit| layout.segments[unit].span());
        let rest = segments[1..].iter().map(|&s| {
            let segment = &layout.segments[s];
            let end = segment.range.start + before_contact(whole(surroundings, s));
            Span { line: segment.line, range: segment.range.start..end }
        });
        let spans = unit.into_iter().chain([span]).chain(rest).collect();
        found.extend(Candidate::new(layout, spans, Typed::Text));
    }
    found
}

/// The text of a segment with those that a small gap parts from it: recognition leaves such gaps within the lines of receipts.
fn whole<'l>(surroundings: &'l Surroundings<'_>, index: usize) -> &'l str {
    let layout = surroundings.layout;
    let own = &layout.segments[index];
    let line = layout.line_of(own);
    let goes_on = |&next: &usize| {
        let (left, right) = (&layout.segments[next - 1], &layout.segments[next]);
        right.rect.x0 - left.rect.x1 < GAP * own.size
            && layout.is_recognised(right)
            && !surroundings.is_label(next)
    };
    let last = (index + 1..line.segments.end).take_while(goes_on).last().unwrap_or(index);
    &line.text[own.range.start..layout.segments[last].range.end]
}

/// Whether a postcode stands within a line before its town: "Section U6, 40150 Shah Alam", "Site B 45400 Sekinchan".
fn names_town(text: &str) -> bool {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.')).filter(|w| !w.is_empty()).collect();
    let is_code = |w: &str| w.len() == 5 && w.bytes().all(|b| b.is_ascii_digit());
    let at = words.iter().position(|w| is_code(w));
    at.is_some_and(|at| {
        at <= 8
            && (1..=5).contains(&(words.len() - at - 1))
            && words[at + 1..].iter().all(|w| w.starts_with(char::is_alphabetic))
    })
}

/// How much of a line stands before a telephone number and its label, without the comma between them: nothing of what is no
/// more than that.
fn before_contact(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    let labels = ["tel ", "tel:", "tel.", "tell ", "tell:", "phone", "fax", "telp", "mobile", "hp:"];
    let found = labels.iter().filter_map(|word| {
        let at = lower.find(word)?;
        let parted = at == 0 || lower[..at].ends_with([' ', ',', ';', '(', '/']);
        parted.then_some(at)
    });
    match found.min() {
        Some(0) if text.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST_PHONE => 0,
        Some(at) if at > 0 => text[..at]
            .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | '/' | '-'))
            .len(),
        _ => text.len(),
    }
}

/// Whether a line starts another address behind a label: "Branch: Lot 12, Example Road".
fn labels_street(line: &str) -> bool {
    let Some((label, rest)) = line.split_once(": ") else { return false };
    let street = look(rest.split(',').next().unwrap_or_default());
    label.chars().all(|c| c.is_alphabetic() || c == BLANK) && street.address && !street.town
}

fn ends_in_house_number(text: &str) -> bool {
    let Some((street, last)) = text.trim_end_matches(',').rsplit_once(' ') else { return false };
    street.starts_with(char::is_uppercase)
        && !street.bytes().any(|b| b.is_ascii_digit())
        && names::is_house_number(last)
}

/// The first line of an address: the segment, or what stands behind the colon of its label.
fn opening(surroundings: &Surroundings<'_>, index: usize) -> Option<Span> {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let text = layout.text(segment);
    let from = text.find(": ").map_or(0, |colon| colon + 2);
    let look = look(&text[from..]);
    let start = segment.range.start + from;
    // "Am Mühlbach 176, 99998 Lindental".
    let parted = || {
        text[from..].split(", ").count() == 2
            && text[from..]
                .split_once(", ")
                .is_some_and(|(street, town)| ends_in_house_number(street) && names::look(town).town)
    };
    // "Am Mühlbach 176" over a town is a street, though no word of it says so; so is "Church Lane" below the name of a shop, if only
    // over the village before the town.
    let is_town = |s: usize| surroundings.look(s).town;
    let is_village = |s: usize| {
        let look = surroundings.look(s);
        let is_word = !layout.text(&layout.segments[s]).contains([BLANK, ':']) && look.name;
        is_word && next_in_column(surroundings, s).is_some_and(is_town)
    };
    let street = || {
        let named = index > 0 && text.split(',').any(names::ends_in_street);
        (ends_in_house_number(text) || named)
            && next_in_column(surroundings, index)
                .is_some_and(|next| is_town(next) || named && is_village(next))
    };
    // "8 No", "RM4.60 ST": a word that begins streets and nothing that is the name of one.
    let named = text[from..].split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 2);
    ((look.address || parted() || street()) && named && !look.reachable)
        .then_some(Span { line: segment.line, range: start..segment.range.end })
}

/// The line above the first one of an address that goes on with it, and begins with the number of a unit: "F3-118, Hill Mall," over
/// "112, Example Street".
fn unit_above(surroundings: &Surroundings<'_>, first: usize) -> Option<usize> {
    let layout = surroundings.layout;
    let line = layout.segments[first].line.checked_sub(1)?;
    let above =
        layout.lines[line].segments.clone().find(|&s| next_in_column(surroundings, s) == Some(first))?;
    let text = layout.text(&layout.segments[above]);
    let (unit, rest) = text.split_once(", ")?;
    let is_unit = unit.len() <= LONGEST_UNIT
        && unit.bytes().any(|b| b.is_ascii_digit())
        && unit.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || "-/#&".contains(c));
    (is_unit && rest.ends_with(',') && !surroundings.is_label(above)).then_some(above)
}

/// The line below the last one of an address, where that had no room for the whole town: "0999-001 Vila" over "Exemplo".
fn rest_of_town(surroundings: &Surroundings<'_>, last: usize) -> Option<usize> {
    let layout = surroundings.layout;
    let own = &layout.segments[last];
    let rest = next_in_column(surroundings, last)?;
    let text = layout.text(&layout.segments[rest]);
    let words = text.split_whitespace().count();
    let reachable = surroundings.look(rest).reachable && !is_postcode(text);
    let short = words <= 3 && text.len() <= 24 && !text.contains(':') && !reachable;
    if !short || !is_province(text) && (surroundings.is_label(rest) || surroundings.segments[rest].is_spent) {
        return None;
    }
    let ending = layout.text(own).rsplit(' ').next().unwrap_or_default();
    // "N." over "Example": one letter and a point.
    let is_initial = ending.len() == 2 && ending.ends_with('.') && ending.starts_with(char::is_uppercase);
    let code = ending.bytes().any(|b| b.is_ascii_digit()) && surroundings.look(last).address;
    let unfinished = is_initial
        || matches!(ending, "an" | "am" | "der" | "de" | "la" | "du" | "sur" | "San" | "Co." | "-")
        || code && layout.text(own).contains(' ') && !text.bytes().all(|b| b.is_ascii_digit());
    let page = layout.lines[own.line].page;
    let widest = layout.pages[page].clone().map(|line| layout.lines[line].rect.width()).fold(0.0, f32::max);
    let first = text.split(' ').next().unwrap_or_default().chars().count() as f32;
    let letter = layout.letter_width(own);
    // The town's next word would have stood beyond the widest line of the page.
    let town = layout.text(own).rsplit(", ").next().is_some_and(|part| look(part).town);
    let full =
        own.rect.width() + (first + 1.0) * letter > 1.02 * widest && (town || surroundings.look(last).town);
    let ends = town && is_province(text) || layout.text(own).contains(',') && is_postcode(text);
    (unfinished && first > 0.0 && own.rect.width() > 0.5 * widest || full || ends).then_some(rest)
}

/// "00999-000": a postcode alone in its line.
fn is_postcode(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (5..=8).contains(&digits) && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// "(RM)": the province behind an Italian town.
fn is_province(text: &str) -> bool {
    let letters = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    letters.is_some_and(|letters| letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_uppercase()))
}

/// The segment right below that starts or stands where this one does.
fn next_in_column(surroundings: &Surroundings<'_>, index: usize) -> Option<usize> {
    let layout = surroundings.layout;
    let own = &layout.segments[index];
    let page = layout.lines[own.line].page;
    layout.lines[own.line + 1..]
        .iter()
        .take(3)
        .take_while(|line| line.page == page && line.rect.y0 < own.rect.y1 + 1.1 * own.size)
        .flat_map(|line| line.segments.clone())
        .find(|&next| {
            let near = |a: f32, b: f32| (a - b).abs() < 0.8 * own.size;
            let (above, below) = (alone(surroundings, index), alone(surroundings, next));
            let (own_rect, rect) = (above.unwrap_or(own.rect), below.unwrap_or(layout.segments[next].rect));
            rect.centre_y() > own_rect.centre_y() + 0.4 * own.size
                && (near(rect.x0, own_rect.x0)
                    || near(rect.x1, own_rect.x1)
                    || near(rect.centre_x(), own_rect.centre_x())
                    || above.is_some() && below.is_some() && rect.overlap_x(own_rect) > 0.0)
        })
}

/// Where the line of a segment stands, if that begins it and there is nothing else in it.
fn alone(surroundings: &Surroundings<'_>, index: usize) -> Option<Rect> {
    let layout = surroundings.layout;
    let segment = &layout.segments[index];
    let line = layout.line_of(segment);
    let is_all = segment.range.start + whole(surroundings, index).len() == line.text.len();
    (line.segments.start == index && is_all).then_some(line.rect)
}

#[cfg(test)]
mod tests {
    use super::super::labels::Labels;
    use super::super::layout::Layout;
    use super::super::sample::page;
    use super::*;
    use serde_json::json;
    use sheaf_types::TemplateSpec;

    #[test]
    fn an_address_runs_from_the_street_to_the_town() {
        let document = page(&[
            "Example Shop",
            "No. 12, Jalan Example 3,",
            "Taman Example,",
            "81100 Johor Bahru",
            "Tel: 07-1234567",
            "",
            "Address: 1 High Street",
            "         Springfield, IL 62701",
            "",
            "LOT P.T.2811, JALAN EXAMPLE,",
            "TAMAN EXAMPLE",
            "41150 KLANG, SELANGOR",
        ]);
        let json = json!({"name": "t", "fields": [{"name": "address", "type": "text"}]});
        let template = TemplateSpec::from_json(&json).unwrap();
        let layout = Layout::new(&document);
        let labels = Labels::new(&template);
        let found = addresses(&Surroundings::new(&layout, &labels, &[]));
        let sources: Vec<&str> = found.iter().map(|c| c.source.as_str()).collect();
        assert_eq!(
            sources,
            [
                "No. 12, Jalan Example 3, Taman Example, 81100 Johor Bahru",
                "1 High Street Springfield, IL 62701",
                "LOT P.T.2811, JALAN EXAMPLE, TAMAN EXAMPLE 41150 KLANG, SELANGOR"
            ]
        );
    }
}
