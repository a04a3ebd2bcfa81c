//! Words, boxes, rules and warnings of documents made here.

mod support;

use pdf_writer::types::{AnnotationFlags, FieldType, SystemInfo};
use pdf_writer::{Filter, Finish, Name, Rect, Str, TextStr};
use sheaf_types::{BoundingBox, PageWarning, TextSource};
use support::{add_image, image_over_page, pdf, pdf_with, read_page, text_at, texts};

/// `Hello` in Helvetica of 10 points advances 22.78 points; the font stands 7.5 above and 2.5 below its baseline.
const HELLO: f32 = 22.78;

fn assert_near(actual: BoundingBox, expected: [f32; 4]) {
    let actual: [f32; 4] = actual.into();
    for (a, e) in actual.into_iter().zip(expected) {
        assert!((a - e).abs() < 1e-3, "{actual:?} is not {expected:?}");
    }
}

#[test]
fn words_have_boxes_as_fractions_of_the_displayed_page() {
    let hello = text_at(20.0, 50.0, "Hello");
    let end = 20.0 + HELLO;
    let crop = Rect::new(10.0, 20.0, 110.0, 70.0);
    type Case<'a> = (&'a str, Option<i32>, Option<Rect>, (f32, f32), u8, [f32; 4]);
    let cases: [Case<'_>; 6] = [
        ("upright", None, None, (200.0, 100.0), 0, [0.1, 0.425, end / 200.0, 0.525]),
        ("turned 90", Some(90), None, (100.0, 200.0), 1, [0.475, 0.1, 0.575, end / 200.0]),
        ("turned 180", Some(180), None, (200.0, 100.0), 2, [1.0 - end / 200.0, 0.475, 0.9, 0.575]),
        ("turned 270", Some(270), None, (100.0, 200.0), 3, [0.425, 1.0 - end / 200.0, 0.525, 0.9]),
        ("cropped", None, Some(crop), (100.0, 50.0), 0, [0.1, 0.25, (end - 10.0) / 100.0, 0.45]),
        ("cropped, 90", Some(90), Some(crop), (50.0, 100.0), 1, [0.55, 0.1, 0.75, (end - 10.0) / 100.0]),
    ];
    for (name, rotate, crop_box, size, turn, bbox) in cases {
        let page = read_page(&pdf_with(&hello, |draft| {
            draft.rotate = rotate;
            draft.crop_box = crop_box;
        }));
        assert_eq!(texts(&page), ["Hello"], "{name}");
        assert_eq!((page.width, page.height), size, "{name}");
        assert_eq!(page.words[0].turn, turn, "{name}");
        assert_near(page.words[0].bbox, bbox);
        assert!(page.warnings.is_empty(), "{name}");
    }
}

#[test]
fn a_user_unit_scales_sizes_and_not_fractions() {
    let page = read_page(&pdf_with(&text_at(20.0, 50.0, "Hello"), |draft| draft.user_unit = Some(2.0)));
    assert_eq!((page.width, page.height), (400.0, 200.0));
    assert_eq!(page.words[0].font_size, 20.0);
    assert_near(page.words[0].bbox, [0.1, 0.425, (20.0 + HELLO) / 200.0, 0.525]);
}

