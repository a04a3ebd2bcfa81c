//! Two readings of one page, compared word by word: where both say the same they are hardly wrong, where they differ one is.

use std::cmp::Ordering;

use sheaf_types::{BoundingBox, Word};

use super::scan::covered;

/// Share of one word's box within the other's from which both stand in one place.
const BESIDE: f32 = 0.5;
/// Confidence from which a word of the other reading takes another one's place, and by how much wider either may be.
const SURE: f32 = 0.9;
const WIDER: f32 = 1.2;
/// Confidence of a word that the better engine does not see.
const UNSEEN: f32 = 0.6;
/// Share of a contradiction's confidence that is taken from a word: an opinion weighs as much as it is sure.
const DOUBT: f32 = 0.45;
/// Share of the doubt that stays where both agree.
const DOUBT_LEFT: f32 = 0.5;

/// Whose the other reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opinion {
    /// That of the better engine: what it is sure of replaces what it contradicts, and what it does not see is doubted.
    Better,
    /// That of the one which was less sure of the page; it may have missed words.
    Other,
}

/// The share of the words of a page that another reading has, too, in their places; 1 where there are none.
pub(super) fn agreement(words: &[Word], others: &[Word]) -> f32 {
    let texts = words.iter().map(|word| (word, plain(&word.text))).filter(|(_, text)| !text.is_empty());
    let (mut same, mut all) = (0, 0);
    for (word, text) in texts {
        all += 1;
        same += usize::from(said(&beside(word, others)).contains(&text));
    }
    if all == 0 { 1.0 } else { same as f32 / all as f32 }
}

fn beside<'w>(word: &Word, others: &'w [Word]) -> Vec<&'w Word> {
    let is_beside =
        |other: &&Word| covered(other.bbox, word.bbox).max(covered(word.bbox, other.bbox)) >= BESIDE;
    others.iter().filter(is_beside).collect()
}

fn said(beside: &[&Word]) -> String {
    beside.iter().map(|other| plain(&other.text)).collect()
}

/// Lets the words of a page be judged by another reading of it, and puts right what only that has right.
pub(super) fn compare(words: &mut [Word], others: &[Word], opinion: Opinion) {
    for word in words {
        let text = plain(&word.text);
        let beside = beside(word, others);
        let said = said(&beside);
        if text.is_empty() || (said.is_empty() && opinion == Opinion::Other) {
            continue;
        }
        if said.contains(&text) {
            word.confidence = 1.0 - DOUBT_LEFT * (1.0 - word.confidence);
            continue;
        }
        let switches_of_other =
            if alike(&text, &said) { switches(&said).cmp(&switches(&text)) } else { Ordering::Equal };
        match (&beside[..], switches_of_other) {
            ([], _) => word.confidence = word.confidence.min(UNSEEN),
            ([_], Ordering::Greater) => {}
            ([other], Ordering::Less) => {
                word.text.clone_from(&other.text);
                word.source = other.source;
            }
            ([other], Ordering::Equal)
                if opinion == Opinion::Better
                    && other.confidence >= SURE
                    && is_as_wide(other.bbox, word.bbox) =>
            {
                word.text.clone_from(&other.text);
                (word.confidence, word.source) = (other.confidence, other.source);
            }
            _ => {
                let sure = beside.iter().map(|other| other.confidence).sum::<f32>() / beside.len() as f32;
                word.confidence = word.confidence.min(1.0 - DOUBT * sure);
            }
        }
    }
}

fn is_as_wide(a: BoundingBox, b: BoundingBox) -> bool {
    a.width() <= WIDER * b.width() && b.width() <= WIDER * a.width()
}

/// Letters and digits, on which readings have to agree, and signs that are mistaken for them.
fn plain(text: &str) -> String {
    let is_sign = |c: char| matches!(c, '!' | '|' | '$' | '&' | '%' | '#');
    text.chars().filter(|c| c.is_alphanumeric() || is_sign(*c)).flat_map(char::to_lowercase).collect()
}

/// Whether two words differ in characters alone that look alike.
fn alike(a: &str, b: &str) -> bool {
    let shape = |c: char| match c {
        'o' | 'q' => '0',
        'l' | 'i' | '!' | '|' => '1',
        's' | '$' => '5',
        'b' | '&' => '8',
        'z' => '2',
        'g' => '6',
        c => c,
    };
    a.chars().map(shape).eq(b.chars().map(shape))
}

