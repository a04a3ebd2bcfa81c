//! Measures what corrections teach: `teach [--all] [--nameless] [--show] [--models FOLDER] [--cache FOLDER] SET...`.
//!
//! A set is a folder as `calibrate` reads it. Each value that the engine finds wrongly or not at all is corrected as a person
//! would, where it stands on the document; then the documents of the same design are extracted again with that one lesson.
//! With `--all`, values that were right are shown, too: what a lesson must not spoil. With `--nameless`, the template says nothing
//! of its fields but their types, so that all the engine knows of them is what it is shown. `--show` prints what changed.

#[path = "calibrate/sets.rs"]
mod sets;

use std::error::Error;
use std::path::PathBuf;

use sets::{Case, is_right, read_set};
use sheaf_extract::extract;
use sheaf_extract::find::find;
use sheaf_extract::lesson::{extract_and_ask, is_about, learn};
use sheaf_extract::ocr::{Engines, OcrConfig};
use sheaf_types::{FieldKind, FieldResult, FieldValue, Lesson};

/// Places of a value that are tried.
const MOST_PLACES: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut all, mut nameless, mut show) = (false, false, false);
    let mut cache = std::env::temp_dir().join("sheaf-calibrate");
    let mut ocr = OcrConfig::default();
    let mut folders: Vec<PathBuf> = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--all" => all = true,
            "--nameless" => nameless = true,
            "--show" => show = true,
            "--models" => ocr.models = args.next().map(PathBuf::from),
            "--cache" => cache = args.next().ok_or("--cache needs a folder")?.into(),
            _ => folders.push(arg.into()),
        }
    }
    let engines = Engines::load(&ocr);
    println!(
        "{:16} {:>8} {:>8} {:>10} {:>8} {:>8} | {:>8} {:>8} {:>8} | {:>8} {:>8} {:>8}",
        "set",
        "lessons",
        "taught",
        "look-alike",
        "gained",
        "lost",
        "right",
        "accepted",
        "wrong",
        "then",
        "accepted",
        "wrong"
    );
    for folder in &folders {
        let mut cases = read_set(folder, &engines, &cache)?;
        let by_names: Vec<Vec<FieldResult>> = cases.iter().map(by_rules).collect();
        if nameless {
            cases.iter_mut().for_each(forget_names);
        }
        let before: Vec<Vec<FieldResult>> = cases.iter().map(by_rules).collect();
        let mut count = Count::default();
        for (teacher, case) in cases.iter().enumerate() {
            for (result, by_names) in before[teacher].iter().zip(&by_names[teacher]) {
                if result.kind == FieldKind::Table {
                    continue;
                }
                let Some(truth) = case.truth.get(&result.name).filter(|truth| !truth.is_empty()) else {
                    continue;
                };
                if judge(result, Some(truth)) == Some(true) && !all {
                    continue;
                }
                count.lessons += 1;
                let Some(lesson) = lesson(case, &result.name, by_names, truth) else { continue };
                count.taught += 1;
                for (learner, other) in cases.iter().enumerate() {
                    if learner != teacher && is_about(&lesson, &other.document) {
                        count.learn(other, &before[learner], &lesson, show);
                    }
                }
            }
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        println!("{name:16} {count}");
    }
    Ok(())
}

fn by_rules(case: &Case) -> Vec<FieldResult> {
    extract(&case.document, &case.template)
}

/// Leaves of a template's fields their types.
fn forget_names(case: &mut Case) {
    for (number, field) in case.template.fields.iter_mut().enumerate() {
        let name = format!("f{number}");
        if let Some(truth) = case.truth.remove(&field.name) {
            case.truth.insert(name.clone(), truth);
        }
        field.name = name;
        (field.anchors, field.description, field.pattern) = (Vec::new(), None, None);
    }
}

/// What is learned from the true value, where a person would show it: where it was found if it was found rightly; else of
/// the places where it stands the one that looks most like the field's, which here is the one with the surest result.
fn lesson(case: &Case, name: &str, found: &FieldResult, truth: &[String]) -> Option<Lesson> {
    let field = case.template.fields.iter().find(|field| field.name == name)?;
    let at = |page: u32, bbox| {
        let page = case.document.pages.iter().find(|one| one.number == page)?;
        learn(page, field, bbox)
    };
    if judge(found, Some(&truth.to_vec())) == Some(true) {
        return at(found.page?, found.bbox?);
    }
    let places = truth
        .iter()
        .flat_map(|text| find(&case.document, &case.template, field.kind, &field.enum_values, text).places);
    let taught = places.take(MOST_PLACES).filter_map(|place| {
        let lesson = at(place.page, place.bbox)?;
        let lessons = std::slice::from_ref(&lesson);
        let (results, _) = extract_and_ask(&case.document, &case.template, lessons, None, None);
        let confidence = results.iter().find(|result| result.name == name)?.confidence;
        Some((confidence, lesson))
    });
    taught.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, lesson)| lesson)
}

/// Whether a result is right; `None` where nothing is known of the field.
fn judge(result: &FieldResult, truth: Option<&Vec<String>>) -> Option<bool> {
    let truth = truth?;
    Some(match &result.value {
        Some(FieldValue::Scalar(value)) => is_right(result.kind, value, truth),
        _ => truth.is_empty(),
    })
}

#[derive(Default)]
struct Count {
    /// Values that were to be corrected; those of them that stand on the document.
    lessons: usize,
    taught: usize,
    /// Documents of the same design whose value is known, over all lessons; values that became right, and that became wrong.
    pairs: usize,
    gained: usize,
    lost: usize,
    before: Tally,
    after: Tally,
}

/// Of the values of these pairs: the right ones, those that need no review, and the wrong ones among these.
#[derive(Default)]
struct Tally {
    right: usize,
    accepted: usize,
    wrong: usize,
}

impl Tally {
    fn add(&mut self, result: &FieldResult, is_right: bool) {
        let is_accepted = result.value.is_some() && !result.needs_review;
        self.right += usize::from(is_right);
        self.accepted += usize::from(is_accepted);
        self.wrong += usize::from(is_accepted && !is_right);
    }
}

impl Count {
    fn learn(&mut self, case: &Case, before: &[FieldResult], lesson: &Lesson, show: bool) {
        let lessons = std::slice::from_ref(lesson);
        let (after, _) = extract_and_ask(&case.document, &case.template, lessons, None, None);
        let find = |results: &[FieldResult]| results.iter().find(|r| r.name == lesson.field).cloned();
        let (Some(before), Some(after)) = (find(before), find(&after)) else { return };
        let truth = case.truth.get(&lesson.field);
        let (Some(was), Some(is)) = (judge(&before, truth), judge(&after, truth)) else { return };
        self.pairs += 1;
        self.before.add(&before, was);
        self.after.add(&after, is);
        self.gained += usize::from(is && !was);
        self.lost += usize::from(was && !is);
        if show && (was != is || !is) {
            let (was, is) = (if was { '+' } else { '-' }, if is { '+' } else { '-' });
            let flag = if after.needs_review { " for review" } else { "" };
            println!(
                "  {was}{is} {} {} {:?} -> {:?} {:.2}{flag}, is {truth:?}",
                case.group, lesson.field, before.value, after.value, after.confidence
            );
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lessons, taught, pairs, gained, lost, before, after } = self;
        write!(f, "{lessons:>8} {taught:>8} {pairs:>10} {gained:>8} {lost:>8}")?;
        for Tally { right, accepted, wrong } in [before, after] {
            write!(f, " | {right:>8} {accepted:>8} {wrong:>8}")?;
        }
        Ok(())
    }
}