#[test]
fn gaps_and_blanks_part_words() {
    for (name, content, expected) in [
        ("a blank", "BT /F1 10 Tf 10 50 Td (net 12.00) Tj ET", vec!["net", "12.00"]),
        ("a gap without a blank", "BT /F1 10 Tf 10 50 Td [(net) -300 (12.00)] TJ ET", vec!["net", "12.00"]),
        ("kerning", "BT /F1 10 Tf 10 50 Td [(T) 120 (o) -60 (tal)] TJ ET", vec!["Total"]),
        ("letter spacing", "BT /F1 10 Tf 3 Tc 10 50 Td (Total) Tj ET", vec!["Total"]),
        ("letter and word spacing", "BT /F1 10 Tf 2 Tc 4 Tw 10 50 Td (to pay) Tj ET", vec!["to", "pay"]),
        (
            "a blank drawn over a number elsewhere",
            "BT /F1 10 Tf 1 0 0 1 10 50 Tm (471102) Tj 1 0 0 1 15 50 Tm ( ) Tj ET",
            vec!["471102"],
        ),
        ("a no-break blank", "BT /F1 10 Tf 10 50 Td (1\\240234) Tj ET", vec!["1", "234"]),
        (
            "a word in two strings that meet",
            "BT /F1 10 Tf 1 0 0 1 10 50 Tm (in) Tj 1 0 0 1 17.78 50 Tm (voice) Tj ET",
            vec!["invoice"],
        ),
        ("a raised sign", "BT /F1 10 Tf 10 50 Td (Total) Tj 4 Ts /F1 6 Tf (1) Tj ET", vec!["Total", "1"]),
        (
            "two columns that nearly touch",
            "BT /F1 10 Tf 1 0 0 1 10 50 Tm (12.00) Tj 1 0 0 1 40 50 Tm (7.00) Tj ET",
            vec!["12.00", "7.00"],
        ),
    ] {
        let page = read_page(&pdf(content));
        let mut words = texts(&page);
        words.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(words, expected, "{name}");
    }
}

#[test]
fn ligatures_and_soft_hyphens_are_what_they_show() {
    let page = read_page(&pdf_with("BT /F2 10 Tf 10 50 Td (A\\255B) Tj ET", |draft| {
        let id = draft.font("F2");
        let mut font = draft.pdf.type1_font(id);
        font.base_font(Name(b"Helvetica"));
        let mut encoding = font.encoding_custom();
        encoding.base_encoding(Name(b"WinAnsiEncoding"));
        encoding.differences().consecutive(65, [Name(b"fi"), Name(b"ffl")]);
    }));
    assert_eq!(texts(&page), ["fi-ffl"]);
}

#[test]
fn text_drawn_twice_for_a_bold_look_is_read_once() {
    let content =
        text_at(20.0, 50.0, "Total") + &text_at(20.3, 50.0, "Total") + &text_at(20.0, 50.2, "Total");
    assert_eq!(texts(&read_page(&pdf(&content))), ["Total"]);
}

#[test]
fn lines_run_from_the_top_and_words_from_the_left_whatever_the_order_drawn() {
    let content = text_at(100.0, 20.0, "d")
        + &text_at(100.0, 80.0, "b")
        + &text_at(20.0, 20.5, "c")
        + &text_at(20.0, 80.5, "a");
    assert_eq!(texts(&read_page(&pdf(&content))), ["a", "b", "c", "d"]);
}

#[test]
fn lines_of_a_leaning_scan_stay_lines() {
    // Two lines, 12 points apart, that sink by 14 points from left to right.
    let columns: Vec<f32> = (0..10).map(|n| 5.0 + 19.0 * n as f32).collect();
    let content: String = columns
        .iter()
        .rev()
        .flat_map(|x| {
            let y = 70.0 - x * 14.0 / 190.0;
            [text_at(*x, y, "a"), text_at(*x, y - 12.0, "b")]
        })
        .collect();
    assert_eq!(texts(&read_page(&pdf(&content))), [["a"; 10], ["b"; 10]].concat());
}

#[test]
fn right_to_left_lines_are_read_from_the_right() {
    let page = read_page(&pdf_with("BT /F2 10 Tf 20 50 Td (CBA 12 ED) Tj ET", |draft| {
        let (id, to_unicode) = (draft.font("F2"), draft.id());
        let mut font = draft.pdf.type1_font(id);
        font.base_font(Name(b"Hebrew"))
            .first_char(0)
            .last_char(255)
            .widths([500.0; 256])
            .to_unicode(to_unicode);
        drop(font);
        draft.pdf.stream(
            to_unicode,
            b"1 beginbfrange <41> <45> <05D0> endbfrange 1 beginbfrange <20> <39> <0020> endbfrange",
        );
    }));
    assert_eq!(texts(&page), ["דה", "12", "אבג"]);
}

