//! Choosing for all fields together.
//!
//! One place on the page serves one field, unless the fields may share it (a total that is also the amount due, two
//! fields with the same anchor). Subtotal, tax and total are chosen as a triple: among combinations that score nearly
//! alike, the one that adds up.

use rust_decimal::Decimal;

use super::Scored;
use super::field::Field;
use crate::ablation::{Family, uses};
use crate::lexicon::Shape;
use crate::parse::fold::tight;

/// A candidate under this is no answer.
const LEAST: f32 = 0.36;
/// What a triple that adds up is worth.
const ADDS_UP: f32 = 0.25;
/// How much less the three of a triple that adds up may score than the best of each field.
const DOUBT: f32 = 0.3;
/// A candidate of a triple scores so much at least.
const LEAST_OF_TRIPLE: f32 = 0.3;
/// Candidates of each field that triples are made of.
const TRIED: usize = 7;

/// What both fields together must gain for a place to change hands.
const SWAP: f32 = 0.05;

/// How much weaker the claim may be that a place changes hands for: what all but says "seller" is no buyer, whoever else might sell.
const CLAIM: f32 = 0.4;

/// Similarity of a label that means what is due and nothing else, at least.
const NAMED: f32 = 0.9;

/// Similarity of a label that a value can be contested by, how much less its score may be, and how much less near the label.
const LABEL: f32 = 0.7;
const CONTEST: f32 = 0.11;
const NEAR: f32 = 0.85;
/// Lines between two places that stand together, at most.
const TOGETHER: usize = 2;

/// What was chosen for a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Index into the field's candidates.
    pub(crate) index: Option<usize>,
    /// Whether subtotal, tax and total add up with it; `None` where that cannot be said.
    pub(crate) adds_up: Option<bool>,
    /// The candidate with another value that stands at as good a label and serves no other field.
    pub(crate) rival: Option<usize>,
}

/// Chooses a candidate for each field.
pub(crate) fn assign(fields: &[Field<'_>], candidates: &[Vec<Scored>]) -> Vec<Choice> {
    let mut choices = vec![Choice::default(); fields.len()];
    if uses(Family::Arithmetic) {
        totals(fields, candidates, &mut choices);
        tax_of_rates(fields, candidates, &mut choices);
    }
    // The surest pair of field and candidate first.
    let mut pairs: Vec<(usize, usize, f32)> = candidates
        .iter()
        .enumerate()
        .filter(|(field, _)| choices[*field].index.is_none())
        .flat_map(|(field, list)| list.iter().enumerate().map(move |(index, c)| (field, index, c.score)))
        .filter(|&(_, _, score)| score >= LEAST)
        .filter(|&(field, index, _)| !is_part_of_total(fields, candidates, &choices, (field, index)))
        .collect();
    pairs.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)).then(a.1.cmp(&b.1)));
    let take = |choices: &mut Vec<Choice>| {
        for &(field, index, _) in &pairs {
            if choices[field].index.is_none() && is_free(fields, candidates, choices, (field, index), None) {
                choices[field].index = Some(index);
            }
        }
    };
    take(&mut choices);
    improve(fields, candidates, &mut choices);
    // What was given up may serve another field.
    take(&mut choices);
    let rivals: Vec<Option<usize>> =
        (0..fields.len()).map(|field| rival(fields, candidates, &choices, field)).collect();
    for (choice, rival) in choices.iter_mut().zip(rivals) {
        choice.rival = rival;
    }
    choices
}

