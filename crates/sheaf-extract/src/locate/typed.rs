//! What the value itself says about a candidate: does it look like what the field asks for?
//!
//! Small amounts on top of the labels' evidence, enough to choose between equally labelled candidates, and what is left
//! to choose by where no label is known.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use sheaf_types::FieldKind;

use super::candidate::{Candidate, Typed};
use super::field::{End, Field, is_told};
use super::layout::{BLANK, Layout, Span, TAB};
use super::names::{Look, asks_for_address, is_courtesy, is_person, is_person_with_title, is_title};
use super::score::Evidence;
use super::text::{Part, TextCandidate};
use crate::ablation::{Family, uses};
use crate::lexicon::{ConceptId, Key, LEXICON, Shape, listed};
use crate::parse::fold::{fold, words};
use crate::parse::{self, DecimalMark, Locale, date, number};

/// What it is worth for a total to be the sum of its column.
const SUM: f32 = 0.1;

/// Tokens of a text that is a sentence, at least, and the words before a value that say what it is of.
pub(crate) const SENTENCE: usize = 8;
const BEFORE: usize = 12;

/// Letters of a text that may be a label, at most.
const LONGEST_LABEL: usize = 50;

/// Words that end labels, and hardly a value.
static LABEL_ENDS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/label_ends.txt")));
/// Units of what is no money.
static UNITS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/units.txt")));
/// Words of the paragraphs of laws.
static ARTICLES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/articles.txt")));
/// Words that name an earlier document.
static FORMER: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/former.txt")));
/// Words of a discount for early payment.
static DISCOUNTS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/discounts.txt")));

/// Whether a candidate can be a value of the field at all.
pub(crate) fn possible(field: &Field<'_>, layout: &Layout<'_>, candidate: &Candidate) -> bool {
    match &candidate.typed {
        Typed::Number(number) if is_money(field) => {
            !number.percent && (number.currency.is_some() || !is_measured(layout, candidate))
        }
        _ => true,
    }
}

/// Whether a word is a unit of days, weights or measures.
pub(crate) fn is_unit(word: &str) -> bool {
    UNITS.contains(&*fold(word.trim_end_matches(|c: char| !c.is_alphanumeric())))
}

/// Whether a number is one of days or kilograms, or of a paragraph of a law: "net 45 days", "§ 19".
fn is_measured(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let text = &layout.lines[candidate.line()].text;
    let unit = text[candidate.spans[0].range.end..].strip_prefix(BLANK).unwrap_or_default();
    let unit = unit.split([BLANK, TAB]).next().unwrap_or_default();
    let before = &text[..candidate.start()];
    let word = before.strip_suffix(BLANK).and_then(|before| before.rsplit([BLANK, TAB]).next());
    let is_article = |word: &str| ARTICLES.contains(&*fold(word.trim_end_matches('.')));
    is_unit(unit) || before.trim_end().ends_with('§') || word.is_some_and(is_article)
}

fn is_money(field: &Field<'_>) -> bool {
    field.spec.kind == FieldKind::Currency
}

/// What it is worth for a date to stand alone at the top of the document, for fields that ask for the document's date.
const ALONE: f32 = 0.5;

/// The score of a date behind a place, as letters have it, or behind the document's title and number.
const AT_PLACE: f32 = 0.8;

/// Words of a title with the one that introduces its number ("no."), at most.
const LONGEST_TITLE: usize = 5;

/// The score of the only date of a document where a time of day stands beside it, as tills print it.
const WITH_TIME: f32 = 0.62;

/// What it costs a name or title to be both, on two lines.
const OVER_TITLE: f32 = 0.4;

/// How much may speak against a date behind a place, for it to be the document's: "Leeds, 3 May 1990" under "Date of birth".
const ELSEWHERE: f32 = -0.45;

/// The score of the only date of a document.
const ONLY: f32 = 0.42;

