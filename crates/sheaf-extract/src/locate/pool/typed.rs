//! What dates, numbers and codes are worth for a field.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use rustc_hash::FxHashSet;

use super::{LABELLED, NOTHING, Pool, Scored, first};
use crate::ablation::{Family, uses};
use crate::lexicon::{Shape, Strength};
use crate::locate::candidate::{Candidate, Typed};
use crate::locate::context::{Context, Place};
use crate::locate::deadline;
use crate::locate::effective::Effect;
use crate::locate::ends;
use crate::locate::field::Field;
use crate::locate::labels::LabelMatch;
use crate::locate::layout::{BLANK, Rect};
use crate::locate::score::{self, Evidence, Loose};
use crate::locate::typed;
use crate::parse::number::Number;

/// What it is worth for a code to be all that stands at its place.
const WHOLE: f32 = 0.06;

/// What it costs a due date to be the last day for a discount.
const FOR_DISCOUNT: f32 = 0.4;

/// What it costs the document's own date to stand in a column of dates, as those of rows do; a total, in a column of amounts;
/// a date, behind the name of another document, or a value in a sentence on an earlier one; and under a heading beside that of another
/// document's number.
const IN_COLUMN: f32 = 0.35;
const IN_ROWS: f32 = 0.2;
const OF_OTHER: f32 = 0.3;
const BESIDE_OTHER: f32 = 0.12;

/// The score of a day by which a sentence asks to pay.
const BY_DEADLINE: f32 = 0.6;

/// What it costs an end of a range to stand in a column of dates, as those of the rows do.
const IN_RANGES: f32 = 0.1;

/// What it is worth for a gross amount to be the sum of those under a heading of it.
const SUM_OF_COLUMN: f32 = 0.25;

/// How far below a cell the next one of its column stands at most, in font sizes.
const NEXT_CELL: f32 = 1.5;

/// Lines in which the next date of a column stands.
const NEXT_ROW: usize = 6;

/// What it costs a total to stand in a tax summary.
const IN_SUMMARY: f32 = 0.25;

/// What it is worth for a total to be what was paid less the change.
const SETTLED: f32 = 0.12;

/// What it is worth for an amount to be what is left of a total when what was paid before is taken off.
const REST: f32 = 0.35;

/// The score of an amount due without a label that is what is left of a total.
const BY_REST: f32 = 0.7;

/// The score of a total without a label that what was paid less the change confirms.
const BY_PAYMENT: f32 = 0.5;

/// What it is worth for a date that its label names the end of a range that is wanted, and what it costs it to name the other.
const NAMES_END: f32 = 0.1;
const NAMES_OTHER_END: f32 = 0.9;

/// How much better a rounded total is than the one before rounding.
const ROUNDED: f32 = 0.1;

/// What it costs an amount to be what another one is reckoned on, or to be part of a label.
const ASIDE: f32 = 0.4;

/// The score of a total of another kind where it is the whole.
const ONLY_TOTAL: f32 = 0.42;

/// What makes the whole another amount than the net total.
const BESIDE_NET: [&str; 6] =
    ["grand_total", "gross_amount", "amount_due", "tax_total", "discount", "net_after_commission"];

