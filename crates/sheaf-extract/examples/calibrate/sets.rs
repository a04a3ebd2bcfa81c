//! Sets of documents whose values are known.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use serde_json::Value;
use sheaf_extract::ocr::Engines;
use sheaf_extract::parse::fold::tight;
use sheaf_extract::{Limits, read};
use sheaf_types::{Document, FieldKind, MediaType, TemplateSpec};

/// A document and what is true of it.
pub(crate) struct Case {
    /// Documents of one group look alike.
    pub(crate) group: String,
    pub(crate) document: Document,
    pub(crate) template: TemplateSpec,
    /// By field, the acceptable values.
    pub(crate) truth: HashMap<String, Vec<String>>,
}

/// Reads `folder/truth.jsonl` and its documents; what cannot be read, or has no text, is left out.
///
/// Recognising scans takes long: what was read is kept in `cache`.
pub(crate) fn read_set(folder: &Path, engines: &Engines, cache: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for line in fs::read_to_string(folder.join("truth.jsonl"))?.lines().filter(|line| !line.trim().is_empty())
    {
        let line: Value = serde_json::from_str(line)?;
        let file = line["file"].as_str().ok_or("a document without a file")?;
        let Some(document) = read_document(&folder.join(file), engines, cache)? else { continue };
        let texts = |value: &Value| -> Vec<String> {
            let one = |value: &Value| value.as_str().map(str::to_owned);
            value
                .as_array()
                .map_or_else(|| one(value).into_iter().collect(), |all| all.iter().filter_map(one).collect())
        };
        let fields = line["fields"].as_object().ok_or("a document without fields")?;
        cases.push(Case {
            group: line["group"].as_str().or(line["id"].as_str()).unwrap_or(file).to_owned(),
            document,
            template: template(&line["template"], folder)?,
            truth: fields.iter().map(|(name, value)| (name.clone(), texts(value))).collect(),
        });
    }
    Ok(cases)
}

fn read_document(path: &Path, engines: &Engines, cache: &Path) -> Result<Option<Document>, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    if let Ok(document) = serde_json::from_slice::<Document>(&bytes) {
        return Ok(Some(document));
    }
    let name = path.to_string_lossy().replace('/', "-");
    let kept = cache.join(format!("{name}.json"));
    if let Ok(bytes) = fs::read(&kept) {
        return Ok(serde_json::from_slice(&bytes)?);
    }
    let media_type = MediaType::sniff(&bytes).unwrap_or(MediaType::Other);
    let document = read::read_with_ocr(&bytes, media_type, engines, &Limits::default()).ok();
    let document = document.filter(|document| !document.is_textless());
    fs::create_dir_all(cache)?;
    fs::write(kept, serde_json::to_vec(&document)?)?;
    Ok(document)
}

/// The template itself, or the one of that name in `templates/` of the set or beside it.
fn template(value: &Value, folder: &Path) -> Result<TemplateSpec, Box<dyn Error>> {
    let json = match value {
        Value::String(name) => {
            let file = format!("templates/{name}.json");
            let paths: [PathBuf; 2] = [folder.join(&file), folder.join("..").join(&file)];
            let path = paths.iter().find(|path| path.is_file()).ok_or(format!("no template {name}"))?;
            serde_json::from_str(&fs::read_to_string(path)?)?
        }
        own => own.clone(),
    };
    TemplateSpec::from_json(&json).map_err(|faults| format!("{faults:?}").into())
}

/// Whether a value is one of the acceptable ones.
pub(crate) fn is_right(kind: FieldKind, value: &str, acceptable: &[String]) -> bool {
    acceptable.iter().any(|truth| match kind {
        FieldKind::Number | FieldKind::Currency => {
            matches!((value.parse::<Decimal>(), truth.parse::<Decimal>()), (Ok(a), Ok(b)) if a == b)
        }
        FieldKind::Date => value == truth,
        FieldKind::Text | FieldKind::Enum | FieldKind::Table => tight(value) == tight(truth),
    })
}
