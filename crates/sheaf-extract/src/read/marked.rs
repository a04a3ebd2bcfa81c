//! Marked content: hidden layers, and text that stands for what is drawn.

use super::content::Glyph;
use super::font::{Code, UNDECODABLE};

/// The marked content that the reader is inside of.
#[derive(Debug, Default)]
pub(super) struct Marks {
    stack: Vec<Mark>,
}

#[derive(Debug)]
struct Mark {
    visible: bool,
    /// The `ActualText` and how many characters had been drawn before.
    actual_text: Option<(String, usize)>,
}

impl Marks {
    pub(super) fn begin(&mut self, visible: bool, actual_text: Option<String>, drawn: usize) {
        let visible = visible && self.is_visible();
        self.stack.push(Mark { visible, actual_text: actual_text.map(|text| (text, drawn)) });
    }

    /// Ends the innermost mark.
    pub(super) fn end(&mut self, glyphs: &mut [Glyph]) {
        if let Some(Mark { actual_text: Some((text, start)), .. }) = self.stack.pop()
            && let Some(glyphs) = glyphs.get_mut(start..)
        {
            replace(glyphs, &text);
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn is_visible(&self) -> bool {
        self.stack.last().is_none_or(|mark| mark.visible)
    }
}

/// Lets `text` stand for the glyphs. It is believed only where it spells the same letters in another case, or
/// where the glyphs say nothing: what is extracted must be what a person sees in its box.
fn replace(glyphs: &mut [Glyph], text: &str) {
    let drawn: String = glyphs.iter().map(|glyph| &*glyph.code.text).collect();
    if drawn == text || !(drawn.contains(UNDECODABLE) || drawn.to_lowercase() == text.to_lowercase()) {
        return;
    }
    if text.chars().count() == glyphs.len() {
        for (glyph, c) in glyphs.iter_mut().zip(text.chars()) {
            glyph.code = Code::new(c.to_string());
        }
    } else if !text.is_empty() && !text.contains(char::is_whitespace) {
        let (first, rest) = glyphs.split_at_mut(1);
        first.iter_mut().for_each(|glyph| glyph.code = Code::new(text));
        rest.iter_mut().for_each(|glyph| glyph.code = Code::new(""));
    }
}
