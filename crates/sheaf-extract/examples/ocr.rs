//! Measures the recognition of scans.
//!
//! `ocr receipts FOLDER` reads photographed receipts (`docs/*.jpg`, human transcripts in `ocr/*.csv`, fields in
//! `truth.jsonl`); `ocr pages FOLDER` draws the first page of PDFs that state their text, spoils the drawing in
//! several ways, and compares what is read with what was stated; `ocr fields FOLDER` counts the field values of
//! `truth.jsonl` that stand in what was read. All run each tier, and the `tesseract` command where
//! it is installed. A second argument is the number of documents; `SHEAF_MODELS` names the folder of the models,
//! `SHEAF_ONLY` a tier.
#![expect(clippy::unwrap_used, reason = "a tool for developers")]

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use image::{GrayImage, ImageFormat, Luma};
use serde_json::Value;
use sheaf_extract::ocr::{Engines, OcrConfig};
use sheaf_extract::{Limits, draw_page, read, read_with_ocr};
use sheaf_types::{Document, MediaType, Word};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (Some(what), Some(folder)) = (arguments.get(1), arguments.get(2).map(PathBuf::from)) else {
        eprintln!("usage: ocr receipts|pages|fields FOLDER [COUNT]");
        std::process::exit(2);
    };
    let count = arguments.get(3).and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let only = std::env::var("SHEAF_ONLY").ok();
    let tiers: Vec<Tier> =
        tiers().into_iter().filter(|t| only.as_ref().is_none_or(|o| t.name.contains(o))).collect();
    match what.as_str() {
        "receipts" => receipts(&folder, count, &tiers),
        "fields" => fields(&folder, count, &tiers),
        _ => pages(&folder, count, &tiers),
    }
}

struct Tier {
    name: &'static str,
    /// `None` runs the command.
    engines: Option<Engines>,
}

fn tiers() -> Vec<Tier> {
    let models = std::env::var_os("SHEAF_MODELS").map(PathBuf::from);
    let languages = OcrConfig::default().languages;
    let load = |languages: &[String], models: &Option<PathBuf>| {
        let engines = Engines::load(&OcrConfig {
            languages: languages.to_vec(),
            tessdata: None,
            models: models.clone(),
        });
        for missing in engines.missing() {
            eprintln!("SKIPPED: {missing}");
        }
        Some(engines)
    };
    let mut tiers = vec![
        Tier { name: "command", engines: None },
        Tier { name: "tesseract", engines: load(&languages, &None) },
    ];
    if models.is_some() {
        tiers.push(Tier { name: "pp-ocr", engines: load(&[], &models) });
        tiers.push(Tier { name: "cascade", engines: load(&languages, &models) });
    }
    tiers
}

impl Tier {
    fn read(&self, file: &[u8], media_type: MediaType) -> (Document, f64) {
        let before = cpu_seconds();
        let limits = Limits { max_duration: Duration::from_secs(600), ..Limits::default() };
        let document = match &self.engines {
            Some(engines) => read_with_ocr(file, media_type, engines, &limits).unwrap_or_default(),
            None => command(file),
        };
        (document, cpu_seconds() - before)
    }
}

/// What the `tesseract` command reads, as a document of one page.
fn command(file: &[u8]) -> Document {
    let path = std::env::temp_dir().join(format!("sheaf-ocr-{}", std::process::id()));
    fs::write(&path, file).unwrap();
    let output =
        Command::new("tesseract").arg(&path).args(["stdout", "tsv"]).env("OMP_THREAD_LIMIT", "1").output();
    fs::remove_file(&path).unwrap();
    let tsv = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
    let rows: Vec<Vec<&str>> = tsv.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let number = |row: &[&str], column: usize| row[column].parse::<f32>().unwrap_or(0.0);
    let Some(page) = rows.iter().find(|row| row[0] == "1") else { return Document::default() };
    let (width, height) = (number(page, 8), number(page, 9));
    let words = rows.iter().filter(|row| row[0] == "5" && row.len() > 11 && !row[11].trim().is_empty());
    let words = words.map(|row| {
        let [x, y, w, h] = [6, 7, 8, 9].map(|column| number(row, column));
        serde_json::json!({"text": row[11], "bbox": [x / width, y / height, (x + w) / width, (y + h) / height],
            "confidence": number(row, 10) / 100.0, "font_size": 10.0, "bold": false, "turn": 0, "source": "tesseract"})
    });
    let page = serde_json::json!({"number": 1, "width": width, "height": height, "words": words.collect::<Vec<_>>(),
        "rules": [], "warnings": []});
    serde_json::from_value(serde_json::json!({ "pages": [page] })).unwrap()
}

