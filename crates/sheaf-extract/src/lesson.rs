//! Learning from corrections: where a person showed a value on one page, it is looked for on pages of the same design.
//!
//! The words of one page do not say which of them are printed on every page of its design. So a lesson keeps a page's words
//! with their places, as [`Landmark`]s, and a page is of the design where enough of them stand in the same places again.
//! The landmarks around the value then say where it stands there: it may have moved down with a longer table above it, its
//! label with it. From there on the place counts like a region that was drawn in the template, only more.

use rustc_hash::FxHashMap;
use sheaf_types::{
    BoundingBox, Document, FieldKind, FieldResult, FieldSpec, Landmark, Lesson, Page, Region, ReviewReason,
    TemplateSpec, Word,
};

use crate::embedded::EInvoice;
use crate::extract::{Taught, extract_taught};
use crate::llm::{Ask, Question};
use crate::parse::fold::fold;

/// Landmarks that a lesson keeps.
const MOST_LANDMARKS: usize = 160;
/// How far a word of a design may be from its place, as a fraction of the page: half a line, or what a scan is skewed by.
const NEAR: f32 = 0.008;
/// Share of a lesson's landmarks that must stand in their places for a page to be of its design; and how many at least.
const SAME_DESIGN: f32 = 0.3;
const FEWEST: usize = 8;
/// Landmarks around the value that say where it is.
const GUIDES: usize = 12;
/// How much more a landmark in the value's line says about where it is than one above or below.
const IN_LINE_WEIGHT: f32 = 12.0;
/// Words beside the value or above it that are its label: at most so many, and how far they may be from its line, above it, and
/// left of it.
const LABELS: usize = 3;
const IN_LINE: f32 = 0.003;
const ABOVE: f32 = 0.05;
const BESIDE: f32 = 0.05;
/// A gap wider than this many heights of a word parts what stands in one line.
const WIDE_GAP: f32 = 1.6;

/// What is learned from a value of `field` that stands on `page` in `bbox`; `None` for tables, whose rows are found by their
/// header, and where too little stands on the page to know it again by.
#[must_use]
pub fn learn(page: &Page, field: &FieldSpec, bbox: BoundingBox) -> Option<Lesson> {
    if field.kind == FieldKind::Table {
        return None;
    }
    let outside = page.words.iter().filter(|word| !bbox.contains(word.bbox, 0.002));
    let mut landmarks: Vec<Landmark> = outside.filter_map(landmark).collect();
    let mut often: FxHashMap<u32, usize> = FxHashMap::default();
    for landmark in &landmarks {
        *often.entry(landmark.word).or_default() += 1;
    }
    // A word that stands there once says more than one that stands there often, and one nearby more than one far off.
    let middle = center(bbox);
    landmarks.sort_by(|a, b| {
        let rank =
            |landmark: &Landmark| often[&landmark.word].min(4) as f32 * 0.1 + distance(landmark, middle);
        rank(a).total_cmp(&rank(b))
    });
    landmarks.truncate(MOST_LANDMARKS);
    (landmarks.len() >= FEWEST).then(|| Lesson {
        field: field.name.clone(),
        kind: field.kind,
        bbox,
        landmarks,
    })
}

/// As [`crate::extract_and_ask`], going by lessons.
///
/// Where the rules alone are sure of another value than the lesson's place holds, or nothing that fits stands there, the rules or
/// the lesson may be wrong: the field needs a look.
#[must_use]
pub fn extract_and_ask(
    document: &Document,
    template: &TemplateSpec,
    lessons: &[Lesson],
    invoice: Option<&EInvoice>,
    ask: Option<&Ask>,
) -> (Vec<FieldResult>, Option<Question>) {
    let places = places(template, lessons, document);
    let Taught { mut results, by_rules, question } =
        extract_taught(document, template, &places, invoice, ask);
    for (at, rules) in by_rules.into_iter().enumerate().filter(|&(at, _)| places[at].is_some()) {
        let is_taken = results.iter().any(|other| other.page == rules.page && other.bbox == rules.bbox);
        let result = &mut results[at];
        if is_part(result, document) {
            doubt(result);
        }
        let was_seen = result.value.is_some();
        if !was_seen && rules.value.is_some() && !is_taken {
            *result = rules;
            doubt(result);
        } else if was_seen && rules.confidence >= template.confidence_threshold {
            compare(result, rules);
        }
    }
    (results, question)
}

