//! How sure a value is.
//!
//! A logistic function of what the choice was made by. Its weights are data: `data/confidence.txt`, fitted by
//! `cargo run --release -p sheaf-extract --example calibrate` to right and wrong answers on generated and real documents.
//! No signal knows where on the page a value stands or what it says, so that they hold on layouts nobody has seen; those
//! that can only speak for a value, or only against it, keep their sign in the fit.

use std::sync::LazyLock;

use sheaf_types::{Document, FieldKind};

use crate::lexicon::Shape;
use crate::locate::assign::Choice;
use crate::locate::field::Field;
use crate::locate::{Pool, Scored, text};

/// Something that speaks for or against a value being right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// As in the file of weights.
    pub name: &'static str,
    /// The sign that its weight may have; 0 is either.
    pub sign: i8,
    /// The weight that it has by judgement: what the fit keeps to where there is nothing to learn from.
    pub prior: f32,
    /// Signals that say similar things.
    pub family: &'static str,
}

const fn signal(name: &'static str, sign: i8, prior: f32, family: &'static str) -> Signal {
    Signal { name, sign, prior, family }
}

/// The signals.
pub const SIGNALS: [Signal; COUNT] = [
    signal("constant", 0, 0.0, "shape"),
    // The candidate's score up to 0.7, and what goes beyond.
    signal("score", 1, 1.0, "score"),
    signal("high_score", 1, 1.5, "score"),
    // The score less that of the best candidate with another value, up to 0.1, and what goes beyond.
    signal("margin", 1, 1.5, "margin"),
    signal("clear_margin", 1, 3.0, "margin"),
    // A code, date, amount or name that another one contests, at as good a label. Documents that people make templates with anchors
    // for seldom show it; with names alone, half of what is contested is wrong.
    signal("contested", -1, -2.2, "margin"),
    // How much the label resembles a known one, and how well it stands to the value.
    signal("similarity", 1, 0.3, "label"),
    signal("geometry", 1, 0.0, "label"),
    // The label is one of the template's own.
    signal("anchor", 1, 0.1, "label"),
    // A number, date or code that no label carries.
    signal("unlabelled", -1, -0.8, "label"),
    // Other places with the same value.
    signal("repeats", 1, 0.5, "repetition"),
    // Subtotal, tax and total add up, or contradict; what was paid less the change is the total.
    signal("adds_up", 1, 1.5, "arithmetic"),
    signal("contradicts", -1, -0.8, "arithmetic"),
    signal("settled", 1, 1.0, "arithmetic"),
    // The text can be read in two ways, or is one of several that a form offers, and nothing settles which: a coin toss, whatever
    // else speaks for it. Too rare in what weights are fitted to, so it keeps its prior.
    signal("ambiguous", -1, -4.5, "ambiguity"),
    // What the value looks like.
    signal("code", 0, 0.0, "shape"),
    signal("date", 0, 0.0, "shape"),
    signal("name", 0, -0.6, "shape"),
    signal("person", 0, -0.6, "shape"),
    signal("party", 0, -0.8, "shape"),
    signal("place", 0, 0.0, "shape"),
    signal("duration", 0, -1.0, "shape"),
    signal("address", 0, -0.6, "shape"),
    signal("text", 0, -0.6, "shape"),
    // A name with a legal form at its end.
    signal("legal_form", 1, 0.3, "shape"),
    // The value stands on several lines, where its end is less certain.
    signal("wrapped", -1, -0.2, "shape"),
    // Right below a text stands another one at its left edge, which may belong to it.
    signal("goes_on", -1, -0.3, "shape"),
    // Characters that values seldom have, in the value and in the document: text layers of poor scans.
    signal("odd", -1, -2.0, "text"),
    signal("odd_document", -1, -3.0, "text"),
    // The least sure word of the value, as what recognised it says; and that it was recognised at all.
    signal("unsure_word", -1, -6.0, "text"),
    signal("recognised", -1, -0.3, "text"),
];

const COUNT: usize = 31;

/// Weights of [`SIGNALS`], in their order.
pub type Weights = [f32; COUNT];

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| parse(include_str!("../data/confidence.txt")));

/// The weights in use.
#[must_use]
pub fn shipped() -> &'static Weights {
    &WEIGHTS
}

/// Reads `name weight` lines; a signal without a line has no weight.
fn parse(text: &str) -> Weights {
    let mut weights = [0.0; COUNT];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, weight)) = line.split_once(' ') else { continue };
        if let (Some(index), Ok(weight)) = (position(name), weight.trim().parse()) {
            weights[index] = weight;
        }
    }
    weights
}

fn position(name: &str) -> Option<usize> {
    SIGNALS.iter().position(|signal| signal.name == name)
}

/// What confidence is computed from: the values of [`SIGNALS`], in their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Signals(pub(crate) Weights);

