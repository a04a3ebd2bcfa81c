//! Files that are damaged, locked, or made to hurt.

mod support;

use std::io::Read;
use std::time::Duration;

use flate2::Compression;
use flate2::read::ZlibEncoder;
use pdf_writer::types::{CidFontType, SystemInfo};
use pdf_writer::{Filter, Name, Rect, Ref, Str};
use proptest::prelude::*;
use sheaf_extract::{Limits, ReadError, read};
use sheaf_types::{ErrorCode, MediaType, PageWarning};
use support::{pdf, pdf_with, read_bytes, read_page, text_at, texts};

fn read_within(bytes: &[u8], limits: Limits) -> Result<sheaf_types::Document, ReadError> {
    read(bytes, MediaType::Pdf, &limits)
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::new();
    let mut encoder = ZlibEncoder::new(data, Compression::best());
    encoder.read_to_end(&mut deflated).unwrap_or_else(|error| panic!("memory is readable: {error}"));
    deflated
}

#[test]
fn files_that_open_with_the_empty_password_are_read() {
    for bytes in [
        &include_bytes!("fixtures/empty_password_aes256.pdf")[..],
        include_bytes!("fixtures/empty_password_aes128.pdf"),
        include_bytes!("fixtures/empty_password_rc4.pdf"),
    ] {
        assert_eq!(texts(&read_page(bytes)), ["secret"]);
    }
}

#[test]
fn each_failure_has_its_code_and_says_what_to_do() {
    let whole = pdf(&text_at(20.0, 50.0, "Hello"));
    let no_pages = b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
        2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\ntrailer <</Root 1 0 R>>";
    let limits = Limits::default();
    for (name, bytes, limits, expected) in [
        ("empty", &b""[..], limits, ErrorCode::UnsupportedType),
        ("another format", b"PK\x03\x04 not a PDF", limits, ErrorCode::UnsupportedType),
        ("a header alone", b"%PDF-1.7\n", limits, ErrorCode::Corrupt),
        ("garbage after the header", b"%PDF-1.7\n\xFF\x00\x12 obj endobj stream", limits, ErrorCode::Corrupt),
        ("no pages", no_pages, limits, ErrorCode::Corrupt),
        ("a password", include_bytes!("fixtures/password.pdf"), limits, ErrorCode::Encrypted),
        ("too large", &whole, Limits { max_bytes: 100, ..limits }, ErrorCode::FileTooLarge),
        ("too many pages", &whole, Limits { max_pages: 0, ..limits }, ErrorCode::TooManyPages),
        ("too slow", &whole, Limits { max_duration: Duration::ZERO, ..limits }, ErrorCode::Timeout),
    ] {
        let error = read_within(bytes, limits).expect_err(name);
        assert_eq!(error.code(), expected, "{name}");
        let message = error.to_string();
        assert!(message.contains(';') && !message.ends_with('.'), "{name}: {message}");
    }
}

#[test]
fn damaged_files_give_what_is_left() {
    let whole = pdf(&text_at(20.0, 50.0, "Hello"));
    let start = whole.windows(4).rposition(|w| w == b"xref").unwrap();
    let broken_table = [&whole[..start], b"xref\n0 1\nstartxref\n99999999\n%%EOF"].concat();
    let junk_first = [b"\n\n\x00junk before\n", &whole[..]].concat();
    let shifted: Vec<u8> =
        String::from_utf8_lossy(&whole).replace("startxref\n", "startxref\n1").into_bytes();
    for (name, bytes) in [
        ("no end", whole[..start].to_vec()),
        ("a broken table", broken_table),
        ("junk before the header", junk_first),
        ("a wrong offset of the table", shifted),
    ] {
        assert_eq!(texts(&read_page(&bytes)), ["Hello"], "{name}");
    }
}

#[test]
fn a_form_cut_short_gives_its_first_part_and_a_warning() {
    let content: String = (0..200).map(|n| text_at(20.0, 50.0, &format!("word{n}"))).collect();
    let data = deflated(content.as_bytes());
    let page = read_page(&pdf_with("/Fm Do", |draft| {
        let id = draft.x_object("Fm");
        let mut form = draft.pdf.form_xobject(id, &data[..data.len() / 2]);
        form.bbox(Rect::new(0.0, 0.0, 200.0, 100.0)).filter(Filter::FlateDecode);
    }));
    assert_eq!(page.warnings, [PageWarning::Damaged]);
    assert!(texts(&page).contains(&"word0") && !texts(&page).contains(&"word199"));
}

