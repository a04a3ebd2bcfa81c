//! Mutated documents of every format, read, drawn and extracted by a process that may die of them.
//!
//! `cargo test` runs some fixed cases of each format; `make fuzz SECONDS=600 SEED=7` goes on from there. A
//! case is made of its format, the seed and its number alone, so that what was found is found again. Three ways to
//! fail are told apart: a panic in our code, although it was caught; more time than the limit; and the death of the
//! process, of memory beyond its limit or of its stack. Panics in libraries are caught and counted. The input of
//! each finding is kept in `target/tmp/fuzz`. Before anything else each of these faults is made on purpose: a watcher
//! that sees nothing is seen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod mutate;
mod seeds;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio, exit};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mutate::Random;
use rustix::process::{Resource, Rlimit, setrlimit};
use seeds::Format;
use sheaf_extract::{Limits, draw_page, embedded, extract_with, read};
use sheaf_types::TemplateSpec;

/// Cases of each format where no time is given.
const CASES: u64 = 150;
/// Address space of the process that reads, in bytes: that of a reader by default.
const MEMORY: u64 = 2 << 30;
/// Processor time that one step on one input may take. Inputs are small, but the build may not be optimised.
const PATIENCE: Duration = Duration::from_secs(20);
/// Exit code of a process that lost its patience.
const HANGS: u8 = 3;
/// Names the format for the process that reads; its absence says that this is the one that watches.
const FORMAT: &str = "FUZZ_FORMAT";
const FIRST_CASE: &str = "FUZZ_FIRST_CASE";
/// Names a fault to be made in place of reading.
const FAULT: &str = "FUZZ_FAULT";
/// Seconds for all formats together, and where the randomness starts.
const SECONDS: &str = "FUZZ_SECONDS";
const SEED: &str = "FUZZ_SEED";

/// Where the last panic was, by file and line.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn main() -> ExitCode {
    // The test runner's arguments are not for this: it has one test.
    if std::env::args().any(|argument| argument == "--list") {
        println!("fuzz: test");
        return ExitCode::SUCCESS;
    }
    match std::env::var(FORMAT) {
        Ok(name) => work(&Format::named(&name)),
        Err(_) => {
            check_that_faults_are_seen();
            watch()
        }
    }
}

/// A process that reads the cases of a format from `first` on.
fn process(format: &str, first: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(FORMAT, format).env(FIRST_CASE, first.to_string()).stdout(Stdio::piped());
    command
}

fn check_that_faults_are_seen() {
    for fault in ["panic", "hang", "memory", "stack"] {
        let mut command = process(Format::NAMES[0], 0);
        let output = command.env(FAULT, fault).env_remove(SECONDS).stderr(Stdio::null()).output().unwrap();
        let is_seen = match fault {
            "panic" => String::from_utf8_lossy(&output.stdout).contains("case 0 panics at crates/"),
            "hang" => output.status.code() == Some(i32::from(HANGS)),
            _ => output.status.code().is_none(),
        };
        assert!(is_seen, "a fault made on purpose ({fault}) was not seen: {}", output.status);
    }
}