impl Signals {
    pub(crate) fn new(
        field: &Field<'_>,
        chosen: &Scored,
        others: &[Scored],
        choice: &Choice,
        pool: &Pool<'_>,
    ) -> Self {
        let rival = others
            .iter()
            .filter(|other| other.parsed.value != chosen.parsed.value)
            .map(|other| other.score)
            .fold(0.0, f32::max);
        let settled = match field.spec.kind {
            FieldKind::Date => pool.locale.order_settled,
            FieldKind::Enum | FieldKind::Text => false,
            _ => pool.locale.decimal_settled,
        };
        let layout = pool.surroundings.layout;
        let (score, margin) = (chosen.score.clamp(0.0, 1.2), (chosen.score - rival).clamp(-0.3, 0.6));
        let flag = |is: bool| f32::from(u8::from(is));
        let mut values = [0.0; COUNT];
        let mut set = |name: &str, value: f32| {
            if let Some(index) = position(name) {
                values[index] = value;
            }
        };
        set("constant", 1.0);
        set("score", score.min(0.7));
        set("high_score", (score - 0.7).max(0.0));
        set("margin", margin.min(0.1));
        set("clear_margin", (margin - 0.1).max(0.0));
        set("contested", flag(choice.rival.is_some()));
        set("similarity", chosen.evidence.similarity);
        set("geometry", chosen.evidence.geometry);
        set("anchor", flag(chosen.evidence.by_anchor));
        set("unlabelled", flag(chosen.evidence.similarity == 0.0 && field.shape.is_typed()));
        set("repeats", chosen.repeats.min(3) as f32 / 3.0);
        set("adds_up", flag(choice.adds_up == Some(true)));
        set("contradicts", flag(choice.adds_up == Some(false)));
        set("settled", flag(chosen.settled));
        set("ambiguous", flag(!chosen.parsed.certain && !settled));
        if let Some(shape) = shape_name(field.shape) {
            set(shape, 1.0);
        }
        set("legal_form", flag(chosen.ends_in_legal_form));
        set("wrapped", flag(chosen.spans.len() > 1));
        let is_free = matches!(field.shape, Shape::Text | Shape::Name | Shape::Person | Shape::Address);
        let below = chosen.spans.last().and_then(|last| text::below(&pool.surroundings, last));
        set("goes_on", flag(is_free && below.is_some()));
        set("odd", (5.0 * oddness(&chosen.source, field.shape == Shape::Code)).min(1.0));
        set("odd_document", pool.oddness());
        let (least, recognised) = layout.words_sure(&chosen.spans);
        set("unsure_word", 1.0 - least.clamp(0.0, 1.0));
        set("recognised", flag(recognised));
        Self(values)
    }

    /// 0 to 1, rounded to three decimals.
    pub(crate) fn confidence(&self) -> f32 {
        confidence(&self.0, &WEIGHTS)
    }
}

/// The confidence that these weights give to these signals: 0 to 1, rounded to three decimals.
#[must_use]
pub fn confidence(signals: &Weights, weights: &Weights) -> f32 {
    let z: f32 = signals.iter().zip(weights).map(|(signal, weight)| signal * weight).sum();
    let p = 1.0 / (1.0 + (-z).exp());
    (p * 1000.0).round() / 1000.0
}

fn shape_name(shape: Shape) -> Option<&'static str> {
    match shape {
        Shape::Code => Some("code"),
        Shape::Date => Some("date"),
        Shape::Name => Some("name"),
        Shape::Person => Some("person"),
        Shape::Party => Some("party"),
        Shape::Place => Some("place"),
        Shape::Duration => Some("duration"),
        Shape::Address => Some("address"),
        Shape::Text => Some("text"),
        Shape::Amount | Shape::Other => None,
    }
}

/// The share of characters that printed values seldom have: marks of bad recognition, and letters among digits.
fn oddness(text: &str, is_code: bool) -> f32 {
    let mut odd = 0;
    let mut all = 0;
    for word in text.split_whitespace() {
        let (mut letters, mut digits) = (0, 0);
        for c in word.chars() {
            all += 1;
            letters += usize::from(c.is_lowercase());
            digits += usize::from(c.is_ascii_digit());
            odd += usize::from(matches!(
                c,
                '^' | '~'
                    | '_'
                    | '|'
                    | '\\'
                    | '<'
                    | '>'
                    | '['
                    | ']'
                    | '{'
                    | '}'
                    | '•'
                    | '■'
                    | '□'
                    | '\u{fffd}'
            ));
        }
        // "Smi1h"; in a code capitals and digits are mixed as a rule, small letters are not.
        if letters > 0 && digits > 0 && (is_code || letters > digits) {
            odd += letters.min(digits);
        }
    }
    odd as f32 / all.max(1) as f32
}

/// How odd a document's words are, 0 to 1: about 0 for text that a program wrote, 1 where every tenth character is odd.
pub(crate) fn document_oddness(document: &Document) -> f32 {
    let words = document.pages.iter().flat_map(|page| &page.words).take(WORDS);
    let (sum, count) =
        words.fold((0.0, 0usize), |(sum, count), word| (sum + oddness(&word.text, false), count + 1));
    (10.0 * sum / count.max(1) as f32).min(1.0)
}

/// Words of a document that are looked at for its oddness.
const WORDS: usize = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_weights_is_a_signal_with_its_sign() {
        for line in include_str!("../data/confidence.txt").lines().filter(|line| !line.starts_with('#')) {
            let (name, weight) = line.split_once(' ').unwrap();
            let sign = SIGNALS[position(name).unwrap()].sign;
            let weight: f32 = weight.trim().parse().unwrap();
            assert!(sign == 0 || weight * f32::from(sign) >= 0.0, "{line}");
        }
    }

    #[test]
    fn what_was_badly_recognised_is_odd() {
        for (text, odd) in [
            ("Example Trading Ltd", false),
            ("3 High Street, Springfield 62701", false),
            ("Ex^mple Tr_ding", true),
            ("Smi1h Br0wn", true),
            ("21st Century Print", false),
        ] {
            assert_eq!(oddness(text, false) > 0.0, odd, "{text}");
        }
        assert_eq!(oddness("RE-2018/55", true), 0.0);
        assert!(oddness("4._iasiagss", true) > 0.1);
    }
}
