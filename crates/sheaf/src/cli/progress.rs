//! Progress of long work: a bar where somebody watches, plain lines where nobody does.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::print;

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Progress {
    what: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    last_line: Cell<Instant>,
}

impl Progress {
    /// Starts at none of `total`.
    pub(super) fn start(what: &'static str, total: u64) -> Self {
        let bar = print::is_watched().then(|| {
            let bar = ProgressBar::new(total).with_prefix(what);
            let style = "{prefix} [{bar:30}] {percent:>3}% {pos}/{len}  {msg}  {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style.progress_chars("#- "));
            }
            bar
        });
        Self { what, total, bar, last_line: Cell::new(Instant::now()) }
    }

    /// Shows how many are done, and something about them.
    pub(super) fn set(&self, done: u64, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.to_owned());
            bar.set_position(done);
        } else if self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            let comma = if message.is_empty() { "" } else { ": " };
            print::note(format!("{} {done} of {}{comma}{message}", self.what, self.total));
        }
    }

    /// Prints a line above the bar.
    pub(super) fn note(&self, line: impl AsRef<str>) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => print::note(line),
        }
    }

    /// Leaves the bar as it stands.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