/// The score of a date without a label that is the document's own, as in letters: alone in its segment near the top of
/// the first page.
pub(crate) fn own_date(
    field: &Field<'_>,
    layout: &Layout<'_>,
    candidate: &Candidate,
    days: usize,
    evidence: Evidence,
) -> f32 {
    if !uses(Family::Looks) {
        return 0.0;
    }
    if is_of_printing(layout, candidate) {
        return 0.0;
    }
    let line = &layout.lines[candidate.line()];
    let segment = &layout.segments[candidate.segment];
    let (_, height) = layout.page_size(line.page);
    let own =
        field.end.is_none() && ["invoice_date", "effective_date", "receipt_date"].iter().any(|c| field.is(c));
    let placed = own || field.is("order_date") && field.end.is_none();
    let alone = candidate.spans[0].range.len() + 2 >= segment.range.len();
    let top = line.page == 0 && candidate.rect.y0 < 0.4 * height;
    let before = layout.lines[candidate.line()].text[segment.range.start..candidate.start()].trim_end();
    if placed
        && evidence.score > ELSEWHERE
        && line.page == 0
        && candidate.rect.y0 < 0.6 * height
        && is_place(before)
    {
        return AT_PLACE;
    }
    if field.end.is_none() && field.concept.is_some_and(|concept| is_dated_title(before, concept)) {
        return AT_PLACE;
    }
    let timed = (own || field.is("receipt_date")) && evidence.score > -0.6 && is_timed(layout, candidate);
    if timed && days == 1 {
        return WITH_TIME;
    }
    if timed {
        return ONLY;
    }
    // A name alone ("birth_date") asks for a date of its own kind.
    match (own || is_told(field.spec) && field.concept.is_none() && field.end.is_none(), own && alone && top)
    {
        (_, true) if evidence.score > -0.05 => ALONE,
        // The only date of the document is most likely the one that is asked for, unless a label says otherwise.
        (true, _) if days == 1 && evidence.score > -0.4 => ONLY,
        _ => 0.0,
    }
}

/// Whether a field asks for the day of the document itself.
pub(crate) fn asks_for_own_date(field: &Field<'_>) -> bool {
    field.shape == Shape::Date && field.end.is_none() && field.concept.is_some_and(|c| LEXICON.has_titles(c))
}

/// Whether a label is that of the number of another document than the one whose date a field asks for.
pub(crate) fn is_number_of_other(field: &Field<'_>, key: Key) -> bool {
    let (Key::Concept(number), Some(date)) = (key, field.concept) else { return false };
    let name = LEXICON.name(number);
    let is_titled = name.ends_with("_number") && LEXICON.has_titles(number);
    let is_own = name.trim_end_matches("number") == LEXICON.name(date).trim_end_matches("date");
    name == "original_number" || is_titled && !is_own
}

/// Whether another document is named before a date in its segment: "Contract dated", "Réf. devis : 4711 du".
pub(crate) fn names_other_document(field: &Field<'_>, layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let Some(concept) = field.concept else { return false };
    let segment = &layout.segments[candidate.segment];
    if segment.line != candidate.line() || segment.range.start >= candidate.start() {
        return false;
    }
    let before = &layout.lines[segment.line].text[segment.range.start..candidate.start()];
    let all = words(before);
    let titled = |length: usize| all.windows(length).map(|title| LEXICON.titled(&title.join(" ")));
    let mut titles = titled(1).chain(titled(2)).filter(|concepts| !concepts.is_empty()).peekable();
    titles.peek().is_some() && titles.all(|concepts| !concepts.contains(&concept))
}

/// Whether a date stands at the edge of a page that a browser printed: at its foot is the address that was printed.
fn is_of_printing(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let page = &layout.pages[layout.lines[candidate.line()].page];
    let edge = |line: usize| line == page.start || line + 1 == page.end;
    let foot = layout.lines[page.end - 1].text.split([BLANK, TAB]);
    let is_address =
        |word: &str| ["http://", "https://", "file://"].iter().any(|kind| word.starts_with(kind));
    edge(candidate.line()) && foot.clone().any(is_address)
}

