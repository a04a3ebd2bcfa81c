//! A page of words as a PDF: what a page of an office document looks like to sheaf.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};
use sheaf_types::{BoundingBox, Page, Word};

/// Share of a word's box above the baseline.
const ASCENT: f32 = 0.8;
const REGULAR: Name<'static> = Name(b"R");
const BOLD: Name<'static> = Name(b"B");
/// Width of the lines around cells, in points, and their brightness.
const LINE: (f32, f32) = (0.5, 0.75);

/// A PDF with this page: its words, each as wide as its box, and the outlines of its cells.
///
/// Characters that the standard fonts lack are shown as question marks.
pub(super) fn pdf(page: &Page) -> Vec<u8> {
    let [catalog, pages, sheet, content, regular, bold] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([sheet]).count(1);
    let mut writer = pdf.page(sheet);
    writer.parent(pages).media_box(Rect::new(0.0, 0.0, page.width, page.height)).contents(content);
    let mut resources = writer.resources();
    resources.fonts().pair(REGULAR, regular).pair(BOLD, bold);
    resources.finish();
    writer.finish();
    for (font, name) in [(regular, Name(b"Helvetica")), (bold, Name(b"Helvetica-Bold"))] {
        pdf.type1_font(font).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(content, &drawing(page));
    pdf.finish()
}

fn drawing(page: &Page) -> Vec<u8> {
    let mut drawing = Content::new();
    drawing.set_line_width(LINE.0).set_stroke_gray(LINE.1);
    // Paragraphs have no border.
    for cell in page.cells.iter().filter(|cell| !cell.name.starts_with("paragraph")) {
        let (x, y, width, height) = place(cell.bbox, page);
        drawing.rect(x, y, width, height).stroke();
    }
    for word in &page.words {
        draw(word, page, &mut drawing);
    }
    drawing.finish().to_vec()
}

fn draw(word: &Word, page: &Page, drawing: &mut Content) {
    let text: Vec<u8> = word.text.chars().map(win_ansi).collect();
    let (x, y, width, height) = place(word.bbox, page);
    let size = word.font_size.max(1.0);
    // Stretched to the box: half an em a character is about what the font takes.
    let natural = text.len() as f32 * size * 0.5;
    let stretch = if natural > 0.0 { (100.0 * width / natural).clamp(50.0, 150.0) } else { 100.0 };
    drawing.begin_text().set_font(if word.bold { BOLD } else { REGULAR }, size);
    drawing.set_horizontal_scaling(stretch).next_line(x, y + height * (1.0 - ASCENT));
    drawing.show(Str(&text)).end_text();
}

/// A box in points from the lower left corner: x, y, width, height.
fn place(b: BoundingBox, page: &Page) -> (f32, f32, f32, f32) {
    let (width, height) = (page.width, page.height);
    (b.x0 * width, (1.0 - b.y1) * height, b.width() * width, b.height() * height)
}

/// A character in the Windows code page 1252, which agrees with Unicode but for 32 places.
fn win_ansi(c: char) -> u8 {
    const FROM_80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match c {
        ' '..='~' | '\u{a0}'..='\u{ff}' => c as u8,
        _ => FROM_80.chars().position(|known| known == c).map_or(b'?', |index| 0x80 + index as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_their_place_in_the_code_page() {
        assert_eq!("aß€–Ÿ漢".chars().map(win_ansi).collect::<Vec<_>>(), [b'a', 0xdf, 0x80, 0x96, 0x9f, b'?']);
    }
}
