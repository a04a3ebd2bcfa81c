//! Values of form fields that no appearance shows.

use hayro_font::kurbo::{Affine, Point, Rect};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};
use hayro_syntax::page::Page;

use super::unicode::text_string;
use super::words::Fragment;

/// Parents looked through for an inherited entry.
const MAX_DEPTH: usize = 32;
/// Characters of one value that are read.
const MAX_LENGTH: usize = 10_000;
/// Widgets of a page that are looked at.
const MAX_WIDGETS: usize = 2_000;
/// Size of text where the field leaves it to the viewer, in points, and as a share of the field's height.
const AUTOMATIC_SIZE: f64 = 12.0;
const SHARE_OF_HEIGHT: f64 = 0.7;
/// Mean width of a character, in ems.
const MEAN_ADVANCE: f64 = 0.5;

const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;
/// Field flags (ISO 32000-1, tables 226 to 228).
const PASSWORD: u32 = 1 << 13;
const MULTILINE: u32 = 1 << 12;
const PUSH_BUTTON: u32 = 1 << 16;

/// The words of fields in whose place `shown` has none; `turn` is the page's own, in quarters clockwise.
pub(super) fn words(page: &Page<'_>, display: Affine, turn: u8, shown: &[Fragment]) -> Vec<Fragment> {
    let Some(annotations) = page.raw().get::<Array<'_>>(keys::ANNOTS) else { return Vec::new() };
    let mut words = Vec::new();
    for widget in annotations.iter::<Dict<'_>>().take(MAX_WIDGETS) {
        let is_widget = widget.get::<Name<'_>>(keys::SUBTYPE).is_some_and(|name| name.as_ref() == b"Widget");
        if !is_widget || widget.get::<u32>(keys::F).unwrap_or(0) & (HIDDEN | NO_VIEW) != 0 {
            continue;
        }
        let (Some([x0, y0, x1, y1]), Some(value)) = (widget.get::<[f64; 4]>(keys::RECT), value(&widget))
        else {
            continue;
        };
        let place = display.transform_rect_bbox(Rect::new(x0, y0, x1, y1).abs());
        if !shown.iter().any(|word| stands_in(word, place)) {
            // The field itself may be turned, counterclockwise.
            let own = widget.get::<Dict<'_>>(b"MK").and_then(|mk| mk.get::<i32>(b"R")).unwrap_or(0);
            let turn = (i32::from(turn) - own / 90).rem_euclid(4) as u8;
            lay_out(&value, &widget, place, turn, &mut words);
        }
    }
    words
}

/// Whether a word shows in the field; blank lines to write on do not count.
fn stands_in(word: &Fragment, place: Rect) -> bool {
    place.contains(word.bounds.center()) && !word.text.chars().all(|c| matches!(c, '_' | '.' | '…'))
}

/// What the field holds, as a person would see it.
fn value(widget: &Dict<'_>) -> Option<String> {
    let flags = inherited::<u32>(widget, b"Ff").unwrap_or(0);
    match inherited::<Name<'_>>(widget, b"FT")?.as_ref() {
        b"Tx" if flags & PASSWORD == 0 => text(&inherited::<Object<'_>>(widget, b"V")?),
        b"Ch" => choice(widget),
        b"Btn" if flags & PUSH_BUTTON == 0 => state(widget),
        _ => None,
    }
}

fn text(value: &Object<'_>) -> Option<String> {
    match value {
        Object::String(text) => Some(text_string(text.as_bytes())),
        Object::Stream(stream) => Some(text_string(&stream.decoded_data().ok()?)),
        Object::Name(name) => Some(name.as_str().to_owned()),
        _ => None,
    }
}

/// The chosen options as displayed, not as exported.
fn choice(widget: &Dict<'_>) -> Option<String> {
    let chosen: Vec<String> = match inherited::<Object<'_>>(widget, b"V")? {
        Object::Array(values) => values.iter::<Object<'_>>().filter_map(|value| text(&value)).collect(),
        value => vec![text(&value)?],
    };
    let options: Vec<(String, String)> = inherited::<Array<'_>>(widget, b"Opt")
        .into_iter()
        .flat_map(|options| options.iter::<Object<'_>>())
        .filter_map(|option| {
            let mut pair =
                option.into_array()?.iter::<PdfString<'_>>().map(|s| text_string(s.as_bytes())).fuse();
            Some((pair.next()?, pair.next()?))
        })
        .collect();
    let display = |value: String| {
        options.iter().find(|(export, _)| *export == value).map_or(value, |(_, display)| display.clone())
    };
    Some(chosen.into_iter().map(display).collect::<Vec<_>>().join("\n"))
}

