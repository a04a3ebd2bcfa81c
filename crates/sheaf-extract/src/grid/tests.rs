use std::time::{Duration, Instant};

use sheaf_types::{BoundingBox, Document, Rule, Word};

use super::*;
use crate::locate::sample;

/// The grids that are likely tables.
fn likely(document: &Document) -> Vec<Grid> {
    tables(document).into_iter().filter(|grid| grid.score >= 0.5).collect()
}

fn the_only(document: &Document) -> Grid {
    let mut grids = likely(document);
    assert_eq!(grids.len(), 1, "{:#?}", grids.iter().map(Grid::texts).collect::<Vec<_>>());
    grids.remove(0)
}

/// Draws lines between points given in columns and lines of a sample.
fn draw(document: &mut Document, strokes: &[[f32; 4]]) {
    let page = &mut document.pages[0];
    let (width, height) = (page.width, page.height);
    page.rules.extend(strokes.iter().map(|[x0, y0, x1, y1]| {
        let (x, y) = (|column: f32| 17.0 + column * 6.0, |line: f32| 18.5 + line * 14.0);
        let (x0, y0, x1, y1) = (x(*x0), y(*y0), x(*x1) + 0.5, y(*y1) + 0.5);
        Rule { bbox: BoundingBox { x0: x0 / width, y0: y0 / height, x1: x1 / width, y1: y1 / height } }
    }));
}

/// The lines of a lattice through these columns and lines.
fn lattice(columns: &[f32], lines: &[f32]) -> Vec<[f32; 4]> {
    let (left, right) = (columns[0], columns[columns.len() - 1]);
    let (top, bottom) = (lines[0], lines[lines.len() - 1]);
    let across = lines.iter().map(|&y| [left, y, right, y]);
    across.chain(columns.iter().map(|&x| [x, top, x, bottom])).collect()
}

#[test]
fn numbers_below_labels_are_a_table_and_what_stands_around_is_not() {
    let document = sample::page(&[
        "Harvest by region, all years that were counted, in tonnes a year",
        "",
        "Region          2019     2020     2021",
        "North          1,200    1,350    1,410",
        "South and East   980    1,010      990",
        "Islands           40        –       45",
        "All            2,220    2,360    2,445",
        "",
        "Source: counted by hand",
    ]);
    let grid = the_only(&document);
    assert_eq!(
        grid.texts(),
        [
            ["Region", "2019", "2020", "2021"],
            ["North", "1,200", "1,350", "1,410"],
            ["South and East", "980", "1,010", "990"],
            ["Islands", "40", "–", "45"],
            ["All", "2,220", "2,360", "2,445"],
        ]
    );
    assert!(!grid.ruled && grid.score > 0.9, "{}", grid.score);
    assert!(grid.cells.iter().all(|cell| grid.bbox.contains(cell.bbox, 1e-6)));
}

#[test]
fn a_heading_over_several_columns_spans_them() {
    let mut document = sample::page(&[
        "                   First half               Second half",
        "Product       Pieces      Weight        Pieces      Weight",
        "Apples            12        1.25            14        1.50",
        "Pears              8        0.90             9        1.10",
        "Quinces            3        0.75             2        0.50",
    ]);
    draw(&mut document, &[[0.0, 0.0, 58.0, 0.0], [0.0, 5.0, 58.0, 5.0]]);
    let grid = the_only(&document);
    assert_eq!((grid.rows, grid.columns), (5, 5), "{:?}", grid.texts());
    let heading = |text: &str| grid.cells.iter().find(|cell| cell.text == text).unwrap();
    assert_eq!((heading("First half").column, heading("First half").column_span), (1, 2));
    assert_eq!((heading("Second half").column, heading("Second half").column_span), (3, 2));
}

#[test]
fn a_label_that_goes_on_in_the_next_line_is_one_cell() {
    let document = sample::page(&[
        "Item                    Total       Total",
        "                        weight      price",
        "Screws of brass and       1.25       14.50",
        "steel",
        "Nails                     0.90       11.10",
        "Washers                   0.10        2.20",
    ]);
    assert_eq!(
        the_only(&document).texts(),
        [
            ["Item", "Total weight", "Total price"],
            ["Screws of brass and steel", "1.25", "14.50"],
            ["Nails", "0.90", "11.10"],
            ["Washers", "0.10", "2.20"],
        ]
    );
}

