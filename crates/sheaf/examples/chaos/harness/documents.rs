//! Small invoices that follow from a seed; one in ten is broken, so that failures and refunds happen, too.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// What is looked for in them.
pub(super) fn template() -> Value {
    json!({"name": "Chaos", "fields": [
        {"name": "invoice_number", "type": "text", "anchor": "Invoice No.", "required": true},
        {"name": "invoice_date", "type": "date", "anchor": "Date"},
        {"name": "total", "type": "currency", "anchor": "Total"}]})
}

/// The name and the bytes of one.
pub(super) fn document(seed: u64, batch: usize, i: usize) -> (String, Vec<u8>) {
    let mut random = StdRng::seed_from_u64(seed ^ ((batch as u64) << 32) ^ ((i as u64) << 8));
    let name = format!("{batch:03}-{i:05}.pdf");
    if random.random_range(0..10) == 0 {
        return (name, format!("%PDF-1.4\nbroken {batch} {i}").into_bytes());
    }
    let (day, month) = (random.random_range(1..29), random.random_range(1..13));
    let total = random.random_range(100..1_000_000);
    let lines = [
        format!("Invoice No. {batch}-{i:05}"),
        format!("Date 2026-{month:02}-{day:02}"),
        format!("Total {}.{:02} EUR", total / 100, total % 100),
    ];
    (name, pdf(&lines))
}

/// A page with a few lines of text.
fn pdf(lines: &[String]) -> Vec<u8> {
    let mut text = String::from("BT /F 12 Tf 50 780 Td 18 TL");
    for line in lines {
        text.push_str(&format!(" ({line}) Tj T*"));
    }
    text.push_str(" ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
            .to_owned(),
        format!("<</Length {}>>stream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    for (i, object) in objects.iter().enumerate() {
        file.push_str(&format!("{} 0 obj{object}endobj\n", i + 1));
    }
    file.push_str("trailer<</Root 1 0 R>>\n%%EOF");
    file.into_bytes()
}
