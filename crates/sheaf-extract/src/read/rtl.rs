//! Text written from right to left (Hebrew, Arabic and their kin).

/// Whether a character is written from right to left.
pub(super) fn is_rtl(c: char) -> bool {
    matches!(
        c,
        '\u{0590}'..='\u{065F}' | '\u{066A}'..='\u{06EF}' | '\u{06FA}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'
    )
}

/// Whether a word reads from right to left: it has a letter that does.
pub(super) fn has_rtl(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_rtl)
}

/// The order in which a word is read, from the order in which its characters stand from left to right.
pub(super) fn logical(visual: &str) -> String {
    let mut chars: Vec<char> = visual.chars().rev().collect();
    let mut start = 0;
    while start < chars.len() {
        let length = left_to_right_run(&chars[start..]);
        if length == 0 {
            chars[start] = mirrored(chars[start]);
            start += 1;
        } else {
            chars[start..start + length].reverse();
            start += length;
        }
    }
    chars.into_iter().collect()
}

/// Letters and digits that run from left to right, with single signs between them (`12.30`, `a-b`).
fn left_to_right_run(chars: &[char]) -> usize {
    let runs = |c: char| c.is_alphanumeric() && !is_rtl(c);
    let mut length = 0;
    while length < chars.len() {
        let between =
            length > 0 && !is_rtl(chars[length]) && chars.get(length + 1).is_some_and(|next| runs(*next));
        if !runs(chars[length]) && !between {
            break;
        }
        length += 1;
    }
    length
}

fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_turned_into_reading_order() {
        for (visual, expected) in
            [("םולש", "שלום"), ("2024תנש", "שנת2024"), ("(םולש)", "(שלום)"), ("12.30:העש", "שעה:12.30")]
        {
            assert_eq!(logical(visual), expected);
        }
    }
}
