//! What arithmetic says of totals that have no label.

use rust_decimal::Decimal;
use rustc_hash::FxHashSet;

use super::{LABELLED, Pool, Scored, first};
use crate::ablation::{Family, uses};
use crate::locate::candidate::{Candidate, Typed};
use crate::locate::field::Field;
use crate::locate::score::Evidence;

/// The score of an amount without a label that makes subtotal, tax and total add up.
const BY_SUM: f32 = 0.5;

/// Lines above and below a tax in which an unlabelled subtotal and total stand.
const NEAR: usize = 3;

/// Amounts that may be taken off a total, at most.
const MOST_TAKEN: usize = 6;

/// An amount with cents and where it stands.
struct Amount<'c> {
    candidate: &'c Candidate,
    value: Decimal,
}

impl Pool<'_> {
    /// Gives subtotal, tax and total the amount that the two others make it, where no label says which it is: sums often stand
    /// under their column without one. A tax alone has the two next to it.
    pub(crate) fn complete_totals(&self, fields: &[Field<'_>], candidates: &mut [Vec<Scored>]) {
        let find = |concept: &str| fields.iter().position(|f| f.is(concept));
        let (Some(net), Some(tax), Some(total)) = (find("net_total"), find("tax_total"), find("grand_total"))
        else {
            return;
        };
        if !uses(Family::Arithmetic) {
            return;
        }
        let labelled = |field: usize| {
            let best = candidates[field].first().filter(|best| best.score >= LABELLED)?;
            let value: Decimal = best.parsed.value.parse().ok()?;
            (!value.is_zero()).then_some((value, first(best).0))
        };
        // A tax of nothing is said, not left out.
        let is_exempt = candidates[tax].first().is_some_and(|best| {
            let value = best.parsed.value.parse::<Decimal>();
            best.score >= LABELLED && value.is_ok_and(|value| value.is_zero())
        });
        if is_exempt {
            return;
        }
        let all: Vec<Amount<'_>> = self.numbers.iter().filter_map(with_cents).collect();
        let found: Vec<(usize, &Candidate)> = match (labelled(net), labelled(tax), labelled(total)) {
            (None, Some((tax, at)), Some((whole, _))) => {
                let above = all.iter().rev().find(|a| a.value == whole - tax && a.candidate.line() <= at);
                above.map(|a| (net, a.candidate)).into_iter().collect()
            }
            (Some((net, _)), Some((tax, at)), None) => {
                let below = all.iter().find(|a| a.value == net + tax && a.candidate.line() >= at);
                below.map(|a| (total, a.candidate)).into_iter().collect()
            }
            (Some((net, from)), None, Some((whole, to))) => {
                let between = |a: &&Amount<'_>| (from.min(to)..=from.max(to)).contains(&a.candidate.line());
                let amount = all.iter().filter(between).find(|a| a.value == whole - net);
                amount.map(|a| (tax, a.candidate)).into_iter().collect()
            }
            (None, Some((part, at)), None) => {
                let above = |a: &&Amount<'_>| (at.saturating_sub(NEAR)..at).contains(&a.candidate.line());
                let below = |a: &&Amount<'_>| (at + 1..=at + NEAR).contains(&a.candidate.line());
                let pair = all.iter().filter(above).find_map(|subtotal| {
                    let whole = all.iter().filter(below).find(|a| a.value == subtotal.value + part)?;
                    Some([(net, subtotal.candidate), (total, whole.candidate)])
                });
                pair.into_iter().flatten().collect()
            }
            _ => Vec::new(),
        };
        for (field, candidate) in found {
            let evidence = Evidence { score: BY_SUM, ..Evidence::default() };
            if let Some(scored) = self.scored(&fields[field], candidate, evidence) {
                candidates[field].retain(|other| other.spans != scored.spans);
                candidates[field].insert(0, scored);
            }
        }
    }

    /// Where the amounts stand that are left of a total, as `is_total` knows it, when those between the two in their column
    /// are taken off: what was paid, kept back or granted, whatever it is called.
    pub(super) fn remainders(&self, is_total: impl Fn(Decimal) -> bool) -> FxHashSet<(usize, usize)> {
        let layout = self.surroundings.layout;
        let all: Vec<Amount<'_>> = self.numbers.iter().filter_map(with_cents).collect();
        let page = |amount: &Amount<'_>| layout.lines[amount.candidate.line()].page;
        let others = ["tax_total", "net_total", "tax_base", "grand_total", "gross_amount"];
        let mut found = FxHashSet::default();
        for (index, whole) in all.iter().enumerate().filter(|(_, whole)| is_total(whole.value)) {
            let size = layout.segments[whole.candidate.segment].size;
            let in_column = |other: &&Amount<'_>| {
                page(other) == page(whole)
                    && (other.candidate.rect.x1 - whole.candidate.rect.x1).abs() < 0.7 * size
            };
            let mut left = whole.value;
            for next in all[index + 1..].iter().filter(in_column).take(MOST_TAKEN) {
                let is_other = self.is_labelled(next.candidate, &others);
                if next.value == left && left < whole.value && !is_other {
                    found.insert((next.candidate.line(), next.candidate.start()));
                }
                left -= next.value.abs();
                if is_other || left <= Decimal::ZERO {
                    break;
                }
            }
        }
        found
    }
}

/// The amount that a candidate is, if it has cents.
fn with_cents(candidate: &Candidate) -> Option<Amount<'_>> {
    match &candidate.typed {
        Typed::Number(number) if number.decimals == 2 && !number.percent => {
            Some(Amount { candidate, value: number.value.parse().ok()? })
        }
        _ => None,
    }
}
