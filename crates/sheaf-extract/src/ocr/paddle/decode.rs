//! From probabilities of characters, step by step along a line, to words: greedy decoding of connectionist temporal
//! classification, in which a character is a run of steps and a blank class parts equal ones.

use unicode_normalization::UnicodeNormalization;

/// Probability of a space, between two characters, from which they are parted where something speaks against it: between a
/// digit and the punctuation of a number, and where the characters stand close together.
const DOUBTED_SPACE: f32 = 0.5;
/// Distance of two characters, in distances usual on the line, under which a space less probable than [`DOUBTED_SPACE`] is
/// not believed: narrow letters look like gaps.
const WIDE: f64 = 1.15;
/// Distance from which any hint of a space is believed, and what a hint is: a value typed right behind its printed label.
const APART: f64 = 1.6;
const HINT_OF_SPACE: f32 = 0.005;
/// Probability from which a rare accent is believed.
const SURE_OF_ACCENT: f32 = 0.9;
/// Characters that a line must have to tell what is usual on it.
const LONG: usize = 6;
/// Width of a character that stands alone, in steps (of 8 pixels, at a line height of 48).
const LONE_CHARACTER: f64 = 3.0;

/// What the models take a line to write on for; only within a word it is a sign.
const LINE: &str = "_";

/// The characters that the model tells apart; class 0 is the blank.
pub(super) struct Alphabet {
    characters: Vec<String>,
    /// Of each character that is a rare accented letter, the letter without its accent.
    bare: Vec<Option<String>>,
    /// Probability of a space, between two characters, from which they are parted.
    space: f32,
}

/// A word on a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LineWord {
    pub(super) text: String,
    /// Mean over the characters, 0 to 1.
    pub(super) confidence: f32,
    /// Where it begins and ends, in steps.
    pub(super) start: f64,
    pub(super) end: f64,
}

struct Character<'a> {
    text: &'a str,
    confidence: f32,
    /// First and last step.
    first: usize,
    last: usize,
}

impl Character<'_> {
    fn middle(&self) -> f64 {
        (self.first + self.last + 1) as f64 / 2.0
    }
}

impl Alphabet {
    /// From the model's list, one character a line, and the probability of a space from which one is believed.
    pub(super) fn new(list: &str, space: f32) -> Self {
        let mut characters: Vec<String> = list.lines().map(usual).collect();
        characters.push(" ".into());
        let bare = characters.iter().map(|character| bare(character)).collect();
        Self { characters, bare, space }
    }

    /// The words of a line from `steps` rows of `classes` probabilities.
    pub(super) fn words(&self, probabilities: &[f32], steps: usize, classes: usize) -> Vec<LineWord> {
        if classes == 0 || probabilities.len() < steps * classes {
            return Vec::new();
        }
        let rows: Vec<&[f32]> = probabilities.chunks_exact(classes).take(steps).collect();
        let mut words: Vec<Vec<Character<'_>>> = vec![Vec::new()];
        let characters = self.characters(&rows);
        let usual = usual_distance(&characters);
        for character in characters {
            if character.text == " " {
                words.push(Vec::new());
                continue;
            }
            let parted = words.last().and_then(|word| word.last()).is_some_and(|previous| {
                let space = rows[previous.last..=character.first]
                    .iter()
                    .map(|row| row.get(self.characters.len()).copied().unwrap_or(0.0))
                    .fold(0.0, f32::max);
                let distance = character.middle() - previous.middle();
                let enough = if is_number(previous.text, character.text) || distance < WIDE * usual {
                    DOUBTED_SPACE
                } else if usual > 0.0 && distance > APART * usual {
                    HINT_OF_SPACE
                } else {
                    self.space
                };
                space > enough
            });
            if parted {
                words.push(Vec::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(character);
            }
        }
        words.iter().filter_map(|word| place(word, steps)).collect()
    }

    /// The character of a class. Specks over letters are taken for accents of languages that are not the document's: those beyond
    /// western Europe's count only where the model is sure.
    fn text(&self, class: usize, probability: f32) -> Option<&str> {
        let bare = self.bare.get(class)?.as_ref().filter(|_| probability < SURE_OF_ACCENT);
        bare.or(self.characters.get(class)).map(String::as_str)
    }

    fn characters(&self, rows: &[&[f32]]) -> Vec<Character<'_>> {
        let mut characters: Vec<Character<'_>> = Vec::new();
        let mut previous = 0;
        for (step, row) in rows.iter().enumerate() {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let (class, &probability) = best.unwrap_or((0, &0.0));
            match characters.last_mut() {
                Some(last) if class == previous && class != 0 => {
                    last.last = step;
                    last.confidence = last.confidence.max(probability);
                }
                _ if class != 0 => {
                    if let Some(text) = self.text(class - 1, probability) {
                        characters.push(Character { text, confidence: probability, first: step, last: step });
                    }
                }
                _ => {}
            }
            previous = class;
        }
        characters
    }
}

