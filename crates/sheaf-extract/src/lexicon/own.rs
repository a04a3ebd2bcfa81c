//! Labels of a user's own, beside those that ship with the program.
//!
//! They are written as in `data/lexicon.txt` and `data/columns.txt`, both in one text: a section of a known name adds to that
//! concept, one of a new name makes a concept. A language may be any; of a label that is known already, the stronger counts.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{COLUMNS, FIELDS, Shape, tight};

/// Length of such a text, in bytes.
const LONGEST: usize = 1 << 20;
/// Concepts of its own, at most.
const MOST_CONCEPTS: usize = 1_000;

/// What columns hold, and what lines of a table can be beside rows.
const KINDS: [&str; 7] = ["text", "code", "number", "money", "percent", "date", "any"];
const ROWS: [&str; 3] = ["subtotal", "total", "end"];

static OWN: OnceLock<&'static str> = OnceLock::new();

/// Why labels of a user's own cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LexiconError {
    /// It is longer than a megabyte.
    #[error("it is longer than 1 MB: keep to the labels that your documents have")]
    TooLong,
    /// It has more than a thousand concepts of its own.
    #[error(
        "it has more than {MOST_CONCEPTS} concepts of its own: keep to those that your templates ask for"
    )]
    TooMany,
    /// A line is neither a section nor a list of labels.
    #[error(
        "line {line} is neither a section such as [invoice_number] nor a list such as \"en: invoice no, invoice #\""
    )]
    Malformed {
        /// Counted from 1.
        line: usize,
    },
    /// A list stands before the first section.
    #[error(
        "line {line} stands before the first section: name the concept that it belongs to, such as [invoice_number]"
    )]
    NoSection {
        /// Counted from 1.
        line: usize,
    },
    /// A section has a name that none can have.
    #[error(
        "line {line} begins no section: write [concept] in small letters, digits and underscores, [column NAME KIND] with a kind \
         of {}, or [row subtotal], [row total] or [row end]",
        KINDS.join(", ")
    )]
    Section {
        /// Counted from 1.
        line: usize,
    },
    /// A new concept does not say first what its values look like.
    #[error("line {line}: the concept is new, so its first line must be a shape, one of {}", shapes())]
    NoShape {
        /// Counted from 1.
        line: usize,
    },
    /// A shape is unknown.
    #[error("line {line}: a shape is one of {}", shapes())]
    Shape {
        /// Counted from 1.
        line: usize,
    },
    /// A concept that has a shape is given another.
    #[error(
        "line {line}: the concept has another shape already, which cannot be changed: leave this line out"
    )]
    ShapeIsSet {
        /// Counted from 1.
        line: usize,
    },
    /// A column that has a kind is given another.
    #[error("line {line}: the column has another kind already, which cannot be changed: write [column NAME]")]
    KindIsSet {
        /// Counted from 1.
        line: usize,
    },
    /// What stands before a list's colon means nothing.
    #[error("line {line} begins with no language code such as \"pl\", nor with shape, names or titles")]
    Head {
        /// Counted from 1.
        line: usize,
    },
    /// A list has an item without a letter or digit.
    #[error("line {line} has an empty label: look for a comma too many")]
    EmptyLabel {
        /// Counted from 1.
        line: usize,
    },
    /// Other labels are in use in this process.
    #[error("this process has read documents with other labels already: start it again")]
    InUse,
}

/// Makes labels known to this process beside those that ship with it, and answers how many items there are. It must come
/// before anything is extracted; the same text again changes nothing.
///
/// # Errors
/// [`LexiconError`], with the line and what to write instead.
pub fn extend(text: &str) -> Result<usize, LexiconError> {
    let count = check(text)?;
    let known = OWN.get_or_init(|| String::leak(text.to_owned()));
    if *known == text { Ok(count) } else { Err(LexiconError::InUse) }
}

/// What was given to [`extend`]; from now on nothing else can be.
pub(crate) fn own() -> &'static str {
    OWN.get_or_init(|| "")
}

/// A line of a lexicon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// What stands in square brackets.
    Section(&'t str),
    /// What stands before a colon, and the list behind it.
    Line(&'t str, &'t str),
    /// Nothing that has a meaning.
    Other,
}

/// The lines of a lexicon but for empty ones and remarks, each with its number counted from 1.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = (usize, Part<'_>)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(|(number, line)| {
        let section = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .map(|name| Part::Section(name.trim()));
        let list = || line.split_once(':').map(|(head, items)| Part::Line(head.trim(), items));
        (number, section.or_else(list).unwrap_or(Part::Other))
    })
}

