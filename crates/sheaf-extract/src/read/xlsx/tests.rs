use sheaf_types::{ErrorCode, MediaType, PageWarning};

use super::super::package::sample::zip;
use super::super::read;
use super::*;

/// A workbook of sheets: name, attributes of its entry, content of its part.
fn workbook(sheets: &[(&str, &str, &str)], strings: &str, styles: &str) -> Vec<u8> {
    let entries: String = (1..)
        .zip(sheets)
        .map(|(n, (name, attributes, _))| {
            format!("<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\" {attributes}/>")
        })
        .collect();
    let references: String = (1..)
        .zip(sheets)
        .map(|(n, _)| {
            format!("<Relationship Id=\"rId{n}\" Type=\"x/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>")
        })
        .collect();
    let mut files = vec![
        ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
        (
            "_rels/.rels".to_owned(),
            "<Relationships><Relationship Id='a' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>"
                .to_owned(),
        ),
        ("xl/workbook.xml".to_owned(), format!("<workbook xmlns:r='r'><sheets>{entries}</sheets></workbook>")),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                "<Relationships>{references}<Relationship Id='s' Type='x/sharedStrings' Target='sharedStrings.xml'/>\
                 <Relationship Id='t' Type='x/styles' Target='/xl/styles.xml'/></Relationships>"
            ),
        ),
        ("xl/sharedStrings.xml".to_owned(), format!("<sst>{strings}</sst>")),
        ("xl/styles.xml".to_owned(), format!("<styleSheet>{styles}</styleSheet>")),
    ];
    for (n, (_, _, content)) in (1..).zip(sheets) {
        files.push((format!("xl/worksheets/sheet{n}.xml"), format!("<worksheet>{content}</worksheet>")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, content)| (&**name, &**content)).collect();
    zip(&files)
}

fn open(bytes: &[u8]) -> Document {
    read(bytes, MediaType::Xlsx, &Limits::default()).unwrap()
}

/// The texts of a page's cells by their names, in reading order.
fn cells(page: &Page) -> Vec<(String, String)> {
    let mut cells: Vec<(String, String)> = Vec::new();
    for word in &page.words {
        let name = page.cell_at(word.bbox).unwrap_or("none").to_owned();
        match cells.iter_mut().find(|(n, _)| *n == name) {
            Some((_, text)) => *text = format!("{text} {}", word.text),
            None => cells.push((name, word.text.clone())),
        }
    }
    cells
}

fn check(sheet: &str, strings: &str, styles: &str, expected: &[(&str, &str)]) {
    let document = open(&workbook(&[("S", "", sheet)], strings, styles));
    let cells = cells(&document.pages[0]);
    let cells: Vec<(&str, &str)> = cells.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert_eq!(cells, expected);
}

const STYLES: &str = "<numFmts><numFmt numFmtId='170' formatCode='#,##0.00\\ &quot;€&quot;'/></numFmts>\
    <fonts><font><sz val='11'/></font><font><b/><sz val='14'/></font></fonts>\
    <borders><border/><border><left style='thin'/><right style='thin'/><top style='thin'/><bottom style='thin'/></border></borders>\
    <cellXfs><xf numFmtId='0' fontId='0'/><xf numFmtId='14' fontId='0'/><xf numFmtId='170' fontId='0' borderId='1'/>\
    <xf numFmtId='0' fontId='1'/><xf numFmtId='0' fontId='0'><alignment wrapText='1'/></xf></cellXfs>";

