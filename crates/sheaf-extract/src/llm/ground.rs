//! From what a model says to a value of the page.

use rust_decimal::Decimal;
use sheaf_types::template::compile_pattern;
use sheaf_types::{BoundingBox, ColumnSpec, FieldKind, FieldSpec};

use super::answer::Cited;
use super::find::Closeness;
use super::index::Index;
use super::typed::{meant_days, meant_numbers};
use crate::locate::enums::EnumFinder;
use crate::locate::layout::Span;
use crate::parse;
use crate::parse::number;

/// A value that a model named, as it stands on the page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grounded {
    pub(super) spans: Vec<Span>,
    /// The parse of `source`.
    pub(super) value: String,
    pub(super) currency: Option<String>,
    /// Verbatim.
    pub(super) source: String,
    pub(super) page: u32,
    pub(super) bbox: BoundingBox,
    pub(super) cell: Option<String>,
    pub(super) closeness: Closeness,
    /// Whether it stands on a line that the model cited.
    pub(super) is_cited: bool,
    /// Whether it stands in one place only.
    pub(super) is_single: bool,
    /// Whether the source can be read in one way only.
    pub(super) is_certain: bool,
    /// Confidence of its least sure word, 0 to 1.
    pub(super) least: f32,
}

/// What is asked for: a field or a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'s> {
    pub(super) kind: FieldKind,
    pub(super) enum_values: &'s [String],
    pub(super) pattern: Option<&'s str>,
}

impl<'s> Wanted<'s> {
    pub(super) fn field(spec: &'s FieldSpec) -> Self {
        Self { kind: spec.kind, enum_values: &spec.enum_values, pattern: spec.pattern.as_deref() }
    }

    pub(super) fn column(spec: &'s ColumnSpec) -> Self {
        Self { kind: spec.kind, enum_values: &spec.enum_values, pattern: None }
    }
}

impl Index<'_> {
    /// The value where it stands: on a cited line, else at `hint`, else nearest to what was cited.
    pub(super) fn ground(
        &self,
        wanted: Wanted<'_>,
        said: &Cited,
        hint: Option<(u32, BoundingBox)>,
    ) -> Option<Grounded> {
        let mut found = self.all(wanted, &said.text);
        let is_single = found.len() == 1;
        let far = |one: &Grounded| self.distance(&one.spans, &said.lines);
        let is_hinted =
            |one: &Grounded| hint.is_some_and(|(page, bbox)| one.page == page && one.bbox.iou(bbox) > 0.0);
        let best = (0..found.len()).min_by_key(|&at| {
            let distance = far(&found[at]);
            (distance != Some(0), !is_hinted(&found[at]), distance.unwrap_or(0))
        })?;
        let mut best = found.swap_remove(best);
        best.is_cited = far(&best) == Some(0);
        best.is_single = is_single;
        Some(best)
    }

    /// All places where the value stands, in reading order.
    pub(super) fn all(&self, wanted: Wanted<'_>, said: &str) -> Vec<Grounded> {
        let pattern = match wanted.pattern.map(compile_pattern) {
            Some(Ok(pattern)) => Some(pattern),
            // A template's pattern was checked when it was made.
            Some(Err(_)) => return Vec::new(),
            None => None,
        };
        let mut found = match wanted.kind {
            FieldKind::Text => self.texts(said),
            FieldKind::Number | FieldKind::Currency => self.numbers(wanted, said),
            FieldKind::Date => self.dates(said),
            FieldKind::Enum => self.enums(wanted, said),
            FieldKind::Table => Vec::new(),
        };
        if let Some(pattern) = pattern {
            found.retain(|one| pattern.is_match(&one.source));
        }
        found
    }

    fn texts(&self, said: &str) -> Vec<Grounded> {
        let places = self.places(said).into_iter();
        places.filter_map(|place| self.grounded(&place.spans, None, place.closeness, true)).collect()
    }

    fn numbers(&self, wanted: Wanted<'_>, said: &str) -> Vec<Grounded> {
        let meant = meant_numbers(said);
        let is_money = wanted.kind == FieldKind::Currency;
        self.typed
            .numbers(&meant)
            .filter(|number| !(is_money && number.is_percent))
            .filter_map(|number| {
                let spans = std::slice::from_ref(&number.span);
                let parsed = number::read(&self.source(spans), self.transcript.locale.decimal)?;
                let means = parsed.value.parse::<Decimal>().is_ok_and(|value| meant.contains(&value));
                let is_certain = parsed.certain || self.transcript.locale.decimal_settled;
                let currency =
                    parsed.currency.map(str::to_owned).or_else(|| self.transcript.currency.clone());
                let mut found = self.grounded(spans, Some(parsed.value), Closeness::Same, is_certain)?;
                found.currency = currency.filter(|_| is_money);
                means.then_some(found)
            })
            .collect()
    }

    fn dates(&self, said: &str) -> Vec<Grounded> {
        let found = self.typed.dates(&meant_days(said), &self.transcript.locale).into_iter();
        found
            .filter(|date| parse::date::read(&self.source(date.spans)).is_some())
            .filter_map(|date| self.grounded(date.spans, Some(date.value), Closeness::Same, date.is_certain))
            .collect()
    }

    fn enums(&self, wanted: Wanted<'_>, said: &str) -> Vec<Grounded> {
        let Some(value) = parse::enumeration::read(said, wanted.enum_values) else { return Vec::new() };
        let finder = EnumFinder::new(wanted.enum_values);
        let mut found = Vec::new();
        for (index, line) in self.transcript.lines.iter().enumerate() {
            for range in finder.spans(&line.text) {
                let spans = [Span { line: index, range }];
                if parse::enumeration::read(&self.source(&spans), wanted.enum_values) == Some(value) {
                    found.extend(self.grounded(&spans, Some(value.to_owned()), Closeness::Same, true));
                }
            }
        }
        found
    }

    /// What stands at these spans; its value is its source unless it is given.
    fn grounded(
        &self,
        spans: &[Span],
        value: Option<String>,
        closeness: Closeness,
        is_certain: bool,
    ) -> Option<Grounded> {
        let lines = &self.transcript.lines;
        let page = lines[spans.first()?.line].page;
        if spans.iter().any(|span| lines[span.line].page != page) {
            return None;
        }
        let words = || spans.iter().flat_map(|span| lines[span.line].words_in(&span.range));
        let source = self.source(spans);
        let is_misread = words().any(|word| word.is_misread);
        Some(Grounded {
            spans: spans.to_vec(),
            value: value.unwrap_or_else(|| source.clone()),
            currency: None,
            source,
            page,
            bbox: words().map(|word| word.bbox).reduce(BoundingBox::union)?,
            cell: words().next()?.cell.clone(),
            closeness: if is_misread { Closeness::Pictured } else { closeness },
            is_cited: false,
            is_single: false,
            is_certain,
            least: words().map(|word| word.confidence).fold(1.0, f32::min),
        })
    }

    /// How many lines lie between what stands there and the nearest line that was cited; `None` where none was.
    pub(super) fn distance(&self, spans: &[Span], cited: &[usize]) -> Option<usize> {
        let first = spans.first()?.line;
        let last = spans.last()?.line;
        let far = |&line: &usize| first.saturating_sub(line).max(line.saturating_sub(last));
        cited.iter().filter(|&&line| line < self.transcript.lines.len()).map(far).min()
    }
}