impl Pool<'_> {
    pub(super) fn typed(&self, field: &Field<'_>, candidates: &[Candidate], loose: &Loose) -> Vec<Scored> {
        let layout = self.surroundings.layout;
        let lines = layout.lines.len();
        let sums = self.column_sums(field, candidates);
        let effect = field.is("effective_date").then(|| Effect::new(layout, &self.dates, self.locale.order));
        candidates
            .iter()
            .filter(|candidate| typed::possible(field, layout, candidate))
            .filter_map(|candidate| {
                let contexts = self.surroundings.contexts(candidate);
                let mut evidence = score::by_labels(field, contexts, &self.titled, loose);
                if matches!(candidate.typed, Typed::Date(..)) {
                    let labelled = typed::is_behind_colon(layout, candidate);
                    let days = if labelled { self.days } else { self.bare_days };
                    let alone = typed::own_date(field, layout, candidate, days, evidence);
                    evidence.score = evidence.score.max(alone);
                }
                if field.is("due_date") && deadline::asks_to_pay(layout, candidate) {
                    evidence.score = evidence.score.max(BY_DEADLINE);
                }
                if effect.as_ref().is_some_and(|effect| effect.is_said(layout, candidate)) {
                    evidence.score = evidence.score.max(NOTHING);
                }
                let mut scored = self.scored(field, candidate, evidence)?;
                if typed::asks_for_own_date(field) {
                    if self.is_in_column(candidate, candidates, 1) {
                        scored.score -= IN_COLUMN;
                    }
                    if typed::names_other_document(field, layout, candidate) {
                        scored.score -= OF_OTHER;
                    }
                    if self.is_beside_other_number(field, candidate) {
                        scored.score -= BESIDE_OTHER;
                    }
                }
                let is_of_order = matches!(field.shape, Shape::Amount | Shape::Code) || field.end.is_some();
                if is_of_order && typed::is_of_former(layout, candidate) {
                    scored.score -= OF_OTHER;
                }
                if field.end.is_some() && self.is_in_column(candidate, candidates, 1) {
                    scored.score -= IN_RANGES;
                }
                scored.score += self.sum_fit(field, candidate, &sums);
                if field.is("due_date") && typed::is_for_discount(self.surroundings.layout, candidate) {
                    scored.score -= FOR_DISCOUNT;
                }
                if let Some(effect) = &effect {
                    scored.score += effect.fit(layout, candidate);
                }
                scored.score += self.end_fit(field, candidate);
                let fit = typed::fit(field, candidate);
                scored.score += match candidate.is_whole {
                    // What stands beside the template's own label need not look like a number of documents.
                    true if scored.evidence.by_anchor => WHOLE + fit.max(0.0),
                    true => WHOLE + fit,
                    false => fit,
                };
                let position = score::position(candidate, lines);
                // Totals come last, dates and numbers of the document first.
                let aside = self.surroundings.is_base(candidate)
                    || self.surroundings.is_in_label(candidate)
                    || self.surroundings.is_in_remark(candidate)
                    || self.is_count(candidate);
                if field.shape == Shape::Amount && aside {
                    scored.score -= ASIDE;
                }
                let total = field.is("grand_total") || field.is("amount_due");
                if total && self.is_in_column(candidate, candidates, 2) {
                    scored.score -= IN_ROWS;
                }
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

    /// How well a single date suits a field for one end of a range, by the end that its label names.
    fn end_fit(&self, field: &Field<'_>, candidate: &Candidate) -> f32 {
        let Some(wanted) = field.end.filter(|_| matches!(candidate.typed, Typed::Date(_, None))) else {
            return 0.0;
        };
        match ends::by_label(&self.surroundings, field, candidate) {
            Some(end) if end == wanted => NAMES_END,
            Some(_) => -NAMES_OTHER_END,
            None => 0.0,
        }
    }

    /// Whether a plain number counts things: "(3 items)", or before an amount under the same label ("Total 3 $85.00").
    fn is_count(&self, candidate: &Candidate) -> bool {
        let Typed::Number(number) = &candidate.typed else { return false };
        if !number.is_plain() {
            return false;
        }
        let layout = self.surroundings.layout;
        let (line, end) = (candidate.line(), candidate.spans[0].range.end);
        let text = &layout.lines[line].text;
        let counted =
            text[end..].strip_prefix(BLANK).is_some_and(|rest| rest.starts_with(char::is_lowercase));
        let row = &self.numbers[self.numbers.partition_point(|c| c.line() < line)..];
        let next = row.iter().take_while(|c| c.line() == line).find(|c| c.start() >= end);
        let is_amount = |next: &Candidate| {
            let between = text[end..next.start()].chars().all(|c| !c.is_alphanumeric());
            between && money(next).is_some()
        };
        counted && text[..candidate.start()].ends_with('(') || next.is_some_and(is_amount)
    }

    /// Lets what was paid, given back and rounded off speak for a total, whatever its label.
    pub(super) fn settle(&self, field: &Field<'_>, scored: &mut Vec<Scored>) {
        let payment = self.payment();
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
        let is_due = field.is("amount_due");
        let paid = if is_due { self.prepaid() } else { Vec::new() };
        let is_whole = |total| labelled.get(&total).is_some_and(|&score| score > LABELLED);
        let left = if is_due { self.remainders(is_whole) } else { FxHashSet::default() };
        // What was paid is itself one of the amounts: in another line, as a price stands beside its amount.
        let stands_twice = |total: Decimal| {
            let value = |c: &&Candidate| matches!(&c.typed, Typed::Number(n) if n.value.parse() == Ok(total));
            let mut lines = self.numbers.iter().filter(value).map(Candidate::line);
            lines.next().is_some_and(|first| lines.any(|line| line != first))
        };
        let nets: FxHashSet<(usize, usize)> =
            self.labelled(&["net_total"]).map(|net| (net.line(), net.start())).collect();
        // What is due is another field's where the template asks for both.
        let discounts = if is_due || field.has_due { Vec::new() } else { self.discounts() };
        for found in scored.iter_mut() {
            let Some(total) = value(found).filter(|total| *total > Decimal::ZERO) else { continue };
            // "1" is a count, not what was paid.
            let is_count = total.scale() == 0 && total < Decimal::TEN && found.parsed.currency.is_none();
            let settled =
                !is_count && payment.settles(total) && (payment.has_change() || stands_twice(total));
            found.settled = settled;
            // Half of an amount is left of it, too, where it is due in two parts.
            let is_rest = |paid: &Decimal| {
                *paid != total && labelled.get(&(total + paid)).is_some_and(|&whole| whole > LABELLED)
            };
            if found.score > LABELLED && paid.iter().any(is_rest) {
                found.score += REST;
            } else if left.contains(&first(found)) {
                found.score = found.score.max(BY_REST) + SETTLED;
            }
            if self.is_before_tax(found, total, &labelled) {
                found.score -= IN_SUMMARY;
                continue;
            }
            let unrounded = payment
                .before_rounding(total)
                .filter_map(|before| labelled.get(&before))
                .fold(0.0, |best: f32, &score| best.max(score));
            // The label of a total that was rounded afterwards is the label of what it was rounded to, though that be called "Net
            // total"; so is that of one from which a discount was taken.
            let is_total = settled || found.score > LABELLED;
            let reduced = discounts
                .iter()
                .filter(|(line, _)| *line < first(found).0 && is_total)
                .filter_map(|(_, discount)| labelled.get(&(total + discount)))
                .fold(0.0, |best: f32, &score| best.max(score));
            let is_rounded = unrounded > LABELLED && (is_total || nets.contains(&first(found)));
            if is_rounded || reduced > LABELLED {
                found.score = found.score.max(unrounded.max(reduced) + ROUNDED);
            } else if settled {
                found.score = (found.score + SETTLED).max(BY_PAYMENT);
            }
        }
    }

    /// Whether `others` of a candidate's kind stand under the same heading near it, as values of rows do, and none of them has a
    /// label of its own beside it.
    fn is_in_column(&self, candidate: &Candidate, all: &[Candidate], others: usize) -> bool {
        let layout = self.surroundings.layout;
        let size = layout.segments[candidate.segment].size;
        let heading = |value: &Candidate| self.heading(value)?.segment;
        let Some(own) = heading(candidate) else { return false };
        let line = candidate.line();
        let near = &all[all.partition_point(|c| c.line() + NEXT_ROW < line)..];
        let near = &near[..near.partition_point(|c| c.line() <= line + NEXT_ROW)];
        let in_column = |other: &&Candidate| {
            let (a, b) = (other.rect, candidate.rect);
            other.line() != line && ((a.x0 - b.x0).abs() < 0.5 * size || (a.x1 - b.x1).abs() < 0.5 * size)
        };
        near.iter().filter(in_column).filter(|other| heading(other) == Some(own)).take(others).count()
            == others
    }

    /// The heading over a value that has no label beside it.
    fn heading<'c>(&'c self, value: &'c Candidate) -> Option<&'c Context> {
        let is_labelled = |c: &Context| {
            matches!(c.place, Place::Before | Place::Left)
                && c.geometry > 0.3
                && c.matches.iter().any(|m| m.similarity >= 0.8)
        };
        let contexts = self.surroundings.contexts(value);
        let above = contexts.iter().find(|c| c.place == Place::Above)?;
        (!contexts.iter().any(is_labelled)).then_some(above)
    }

    /// The sums of the amounts under each heading of a gross amount, where they stand on the document themselves: in the last row,
    /// or with the totals.
    fn column_sums(&self, field: &Field<'_>, candidates: &[Candidate]) -> BTreeMap<usize, Decimal> {
        if !field.is("gross_amount") || !uses(Family::Arithmetic) {
            return BTreeMap::new();
        }
        let columns = self.columns(field, candidates);
        let stands = |sum: Decimal| candidates.iter().any(|c| money(c) == Some(sum) && self.ends_segment(c));
        let sum_of = |amounts: &[(Rect, Decimal)]| {
            let ((_, last), above) = amounts.split_last().filter(|(_, above)| !above.is_empty())?;
            let above: Decimal = above.iter().map(|(_, amount)| amount).sum();
            let sum = if above == *last { above } else { above + last };
            (sum > Decimal::ZERO && stands(sum)).then_some(sum)
        };
        columns.into_iter().filter_map(|(heading, amounts)| Some((heading, sum_of(&amounts)?))).collect()
    }

    /// The amounts under each heading of a field, those of a row without other labels also where only the rows above it stand near
    /// enough to the heading.
    fn columns(&self, field: &Field<'_>, candidates: &[Candidate]) -> BTreeMap<usize, Vec<(Rect, Decimal)>> {
        let mut columns: BTreeMap<usize, Vec<(Rect, Decimal)>> = BTreeMap::new();
        let segments = &self.surroundings.layout.segments;
        let is_cell = |candidate: &&Candidate| segments[candidate.segment].range == candidate.spans[0].range;
        for candidate in candidates.iter().filter(is_cell) {
            let Some(amount) = money(candidate).filter(|amount| !amount.is_zero()) else { continue };
            let (rect, size) = (candidate.rect, segments[candidate.segment].size);
            let is_in_line = |cell: Rect| (cell.x1 - rect.x1).abs() < size;
            let is_next = |above: Rect| (0.0..NEXT_CELL * size).contains(&(rect.y0 - above.y1));
            let goes_on = |cells: &[(Rect, Decimal)]| {
                cells.last().is_some_and(|&(above, _)| is_in_line(above) && is_next(above))
            };
            let of_row_above = || {
                let is_labelled = self.labels_beside(candidate).next().is_some();
                let above = columns.iter().find(|(_, cells)| goes_on(cells)).filter(|_| !is_labelled);
                above.map(|(&heading, _)| heading)
            };
            let Some(heading) = self.heading_of(field, candidate).or_else(of_row_above) else { continue };
            let column = columns.entry(heading).or_default();
            if column.first().is_none_or(|&(first, _)| is_in_line(first)) {
                column.push((rect, amount));
            }
        }
        columns
    }

    /// The label of a field that heads the column in which a value without a label of its own stands.
    fn heading_of(&self, field: &Field<'_>, value: &Candidate) -> Option<usize> {
        self.heading(value)?;
        let is_own = |m: &LabelMatch| field.weight(m.key) > 0.0 && m.similarity >= 0.8;
        let mut above = self.surroundings.contexts(value).iter().filter(|c| c.place == Place::Above);
        above.find(|c| c.matches.iter().any(is_own))?.segment
    }

    /// Whether nothing stands behind a value in its segment, as words of a sentence do.
    fn ends_segment(&self, value: &Candidate) -> bool {
        self.surroundings.layout.segments[value.segment].range.end == value.spans[0].range.end
    }

    /// How well an amount suits a total that is the sum of a column: what stands in the column is only a part of it.
    fn sum_fit(&self, field: &Field<'_>, candidate: &Candidate, sums: &BTreeMap<usize, Decimal>) -> f32 {
        let Some(amount) = money(candidate).filter(|_| !sums.is_empty()) else { return 0.0 };
        if sums.values().any(|sum| *sum == amount) {
            return if self.ends_segment(candidate) { SUM_OF_COLUMN } else { 0.0 };
        }
        let is_part = self.heading_of(field, candidate).is_some_and(|heading| sums.contains_key(&heading));
        if is_part { -IN_ROWS } else { 0.0 }
    }

    /// Whether a date stands under a heading ("Dated") right of that of another document's number ("Buyer's order no.").
    fn is_beside_other_number(&self, field: &Field<'_>, candidate: &Candidate) -> bool {
        let layout = self.surroundings.layout;
        let above = self.surroundings.contexts(candidate).iter().find(|c| c.place == Place::Above);
        let Some(heading) = above.and_then(|context| context.segment) else { return false };
        let line = layout.line_of(&layout.segments[heading]);
        if heading == line.segments.start {
            return false;
        }
        let mut beside = self.surroundings.segments[heading - 1].matches.iter();
        beside.any(|m| m.similarity >= 0.85 && typed::is_number_of_other(field, m.key))
    }

    /// The numbers that are labelled as one of these concepts.
    fn labelled(&self, concepts: &[&str]) -> impl Iterator<Item = &Candidate> {
        self.numbers.iter().filter(move |candidate| self.is_labelled(candidate, concepts))
    }

    /// What was taken off as a discount, each with its line.
    fn discounts(&self) -> Vec<(usize, Decimal)> {
        let taken = self.labelled(&["discount"]).filter_map(|c| Some((c.line(), money(c)?)));
        taken
            .filter(|(_, amount)| amount.is_sign_negative())
            .map(|(line, amount)| (line, amount.abs()))
            .collect()
    }

    /// The amounts that are labelled as paid already.
    fn prepaid(&self) -> Vec<Decimal> {
        let paid = self.labelled(&["prepaid"]);
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
            typed::possible(field, self.surroundings.layout, candidate)
                && self.is_labelled(candidate, &["net_total"])
        };
        if self.numbers.iter().any(|c| self.is_labelled(c, &BESIDE_NET) && !is_net(&c)) {
            return Vec::new();
        }
        let evidence = Evidence { score: ONLY_TOTAL, ..Evidence::default() };
        self.numbers.iter().filter(is_net).filter_map(|net| self.scored(field, net, evidence)).collect()
    }

    /// The amounts labelled as another total, which is the same where nothing was paid before.
    pub(super) fn total_by(&self, field: &Field<'_>, concept: &str) -> Vec<Scored> {
        if self.numbers.iter().any(|c| self.is_labelled(c, &["prepaid"])) {
            return Vec::new();
        }
        // "Balance" alone is what a till gives back as often.
        let says = |m: &LabelMatch| m.strength >= Strength::Word && m.means(&[concept]);
        let is_other = |candidate: &&Candidate| {
            typed::possible(field, self.surroundings.layout, candidate)
                && self.labels_beside(candidate).any(says)
        };
        let evidence = Evidence { score: ONLY_TOTAL, ..Evidence::default() };
        self.numbers.iter().filter(is_other).filter_map(|c| self.scored(field, c, evidence)).collect()
    }

    /// Whether a known label of one of these concepts stands before a candidate, or left of it or above.
    pub(super) fn is_labelled(&self, candidate: &Candidate, concepts: &[&str]) -> bool {
        self.labels_beside(candidate).any(|m| m.means(concepts))
    }

    /// The known labels before a candidate, left of it and above.
    fn labels_beside<'c>(&self, candidate: &'c Candidate) -> impl Iterator<Item = &'c LabelMatch> {
        let beside = |context: &&Context| matches!(context.place, Place::Before | Place::Left | Place::Above);
        let contexts = self.surroundings.contexts(candidate).iter().filter(beside);
        contexts.flat_map(|context| context.matches.iter()).filter(|m| m.similarity >= 0.99)
    }
}

/// The value of a candidate that is an amount of money.
fn money(candidate: &Candidate) -> Option<Decimal> {
    match &candidate.typed {
        Typed::Number(number) if is_money(number) => number.value.parse().ok(),
        _ => None,
    }
}

fn is_money(number: &Number) -> bool {
    !number.percent && (number.decimals == 2 || number.currency.is_some())
}