#[test]
fn headings_of_groups_stay_rows() {
    let document = sample::page(&[
        "Fruit               2020     2021",
        "Fresh",
        "  Apples             120      135",
        "  Pears               98      101",
        "Dried",
        "  Apples              12       13",
        "  Pears                9       10",
    ]);
    let texts: Vec<String> = the_only(&document).texts().iter().map(|row| row.join("|")).collect();
    assert_eq!(
        texts,
        [
            "Fruit|2020|2021",
            "Fresh||",
            "Apples|120|135",
            "Pears|98|101",
            "Dried||",
            "Apples|12|13",
            "Pears|9|10"
        ]
    );
}

#[test]
fn a_second_table_begins_at_its_header() {
    let document = sample::page(&[
        "Town        People     Area",
        "Aheim        1,200     12.5",
        "Beheim       3,400     31.0",
        "Ceheim         800      9.5",
        "",
        "River        Length    Depth",
        "Dee             120      3.5",
        "Eff              85      2.0",
    ]);
    let grids = likely(&document);
    let first: Vec<&str> = grids.iter().map(|grid| grid.cells[0].text.as_str()).collect();
    assert_eq!(first, ["Town", "River"]);
    assert_eq!([grids[0].rows, grids[1].rows], [4, 3]);
}

#[test]
fn drawn_cells_hold_what_stands_in_them_and_a_missing_line_joins_two() {
    let mut document = sample::page(&[
        "Delivery of goods in two lots",
        "First lot      Second lot and",
        "               what was left",
        "12 boxes       1 box",
    ]);
    let mut lines = lattice(&[0.0, 14.5, 32.0], &[0.0, 1.0, 3.0, 4.0]);
    lines.retain(|line| line[0] != 14.5);
    lines.push([14.5, 1.0, 14.5, 4.0]);
    draw(&mut document, &lines);
    let grid = the_only(&document);
    assert!(grid.ruled);
    assert_eq!(
        grid.texts(),
        [
            ["Delivery of goods in two lots", ""],
            ["First lot", "Second lot and what was left"],
            ["12 boxes", "1 box"]
        ]
    );
    assert_eq!((grid.cells[0].column_span, grid.cells[1].column_span), (2, 1));
}

#[test]
fn a_drawn_band_of_columns_of_numbers_is_parted_into_rows() {
    let mut document = sample::page(&[
        "Land         Wheat      Rye",
        "Aland           12      3.5",
        "Beland          85      2.0",
        "Celand         101     13.0",
        "Sum            198     18.5",
    ]);
    draw(&mut document, &lattice(&[0.0, 11.5, 20.5, 29.0], &[0.0, 1.0, 4.0, 5.0]));
    let grid = the_only(&document);
    assert!(grid.ruled);
    assert_eq!(grid.texts()[2], ["Beland", "85", "2.0"]);
    assert_eq!((grid.rows, grid.columns), (5, 3));
}

#[test]
fn a_drawn_column_of_two_columns_of_numbers_is_parted() {
    let mut document = sample::page(&[
        "Land         Wheat and rye",
        "Aland           12      3.5",
        "Beland          85      2.0",
        "Celand         101     13.0",
    ]);
    draw(&mut document, &lattice(&[0.0, 11.5, 29.0], &[0.0, 1.0, 2.0, 3.0, 4.0]));
    let grid = the_only(&document);
    assert_eq!(grid.texts()[1], ["Aland", "12", "3.5"]);
    let heading = grid.cells.iter().find(|cell| cell.text == "Wheat and rye").unwrap();
    assert_eq!(heading.column_span, 2);
}

#[test]
fn paragraphs_lists_and_signatures_are_no_tables() {
    let columns = [
        "The parties agree that what is told to one    of them by the other shall be kept and",
        "of them stays with it for a term of three     not be shown to anybody who has no need",
        "years from the day on which it was told, be   to know of it, and that all copies of it",
        "it in writing or by word of mouth, and that   are to be given back at the end, or to be",
        "nobody is bound by more than is said here.    burnt where that is what was asked for.",
    ];
    let list = [
        "1.   The buyer pays within thirty days of the date that stands on the bill.",
        "2.   The seller keeps what it sold until the buyer has paid all of the price.",
        "(a)  Parts of the price may be paid where both of them agree to that before.",
    ];
    let signatures = [
        "SELLER                      BUYER",
        "By:    Anna Ander           By:    Bert Bander",
        "Name:  Anna Ander           Name:  Bert Bander",
        "Title: Head of Sales        Title: Head of Purchases",
    ];
    for lines in [&columns[..], &list[..], &signatures[..]] {
        let grids = likely(&sample::page(lines));
        assert!(grids.is_empty(), "{:?}", grids[0].texts());
    }
}