#[test]
fn a_limit_on_a_page_cuts_it_and_says_so() {
    let bytes = pdf(&text_at(20.0, 50.0, "Hello world"));
    let document = read_within(&bytes, Limits { max_glyphs_per_page: 5, ..Limits::default() }).unwrap();
    assert_eq!(texts(&document.pages[0]), ["Hello"]);
    assert_eq!(document.pages[0].warnings, [PageWarning::Truncated]);
}

#[test]
fn rules_are_bounded() {
    let lines: String = (0..100).map(|y| format!("20 {y} m 120 {y} l S\n")).collect();
    let document = read_within(&pdf(&lines), Limits { max_rules_per_page: 10, ..Limits::default() }).unwrap();
    assert_eq!(document.pages[0].rules.len(), 10);
}

#[test]
fn a_bomb_is_not_unfolded() {
    let bomb = deflated(&vec![b' '; 4_000_000]);
    let twice = deflated(&bomb);
    let limits = Limits { max_stream_bytes: 1_000_000, ..Limits::default() };
    for (name, data, filters) in [("once", &bomb, 1), ("twice", &twice, 2)] {
        let bytes = pdf_with(&("/Fm Do ".to_owned() + &text_at(20.0, 50.0, "after")), |draft| {
            let id = draft.x_object("Fm");
            let mut form = draft.pdf.form_xobject(id, data);
            form.bbox(Rect::new(0.0, 0.0, 10.0, 10.0));
            if filters == 1 {
                form.filter(Filter::FlateDecode);
            } else {
                form.insert(Name(b"Filter")).array().items([Name(b"FlateDecode"); 2]);
            }
        });
        let document = read_within(&bytes, limits).unwrap();
        assert_eq!(document.pages[0].warnings, [PageWarning::Truncated], "{name}");
        assert_eq!(texts(&document.pages[0]), ["after"], "{name}");
    }
}

#[test]
fn forms_that_multiply_end() {
    let bytes = pdf_with("/Fm0 Do", |draft| {
        for number in 0..25 {
            let id = draft.x_object(format!("Fm{number}"));
            let content = format!("/Fm{0} Do /Fm{0} Do", number + 1);
            draft.pdf.form_xobject(id, content.as_bytes()).bbox(Rect::new(0.0, 0.0, 10.0, 10.0));
        }
    });
    assert_eq!(read_page(&bytes).warnings, [PageWarning::Truncated, PageWarning::Blank]);
}

#[test]
fn fonts_that_state_widths_for_billions_of_codes_do_no_harm() {
    let bytes = pdf_with("BT /F2 10 Tf 20 50 Td <0041> Tj ET", |draft| {
        let (id, descendant) = (draft.font("F2"), draft.id());
        draft
            .pdf
            .type0_font(id)
            .base_font(Name(b"Wide"))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(descendant);
        let mut font = draft.pdf.cid_font(descendant);
        let identity = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
        font.subtype(CidFontType::Type0).base_font(Name(b"Wide")).system_info(identity);
        let mut ranges = font.insert(Name(b"W")).array();
        for _ in 0..1_000 {
            ranges.item(0).item(i32::MAX).item(500);
        }
    });
    assert_eq!(texts(&read_page(&bytes)), ["\u{FFFD}"]);
    let bytes = pdf_with("BT /F2 10 Tf 20 50 Td (A) Tj ET", |draft| {
        let id = draft.font("F2");
        let mut font = draft.pdf.indirect(id).dict();
        font.pair(Name(b"Type"), Name(b"Font")).pair(Name(b"Subtype"), Name(b"Type1"));
        font.pair(Name(b"BaseFont"), Name(b"Helvetica"));
        font.pair(Name(b"FirstChar"), i32::MAX).pair(Name(b"LastChar"), i32::MAX);
        font.insert(Name(b"Widths")).array().item(500);
    });
    assert_eq!(read_page(&bytes).words.len(), 1);
}