/// What contests a field's code, date, amount or name: another value with as good a label that is as near, and nothing else
/// speaks against it. On documents with two periods, or two numbers of one kind, the choice between them is a coin toss.
fn rival(
    fields: &[Field<'_>],
    candidates: &[Vec<Scored>],
    choices: &[Choice],
    field: usize,
) -> Option<usize> {
    let Choice { index: Some(index), adds_up, .. } = choices[field] else { return None };
    let chosen = &candidates[field][index];
    let (own, shape) = (chosen.evidence, fields[field].shape);
    if shape == Shape::Place {
        return other_place(chosen, &candidates[field]);
    }
    let is_contestable = shape.is_typed() || shape == Shape::Name;
    if !is_contestable
        || adds_up == Some(true)
        || chosen.settled
        || own.similarity < LABEL && fields[field].form.is_none()
    {
        return None;
    }
    candidates[field].iter().enumerate().position(|(other, rival)| {
        let label = rival.evidence;
        let differs = if matches!(shape, Shape::Code | Shape::Name) {
            let (own, other) = (tight(&chosen.parsed.value), tight(&rival.parsed.value));
            !own.contains(&other) && !other.contains(&own)
        } else {
            rival.parsed.value != chosen.parsed.value
        };
        differs
            && chosen.score - rival.score < CONTEST
            && label.similarity > own.similarity - 0.02
            && label.geometry >= NEAR * own.geometry
            && (label.by_anchor || !own.by_anchor)
            && is_free(fields, candidates, choices, (field, other), Some(field))
    })
}

/// The place of another part of the text of which is said as much. Of two that stand together, one is a part of the other: "Ontario
/// and the laws of Canada that apply there".
fn other_place(chosen: &Scored, candidates: &[Scored]) -> Option<usize> {
    let line = |found: &Scored| found.spans.first().map_or(0, |span| span.line);
    candidates.iter().position(|other| {
        other.parsed.value != chosen.parsed.value
            && chosen.score - other.score < CONTEST
            && line(other).abs_diff(line(chosen)) > TOGETHER
    })
}

/// Whether a candidate for what is due is another amount than the total that adds up and stands above it, under a label that may mean
/// a total of any kind.
fn is_part_of_total(
    fields: &[Field<'_>],
    candidates: &[Vec<Scored>],
    choices: &[Choice],
    (field, index): (usize, usize),
) -> bool {
    let total = fields.iter().position(|f| f.is("grand_total") && !f.is("amount_due"));
    let total = total.filter(|&total| total != field && choices[total].adds_up == Some(true));
    let Some((total, whole)) = total.and_then(|total| Some((total, choices[total].index?))) else {
        return false;
    };
    let (whole, due) = (&candidates[total][whole], &candidates[field][index]);
    fields[field].is("amount_due")
        && !due.evidence.by_anchor
        && due.evidence.similarity < NAMED
        && due.parsed.value != whole.parsed.value
        && due.spans[0].line < whole.spans[0].line
}

/// Whether no field but `except` has a value that rules out this candidate of a field.
fn is_free(
    fields: &[Field<'_>],
    candidates: &[Vec<Scored>],
    choices: &[Choice],
    (field, index): (usize, usize),
    except: Option<usize>,
) -> bool {
    !choices.iter().enumerate().any(|(other, choice)| {
        other != field
            && Some(other) != except
            && choice.index.is_some_and(|i| {
                excludes(&fields[field], &candidates[field][index], &fields[other], &candidates[other][i])
            })
    })
}

/// Lets two fields settle who gets a place: the one that took it gives it up where its second choice costs it less than
/// the other gains.
fn improve(fields: &[Field<'_>], candidates: &[Vec<Scored>], choices: &mut [Choice]) {
    let score = |field: usize, index: Option<usize>| index.map_or(0.0, |i| candidates[field][i].score);
    for taker in 0..fields.len() {
        for giver in 0..fields.len() {
            let (Some(held), None) = (choices[giver].index, choices[giver].adds_up) else { continue };
            if taker == giver || choices[taker].adds_up.is_some() || may_share(&fields[taker], &fields[giver])
            {
                continue;
            }
            let now = score(taker, choices[taker].index) + score(giver, Some(held));
            let wanted = candidates[taker].iter().position(|c| {
                c.score >= LEAST && excludes(&fields[taker], c, &fields[giver], &candidates[giver][held])
            });
            let Some(wanted) =
                wanted.filter(|&w| is_free(fields, candidates, choices, (taker, w), Some(giver)))
            else {
                continue;
            };
            let second = candidates[giver].iter().enumerate().position(|(i, c)| {
                c.score >= LEAST
                    && !excludes(&fields[giver], c, &fields[taker], &candidates[taker][wanted])
                    && is_free(fields, candidates, choices, (giver, i), Some(taker))
            });
            let then = score(taker, Some(wanted)) + score(giver, second);
            let weaker = score(giver, Some(held)) - score(taker, Some(wanted));
            if second.is_some() && then > now + SWAP && weaker < CLAIM {
                choices[taker].index = Some(wanted);
                choices[giver].index = second;
            }
        }
    }
}

/// Whether two fields may have the same place as their value.
fn may_share(a: &Field<'_>, b: &Field<'_>) -> bool {
    let payable = |f: &Field<'_>| f.is("grand_total") || f.is("amount_due");
    let same_anchor = a.spec.anchors.iter().any(|anchor| b.spec.anchors.contains(anchor));
    payable(a) && payable(b)
        || same_anchor
        || a.spec.kind != b.spec.kind
        || a.place().is_some() && b.place().is_some()
}

/// Whether one field having this value rules out the other having that one.
fn excludes(a: &Field<'_>, value: &Scored, b: &Field<'_>, other: &Scored) -> bool {
    uses(Family::Joint)
        && !may_share(a, b)
        && (clash(value, other) || are_parties(a, b) && same_name(value, other))
}

/// Nobody sells to himself.
fn are_parties(a: &Field<'_>, b: &Field<'_>) -> bool {
    a.is("seller") && b.is("buyer") || a.is("buyer") && b.is("seller")
}

fn same_name(a: &Scored, b: &Scored) -> bool {
    tight(&a.parsed.value) == tight(&b.parsed.value)
}

fn clash(a: &Scored, b: &Scored) -> bool {
    a.spans.iter().any(|s| b.spans.iter().any(|t| s.overlaps(t)))
}

/// The amounts among candidates that score so much at least, each with its index.
fn amounts(candidates: &[Scored], least: f32) -> impl Iterator<Item = (usize, Decimal)> + '_ {
    let scored = candidates.iter().enumerate().filter(move |(_, c)| c.score >= least);
    scored.filter_map(|(index, c)| Some((index, c.parsed.value.parse().ok()?)))
}

/// Subtotal, tax and total together.
fn totals(fields: &[Field<'_>], candidates: &[Vec<Scored>], choices: &mut [Choice]) {
    let find = |concept: &str| fields.iter().position(|f| f.is(concept));
    let (Some(net), Some(tax), Some(total)) = (find("net_total"), find("tax_total"), find("grand_total"))
    else {
        return;
    };
    let options = |field: usize| -> Vec<Amount> {
        let amounts = amounts(&candidates[field], LEAST_OF_TRIPLE).take(TRIED);
        amounts.map(|(index, value)| (index, candidates[field][index].score, value)).collect()
    };
    let (nets, taxes, grosses) = (options(net), options(tax), options(total));
    let mut triples: Vec<[Amount; 3]> = Vec::new();
    for &n in &nets {
        for &t in &taxes {
            for &g in &grosses {
                // Without tax subtotal and total are the same amount and may be the same place.
                let shared = clash(&candidates[net][n.0], &candidates[tax][t.0])
                    || clash(&candidates[tax][t.0], &candidates[total][g.0])
                    || clash(&candidates[net][n.0], &candidates[total][g.0]);
                if n.2 + t.2 == g.2 && !g.2.is_zero() && !shared {
                    triples.push([n, t, g]);
                }
            }
        }
    }
    let score = |triple: &[Amount; 3]| triple.iter().map(|amount| amount.1).sum::<f32>() + ADDS_UP;
    let best_of = |triples: &mut dyn Iterator<Item = [Amount; 3]>| {
        triples.reduce(|best, triple| if score(&triple) > score(&best) { triple } else { best })
    };
    let Some(best) = best_of(&mut triples.iter().copied()) else {
        if let (Some(n), Some(t), Some(g)) = (nets.first(), taxes.first(), grosses.first()) {
            let contradict = n.2 + t.2 != g.2;
            for field in [net, tax, total] {
                choices[field].adds_up = contradict.then_some(false);
            }
        }
        return;
    };
    let apart: f32 = [&nets, &taxes, &grosses].iter().filter_map(|o| o.first().map(|f| f.1)).sum();
    if score(&best) < apart - DOUBT {
        return;
    }
    // The amounts of one tax rate add up as much as those of all.
    let is_whole =
        |whole: &[Amount; 3]| is_sum(whole[0], best[0], &nets) && is_sum(whole[1], best[1], &taxes);
    let chosen = best_of(&mut triples.iter().copied().filter(is_whole)).unwrap_or(best);
    for (field, (index, ..)) in [net, tax, total].into_iter().zip(chosen) {
        choices[field] = Choice { index: Some(index), adds_up: Some(true), ..Choice::default() };
    }
}

/// A candidate of a total: its index, its score and its value.
type Amount = (usize, f32, Decimal);

/// Whether an amount is the sum of a part of it and of one or two others.
fn is_sum(whole: Amount, part: Amount, all: &[Amount]) -> bool {
    let rest = whole.2 - part.2;
    let others: Vec<&Amount> =
        all.iter().filter(|other| other.0 != whole.0 && other.0 != part.0 && !other.2.is_zero()).collect();
    let makes = |(at, first): (usize, &&Amount)| {
        first.2 == rest || others[at + 1..].iter().any(|second| first.2 + second.2 == rest)
    };
    whole.0 != part.0 && others.iter().enumerate().any(makes)
}

/// The tax that is the sum of those of two rates, of amounts that score nearly alike, where no subtotal and total say which it is.
fn tax_of_rates(fields: &[Field<'_>], candidates: &[Vec<Scored>], choices: &mut [Choice]) {
    let Some(tax) = fields.iter().position(|f| f.is("tax_total")) else { return };
    if choices[tax].index.is_some() || choices[tax].adds_up.is_some() {
        return;
    }
    let least = candidates[tax].first().map_or(LEAST, |best| LEAST.max(best.score - CONTEST));
    let options: Vec<(usize, Decimal)> = amounts(&candidates[tax], least)
        .filter(|&(index, value)| {
            candidates[tax][index].evidence.similarity >= LABEL && value.scale() > 0 && !value.is_zero()
        })
        .take(TRIED)
        .collect();
    let apart = |a: usize, b: usize| !clash(&candidates[tax][a], &candidates[tax][b]);
    let is_sum = |&&(sum, value): &&(usize, Decimal)| {
        options.iter().enumerate().any(|(at, &(first, one))| {
            options[at + 1..].iter().any(|&(second, other)| {
                one + other == value
                    && one.is_sign_negative() == other.is_sign_negative()
                    && apart(first, second)
                    && apart(first, sum)
                    && apart(second, sum)
            })
        })
    };
    if let Some(&(index, _)) = options.iter().find(is_sum) {
        choices[tax] = Choice { index: Some(index), adds_up: Some(true), ..Choice::default() };
    }
}