/// Notes that the rules are sure of another value, if it is another.
fn compare(result: &mut FieldResult, rules: FieldResult) {
    if let Some(other) = rules.into_alternative().filter(|other| result.value.as_ref() != Some(&other.value))
    {
        doubt(result);
        result.alternative = Some(Box::new(other));
    }
}

/// Whether a date or number is only a part of the words that it stands in ("01/27-02/02"): a place does not say which part.
fn is_part(result: &FieldResult, document: &Document) -> bool {
    let (Some(source), Some(page), Some(bbox)) = (&result.source, result.page, result.bbox) else {
        return false;
    };
    let count = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let pages = document.pages.iter().filter(|one| one.number == page);
    let words = pages.flat_map(|page| &page.words).filter(|word| bbox.contains(word.bbox, 0.0));
    result.kind != FieldKind::Text && words.map(|word| count(&word.text)).sum::<usize>() > count(source)
}

fn doubt(result: &mut FieldResult) {
    result.needs_review = true;
    result.review_reason.get_or_insert(ReviewReason::Inconsistent);
}

/// Whether a page of the document is of the lesson's design.
#[must_use]
pub fn is_about(lesson: &Lesson, document: &Document) -> bool {
    document.pages.iter().any(|page| Sight::new(page).shift(lesson).is_some())
}

/// Where lessons say that the template's fields stand, in its order, where the document has a page of their design; of
/// several lessons about one field the one whose design fits best counts, of equals the last.
fn places(template: &TemplateSpec, lessons: &[Lesson], document: &Document) -> Vec<Option<Region>> {
    if lessons.is_empty() {
        return Vec::new();
    }
    let pages: Vec<Sight<'_>> = document.pages.iter().map(Sight::new).collect();
    let place = |field: &FieldSpec| {
        let about = lessons.iter().filter(|lesson| lesson.field == field.name && lesson.kind == field.kind);
        let places = about.flat_map(|lesson| pages.iter().filter_map(|page| page.place(lesson)));
        let best = places.fold(None, |best: Option<(f32, Region)>, place| match best {
            Some(best) if best.0 > place.0 => Some(best),
            _ => Some(place),
        });
        best.map(|(_, region)| region)
    };
    template.fields.iter().map(place).collect()
}

/// A page's words by what they are compared by.
struct Sight<'a> {
    page: &'a Page,
    places: FxHashMap<u32, Vec<(f32, f32)>>,
}

impl<'a> Sight<'a> {
    fn new(page: &'a Page) -> Self {
        let mut places: FxHashMap<u32, Vec<(f32, f32)>> = FxHashMap::default();
        for Landmark { word, x, y } in page.words.iter().filter_map(landmark) {
            places.entry(word).or_default().push((x, y));
        }
        Self { page, places }
    }

    /// Where the lesson's value stands on this page, and how much of the lesson's design it has, 0 to 1.
    fn place(&self, lesson: &Lesson) -> Option<(f32, Region)> {
        let (share, (right, down)) = self.shift(lesson)?;
        let mut down = down;
        if !self.labels(lesson, (right, down)).is_some_and(|(nearest, share)| nearest || share >= 0.5) {
            down = self.moved_down(lesson, (right, down));
            // Labels resemble one another: "Invoice" stands in every line of a letterhead.
            self.labels(lesson, (right, down)).filter(|&(nearest, share)| nearest && share >= 0.5)?;
        }
        let bbox = BoundingBox {
            x0: lesson.bbox.x0 + right,
            y0: lesson.bbox.y0 + down,
            x1: lesson.bbox.x1 + right,
            y1: lesson.bbox.y1 + down,
        };
        // A text ends where its words do; of two dates or numbers in a row, only one was shown.
        let bbox = match lesson.kind {
            FieldKind::Text | FieldKind::Enum => self.run_at(bbox, lesson, (right, down)),
            _ => bbox,
        };
        Some((share, Region { page: self.page.number, bbox }))
    }

