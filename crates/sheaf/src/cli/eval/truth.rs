//! What is true of a set of documents: a file with one JSON object a line.
//!
//! ```json
//! {"file": "docs/1.pdf", "fields": {"total": "12.50", "signer": ["Ada Byron", "Byron, Ada"]},
//!  "tables": {"line_items": [{"description": "Tea", "amount": "12.50"}]},
//!  "boxes": {"total": [1, 0.81, 0.63, 0.89, 0.64]}, "template": "invoice_en"}
//! ```
//!
//! Dates are ISO dates, amounts decimals with a point; a list names several acceptable values. A box is left, top, right
//! and bottom, after the page if that is not the first, as fractions of the displayed page or in pixels of an image; a
//! list of boxes is one value on several lines, and `also` has a value's other places. Only `file` and `fields` are
//! needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use sheaf_types::{BoundingBox, TemplateSpec};

use crate::cli::template_file;

/// A document and what is true of it.
#[derive(Debug)]
pub(super) struct Case {
    /// As the truth names it.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Index into [`Truth::templates`].
    pub(super) template: usize,
    /// By field, the acceptable values.
    pub(super) fields: IndexMap<String, Vec<String>>,
    /// By table, the rows.
    pub(super) tables: IndexMap<String, Vec<Row>>,
    boxes: IndexMap<String, Value>,
    also: IndexMap<String, Vec<Value>>,
}

/// A row of a table: by column, the acceptable values.
pub(super) type Row = IndexMap<String, Vec<String>>;

/// All documents of a truth file with their templates.
#[derive(Debug)]
pub(super) struct Truth {
    pub(super) cases: Vec<Case>,
    pub(super) templates: Vec<TemplateSpec>,
}

#[derive(Deserialize)]
struct Line {
    file: PathBuf,
    #[serde(default)]
    fields: IndexMap<String, Value>,
    #[serde(default)]
    tables: IndexMap<String, Vec<IndexMap<String, Value>>>,
    #[serde(default)]
    boxes: IndexMap<String, Value>,
    #[serde(default)]
    also: IndexMap<String, Vec<Value>>,
    #[serde(default)]
    template: Value,
}

impl Truth {
    /// Reads a truth file.
    ///
    /// `template` is a template's file, used for all documents but those that bring their own, or a folder with the
    /// templates that the documents name. Files are looked for beside the truth file.
    ///
    /// # Errors
    /// Where a line is not understood or a template is missing or faulty, with the line's number.
    pub(super) fn read(path: &Path, template: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the truth file {}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut templates = Templates { path: template, specs: Vec::new(), named: BTreeMap::new() };
        let mut cases = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let at = || format!("line {number} of {}", path.display());
            let line: Line = serde_json::from_str(line).with_context(at)?;
            cases.push(Case {
                name: line.file.display().to_string(),
                path: folder.join(&line.file),
                template: templates.find(&line.template).with_context(at)?,
                fields: acceptable(line.fields),
                tables: line
                    .tables
                    .into_iter()
                    .map(|(name, rows)| (name, rows.into_iter().map(acceptable).collect()))
                    .collect(),
                boxes: line.boxes,
                also: line.also,
            });
        }
        if cases.is_empty() {
            bail!("{} names no documents", path.display());
        }
        Ok(Self { cases, templates: templates.specs })
    }
}

impl Case {
    /// Where the field's value stands: each place with its page, counted from 1. `pixels` is the width and height of the
    /// document, if it is an image. Empty where the truth does not say.
    pub(super) fn places(&self, field: &str, pixels: Option<(f32, f32)>) -> Vec<(u32, BoundingBox)> {
        let others = self.also.get(field).into_iter().flatten();
        self.boxes
            .get(field)
            .into_iter()
            .chain(others)
            .filter_map(|place| read_place(place, pixels))
            .collect()
    }
}

struct Templates<'p> {
    path: &'p Path,
    specs: Vec<TemplateSpec>,
    named: BTreeMap<String, usize>,
}

impl Templates<'_> {
    /// Index of the template that a line asks for.
    fn find(&mut self, wanted: &Value) -> Result<usize> {
        let (key, path) = match wanted {
            Value::Object(_) => {
                let spec = TemplateSpec::from_json(wanted)
                    .map_err(|faults| anyhow::anyhow!("its template is not valid: {}", describe(&faults)))?;
                self.specs.push(spec);
                return Ok(self.specs.len() - 1);
            }
            Value::String(name) if self.path.is_dir() => {
                (name.clone(), self.path.join(format!("{name}.json")))
            }
            _ if self.path.is_dir() => bail!("it names no template, and --template is a folder"),
            _ => (String::new(), self.path.to_owned()),
        };
        if let Some(&index) = self.named.get(&key) {
            return Ok(index);
        }
        self.specs.push(template_file::read(&path)?);
        self.named.insert(key, self.specs.len() - 1);
        Ok(self.specs.len() - 1)
    }
}

