//! The numbers and marks of list items, which a document does not hold as text (ISO/IEC 29500-1, 17.9).

use std::collections::HashMap;

use crate::xml::Xml;

const LEVELS: usize = 9;
/// Numbers are written out up to this; beyond it stands the mere number.
const MOST_ROMAN: u32 = 3_999;
const LONGEST_LABEL: usize = 64;

#[derive(Debug, Clone, Default)]
struct Level {
    start: u32,
    format: String,
    /// `%1.%2`: the counters of the levels, from 1.
    text: String,
    /// The paragraph style that this level belongs to.
    style: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct List {
    definition: u32,
    /// Where a level starts anew with this list.
    starts: [Option<u32>; LEVELS],
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: HashMap<u32, Vec<Level>>,
    lists: HashMap<u32, List>,
    /// By definition: lists that share one count on.
    counters: HashMap<u32, [Option<u32>; LEVELS]>,
}

impl Numbering {
    pub(super) fn parse(text: &str) -> Self {
        let mut numbering = Self::default();
        let mut xml = Xml::new(text);
        xml.child();
        while let Some(element) = xml.child() {
            match element.name() {
                "abstractNum" => {
                    let mut levels = vec![Level::default(); LEVELS];
                    while let Some(part) = xml.child() {
                        match part.number::<usize>("ilvl").and_then(|at| levels.get_mut(at)) {
                            Some(slot) if part.name() == "lvl" => *slot = level(&mut xml),
                            _ => xml.skip(),
                        }
                    }
                    if let Some(id) = element.number("abstractNumId") {
                        numbering.definitions.insert(id, levels);
                    }
                }
                "num" => {
                    let list = list(&mut xml);
                    if let Some(id) = element.number("numId") {
                        numbering.lists.insert(id, list);
                    }
                }
                _ => xml.skip(),
            }
        }
        numbering
    }

    /// The label of a list's next item; `None` where the list has none.
    pub(super) fn next(&mut self, list: u32, level: Option<usize>, style: Option<&str>) -> Option<String> {
        let entry = self.lists.get_mut(&list)?;
        let levels = self.definitions.get(&entry.definition)?;
        let of_style = || levels.iter().position(|l| l.style.is_some() && l.style.as_deref() == style);
        let at = level.or_else(of_style).unwrap_or(0).min(LEVELS - 1);
        let counters = self.counters.entry(entry.definition).or_default();
        let start = entry.starts[at].take();
        counters[at] = Some(match (start, counters[at]) {
            (Some(start), _) => start,
            (None, Some(last)) => last.saturating_add(1),
            (None, None) => levels[at].start,
        });
        counters[at + 1..].fill(None);
        if levels[at].format == "bullet" {
            return Some("•".to_owned());
        }
        let mut label = String::new();
        let mut rest = levels[at].text.chars();
        while let Some(c) = rest.next() {
            let referred = (c == '%').then(|| rest.clone().next()?.to_digit(10)).flatten();
            match referred.and_then(|n| (n as usize).checked_sub(1)).filter(|&n| n < LEVELS) {
                Some(n) => {
                    rest.next();
                    label.push_str(&number(counters[n].unwrap_or(levels[n].start), &levels[n].format));
                }
                None => label.push(c),
            }
        }
        let label: String = label.trim().chars().take(LONGEST_LABEL).collect();
        (!label.is_empty()).then_some(label)
    }
}

fn level(xml: &mut Xml<'_>) -> Level {
    let mut level = Level { start: 1, ..Level::default() };
    while let Some(part) = xml.child() {
        match part.name() {
            "start" => level.start = part.number("val").unwrap_or(1),
            "numFmt" => level.format = part.attribute("val").unwrap_or_default(),
            "lvlText" => level.text = part.attribute("val").unwrap_or_default(),
            "pStyle" => level.style = part.attribute("val"),
            _ => {}
        }
        xml.skip();
    }
    level
}

fn list(xml: &mut Xml<'_>) -> List {
    let mut list = List::default();
    while let Some(part) = xml.child() {
        match part.name() {
            "abstractNumId" => {
                list.definition = part.number("val").unwrap_or(0);
                xml.skip();
            }
            "lvlOverride" => {
                let slot = part.number::<usize>("ilvl").and_then(|at| list.starts.get_mut(at));
                let mut start = None;
                while let Some(change) = xml.child() {
                    if change.name() == "startOverride" {
                        start = change.number("val");
                    }
                    xml.skip();
                }
                if let Some(slot) = slot {
                    *slot = start;
                }
            }
            _ => xml.skip(),
        }
    }
    list
}

fn number(n: u32, format: &str) -> String {
    match format {
        "decimalZero" => format!("{n:02}"),
        "lowerLetter" => letters(n).to_lowercase(),
        "upperLetter" => letters(n),
        "lowerRoman" => roman(n).to_lowercase(),
        "upperRoman" => roman(n),
        "none" | "bullet" => String::new(),
        _ => n.to_string(),
    }
}

/// A, B, … Z, AA, BB, …
fn letters(n: u32) -> String {
    let Some(index) = n.checked_sub(1).filter(|index| *index < 26 * 10) else { return n.to_string() };
    char::from(b'A' + (index % 26) as u8).to_string().repeat((index / 26 + 1) as usize)
}

fn roman(n: u32) -> String {
    const VALUES: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if n > MOST_ROMAN {
        return n.to_string();
    }
    let mut rest = n;
    let mut out = String::new();
    for (value, digits) in VALUES {
        while rest >= value {
            out.push_str(digits);
            rest -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_formats_of_lists() {
        for (n, format, expected) in [
            (4, "decimal", "4"),
            (4, "decimalZero", "04"),
            (28, "lowerLetter", "bb"),
            (1, "upperLetter", "A"),
            (1994, "upperRoman", "MCMXCIV"),
            (4_000_000_000, "lowerRoman", "4000000000"),
            (4_000_000_000, "lowerLetter", "4000000000"),
        ] {
            assert_eq!(number(n, format), expected);
        }
    }

    #[test]
    fn items_count_by_level_and_start_anew_below() {
        let mut numbering = Numbering::parse(
            "<numbering><abstractNum abstractNumId='5'>\
             <lvl ilvl='0'><start val='1'/><numFmt val='decimal'/><lvlText val='%1.'/></lvl>\
             <lvl ilvl='1'><start val='1'/><numFmt val='lowerLetter'/><lvlText val='%1.%2)'/><pStyle val='Sub'/></lvl>\
             <lvl ilvl='2'><numFmt val='bullet'/></lvl></abstractNum>\
             <num numId='1'><abstractNumId val='5'/></num>\
             <num numId='2'><abstractNumId val='5'/><lvlOverride ilvl='0'><startOverride val='7'/></lvlOverride></num></numbering>",
        );
        let mut next = |list, level, style| numbering.next(list, level, style);
        assert_eq!(next(1, Some(0), None).as_deref(), Some("1."));
        assert_eq!(next(1, Some(1), None).as_deref(), Some("1.a)"));
        assert_eq!(next(1, None, Some("Sub")).as_deref(), Some("1.b)"));
        assert_eq!(next(1, None, None).as_deref(), Some("2."));
        assert_eq!(next(1, Some(1), None).as_deref(), Some("2.a)"));
        assert_eq!(next(1, Some(2), None).as_deref(), Some("•"));
        assert_eq!(next(2, Some(0), None).as_deref(), Some("7."));
        assert_eq!(next(2, Some(0), None).as_deref(), Some("8."));
        assert_eq!(next(9, Some(0), None), None);
    }
}
