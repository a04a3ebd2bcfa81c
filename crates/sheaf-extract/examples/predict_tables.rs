//! Extracts the table fields of a set of documents: `predict_tables SETDIR OUT.json`.
//!
//! `SETDIR/truth.jsonl` names the documents and their templates, which stand in `templates/` beside it or above it;
//! without one, `SETDIR/invoice.json` is the template. The output has the shape of the product's JSON export, with the
//! table fields alone.

use std::error::Error;
use std::path::Path;

use serde_json::{Value, json};
use sheaf_extract::locate::table;
use sheaf_extract::parse::locale::Votes;
use sheaf_extract::parse::{Locale, date};
use sheaf_extract::{Limits, read};
use sheaf_types::{Document, FieldKind, MediaType, TemplateSpec};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [set, out] = arguments.as_slice() else { return Err("usage: predict_tables SETDIR OUT.json".into()) };
    let set = Path::new(set);
    let mut predictions = Vec::new();
    for line in std::fs::read_to_string(set.join("truth.jsonl"))?.lines() {
        let truth: Value = serde_json::from_str(line)?;
        let text = |key: &str| truth[key].as_str().unwrap_or_default();
        let path = set.join(text("file"));
        if path.extension().is_none_or(|e| e != "pdf") || truth["tables"]["line_items"].is_null() {
            continue;
        }
        let name = format!("{}.json", text("template"));
        let places = [set.join("templates").join(&name), set.join("../templates").join(&name)];
        let template = places.into_iter().find(|p| p.exists()).unwrap_or_else(|| set.join("invoice.json"));
        let template = TemplateSpec::from_json(&serde_json::from_str(&std::fs::read_to_string(template)?)?)
            .map_err(|faults| format!("{faults:?}"))?;
        let document = match read(&std::fs::read(&path)?, MediaType::Pdf, &Limits::default()) {
            Ok(document) => document,
            Err(error) => {
                eprintln!("{}: {error}", text("file"));
                continue;
            }
        };
        let locale = locale(&document, &template);
        let fields: Vec<Value> = template
            .fields
            .iter()
            .filter(|field| field.kind == FieldKind::Table)
            .map(|field| serde_json::to_value(table::extract(&document, field, &locale)))
            .collect::<Result<_, _>>()?;
        predictions.push(json!({ "filename": text("file"), "status": "completed", "fields": fields }));
    }
    std::fs::write(out, serde_json::to_string_pretty(&predictions)?)?;
    Ok(())
}

fn locale(document: &Document, template: &TemplateSpec) -> Locale {
    let mut votes = Votes::default();
    for word in document.pages.iter().flat_map(|page| &page.words) {
        votes.count_number(&word.text);
        if let Some(date) = date::read(&word.text) {
            votes.count_date(date);
        }
    }
    votes.decide(template.locale.as_deref(), None)
}
