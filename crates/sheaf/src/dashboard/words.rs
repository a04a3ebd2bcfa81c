//! How pages say things.

use std::borrow::Borrow;

use sheaf_types::{BatchStatus, Event, FieldKind, FieldValue, Method, Status};

/// `1 document`, `2 documents`.
pub(super) fn count(n: impl Borrow<u64>, one: &str, many: &str) -> String {
    let n = *n.borrow();
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `12,345`.
pub(super) fn number(n: impl Borrow<u64>) -> String {
    let digits = n.borrow().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `2026-05-15 12:00 UTC` of a time as the store writes it; a script puts it into the browser's zone.
pub(super) fn moment(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => time.to_owned(),
    }
}

/// `2026-05-15`.
pub(super) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// A value: text, an amount with its currency, or how many rows it has.
pub(super) fn value(value: Option<&FieldValue>, currency: Option<&str>) -> Option<String> {
    Some(match value? {
        FieldValue::Scalar(text) => match currency {
            Some(currency) => format!("{text} {currency}"),
            None => text.clone(),
        },
        FieldValue::Rows(rows) => count(rows.len() as u64, "row", "rows"),
    })
}

/// How a value was found.
pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Regex => "by its form",
        Method::Anchor => "by its label",
        Method::Table => "as rows of a table",
        Method::Embedded => "in the e-invoice inside the PDF",
        Method::Llm => "named by the language model",
        Method::Review => "by a person",
    }
}

/// Where a document stands.
pub(super) fn status(status: impl Borrow<Status>) -> &'static str {
    match status.borrow() {
        Status::Pending => "Pending",
        Status::Running => "Running",
        Status::Completed => "Completed",
        Status::NeedsReview => "Needs review",
        Status::Failed => "Failed",
        Status::Cancelled => "Cancelled",
    }
}

/// Where a batch stands.
pub(super) fn batch_status(status: impl Borrow<BatchStatus>) -> &'static str {
    match status.borrow() {
        BatchStatus::Pending => "Waiting",
        BatchStatus::Running => "Running",
        BatchStatus::Completed => "Completed",
        BatchStatus::Failed => "Failed",
        BatchStatus::Cancelled => "Cancelled",
    }
}

/// What a field's value is.
pub(super) fn kind(kind: impl Borrow<FieldKind>) -> &'static str {
    match kind.borrow() {
        FieldKind::Text => "text",
        FieldKind::Number => "number",
        FieldKind::Date => "date",
        FieldKind::Currency => "amount of money",
        FieldKind::Enum => "one of a list",
        FieldKind::Table => "table",
    }
}

/// What a webhook is told.
pub(super) fn event(event: impl Borrow<Event>) -> &'static str {
    match event.borrow() {
        Event::BatchCompleted => "batch completed",
        Event::BatchFailed => "batch failed",
        Event::BatchCancelled => "batch cancelled",
        Event::ExtractionNeedsReview => "document needs review",
    }
}

/// An error's detail as a sentence that stands alone.
pub(super) fn sentence(detail: &str) -> String {
    let mut chars = detail.trim_end_matches('.').chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// The name of a batch or template, or that it has none.
pub(super) fn or_untitled(name: &str) -> &str {
    if name.trim().is_empty() { "Untitled" } else { name }
}

/// `45 seconds`, `3 minutes`, `1 hour 20 minutes`.
pub(super) fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).ceil() as u64;
    match seconds {
        0..=90 => count(seconds, "second", "seconds"),
        91..=5_399 => count(seconds.div_ceil(60), "minute", "minutes"),
        _ => {
            let minutes = seconds / 60;
            format!("{} {}", count(minutes / 60, "hour", "hours"), count(minutes % 60, "minute", "minutes"))
        }
    }
}

/// `97 %` of a share.
pub(super) fn percent(share: impl Borrow<f32>) -> String {
    format!("{:.0} %", share.borrow() * 100.0)
}

/// Documents a second, or a minute where they are few.
pub(super) fn rate(per_second: f64) -> String {
    if per_second >= 1.0 {
        format!("{per_second:.1} documents a second")
    } else {
        format!("{:.1} documents a minute", per_second * 60.0)
    }
}

/// `50 MB`.
pub(super) fn size(bytes: impl Borrow<u64>) -> String {
    match *bytes.borrow() {
        bytes @ 0..1_000_000 => format!("{} kB", number(bytes.div_ceil(1_000))),
        bytes => format!("{} MB", number(bytes / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
        assert_eq!(
            (count(1u64, "page", "pages"), count(2u64, "page", "pages")),
            ("1 page".into(), "2 pages".into())
        );
    }

    #[test]
    fn a_time_span_is_told_in_two_units_at_most() {
        for (seconds, text) in [
            (0.2, "1 second"),
            (90.0, "90 seconds"),
            (91.0, "2 minutes"),
            (3_600.0, "60 minutes"),
            (5_400.0, "1 hour 30 minutes"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(
            (rate(12.34), rate(0.05)),
            ("12.3 documents a second".into(), "3.0 documents a minute".into())
        );
        assert_eq!((size(1u64), size(50_000_000u64)), ("1 kB".into(), "50 MB".into()));
    }
}