/// Sums over documents.
#[derive(Default)]
struct Score {
    expected: usize,
    found: usize,
    matched: usize,
    characters: usize,
    wrong: usize,
    documents: usize,
    total: usize,
    date: usize,
    confidence: f64,
    seconds: f64,
}

impl Score {
    fn add_words(&mut self, expected: &str, document: &Document) -> f64 {
        let found = words(document).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let (a, b) = (bag(expected), bag(&found));
        let matched: usize = a.iter().map(|(word, n)| (*n).min(b.get(word).copied().unwrap_or(0))).sum();
        let (expected, found) = (a.values().sum::<usize>(), b.values().sum::<usize>());
        self.expected += expected;
        self.found += found;
        self.matched += matched;
        self.documents += 1;
        let confidences: Vec<f64> = words(document).map(|word| f64::from(word.confidence)).collect();
        self.confidence += confidences.iter().sum::<f64>() / confidences.len().max(1) as f64;
        200.0 * matched as f64 / (expected + found).max(1) as f64
    }

    fn f(&self) -> f64 {
        200.0 * self.matched as f64 / (self.expected + self.found).max(1) as f64
    }
}

fn receipts(folder: &Path, count: usize, tiers: &[Tier]) {
    let truth: Vec<Value> = fs::read_to_string(folder.join("truth.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .take(count)
        .collect();
    println!(
        "{:<10} {:>5} {:>5} {:>6} {:>5} {:>5} {:>6}",
        "tier", "F", "CER", "total", "date", "conf", "CPU s"
    );
    for tier in tiers {
        let mut score = Score::default();
        for entry in &truth {
            let file = fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
            let (document, seconds) = tier.read(&file, MediaType::Jpeg);
            score.seconds += seconds;
            let csv = fs::read(folder.join(entry["ocr_truth"].as_str().unwrap())).unwrap();
            let text = transcript(&String::from_utf8_lossy(&csv));
            let f = score.add_words(&text.join(" "), &document);
            let found = squeezed(&words(&document).map(|word| word.text.as_str()).collect::<String>());
            for text in &text {
                let wrong = distance_within(&squeezed(text), &found);
                if wrong > 0 && std::env::var_os("SHEAF_VERBOSE").is_some() {
                    println!("    {wrong} wrong of {text:?}");
                }
                score.wrong += wrong;
                score.characters += squeezed(text).len();
            }
            let found: String = found.iter().collect();
            let has = |field: &str| {
                let raw: String =
                    squeezed(entry["meta"]["raw"][field].as_str().unwrap_or("")).iter().collect();
                usize::from(found.contains(&raw))
            };
            let (total, date) = (has("total"), has("date"));
            score.total += total;
            score.date += date;
            if std::env::var_os("SHEAF_VERBOSE").is_some() {
                println!("  {} F {f:.0} total {total} date {date} {seconds:.1} s", entry["id"]);
                if f < 80.0 {
                    println!(
                        "    {}",
                        words(&document).map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
                    );
                }
            }
        }
        let n = score.documents.max(1) as f64;
        println!(
            "{:<10} {:>5.1} {:>5.1} {:>6.0} {:>5.0} {:>5.2} {:>6.2}",
            tier.name,
            score.f(),
            100.0 * score.wrong as f64 / score.characters.max(1) as f64,
            100.0 * score.total as f64 / n,
            100.0 * score.date as f64 / n,
            score.confidence / n,
            score.seconds / n
        );
    }
}

fn fields(folder: &Path, count: usize, tiers: &[Tier]) {
    let lines = fs::read_to_string(folder.join("truth.jsonl")).unwrap();
    let truth: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let step = (truth.len() / count.min(truth.len())).max(1);
    println!("{:<10} {:>6} {:>6} {:>5} {:>6}", "tier", "fields", "there", "conf", "CPU s");
    for tier in tiers {
        let (mut there, mut all, mut score) = (0, 0, Score::default());
        for entry in truth.iter().step_by(step).take(count) {
            let file = fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
            let Some(media_type) = MediaType::sniff(&file) else { continue };
            let (document, seconds) = tier.read(&file, media_type);
            score.add_words("", &document);
            score.seconds += seconds;
            let found: String = words(&document)
                .flat_map(|w| w.text.chars())
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect();
            let before = (there, all);
            for value in entry["fields"].as_object().unwrap().values() {
                let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let mut texts = values.iter().filter_map(Value::as_str).peekable();
                if texts.peek().is_some() {
                    all += 1;
                    there += usize::from(texts.any(|text| found.contains(&bare(text))));
                }
            }
            if std::env::var_os("SHEAF_VERBOSE").is_some() {
                let (there, all) = (there - before.0, all - before.1);
                println!("  {} {there} of {all}, {:?}", entry["id"], sources(&document));
            }
        }
        let n = score.documents.max(1) as f64;
        println!(
            "{:<10} {all:>6} {:>6.1} {:>5.2} {:>6.2}",
            tier.name,
            100.0 * there as f64 / all.max(1) as f64,
            score.confidence / n,
            score.seconds / n
        );
    }
}

fn sources(document: &Document) -> HashMap<String, usize> {
    let mut sources = HashMap::new();
    for word in words(document) {
        *sources.entry(format!("{:?}", word.source)).or_default() += 1;
    }
    sources
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Lines of a transcript: eight corners, then the text.
fn transcript(csv: &str) -> Vec<String> {
    csv.lines().filter_map(|line| line.splitn(9, ',').nth(8)).map(str::to_owned).collect()
}

fn pages(folder: &Path, count: usize, tiers: &[Tier]) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    // Spread over the folder, since neighbours look alike.
    let step = (files.len() / count.min(files.len())).max(1);
    let files: Vec<PathBuf> = files.into_iter().step_by(step).take(count).collect();
    let kind = std::env::var("SHEAF_KIND").ok();
    println!("{:<12} {:<10} {:>5} {:>5} {:>6} {:>6}", "pages", "tier", "F", "conf", "box", "CPU s");
    for (name, width, spoil) in SPOILT.iter().filter(|s| kind.as_ref().is_none_or(|k| s.0.contains(k))) {
        let mut scores: Vec<(Score, f64)> = tiers.iter().map(|_| (Score::default(), 0.0)).collect();
        for (index, file) in files.iter().enumerate() {
            let bytes = fs::read(file).unwrap();
            let Ok(truth) = read(&bytes, MediaType::Pdf, &Limits::default()) else { continue };
            let text: Vec<&str> = truth.pages[0].words.iter().map(|word| word.text.as_str()).collect();
            let drawn = image::imageops::grayscale(
                &draw_page(&bytes, MediaType::Pdf, 1, *width, &Limits::default()).unwrap(),
            );
            let mut png = Cursor::new(Vec::new());
            spoil(&drawn, index as u64).write_to(&mut png, ImageFormat::Png).unwrap();
            for (tier, (score, boxes)) in tiers.iter().zip(&mut scores) {
                let (document, seconds) = tier.read(png.get_ref(), MediaType::Png);
                let f = score.add_words(&text.join(" "), &document);
                score.seconds += seconds;
                *boxes += placed(&truth, &document);
                if std::env::var_os("SHEAF_VERBOSE").is_some() {
                    println!("  {} {} F {f:.0} {seconds:.1} s", tier.name, file.display());
                }
            }
        }
        for (tier, (score, boxes)) in tiers.iter().zip(&scores) {
            let n = score.documents.max(1) as f64;
            println!(
                "{name:<12} {:<10} {:>5.1} {:>5.2} {:>6.2} {:>6.2}",
                tier.name,
                score.f(),
                score.confidence / n,
                if MOVED.iter().any(|word| name.contains(word)) { f64::NAN } else { boxes / n },
                score.seconds / n
            );
        }
    }
}

/// Of the truth's words that were read once and stand there once, the share whose box was hit.
fn placed(truth: &Document, found: &Document) -> f64 {
    let once = |document: &Document| {
        let mut places: HashMap<String, Vec<Word>> = HashMap::new();
        for word in document.pages.first().iter().flat_map(|page| &page.words) {
            places.entry(word.text.clone()).or_default().push(word.clone());
        }
        places.retain(|text, words| words.len() == 1 && text.chars().count() > 2);
        places
    };
    let (truth, found) = (once(truth), once(found));
    let pairs: Vec<f32> = truth
        .iter()
        .filter_map(|(text, word)| {
            let (a, b) = (word[0].bbox, found.get(text)?[0].bbox);
            let inside = (a.x0..a.x1).contains(&f32::midpoint(b.x0, b.x1))
                && (a.y0..a.y1).contains(&f32::midpoint(b.y0, b.y1));
            Some(f32::from(u8::from(inside)))
        })
        .collect();
    f64::from(pairs.iter().sum::<f32>()) / pairs.len().max(1) as f64
}

type Spoil = fn(&GrayImage, u64) -> GrayImage;

/// Ways in which a page is spoilt: name, width in pixels (A4 at 300, 200, 150, 100 dots an inch), and how.
const SPOILT: [(&str, u32, Spoil); 14] = [
    ("300 dpi", 2480, |page, _| page.clone()),
    ("200 dpi", 1654, |page, _| page.clone()),
    ("150 dpi", 1240, |page, _| page.clone()),
    ("100 dpi", 827, |page, _| page.clone()),
    ("1 degree", 1654, |page, _| rotated(page, 1.0)),
    ("-2 degrees", 1654, |page, _| rotated(page, -2.0)),
    ("3 degrees", 1654, |page, _| rotated(page, 3.0)),
    ("turned 90", 1654, |page, _| image::imageops::rotate90(page)),
    ("turned 180", 1654, |page, _| image::imageops::rotate180(page)),
    ("turned 270", 1654, |page, _| image::imageops::rotate270(page)),
    ("noisy", 1240, noisy),
    ("blurred", 1240, |page, _| image::imageops::blur(page, 1.8)),
    ("fax", 1654, |page, seed| {
        let mut page = noisy(page, seed);
        page.pixels_mut().for_each(|pixel| pixel.0[0] = if pixel.0[0] > 150 { 255 } else { 0 });
        page
    }),
    ("photo", 1240, |page, seed| {
        let mut page = noisy(&image::imageops::blur(&rotated(page, 1.5), 0.8), seed);
        let (width, height) = (page.width() as f32, page.height() as f32);
        for (x, y, pixel) in page.enumerate_pixels_mut() {
            let light = 0.45 + 0.4 * (x as f32 / width) + 0.15 * (y as f32 / height);
            pixel.0[0] = (f32::from(pixel.0[0]) * light) as u8;
        }
        page
    }),
];

/// Kinds whose words stand elsewhere than in the PDF: their boxes are not compared.
const MOVED: [&str; 3] = ["degree", "turned", "photo"];

fn rotated(page: &GrayImage, degrees: f64) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = (f64::from(page.width()) / 2.0, f64::from(page.height()) / 2.0);
    GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let (dx, dy) = (f64::from(x) - cx, f64::from(y) - cy);
        let (x, y) = (cx + cos * dx + sin * dy, cy - sin * dx + cos * dy);
        let level = image::imageops::interpolate_bilinear(page, x as f32, y as f32);
        level.unwrap_or(Luma([255]))
    })
}