#[test]
fn a_table_beside_a_paragraph_is_found() {
    let document = sample::page(&[
        "Land      Wheat    Rye        The harvest of the year was a good one in most",
        "Aland        12    3.5        of the lands, as rain fell when it was wanted and",
        "Beland       85    2.0        the sun shone when it was not, so that little was",
        "Celand      101   13.0        lost to mould, and less to birds than in the year",
        "Deland        9    0.5        before, of which a good part was eaten by them.",
    ]);
    let grid = the_only(&document);
    assert_eq!((grid.rows, grid.columns), (5, 3), "{:?}", grid.texts());
}

#[test]
fn long_items_beside_numbers_are_no_paragraph() {
    let document = sample::page(&[
        "Work                                                 Hours     Cost",
        "Table of oak with six legs and two drawers            12.5   250.00",
        "Repair of a chair with a new seat of cane              3.0    60.00",
        "Shelf of beech with five boards and a back             8.0   160.00",
        "Two coats of oil for the table of last year            2.5    50.00",
    ]);
    let grid = the_only(&document);
    assert_eq!(grid.texts()[2], ["Repair of a chair with a new seat of cane", "3.0", "60.00"]);
}

#[test]
fn a_page_turned_by_a_quarter_is_read_like_one_that_is_not() {
    let upright = sample::page(&[
        "Land         Wheat      Rye",
        "Aland           12      3.5",
        "Beland          85      2.0",
    ]);
    let mut turned = upright.clone();
    let page = &mut turned.pages[0];
    (page.width, page.height) = (page.height, page.width);
    for word in &mut page.words {
        let b = word.bbox;
        word.bbox = BoundingBox { x0: 1.0 - b.y1, y0: b.x0, x1: 1.0 - b.y0, y1: b.x1 };
        word.turn = 1;
    }
    assert_eq!(the_only(&turned).texts(), the_only(&upright).texts());
}

#[test]
fn dots_that_lead_to_a_number_are_left_out_and_the_box_is_of_the_words() {
    let document = sample::page(&[
        "All people..........   18.6    0.3",
        "Men.................   17.9    0.4",
        "Women.........etc...   19.0    0.3",
    ]);
    let grid = the_only(&document);
    assert_eq!(grid.texts()[0], ["All people", "18.6", "0.3"]);
    assert_eq!(grid.cells[1].bbox, document.pages[0].words[2].bbox);
}

/// A word with this box, of a page of 600 by 840 points.
fn word(x0: f32, y0: f32, x1: f32, y1: f32) -> Word {
    let mut page = sample::page(&["7,5"]).pages.remove(0);
    Word { bbox: BoundingBox { x0, y0, x1, y1 }, ..page.words.remove(0) }
}

/// The word of this number, given a function for the part of a whole that a number is.
type Shape = fn(usize, fn(usize, usize) -> f32) -> Word;

#[test]
fn pages_made_to_take_long_do_not() {
    const MANY: usize = 200_000;
    let share = |i: usize, of: usize| (i % of) as f32 / of as f32;
    let shapes: [Shape; 6] = [
        |_, _| word(0.5, 0.5, 0.5, 0.5),
        |_, _| word(f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN),
        // One line; two lines; one column; a lattice of tiny words.
        |i, share| word(share(i, MANY), 0.5, share(i, MANY) + 1e-6, 0.51),
        |i, share| word(share(i / 2, MANY / 2), 0.5 + 0.1 * (i % 2) as f32, share(i / 2, MANY / 2), 0.6),
        |i, share| word(0.1, share(i, MANY), 0.2, share(i, MANY) + 1e-6),
        |i, share| word(share(i, 400), share(i / 400, 500), share(i, 400) + 1e-4, share(i / 400, 500) + 1e-3),
    ];
    for (index, shape) in shapes.into_iter().enumerate() {
        let mut page = sample::page(&[]).pages.remove(0);
        page.words = (0..MANY).map(|i| shape(i, share)).collect();
        page.rules = (0..20_000)
            .map(|i| {
                let at = share(i / 2, 10_000);
                let (x1, y1) = if i % 2 == 0 { (at, 1.0) } else { (1.0, at) };
                Rule {
                    bbox: BoundingBox {
                        x0: if i % 2 == 0 { at } else { 0.0 },
                        y0: if i % 2 == 0 { 0.0 } else { at },
                        x1,
                        y1,
                    },
                }
            })
            .collect();
        let start = Instant::now();
        for grid in tables(&Document { pages: vec![page] }) {
            assert_eq!(grid.texts().len(), grid.rows);
        }
        assert!(start.elapsed() < Duration::from_secs(20), "shape {index} took {:?}", start.elapsed());
    }
}