/// Does what [`check_that_faults_are_seen`] wants to see, where it asks for it.
fn make_fault() {
    fn nest(depth: u64) -> u64 {
        std::hint::black_box(if depth == 0 { 0 } else { 1 + nest(depth - 1) })
    }
    match std::env::var(FAULT).as_deref() {
        Ok("panic") => panic!("on purpose"),
        Ok("hang") => while std::hint::black_box(true) {},
        Ok("memory") => drop(std::hint::black_box(vec![1u8; 2 * MEMORY as usize])),
        Ok("stack") => drop(nest(u64::MAX)),
        _ => {}
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The input that a format's process is working on.
fn input(format: &str) -> PathBuf {
    folder().join(format!("{format}.current"))
}

/// Of the time, in parts: a case of a PDF takes longest, and there is most to find.
fn share(format: &str) -> u32 {
    if format == "pdf" { 6 } else { 1 }
}

/// Runs a process for each format, and another one where it dies.
fn watch() -> ExitCode {
    let shares: u32 = Format::NAMES.into_iter().map(share).sum();
    let seconds = number(SECONDS).map(|seconds| Duration::from_secs(seconds) / shares);
    let mut failures = 0;
    for name in Format::NAMES {
        let started = Instant::now();
        let mut first = 0;
        loop {
            let left = seconds.map(|seconds| (seconds * share(name)).saturating_sub(started.elapsed()));
            let mut command = process(name, first);
            if let Some(left) = left {
                command.env(SECONDS, left.as_secs().to_string());
            }
            let output = command.stderr(Stdio::inherit()).output().unwrap();
            let report = String::from_utf8_lossy(&output.stdout);
            print!("{report}");
            failures += report.lines().filter(|line| line.starts_with("FOUND")).count();
            if output.status.success() {
                break;
            }
            // The input stands behind the number of its case.
            let died_of = fs::read(input(name)).unwrap();
            let (case, bytes) = died_of.split_first_chunk().unwrap();
            let case = u64::from_le_bytes(*case);
            let how = match output.status.code() {
                Some(code) if code == i32::from(HANGS) => "hangs".to_owned(),
                _ => format!("kills its process ({})", output.status),
            };
            found(name, case, &how, bytes);
            failures += 1;
            first = case + 1;
        }
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn found(format: &str, case: u64, what: &str, bytes: &[u8]) {
    let path = folder().join(format!("{format}-{case}"));
    fs::write(&path, bytes).unwrap();
    println!("FOUND {format} case {case} {what}: {}", path.display());
}

/// Reads one case after the other under the limits of a reader.
fn work(format: &Format) -> ExitCode {
    let limit = Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    setrlimit(Resource::As, limit).unwrap();
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
    std::panic::set_hook(Box::new(|panic| {
        *PANIC.lock().unwrap() = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
    }));
    // A fault on purpose need not be waited for.
    let patience = if std::env::var_os(FAULT).is_some() { PATIENCE / 40 } else { PATIENCE };
    let step = steps_watched(patience);
    let template = TemplateSpec::starter_invoice();
    let until = number(SECONDS).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let (first, seed) = (number(FIRST_CASE).unwrap_or(0), number(SEED).unwrap_or(1));
    let mut caught: BTreeMap<String, u64> = BTreeMap::new();
    let (mut slowest, mut cases, mut whole) = (Duration::ZERO, 0, 0);
    let goes_on = |case: u64| until.map_or(case < CASES, |until| Instant::now() < until);
    for case in (first..).take_while(|&case| goes_on(case)) {
        let bytes = format.mutated(&mut Random::new(seed, case));
        fs::write(input(format.name), [&case.to_le_bytes(), &bytes[..]].concat()).unwrap();
        let started = processor_time();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(format, &bytes, &template, step)));
        slowest = slowest.max(processor_time() - started);
        cases += 1;
        whole += u64::from(outcome.is_ok_and(|is_read| is_read));
        if let Some(place) = PANIC.lock().unwrap().take() {
            if place.starts_with("crates/") {
                found(format.name, case, &format!("panics at {place}"), &bytes);
            }
            *caught.entry(place).or_default() += 1;
        }
    }
    println!("{}: {cases} cases, {whole} of them readable, the slowest in {slowest:.1?}", format.name);
    for (place, count) in caught {
        println!("  {count} panics caught at {place}");
    }
    ExitCode::SUCCESS
}

/// All that is done with the bytes of a document; whether it could be read.
fn run(format: &Format, bytes: &[u8], template: &TemplateSpec, step: &AtomicU64) -> bool {
    let limits = Limits { max_duration: PATIENCE / 2, ..Limits::default() };
    let next = || step.fetch_add(1, Ordering::Relaxed);
    next();
    make_fault();
    let document = read(bytes, format.media_type, &limits);
    next();
    let invoice = embedded::find(bytes, &limits);
    if let Ok(document) = &document {
        next();
        let _ = extract_with(document, template, invoice.as_ref());
    }
    next();
    // Whatever it draws or refuses is right, so long as it comes back.
    let _ = draw_page(bytes, format.media_type, 1, 100, &limits);
    document.is_ok()
}

/// A counter of steps; where it stands still for longer than `patience`, the process ends.
fn steps_watched(patience: Duration) -> &'static AtomicU64 {
    static STEP: AtomicU64 = AtomicU64::new(0);
    std::thread::spawn(move || {
        let mut last = (0, processor_time());
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let step = STEP.load(Ordering::Relaxed);
            if step != last.0 {
                last = (step, processor_time());
            } else if processor_time() - last.1 > patience {
                exit(i32::from(HANGS));
            }
        }
    });
    &STEP
}

/// Processor time of this process so far: however busy the machine is, a case costs the same.
fn processor_time() -> Duration {
    // Behind the name in brackets, user and system time are the 12th and 13th fields, in hundredths of a second.
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    Duration::from_millis(
        10 * fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>(),
    )
}
