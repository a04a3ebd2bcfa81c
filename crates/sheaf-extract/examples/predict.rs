//! Runs the engine over a set of documents and writes its answers: `predict SETDIR OUT.json [TEMPLATE.json]`.
//!
//! `SETDIR/truth.jsonl` names the documents and their templates (`file`, and `template`: the name of a file in
//! `SETDIR/templates` or `SETDIR/../templates`, or the template itself); a third argument is used for all of them. What
//! cannot be read is reported as failed; a `.json` file is a document that has been read (`Document`); an e-invoice inside a file counts. The output has the shape of the product's
//! JSON export. With `SHEAF_READ=folder`, scans are recognised (models in `SHEAF_MODELS`) and what was read is kept in that
//! folder, so that the next run begins with it. With `SHEAF_EXPLAIN=part`, the candidates of the documents whose file names contain it are printed.
//! Built with the feature `ablation`, it leaves out the family of evidence that `SHEAF_WITHOUT` names: one of
//! `sheaf_extract::ablation`, the `anchors` of the template, or the `rules` drawn on the pages.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sheaf_extract::ocr::{Engines, OcrConfig};
use sheaf_extract::{Limits, ReadError, embedded, explain, extract_with, read_with_ocr};
use sheaf_types::{Document, FieldSpec, MediaType, TemplateSpec};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(set), Some(out)) = (args.next(), args.next()) else {
        return Err("usage: predict SETDIR OUT.json [TEMPLATE.json]".into());
    };
    let set = PathBuf::from(set);
    let fixed = args.next().map(|path| template_file(Path::new(&path))).transpose()?;
    let explained = std::env::var("SHEAF_EXPLAIN").ok();
    let without = std::env::var("SHEAF_WITHOUT").ok();
    leave_out(without.as_deref())?;
    let library = Library::new();
    let mut templates: HashMap<String, TemplateSpec> = HashMap::new();
    let mut results = Vec::new();
    let (mut reading, mut extracting) = (Duration::ZERO, Duration::ZERO);
    for line in fs::read_to_string(set.join("truth.jsonl"))?.lines().filter(|line| !line.trim().is_empty()) {
        let truth: Value = serde_json::from_str(line)?;
        let file = truth["file"].as_str().ok_or("a document without a file")?;
        let mut template = match (&fixed, &truth["template"]) {
            (Some(fixed), _) => fixed.clone(),
            (None, Value::String(name)) => match templates.get(name) {
                Some(template) => template.clone(),
                None => {
                    let folder = if set.join("templates").is_dir() { "templates" } else { "../templates" };
                    let path = set.join(folder).join(format!("{name}.json"));
                    let template = template_file(&path)?;
                    templates.insert(name.clone(), template.clone());
                    template
                }
            },
            (None, inline) => parse_template(inline)?,
        };
        if without.as_deref() == Some("anchors") {
            forget_anchors(&mut template.fields);
        }
        let start = Instant::now();
        let bytes = fs::read(set.join(file))?;
        // A document that was read before, or put together from a transcript: its pages as JSON.
        let document = match serde_json::from_slice::<Document>(&bytes) {
            Ok(document) => Ok(document),
            Err(_) => library.read(&bytes, file),
        };
        let invoice = embedded::find(&bytes, &Limits::default());
        reading += start.elapsed();
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
        results.push(match document {
            Ok(mut document) => {
                if without.as_deref() == Some("rules") {
                    document.pages.iter_mut().for_each(|page| (page.rules, page.cells) = Default::default());
                }
                let start = Instant::now();
                let fields = extract_with(&document, &template, invoice.as_ref());
                if explained.as_deref().is_some_and(|part| file.contains(part)) {
                    println!("{file}\n{}", explain(&document, &template));
                }
                extracting += start.elapsed();
                json!({"filename": name, "id": truth["id"], "status": "completed", "fields": fields})
            }
            Err(error) => {
                json!({"filename": name, "status": "failed", "error": error.to_string(), "fields": []})
            }
        });
    }
    println!("{} documents: reading {reading:.2?}, extracting {extracting:.2?}", results.len());
    fs::write(out, serde_json::to_string_pretty(&results)?)?;
    Ok(())
}

/// Leaves out a family of evidence of the engine's own.
#[cfg(feature = "ablation")]
fn leave_out(name: Option<&str>) -> Result<(), Box<dyn Error>> {
    use sheaf_extract::ablation::{Family, leave_out};

    let Some(name) = name.filter(|name| !matches!(*name, "anchors" | "rules")) else { return Ok(()) };
    let family = Family::ALL.into_iter().find(|(known, _)| *known == name);
    let (_, family) = family.ok_or_else(|| format!("SHEAF_WITHOUT: there is no {name:?}"))?;
    leave_out(family).map_err(|already| format!("{already:?} is left out already").into())
}

#[cfg(not(feature = "ablation"))]
fn leave_out(name: Option<&str>) -> Result<(), Box<dyn Error>> {
    match name {
        Some(_) => Err("SHEAF_WITHOUT needs `--features ablation`".into()),
        None => Ok(()),
    }
}

/// Leaves of a template's labels none, so that names and types say what is asked for.
fn forget_anchors(fields: &mut [FieldSpec]) {
    for field in fields {
        (field.anchors, field.description) = (Vec::new(), None);
        field.columns.iter_mut().for_each(|column| column.anchors.clear());
    }
}

/// What was read before, if anything is kept.
struct Library {
    folder: Option<PathBuf>,
    engines: Engines,
}

impl Library {
    fn new() -> Self {
        let folder = std::env::var_os("SHEAF_READ").map(PathBuf::from);
        let models = std::env::var_os("SHEAF_MODELS").map(PathBuf::from);
        let engines = match folder {
            Some(_) => Engines::load(&OcrConfig { models, ..OcrConfig::default() }),
            None => Engines::default(),
        };
        Self { folder, engines }
    }

    fn read(&self, bytes: &[u8], name: &str) -> Result<Document, ReadError> {
        let kept = self.folder.as_ref().map(|folder| folder.join(format!("{}.json", name.replace('/', "_"))));
        let before = kept.as_ref().and_then(|path| serde_json::from_slice(&fs::read(path).ok()?).ok());
        if let Some(document) = before {
            return Ok(document);
        }
        let media_type = MediaType::sniff(bytes).unwrap_or(MediaType::Other);
        // Figures must not depend on how busy the machine is.
        let patient = Duration::from_secs(600);
        let limits = Limits { max_duration: patient, max_page_duration: patient, ..Limits::default() };
        let document = read_with_ocr(bytes, media_type, &self.engines, &limits)?;
        if let Some(path) = kept {
            let json = serde_json::to_vec(&document).unwrap_or_default();
            if let Err(error) = fs::write(&path, json) {
                eprintln!("{}: {error}", path.display());
            }
        }
        Ok(document)
    }
}

fn template_file(path: &Path) -> Result<TemplateSpec, Box<dyn Error>> {
    parse_template(&serde_json::from_str(&fs::read_to_string(path)?)?)
}

fn parse_template(json: &Value) -> Result<TemplateSpec, Box<dyn Error>> {
    TemplateSpec::from_json(json).map_err(|faults| format!("{faults:?}").into())
}