/// The median distance of neighbouring characters, in steps; 0 on a short line, which does not tell.
fn usual_distance(characters: &[Character<'_>]) -> f64 {
    let mut distances: Vec<f64> =
        characters.windows(2).map(|pair| pair[1].middle() - pair[0].middle()).collect();
    distances.sort_by(f64::total_cmp);
    if characters.len() < LONG { 0.0 } else { distances[distances.len() / 2] }
}

/// A space between these two is rather a gap within a number or a date.
fn is_number(before: &str, after: &str) -> bool {
    let is_digit = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let is_point = |text: &str| matches!(text, "." | "," | "/" | "-" | ":");
    (is_digit(before) && is_point(after)) || (is_point(before) && is_digit(after))
}

/// A word reaches half a character beyond the middles of its first and last one.
fn place(mut word: &[Character<'_>], steps: usize) -> Option<LineWord> {
    while let [line, rest @ ..] = word
        && line.text == LINE
        && !rest.is_empty()
    {
        word = rest;
    }
    while let [rest @ .., line] = word
        && line.text == LINE
        && !rest.is_empty()
    {
        word = rest;
    }
    let (first, last) = (word.first()?, word.last()?);
    let (start, end) = (first.middle(), last.middle());
    let half = if word.len() > 1 { (end - start) / (word.len() - 1) as f64 } else { LONE_CHARACTER } / 2.0;
    Some(LineWord {
        text: word.iter().map(|character| character.text).collect(),
        confidence: word.iter().map(|character| character.confidence).sum::<f32>() / word.len() as f32,
        start: (start - half).max(0.0),
        end: (end + half).min(steps as f64),
    })
}

/// The letter under the accent of one beyond Latin-1.
fn bare(character: &str) -> Option<String> {
    let letter = character.chars().next().filter(|&c| c > '\u{ff}' && character.chars().nth(1).is_none())?;
    letter.nfd().next().filter(char::is_ascii_alphabetic).map(String::from)
}

/// Wide forms of a script that is written in squares, as the usual ones.
fn usual(character: &str) -> String {
    let usual = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '。' => '.',
        '、' => ',',
        c => c,
    };
    character.chars().map(usual).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities in which each step is sure of a character (`_` is the blank), with a hint of a space at some.
    fn steps(line: &str, hints: &[(usize, f32)]) -> Vec<f32> {
        let classes = ['_', 'a', 'b', '1', '.', ' '];
        let mut rows = Vec::new();
        for (step, c) in line.chars().enumerate() {
            let mut row = classes.map(|class| if class == c { 0.9 } else { 0.0 });
            if let Some((_, probability)) = hints.iter().find(|(at, _)| *at == step) {
                row[5] = *probability;
            }
            rows.extend(row);
        }
        rows
    }

    #[test]
    fn runs_are_characters_and_hints_of_a_space_part_words_but_not_numbers() {
        for (line, hints, expected) in [
            ("_aa_b_", &[][..], &["ab"][..]),
            ("_a_a_b", &[], &["aab"]),
            ("a_ _b", &[], &["a", "b"]),
            ("a__b", &[(2, 0.02)], &["a", "b"]),
            ("a__b", &[(2, 0.005)], &["ab"]),
            ("1_._1", &[(3, 0.2)], &["1.1"]),
            ("1_._1", &[(3, 0.6)], &["1.", "1"]),
            ("______", &[], &[]),
            ("", &[], &[]),
        ] {
            let alphabet = Alphabet::new("a\nb\n1\n.", 0.01);
            let words = alphabet.words(&steps(line, hints), line.len(), 6);
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(texts, expected, "{line}");
            assert!(words.iter().all(|word| word.start < word.end && (word.confidence - 0.9).abs() < 1e-6));
        }
    }

    #[test]
    fn a_hint_of_a_space_parts_what_stands_apart_on_a_long_line() {
        let alphabet = Alphabet::new("a\nb\n1\n.", 0.2);
        let words = |hint: f32| -> Vec<String> {
            let probabilities = steps("a_b_a_b__1_a_b", &[(8, hint)]);
            alphabet.words(&probabilities, 14, 6).into_iter().map(|word| word.text).collect()
        };
        assert_eq!(words(0.001), ["abab1ab"]);
        assert_eq!(words(0.01), ["abab1ab"], "one and a half times the usual distance is not apart");
        let far = steps("a_b_a_b___1_a_b", &[(8, 0.01)]);
        let far: Vec<String> = alphabet.words(&far, 15, 6).into_iter().map(|word| word.text).collect();
        assert_eq!(far, ["abab", "1ab"]);
    }

    #[test]
    fn lines_to_write_on_are_no_part_of_words() {
        let alphabet = Alphabet::new("a\nb\n_\n.", 0.2);
        let text = |line: &str| {
            // In `steps` the class of a digit is the third.
            let words = alphabet.words(&steps(line, &[]), line.len(), 6);
            words.into_iter().map(|word| word.text).collect::<Vec<_>>()
        };
        assert_eq!(text("1_a_1_b_1"), ["a_b"]);
        assert_eq!(text("_1_"), ["_"]);
    }

    #[test]
    fn a_rare_accent_counts_only_where_the_model_is_sure() {
        let alphabet = Alphabet::new("n\nņ\nñ", 0.2);
        let texts = [(2, 0.8), (2, 0.95), (3, 0.8)].map(|(class, probability)| {
            let mut row = [0.0; 5];
            row[class] = probability;
            let words = alphabet.words(&row, 1, 5);
            words.into_iter().map(|word| word.text).collect::<String>()
        });
        assert_eq!(texts, ["n", "ņ", "ñ"]);
    }

    #[test]
    fn words_stand_where_their_characters_do() {
        let words = Alphabet::new("a\nb\n1\n.", 0.01).words(&steps("a_b_a_ _b_b_", &[]), 12, 6);
        let places: Vec<(f64, f64)> = words.iter().map(|word| (word.start, word.end)).collect();
        assert_eq!(places, [(0.0, 5.5), (7.5, 11.5)]);
    }

    #[test]
    fn wide_forms_become_the_usual_ones() {
        let alphabet = Alphabet::new("：\n（\n。", 0.01);
        assert_eq!(alphabet.characters, [":", "(", ".", " "]);
    }
}