/// How often a word goes over from letters to digits or signs, and back: one that was misread does so more often.
fn switches(text: &str) -> usize {
    let kind = |c: char| match c {
        c if c.is_alphabetic() => 0,
        c if c.is_numeric() => 1,
        _ => 2,
    };
    let kinds: Vec<u8> = text.chars().map(kind).collect();
    kinds.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use sheaf_types::TextSource;

    use super::*;

    fn word(text: &str, confidence: f32, source: TextSource) -> Word {
        word_at(text, 0.1, confidence, source)
    }

    fn word_at(text: &str, x0: f32, confidence: f32, source: TextSource) -> Word {
        let bbox = BoundingBox { x0, y0: 0.1, x1: x0 + 0.1, y1: 0.12 };
        Word { bbox, text: text.into(), confidence, font_size: 10.0, bold: false, turn: 0, source }
    }

    fn judged(text: &str, other: &str, opinion: Opinion) -> (String, f32, TextSource) {
        let mut words = [word(text, 0.9, TextSource::Paddle)];
        compare(&mut words, &[word(other, 0.96, TextSource::Tesseract)], opinion);
        let [word] = words;
        (word.text, word.confidence, word.source)
    }

    #[test]
    fn agreement_is_the_share_of_words_that_both_have() {
        let words =
            [word_at("Harbour", 0.1, 0.9, TextSource::Text), word_at("L1d", 0.3, 0.9, TextSource::Text)];
        let others =
            [word_at("HARBOUR", 0.1, 0.9, TextSource::Paddle), word_at("Ltd", 0.3, 0.9, TextSource::Paddle)];
        assert!((agreement(&words, &others) - 0.5).abs() < 1e-6);
        assert!((agreement(&[], &others) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_both_say_is_sure() {
        for (text, other) in [("Rotterdam", "Rotterdam"), ("Total:", "TOTAL"), ("1,204.50", "1,204.50")] {
            let (kept, confidence, source) = judged(text, other, Opinion::Other);
            assert_eq!((&*kept, source), (text, TextSource::Paddle));
            assert!(confidence > 0.94, "{text}: {confidence}");
        }
        // The other engine has it in two words.
        let mut words = [word("HarbourLtd", 0.9, TextSource::Paddle)];
        let mut parts =
            [("Harbour", 0.1), ("Ltd", 0.16)].map(|(text, x)| word_at(text, x, 0.9, TextSource::Tesseract));
        for part in &mut parts {
            part.bbox.x1 = part.bbox.x0 + 0.04;
        }
        compare(&mut words, &parts, Opinion::Other);
        assert!(words[0].confidence > 0.94);
    }

    #[test]
    fn of_characters_that_look_alike_the_fewer_switches_word_stands() {
        for (text, other, stands) in [
            ("10-N0V-2021", "10-NOV-2021", "10-NOV-2021"),
            ("Koo!", "Kool", "Kool"),
            ("P-83O", "P-830", "P-830"),
            ("S7S8", "5758", "5758"),
            ("Ross", "R0ss", "Ross"),
            ("5012", "S012", "5012"),
        ] {
            let (kept, confidence, _) = judged(text, other, Opinion::Other);
            assert_eq!(kept, stands, "{text} {other}");
            assert!((confidence - 0.9).abs() < 1e-6);
        }
    }

    #[test]
    fn a_contradiction_is_doubted_as_much_as_it_is_sure() {
        for (text, other) in [("Chtou", "Chiou"), ("chalrs", "chairs")] {
            let (kept, confidence, _) = judged(text, other, Opinion::Other);
            assert_eq!(kept, text);
            assert!(confidence < 0.6, "{confidence}");
        }
        let mut words = [word("Chiou", 0.9, TextSource::Paddle)];
        compare(&mut words, &[word("Chtou", 0.2, TextSource::Tesseract)], Opinion::Other);
        assert!((words[0].confidence - 0.9).abs() < 1e-6, "an unsure opinion says little");
    }

    #[test]
    fn the_better_engine_replaces_a_word_and_doubts_what_it_does_not_see() {
        let (kept, _, source) = judged("secretaiy", "secretary", Opinion::Better);
        assert_eq!((&*kept, source), ("secretary", TextSource::Tesseract));
        for (opinion, expected) in [(Opinion::Better, 0.6), (Opinion::Other, 0.9)] {
            let mut words = [word("9,999.00", 0.9, TextSource::Text)];
            compare(&mut words, &[word_at("elsewhere", 0.5, 0.95, TextSource::Tesseract)], opinion);
            assert!((words[0].confidence - expected).abs() < 1e-6);
        }
    }
}
