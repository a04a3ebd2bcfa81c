//! Number, date and what else identifies the document.

use super::Layout;
use crate::bill::Reference;
use crate::design::{References, Terms};
use crate::sheet::{Align, Mark, Sheet, Span, Style, width, wrap};

/// A label and its value.
struct Entry {
    label: String,
    value: Span,
}

impl Layout<'_> {
    /// The block of references in a column at `x`; the y below.
    pub(super) fn references(&self, sheet: &mut Sheet, x: f32, room: f32, y: f32) -> f32 {
        let entries = self.entries(self.design.text());
        let kind = self.design.references;
        match kind {
            References::Above | References::Header => {
                self.grid(sheet, x, room, y, &entries, kind == References::Header)
            }
            _ if kind == References::Stacked || !self.fits(&entries, room) => {
                self.stacked(sheet, x, y, &self.entries(self.design.text().bold()))
            }
            References::Spread | References::Framed => {
                self.rows(sheet, x, room, y, &entries, kind == References::Framed)
            }
            References::Colon => self.colon(sheet, x, y, &entries),
            References::Dotted => self.dotted(sheet, x, room, y, &entries),
            _ => self.columns(sheet, x, room, y, &entries),
        }
    }

    /// Whether labels, broken where they can be, and values have room beside each other.
    fn fits(&self, entries: &[Entry], room: f32) -> bool {
        let widest = |entry: &Entry| {
            let tagged = self.tagged(&entry.label);
            tagged.split(' ').map(|word| self.design.label().width(word)).fold(0.0, f32::max)
        };
        let labels = entries.iter().map(widest).fold(room * 0.25, f32::max);
        let values =
            entries.iter().map(|entry| width(std::slice::from_ref(&entry.value))).fold(0.0, f32::max);
        labels + values + 24.0 <= room
    }

    fn entries(&self, style: Style) -> Vec<Entry> {
        let design = self.design;
        let kind = self.bill.kind;
        let entry = |concept: &str, value| Entry { label: self.label(concept), value };
        let mut entries: Vec<Entry> = self
            .bill
            .references
            .iter()
            .map(|(concept, reference)| {
                let text = match reference {
                    Reference::Text(text) => text.clone(),
                    Reference::Date(date) => self.format.date(*date),
                    Reference::Days(from, to) => {
                        format!("{} - {}", self.format.date(*from), self.format.date(*to))
                    }
                };
                entry(concept, style.span(text))
            })
            .collect();
        let mut own = Vec::new();
        if design.references != References::Sentence {
            own.push(entry(kind.number_label(), self.number(style)));
            if !design.place_date {
                own.push(entry(kind.date_field(), self.date(style)));
            }
        }
        if matches!(design.terms, Terms::Reference | Terms::Both) {
            own.push(entry(kind.due_field(), self.due(style)));
        }
        if design.summary {
            let spans = self.format.amount(self.format.money, self.sums.total, style, None);
            let text: String = spans.into_iter().map(|span| span.text).collect();
            entries.push(entry("total", style.marked(text, Mark::Field("total"))));
        }
        // A long period that no column holds is left out.
        let room = (design.right() - design.left()) * 0.45;
        entries.retain(|entry| width(std::slice::from_ref(&entry.value)) < room);
        let lead = design.lead.min(entries.len());
        entries.splice(lead..lead, own);
        entries
    }

    /// A label with a colon where the design has colons.
    fn tagged(&self, label: &str) -> String {
        format!("{label}{}", if self.design.colon { ":" } else { "" })
    }

    fn columns(&self, sheet: &mut Sheet, x: f32, room: f32, mut y: f32, entries: &[Entry]) -> f32 {
        let style = self.design.label();
        let labels: Vec<String> = entries.iter().map(|entry| self.tagged(&entry.label)).collect();
        let widest = labels.iter().map(|label| style.width(label)).fold(0.0, f32::max);
        let words = labels.iter().flat_map(|label| label.split(' ')).map(|word| style.width(word));
        let values =
            entries.iter().map(|entry| width(std::slice::from_ref(&entry.value))).fold(0.0, f32::max);
        let share = if self.design.narrow { room * 0.3 } else { room - 12.0 - values };
        let column = widest.min(share).max(words.fold(room * 0.25, f32::max));
        for (label, entry) in labels.iter().zip(entries) {
            y += self.design.leading() * 1.08;
            sheet.put(x + column + 12.0, y, Align::Left, std::slice::from_ref(&entry.value));
            for (i, line) in wrap(label, style, column).into_iter().enumerate() {
                if i > 0 {
                    y += self.design.leading() * 0.95;
                }
                sheet.put(x, y, Align::Left, &[style.span(line)]);
            }
        }
        y + self.design.leading()
    }

    /// Values at the right edge; with or without a frame round each row.
    fn rows(&self, sheet: &mut Sheet, x: f32, room: f32, y: f32, entries: &[Entry], framed: bool) -> f32 {
        let design = self.design;
        let pad = if framed { 5.0 } else { 0.0 };
        let style = design.label();
        let mut top = y;
        for entry in entries {
            let value = width(std::slice::from_ref(&entry.value));
            let lines = wrap(&self.tagged(&entry.label), style, room - 2.0 * pad - 10.0 - value);
            let height = design.leading() * lines.len() as f32 + if framed { 5.0 } else { 1.0 };
            let mut baseline = top + design.size + if framed { 3.0 } else { 0.5 };
            sheet.put(x + room - pad, baseline, Align::Right, std::slice::from_ref(&entry.value));
            for line in lines {
                sheet.put(x + pad, baseline, Align::Left, &[style.span(line)]);
                baseline += design.leading();
            }
            if framed {
                sheet.frame([x, top, x + room, top + height], 0.5, design.accent);
            }
            top += height;
        }
        top + design.leading()
    }

    fn colon(&self, sheet: &mut Sheet, x: f32, mut y: f32, entries: &[Entry]) -> f32 {
        let style = self.design.label();
        for entry in entries {
            y += self.design.leading() * 1.05;
            sheet.put(x, y, Align::Left, &[style.span(format!("{}: ", entry.label)), entry.value.clone()]);
        }
        y + self.design.leading()
    }

    fn dotted(&self, sheet: &mut Sheet, x: f32, room: f32, mut y: f32, entries: &[Entry]) -> f32 {
        let style = self.design.label();
        for entry in entries {
            y += self.design.leading() * 1.05;
            let value = width(std::slice::from_ref(&entry.value));
            let left = room - value - style.width(&entry.label) - 8.0;
            let dots = ".".repeat((left / style.width(".")).max(2.0) as usize);
            sheet.put(
                x,
                y,
                Align::Left,
                &[style.span(format!("{} {dots} ", entry.label)), entry.value.clone()],
            );
        }
        y + self.design.leading()
    }

    fn stacked(&self, sheet: &mut Sheet, x: f32, mut y: f32, entries: &[Entry]) -> f32 {
        let label = self.design.small();
        for entry in entries {
            y += self.design.leading();
            sheet.put(x, y, Align::Left, &[label.span(self.tagged(&entry.label))]);
            y += self.design.leading() * 1.02;
            sheet.put(x, y, Align::Left, std::slice::from_ref(&entry.value));
            y += self.design.leading() * 0.25;
        }
        y + self.design.leading()
    }

    /// Rows of labels over rows of values, as many beside each other as fit.
    fn grid(&self, sheet: &mut Sheet, x: f32, room: f32, mut y: f32, entries: &[Entry], boxed: bool) -> f32 {
        let design = self.design;
        let style = design.label().size(design.size - 1.0);
        let need = |entry: &Entry| {
            let words = entry.label.split(' ').map(|word| style.width(word)).fold(0.0, f32::max);
            words.max(width(std::slice::from_ref(&entry.value))) + 12.0
        };
        let mut rest = entries;
        while !rest.is_empty() {
            let mut sum = 0.0;
            let fits = rest.iter().take_while(|entry| {
                sum += need(entry);
                sum <= room
            });
            let (row, later) = rest.split_at(fits.count().clamp(1, 6));
            rest = later;
            let spare = (room - row.iter().map(need).sum::<f32>()).max(0.0) / row.len() as f32;
            let labels: Vec<Vec<String>> =
                row.iter().map(|entry| wrap(&entry.label, style, need(entry) + spare - 10.0)).collect();
            let depth = labels.iter().map(Vec::len).max().unwrap_or(1) as f32;
            let head = y + depth * style.size * 1.25 + 5.0;
            let bottom = head + design.leading() + 4.0;
            if boxed {
                sheet.fill([x, y, x + room, head], self.tint());
                sheet.frame([x, y, x + room, bottom], 0.6, design.accent);
                sheet.line((x, head), (x + room, head), 0.6, design.accent);
            }
            let mut left = x;
            for (i, (entry, lines)) in row.iter().zip(labels).enumerate() {
                if boxed && i > 0 {
                    sheet.line((left, y), (left, bottom), 0.6, design.accent);
                }
                let indent = if boxed { 5.0 } else { 0.0 };
                for (i, line) in lines.into_iter().enumerate() {
                    let baseline = y + style.size * (1.1 + 1.25 * i as f32);
                    sheet.put(left + indent, baseline, Align::Left, &[style.span(line)]);
                }
                let baseline = head + design.size * 1.05;
                sheet.put(left + indent, baseline, Align::Left, std::slice::from_ref(&entry.value));
                left += need(entry) + spare;
            }
            y = bottom + 5.0;
        }
        y + design.leading() * 0.4
    }
}
