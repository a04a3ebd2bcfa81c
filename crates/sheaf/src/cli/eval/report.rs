//! What the judged values say together.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::judge::{TableScore, Verdict};
use crate::print;

/// Bins of confidence.
const BINS: usize = 10;
/// Longest value shown, in characters.
const LONGEST_SHOWN: usize = 48;

/// A value that the truth has, and what came out for it.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) field: String,
    /// The first acceptable value.
    pub(super) truth: String,
    /// `None` where nothing came out.
    pub(super) given: Option<Given>,
}

/// A value that came out.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: String,
    pub(super) verdict: Verdict,
    pub(super) confidence: f32,
    pub(super) needs_review: bool,
    /// Whether its box is the truth's; `None` where the truth has none or the value is not right.
    pub(super) placed: Option<bool>,
}

impl Judged {
    fn is_right(&self) -> bool {
        self.given.as_ref().is_some_and(|given| given.verdict == Verdict::Right)
    }
}

/// A document's judged values.
#[derive(Debug, Clone)]
pub(super) struct JudgedDocument {
    pub(super) name: String,
    /// Why it failed.
    pub(super) failure: Option<String>,
    pub(super) values: Vec<Judged>,
    pub(super) tables: Vec<TableScore>,
}

/// Counts of a field, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct FieldScore {
    /// Values in the truth.
    pub(super) truth: u64,
    /// Of them those for which something came out.
    pub(super) given: u64,
    pub(super) right: u64,
    /// Right, or a text with a few other letters.
    pub(super) near: u64,
    pub(super) precision: Option<f64>,
    pub(super) recall: Option<f64>,
    pub(super) f1: Option<f64>,
}

/// Values of one range of confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) values: u64,
    /// The mean confidence.
    pub(super) stated: Option<f64>,
    /// The share that is right.
    pub(super) right: Option<f64>,
}

/// The whole report; with `--out`, this is the file's content. Shares are 0 to 1, and null where there is nothing to
/// take a share of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    documents: u64,
    failed: u64,
    all: FieldScore,
    fields: IndexMap<String, FieldScore>,
    accepted: Accepted,
    calibration: Calibration,
    /// The share of right values whose box is that of the truth (intersection over union of at least a half).
    boxes: Option<f64>,
    tables: Option<Tables>,
    worst: Vec<Worst>,
}