    /// How far the page is from where the lesson's was (scans are never laid down alike), and the share of the landmarks
    /// that stand in their places with that; `None` where it is of another design.
    fn shift(&self, lesson: &Lesson) -> Option<(f32, (f32, f32))> {
        let (mut right, mut down) = (Vec::new(), Vec::new());
        for landmark in &lesson.landmarks {
            let near = self.nearest(landmark, (0.0, 0.0));
            if let Some((dx, dy)) = near.filter(|(dx, dy)| dx.abs() < 0.05 && dy.abs() < 0.05) {
                right.push(dx);
                down.push(dy);
            }
        }
        let shift = (median(&mut right)?, median(&mut down)?);
        let there = lesson.landmarks.iter().filter(|landmark| self.is_there(landmark, shift)).count();
        let share = there as f32 / lesson.landmarks.len() as f32;
        (there >= FEWEST && share >= SAME_DESIGN).then_some((share, shift))
    }

    /// Whether the nearest word of what stood beside the value or right above it stands there again, and the share of the nearest
    /// few that do; `None` where nothing stood there. Where that is something else, so is the value: on the first page of a
    /// longer invoice, say, the total's place holds an item.
    fn labels(&self, lesson: &Lesson, shift: (f32, f32)) -> Option<(bool, f32)> {
        let (x, y) = center(lesson.bbox);
        let in_line = |l: &&Landmark| (l.y - y).abs() <= 0.5 * lesson.bbox.height() + IN_LINE;
        let above = |l: &&Landmark| {
            (lesson.bbox.y0 - ABOVE..=lesson.bbox.y0).contains(&l.y)
                && (lesson.bbox.x0 - BESIDE..=lesson.bbox.x1).contains(&l.x)
        };
        let mut labels: Vec<&Landmark> = lesson.landmarks.iter().filter(in_line).collect();
        if labels.is_empty() {
            labels = lesson.landmarks.iter().filter(above).collect();
        }
        labels.sort_by(|a, b| distance(a, (x, y)).total_cmp(&distance(b, (x, y))));
        labels.truncate(LABELS);
        let there = labels.iter().filter(|label| self.is_there(label, shift)).count();
        let nearest = labels.first()?;
        Some((self.is_there(nearest, shift), there as f32 / labels.len() as f32))
    }

    /// Whether a word like the landmark stands in its place, shifted.
    fn is_there(&self, landmark: &Landmark, shift: (f32, f32)) -> bool {
        self.nearest(landmark, shift).is_some_and(|(dx, dy)| dx.abs() <= NEAR && dy.abs() <= NEAR)
    }

    /// From the landmark's place, shifted, to the nearest word like it.
    fn nearest(&self, landmark: &Landmark, shift: (f32, f32)) -> Option<(f32, f32)> {
        let places = self.places.get(&landmark.word)?;
        let from = places.iter().map(|(x, y)| (x - landmark.x - shift.0, y - landmark.y - shift.1));
        from.min_by(|a, b| a.0.hypot(a.1).total_cmp(&b.0.hypot(b.1)))
    }

