//! Pages drawn here, made into scans, and read back.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::explicit_write, reason = "tests keep what `eprintln!` prints to themselves")]

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use image::imageops::{rotate90, rotate180, rotate270};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};
use sheaf_extract::ocr::{Engines, Missing, OcrConfig};
use sheaf_extract::{Limits, draw_page, read, read_with_ocr};
use sheaf_types::{BoundingBox, Document, MediaType, PageWarning, TextSource, Word};

/// Lines of the drawn page: text, x and y in points, size.
const LETTER: [(&str, f32, f32, f32); 6] = [
    ("Harbour Supplies Limited", 60.0, 760.0, 18.0),
    ("Invoice number 48213-7", 60.0, 700.0, 12.0),
    ("Issued on 14 March 2023 in Rotterdam", 60.0, 680.0, 12.0),
    ("Twelve folding chairs and one table", 60.0, 640.0, 12.0),
    ("Total amount due", 60.0, 600.0, 12.0),
    ("1,284.50", 400.0, 600.0, 12.0),
];

/// A PDF with one page of text, and a picture where one is given: pixels, and its place in points. Over one that fills the
/// page, the text is a layer without ink.
fn pdf(
    lines: &[(&str, f32, f32, f32)],
    (width, height): (f32, f32),
    picture: Option<(&RgbImage, Rect)>,
) -> Vec<u8> {
    let [catalog, pages, page, font, content, image] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut writer = pdf.page(page);
    writer.parent(pages).media_box(Rect::new(0.0, 0.0, width, height)).contents(content);
    let mut resources = writer.resources();
    resources.fonts().pair(Name(b"F"), font);
    resources.x_objects().pair(Name(b"I"), image);
    resources.finish();
    writer.finish();
    pdf.type1_font(font).base_font(Name(b"Helvetica"));
    let mut drawing = Content::new();
    if picture.is_some_and(|(_, place)| place.x2 - place.x1 >= width) {
        drawing.set_text_rendering_mode(TextRenderingMode::Invisible);
    }
    for &(text, x, y, size) in lines {
        drawing.begin_text().set_font(Name(b"F"), size).next_line(x, y).show(Str(text.as_bytes())).end_text();
    }
    if let Some((pixels, place)) = picture {
        drawing.save_state();
        drawing.transform([place.x2 - place.x1, 0.0, 0.0, place.y2 - place.y1, place.x1, place.y1]);
        drawing.x_object(Name(b"I")).restore_state();
        let mut jpeg = Cursor::new(Vec::new());
        pixels.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let mut object = pdf.image_xobject(image, jpeg.get_ref());
        object.filter(Filter::DctDecode);
        object.width(pixels.width() as i32).height(pixels.height() as i32);
        object.color_space().device_rgb();
        object.bits_per_component(8);
    }
    pdf.stream(content, &drawing.finish());
    pdf.finish()
}

fn letter() -> Vec<u8> {
    pdf(&LETTER, (595.0, 842.0), None)
}

/// The first page of a PDF, drawn.
fn drawn(file: &[u8], width: u32) -> RgbImage {
    draw_page(file, MediaType::Pdf, 1, width, &Limits::default()).unwrap()
}

fn encoded(pixels: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    pixels.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// The engine, loaded once: it is not made for two at a time. `None` where it is not installed, which is said aloud.
fn tesseract() -> Option<MutexGuard<'static, Engines>> {
    static ENGINES: OnceLock<Mutex<Engines>> = OnceLock::new();
    let load =
        || Mutex::new(Engines::load(&OcrConfig { languages: vec!["eng".into()], ..OcrConfig::default() }));
    let engines = ENGINES.get_or_init(load).lock().unwrap_or_else(PoisonError::into_inner);
    if engines.can_read() && engines.missing().is_empty() {
        return Some(engines);
    }
    for missing in engines.missing() {
        writeln!(std::io::stderr(), "SKIPPED a test of Tesseract: {missing}").unwrap();
    }
    None
}

