use sheaf_types::{ErrorCode, MediaType, Page};

use super::super::package::sample::zip;
use super::super::read;
use super::*;

const SECTION: &str = "<w:sectPr><w:pgSz w:w='12240' w:h='15840'/><w:pgMar w:top='1440' w:right='1440' w:bottom='1440' w:left='1440'/></w:sectPr>";

/// A document with this body and these further parts: kind, content.
fn document(body: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let references: String = parts
        .iter()
        .map(|(kind, _)| {
            format!("<Relationship Id='{kind}' Type='x/{}' Target='{kind}.xml'/>", kind.trim_end_matches('1'))
        })
        .collect();
    let main = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    let references = format!("<Relationships>{references}</Relationships>");
    let mut files = vec![
        ("[Content_Types].xml".to_owned(), "<Types/>"),
        ("word/document.xml".to_owned(), main.as_str()),
        ("word/_rels/document.xml.rels".to_owned(), references.as_str()),
    ];
    files.extend(parts.iter().map(|(kind, content)| (format!("word/{kind}.xml"), *content)));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, content)| (&**name, *content)).collect();
    zip(&files)
}

fn open(body: &str, parts: &[(&str, &str)]) -> Document {
    read(&document(body, parts), MediaType::Docx, &Limits::default()).unwrap()
}