#[test]
fn cells_of_every_kind_are_shown_and_named() {
    check(
        "<sheetData>\
         <row r='1'><c r='A1' t='s' s='3'><v>0</v></c><c r='C1' t='inlineStr'><is><r><t>two </t></r><r><t>runs</t></r></is></c></row>\
         <row r='3'><c r='A3' s='1'><v>43164</v></c><c r='B3' s='2'><f>1+1</f><v>1234.5</v></c>\
         <c r='C3' t='str'><f>A&amp;B</f><v>joined</v></c><c r='D3' t='b'><v>1</v></c><c r='E3' t='e'><v>#N/A</v></c>\
         <c r='F3'/><c r='G3'><f>SUM(A1)</f></c></row></sheetData>",
        "<si><t>Invoice &amp; more</t><rPh><t>reading</t></rPh></si>",
        STYLES,
        &[
            ("S!A1", "Invoice & more"),
            ("S!C1", "two runs"),
            ("S!A3", "2018-03-05"),
            ("S!B3", "1,234.50 €"),
            ("S!C3", "joined"),
            ("S!D3", "TRUE"),
            ("S!E3", "#N/A"),
        ],
    );
}

#[test]
fn rows_and_cells_without_a_reference_follow_each_other() {
    check(
        "<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row></sheetData>",
        "",
        "",
        &[("S!A1", "1"), ("S!B1", "2"), ("S!A2", "3")],
    );
}

#[test]
fn what_is_hidden_is_left_out() {
    let row = |r: u32, attributes: &str| {
        format!("<row r='{r}' {attributes}><c r='A{r}'><v>{r}</v></c><c r='B{r}'><v>{r}0</v></c></row>")
    };
    let sheet = format!(
        "<cols><col min='2' max='2' hidden='1'/></cols><sheetData>{}{}</sheetData>",
        row(1, ""),
        row(2, "hidden='1'")
    );
    let document = open(&workbook(
        &[("Notes", "state='hidden'", &sheet), ("Data", "", &sheet), ("Deep", "state='veryHidden'", &sheet)],
        "",
        "",
    ));
    assert_eq!(document.pages.len(), 1);
    assert_eq!(cells(&document.pages[0]), [("Data!A1".to_owned(), "1".to_owned())]);
}

#[test]
fn every_sheet_is_a_page_and_an_empty_one_is_blank() {
    let one = "<sheetData><row><c><v>1</v></c></row></sheetData>";
    let document = open(&workbook(&[("A", "", one), ("B", "", "<sheetData/>")], "", ""));
    let warnings: Vec<_> = document.pages.iter().map(|page| (page.number, page.warnings.clone())).collect();
    assert_eq!(warnings, [(1, vec![]), (2, vec![PageWarning::Blank])]);
}

#[test]
fn columns_line_up_and_neighbours_are_parted_by_a_gap() {
    let row = |r: u32, text: &str, number: &str| {
        format!(
            "<row r='{r}'><c r='A{r}' t='str'><v>{text}</v></c><c r='B{r}' s='2'><v>{number}</v></c><c r='C{r}' t='str'><v>x</v></c></row>"
        )
    };
    let rows = row(1, "A rather long description of goods", "1") + &row(2, "Short", "123456789.5");
    let document = open(&workbook(&[("S", "", &format!("<sheetData>{rows}</sheetData>"))], "", STYLES));
    let page = &document.pages[0];
    let place = |text: &str, nth: usize| page.words.iter().filter(|w| w.text == text).nth(nth).unwrap().bbox;
    // Amounts end, texts begin at one edge.
    assert!((place("€", 0).x1 - place("€", 1).x1).abs() < 1e-3);
    assert!((place("x", 0).x0 - place("x", 1).x0).abs() < 1e-3);
    let gap = (place("123,456,789.50", 0).x0 - place("goods", 0).x1) * page.width;
    assert!(gap > 11.0 * 0.9, "{gap}");
    assert!(place("Short", 0).y0 > place("A", 0).y1 - 1e-3);
    // The borders of two cells, one above the other: two upright lines and three across.
    assert_eq!(page.rules.len(), 5);
}

