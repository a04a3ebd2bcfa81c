//! What the command line says: the only place that writes to the terminal.
//!
//! Results go to standard output, everything else to standard error; both read well without colour.

use std::io::{self, IsTerminal, Write};

/// Writes a line to standard output; a closed pipe (`| head`) is not an error.
pub fn out(line: impl AsRef<str>) {
    let _ = writeln!(io::stdout(), "{}", line.as_ref());
}

/// Writes a line to standard error.
pub fn note(line: impl AsRef<str>) {
    let _ = writeln!(io::stderr(), "{}", line.as_ref());
}

/// Whether somebody watches standard error.
#[must_use]
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Lays out rows in columns, each as wide as its widest cell; the last one is not padded.
///
/// Control characters are taken out: a cell may hold text from a stranger's document.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let clean: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.chars().filter(|c| !c.is_control()).collect()).collect())
        .collect();
    let count = clean.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|i| {
            clean.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    clean
        .iter()
        .map(|row| {
            let mut line = String::new();
            for (cell, &width) in row.iter().zip(&widths) {
                let padding = width - cell.chars().count();
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', padding + 2));
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// At most `longest` characters of a text, with an ellipsis where it was cut.
#[must_use]
pub fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_carry_no_control_characters() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), "d\u{1b}[2J".to_owned()]];
        assert_eq!(columns(&rows), ["a    bb", "ccc  d[2J"]);
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(shorten("größer", 6), "größer");
        assert_eq!(shorten("größere", 6), "größe…");
    }
}
