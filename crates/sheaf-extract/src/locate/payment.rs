//! What receipts say of their total besides its label: cash less change is the total, and so is another total with its
//! rounding.

use rust_decimal::Decimal;

use super::candidate::{Candidate, Typed};
use super::context::{Context, Place, Surroundings};
use crate::lexicon::{Key, LEXICON};

/// The largest amount that rounding adds or takes away: half of the largest step in use.
const MOST_ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// The smallest step to which totals are rounded; the others are its multiples.
const STEP: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

/// The amounts of a document that are labelled as paid, given back and rounded off.
#[derive(Debug, Default)]
pub(super) struct Payment {
    paid: Vec<Decimal>,
    change: Vec<Decimal>,
    rounding: Vec<Decimal>,
}

impl Payment {
    pub(super) fn new(surroundings: &Surroundings<'_>, numbers: &[Candidate]) -> Self {
        let mut payment = Self::default();
        let (mut prepaid, mut left, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in numbers {
            let Typed::Number(number) = &candidate.typed else { continue };
            let Ok(value) = number.value.parse::<Decimal>() else { continue };
            if number.percent || number.counts_nothing() {
                continue;
            }
            all.push(value);
            match label(surroundings.contexts(candidate)) {
                Some("prepaid") => prepaid.push(value.abs()),
                Some("amount_due") => left.push(value.abs()),
                Some("cash") => payment.paid.push(value.abs()),
                Some("change") => payment.change.push(value.abs()),
                Some("rounding") if value.abs() < MOST_ROUNDED => payment.rounding.push(value),
                _ => {}
            }
        }
        // "Paid" is what was handed over where something was given back of it.
        if payment.paid.is_empty() && payment.has_change() {
            payment.paid = prepaid;
        }
        // "Balance" is what was given back where that makes what was handed over another amount of the document.
        if !payment.has_change() {
            let is_change = |left: &Decimal| {
                let adds = |paid: &Decimal| all.contains(&(paid - left)) && !all.contains(&(paid + left));
                !left.is_zero() && payment.paid.iter().any(adds)
            };
            payment.change = left.into_iter().filter(is_change).collect();
        }
        payment
    }

    /// Whether what was paid less what was given back is this amount.
    pub(super) fn settles(&self, total: Decimal) -> bool {
        self.paid.iter().any(|&paid| {
            if self.change.is_empty() {
                paid == total
            } else {
                self.change.iter().any(|&c| paid - c == total)
            }
        })
    }

    /// Whether an amount was handed over at a till.
    pub(super) fn hands_over(&self) -> bool {
        self.paid.iter().any(|paid| paid.scale() == 2)
    }

    /// Whether something was given back.
    pub(super) fn has_change(&self) -> bool {
        !self.change.is_empty()
    }

    /// The amounts that rounding takes to `total`; empty where nothing was rounded off, or not to that.
    pub(super) fn before_rounding(&self, total: Decimal) -> impl Iterator<Item = Decimal> {
        let rounded = |amount: Decimal| (amount % STEP).is_zero();
        let all = self.rounding.iter().filter(move |r| !r.is_zero() && rounded(total));
        // Some print what was rounded off without its sign.
        all.flat_map(move |&r| [total - r, total + r]).filter(move |&before| !rounded(before))
    }
}

/// The concept of the label of a number's row.
fn label(contexts: &[Context]) -> Option<&'static str> {
    let beside =
        contexts.iter().filter(|c| matches!(c.place, Place::Before | Place::Left) && c.geometry > 0.8);
    beside
        .flat_map(|context| context.matches.iter())
        .filter_map(|found| match found.key {
            Key::Concept(concept) if found.similarity > 0.75 => {
                Some((found.similarity, LEXICON.name(concept)))
            }
            _ => None,
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(values: &[&str]) -> Vec<Decimal> {
        values.iter().map(|v| v.parse().unwrap()).collect()
    }

    #[test]
    fn a_total_is_what_was_paid_less_the_change() {
        let payment =
            Payment { paid: amounts(&["50.00"]), change: amounts(&["27.10"]), rounding: amounts(&["-0.01"]) };
        assert!(payment.settles("22.90".parse().unwrap()));
        assert!(!payment.settles("50.00".parse().unwrap()));
        let before = |total: &str| payment.before_rounding(total.parse().unwrap()).collect::<Vec<Decimal>>();
        assert_eq!(before("22.90"), amounts(&["22.91", "22.89"]));
        assert!(before("22.91").is_empty());
        let exact = Payment { paid: amounts(&["8.00"]), ..Payment::default() };
        assert!(exact.settles("8.00".parse().unwrap()));
    }
}