#[test]
fn a_merged_range_is_one_cell_and_long_texts_are_wrapped() {
    let long = "word ".repeat(100);
    let sheet = format!(
        "<sheetData><row r='1'><c r='A1' t='str'><v>Title over three columns</v></c></row>\
         <row r='2'><c r='A2' t='str' s='4'><v>{long}</v></c><c r='B2'><v>5</v></c></row></sheetData>\
         <mergeCells><mergeCell ref='A1:C1'/><mergeCell ref='A3'/><mergeCell ref='Z9:A1'/></mergeCells>"
    );
    let document = open(&workbook(&[("S", "", &sheet)], "", STYLES));
    let page = &document.pages[0];
    let cells = cells(page);
    assert_eq!(cells[0], ("S!A1".to_owned(), "Title over three columns".to_owned()));
    assert!(cells.contains(&("S!A2".to_owned(), long.trim().to_owned())));
    assert!(cells.contains(&("S!B2".to_owned(), "5".to_owned())));
    assert!(page.words.iter().all(|w| w.bbox.x1 <= 1.0 && w.bbox.y1 <= 1.0 && w.bbox.x0 < w.bbox.x1));
    assert!(page.height > page.width / 2.0, "a long text takes many lines");
}

#[test]
fn a_cell_at_the_far_end_of_a_sheet_costs_nothing() {
    let sheet = "<sheetData><row r='1'><c r='A1'><v>1</v></c></row><row r='1048576'><c r='XFD1048576'><v>2</v></c></row>\
                 <row r='1048577'><c r='A1048577'><v>3</v></c></row></sheetData>";
    let document = open(&workbook(&[("S", "", sheet)], "", ""));
    let page = &document.pages[0];
    assert_eq!(cells(page).iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["S!A1", "S!XFD1048576"]);
    assert!(page.width < 1_000.0 && page.height < 1_000.0, "{} {}", page.width, page.height);
}

#[test]
fn more_words_than_the_limit_are_left_out_and_said_so() {
    let rows: String = (1..=50).map(|r| format!("<row><c><v>{r}</v></c><c><v>0</v></c></row>")).collect();
    let bytes = workbook(
        &[
            ("A", "", &format!("<sheetData>{rows}</sheetData>")),
            ("B", "", &format!("<sheetData>{rows}</sheetData>")),
        ],
        "",
        "",
    );
    let limits = Limits { max_words_per_page: 30, max_words: 40, ..Limits::default() };
    let document = read(&bytes, MediaType::Xlsx, &limits).unwrap();
    let pages: Vec<_> = document.pages.iter().map(|p| (p.words.len(), p.warnings.clone())).collect();
    assert_eq!(pages, [(30, vec![PageWarning::Truncated]), (10, vec![PageWarning::Truncated])]);
}

#[test]
fn a_damaged_sheet_keeps_what_stood_before_the_fault() {
    let bytes = workbook(&[("S", "", "<sheetData><row><c><v>1</v></c></row><row><c></row>")], "", "");
    let document = open(&bytes);
    assert_eq!(document.pages[0].words.len(), 1);
    assert_eq!(document.pages[0].warnings, [PageWarning::Damaged]);
}

#[test]
fn a_workbook_without_sheets_or_with_a_false_directory_is_corrupt() {
    let code = |bytes: &[u8]| read(bytes, MediaType::Xlsx, &Limits::default()).unwrap_err().code();
    assert_eq!(code(&workbook(&[], "", "")), ErrorCode::Corrupt);
    assert_eq!(code(&zip(&[("[Content_Types].xml", ""), ("xl/workbook.xml", "")])), ErrorCode::Corrupt);
    assert_eq!(code(b"PK\x03\x04"), ErrorCode::UnsupportedType);
}

#[test]
fn cut_and_changed_files_end_in_a_document_or_an_error() {
    let whole =
        workbook(&[("S", "", "<sheetData><row r='1'><c r='A1'><v>1</v></c></row></sheetData>")], "", STYLES);
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let _ = super::read(&changed, &Limits::default());
        let _ = super::read(&whole[..at], &Limits::default());
    }
}
