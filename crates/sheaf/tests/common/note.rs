//! Small documents of rows of words, as PDFs.

/// A note for a site, which stands under a label that no lexicon knows; with so many articles above its foot.
pub(crate) fn delivery_note(site: &str, articles: usize) -> Vec<u8> {
    let head = [
        ["Brothers Adler Timber", "", "Northern yard"],
        ["Storage and Haulage", "", "Gate five"],
        ["", "", ""],
        ["Watchword", "Loaded by", "Driver"],
        [site, "Team East", "Adam Short"],
        ["", "", ""],
        ["Article", "Pieces", "Weight"],
    ];
    let foot = [
        ["Weight of all", "", "77 kg"],
        ["Goods received and checked", "", ""],
        ["Stamp and signature of the recipient", "", ""],
    ];
    let article = ["Oak boards", "3", "11 kg"];
    pdf(head.into_iter().chain(std::iter::repeat_n(article, articles)).chain(foot))
}

/// A page of rows of cells, in three columns.
pub(crate) fn pdf<'a>(rows: impl IntoIterator<Item = [&'a str; 3]>) -> Vec<u8> {
    let mut text = String::from("BT /F1 10 Tf\n");
    for (line, cells) in rows.into_iter().enumerate() {
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            text.push_str(&format!("1 0 0 1 {} {} Tm ({cell}) Tj\n", 60 + 180 * column, 780 - 25 * line));
        }
    }
    text.push_str("ET");
    // Its table of objects is left to be found.
    format!(
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
         2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R\
         /Resources<</Font<</F1 5 0 R>>>>>> endobj\n\
         4 0 obj <</Length {}>>stream\n{text}\nendstream endobj\n\
         5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\ntrailer <</Root 1 0 R>>\n",
        text.len()
    )
    .into_bytes()
}