/// What the lines of a section may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section<'t> {
    /// Of a concept; it has a shape.
    Concept(&'t str),
    /// Of a concept that has none yet.
    New(&'t str),
    /// Of a column, or of lines that end a table.
    Table,
}

/// How many items a text has.
fn check(text: &str) -> Result<usize, LexiconError> {
    if text.len() > LONGEST {
        return Err(LexiconError::TooLong);
    }
    let mut shapes = shapes_of(FIELDS);
    let mut columns = columns_of(COLUMNS);
    let most = shapes.len() + columns.len() + MOST_CONCEPTS;
    let mut section = None;
    let mut count = 0;
    for (line, part) in parts(text) {
        match part {
            Part::Section(name) => {
                let words: Vec<&str> = name.split_whitespace().collect();
                section = Some(match words[..] {
                    [name] if shapes.contains_key(name) => Section::Concept(name),
                    [name] if is_name(name) => Section::New(name),
                    ["row", name] if ROWS.contains(&name) => Section::Table,
                    ["column", name] if columns.iter().any(|(known, _)| *known == name) => Section::Table,
                    ["column", name, kind] if columns.contains(&(name, kind)) => Section::Table,
                    ["column", name, _] if columns.iter().any(|(known, _)| *known == name) => {
                        return Err(LexiconError::KindIsSet { line });
                    }
                    ["column", name, kind] if is_name(name) && KINDS.contains(&kind) => {
                        columns.push((name, kind));
                        Section::Table
                    }
                    _ => return Err(LexiconError::Section { line }),
                });
                if shapes.len() + columns.len() > most {
                    return Err(LexiconError::TooMany);
                }
            }
            Part::Line(head, items) => {
                let section = section.as_mut().ok_or(LexiconError::NoSection { line })?;
                match (head, *section) {
                    ("shape", Section::New(name)) => {
                        Shape::from_name(items.trim()).ok_or(LexiconError::Shape { line })?;
                        shapes.insert(name, items.trim());
                        *section = Section::Concept(name);
                        continue;
                    }
                    ("shape", Section::Concept(name)) if shapes[name] == items.trim() => continue,
                    ("shape", Section::Concept(_)) => return Err(LexiconError::ShapeIsSet { line }),
                    (_, Section::New(_)) => return Err(LexiconError::NoShape { line }),
                    ("names" | "titles", Section::Concept(_)) => {}
                    (language, _) if is_language(language) => {}
                    _ => return Err(LexiconError::Head { line }),
                }
                if items.split(',').any(|item| tight(item).is_empty()) {
                    return Err(LexiconError::EmptyLabel { line });
                }
                count += items.split(',').count();
            }
            Part::Other => return Err(LexiconError::Malformed { line }),
        }
    }
    Ok(count)
}

/// The concepts of a text with their shapes.
fn shapes_of(text: &str) -> FxHashMap<&str, &str> {
    let mut last = "";
    let mut shapes = FxHashMap::default();
    for (_, part) in parts(text) {
        match part {
            Part::Section(name) => last = name,
            Part::Line("shape", shape) => {
                shapes.insert(last, shape.trim());
            }
            Part::Line(..) | Part::Other => {}
        }
    }
    shapes
}

/// The columns of a text with their kinds.
fn columns_of(text: &str) -> Vec<(&str, &str)> {
    let sections = parts(text).filter_map(|(_, part)| match part {
        Part::Section(section) => section.strip_prefix("column ")?.split_once(' '),
        Part::Line(..) | Part::Other => None,
    });
    sections.collect()
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Two or three small letters.
fn is_language(head: &str) -> bool {
    (2..=3).contains(&head.len()) && head.bytes().all(|b| b.is_ascii_lowercase())
}

fn shapes() -> String {
    Shape::ALL.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_with_the_program_is_of_its_own_format() {
        assert!(check(&format!("{FIELDS}\n{COLUMNS}")).unwrap() > 2_000);
    }

    #[test]
    fn blanks_within_the_brackets_of_a_section_do_not_matter() {
        assert_eq!(parts("[ plot ]").next(), Some((1, Part::Section("plot"))));
    }

    #[test]
    fn labels_in_any_language_are_added_to_concepts_and_columns() {
        let text = "# Polish\n[invoice_number]\nnames: numer faktury\npl: numer faktury, ~(nr)\n\n[column quantity]\n\
                    pl: ilość\n[row total]\npl: ^razem\n";
        assert_eq!(check(text), Ok(5));
    }

    #[test]
    fn a_new_concept_says_first_what_its_values_look_like() {
        assert_eq!(check("[plot_number]\nshape: code\nnames: plot number\nde: flurstück"), Ok(2));
        assert_eq!(check("[plot_number]\nde: flurstück"), Err(LexiconError::NoShape { line: 2 }));
        assert_eq!(check("[plot_number]\nshape: round"), Err(LexiconError::Shape { line: 2 }));
        assert_eq!(check("[invoice_number]\nshape: date"), Err(LexiconError::ShapeIsSet { line: 2 }));
        assert_eq!(check("[column plot code]\nde: flurstück\n[column plot]\nnl: perceel"), Ok(2));
        assert_eq!(check("[column plot]\nde: flurstück"), Err(LexiconError::Section { line: 1 }));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        for (text, fault) in [
            ("en: invoice", LexiconError::NoSection { line: 1 }),
            ("\n[Invoice]", LexiconError::Section { line: 2 }),
            ("[row middle]", LexiconError::Section { line: 1 }),
            ("[column quantity text]", LexiconError::KindIsSet { line: 1 }),
            ("[column quantity number extra]", LexiconError::Section { line: 1 }),
            ("[invoice_number]\ninvoice no", LexiconError::Malformed { line: 2 }),
            ("[invoice_number]\nEnglish: invoice no", LexiconError::Head { line: 2 }),
            ("[row total]\nnames: sum", LexiconError::Head { line: 2 }),
            ("[invoice_number]\nen: a,, b", LexiconError::EmptyLabel { line: 2 }),
            ("[invoice_number]\nen:", LexiconError::EmptyLabel { line: 2 }),
        ] {
            assert_eq!(check(text), Err(fault), "{text}");
        }
        assert_eq!(check(&"#\n".repeat(LONGEST)), Err(LexiconError::TooLong));
        let many: String =
            (0..=MOST_CONCEPTS).map(|n| format!("[own_{n}]\nshape: code\n[column own_{n} code]\n")).collect();
        assert_eq!(check(&many), Err(LexiconError::TooMany));
    }
}
