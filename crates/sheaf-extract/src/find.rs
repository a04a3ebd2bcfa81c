//! Where on a document a text that somebody typed stands.

use serde::Serialize;
use sheaf_types::{Document, FieldKind, Provenance, TemplateSpec};

use crate::locate::labels::Labels;
use crate::locate::layout::{Layout, Span};
use crate::locate::profile::locale_of;
use crate::parse::{self, duration, fold::tight};

/// Words of a number, a date or an enum's value: `3. Mai 2024`.
const MOST_WORDS: usize = 6;
/// Places that are told.
const MOST_PLACES: usize = 100;

/// What a typed text means, and where that stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Found {
    /// The value, in its canonical form; `None` where the text is none of that kind.
    pub value: Option<String>,
    /// Where the document says the same, in whatever form, in reading order; 100 at most.
    pub places: Vec<Provenance>,
}

/// Looks a typed text up. Numbers and dates are understood as the document writes them, and found in every form; texts are
/// found whatever their case, accents and blanks.
#[must_use]
pub fn find(
    document: &Document,
    template: &TemplateSpec,
    kind: FieldKind,
    enum_values: &[String],
    typed: &str,
) -> Found {
    let typed = typed.trim();
    let layout = Layout::new(document);
    let labels = Labels::new(template);
    let locale = locale_of(&layout, &labels, template.locale.as_deref());
    let value = |text: &str| parse::value(kind, text, &locale, enum_values).map(|parsed| parsed.value);
    let Some(wanted) = value(typed) else { return Found::default() };
    let (folded, words) = (tight(typed), typed.split_whitespace().count());
    let span_of_time = duration::in_figures(typed);
    let says = |source: &str| match kind {
        // "2 years" is what "two (2) years" says.
        FieldKind::Text => {
            tight(source) == folded || span_of_time.is_some() && duration::in_figures(source) == span_of_time
        }
        FieldKind::Number | FieldKind::Currency => {
            value(source).is_some_and(|value| trim(&value) == trim(&wanted))
        }
        _ => value(source).as_ref() == Some(&wanted),
    };
    let most = if kind == FieldKind::Text { words + 2 } else { MOST_WORDS };
    let mut places: Vec<(Span, Provenance)> = Vec::new();
    if kind != FieldKind::Text || !folded.is_empty() {
        for span in layout.runs(most).filter(|span| says(&layout.source(std::slice::from_ref(span)))) {
            if places.len() == MOST_PLACES {
                break;
            }
            // Of runs that say the same the shorter stands inside the longer: it is enough.
            match places.last_mut() {
                Some((last, _)) if holds(last, &span) => places.truncate(places.len() - 1),
                Some((last, _)) if holds(&span, last) => continue,
                _ => {}
            }
            if let Some(place) = place(document, &layout, &span) {
                places.push((span, place));
            }
        }
    }
    Found { value: Some(wanted), places: places.into_iter().map(|(_, place)| place).collect() }
}

/// A decimal without zeros at its end: `12.50` and `12.5` are one amount.
fn trim(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

fn holds(outer: &Span, inner: &Span) -> bool {
    outer.line == inner.line && outer.range.start <= inner.range.start && inner.range.end <= outer.range.end
}

fn place(document: &Document, layout: &Layout<'_>, span: &Span) -> Option<Provenance> {
    let spans = std::slice::from_ref(span);
    let page = layout.lines[span.line].page;
    let bbox = layout.bbox(spans)?;
    let cell = document.pages[page].cell_at(bbox).map(str::to_owned);
    Some(Provenance { source: layout.source(spans), page: layout.page_number(page), bbox, cell })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sheaf_types::{BoundingBox, Page, TextSource, Word};

    /// A page of lines of words.
    fn document(lines: &[&str]) -> Document {
        let word = |(line, at, text): (usize, usize, &str)| Word {
            text: text.to_owned(),
            bbox: BoundingBox {
                x0: at as f32 * 0.01,
                y0: line as f32 * 0.05,
                x1: (at + text.len()) as f32 * 0.01,
                y1: line as f32 * 0.05 + 0.02,
            },
            confidence: 1.0,
            font_size: 12.0,
            bold: false,
            turn: 0,
            source: TextSource::Text,
        };
        let words = lines.iter().enumerate().flat_map(|(line, text)| {
            let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
            text.split(' ').filter(|word| !word.is_empty()).map(move |word| (line, start(word), word))
        });
        let page = Page {
            number: 1,
            width: 600.0,
            height: 800.0,
            words: words.map(word).collect(),
            rules: Vec::new(),
            cells: Vec::new(),
            warnings: Vec::new(),
        };
        Document { pages: vec![page] }
    }

    #[test]
    fn a_typed_value_is_found_in_the_forms_of_the_document() {
        let document = document(&[
            "Rechnung Nr. R-77 vom 3. Mai 2024",
            "Büromöbel Groß GmbH",
            "Netto 1.234,50 EUR MwSt 234,56 EUR",
            "fällig 03.05.2024 Summe EUR 1.469,06",
            "for a period of two (2) years, of which 2 years",
        ]);
        let template = TemplateSpec::starter_invoice();
        for (kind, typed, value, sources) in [
            (FieldKind::Currency, "1234,5", Some("1234.5"), &["1.234,50"][..]),
            (FieldKind::Currency, "1234.50", Some("1234.50"), &["1.234,50"]),
            (FieldKind::Currency, "1.469,06", Some("1469.06"), &["1.469,06"]),
            (FieldKind::Date, "2024-05-03", Some("2024-05-03"), &["3. Mai 2024", "03.05.2024"]),
            (FieldKind::Text, "buromobel gross", Some("buromobel gross"), &["Büromöbel Groß"]),
            (FieldKind::Text, "R77", Some("R77"), &["R-77"]),
            (FieldKind::Text, "Kladde", Some("Kladde"), &[]),
            (FieldKind::Text, "2 years", Some("2 years"), &["(2) years,", "2 years"]),
            (FieldKind::Date, "soon", None, &[]),
        ] {
            let found = find(&document, &template, kind, &[], typed);
            assert_eq!(found.value.as_deref(), value, "{typed}");
            let places: Vec<&str> = found.places.iter().map(|place| place.source.as_str()).collect();
            assert_eq!(places, sources, "{typed}");
        }
    }
}