/// The name of a box's state if it is checked: a name that says nothing becomes a ballot box.
fn state(widget: &Dict<'_>) -> Option<String> {
    let state = widget.get::<Name<'_>>(keys::AS)?;
    let state = state.as_str();
    let generic = ["on", "yes", "ja", "oui", "true", "checked", "x"];
    if state.eq_ignore_ascii_case("off") {
        None
    } else if generic.contains(&state.to_lowercase().as_str()) || !state.chars().any(char::is_alphabetic) {
        Some("☒".into())
    } else {
        Some(state.to_owned())
    }
}

/// Sets the value into the field: lines from the top, words from the left, all of one width a character.
fn lay_out(value: &str, widget: &Dict<'_>, place: Rect, turn: u8, words: &mut Vec<Fragment>) {
    let upright = Upright::new(place, turn);
    let value: String = value.chars().take(MAX_LENGTH).collect();
    let lines: Vec<&str> = value.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).collect();
    let is_multiline = lines.len() > 1 || inherited::<u32>(widget, b"Ff").unwrap_or(0) & MULTILINE != 0;
    let size = font_size(widget).unwrap_or_else(|| {
        let height = upright.height / lines.len().max(1) as f64;
        (SHARE_OF_HEIGHT * height).min(AUTOMATIC_SIZE)
    });
    let leading = 1.2 * size;
    let first = if is_multiline { 0.0 } else { 0.5 * (upright.height - leading).max(0.0) };
    for (number, line) in lines.iter().enumerate() {
        let top = (first + leading * number as f64).min(upright.height - size).max(0.0);
        let length = line.chars().count().max(1) as f64;
        // Long lines are squeezed: the box stays within the field.
        let advance = (MEAN_ADVANCE * size).min(upright.width / length);
        let mut position = 0.0;
        for part in line.split_inclusive(char::is_whitespace) {
            let text = part.trim_end();
            let (start, end) = (position * advance, (position + text.chars().count() as f64) * advance);
            position += part.chars().count() as f64;
            if !text.is_empty() {
                let bounds = upright.rect(start, top, end, (top + size).min(upright.height));
                words.push(Fragment::of_form(text.to_owned(), bounds, size, turn));
            }
        }
    }
}

/// The size in the default appearance (`/Helv 12 Tf`); `None` where the viewer chooses.
fn font_size(widget: &Dict<'_>) -> Option<f64> {
    let appearance = inherited::<PdfString<'_>>(widget, b"DA")?;
    let appearance = String::from_utf8_lossy(appearance.as_bytes()).into_owned();
    let tokens: Vec<&str> = appearance.split_ascii_whitespace().collect();
    let operator = tokens.iter().position(|token| *token == "Tf")?;
    tokens.get(operator.checked_sub(1)?)?.parse().ok().filter(|size| *size > 0.0 && *size < 1000.0)
}

fn inherited<'a, T>(field: &Dict<'a>, key: &[u8]) -> Option<T>
where
    T: TryFrom<Object<'a>>,
{
    let mut field = field.clone();
    for _ in 0..MAX_DEPTH {
        if let Some(value) = field.get::<Object<'a>>(key) {
            return T::try_from(value).ok();
        }
        field = field.get::<Dict<'a>>(keys::PARENT)?;
    }
    None
}

/// A field's place as seen in its reading direction.
struct Upright {
    place: Rect,
    turn: u8,
    width: f64,
    height: f64,
}

impl Upright {
    fn new(place: Rect, turn: u8) -> Self {
        let (width, height) = if turn.is_multiple_of(2) {
            (place.width(), place.height())
        } else {
            (place.height(), place.width())
        };
        Self { place, turn, width, height }
    }

    fn rect(&self, x0: f64, y0: f64, x1: f64, y1: f64) -> Rect {
        let corner = |x: f64, y: f64| match self.turn {
            0 => Point::new(self.place.x0 + x, self.place.y0 + y),
            1 => Point::new(self.place.x1 - y, self.place.y0 + x),
            2 => Point::new(self.place.x1 - x, self.place.y1 - y),
            _ => Point::new(self.place.x0 + y, self.place.y1 - x),
        };
        Rect::from_points(corner(x0, y0), corner(x1, y1))
    }
}
