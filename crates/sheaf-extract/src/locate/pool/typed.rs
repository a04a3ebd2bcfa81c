//! What dates, numbers and codes are worth for a field.

use std::collections::HashMap;

use rust_decimal::Decimal;
use rustc_hash::FxHashSet;

use super::{LABELLED, NOTHING, Pool, Scored, first};
use crate::lexicon::Shape;
use crate::locate::candidate::{Candidate, Typed};
use crate::locate::context::{Context, Place};
use crate::locate::field::Field;
use crate::locate::payment::Payment;
use crate::locate::score::{self, Evidence, Loose};
use crate::locate::typed;

/// What it is worth for a code to be all that stands at its place.
const WHOLE: f32 = 0.06;

/// What it costs a due date to be the last day for a discount.
const FOR_DISCOUNT: f32 = 0.4;

/// What it costs a total to stand in a tax summary.
const IN_SUMMARY: f32 = 0.25;

/// What it is worth for a total to be what was paid less the change.
const SETTLED: f32 = 0.12;

/// What it is worth for an amount to be what is left of a total when what was paid before is taken off.
const REST: f32 = 0.35;

/// The score of a total without a label that what was paid less the change confirms.
const BY_PAYMENT: f32 = 0.5;

/// How much better a rounded total is than the one before rounding.
const ROUNDED: f32 = 0.1;

/// What it costs an amount to be what another one is reckoned on, or to be part of a label.
const ASIDE: f32 = 0.4;

/// The score of a net total where it is the whole.
const ONLY_TOTAL: f32 = 0.42;

/// What makes the whole another amount than the net total.
const BESIDE_NET: [&str; 6] =
    ["grand_total", "gross_amount", "amount_due", "tax_total", "discount", "net_after_commission"];