/// Whether a date stands behind a colon in its segment, so that a label says what it is of.
pub(crate) fn is_behind_colon(layout: &Layout<'_>, date: &Candidate) -> bool {
    let segment = &layout.segments[date.segment];
    let before = &layout.lines[date.line()].text[segment.range.start..date.start()];
    before.trim_end().ends_with(':')
}

/// Whether what stands before a date is a title and a number of its documents: "Credit note no. 4711 of", "Invoice 4711 -".
fn is_dated_title(before: &str, concept: ConceptId) -> bool {
    let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '–' | ',' | ':');
    let words: Vec<&str> = before.split(parts).filter(|word| !word.is_empty()).collect();
    let number = words.iter().rposition(|word| word.bytes().any(|b| b.is_ascii_digit()));
    // A word or two lead from the number to the date: "de fecha".
    number.is_some_and(|number| {
        (1..=LONGEST_TITLE).contains(&number)
            && words.len() - number <= 3
            && (number.saturating_sub(1).max(1)..=number)
                .any(|used| LEXICON.titled(&words[..used].join(" ")).contains(&concept))
    })
}

/// Whether a time of day stands right behind a date, or before it.
fn is_timed(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let text = &layout.lines[candidate.line()].text;
    let (before, after) = (&text[..candidate.start()], &text[candidate.spans[0].range.end..]);
    let separates = |c: char| c.is_whitespace() || matches!(c, '-' | ',' | '(' | ')' | '|' | '/');
    let next = after.trim_start_matches(separates).split(char::is_whitespace).take(2);
    let last = before.trim_end_matches(separates).rsplit(char::is_whitespace).take(2);
    next.chain(last).any(is_time)
}

/// `20:01`, `4:22:12`, `09:23PM`.
fn is_time(word: &str) -> bool {
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let bare = word.trim_end_matches(|c: char| c.is_alphabetic() || c == '.' || c == ',');
    let mut parts = bare.split(':');
    let hour = parts.next().is_some_and(|hour| digits(hour, 2) && hour.parse::<u8>().is_ok_and(|h| h < 25));
    let minute = parts.next().is_some_and(|minute| minute.len() == 2 && digits(minute, 2));
    hour && minute && parts.all(|second| digits(second, 2))
}

