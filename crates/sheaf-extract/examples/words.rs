//! Measures the words of a folder of PDFs against `pdftotext -bbox` (poppler-utils): `words DIR…`.
//!
//! For each folder: recall and precision of words (as multisets a page, NFKC), the share of matched words whose
//! boxes overlap by half (IoU), how many files failed and why, seconds of both, and the slowest file. With
//! `SHEAF_WORST=n`, the n files with the lowest F1; with a file instead of a folder, the words that differ.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sheaf_extract::{Limits, read};
use sheaf_types::{BoundingBox, Document, MediaType};
use unicode_normalization::UnicodeNormalization;

/// Words of a page by their text.
type Words = HashMap<String, Vec<BoundingBox>>;

#[derive(Default, Clone, Copy)]
struct Score {
    expected: usize,
    found: usize,
    matched: usize,
    placed: usize,
}

impl Score {
    fn recall(self) -> f64 {
        ratio(self.matched, self.expected)
    }

    fn precision(self) -> f64 {
        ratio(self.matched, self.found)
    }

    fn f1(self) -> f64 {
        ratio(2 * self.matched, self.expected + self.found)
    }

    fn boxes(self) -> f64 {
        ratio(self.placed, self.matched)
    }

    fn add(&mut self, other: Self) {
        self.expected += other.expected;
        self.found += other.found;
        self.matched += other.matched;
        self.placed += other.placed;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let worst: usize = std::env::var("SHEAF_WORST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    println!(
        "| folder | files | pages | words | recall | precision | F1 | macro F1 | boxes | macro boxes | sheaf s | pdftotext s | slowest | failed |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for folder in folders {
        measure(&folder, worst)?;
    }
    Ok(())
}

fn measure(folder: &Path, worst: usize) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut total = Score::default();
    let mut scores: Vec<(f64, f64, PathBuf)> = Vec::new();
    let mut failed: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut pages, mut own, mut theirs) = (0, 0.0, 0.0);
    let mut slowest = (0.0, PathBuf::new());
    for file in &files {
        let bytes = std::fs::read(file)?;
        let start = Instant::now();
        let document = read(&bytes, MediaType::Pdf, &Limits::default());
        let seconds = start.elapsed().as_secs_f64();
        own += seconds;
        if seconds > slowest.0 {
            slowest = (seconds, file.clone());
        }
        let document = match document {
            Ok(document) => document,
            Err(error) => {
                *failed.entry(error.code().as_str()).or_default() += 1;
                if worst > 0 {
                    println!("failed {}: {}", error.code().as_str(), file.display());
                }
                continue;
            }
        };
        pages += document.pages.len();
        let start = Instant::now();
        let expected = pdftotext(file, &document)?;
        theirs += start.elapsed().as_secs_f64();
        let Some(expected) = expected else { continue };
        let mut score = Score::default();
        for (index, page) in document.pages.iter().enumerate() {
            let mut words = Words::new();
            for word in &page.words {
                words.entry(normal(&word.text)).or_default().push(word.bbox);
            }
            let empty = Words::new();
            let expected = expected.get(index).unwrap_or(&empty);
            score.add(compare(expected, &words));
            if files.len() == 1 {
                show_differences(index + 1, expected, &words);
                println!("page {} warnings {:?}", index + 1, page.warnings);
            }
        }
        total.add(score);
        if score.expected + score.found > 0 {
            scores.push((score.f1(), score.boxes(), file.clone()));
        }
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let failures: Vec<String> = failed.iter().map(|(code, count)| format!("{code} {count}")).collect();
    println!(
        "| {} | {} | {pages} | {} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {:.4} | {own:.2} | {theirs:.2} | {} {:.2} s | {} |",
        folder.file_name().unwrap_or_default().to_string_lossy(),
        files.len(),
        total.expected,
        total.recall(),
        total.precision(),
        total.f1(),
        mean(scores.iter().map(|s| s.0).collect()),
        total.boxes(),
        mean(scores.iter().map(|s| s.1).collect()),
        slowest.1.file_name().unwrap_or_default().to_string_lossy(),
        slowest.0,
        failures.join(", "),
    );
    scores.sort_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)).then_with(|| a.2.cmp(&b.2)));
    for (f1, boxes, file) in scores.iter().take(worst) {
        println!("  F1 {f1:.3} boxes {boxes:.3} {}", file.display());
    }
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf")) {
        files.push(path.to_path_buf());
    }
    Ok(())
}