#[test]
fn deep_nesting_does_not_end_the_process() {
    let arrays = "[".repeat(100_000);
    let dictionaries = "<</A ".repeat(100_000);
    let states = "q ".repeat(100_000);
    for content in [arrays, dictionaries, states] {
        assert!(read_bytes(&pdf(&content)).is_ok());
    }
    let parents = pdf_with("", |draft| {
        let id: Ref = draft.annotation();
        let mut widget = draft.pdf.indirect(id).dict();
        widget.pair(Name(b"Subtype"), Name(b"Widget")).pair(Name(b"Parent"), id);
        widget.pair(Name(b"Rect"), Rect::new(0.0, 0.0, 10.0, 10.0));
    });
    assert!(read_bytes(&parents).is_ok());
}

#[test]
fn thousands_of_characters_in_one_place_are_read_in_time() {
    let content = format!("BT /F1 10 Tf 0 Tz 20 50 Td ({}) Tj ET", "ab".repeat(50_000));
    assert_eq!(read_bytes(&pdf(&content)).unwrap().pages.len(), 1);
}

#[test]
fn places_beyond_all_numbers_are_left_out() {
    let huge = "9".repeat(60);
    for content in [
        format!("{huge} 0 0 {huge} 0 0 cm BT /F1 10 Tf 1 1 Td (a) Tj ET 0 0 m {huge} 0 l S"),
        format!("BT /F1 {huge} Tf -{huge} 0 Td (a) Tj ET"),
        "0 0 0 0 0 0 cm BT /F1 10 Tf (a) Tj ET 0 0 10 10 re f".to_owned(),
    ] {
        let page = read_page(&pdf(&content));
        for word in &page.words {
            let [x0, y0, x1, y1]: [f32; 4] = word.bbox.into();
            assert!(0.0 <= x0 && x0 <= x1 && x1 <= 1.0 && 0.0 <= y0 && y0 <= y1 && y1 <= 1.0);
        }
    }
}

/// A document with most of what the reader looks at.
fn rich() -> Vec<u8> {
    let content = "/Span <</ActualText (X)>> BDC ".to_owned()
        + &text_at(20.0, 50.0, "Hello world")
        + "EMC BT /F2 10 Tf 20 20 Td [(ab) -200 (c)] TJ ET 20 10 100 1 re f q 5 0 0 5 0 0 cm /Fm Do Q";
    pdf_with(&content, |draft| {
        let id = draft.font("F2");
        let mut font = draft.pdf.type1_font(id);
        font.base_font(Name(b"Times-Roman")).first_char(97).last_char(99).widths([500.0; 3]);
        let mut encoding = font.encoding_custom();
        encoding.differences().consecutive(97, [Name(b"fi"), Name(b"Euro"), Name(b"g12")]);
        drop(encoding);
        drop(font);
        let form = draft.x_object("Fm");
        draft.pdf.form_xobject(form, b"BT /F1 2 Tf 1 1 Td (in) Tj ET").bbox(Rect::new(0.0, 0.0, 9.0, 9.0));
        let id = draft.annotation();
        let mut widget = draft.pdf.indirect(id).dict();
        widget.pair(Name(b"Subtype"), Name(b"Widget")).pair(Name(b"FT"), Name(b"Tx"));
        widget.pair(Name(b"V"), Str(b"typed")).pair(Name(b"Rect"), Rect::new(150.0, 10.0, 190.0, 20.0));
    })
}

#[test]
fn the_document_that_is_mutated_is_read_whole() {
    assert_eq!(texts(&read_page(&rich())).len(), 6);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_crash_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let with_header = [b"%PDF-1.7\n", &bytes[..]].concat();
        for bytes in [bytes, with_header] {
            prop_assert!(!matches!(read_bytes(&bytes), Err(ReadError::Crashed)));
        }
    }

    #[test]
    fn no_content_crashes_the_reader(content in "[ 0-9a-zA-Z/()<>\\[\\]\\-.*'\"\\\\]{0,400}") {
        prop_assert!(read_bytes(&pdf(&content)).is_ok());
    }

    #[test]
    fn no_mutation_crashes_the_reader(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = rich();
        for (index, byte) in edits {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        prop_assert!(!matches!(read_bytes(&bytes), Err(ReadError::Crashed)));
    }
}
