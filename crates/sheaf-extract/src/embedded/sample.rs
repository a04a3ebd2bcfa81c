//! PDFs with an e-invoice inside, for tests.

use pdf_writer::types::AssociationKind;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

/// A page of these lines and an attached file.
pub(crate) fn pdf(lines: &[&str], name: &str, xml: &[u8], is_associated: bool) -> Vec<u8> {
    let mut refs = (1..).map(Ref::new);
    let mut next = || refs.next().unwrap();
    let [catalog, tree, page, font, content, file, data, names] = std::array::from_fn(|_| next());
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree);
    if is_associated {
        root.insert(Name(b"AF")).array().item(file);
    } else {
        root.insert(Name(b"Names")).dict().pair(Name(b"EmbeddedFiles"), names);
    }
    root.finish();
    if !is_associated {
        // A tree of names with a level between.
        let leaf = next();
        pdf.indirect(names).dict().insert(Name(b"Kids")).array().item(leaf).item(names);
        pdf.indirect(leaf).dict().insert(Name(b"Names")).array().item(TextStr(name)).item(file);
    }
    pdf.pages(tree).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.parent(tree).media_box(Rect::new(0.0, 0.0, 595.0, 842.0)).contents(content);
    sheet.resources().fonts().pair(Name(b"F"), font);
    sheet.finish();
    pdf.type1_font(font).base_font(Name(b"Helvetica"));
    let mut drawn = Content::new();
    for (row, line) in lines.iter().enumerate() {
        // Two blanks part what stands at the left from what stands at the right.
        for (column, part) in line.split("  ").enumerate() {
            let (x, y) = (50.0 + 120.0 * column as f32, 780.0 - 20.0 * row as f32);
            drawn
                .begin_text()
                .set_font(Name(b"F"), 10.0)
                .next_line(x, y)
                .show(Str(part.as_bytes()))
                .end_text();
        }
    }
    pdf.stream(content, &drawn.finish());
    let mut spec = pdf.file_spec(file);
    spec.path(Str(name.as_bytes())).unic_file(TextStr(name)).association_kind(AssociationKind::Alternative);
    spec.insert(Name(b"EF")).dict().pair(Name(b"F"), data);
    spec.finish();
    pdf.embedded_file(data, xml);
    pdf.finish()
}