fn models() -> Option<Engines> {
    let folder = std::env::var_os("SHEAF_MODELS").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share/sheaf/models"))
    });
    let engines = Engines::load(&OcrConfig { languages: Vec::new(), tessdata: None, models: folder });
    if engines.can_read() {
        return Some(engines);
    }
    writeln!(std::io::stderr(), "SKIPPED a test of the PP-OCR models: run scripts/setup ocr").unwrap();
    None
}

fn words(document: &Document) -> Vec<&Word> {
    document.pages.iter().flat_map(|page| &page.words).collect()
}

fn text(document: &Document) -> String {
    words(document).iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn whole_text() -> String {
    LETTER.map(|(text, ..)| text).join(" ")
}

/// Checks that each word stands where the PDF states it, after its place went through `turn`.
fn check_places(found: &Document, turn: impl Fn(BoundingBox) -> BoundingBox) {
    let stated = read(&letter(), MediaType::Pdf, &Limits::default()).unwrap();
    let found = words(found);
    for word in words(&stated) {
        let place = turn(word.bbox);
        let same = found.iter().find(|found| found.text == word.text).unwrap();
        assert!(place.contains(same.bbox, 0.006), "{}: {:?} is not in {place:?}", word.text, same.bbox);
        let covered = same.bbox.width() * same.bbox.height() / (place.width() * place.height());
        assert!(covered > 0.4, "{}: {:?} covers too little of {place:?}", word.text, same.bbox);
    }
}

#[test]
fn an_image_of_each_format_is_read_with_boxes() {
    let Some(engines) = tesseract() else { return };
    let page = drawn(&letter(), 1240);
    for (format, media_type) in [
        (ImageFormat::Png, MediaType::Png),
        (ImageFormat::Jpeg, MediaType::Jpeg),
        (ImageFormat::Tiff, MediaType::Tiff),
        (ImageFormat::WebP, MediaType::Webp),
    ] {
        let file = encoded(&page, format);
        assert_eq!(MediaType::sniff(&file), Some(media_type));
        let document = read_with_ocr(&file, media_type, &engines, &Limits::default()).unwrap();
        assert_eq!(text(&document), whole_text(), "{media_type}");
        assert!(document.pages[0].warnings.is_empty());
        assert!(words(&document).iter().all(|word| word.source == TextSource::Tesseract && word.turn == 0));
        assert!(engines.used_on(&document).unwrap().starts_with("tesseract 5"));
        check_places(&document, |place| place);
    }
}

#[test]
fn a_turned_page_is_read_and_its_words_stand_where_they_are_displayed() {
    let Some(engines) = tesseract() else { return };
    let page = drawn(&letter(), 1240);
    let quarter = |b: BoundingBox| BoundingBox { x0: 1.0 - b.y1, y0: b.x0, x1: 1.0 - b.y0, y1: b.x1 };
    for (turn, turned) in [(1, rotate90(&page)), (2, rotate180(&page)), (3, rotate270(&page))] {
        let file = encoded(&turned, ImageFormat::Png);
        let document = read_with_ocr(&file, MediaType::Png, &engines, &Limits::default()).unwrap();
        assert_eq!(text(&document), whole_text(), "turned by {turn}");
        assert!(words(&document).iter().all(|word| word.turn == turn), "{:?}", words(&document)[0]);
        check_places(&document, |place| (0..turn).fold(place, |place, _| quarter(place)));
    }
}

#[test]
fn a_scan_in_a_pdf_is_read() {
    let Some(engines) = tesseract() else { return };
    let page = drawn(&letter(), 1240);
    let scan = pdf(&[], (595.0, 842.0), Some((&page, Rect::new(0.0, 0.0, 595.0, 842.0))));
    let unread = read(&scan, MediaType::Pdf, &Limits::default()).unwrap();
    assert_eq!(unread.pages[0].warnings, [PageWarning::Scanned]);
    let document = read_with_ocr(&scan, MediaType::Pdf, &engines, &Limits::default()).unwrap();
    assert_eq!(text(&document), whole_text());
    assert!(document.pages[0].warnings.is_empty());
    check_places(&document, |place| place);
}

#[test]
fn a_page_of_text_and_a_scan_gives_both_and_nothing_twice() {
    let Some(engines) = tesseract() else { return };
    let picture =
        drawn(&pdf(&[("Scanned receipt number 77120", 20.0, 80.0, 14.0)], (300.0, 150.0), None), 900);
    let stated = [("Expenses of the harbour office", 60.0, 780.0, 12.0)];
    let file = pdf(&stated, (595.0, 842.0), Some((&picture, Rect::new(60.0, 300.0, 500.0, 520.0))));
    let document = read_with_ocr(&file, MediaType::Pdf, &engines, &Limits::default()).unwrap();
    assert_eq!(text(&document), "Expenses of the harbour office Scanned receipt number 77120");
    let sources: Vec<TextSource> = words(&document).iter().map(|word| word.source).collect();
    assert_eq!(sources, [[TextSource::Text; 5].as_slice(), &[TextSource::Tesseract; 4]].concat());
    let place = BoundingBox { x0: 60.0 / 595.0, y0: 322.0 / 842.0, x1: 500.0 / 595.0, y1: 542.0 / 842.0 };
    assert!(words(&document)[5..].iter().all(|word| place.contains(word.bbox, 0.002)));
}

#[test]
fn what_is_transparent_is_paper() {
    let Some(engines) = tesseract() else { return };
    let page = drawn(&letter(), 1240);
    let ink = |x, y| Rgba([0, 0, 0, 255 - page.get_pixel(x, y).0[1]]);
    let transparent = RgbaImage::from_fn(page.width(), page.height(), ink);
    let mut file = Cursor::new(Vec::new());
    transparent.write_to(&mut file, ImageFormat::Png).unwrap();
    let document = read_with_ocr(file.get_ref(), MediaType::Png, &engines, &Limits::default()).unwrap();
    assert_eq!(text(&document), whole_text());
}

#[test]
fn a_tilted_page_under_uneven_light_is_read() {
    let Some(engines) = tesseract() else { return };
    let page = drawn(&letter(), 1240);
    let (sin, cos) = 2.5_f64.to_radians().sin_cos();
    let (cx, cy) = (f64::from(page.width()) / 2.0, f64::from(page.height()) / 2.0);
    let tilted = RgbImage::from_fn(page.width(), page.height(), |x, y| {
        let (dx, dy) = (f64::from(x) - cx, f64::from(y) - cy);
        let (u, v) = (cx + cos * dx + sin * dy, cy - sin * dx + cos * dy);
        let level = image::imageops::interpolate_bilinear(&page, u as f32, v as f32).unwrap_or(Rgb([255; 3]));
        let light = 0.45 + 0.5 * x as f32 / page.width() as f32;
        Rgb(level.0.map(|c| (f32::from(c) * light) as u8))
    });
    let file = encoded(&tilted, ImageFormat::Png);
    let document = read_with_ocr(&file, MediaType::Png, &engines, &Limits::default()).unwrap();
    assert_eq!(text(&document), whole_text());
    // "1,284.50" stands right of the middle: turned clockwise, it comes to stand lower.
    let amount = *words(&document).last().unwrap();
    let (x, y) = (420.0 * 1240.0 / 595.0 - cx, 238.0 * 1240.0 / 595.0 - cy);
    let expected = ((cx + cos * x - sin * y) / 1240.0, (cy + sin * x + cos * y) / f64::from(page.height()));
    let b = amount.bbox;
    let (x, y) = (f32::midpoint(b.x0, b.x1), f32::midpoint(b.y0, b.y1));
    assert!(
        (f64::from(x) - expected.0).abs() < 0.02 && (f64::from(y) - expected.1).abs() < 0.01,
        "{b:?} {expected:?}"
    );
}

const SENTENCES: [&str; 4] = [
    "The registrant named above keeps an office in the harbour",
    "It has served the shipping company for more than six years",
    "No other agreement between the two parties is known to us",
    "This statement was signed by the secretary of the company",
];

#[test]
fn a_bad_text_layer_is_read_again_and_a_good_one_is_kept() {
    let Some(engines) = tesseract() else { return };
    let lines = SENTENCES.iter().zip([700.0, 660.0, 620.0, 580.0]).map(|(text, y)| (*text, 60.0, y, 14.0));
    let lines: Vec<(&str, f32, f32, f32)> = lines.collect();
    let picture = drawn(&pdf(&lines, (595.0, 842.0), None), 1654);
    let sheet = (595.0, 842.0);
    let scan = Some((&picture, Rect::new(0.0, 0.0, 595.0, 842.0)));
    let bad = "Tbc rcg~istr}nt nTmcd |bovc kccps lNtErN FTRZT sTrvcd }gr{{mcnt ";
    let bad: Vec<(&str, f32, f32, f32)> = lines.iter().map(|line| (bad, line.1, line.2, 12.0)).collect();
    let document =
        read_with_ocr(&pdf(&bad, sheet, scan), MediaType::Pdf, &engines, &Limits::default()).unwrap();
    let text: Vec<&str> = document.pages[0].words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(text.join(" "), SENTENCES.join(" "));
    assert!(document.pages[0].words.iter().all(|word| word.source == TextSource::Tesseract));

    let document =
        read_with_ocr(&pdf(&lines, sheet, scan), MediaType::Pdf, &engines, &Limits::default()).unwrap();
    assert!(document.pages[0].words.iter().all(|word| word.source == TextSource::Text));
}

#[test]
fn words_of_a_text_layer_are_checked() {
    let Some(engines) = tesseract() else { return };
    let sheet = (595.0, 842.0);
    let mut layer = LETTER.to_vec();
    layer.extend(SENTENCES.iter().zip([150.0, 120.0, 90.0, 60.0]).map(|(text, y)| (*text, 60.0, y, 14.0)));
    let count = layer.iter().flat_map(|line| line.0.split(' ')).count();
    let picture = drawn(&pdf(&layer, sheet, None), 1654);
    layer[3].0 = "Twelve folding chalrs and one table";
    layer.push(("9,999.00", 400.0, 500.0, 12.0));
    let scan = Some((&picture, Rect::new(0.0, 0.0, sheet.0, sheet.1)));
    let document =
        read_with_ocr(&pdf(&layer, sheet, scan), MediaType::Pdf, &engines, &Limits::default()).unwrap();
    let words = words(&document);
    let found = |text: &str| words.iter().find(|word| word.text == text).unwrap();
    assert!(words.iter().all(|word| word.text != "chalrs"));
    assert_eq!(found("chairs").source, TextSource::Tesseract);
    // Nothing stands there on the picture.
    assert_eq!((found("9,999.00").source, found("9,999.00").confidence), (TextSource::Text, 0.6));
    let rest = || words.iter().filter(|word| !["chairs", "9,999.00"].contains(&&*word.text));
    assert!(rest().all(|word| word.source == TextSource::Text && word.confidence == 1.0));
    assert_eq!(rest().count(), count - 1);
}

#[test]
fn a_text_layer_that_is_wrong_all_over_gives_way() {
    let Some(engines) = tesseract() else { return };
    let sheet = (595.0, 842.0);
    let picture = drawn(&pdf(&LETTER, sheet, None), 1654);
    let wrong = LETTER.map(|line| line.0.replace('e', "c").replace("an", "am"));
    let layer: Vec<(&str, f32, f32, f32)> =
        LETTER.iter().zip(&wrong).map(|(line, text)| (&**text, line.1, line.2, line.3)).collect();
    let scan = Some((&picture, Rect::new(0.0, 0.0, sheet.0, sheet.1)));
    let document =
        read_with_ocr(&pdf(&layer, sheet, scan), MediaType::Pdf, &engines, &Limits::default()).unwrap();
    assert_eq!(text(&document), whole_text());
    assert!(words(&document).iter().all(|word| word.source == TextSource::Tesseract));
    // The layer doubts what it has otherwise.
    let least = words(&document).iter().map(|word| word.confidence).fold(1.0, f32::min);
    assert!(least < 0.8, "{least}");
}

#[test]
fn a_blank_scan_is_blank() {
    let Some(engines) = tesseract() else { return };
    let file = encoded(&RgbImage::from_pixel(620, 877, Rgb([250, 249, 247])), ImageFormat::Png);
    let document = read_with_ocr(&file, MediaType::Png, &engines, &Limits::default()).unwrap();
    assert_eq!((document.pages[0].words.len(), &*document.pages[0].warnings), (0, &[PageWarning::Blank][..]));
}

#[test]
fn a_receipt_is_read_by_the_models_in_either_direction() {
    let Some(engines) = models() else { return };
    let lines = [
        ("CORNER GROCERY", 30.0, 330.0, 14.0),
        ("Receipt 00417", 20.0, 290.0, 11.0),
        ("Apples", 20.0, 250.0, 11.0),
        ("3.20", 165.0, 250.0, 11.0),
        ("TOTAL", 20.0, 200.0, 12.0),
        ("3.20", 160.0, 200.0, 12.0),
        ("Date 05/11/2022", 20.0, 160.0, 11.0),
    ];
    let receipt = drawn(&pdf(&lines, (220.0, 380.0), None), 600);
    let expected = "CORNER GROCERY Receipt 00417 Apples 3.20 TOTAL 3.20 Date 05/11/2022";
    for (turn, image) in [(0, receipt.clone()), (2, rotate180(&receipt))] {
        let file = encoded(&image, ImageFormat::Png);
        let document = read_with_ocr(&file, MediaType::Png, &engines, &Limits::default()).unwrap();
        assert_eq!(text(&document), expected, "turned by {turn}");
        assert!(words(&document).iter().all(|word| word.source == TextSource::Paddle && word.turn == turn));
        assert_eq!(engines.used_on(&document).as_deref(), Some("pp-ocrv6"));
        let total = words(&document).into_iter().find(|word| word.text == "TOTAL").unwrap().bbox;
        let place = BoundingBox { x0: 20.0 / 220.0, y0: 168.0 / 380.0, x1: 65.0 / 220.0, y1: 182.0 / 380.0 };
        let place = match turn {
            0 => place,
            _ => {
                BoundingBox { x0: 1.0 - place.x1, y0: 1.0 - place.y1, x1: 1.0 - place.x0, y1: 1.0 - place.y0 }
            }
        };
        assert!(total.iou(place) > 0.4, "{total:?} is not {place:?}");
    }
}

#[test]
fn without_engines_an_image_says_that_it_is_a_scan() {
    let page = DynamicImage::from(drawn(&letter(), 300));
    let mut file = Cursor::new(Vec::new());
    page.write_to(&mut file, ImageFormat::Png).unwrap();
    let document = read(file.get_ref(), MediaType::Png, &Limits::default()).unwrap();
    assert_eq!(document.pages[0].warnings, [PageWarning::Scanned]);
    assert!(document.is_textless());
}

#[test]
fn what_is_missing_names_the_way_out() {
    let nowhere = PathBuf::from("/nowhere/at/all");
    let config = OcrConfig {
        languages: vec!["eng".into(), "chi_sim".into(), "../etc/passwd".into()],
        tessdata: Some(nowhere.clone()),
        models: Some(nowhere.clone()),
    };
    let engines = Engines::load(&config);
    assert!(!engines.can_read());
    assert!(engines.missing().contains(&Missing::Models(nowhere)));
    let sentences: Vec<String> = engines.missing().iter().map(ToString::to_string).collect();
    assert!(
        sentences.iter().any(|s| s.ends_with("run: apt-get install tesseract-ocr-chi-sim")),
        "{sentences:?}"
    );
}