impl Pool<'_> {
    pub(super) fn typed(&self, field: &Field<'_>, candidates: &[Candidate], loose: &Loose) -> Vec<Scored> {
        let lines = self.surroundings.layout.lines.len();
        candidates
            .iter()
            .filter(|candidate| typed::possible(field, candidate))
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                if matches!(candidate.typed, Typed::Date(..)) {
                    let alone =
                        typed::own_date(field, self.surroundings.layout, candidate, self.days, evidence);
                    evidence.score = evidence.score.max(alone);
                }
                let mut scored = self.scored(field, candidate, evidence)?;
                if field.is("due_date") && typed::is_for_discount(self.surroundings.layout, candidate) {
                    scored.score -= FOR_DISCOUNT;
                }
                if field.is("effective_date") {
                    scored.score += typed::effective(self.surroundings.layout, candidate);
                }
                scored.score += match candidate.is_whole {
                    // What stands beside the template's own label need not look like a number of documents.
                    true if scored.evidence.by_anchor => WHOLE + typed::fit(field, candidate).max(0.0),
                    true => WHOLE + typed::fit(field, candidate),
                    false => typed::fit(field, candidate),
                };
                let position = score::position(candidate, lines);
                // Totals come last, dates and numbers of the document first.
                let aside = self.surroundings.is_base(candidate) || self.surroundings.is_in_label(candidate);
                if field.shape == Shape::Amount && aside {
                    scored.score -= ASIDE;
                }
                let total = field.is("grand_total") || field.is("amount_due");
                if total && self.surroundings.is_in_tax_summary(candidate) {
                    scored.score -= IN_SUMMARY;
                }
                scored.score += match field.shape {
                    Shape::Amount => 0.03 * position,
                    _ => -0.04 * position,
                };
                Some(scored)
            })
            .collect()
    }

    /// Lets what was paid, given back and rounded off speak for a total, whatever its label.
    pub(super) fn settle(&self, field: &Field<'_>, scored: &mut Vec<Scored>) {
        let payment = self.payment.get_or_init(|| Payment::new(&self.surroundings, &self.numbers));
        let value = |found: &Scored| found.parsed.value.parse::<Decimal>().ok();
        // The best score of each amount by its label.
        let mut labelled: HashMap<Decimal, f32> = HashMap::new();
        for found in scored.iter() {
            if let Some(value) = value(found) {
                let best = labelled.entry(value).or_default();
                *best = best.max(found.score);
            }
        }
        let known: FxHashSet<(usize, usize)> = scored.iter().map(first).collect();
        for candidate in &self.numbers {
            if !known.contains(&(candidate.line(), candidate.start()))
                && let Some(found) =
                    self.scored(field, candidate, Evidence { score: NOTHING, ..Evidence::default() })
            {
                scored.push(found);
            }
        }
        let paid = if field.is("amount_due") { self.prepaid() } else { Vec::new() };
        for found in scored.iter_mut() {
            let Some(total) = value(found).filter(|total| *total > Decimal::ZERO) else { continue };
            let settled = payment.settles(total);
            found.settled = settled;
            // Half of an amount is left of it, too, where it is due in two parts.
            let is_rest = |paid: &Decimal| {
                *paid != total && labelled.get(&(total + paid)).is_some_and(|&whole| whole > LABELLED)
            };
            if found.score > LABELLED && paid.iter().any(is_rest) {
                found.score += REST;
            }
            if self.is_before_tax(found, total, &labelled) {
                found.score -= IN_SUMMARY;
                continue;
            }
            let unrounded = payment
                .before_rounding(total)
                .filter_map(|before| labelled.get(&before))
                .fold(0.0, |best: f32, &score| best.max(score));
            // The label of a total that was rounded afterwards is the label of what it was rounded to.
            if unrounded > LABELLED && (settled || found.score > LABELLED) {
                found.score = found.score.max(unrounded + ROUNDED);
            } else if settled {
                found.score = (found.score + SETTLED).max(BY_PAYMENT);
            }
        }
    }

    /// The amounts that are labelled as paid already.
    fn prepaid(&self) -> Vec<Decimal> {
        let paid = self.numbers.iter().filter(|candidate| self.is_labelled(candidate, &["prepaid"]));
        let amount = |candidate: &Candidate| match &candidate.typed {
            Typed::Number(number) => number.value.parse().ok().filter(|amount: &Decimal| !amount.is_zero()),
            _ => None,
        };
        paid.filter_map(amount).map(|amount| amount.abs()).collect()
    }

    /// Whether the amount to the right of this one is the tax that makes it another labelled total: "Total 70.75 4.25" in a
    /// summary of taxes.
    fn is_before_tax(&self, found: &Scored, net: Decimal, labelled: &HashMap<Decimal, f32>) -> bool {
        let Some(span) = found.spans.first() else { return false };
        let line = &self.numbers[self.numbers.partition_point(|c| c.line() < span.line)..];
        let line = line.iter().take_while(|c| c.line() == span.line);
        let right = line.filter(|c| c.start() >= span.range.end);
        let Some(Typed::Number(tax)) = right.min_by_key(|c| c.start()).map(|c| &c.typed) else {
            return false;
        };
        let tax: Decimal = tax.value.parse().unwrap_or_default();
        !tax.is_zero() && labelled.get(&(net + tax)).is_some_and(|&score| score > LABELLED)
    }

    /// The net totals of a document that names nothing which would make the whole another amount: no other total, no tax, no
    /// discount and no commission.
    pub(super) fn only_total(&self, field: &Field<'_>) -> Vec<Scored> {
        let is_net = |candidate: &&Candidate| {
            typed::possible(field, candidate) && self.is_labelled(candidate, &["net_total"])
        };
        if self.numbers.iter().any(|c| self.is_labelled(c, &BESIDE_NET) && !is_net(&c)) {
            return Vec::new();
        }
        let evidence = Evidence { score: ONLY_TOTAL, ..Evidence::default() };
        self.numbers.iter().filter(is_net).filter_map(|net| self.scored(field, net, evidence)).collect()
    }

    /// Whether a known label of one of these concepts stands before a candidate, or left of it or above.
    fn is_labelled(&self, candidate: &Candidate, concepts: &[&str]) -> bool {
        let beside = |context: &&Context| matches!(context.place, Place::Before | Place::Left | Place::Above);
        let contexts = self.surroundings.contexts(candidate).iter().filter(beside);
        let mut known = contexts.flat_map(|context| context.matches.iter()).filter(|m| m.similarity >= 0.99);
        known.any(|m| m.means(concepts))
    }
}
