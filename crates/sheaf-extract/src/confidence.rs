//! How sure a value is.
//!
//! A logistic function of what the choice was made by. The weights of score, margin, repetition, arithmetic and free text
//! were fitted by maximum likelihood (a small ridge, sets weighted by the root of their size) to 1,593 right and wrong
//! answers on development documents: invoices with and without anchors, orders, contracts, forms, receipts. What they hold
//! too little of was set by judgement: contradiction, ambiguity, values without a label. The constant is 0.4 lower
//! than fitted, since the rules were made on the same documents and do less well on others.

use sheaf_types::FieldKind;

use crate::lexicon::Shape;
use crate::locate::assign::Choice;
use crate::locate::field::Field;
use crate::locate::{Pool, Scored};

/// What confidence is computed from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Signals {
    /// The candidate's score, at most 1.2.
    score: f32,
    /// Score less that of the best candidate with another value, at most 0.6.
    margin: f32,
    /// A number, date or code that no label carries.
    unlabelled: bool,
    /// Other places with the same value, at most 3.
    repeats: f32,
    /// Subtotal, tax and total add up.
    adds_up: bool,
    /// They contradict.
    contradicts: bool,
    /// The text can be read in two ways and nothing settles which.
    ambiguous: bool,
    /// A name or a passage, whose ends are less certain than those of a number.
    free: bool,
    /// The least sure word, 0 to 1.
    word: f32,
}

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
            _ => pool.locale.decimal_settled,
        };
        Self {
            score: chosen.score.clamp(0.0, 1.2),
            margin: (chosen.score - rival).clamp(-0.3, 0.6),
            unlabelled: chosen.evidence.similarity == 0.0
                && matches!(field.shape, Shape::Code | Shape::Date | Shape::Amount),
            repeats: chosen.repeats.min(3) as f32,
            adds_up: choice.adds_up == Some(true),
            contradicts: choice.adds_up == Some(false),
            ambiguous: !chosen.parsed.certain && !settled,
            free: !matches!(
                field.shape,
                Shape::Code | Shape::Date | Shape::Amount | Shape::Other | Shape::Place
            ),
            word: pool.surroundings.layout.word_confidence(&chosen.spans),
        }
    }

    /// 0 to 1, rounded to three decimals.
    pub(crate) fn confidence(&self) -> f32 {
        let flag = |is: bool| f32::from(u8::from(is));
        let z = -0.2 + 1.7 * self.score + 3.3 * self.margin + 0.2 * self.repeats + 1.4 * flag(self.adds_up)
            - 0.8 * flag(self.contradicts)
            - 1.0 * flag(self.ambiguous)
            - 1.2 * flag(self.unlabelled)
            - 1.2 * flag(self.free);
        let p = self.word.clamp(0.0, 1.0) / (1.0 + (-z).exp());
        (p * 1000.0).round() / 1000.0
    }
}