fn describe(faults: &[sheaf_types::Fault]) -> String {
    faults.iter().map(|fault| fault.detail.as_str()).collect::<Vec<_>>().join("; ")
}

/// Values as lists of texts; what is null or an empty list is not in the truth.
fn acceptable(values: IndexMap<String, Value>) -> Row {
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    values
        .into_iter()
        .map(|(name, value)| match value {
            Value::Array(values) => (name, values.into_iter().filter_map(text).collect()),
            value => (name, text(value).into_iter().collect::<Vec<_>>()),
        })
        .filter(|(_, values)| !values.is_empty())
        .collect()
}

/// A box with its page; of a list of boxes the one around all.
fn read_place(place: &Value, pixels: Option<(f32, f32)>) -> Option<(u32, BoundingBox)> {
    let parts = place.as_array()?;
    if parts.iter().all(Value::is_array) {
        let parts: Vec<_> = parts.iter().filter_map(|part| read_place(part, pixels)).collect();
        let &(page, first) = parts.first()?;
        let others = parts.iter().filter(|(p, _)| *p == page).map(|&(_, part)| part);
        return Some((page, others.fold(first, BoundingBox::union)));
    }
    let numbers: Vec<f32> = parts.iter().filter_map(Value::as_f64).map(|n| n as f32).collect();
    let (page, [x0, y0, x1, y1]) = match numbers[..] {
        [x0, y0, x1, y1] => (1, [x0, y0, x1, y1]),
        [page, x0, y0, x1, y1] => (page as u32, [x0, y0, x1, y1]),
        _ => return None,
    };
    if [x0, y0, x1, y1].iter().all(|&n| n <= 1.0) {
        return Some((page, BoundingBox::from([x0, y0, x1, y1])));
    }
    let (width, height) = pixels?;
    Some((page, BoundingBox::from([x0 / width, y0 / height, x1 / width, y1 / height])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn near(a: BoundingBox, b: [f32; 4]) -> bool {
        <[f32; 4]>::from(a).iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-4)
    }

    #[test]
    fn places_are_fractions_or_pixels_with_or_without_a_page() {
        let (page, place) = read_place(&json!([2, 0.1, 0.2, 0.3, 0.4]), None).unwrap();
        assert!(page == 2 && near(place, [0.1, 0.2, 0.3, 0.4]));
        let lines = json!([[10, 20, 30, 40], [10, 50, 60, 70]]);
        let (page, place) = read_place(&lines, Some((100.0, 200.0))).unwrap();
        assert!(page == 1 && near(place, [0.1, 0.1, 0.6, 0.35]));
        assert_eq!(read_place(&lines, None), None);
        assert_eq!(read_place(&json!("here"), None), None);
    }

    #[test]
    fn each_document_gets_the_template_it_asks_for() {
        let folder = tempfile::tempdir().unwrap();
        let template = |name: &str| json!({"name": name, "fields": [{"name": "total", "type": "currency"}]});
        let file = folder.path().join("a.json");
        std::fs::write(&file, template("a").to_string()).unwrap();
        let truth = folder.path().join("truth.jsonl");
        let own = json!({"file": "2.pdf", "fields": {"total": [1.5, null]}, "template": template("own")});
        std::fs::write(&truth, format!("{{\"file\":\"1.pdf\",\"template\":\"a\"}}\n\n{own}\n")).unwrap();
        for by in [&file, &folder.path().to_owned()] {
            let read = Truth::read(&truth, by).unwrap();
            let names: Vec<&str> =
                read.cases.iter().map(|case| read.templates[case.template].name.as_str()).collect();
            assert_eq!(names, ["a", "own"]);
            assert_eq!(read.cases[1].fields["total"], ["1.5"]);
            assert_eq!(read.cases[1].path, folder.path().join("2.pdf"));
        }
        std::fs::write(&truth, "{\"file\":\"1.pdf\",\"template\":\"b\"}").unwrap();
        let missing = format!("{:#}", Truth::read(&truth, folder.path()).unwrap_err());
        assert!(missing.contains("line 1") && missing.contains("b.json"), "{missing}");
    }
}