    /// How far down the value is from where it was: as far as most of the landmarks around it, those of its own line first.
    fn moved_down(&self, lesson: &Lesson, (right, down): (f32, f32)) -> f32 {
        let middle = center(lesson.bbox);
        let in_line = |guide: &Landmark| (lesson.bbox.y0..=lesson.bbox.y1).contains(&guide.y);
        let known = lesson.landmarks.iter().filter(|landmark| self.places.contains_key(&landmark.word));
        let mut guides: Vec<(f32, &Landmark)> = known.map(|guide| (distance(guide, middle), guide)).collect();
        guides.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut votes: Vec<(f32, f32)> = Vec::new();
        for (rank, (distance, guide)) in guides.into_iter().enumerate() {
            let (most, reach) = match in_line(guide) {
                true => (IN_LINE_WEIGHT, 0.5),
                false if rank < GUIDES => (1.0, 0.1),
                false => continue,
            };
            let weight = most / (1.0 + (distance / reach).powi(2));
            let places = self.places.get(&guide.word).into_iter().flatten();
            let aligned = places.filter(|(x, _)| (x - guide.x - right).abs() <= NEAR);
            votes.extend(aligned.map(|(_, y)| (y - guide.y, weight)));
        }
        let speaks_for = |moved: f32| -> f32 {
            votes.iter().filter(|(other, _)| (other - moved).abs() <= NEAR).map(|(_, weight)| weight).sum()
        };
        let moves = votes.iter().map(|&(moved, _)| moved).chain([down]);
        // Of places that as many speak for, the one where it was.
        let rank = |moved: f32| speaks_for(moved) - 0.2 * (moved - down).abs();
        moves.max_by(|a, b| rank(*a).total_cmp(&rank(*b))).unwrap_or(down)
    }

    /// The words that stand in the box, with those that belong to them on both sides: values are not all of one length. Ends
    /// at wide gaps and at landmarks.
    fn run_at(&self, bbox: BoundingBox, lesson: &Lesson, shift: (f32, f32)) -> BoundingBox {
        let in_line = |word: &&Word| {
            let y = f32::midpoint(word.bbox.y0, word.bbox.y1);
            (bbox.y0 - 0.3 * bbox.height()..=bbox.y1 + 0.3 * bbox.height()).contains(&y)
                && bbox.y0 < word.bbox.y1
                && word.bbox.y0 < bbox.y1
        };
        let fixed = |word: &Word| {
            landmark(word).is_some_and(|word| {
                lesson.landmarks.iter().any(|landmark| {
                    landmark.word == word.word
                        && (word.x - landmark.x - shift.0).abs() <= NEAR
                        && (word.y - landmark.y - shift.1).abs() <= NEAR
                })
            })
        };
        let mut words: Vec<&Word> =
            self.page.words.iter().filter(in_line).filter(|word| !fixed(word)).collect();
        words.sort_by(|a, b| a.bbox.x0.total_cmp(&b.bbox.x0));
        let is_in = |word: &Word| word.bbox.x0 < bbox.x1 && word.bbox.x1 > bbox.x0;
        let (Some(first), Some(last)) =
            (words.iter().position(|word| is_in(word)), words.iter().rposition(|word| is_in(word)))
        else {
            return bbox;
        };
        let is_parted = |left: &Word, right: &Word| {
            (right.bbox.x0 - left.bbox.x1) * self.page.width
                > WIDE_GAP * left.bbox.height() * self.page.height
        };
        let start = (1..=first).rev().find(|&i| is_parted(words[i - 1], words[i])).unwrap_or(0);
        let end = (last + 1..words.len()).find(|&i| is_parted(words[i - 1], words[i])).unwrap_or(words.len());
        words[start..end].iter().fold(words[first].bbox, |all, word| all.union(word.bbox))
    }
}

/// A word as a landmark; `None` for numbers, codes and single letters, which differ from page to page.
fn landmark(word: &Word) -> Option<Landmark> {
    let text = word.text.trim_matches(|c: char| !c.is_alphanumeric());
    let is_word = text.chars().count() > 1 && text.chars().all(|c| c.is_alphabetic() || c == '-' || c == '.');
    is_word.then(|| Landmark {
        word: hash(&fold(text)),
        x: word.bbox.x0,
        y: f32::midpoint(word.bbox.y0, word.bbox.y1),
    })
}