/// Values that need no review.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Accepted {
    /// Of the values in the truth.
    share: Option<f64>,
    /// Of the accepted ones.
    right: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Calibration {
    /// Expected calibration error: mean distance of stated and right over the bins, weighted by their values.
    error: Option<f64>,
    bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Tables {
    tables: u64,
    /// The number of rows is right.
    rows_right: u64,
    cells: FieldScore,
}

/// A document with wrong or missing values.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Worst {
    document: String,
    failure: Option<String>,
    wrong: Vec<WrongValue>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct WrongValue {
    field: String,
    truth: String,
    given: Option<String>,
    confidence: Option<f32>,
    needs_review: bool,
}

impl FieldScore {
    fn of<'j>(values: impl Iterator<Item = &'j Judged>) -> Self {
        let mut score = Self::default();
        for judged in values {
            score.truth += 1;
            if let Some(given) = &judged.given {
                score.given += 1;
                score.right += u64::from(given.verdict == Verdict::Right);
                score.near += u64::from(given.verdict >= Verdict::Near);
            }
        }
        score.with_shares()
    }

    fn with_shares(mut self) -> Self {
        self.precision = share(self.right, self.given);
        self.recall = share(self.right, self.truth);
        self.f1 = share(2 * self.right, self.given + self.truth);
        self
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Report {
    /// Sums up documents; the `most` worst of them are named, those with the most wrong values first.
    pub(super) fn new(documents: &[JudgedDocument], most: usize) -> Self {
        let values = || documents.iter().flat_map(|document| &document.values);
        let names: IndexMap<&str, ()> = values().map(|judged| (judged.field.as_str(), ())).collect();
        let fields = names
            .keys()
            .map(|&name| (name.to_owned(), FieldScore::of(values().filter(|judged| judged.field == name))));
        let given = || values().filter_map(|judged| judged.given.as_ref());
        let accepted = || given().filter(|given| !given.needs_review);
        let placed: Vec<bool> = given().filter_map(|given| given.placed).collect();
        let right = |mut all: Box<dyn Iterator<Item = &Given> + '_>| {
            let (mut count, mut right) = (0, 0);
            for given in all.by_ref() {
                count += 1;
                right += u64::from(given.verdict == Verdict::Right);
            }
            (count, right)
        };
        let (accepted_count, accepted_right) = right(Box::new(accepted()));
        Self {
            documents: documents.len() as u64,
            failed: documents.iter().filter(|document| document.failure.is_some()).count() as u64,
            all: FieldScore::of(values()),
            fields: fields.collect(),
            accepted: Accepted {
                share: share(accepted_count, values().count() as u64),
                right: share(accepted_right, accepted_count),
            },
            calibration: Calibration::of(given()),
            boxes: share(placed.iter().filter(|&&is| is).count() as u64, placed.len() as u64),
            tables: Tables::of(documents),
            worst: worst(documents, most),
        }
    }

    /// As text for the terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.field_lines();
        lines.push(String::new());
        let accepted = &self.accepted;
        lines.push(format!(
            "accepted without review  {} % of the values, {} % of these are right",
            percent(accepted.share),
            percent(accepted.right)
        ));
        let error = self.calibration.error.map_or_else(|| "–".to_owned(), |error| format!("{error:.3}"));
        lines.push(format!("calibration error        {error}"));
        if self.boxes.is_some() {
            lines.push(format!("boxes right              {} % of the right values", percent(self.boxes)));
        }
        if let Some(tables) = &self.tables {
            lines.push(format!(
                "cells of tables          F1 {}, precision {}, recall {}; {} of {} tables have the right number of rows",
                percent(tables.cells.f1),
                percent(tables.cells.precision),
                percent(tables.cells.recall),
                tables.rows_right,
                tables.tables
            ));
        }
        lines.push(String::new());
        lines.extend(self.calibration.lines());
        lines.extend(self.worst.iter().flat_map(Worst::lines));
        lines
    }

    fn field_lines(&self) -> Vec<String> {
        let head = ["FIELD", "IN TRUTH", "GIVEN", "RIGHT", "NEAR", "PRECISION", "RECALL", "F1"];
        let row = |name: &str, score: &FieldScore| {
            let counts = [score.truth, score.given, score.right, score.near].map(|count| count.to_string());
            let shares = [score.precision, score.recall, score.f1].map(percent);
            std::iter::once(print::shorten(name, LONGEST_SHOWN)).chain(counts).chain(shares).collect()
        };
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.fields.iter().map(|(name, score)| row(name, score)));
        rows.push(row("all", &self.all));
        print::columns(&rows)
    }
}

impl Calibration {
    fn of<'g>(given: impl Iterator<Item = &'g Given>) -> Self {
        let mut sums = [(0u64, 0u64, 0.0f64); BINS];
        for given in given {
            let confidence = f64::from(given.confidence);
            // The confidence has three decimals; without the rounding 0.7 as a float would be below its bin.
            let bin = ((confidence * 1000.0).round() / 1000.0 * BINS as f64 + 1e-9) as usize;
            let (count, right, stated) = &mut sums[bin.min(BINS - 1)];
            *count += 1;
            *right += u64::from(given.verdict == Verdict::Right);
            *stated += confidence;
        }
        let all: u64 = sums.iter().map(|(count, _, _)| count).sum();
        let apart: f64 = sums.iter().map(|&(_, right, stated)| (right as f64 - stated).abs()).sum();
        let bins = sums.iter().enumerate().map(|(index, &(values, right, stated))| Bin {
            from: index as f64 / BINS as f64,
            to: (index + 1) as f64 / BINS as f64,
            values,
            stated: (values > 0).then(|| stated / values as f64),
            right: share(right, values),
        });
        Self { error: (all > 0).then(|| apart / all as f64), bins: bins.collect() }
    }

    fn lines(&self) -> Vec<String> {
        let mut rows = vec![["CONFIDENCE", "VALUES", "STATED", "RIGHT"].map(str::to_owned).to_vec()];
        rows.extend(self.bins.iter().filter(|bin| bin.values > 0).map(|bin| {
            let range = format!("{:.1} to {:.1}", bin.from, bin.to);
            vec![range, bin.values.to_string(), percent(bin.stated), percent(bin.right)]
        }));
        print::columns(&rows)
    }
}

impl Tables {
    fn of(documents: &[JudgedDocument]) -> Option<Self> {
        let mut cells = FieldScore::default();
        let (mut tables, mut rows_right) = (0, 0);
        for table in documents.iter().flat_map(|document| &document.tables) {
            tables += 1;
            rows_right += u64::from(table.rows_right);
            cells.truth += table.truth;
            cells.given += table.given;
            cells.right += table.right;
        }
        cells.near = cells.right;
        (tables > 0).then(|| Self { tables, rows_right, cells: cells.with_shares() })
    }
}