/// The page's lines: words of one height, joined by a blank.
fn lines(page: &Page) -> Vec<String> {
    let mut lines: Vec<(f32, String)> = Vec::new();
    for word in &page.words {
        match lines.last_mut() {
            Some((y, line)) if (*y - word.bbox.y1).abs() * page.height < 1.0 => {
                *line = format!("{line} {}", word.text);
            }
            _ => lines.push((word.bbox.y1, word.text.clone())),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

fn check(body: &str, expected: &[&str]) {
    assert_eq!(lines(&open(body, &[]).pages[0]), expected, "{body}");
}

fn p(runs: &str) -> String {
    format!("<w:p>{runs}</w:p>")
}

fn r(text: &str) -> String {
    format!("<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>")
}

#[test]
fn runs_that_no_blank_parts_are_one_word() {
    check(
        &p(&format!("{}<w:r><w:rPr><w:b/></w:rPr><w:t>ice</w:t></w:r>{}", r("Invo"), r(" No. 7"))),
        &["Invoice No. 7"],
    );
    check(&p(&format!("{}{}", r("a\u{a0}b "), r(" c&amp;d"))), &["a b c&d"]);
    check(
        &p("<w:r><w:t>so</w:t><w:softHyphen/><w:t>ft</w:t><w:noBreakHyphen/><w:t>x</w:t></w:r>"),
        &["soft-x"],
    );
}

#[test]
fn breaks_and_paragraphs_make_lines() {
    check(
        &(p(&format!("{}<w:r><w:br/></w:r>{}<w:r><w:cr/></w:r>{}", r("one"), r("two"), r("three")))
            + &p("")
            + &p(&r("four"))),
        &["one", "two", "three", "four"],
    );
}

#[test]
fn what_was_deleted_or_is_hidden_is_left_out() {
    let body = p(&format!(
        "{}<w:del>{}<w:r><w:delText>gone</w:delText></w:r></w:del><w:ins>{}</w:ins><w:moveFrom>{}</w:moveFrom>\
         <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>\
         <w:r><w:rPr><w:vanish w:val='0'/><w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr><w:t>shown</w:t></w:r>",
        r("kept "),
        r("deleted"),
        r("new "),
        r("moved "),
    ));
    check(&body, &["kept new shown"]);
}

#[test]
fn a_field_stands_with_its_result() {
    let field = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let inner = format!(
        "{}<w:r><w:instrText>PAGE</w:instrText></w:r>{}{}{}",
        field("begin"),
        field("separate"),
        r("inner"),
        field("end")
    );
    let body = p(&format!(
        "{}<w:r><w:instrText>IF </w:instrText></w:r>{inner}{}{}{}{}<w:fldSimple w:instr='DATE'>{}</w:fldSimple>\
         <w:hyperlink>{}</w:hyperlink><w:sdt><w:sdtPr><w:t>no</w:t></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
        field("begin"),
        field("separate"),
        r("result "),
        field("end"),
        r("after "),
        r("today "),
        r("link "),
        r("control"),
    ));
    check(&body, &["result after today link control"]);
}

#[test]
fn styles_give_size_boldness_and_hiding_through_what_they_are_based_on() {
    let styles = "<styles><docDefaults><rPrDefault><rPr><sz val='22'/></rPr></rPrDefault></docDefaults>\
        <style type='paragraph' default='1' styleId='N'/>\
        <style type='paragraph' styleId='Base'><rPr><sz val='40'/><b/></rPr></style>\
        <style type='paragraph' styleId='Title'><basedOn val='Base'/></style>\
        <style type='character' styleId='Off'><rPr><b val='0'/><caps/></rPr></style>\
        <style type='character' styleId='Loop'><basedOn val='Loop'/><rPr><vanish/></rPr></style></styles>";
    let body = p(&format!(
        "<w:pPr><w:pStyle w:val='Title'/></w:pPr>{}<w:r><w:rPr><w:rStyle w:val='Off'/></w:rPr><w:t>plain</w:t></w:r>\
         <w:r><w:rPr><w:rStyle w:val='Loop'/></w:rPr><w:t>never</w:t></w:r>",
        r("Big ")
    )) + &p(&r("small"));
    let document = open(&body, &[("styles", styles)]);
    let words: Vec<_> = document.pages[0].words.iter().map(|w| (&*w.text, w.font_size, w.bold)).collect();
    assert_eq!(words, [("Big", 20.0, true), ("PLAIN", 20.0, false), ("small", 11.0, false)]);
}

#[test]
fn tabs_lead_to_their_stops() {
    let tabs = "<w:pPr><w:tabs><w:tab w:val='left' w:pos='2880'/><w:tab w:val='right' w:pos='9360'/></w:tabs></w:pPr>";
    let tab = "<w:r><w:tab/></w:r>";
    let line = |a: &str, b: &str| p(&format!("{tabs}{}{tab}{}{tab}{}", r(a), r("x"), r(b)));
    let document = open(&(line("Total", "1.00") + &line("Tax", "12,345.00") + SECTION), &[]);
    let page = &document.pages[0];
    let place = |text: &str, nth: usize| page.words.iter().filter(|w| w.text == text).nth(nth).unwrap().bbox;
    assert!((place("x", 0).x0 * page.width - 216.0).abs() < 0.1, "a margin of 72 and a stop at 144");
    assert!((place("x", 1).x0 - place("x", 0).x0).abs() < 1e-4);
    assert!((place("1.00", 0).x1 * page.width - 540.0).abs() < 0.1);
    assert!((place("12,345.00", 0).x1 - place("1.00", 0).x1).abs() < 1e-4);
}

#[test]
fn text_is_wrapped_between_the_margins_and_pages_are_full_by_height() {
    let body: String = (0..60).map(|_| p(&r(&"word ".repeat(40)))).collect();
    let document = open(&(body + SECTION), &[]);
    assert!(document.pages.len() > 1);
    for page in &document.pages {
        assert_eq!((page.width, page.height), (612.0, 792.0));
        assert!(
            page.words.iter().all(|w| w.bbox.x0 > 0.117 && w.bbox.x1 < 0.883 && w.bbox.y1 < 0.92),
            "{}",
            page.number
        );
    }
    assert_eq!(document.pages.iter().map(|page| page.words.len()).sum::<usize>(), 2400);
}

#[test]
fn breaks_of_pages_are_the_authors_and_the_last_programs() {
    let page_break = "<w:r><w:br w:type='page'/></w:r>";
    let rendered = "<w:r><w:lastRenderedPageBreak/></w:r>";
    let texts = |body: &str| -> Vec<String> {
        open(body, &[]).pages.iter().map(|page| lines(page).join("|")).collect()
    };
    assert_eq!(texts(&(p(&(r("one") + page_break)) + &p(&r("two")))), ["one", "two"]);
    assert_eq!(
        texts(&(p(&(r("one") + page_break)) + &p(&(rendered.to_owned() + &r("two"))))),
        ["one", "two"]
    );
    assert_eq!(texts(&p(&format!("{}{rendered}{}", r("one "), r("two")))), ["one", "two"]);
    assert_eq!(
        texts(&(p(&r("one")) + &p(&format!("<w:pPr><w:pageBreakBefore/></w:pPr>{}", r("two"))))),
        ["one", "two"]
    );
    let sections = format!("<w:p><w:pPr>{SECTION}</w:pPr>{}</w:p>{}{SECTION}", r("one"), p(&r("two")));
    assert_eq!(texts(&sections), ["one", "two"]);
    assert_eq!(
        texts(&sections.replacen(
            SECTION,
            &SECTION.replace("<w:pgSz", "<w:type w:val='continuous'/><w:pgSz"),
            2
        )),
        ["one|two"]
    );
}

fn cell(properties: &str, content: &str) -> String {
    format!("<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>")
}

#[test]
fn tables_have_columns_rules_and_named_cells() {
    let row = |a: &str, b: &str| format!("<w:tr>{}{}</w:tr>", cell("", &p(&r(a))), cell("", &p(&r(b))));
    let body = format!(
        "{}<w:tbl><w:tblGrid><w:gridCol w:w='4000'/><w:gridCol w:w='2000'/></w:tblGrid>\
         {}{}</w:tbl>{SECTION}",
        p(&r("before")),
        row("Item", "Amount"),
        row("Pens and paper", "12.00"),
    );
    let document = open(&body, &[]);
    let page = &document.pages[0];
    assert_eq!(lines(page), ["before", "Item Amount", "Pens and paper 12.00"]);
    let named: Vec<_> =
        page.words.iter().map(|w| (page.cell_at(w.bbox).unwrap_or("none"), &*w.text)).collect();
    assert_eq!(
        named,
        [
            ("paragraph 1", "before"),
            ("table 1 A1", "Item"),
            ("table 1 B1", "Amount"),
            ("table 1 A2", "Pens"),
            ("table 1 A2", "and"),
            ("table 1 A2", "paper"),
            ("table 1 B2", "12.00"),
        ]
    );
    assert_eq!(page.rules.len(), 6, "three lines across, three upright");
    let x = |text: &str| page.words.iter().find(|w| w.text == text).unwrap().bbox.x0;
    assert_eq!(x("Amount"), x("12.00"));
    assert!(((x("Amount") - x("Item")) * page.width - 200.0).abs() < 0.1);
}

#[test]
fn merged_and_nested_cells_stand_where_they_belong() {
    let nested = format!("<w:tbl><w:tr>{}{}</w:tr></w:tbl>", cell("", &p(&r("n1"))), cell("", &p(&r("n2"))));
    let tall = p(&r("tall")) + &p(&r("taller")) + &p(&r("tallest"));
    let body = format!(
        "<w:tbl><w:tr>{}</w:tr><w:tr>{}{}</w:tr><w:tr>{}{}</w:tr><w:tr><w:trPr><w:del/></w:trPr>{}</w:tr></w:tbl>{}",
        cell("<w:gridSpan w:val='2'/>", &p(&r("over both"))),
        cell("<w:vMerge w:val='restart'/>", &tall),
        cell("", &p(&r("b2"))),
        cell("<w:vMerge/>", &p("")),
        cell("", &nested),
        cell("", &p(&r("deleted"))),
        p(&r("after")),
    );
    let document = open(&body, &[]);
    let page = &document.pages[0];
    let named: Vec<_> =
        page.words.iter().map(|w| (&*w.text, page.cell_at(w.bbox).unwrap_or("none"))).collect();
    for expected in [
        ("over", "table 1 A1"),
        ("tall", "table 1 A2"),
        ("tallest", "table 1 A2"),
        ("b2", "table 1 B2"),
        ("n1", "table 2 A1"),
        ("n2", "table 2 B1"),
        ("after", "paragraph 1"),
    ] {
        assert!(named.contains(&expected), "{expected:?} in {named:?}");
    }
    assert!(!named.iter().any(|(text, _)| *text == "deleted"));
    let bottom = |text: &str| page.words.iter().find(|w| w.text == text).unwrap().bbox.y1;
    assert!(bottom("after") > bottom("tallest"));
}

#[test]
fn headers_and_footers_run_along_and_the_title_page_has_its_own() {
    let section = SECTION.replace(
        "<w:pgSz",
        "<w:headerReference w:type='default' r:id='header'/><w:headerReference w:type='first' r:id='header1'/>\
         <w:footerReference w:type='default' r:id='footer'/><w:titlePg/><w:pgSz",
    );
    let body = p(&(r("one") + "<w:r><w:br w:type='page'/></w:r>")) + &p(&r("two")) + &section;
    let header = |text: &str| format!("<w:hdr>{}</w:hdr>", p(&r(text)));
    let parts = [("header", header("Head")), ("header1", header("Title")), ("footer", header("Foot"))];
    let parts: Vec<(&str, &str)> = parts.iter().map(|(kind, text)| (*kind, &**text)).collect();
    let document = open(&body, &parts);
    let pages: Vec<_> = document.pages.iter().map(lines).collect();
    assert_eq!(pages, [vec!["Title", "one"], vec!["Head", "two", "Foot"]]);
    let foot = &document.pages[1].words[2];
    assert_eq!(document.pages[1].cell_at(foot.bbox), Some("footer"));
    assert!(foot.bbox.y0 > 0.9);
}

#[test]
fn text_boxes_are_read_once() {
    let content = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", p(&r(text)));
    let body = p(&format!(
        "{}<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{}</wps:txbx></w:drawing></mc:Choice>\
         <mc:Fallback><w:pict><v:textbox>{}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>",
        r("anchor"),
        content("boxed"),
        content("boxed"),
    ));
    check(&body, &["anchor", "boxed"]);
}

#[test]
fn list_items_have_their_numbers_and_notes_stand_at_the_end() {
    let numbering = "<numbering><abstractNum abstractNumId='0'><lvl ilvl='0'><start val='1'/><numFmt val='decimal'/><lvlText val='%1.'/></lvl></abstractNum>\
         <num numId='1'><abstractNumId val='0'/></num></numbering>";
    let item = |text: &str| {
        p(&format!(
            "<w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr><w:ind w:left='720' w:hanging='360'/></w:pPr>{}",
            r(text)
        ))
    };
    let notes = format!(
        "<footnotes><footnote type='separator'>{}</footnote><footnote>{}</footnote></footnotes>",
        p(&r("no")),
        p(&r("note"))
    );
    let document = open(
        &(item("first") + &item("second") + SECTION),
        &[("numbering", numbering), ("footnotes", &notes)],
    );
    assert_eq!(lines(&document.pages[0]), ["1. first", "2. second", "note"]);
}

#[test]
fn limits_on_words_and_pages_hold() {
    let many = p(&r(&"w ".repeat(500)));
    let limits = Limits { max_words: 100, ..Limits::default() };
    let document = read(&document(&many, &[]), MediaType::Docx, &limits).unwrap();
    assert_eq!(
        (document.pages[0].words.len(), &*document.pages[0].warnings),
        (100, [PageWarning::Truncated].as_slice())
    );
    let breaks = p(&format!("{}<w:r><w:br w:type='page'/></w:r>", r("x"))).repeat(20);
    let limits = Limits { max_pages: 5, ..Limits::default() };
    let error = read(&super::tests::document(&breaks, &[]), MediaType::Docx, &limits).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooManyPages);
}

#[test]
fn deep_and_broken_documents_end_in_a_document() {
    let deep = "<w:tbl><w:tr><w:tc>".repeat(500) + &p(&r("x"));
    let document = open(&deep, &[]);
    assert!(document.pages[0].warnings.contains(&PageWarning::Damaged));
    let wide = format!(
        "<w:tbl><w:tr>{}</w:tr></w:tbl>",
        cell("<w:gridSpan w:val='4000000000'/>", &p(&r("x"))).repeat(3)
    );
    assert_eq!(open(&wide, &[]).pages[0].words.len(), 1);
    assert_eq!(open("", &[]).pages[0].warnings, [PageWarning::Blank]);
    let whole = super::tests::document(&p(&r("x")), &[("styles", "<styles><style/></styles>")]);
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = super::read(&changed, &Limits::default());
    }
}