/// FNV-1a, 32 bits: the same on every machine and in every version, as lessons are kept.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn center(bbox: BoundingBox) -> (f32, f32) {
    (f32::midpoint(bbox.x0, bbox.x1), f32::midpoint(bbox.y0, bbox.y1))
}

fn distance(landmark: &Landmark, (x, y): (f32, f32)) -> f32 {
    (landmark.x - x).hypot(landmark.y - y)
}

fn median(values: &mut [f32]) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use sheaf_types::{FieldValue, TextSource};

    use super::*;
    use crate::extract;

    /// A page of lines of words: `|` parts columns, which stand at fixed places.
    fn page(number: u32, lines: &[&str]) -> Page {
        let mut words = Vec::new();
        for (line, text) in lines.iter().enumerate() {
            for (column, cell) in text.split('|').enumerate() {
                let mut x = 0.1 + 0.3 * column as f32;
                for text in cell.split_whitespace() {
                    let (y, wide) = (0.05 + 0.03 * line as f32, 0.01 * text.chars().count() as f32);
                    words.push(Word {
                        text: text.to_owned(),
                        bbox: BoundingBox { x0: x, y0: y, x1: x + wide, y1: y + 0.015 },
                        confidence: 1.0,
                        font_size: 11.0,
                        bold: false,
                        turn: 0,
                        source: TextSource::Text,
                    });
                    x += wide + 0.008;
                }
            }
        }
        Page {
            number,
            width: 595.0,
            height: 842.0,
            words,
            rules: Vec::new(),
            cells: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// A delivery note of one design, whose project stands under a label that no lexicon knows.
    fn note(name: &str, project: &str, items: &[&str]) -> Document {
        let head = [
            "Gebrüder Adler Baustoffe||Werk Nord",
            "Lager und Versand||Tor fünf",
            name,
            "",
            "Kennwort|Verladen durch|Fahrer",
            &format!("{project}|Team Ost|Adam Klein"),
            "",
            "Artikel|Menge|Gewicht",
        ];
        let foot =
            ["Summe Gewicht||77 kg", "Ware erhalten und geprüft", "Stempel und Unterschrift Empfänger"];
        let lines: Vec<&str> = head.iter().chain(items).chain(&foot).copied().collect();
        Document { pages: vec![page(1, &lines)] }
    }

    fn template(json: &serde_json::Value) -> TemplateSpec {
        TemplateSpec::from_json(json).unwrap()
    }

    fn value<'a>(results: &'a [FieldResult], name: &str) -> Option<&'a str> {
        match &results.iter().find(|result| result.name == name)?.value {
            Some(FieldValue::Scalar(value)) => Some(value),
            _ => None,
        }
    }

    /// The box of words that stand side by side.
    fn bbox_of(document: &Document, text: &str) -> BoundingBox {
        let words = &document.pages[0].words;
        let parts: Vec<&str> = text.split(' ').collect();
        let at = words
            .windows(parts.len())
            .find(|run| run.iter().map(|w| w.text.as_str()).eq(parts.iter().copied()));
        at.unwrap().iter().map(|word| word.bbox).reduce(BoundingBox::union).unwrap()
    }

    fn baustelle() -> TemplateSpec {
        template(&serde_json::json!({"name": "Notes", "confidence_threshold": 0.6, "fields": [
            {"name": "site", "type": "text"}, {"name": "weight", "type": "text"}]}))
    }

    #[test]
    fn a_field_is_found_where_it_was_shown_on_another_document_of_the_design() {
        let template = baustelle();
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &template.fields[0], bbox_of(&shown, "Hafenkai")).unwrap();
        for (items, site) in [
            (&["Sand grob|1|12 kg"][..], "Turmbau Süd"),
            (&["Sand grob|1|12 kg", "Zement|2|50 kg", "Splitt|9|15 kg"], "Nordring"),
        ] {
            let other = note("Herr Voss", site, items);
            assert_ne!(value(&extract(&other, &template), "site"), Some(site), "found without being taught");
            let (results, _) = extract_and_ask(&other, &template, std::slice::from_ref(&lesson), None, None);
            assert_eq!(value(&results, "site"), Some(site));
        }
    }

    #[test]
    fn a_value_that_moved_down_is_found_beside_its_label() {
        let template = baustelle();
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &template.fields[1], bbox_of(&shown, "77 kg")).unwrap();
        let other = note("Herr Voss", "Nordring", &["Sand|1|12 kg", "Zement|2|50 kg", "Splitt|9|15 kg"]);
        let region = places(&template, std::slice::from_ref(&lesson), &other)[1].unwrap();
        assert!(region.bbox.contains(bbox_of(&other, "77 kg"), 0.002), "{region:?}");
    }

    #[test]
    fn another_design_teaches_nothing() {
        let template = baustelle();
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &template.fields[0], bbox_of(&shown, "Hafenkai")).unwrap();
        let other = Document {
            pages: vec![page(
                1,
                &[
                    "Contract between the parties named below",
                    "Seller|Example Ltd|Springfield",
                    "Gewicht|Menge|Artikel",
                    "Terms and conditions of delivery apply",
                    "Place of delivery and inspection",
                    "Signed by both parties in two copies",
                ],
            )],
        };
        assert!(!is_about(&lesson, &other));
        assert_eq!(places(&template, std::slice::from_ref(&lesson), &other), [None, None]);
    }

    #[test]
    fn a_place_without_its_label_is_not_the_place() {
        let template = baustelle();
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &template.fields[1], bbox_of(&shown, "77 kg")).unwrap();
        // The first page of a longer note: the sum is on the next.
        let mut other = note("Herr Voss", "Nordring", &["Sand|1|12 kg", "Zement|2|50 kg"]);
        other.pages[0]
            .words
            .retain(|word| word.text != "Summe" && (word.text != "Gewicht" || word.bbox.y0 < 0.3));
        assert_eq!(places(&template, std::slice::from_ref(&lesson), &other), [None, None]);
    }

    #[test]
    fn where_the_rules_are_sure_of_another_value_somebody_looks() {
        let template =
            template(&serde_json::json!({"name": "Notes", "confidence_threshold": 0.6, "fields": [
            {"name": "site", "type": "text", "anchor": "Fahrer"}]}));
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &template.fields[0], bbox_of(&shown, "Hafenkai")).unwrap();
        let other = note("Herr Voss", "Nordring", &["Sand|1|12 kg"]);
        let (results, _) = extract_and_ask(&other, &template, std::slice::from_ref(&lesson), None, None);
        assert_eq!(value(&results, "site"), Some("Nordring"));
        assert_eq!(results[0].review_reason, Some(ReviewReason::Inconsistent));
        let other = results[0].alternative.as_ref().unwrap();
        assert_eq!(other.value, FieldValue::Scalar("Adam Klein".to_owned()));
    }

    #[test]
    fn a_lesson_holds_no_word_of_its_document() {
        let shown = note("Frau Unger", "Hafenkai", &["Kies fein|3|44 kg"]);
        let lesson = learn(&shown.pages[0], &baustelle().fields[0], bbox_of(&shown, "Hafenkai")).unwrap();
        let kept = serde_json::to_string(&lesson).unwrap();
        for word in shown.pages[0].words.iter().filter(|word| word.text.chars().count() > 3) {
            assert!(!kept.contains(&word.text), "{}", word.text);
        }
        assert_eq!(serde_json::from_str::<Lesson>(&kept).unwrap().landmarks.len(), lesson.landmarks.len());
    }
}