/// Whether a text is the place before a date of a letter: "Leipzig, den", "Lyon, le", "En Vigo, a", "Santos - SP,".
fn is_place(before: &str) -> bool {
    let before = before.strip_prefix("En ").unwrap_or(before);
    let article = [" den", " le", " il", " li", " l\u{ec}", " el", " am", " a", " ai"];
    let place = article.iter().find_map(|article| before.strip_suffix(article)).unwrap_or(before);
    let Some(place) = place.strip_suffix(',').map(str::trim_end) else { return false };
    let state = |c: char| c.is_uppercase();
    let town =
        place.rsplit_once(" - ").filter(|(_, rest)| rest.chars().all(state)).map_or(place, |(town, _)| town);
    (1..=3).contains(&town.split_whitespace().count())
        && town.starts_with(char::is_uppercase)
        && !town.contains([',', ':'])
        && !before.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a date is the last day for a discount: "Bei Zahlung bis 4.11.2012 gewähren wir 2 % Skonto".
pub(crate) fn is_for_discount(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let text = &layout.lines[candidate.line()].text;
    let (start, end) = (candidate.start(), candidate.spans[0].range.end);
    // The sentence around the date, up to the next date.
    let before = &text[..start];
    let before = &before[before.rfind(['.', ';', ',', '\t']).map_or(0, |at| at + 1)..];
    let after = &text[end..];
    let next = date::find(after).first().map_or(after.len(), |found| found.range.start);
    let after = &after[..after[..next].find([';', ',', '\t']).unwrap_or(next)];
    let near = fold(&format!("{before} {after}")).into_owned();
    // "Vertragskonto" joins its parts by an s, and is no "Skonto".
    let is_whole = |at: usize, word: &str| {
        !word.starts_with('s') || !near[..at].ends_with(|c: char| c.is_alphabetic() && c != 's')
    };
    DISCOUNTS.iter().any(|word| near.match_indices(word).any(|(at, _)| is_whole(at, word)))
}

/// Whether a sentence names a value as that of an earlier order or invoice: "The prior flight (order 4711, …) is not included".
pub(crate) fn is_of_former(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let (line, segment) = (&layout.lines[candidate.line()], &layout.segments[candidate.segment]);
    if segment.line != candidate.line() || layout.tokens(segment).len() < SENTENCE {
        return false;
    }
    let own = &line.text[segment.range.start..candidate.start()];
    let above = candidate.line().checked_sub(1).map(|above| &layout.lines[above]);
    let above = above.filter(|above| above.page == line.page).map_or("", |above| above.text.as_str());
    let said = format!("{above} {own}");
    let said = words(&said[last_sentence(&format!("{said}{}", candidate.source), said.len())..]);
    let near = &said[said.len().saturating_sub(BEFORE)..];
    // "Prior to" a day is before it.
    let is_former =
        |at: usize| FORMER.contains(near[at].as_str()) && near.get(at + 1).is_none_or(|next| next != "to");
    (0..near.len()).any(is_former)
}

/// Where the sentence begins in which a place of a text is. A point behind a short word, or before a digit, may end an abbreviation.
pub(crate) fn last_sentence(text: &str, place: usize) -> usize {
    let is_end = |&(at, end): &(usize, &str)| {
        let word = text[..at].rsplit([BLANK, TAB]).next().unwrap_or_default();
        let is_word = word.len() > 3 && word.chars().all(char::is_lowercase);
        let starts = !text[at + end.len()..].starts_with(|c: char| c.is_ascii_digit() || c.is_lowercase());
        starts && (is_word || word.len() > 1 && word.ends_with(['%', ')']))
    };
    text[..place].rmatch_indices(". ").find(is_end).map_or(0, |(at, end)| at + end.len())
}

/// How well the value fits the field: added to the labels' score.
pub(crate) fn fit(field: &Field<'_>, candidate: &Candidate) -> f32 {
    if !uses(Family::Looks) {
        return 0.0;
    }
    let source = candidate.source.as_str();
    match &candidate.typed {
        Typed::Date(_, end) => match (field.end, end) {
            (Some(wanted), Some(is)) if wanted == *is => 0.12,
            (Some(_), Some(_)) => -0.9,
            (Some(_), None) => -0.06,
            // One day of a range is seldom the date of the document.
            (None, Some(End::First | End::Last)) => -0.12,
            (None, None) => 0.0,
        },
        Typed::Number(number) if is_money(field) => {
            let cents = if number.decimals == 2 { 0.04 } else { 0.0 };
            let currency = if number.currency.is_some() { 0.04 } else { 0.0 };
            let plain = if number.is_plain() { -0.12 } else { 0.0 };
            let long = if number.value.len() > 12 || number.counts_nothing() { -0.3 } else { 0.0 };
            let sum = if candidate.is_sum && uses(Family::Arithmetic) { SUM } else { 0.0 };
            cents + currency + plain + long + sum
        }
        Typed::Number(_) | Typed::Text => 0.0,
        Typed::Code => code_fit(source),
    }
}

/// How well a text fits a field for a person's name, or title. Under a label that asks for `both` in one ("A. N. Stewart,
/// President"), one of them is the start, the other the rest.
pub(crate) fn person_fit(field: &Field<'_>, layout: &Layout<'_>, text: &TextCandidate, both: bool) -> f32 {
    if !uses(Family::Looks) {
        return 0.0;
    }
    let source = text.candidate.source.as_str();
    let (person, title) = (is_person(source), is_title(source));
    let part = match (text.part, field.is("signer_title")) {
        _ if !both => 0.0,
        (Part::Head, false) if person && !title => 0.15,
        (Part::Title, true) => 0.15,
        (Part::Head, true) => -0.3,
        (_, true) if person && !title => -0.2,
        _ => 0.0,
    };
    // A name with its title below it is neither.
    let lines = text.candidate.spans.len() > 1 && person_over_title(layout, &text.candidate);
    let looks = match field.is("signer_title") {
        true if is_person_with_title(source) => -OVER_TITLE,
        true if title => 0.12,
        true => 0.0,
        false if title => -0.3,
        false if text.look.legal_form => -0.1,
        false if person => 0.05,
        false => 0.0,
    };
    part + looks - if lines { OVER_TITLE } else { 0.0 }
}

/// Whether the first line of a text is a person's name, and the last one a title.
fn person_over_title(layout: &Layout<'_>, candidate: &Candidate) -> bool {
    let line = |span: &Span| layout.lines[span.line].text[span.range.clone()].replace(',', "");
    let (first, last) = (&candidate.spans[0], &candidate.spans[candidate.spans.len() - 1]);
    is_person(&line(first)) && !is_title(&line(first)) && is_title(&line(last))
}

/// How well a text fits a field of free text, by its first line: what a label with "date" asks for has digits; what ends as
/// labels do ("Approved by", "Lot No.(s)") or repeats some of the field's own is another label, or the rest of it; what stands
/// in brackets is a remark.
pub(crate) fn text_fit(field: &Field<'_>, source: &str, locale: &Locale) -> f32 {
    if !uses(Family::Looks) {
        return 0.0;
    }
    let has_digits = source.bytes().any(|b| b.is_ascii_digit());
    let mut fit = 0.0;
    if field.asks_for_date {
        let is_date = has_digits && parse::value(FieldKind::Date, source, locale, &[]).is_some();
        fit += if is_date { 0.1 } else { -0.1 };
        if !has_digits {
            fit -= 0.15;
        }
    }
    if source.len() > LONGEST_LABEL {
        return fit;
    }
    let in_brackets = source.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    if in_brackets.is_some_and(|inner| !inner.contains(['(', ')']) && inner.contains(char::is_alphabetic)) {
        fit -= 0.25;
    }
    if !has_digits {
        let printed = words(source.trim_end_matches("(s)"));
        let ends = printed.len() > 1 && printed.last().is_some_and(|word| LABEL_ENDS.contains(word.as_str()));
        if ends || field.has_in_anchor(&printed) {
            fit -= 0.3;
        }
    }
    fit
}

/// Names have letters, mostly capitals at the start of their words, and are no sentences.
pub(crate) fn name_fit(source: &str, look: Look, person: bool) -> f32 {
    if !uses(Family::Looks) {
        return 0.0;
    }
    let letters = source.chars().filter(|c| c.is_alphabetic()).count();
    let digits = source.bytes().filter(u8::is_ascii_digit).count();
    let words = source.split_whitespace().filter(|w| w.contains(char::is_alphanumeric)).count();
    let capital =
        source.trim_start_matches(|c: char| !c.is_alphanumeric()).starts_with(|c: char| !c.is_lowercase());
    let mut fit = 0.0;
    if letters < 2 || digits > letters || person && digits > 0 {
        fit -= 0.4;
    }
    if is_nothing(source) {
        fit -= 0.8;
    }
    if !capital {
        fit -= 0.35;
    }
    // "1,4 cts/mn" is a price.
    let first = source.split(BLANK).next().unwrap_or_default();
    if number::read(first, DecimalMark::Comma).is_some_and(|number| number.decimals > 0) {
        fit -= 0.3;
    }
    if asks_for_address(source) {
        fit -= 0.5;
    }
    // "Code" under "Advertiser" is the rest of a label.
    if words == 1 && LEXICON.is_label_word(&fold(source)) {
        fit -= 0.3;
    }
    // "Name OF STATION": the rest of a longer label.
    let first = source.split_whitespace().next().map(fold).unwrap_or_default();
    if matches!(&*first, "of" | "on" | "for" | "if" | "and" | "or") {
        fit -= 0.35;
    }
    // "D partner": a box to tick and its text.
    let mut parts = source.split_whitespace();
    let ticked = parts.next().is_some_and(|first| first.chars().count() <= 2);
    if ticked && words <= 2 && source.contains(' ') && parts.all(|w| w.starts_with(char::is_lowercase)) {
        fit -= 0.3;
    }
    if words > 8 {
        fit -= 0.08 * (words - 8).min(8) as f32;
    }
    if source.contains(['@', '$', '€']) || source.contains("://") || !date::find(source).is_empty() {
        fit -= 0.4;
    }
    if look.address || look.reachable {
        fit -= 0.35;
    }
    if person && look.ends_in_legal_form {
        fit -= 0.25;
    }
    // "(Type or print name under each signature)", "on whose behalf this material was".
    let is_small = |w: &&str| w.starts_with(char::is_lowercase) && !is_courtesy(w);
    let small = source.split_whitespace().filter(is_small).count();
    if source.starts_with('(') && source.ends_with(')') || words >= 4 && small * 5 >= words * 3 {
        fit -= 0.35;
    }
    // The rest of a remark in brackets.
    if source.matches('(').count() != source.matches(')').count() {
        fit -= 0.3;
    }
    fit
}

/// Whether a text says that there is nothing to say.
fn is_nothing(source: &str) -> bool {
    let said = source.to_lowercase();
    said.starts_with("same as ")
        || matches!(said.trim_end_matches('.'), "n/a" | "none" | "not applicable" | "nil" | "idem" | "ditto")
}

/// Whether a text is a month and a day in either order, and no more: "10/13".
fn is_day_of_month(text: &str) -> bool {
    let part = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
    let parts = text.split_once('/').and_then(|(first, second)| Some((part(first)?, part(second)?)));
    parts.is_some_and(|(first, second)| {
        let (month, day) = (first.min(second), first.max(second));
        (1..=12).contains(&month) && day <= 31
    })
}

fn code_fit(source: &str) -> f32 {
    let digits = source.bytes().filter(u8::is_ascii_digit).count();
    let length = source.chars().count();
    let mut fit = 0.0;
    if digits < 2 {
        fit -= 0.25;
    }
    if length < 4 {
        fit -= 0.12;
    }
    // An amount, a share, a range of days; "R151436" is no amount in rands.
    let glued = source.starts_with(char::is_alphabetic) && !source.contains([BLANK, '.', ',']);
    if number::read(source, DecimalMark::Point)
        .is_some_and(|n| n.decimals == 2 || n.currency.is_some() && !glued)
    {
        fit -= 0.3;
    }
    if source.ends_with(')') && digits > 2 {
        fit += 0.03;
    }
    if source.starts_with(['+', '(']) || source.contains(['$', '£']) || source.ends_with("km") {
        fit -= 0.3;
    }
    // "10/13" is a day, or a part of something.
    if is_day_of_month(source) {
        fit -= 0.3;
    }
    let year = digits == 4 && length == 4 && (source.starts_with("19") || source.starts_with("20"));
    if year {
        fit -= 0.1;
    }
    let letters = source.chars().filter(|c| c.is_alphabetic()).count();
    // "2nd", "10kg" and words with a digit are seldom numbers of documents.
    if letters > 0 && digits <= 2 && !source.contains(['-', '/', '_']) {
        fit -= 0.1;
    }
    fit
}