#[test]
fn type_3_glyphs_are_known_by_their_names() {
    let page = read_page(&pdf_with("BT /T3 10 Tf 20 50 Td (ab) Tj ET", |draft| {
        let (id, square) = (draft.font("T3"), draft.id());
        draft.pdf.stream(square, b"500 0 d0 0 0 400 700 re f");
        let mut font = draft.pdf.type3_font(id);
        font.bbox(Rect::new(0.0, 0.0, 500.0, 700.0)).matrix([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
        font.first_char(97).last_char(98).widths([500.0, 500.0]);
        font.char_procs().pairs([(Name(b"E"), square), (Name(b"Euro"), square)]);
        font.encoding_custom().differences().consecutive(97, [Name(b"E"), Name(b"Euro")]);
    }));
    assert_eq!(texts(&page), ["E€"]);
    assert_near(page.words[0].bbox, [0.1, 0.425, 0.15, 0.525]);
}

#[test]
fn type_3_fonts_of_any_scale_part_words_alike() {
    // Glyphs 50 units wide and 70 high, drawn at a tenth: five points wide, though the font's size is 1.
    let page = read_page(&pdf_with("BT /T3 1 Tf 20 50 Td [(ab) -6000 (a)] TJ ET", |draft| {
        let (id, square) = (draft.font("T3"), draft.id());
        draft.pdf.stream(square, b"50 0 d0 0 0 40 70 re f");
        let mut font = draft.pdf.type3_font(id);
        font.bbox(Rect::new(0.0, -20.0, 50.0, 80.0)).matrix([0.1, 0.0, 0.0, 0.1, 0.0, 0.0]);
        font.first_char(97).last_char(98).widths([50.0, 50.0]);
        font.char_procs().pairs([(Name(b"a"), square), (Name(b"b"), square)]);
        font.encoding_custom().differences().consecutive(97, [Name(b"a"), Name(b"b")]);
    }));
    assert_eq!(texts(&page), ["ab", "a"]);
    assert_eq!(page.words[0].font_size, 10.0);
}

#[test]
fn codes_without_a_meaning_are_marked_and_make_the_page_undecodable() {
    let page = read_page(&pdf_with("BT /F2 10 Tf 20 50 Td <00410042> Tj ET", |draft| {
        let (id, descendant) = (draft.font("F2"), draft.id());
        draft
            .pdf
            .type0_font(id)
            .base_font(Name(b"Unknown"))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant);
        let mut font = draft.pdf.cid_font(descendant);
        font.subtype(pdf_writer::types::CidFontType::Type0).base_font(Name(b"Unknown"));
        let identity = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
        font.system_info(identity).default_width(500.0);
    }));
    assert_eq!(texts(&page), ["\u{FFFD}\u{FFFD}"]);
    assert_eq!(page.words[0].confidence, 0.0);
    assert_eq!(page.warnings, [PageWarning::Undecodable]);
}

#[test]
fn replacement_text_is_believed_only_where_it_spells_the_same_letters() {
    for (drawn, actual, expected) in [("information", "INFORMATION", "INFORMATION"), ("100", "900", "100")] {
        let content = format!("/Span <</ActualText ({actual})>> BDC {} EMC", text_at(20.0, 50.0, drawn));
        assert_eq!(texts(&read_page(&pdf(&content))), [expected]);
    }
}

#[test]
fn invisible_text_counts_where_it_stands_for_an_image() {
    let hidden = format!("3 Tr {}", text_at(20.0, 50.0, "scanned"));
    assert_eq!(read_page(&pdf(&hidden)).warnings, [PageWarning::Blank]);
    let over_image = String::from_utf8(image_over_page()).unwrap() + "\n" + &hidden;
    assert_eq!(texts(&read_page(&pdf_with(&over_image, add_image))), ["scanned"]);
}

#[test]
fn text_off_the_page_is_left_out() {
    let content = text_at(20.0, 50.0, "in") + &text_at(20.0, 150.0, "above") + &text_at(-80.0, 50.0, "left");
    assert_eq!(texts(&read_page(&pdf(&content))), ["in"]);
}

#[test]
fn a_page_without_text_says_whether_there_is_anything_to_recognise() {
    let image = String::from_utf8(image_over_page()).unwrap();
    for (name, content, expected) in [
        ("an image", image.as_str(), PageWarning::Scanned),
        ("an inline image", "q 50 0 0 50 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q", PageWarning::Scanned),
        ("letters as paths", "10 10 m 20 30 30 30 40 10 c f", PageWarning::Scanned),
        ("nothing", "", PageWarning::Blank),
        ("an empty table", "10 10 100 50 re S", PageWarning::Blank),
    ] {
        let page = read_page(&pdf_with(content, add_image));
        assert!(page.words.is_empty(), "{name}");
        assert_eq!(page.warnings, [expected], "{name}");
    }
}

#[test]
fn a_scan_with_a_stamp_is_a_scan_and_a_letterhead_is_not() {
    let image = String::from_utf8(image_over_page()).unwrap();
    let stamp = image.clone() + "\n" + &text_at(20.0, 50.0, "Received 2024");
    let letter = image
        + "\n"
        + &(0..9).map(|y| text_at(20.0, 10.0 * y as f32, "four words a line")).collect::<String>();
    for (content, expected) in [(stamp, vec![PageWarning::Scanned]), (letter, vec![])] {
        assert_eq!(read_page(&pdf_with(&content, add_image)).warnings, expected);
    }
}

#[test]
fn lines_and_thin_rectangles_are_rules() {
    for (name, content, expected) in [
        ("a stroke", "1 w 20 50 m 120 50 l S", vec![[0.1, 0.495, 0.6, 0.505]]),
        ("a thin rectangle", "20 49 100 2 re f", vec![[0.1, 0.49, 0.6, 0.51]]),
        (
            "a frame",
            "0 w 20 20 100 60 re S",
            vec![[0.1, 0.8, 0.6, 0.8], [0.6, 0.2, 0.6, 0.8], [0.1, 0.2, 0.6, 0.2], [0.1, 0.2, 0.1, 0.8]],
        ),
        ("a shade", "20 20 100 60 re f", vec![]),
        ("a slanted line", "20 20 m 120 60 l S", vec![]),
        ("a curve", "20 20 m 40 60 80 60 120 20 c S", vec![]),
        ("a path that only clips", "20 49 100 2 re W n", vec![]),
    ] {
        let page = read_page(&pdf(content));
        assert_eq!(page.rules.len(), expected.len(), "{name}");
        for (rule, expected) in page.rules.iter().zip(expected) {
            let actual: [f32; 4] = rule.bbox.into();
            for (a, e) in actual.into_iter().zip(expected) {
                assert!((a - e).abs() < 2e-3, "{name}: {actual:?} is not {expected:?}");
            }
        }
    }
}

#[test]
fn bold_is_what_the_font_says() {
    let page =
        read_page(&pdf_with("BT /F1 10 Tf 10 50 Td (plain) Tj /F2 10 Tf 60 0 Td (bold) Tj ET", |draft| {
            let id = draft.font("F2");
            draft.pdf.type1_font(id).base_font(Name(b"Helvetica-Bold"));
        }));
    assert_eq!(page.words.iter().map(|word| word.bold).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_field_without_an_appearance_gives_its_value() {
    let page = read_page(&pdf_with("", |draft| {
        let id = draft.annotation();
        let mut field = draft.pdf.form_field(id);
        field.field_type(FieldType::Text).text_value(TextStr("Jane Doe"));
        field.vartext_default_appearance(Str(b"/Helv 10 Tf 0 g"));
        let mut widget = field.into_annotation();
        widget.subtype(pdf_writer::types::AnnotationType::Widget).rect(Rect::new(20.0, 40.0, 120.0, 60.0));
    }));
    assert_eq!(texts(&page), ["Jane", "Doe"]);
    assert!(page.words.iter().all(|word| word.source == TextSource::Form));
    let field = BoundingBox { x0: 0.1, y0: 0.4, x1: 0.6, y1: 0.6 };
    assert!(page.words.iter().all(|word| field.contains(word.bbox, 1e-4)));
    assert!(page.warnings.is_empty());
}

#[test]
fn a_field_with_an_appearance_is_read_once() {
    let page = read_page(&pdf_with("", |draft| {
        let (id, appearance) = (draft.annotation(), draft.id());
        let mut form = draft.pdf.form_xobject(appearance, b"BT /F1 10 Tf 2 5 Td (Jane) Tj ET");
        form.bbox(Rect::new(0.0, 0.0, 100.0, 20.0));
        form.finish();
        let mut field = draft.pdf.form_field(id);
        field.field_type(FieldType::Text).text_value(TextStr("Jane"));
        let mut widget = field.into_annotation();
        widget.subtype(pdf_writer::types::AnnotationType::Widget).rect(Rect::new(20.0, 40.0, 120.0, 60.0));
        widget.appearance().normal().stream(appearance);
    }));
    assert_eq!(texts(&page), ["Jane"]);
    assert_eq!(page.words[0].source, TextSource::Text);
}

#[test]
fn hidden_fields_and_empty_boxes_say_nothing_and_checked_boxes_do() {
    for (flags, state, expected) in [
        (AnnotationFlags::PRINT, "Yes", vec!["☒"]),
        (AnnotationFlags::PRINT, "Married", vec!["Married"]),
        (AnnotationFlags::PRINT, "Off", vec![]),
        (AnnotationFlags::HIDDEN, "Yes", vec![]),
    ] {
        let page = read_page(&pdf_with("", |draft| {
            let id = draft.annotation();
            let mut field = draft.pdf.form_field(id);
            field.field_type(FieldType::Button);
            let mut widget = field.into_annotation();
            widget.subtype(pdf_writer::types::AnnotationType::Widget).rect(Rect::new(20.0, 40.0, 30.0, 50.0));
            widget.flags(flags).appearance_state(Name(state.as_bytes()));
        }));
        assert_eq!(texts(&page), expected);
    }
}

#[test]
fn content_that_cannot_be_unfolded_leaves_a_page_with_a_warning() {
    let page = read_page(&pdf_with("q 1 0 0 1 0 0 cm /Fm Do Q", |draft| {
        let id = draft.x_object("Fm");
        let mut form = draft.pdf.form_xobject(id, b"this is not deflated");
        form.bbox(Rect::new(0.0, 0.0, 100.0, 20.0)).filter(Filter::DctDecode);
    }));
    assert_eq!(page.warnings, [PageWarning::Damaged, PageWarning::Blank]);
}

#[test]
fn forms_that_draw_themselves_are_drawn_once() {
    let page = read_page(&pdf_with("/Fm Do", |draft| {
        let id = draft.x_object("Fm");
        let mut form = draft.pdf.form_xobject(id, b"BT /F1 10 Tf 20 50 Td (once) Tj ET /Fm Do /Fm Do");
        form.bbox(Rect::new(0.0, 0.0, 200.0, 100.0));
    }));
    assert_eq!(texts(&page), ["once"]);
}

#[test]
fn reading_twice_gives_the_same_bytes() {
    let bytes = pdf(&(text_at(20.0, 50.0, "Hello world") + "20 40 m 100 40 l S"));
    assert_eq!(read_page(&bytes), read_page(&bytes));
}
