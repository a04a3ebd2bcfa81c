//! Sample documents with their truth.
//!
//! - `samples OUT_DIR` writes the demo set: `documents/`, `truth.jsonl` and the template `invoice.json`.
//! - `samples OUT_DIR --count N [--seed S] [--scans PERCENT]` writes random documents, and `templates/` for them.
//! - `samples OUT_DIR --hostile` writes files that attack a reader.
//!
//! The same arguments give the same bytes.

mod bill;
mod demo;
mod design;
mod draw;
mod engine;
mod font;
mod hostile;
mod layout;
mod locale;
mod pdf;
mod random;
mod receipt;
mod scan;
mod sheet;
mod truth;

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::Value;
use sheaf_types::TemplateSpec;
use truth::Sample;

const USAGE: &str = "usage: samples OUT_DIR [--count N [--seed S] [--scans PERCENT] | --hostile]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut order = engine::Order { count: 0, seed: 1, scans: 0 };
    let mut hostile = false;
    let mut args = std::env::args().skip(1);
    let out = args.next().filter(|arg| !arg.starts_with('-')).ok_or(USAGE)?;
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|value| value.parse::<u64>().ok()).ok_or(USAGE);
        match arg.as_str() {
            "--count" => order.count = number()?,
            "--seed" => order.seed = number()?,
            "--scans" => order.scans = number()?,
            "--hostile" => hostile = true,
            _ => return Err(USAGE.into()),
        }
    }
    let out = Path::new(&out);
    fs::create_dir_all(out)?;
    if hostile {
        return Ok(hostile::write(out)?);
    }
    let world = locale::World::load()?;
    if order.count > 0 {
        fs::create_dir_all(out.join("templates"))?;
        for (name, template) in engine::templates() {
            write_json(&out.join("templates").join(format!("{name}.json")), &template)?;
        }
        write(out, engine::samples(&world, order))
    } else {
        write_json(&out.join("invoice.json"), &serde_json::to_value(TemplateSpec::starter_invoice())?)?;
        write(out, demo::samples(&world).into_iter())
    }
}

/// Each sample into `documents/`, its truth as a line of `truth.jsonl`.
fn write(out: &Path, samples: impl Iterator<Item = Sample>) -> Result<(), Box<dyn Error>> {
    let documents = out.join("documents");
    fs::create_dir_all(&documents)?;
    let mut lines = BufWriter::new(fs::File::create(out.join("truth.jsonl"))?);
    for sample in samples {
        fs::write(documents.join(format!("{}.pdf", sample.id)), &sample.pdf)?;
        if let Some(truth) = sample.truth {
            serde_json::to_writer(&mut lines, &truth)?;
            lines.write_all(b"\n")?;
        }
    }
    Ok(lines.flush()?)
}

fn write_json(path: &Path, json: &Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path, serde_json::to_string_pretty(json)? + "\n")?)
}