impl Worst {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![String::new(), clean(&self.document)];
        if let Some(failure) = &self.failure {
            lines.push(format!("  failed: {}", clean(failure)));
            return lines;
        }
        let rows: Vec<Vec<String>> = self
            .wrong
            .iter()
            .map(|wrong| {
                let given = match (&wrong.given, wrong.confidence) {
                    (Some(given), Some(confidence)) => {
                        let accepted = if wrong.needs_review { "" } else { ", accepted" };
                        format!("got {} ({confidence:.2}{accepted})", print::shorten(given, LONGEST_SHOWN))
                    }
                    _ => "got nothing".to_owned(),
                };
                let truth = print::shorten(&wrong.truth, LONGEST_SHOWN);
                vec![format!("  {}", wrong.field), format!("is {truth}"), given]
            })
            .collect();
        lines.extend(print::columns(&rows));
        lines
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn worst(documents: &[JudgedDocument], most: usize) -> Vec<Worst> {
    // Stable: of documents with as many wrong values the first in the truth comes first.
    let mut by_wrong: BTreeMap<std::cmp::Reverse<usize>, Vec<&JudgedDocument>> = BTreeMap::new();
    for document in documents {
        let wrong = document.values.iter().filter(|judged| !judged.is_right()).count();
        by_wrong.entry(std::cmp::Reverse(wrong)).or_default().push(document);
    }
    let ordered = by_wrong.into_iter().filter(|(wrong, _)| wrong.0 > 0).flat_map(|(_, documents)| documents);
    ordered
        .take(most)
        .map(|document| Worst {
            document: document.name.clone(),
            failure: document.failure.clone(),
            wrong: document.values.iter().filter(|judged| !judged.is_right()).map(WrongValue::of).collect(),
        })
        .collect()
}

impl WrongValue {
    fn of(judged: &Judged) -> Self {
        let given = judged.given.as_ref();
        Self {
            field: judged.field.clone(),
            truth: judged.truth.clone(),
            given: given.map(|given| given.value.clone()),
            confidence: given.map(|given| given.confidence),
            needs_review: given.is_none_or(|given| given.needs_review),
        }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1}", 100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(field: &str, given: Option<(Verdict, f32)>) -> Judged {
        let given = given.map(|(verdict, confidence)| Given {
            value: "v".to_owned(),
            verdict,
            confidence,
            needs_review: confidence < 0.75,
            placed: (verdict == Verdict::Right).then_some(confidence > 0.85),
        });
        Judged { field: field.to_owned(), truth: "t".to_owned(), given }
    }

    #[test]
    fn counts_shares_and_calibration_add_up() {
        let documents = [
            JudgedDocument {
                name: "good".to_owned(),
                failure: None,
                values: vec![
                    value("a", Some((Verdict::Right, 0.9))),
                    value("b", Some((Verdict::Right, 0.7))),
                ],
                tables: vec![TableScore { truth: 4, given: 2, right: 2, rows_right: false }],
            },
            JudgedDocument {
                name: "bad".to_owned(),
                failure: None,
                values: vec![value("a", Some((Verdict::Near, 0.8))), value("b", None)],
                tables: Vec::new(),
            },
        ];
        let report = Report::new(&documents, 5);
        assert_eq!((report.all.truth, report.all.given, report.all.right, report.all.near), (4, 3, 2, 3));
        assert_eq!((report.all.recall, report.fields["a"].f1), (Some(0.5), Some(0.5)));
        // Accepted: the values with 0.9 and 0.8, one of them right.
        assert_eq!((report.accepted.share, report.accepted.right), (Some(0.5), Some(0.5)));
        let bins: Vec<u64> = report.calibration.bins.iter().map(|bin| bin.values).collect();
        assert_eq!(bins, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
        let error = report.calibration.error.unwrap();
        assert!((error - (0.3 + 0.8 + 0.1) / 3.0).abs() < 1e-6, "{error}");
        assert_eq!(report.boxes, Some(0.5));
        assert_eq!(report.tables.unwrap().cells.f1, Some(2.0 / 3.0));
        let named: Vec<&str> = report.worst.iter().map(|worst| worst.document.as_str()).collect();
        assert_eq!(named, ["bad"]);
        assert_eq!(report.worst[0].wrong.len(), 2);
    }
}
