//! From a sheet to the bytes of a PDF.

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::font::{Face, encode};
use crate::sheet::{Color, Item, Paper, Sheet, Style};

/// How a program writes a run of text: what a reader has to put together again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// A run as one string.
    Lines,
    /// Each word placed on its own, without blanks.
    Words,
    /// Strings of a few characters with adjustments between them; blanks are adjustments too.
    Pieces,
}

impl Writing {
    pub(crate) const ALL: [Self; 3] = [Self::Lines, Self::Words, Self::Pieces];
}

const PICTURE: Name = Name(b"Im0");

/// The sheet as a PDF file.
pub(crate) fn write(sheet: &Sheet, title: &str, writing: Writing) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, info) = (next(), next(), next());
    let fonts = Face::ALL.map(|face| (face, next()));
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("sheaf samples"));
    for (face, id) in fonts {
        pdf.type1_font(id).base_font(face.names().1).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let mut kids = Vec::new();
    for items in &sheet.pages {
        let (page_id, content_id) = (next(), next());
        kids.push(page_id);
        let picture = items.iter().find_map(|item| match item {
            Item::Picture { width, height, samples } => Some((next(), *width, *height, samples)),
            _ => None,
        });
        let paper = sheet.paper;
        let (width, height) = match paper.rotate {
            90 | 270 => (paper.height, paper.width),
            _ => (paper.width, paper.height),
        };
        let bleed = paper.bleed;
        let mut page = pdf.page(page_id);
        page.parent(tree).contents(content_id);
        page.media_box(Rect::new(0.0, 0.0, width + 2.0 * bleed, height + 2.0 * bleed));
        if bleed > 0.0 {
            page.crop_box(Rect::new(bleed, bleed, width + bleed, height + bleed));
        }
        if paper.rotate != 0 {
            page.rotate(paper.rotate);
        }
        let mut resources = page.resources();
        if let Some((id, ..)) = picture {
            resources.x_objects().pair(PICTURE, id);
        }
        let mut dictionary = resources.fonts();
        for (face, id) in fonts {
            dictionary.pair(face.names().0, id);
        }
        dictionary.finish();
        resources.finish();
        page.finish();

        let content = compress_to_vec_zlib(&content(items, paper, writing), 9);
        pdf.stream(content_id, &content).filter(Filter::FlateDecode);
        if let Some((id, width, height, samples)) = picture {
            let (samples, bits) = pack(samples, width as usize);
            let samples = compress_to_vec_zlib(&samples, 9);
            let mut image = pdf.image_xobject(id, &samples);
            image.filter(Filter::FlateDecode);
            image.width(width as i32).height(height as i32);
            image.color_space().device_gray();
            image.bits_per_component(bits);
        }
    }
    let count = kids.len() as i32;
    pdf.pages(tree).kids(kids).count(count);
    pdf.finish()
}

/// Samples that are all black or white take a bit each, others a byte.
fn pack(samples: &[u8], width: usize) -> (Vec<u8>, i32) {
    if samples.iter().any(|&sample| sample != 0 && sample != 255) {
        return (samples.to_vec(), 8);
    }
    let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |byte, (i, bit)| byte | ((bit >> 7) << (7 - i)));
    (samples.chunks(width).flat_map(|row| row.chunks(8).map(byte)).collect(), 1)
}

fn content(items: &[Item], paper: Paper, writing: Writing) -> Vec<u8> {
    let Paper { width, height, rotate, bleed } = paper;
    let mut content = Content::new();
    // From points right and up from the displayed page's lower left corner to the page's own space.
    content.transform(match rotate {
        90 => [0.0, 1.0, -1.0, 0.0, height + bleed, bleed],
        180 => [-1.0, 0.0, 0.0, -1.0, width + bleed, height + bleed],
        270 => [0.0, -1.0, 1.0, 0.0, bleed, width + bleed],
        _ => [1.0, 0.0, 0.0, 1.0, bleed, bleed],
    });
    let up = |y: f32| height - y;
    for item in items {
        match item {
            Item::Text { x, y, style, text } => show(&mut content, (*x, up(*y)), *style, text, writing),
            Item::Line { from, to, width, color } => {
                let [r, g, b] = components(*color);
                content.set_stroke_rgb(r, g, b).set_line_width(*width);
                content.move_to(from.0, up(from.1)).line_to(to.0, up(to.1)).stroke();
            }
            Item::Shape { points, color } => {
                let [r, g, b] = components(*color);
                content.set_fill_rgb(r, g, b);
                for (i, &(x, y)) in points.iter().enumerate() {
                    if i == 0 {
                        content.move_to(x, up(y));
                    } else {
                        content.line_to(x, up(y));
                    }
                }
                content.close_path().fill_nonzero();
            }
            Item::Picture { .. } => {
                content.save_state().transform([width, 0.0, 0.0, height, 0.0, 0.0]);
                content.x_object(PICTURE).restore_state();
            }
        }
    }
    content.finish().into_vec()
}

fn components(color: Color) -> [f32; 3] {
    color.map(|c| (f32::from(c) / 255.0 * 1000.0).round() / 1000.0)
}

/// Two decimals are a tenth of what a printer can show, and keep the files small.
fn tidy(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}

fn show(content: &mut Content, (x, y): (f32, f32), style: Style, text: &str, writing: Writing) {
    let [r, g, b] = components(style.color);
    let (x, y) = (tidy(x), tidy(y));
    content.begin_text();
    content.set_fill_rgb(r, g, b).set_font(style.face.names().0, style.size);
    match writing {
        Writing::Lines => {
            content.next_line(x, y).show(Str(&encode(text)));
        }
        Writing::Words => {
            let mut done = String::new();
            for word in text.split_inclusive(' ') {
                let at = tidy(x + style.width(&done));
                content.set_text_matrix([1.0, 0.0, 0.0, 1.0, at, y]).show(Str(&encode(word.trim_end())));
                done.push_str(word);
            }
        }
        Writing::Pieces => {
            content.next_line(x, y);
            let mut shown = content.show_positioned();
            let mut pieces = shown.items();
            let blank = style.width(" ") / style.size * 1000.0;
            for word in text.split_inclusive(' ') {
                for piece in encode(word.trim_end()).chunks(3) {
                    pieces.show(Str(piece));
                }
                if word.ends_with(' ') {
                    pieces.adjust(-blank);
                }
            }
        }
    }
    content.end_text();
}
