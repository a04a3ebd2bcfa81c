//! Arithmetic of rows: quantity × unit price = amount, and the sum of the amounts.
//!
//! A product that holds confirms a row (61 of 62 such rows were right where it was measured); one that does not says
//! little, since amounts include tax, discounts and price bases that the table has no column for.

use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::cells::Cell;
use super::target::Target;
use crate::ablation::{Family, uses};

/// Half a unit of the last digit that amounts have.
const HALF_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Indices of quantity, unit price and amount among the template's columns.
pub(super) fn factors(targets: &[Target]) -> Option<[usize; 3]> {
    if !uses(Family::Arithmetic) {
        return None;
    }
    let of = |concept| targets.iter().position(|t| t.is(concept));
    Some([of("quantity")?, of("unit_price")?, of("line_total")?])
}

/// Whether quantity × price is the amount, as far as their digits allow to say.
pub(super) fn holds(quantity: Decimal, price: Decimal, amount: Decimal) -> bool {
    let Some(product) = quantity.checked_mul(price) else { return false };
    // A price may have been rounded to its last digit before it was printed.
    let rounded = Decimal::new(5, price.scale().clamp(2, 8) + 1);
    let slack =
        rounded.checked_mul(quantity.abs()).and_then(|s| s.checked_add(HALF_CENT)).unwrap_or(HALF_CENT);
    // Where a price base or a shift of the mark is at work, tiny amounts would hold by slack alone.
    (product - amount).abs() <= slack.min(amount.abs() * Decimal::new(1, 2) + HALF_CENT)
}

/// Moves readings to the front with which the row's product holds.
pub(super) fn settle(targets: &[Target], readings: &mut [Vec<Cell>]) {
    let Some([quantity, price, amount]) = factors(targets) else { return };
    let at = |column: usize, i: usize| readings[column].get(i).and_then(|cell| cell.decimal);
    let mut choice = None;
    'search: for a in 0..readings[amount].len() {
        for p in 0..readings[price].len() {
            for q in 0..readings[quantity].len() {
                if let (Some(x), Some(y), Some(z)) = (at(quantity, q), at(price, p), at(amount, a))
                    && holds(x, y, z)
                {
                    choice = Some((q, p, a));
                    break 'search;
                }
            }
        }
    }
    if let Some((q, p, a)) = choice {
        readings[quantity].swap(0, q);
        readings[price].swap(0, p);
        readings[amount].swap(0, a);
    }
}

/// Whether the row's product holds; `None` where a factor is missing.
pub(super) fn check(targets: &[Target], row: &[Option<Cell>]) -> Option<bool> {
    let [quantity, price, amount] =
        factors(targets)?.map(|column| row[column].as_ref().and_then(|c| c.decimal));
    Some(holds(quantity?, price?, amount?))
}

/// Whether the amounts of the rows sum up to a number that stands elsewhere in the document.
pub(super) fn sum_is_printed(
    targets: &[Target],
    rows: &[Vec<Option<Cell>>],
    printed: &FxHashMap<Decimal, usize>,
) -> bool {
    if !uses(Family::Arithmetic) {
        return false;
    }
    let Some(amount) = targets.iter().position(|t| t.is("line_total")) else { return false };
    let amounts: Option<Vec<Decimal>> = rows.iter().map(|row| row[amount].as_ref()?.decimal).collect();
    let Some(amounts) = amounts else { return false };
    // Small whole numbers stand in any document.
    let money = rows.iter().flat_map(|row| &row[amount]).filter(|cell| cell.is_amount()).count();
    if 2 * money < rows.len() {
        return false;
    }
    let Some(sum) = amounts.iter().try_fold(Decimal::ZERO, |sum, d| sum.checked_add(*d)) else {
        return false;
    };
    // A single row's amount is its own sum: what counts are the places outside the rows.
    let inside = amounts.iter().filter(|amount| **amount == sum).count();
    !sum.is_zero() && printed.get(&sum.normalize()).is_some_and(|&count| count > inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_holds_within_what_rounding_allows() {
        for (quantity, price, amount, expected) in [
            ("3", "4.00", "12.00", true),
            ("800.00", "0.025", "20.00", true),
            ("6.5", "2.0000", "13.00", true),
            ("3", "33.33", "100.00", true),
            ("3", "4.00", "10.00", false),
            ("1", "1000.00", "1163.40", false),
            ("10", "0.10", "10.00", false),
            ("-2", "1.45", "-2.90", true),
            ("0", "5.00", "0.00", true),
        ] {
            let [q, p, a] = [quantity, price, amount].map(|text| text.parse::<Decimal>().unwrap());
            assert_eq!(holds(q, p, a), expected, "{quantity} x {price} = {amount}");
        }
    }
}
