//! How much a grid looks like a table, and not like paragraphs, a list, a form or a block of signatures.

use super::Grid;
use super::text::is_number;

/// How far `value` is on the way from `from` to `to`, 0 to 1.
fn way(value: f32, from: f32, to: f32) -> f32 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// 0 to 1; from 0.5 on it is likely a table.
pub(super) fn score(grid: &Grid) -> f32 {
    let cells = grid.cells.len();
    let right = grid.cells.iter().filter(|cell| cell.column > 0).count();
    if grid.rows < 2 || grid.columns < 2 || right == 0 {
        return 0.0;
    }
    let share = |count: usize, of: usize| count as f32 / of.max(1) as f32;
    let (rows, columns) = (grid.rows as f32, grid.columns as f32);
    let filled = cells as f32 / (rows * columns);
    let is_value = |text: &str| is_number(text) && text.chars().any(char::is_alphanumeric);
    let numbers = grid.cells.iter().filter(|cell| cell.column > 0 && is_value(&cell.text)).count();
    let numbers = share(numbers, right);
    // `Name: …`: what a form asks for, not a column's values.
    let labels =
        grid.cells.iter().filter(|cell| cell.text.split(' ').any(|word| word.ends_with(':'))).count();
    let labels = share(labels, cells);
    if grid.ruled {
        return (0.75 + 0.25 * way(numbers, 0.0, 0.4) + 0.1 * way(rows, 2.0, 8.0)
            - 0.4 * way(labels, 0.0, 0.3)
            - 0.4 * way(-filled, -0.5, -0.2))
        .clamp(0.0, 1.0);
    }
    let words = share(grid.cells.iter().map(|cell| cell.text.split(' ').count()).sum(), cells);
    let mut in_row = vec![0usize; grid.rows];
    for cell in &grid.cells {
        in_row[cell.row] += 1;
    }
    let parted = share(in_row.iter().filter(|count| **count > 1).count(), grid.rows);
    let first = || grid.cells.iter().filter(|cell| cell.column == 0);
    let marks = share(first().filter(|cell| is_mark(&cell.text)).count(), first().count());
    let is_list = marks >= 0.5 && words >= 2.5 && numbers < 0.3;
    (0.35
        + 0.4 * way(numbers, 0.0, 0.4)
        + 0.2 * way(rows, 2.0, 8.0)
        + 0.1 * way(columns, 2.0, 5.0)
        + 0.1 * parted
        - if grid.rows == 2 { 0.2 } else { 0.0 }
        - if is_list { 0.3 } else { 0.0 }
        - 0.6 * way(labels, 0.0, 0.25)
        - 0.5 * way(-filled, -0.6, -0.35)
        - 0.5 * way(words, 4.0, 8.0))
    .clamp(0.0, 1.0)
}

/// `2.`, `(a)`, `iv)`, `7.1`, `•`: what an item of a list begins with.
fn is_mark(text: &str) -> bool {
    let core = text.trim_matches(['(', ')', '[', ']', '.']);
    let mut chars = core.chars();
    let is_single = chars.next().is_some_and(|c| !c.is_ascii_digit()) && chars.next().is_none();
    let is_roman = !core.is_empty() && core.chars().all(|c| "ivxIVX".contains(c));
    let mut parts = core.split('.');
    let is_digits =
        |part: &str| !part.is_empty() && part.len() < 3 && part.chars().all(|c| c.is_ascii_digit());
    is_single || is_roman || parts.all(is_digits)
}

#[cfg(test)]
mod tests {
    use super::is_mark;

    #[test]
    fn items_of_lists_are_told_from_labels() {
        for text in ["2.", "(a)", "iv)", "7.1", "•", "–", "[12]"] {
            assert!(is_mark(text), "{text}");
        }
        for text in ["Total", "2020", "12 pcs", "", "1,000"] {
            assert!(!is_mark(text), "{text}");
        }
    }
}
