//! Fits the confidence to right and wrong answers: `calibrate [--write] [--models FOLDER] [--cache FOLDER] SET...`.
//!
//! A set is a folder with `truth.jsonl` (a JSON object a line with `file`, `fields` and `template`, as `sheaf eval` reads
//! it, and `group` where documents look alike) and its documents; those that `samples` writes are one. A document that is a
//! `.json` file is one that has been read already.
//!
//! Printed are, for each set, the calibration with the weights that ship, with weights fitted without a fifth of the groups
//! and judged on that fifth, and with weights fitted on the other sets only; and what each family of signals is worth.
//! `--write` puts the weights fitted on everything into `data/confidence.txt`.

mod fit;
mod sets;

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use fit::{Quality, Row, fit, judge};
use sheaf_extract::confidence::{SIGNALS, Weights, confidence, shipped};
use sheaf_extract::observe;
use sheaf_extract::ocr::{Engines, OcrConfig};

const FOLDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut write = false;
    let mut cache = std::env::temp_dir().join("sheaf-calibrate");
    let mut ocr = OcrConfig::default();
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--write" => write = true,
            "--models" => ocr.models = args.next().map(PathBuf::from),
            "--cache" => cache = args.next().ok_or("--cache needs a folder")?.into(),
            _ => folders.push(arg.into()),
        }
    }
    if folders.is_empty() {
        return Err("usage: calibrate [--write] [--models FOLDER] [--cache FOLDER] SET...".into());
    }
    let engines = Engines::load(&ocr);
    let mut rows = Vec::new();
    for (set, folder) in folders.iter().enumerate() {
        eprintln!("reading {}", folder.display());
        rows.extend(observe_set(set, folder, &engines, &cache)?);
    }

    let all: Vec<&Row> = rows.iter().collect();
    let by = |weights: &Weights, rows: &[&Row]| {
        let judged: Vec<(&Row, f32)> =
            rows.iter().map(|&row| (row, confidence(&row.signals, weights))).collect();
        judge(&judged)
    };
    let out_of_fold = crossed(&rows, &[], |row| row.fold);
    let out_of_set = crossed(&rows, &[], |row| row.set);
    for (title, judged) in [
        ("as shipped", all.iter().map(|&row| (row, confidence(&row.signals, shipped()))).collect()),
        ("fitted on the other folds", out_of_fold.clone()),
        ("fitted on the other sets", out_of_set.clone()),
    ] {
        println!("\n{title}");
        println!("{:22} {}", "set", HEAD);
        for (set, folder) in folders.iter().enumerate() {
            let own: Vec<(&Row, f32)> = judged.iter().copied().filter(|(row, _)| row.set == set).collect();
            println!("{:22} {}", name(folder), line(&judge(&own)));
        }
        println!("{:22} {}", "all", line(&judge(&judged)));
    }

    println!("\nwithout a family of signals, fitted on the other folds / on the other sets");
    let mut families: Vec<&str> = Vec::new();
    for signal in SIGNALS {
        if !families.contains(&signal.family) {
            families.push(signal.family);
        }
    }
    for family in families {
        let without: Vec<usize> = SIGNALS
            .iter()
            .enumerate()
            .filter(|(_, signal)| signal.family == family && signal.name != "constant")
            .map(|(index, _)| index)
            .collect();
        let folds = judge(&crossed(&rows, &without, |row| row.fold));
        let sets = judge(&crossed(&rows, &without, |row| row.set));
        println!("{family:22} {} / {}", line(&folds), line(&sets));
    }

    let weights = fit(rows.iter(), &[]);
    println!("\nweights; fitted on everything: {}", line(&by(&weights, &all)));
    let text = as_text(&weights);
    print!("{text}");
    if write {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/confidence.txt"), text)?;
    }
    Ok(())
}

fn observe_set(
    set: usize,
    folder: &Path,
    engines: &Engines,
    cache: &Path,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for case in sets::read_set(folder, engines, cache)? {
        let fold =
            case.group.bytes().fold(7usize, |hash, byte| (hash * 31 + usize::from(byte)) % 99_991) % FOLDS;
        for seen in observe(&case.document, &case.template) {
            let Some(acceptable) = case.truth.get(&seen.field) else { continue };
            let right = sets::is_right(seen.kind, &seen.value, acceptable);
            rows.push(Row { set, fold, signals: seen.signals, right, held: seen.inconsistent });
        }
    }
    Ok(rows)
}

/// The confidence of each row by weights that were fitted without the rows of its part.
fn crossed<'r>(rows: &'r [Row], without: &[usize], part: impl Fn(&Row) -> usize) -> Vec<(&'r Row, f32)> {
    let parts = rows.iter().map(&part).max().map_or(0, |last| last + 1);
    (0..parts)
        .flat_map(|left_out| {
            let weights = fit(rows.iter().filter(|row| part(row) != left_out), without);
            let own: Vec<&Row> = rows.iter().filter(|row| part(row) == left_out).collect();
            own.into_iter().map(move |row| (row, confidence(&row.signals, &weights)))
        })
        .collect()
}

const HEAD: &str = "values  right  accepted  right  error   loss";

fn line(quality: &Quality) -> String {
    format!(
        "{:6}  {:5.1}  {:8.1}  {:5.1}  {:.3}  {:.3}",
        quality.values,
        100.0 * quality.right,
        100.0 * quality.accepted,
        100.0 * quality.accepted_right,
        quality.error,
        quality.loss
    )
}

fn name(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn as_text(weights: &Weights) -> String {
    let mut text = String::from(
        "# Weights of the signals of confidence, as `cargo run --release -p sheaf-extract --example calibrate` fits them.\n\
         # What each signal is stands in src/confidence.rs.\n",
    );
    for (signal, weight) in SIGNALS.iter().zip(weights) {
        let _ = writeln!(text, "{} {weight}", signal.name);
    }
    text
}