/// Words of each page by poppler; `None` where it fails or says nothing.
fn pdftotext(file: &Path, document: &Document) -> std::io::Result<Option<Vec<Words>>> {
    let output = Command::new("timeout")
        .args(["30", "pdftotext", "-q", "-cropbox", "-bbox"])
        .arg(file)
        .arg("-")
        .output()?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut pages: Vec<Words> = Vec::new();
    let (mut width, mut height) = (1.0, 1.0);
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("<page ") {
            width = attribute(line, "width").unwrap_or(1.0);
            height = attribute(line, "height").unwrap_or(1.0);
            // Poppler states the size before the page is turned, and boxes after.
            let page = document.pages.get(pages.len());
            if page.is_some_and(|page| (page.width > page.height) != (width > height)) {
                (width, height) = (height, width);
            }
            pages.push(Words::new());
        } else if line.starts_with("<word ")
            && let Some(page) = pages.last_mut()
            && let (Some(start), Some(end)) = (line.find('>'), line.rfind("</word>"))
        {
            let coordinate = |name, size: f32| attribute(line, name).unwrap_or(0.0) / size;
            let bbox = BoundingBox {
                x0: coordinate("xMin", width),
                y0: coordinate("yMin", height),
                x1: coordinate("xMax", width),
                y1: coordinate("yMax", height),
            };
            let on_page = bbox.x1 > 0.0 && bbox.x0 < 1.0 && bbox.y1 > 0.0 && bbox.y0 < 1.0;
            if on_page {
                page.entry(normal(&unescape(&line[start + 1..end]))).or_default().push(bbox);
            }
        }
    }
    Ok(Some(pages))
}

fn attribute(line: &str, name: &str) -> Option<f32> {
    let start = line.find(&format!("{name}=\""))? + name.len() + 2;
    line[start..].split('"').next()?.parse().ok()
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn normal(text: &str) -> String {
    let mut chars: Vec<char> =
        text.nfkc().filter(|c| !c.is_whitespace() && !c.is_control() && *c != '\u{AD}').collect();
    // Poppler leaves right-to-left words as they stand from left to right.
    if chars.iter().any(|c| ('\u{590}'..='\u{8FF}').contains(c)) {
        chars.sort_unstable();
    }
    chars.into_iter().collect()
}

/// Matches equal words greedily by the overlap of their boxes.
fn compare(expected: &Words, found: &Words) -> Score {
    let mut score = Score {
        expected: expected.values().map(Vec::len).sum(),
        found: found.values().map(Vec::len).sum(),
        ..Score::default()
    };
    for (text, boxes) in expected {
        let Some(candidates) = found.get(text) else { continue };
        let count = boxes.len().min(candidates.len());
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (i, a) in boxes.iter().enumerate() {
            for (j, b) in candidates.iter().enumerate() {
                let overlap = a.iou(*b);
                if overlap > 0.0 {
                    pairs.push((overlap, i, j));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut used = (vec![false; boxes.len()], vec![false; candidates.len()]);
        for (overlap, i, j) in pairs {
            if !used.0[i] && !used.1[j] {
                used.0[i] = true;
                used.1[j] = true;
                score.placed += usize::from(overlap >= 0.5);
            }
        }
        score.matched += count;
    }
    score
}

fn show_differences(page: usize, expected: &Words, found: &Words) {
    for (sign, left, right) in [("-", expected, found), ("+", found, expected)] {
        let mut lines: Vec<(f32, f32, String)> = Vec::new();
        for (text, boxes) in left {
            let missing = boxes.len().saturating_sub(right.get(text).map_or(0, Vec::len));
            for b in boxes.iter().take(missing) {
                let place = format!("[{:.3} {:.3} {:.3} {:.3}]", b.x0, b.y0, b.x1, b.y1);
                lines.push((b.y0, b.x0, format!("{page} {sign} {text}  {place}")));
            }
        }
        lines.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for (_, _, line) in lines {
            println!("{line}");
        }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