/// Grain of a cheap scanner: normal noise, standard deviation 25 of 255.
fn noisy(page: &GrayImage, seed: u64) -> GrayImage {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    let mut page = page.clone();
    for pixel in page.pixels_mut() {
        let normal = (0..6).map(|_| uniform()).sum::<f32>() - 3.0;
        pixel.0[0] = (f32::from(pixel.0[0]) + normal * 35.0).clamp(0.0, 255.0) as u8;
    }
    page
}

fn words(document: &Document) -> impl Iterator<Item = &Word> {
    document.pages.iter().flat_map(|page| &page.words)
}

fn bag(text: &str) -> HashMap<String, usize> {
    let mut bag = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *bag.entry(word.to_lowercase()).or_default() += 1;
    }
    bag
}

fn squeezed(text: &str) -> Vec<char> {
    text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect()
}

/// Edit distance of a line from what is most like it in a text, wherever that stands there.
fn distance_within(line: &[char], text: &[char]) -> usize {
    let mut row: Vec<usize> = vec![0; text.len() + 1];
    for (i, x) in line.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in text.iter().enumerate() {
            let substituted = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(corner + 1);
        }
    }
    row.into_iter().min().unwrap_or(line.len())
}

/// Processor time of this process and the commands that it ran, in seconds.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or("");
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks / 100.0
}
