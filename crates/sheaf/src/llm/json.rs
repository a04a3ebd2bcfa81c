//! Answers that should be JSON and are nearly so.

use serde_json::Value;

/// Longest answer that is looked at, in bytes.
const LONGEST: usize = 4 << 20;
/// Deepest nesting that is closed.
const DEEPEST: usize = 64;

/// The JSON object in an answer: fenced in Markdown, with words around it, or broken off, in which case what is open is
/// closed and what was not finished is left out.
pub(super) fn parse(text: &str) -> Option<Value> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim();
    let object = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    if let Some(value) = object(text) {
        return Some(value);
    }
    let start = text.find('{')?;
    let body = &text[start..];
    if let Some(end) = body.rfind('}')
        && let Some(value) = object(&body[..=end])
    {
        return Some(value);
    }
    object(&closed(body)?)
}

/// The text up to its last finished member, with all brackets closed; also where a comma stands before a bracket.
fn closed(text: &str) -> Option<String> {
    let (mut open, mut in_string, mut escaped) = (Vec::new(), false, false);
    // Where the text could end, and which brackets were open there.
    let mut safe: Option<(usize, Vec<char>)> = None;
    for (at, c) in text.char_indices() {
        if in_string {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => in_string = true,
            '{' | '[' => {
                if open.len() == DEEPEST {
                    return None;
                }
                open.push(if c == '{' { '}' } else { ']' });
                safe = Some((at + 1, open.clone()));
            }
            '}' | ']' => {
                if open.pop() != Some(c) {
                    return None;
                }
                safe = Some((at + 1, open.clone()));
                if open.is_empty() {
                    break;
                }
            }
            ',' => safe = Some((at, open.clone())),
            _ => {}
        }
    }
    let (end, open) = safe?;
    let mut closed = without_trailing_commas(&text[..end]);
    closed.extend(open.iter().rev());
    Some(closed)
}

/// The text without commas right before a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if !in_string && matches!(c, '}' | ']') {
            let bare = kept.trim_end();
            if let Some(before) = bare.strip_suffix(',') {
                kept.truncate(before.len());
            }
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_nearly_json_is_repaired() {
        for (text, expected) in [
            ("{\"a\": 1}", Some(json!({"a": 1}))),
            ("Here you are:\n```json\n{\"a\": \"}\"}\n```\nAnything else?", Some(json!({"a": "}"}))),
            (
                "{\"a\": {\"value\": \"x\", \"lines\": [1]}, \"b\": {\"value\": \"unfin",
                Some(json!({"a": {"value": "x", "lines": [1]}, "b": {}})),
            ),
            ("{\"a\": [1, 2, {\"b\": 3}, {\"c\": ", Some(json!({"a": [1, 2, {"b": 3}, {}]}))),
            ("{\"a\": [1, 2,], \"b\": \",]\",}", Some(json!({"a": [1, 2], "b": ",]"}))),
            ("{\"a\": 12", Some(json!({}))),
            ("[1, 2]", None),
            ("no", None),
            ("", None),
            ("{]", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse(&"{\"a\":".repeat(10_000)), None);
    }
}
