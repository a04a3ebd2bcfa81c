//! The table of line items, over as many pages as it takes.

use rust_decimal::Decimal;

use super::Layout;
use crate::bill::LineItem;
use crate::design::{Column, Ruling};
use crate::sheet::{Align, Mark, Sheet, Span, Style, WHITE, width, wrap};

/// Left and right of a cell's text.
const PAD: f32 = 5.0;

/// A column with its place on the page.
pub(super) struct Slot {
    pub(super) column: Column,
    pub(super) left: f32,
    pub(super) right: f32,
}

impl Slot {
    /// Where the text of its cells goes.
    fn anchor(&self) -> (f32, Align) {
        match self.column {
            Column::Description | Column::Code | Column::Unit | Column::Position => {
                (self.left + PAD, Align::Left)
            }
            _ => (self.right - PAD, Align::Right),
        }
    }
}

impl Layout<'_> {
    /// The table of items; the y below.
    pub(super) fn table(&self, sheet: &mut Sheet, y: f32) -> f32 {
        let slots = self.slots();
        let items = &self.bill.items;
        let y = self.room(sheet, y, 70.0);
        let mut y = self.head(sheet, &slots, y);
        let parted = !items[0].heading.is_empty();
        let (mut sum, mut part) = (Decimal::ZERO, Decimal::ZERO);
        for (row, item) in items.iter().enumerate() {
            let bands = if parted { 2.0 * self.band_height() } else { 0.0 };
            let height = self.row_height(&slots, item) + bands;
            let carry = if self.design.carry { self.band_height() } else { 0.0 };
            if y + height + carry > self.design.bottom() {
                if self.design.carry {
                    y = self.carry(sheet, &slots, y, "carried", sum);
                }
                self.end(sheet, &slots, y);
                y = self.next_page(sheet);
                if self.design.repeat_head {
                    y = self.head(sheet, &slots, y);
                }
                if self.design.carry {
                    y = self.carry(sheet, &slots, y, "brought", sum);
                }
            }
            if !item.heading.is_empty() {
                let style = self.design.text().bold();
                y = self.band(sheet, &slots, y, style.span(item.heading.as_str()), None);
                part = Decimal::ZERO;
            }
            y = self.row(sheet, &slots, y, row, item);
            sum += item.total();
            part += item.total();
            let last = items.get(row + 1).is_none_or(|next| !next.heading.is_empty());
            if self.design.part_sums && parted && last {
                let label = self.design.text().span(self.label("sum_items"));
                y = self.band(sheet, &slots, y, label, Some(part));
            }
        }
        self.end(sheet, &slots, y);
        y + 4.0
    }

    /// Numeric columns as wide as their texts, the rest for the description; what leaves it too little is left out.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let room = self.design.right() - self.design.left();
        let mut columns = self.design.columns.clone();
        let spare = |columns: &[Column], whole| {
            let others = columns.iter().filter(|&&column| column != Column::Description);
            room - others.map(|&column| self.column_width(column, whole)).sum::<f32>()
        };
        for column in [Column::Position, Column::Code, Column::Unit, Column::Rate] {
            if spare(&columns, false) < room * 0.25 {
                columns.retain(|&other| other != column);
            }
        }
        let whole = !self.design.narrow && spare(&columns, true) > room * 0.3;
        let description = spare(&columns, whole);
        let mut left = self.design.left();
        let slot = |&column: &Column| {
            let wide =
                if column == Column::Description { description } else { self.column_width(column, whole) };
            let slot = Slot { column, left, right: left + wide };
            left += wide;
            slot
        };
        columns.iter().map(slot).collect()
    }

    /// What a column needs for its cells and its head, whole or broken between its words.
    fn column_width(&self, column: Column, whole: bool) -> f32 {
        let head = self.head_style();
        let label = self.column_label(column);
        let words = label.split(' ').map(|word| head.width(word)).fold(0.0, f32::max);
        let label = if whole { head.width(&label) } else { words };
        let cells = (0..self.bill.items.len()).map(|row| width(&self.cell(column, row, self.design.text())));
        // A little more, so that rounding does not break a head that fits.
        cells.fold(label.max(18.0), f32::max) + 2.0 * PAD + 0.5
    }

    fn column_label(&self, column: Column) -> String {
        self.label(match column {
            Column::Position => "col_position",
            Column::Code => "col_code",
            Column::Description => "col_description",
            Column::Quantity => "col_quantity",
            Column::Unit => "col_unit",
            Column::Price => "col_price",
            Column::Discount => "col_discount",
            Column::Rate => "col_rate",
            Column::Total => "col_total",
        })
    }

    fn head_style(&self) -> Style {
        let style = self.design.text().bold();
        if self.design.dark_head { style.color(WHITE) } else { style }
    }

    /// The text of a cell; descriptions may take several lines and are written by themselves.
    fn cell(&self, column: Column, row: usize, style: Style) -> Vec<Span> {
        let format = self.format;
        let item = &self.bill.items[row];
        match column {
            Column::Position => vec![style.span((row + 1).to_string())],
            Column::Code => vec![style.span(item.code.as_str())],
            Column::Description => Vec::new(),
            Column::Quantity => {
                let mut text = format.number(item.quantity, format.quantity_decimals);
                // Without a column of its own the unit stands with the quantity.
                if !item.unit.is_empty() && !self.design.columns.contains(&Column::Unit) {
                    text = format!("{text} ");
                    return vec![
                        style.marked(text, Mark::Cell(row, "quantity")),
                        style.span(item.unit.as_str()),
                    ];
                }
                vec![style.marked(text, Mark::Cell(row, "quantity"))]
            }
            Column::Unit => vec![style.span(item.unit.as_str())],
            Column::Price => {
                format.amount(format.cells, item.price, style, Some(Mark::Cell(row, "unit_price")))
            }
            Column::Discount if item.discount.is_zero() => Vec::new(),
            Column::Discount => vec![style.span(format.percent(item.discount))],
            Column::Rate => vec![style.span(format.percent(item.rate))],
            Column::Total => {
                format.amount(format.cells, item.total(), style, Some(Mark::Cell(row, "line_total")))
            }
        }
    }

    fn head(&self, sheet: &mut Sheet, slots: &[Slot], y: f32) -> f32 {
        let design = self.design;
        let style = self.head_style();
        let labels: Vec<Vec<String>> = slots
            .iter()
            .map(|slot| wrap(&self.column_label(slot.column), style, slot.right - slot.left - 2.0 * PAD))
            .collect();
        let depth = labels.iter().map(Vec::len).max().unwrap_or(1);
        let bottom = y + design.leading() * depth as f32 + 6.0;
        let (left, right) = (design.left(), design.right());
        if design.dark_head {
            sheet.fill([left, y, right, bottom], design.accent);
        } else if matches!(design.ruling, Ruling::Grid | Ruling::Columns) {
            sheet.fill([left, y, right, bottom], self.tint());
        }
        for (slot, lines) in slots.iter().zip(labels) {
            let (x, align) = slot.anchor();
            for (i, line) in lines.into_iter().enumerate() {
                let baseline = y + 2.0 + design.size + design.leading() * i as f32;
                sheet.put(x, baseline, align, &[style.span(line)]);
            }
        }
        match design.ruling {
            Ruling::Grid | Ruling::Columns => {
                sheet.line((left, y), (right, y), 0.6, design.accent);
                sheet.line((left, bottom), (right, bottom), 0.6, design.accent);
                self.verticals(sheet, slots, y, bottom);
            }
            Ruling::Rows | Ruling::Head | Ruling::Zebra if !design.dark_head => {
                sheet.line((left, bottom), (right, bottom), 0.9, design.accent);
            }
            _ => {}
        }
        bottom
    }

    fn description_lines(&self, slots: &[Slot], item: &LineItem) -> (Vec<String>, Vec<String>) {
        let slot = slots.iter().find(|slot| slot.column == Column::Description);
        let room = slot.map_or(60.0, |slot| slot.right - slot.left) - 2.0 * PAD;
        let detail =
            if item.detail.is_empty() { Vec::new() } else { wrap(&item.detail, self.design.small(), room) };
        (wrap(&item.description, self.design.text(), room), detail)
    }

    fn row_height(&self, slots: &[Slot], item: &LineItem) -> f32 {
        let (lines, detail) = self.description_lines(slots, item);
        let gap = if self.design.ruling == Ruling::None { 3.0 } else { 6.0 };
        (lines.len() + detail.len()) as f32 * self.design.leading() + gap
    }

    fn row(&self, sheet: &mut Sheet, slots: &[Slot], y: f32, row: usize, item: &LineItem) -> f32 {
        let design = self.design;
        let bottom = y + self.row_height(slots, item);
        let (left, right) = (design.left(), design.right());
        if design.ruling == Ruling::Zebra && row % 2 == 1 {
            sheet.fill([left, y, right, bottom], self.tint());
        }
        let first = y + 2.0 + design.size;
        for slot in slots {
            let (x, align) = slot.anchor();
            sheet.put(x, first, align, &self.cell(slot.column, row, design.text()));
            if slot.column == Column::Description {
                let (lines, detail) = self.description_lines(slots, item);
                let mut baseline = first;
                for line in lines {
                    let span = design.text().marked(line, Mark::Cell(row, "description"));
                    sheet.put(x, baseline, align, &[span]);
                    baseline += design.leading();
                }
                for line in detail {
                    sheet.put(x, baseline, align, &[design.small().span(line)]);
                    baseline += design.leading();
                }
            }
        }
        match design.ruling {
            Ruling::Grid => {
                sheet.line((left, bottom), (right, bottom), 0.5, design.accent);
                self.verticals(sheet, slots, y, bottom);
            }
            Ruling::Rows => sheet.line((left, bottom), (right, bottom), 0.4, [170, 170, 170]),
            Ruling::Columns => self.verticals(sheet, slots, y, bottom),
            _ => {}
        }
        bottom
    }

    /// The line that ends the table on a page.
    fn end(&self, sheet: &mut Sheet, slots: &[Slot], y: f32) {
        let design = self.design;
        if matches!(design.ruling, Ruling::Head | Ruling::Zebra | Ruling::Columns) && !slots.is_empty() {
            sheet.line((design.left(), y), (design.right(), y), 0.9, design.accent);
        }
    }

    pub(super) fn verticals(&self, sheet: &mut Sheet, slots: &[Slot], top: f32, bottom: f32) {
        let edges = slots.iter().map(|slot| slot.left).chain([self.design.right()]);
        for x in edges {
            sheet.line((x, top), (x, bottom), 0.5, self.design.accent);
        }
    }

    fn band_height(&self) -> f32 {
        self.design.leading() + 6.0
    }

    /// The subtotal at the foot or the head of a page.
    fn carry(&self, sheet: &mut Sheet, slots: &[Slot], y: f32, concept: &str, sum: Decimal) -> f32 {
        let text = self.label(concept).replace("{n}", &sheet.page.to_string());
        self.band(sheet, slots, y, self.design.text().bold().span(text), Some(sum))
    }

    /// A row that is no item: a text in the place of the description, at times an amount.
    fn band(&self, sheet: &mut Sheet, slots: &[Slot], y: f32, text: Span, sum: Option<Decimal>) -> f32 {
        let style = text.style;
        let baseline = y + 2.0 + self.design.size;
        let description = slots.iter().find(|slot| slot.column == Column::Description);
        let x = description.map_or(self.design.left(), |slot| slot.left) + PAD;
        sheet.put(x, baseline, Align::Left, &[text]);
        let total = slots.iter().find(|slot| slot.column == Column::Total);
        if let (Some(total), Some(sum)) = (total, sum) {
            let amount = self.format.amount(self.format.cells, sum, style, None);
            sheet.put(total.right - PAD, baseline, Align::Right, &amount);
        }
        let bottom = y + self.band_height();
        if self.design.ruling == Ruling::Grid {
            sheet.frame([self.design.left(), y, self.design.right(), bottom], 0.5, self.design.accent);
        }
        bottom
    }
}
