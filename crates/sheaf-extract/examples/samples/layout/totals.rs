//! The sums under the table.

use rust_decimal::Decimal;

use super::Layout;
use crate::design::{Column, Ruling, Totals};
use crate::sheet::{Align, Mark, Sheet, Span, Style, WHITE, width};

/// A line of the sums.
struct Sum {
    label: String,
    amount: Decimal,
    field: Option<&'static str>,
    strong: bool,
}

impl Layout<'_> {
    /// The sums; the y below.
    pub(super) fn totals(&self, sheet: &mut Sheet, y: f32) -> f32 {
        let sums = self.lines();
        let tax_table = self.design.tax_table && self.sums.taxes.len() > 1;
        let rows = sums.len() + if tax_table { self.sums.taxes.len() + 1 } else { 0 };
        let y = self.room(sheet, y, self.step() * (rows as f32 + 1.5));
        let y = match self.design.totals {
            Totals::Columns => self.total_columns(sheet, y, &sums, false),
            Totals::Close => self.total_columns(sheet, y, &sums, true),
            Totals::Boxed => self.total_box(sheet, y, &sums),
            Totals::Rows => self.total_rows(sheet, y, &sums),
            Totals::Across => self.total_across(sheet, y, &sums),
        };
        if tax_table { self.tax_table(sheet, y + self.design.leading() * 0.5) } else { y }
    }

    fn step(&self) -> f32 {
        self.design.leading() * 1.25
    }

    fn lines(&self) -> Vec<Sum> {
        let (bill, sums) = (self.bill, &self.sums);
        let mut lines = Vec::new();
        let mut add = |label, amount, field, strong| lines.push(Sum { label, amount, field, strong });
        let adjusted = !bill.discount.is_zero() || !bill.shipping.is_zero();
        if adjusted {
            add(self.label("sum_items"), sums.items, None, false);
        }
        if !bill.discount.is_zero() {
            let label = self.label_with("discount", &self.format.percent(bill.discount));
            add(label, sums.discount, None, false);
        }
        if !bill.shipping.is_zero() {
            add(self.label("shipping"), bill.shipping, None, false);
        }
        if bill.gross {
            add(self.label("total"), sums.total, Some("total"), true);
        }
        add(self.label("net_total"), sums.net, Some("net_total"), false);
        let single = sums.taxes.len() == 1;
        let concept = if self.format.sales_tax() { "sales_tax" } else { "tax" };
        for tax in &sums.taxes {
            let label = self.label_with(concept, &self.format.percent(tax.rate));
            add(label, tax.amount, single.then_some("tax_total"), false);
        }
        if !single && self.design.tax_sum {
            add(self.label("tax_total"), sums.tax, Some("tax_total"), false);
        }
        if !bill.gross {
            add(self.label("total"), sums.total, Some("total"), true);
        }
        if !bill.prepaid.is_zero() {
            add(self.label("prepaid"), -bill.prepaid, None, false);
            add(self.label("amount_due"), sums.due, Some("amount_due"), true);
        }
        lines
    }

    fn amount(&self, sum: &Sum, style: Style) -> Vec<Span> {
        self.format.amount(self.format.money, sum.amount, style, sum.field.map(Mark::Field))
    }

    fn style(&self, sum: &Sum) -> Style {
        let text = self.design.text();
        if sum.strong { text.bold().size(text.size * 1.1) } else { text }
    }

    fn tagged_sum(&self, sum: &Sum) -> String {
        format!("{}{}", sum.label, if self.design.colon { ":" } else { "" })
    }

    /// Width of the widest label and of the widest amount.
    fn widths(&self, sums: &[Sum]) -> (f32, f32) {
        let label = |sum: &Sum| self.style(sum).width(&self.tagged_sum(sum));
        let amount = |sum: &Sum| width(&self.amount(sum, self.style(sum)));
        (sums.iter().map(label).fold(0.0, f32::max), sums.iter().map(amount).fold(0.0, f32::max))
    }

    fn total_columns(&self, sheet: &mut Sheet, y: f32, sums: &[Sum], close: bool) -> f32 {
        let right = self.design.right() - 5.0;
        let (labels, amounts) = self.widths(sums);
        let left = right - (labels + amounts + 24.0).max(190.0);
        let mut y = y + 4.0;
        for sum in sums {
            let style = self.style(sum);
            if sum.strong && !close {
                sheet.line((left, y + 3.0), (right + 5.0, y + 3.0), 0.8, self.design.accent);
                y += 2.0;
            }
            y += self.step();
            sheet.put(right, y, Align::Right, &self.amount(sum, style));
            let (x, align) = if close { (right - amounts - 14.0, Align::Right) } else { (left, Align::Left) };
            sheet.put(x, y, align, &[style.span(self.tagged_sum(sum))]);
        }
        y + self.design.leading()
    }

    fn total_box(&self, sheet: &mut Sheet, y: f32, sums: &[Sum]) -> f32 {
        let design = self.design;
        let (labels, amounts) = self.widths(sums);
        let (right, top) = (design.right(), y + 6.0);
        let left = right - (labels + amounts + 40.0).max(210.0);
        let height = self.step() + 2.0;
        let mut y = top;
        for sum in sums {
            let mut style = self.style(sum);
            if sum.field == Some("total") {
                sheet.fill([left, y, right, y + height], design.accent);
                style = style.color(WHITE);
            }
            let baseline = y + height * 0.5 + style.size * 0.33;
            sheet.put(left + 7.0, baseline, Align::Left, &[style.span(self.tagged_sum(sum))]);
            sheet.put(right - 7.0, baseline, Align::Right, &self.amount(sum, style));
            y += height;
        }
        sheet.frame([left, top, right, y], 0.6, design.accent);
        y + design.leading()
    }

    /// Labels end left of the table's amount column, amounts stand in it.
    fn total_rows(&self, sheet: &mut Sheet, y: f32, sums: &[Sum]) -> f32 {
        let design = self.design;
        let (_, amounts) = self.widths(sums);
        let slots = self.slots();
        let total = slots.iter().find(|slot| slot.column == Column::Total);
        let column = total.map_or(design.right(), |slot| slot.left).min(design.right() - amounts - 10.0);
        let ruled = matches!(design.ruling, Ruling::Grid | Ruling::Columns | Ruling::Rows);
        let height = self.step();
        // Joined to the table where it ended.
        let mut y = y - 4.0;
        for sum in sums {
            let style = self.style(sum);
            let baseline = y + height * 0.5 + style.size * 0.33;
            sheet.put(column - 6.0, baseline, Align::Right, &[style.span(self.tagged_sum(sum))]);
            sheet.put(design.right() - 5.0, baseline, Align::Right, &self.amount(sum, style));
            if ruled {
                sheet.frame([column, y, design.right(), y + height], 0.5, design.accent);
            }
            y += height;
        }
        y + design.leading()
    }

    fn total_across(&self, sheet: &mut Sheet, y: f32, sums: &[Sum]) -> f32 {
        let design = self.design;
        let (left, right) = (design.left(), design.right());
        let need = |sum: &Sum| {
            let style = self.style(sum);
            style.width(&sum.label).max(width(&self.amount(sum, style))) + 14.0
        };
        // Too many to stand beside each other.
        if sums.iter().map(need).sum::<f32>() > right - left {
            return self.total_columns(sheet, y, sums, false);
        }
        let spare = (right - left - sums.iter().map(need).sum::<f32>()) / sums.len() as f32;
        let (top, middle) = (y + 8.0, y + 8.0 + self.step());
        let bottom = middle + self.step();
        sheet.fill([left, top, right, middle], self.tint());
        sheet.frame([left, top, right, bottom], 0.6, design.accent);
        let mut x = left;
        for sum in sums {
            let style = self.style(sum);
            let edge = x + need(sum) + spare;
            sheet.line((edge, top), (edge, bottom), 0.4, design.accent);
            sheet.put(edge - 6.0, middle - 4.0, Align::Right, &[style.span(sum.label.as_str())]);
            sheet.put(edge - 6.0, bottom - 4.0, Align::Right, &self.amount(sum, style));
            x = edge;
        }
        bottom + design.leading()
    }

    /// Each rate with what it is taken of.
    fn tax_table(&self, sheet: &mut Sheet, y: f32) -> f32 {
        let design = self.design;
        let style = design.small();
        let head = style.bold();
        let number = |amount| self.format.number(amount, 2);
        let mut rows = vec![(
            head,
            [self.label("col_rate"), self.label("base"), self.label("tax_total"), self.label("col_total")],
        )];
        for tax in &self.sums.taxes {
            let gross = tax.base + tax.amount;
            let cells = [self.format.percent(tax.rate), number(tax.base), number(tax.amount), number(gross)];
            rows.push((style, cells));
        }
        let step = (0..4).flat_map(|i| rows.iter().map(move |(style, cells)| style.width(&cells[i])));
        let step = step.fold(40.0, f32::max) + 16.0;
        let mut y = y;
        for (style, cells) in rows {
            y += design.leading();
            for (i, cell) in cells.into_iter().enumerate() {
                let x = design.left() + step * (i + 1) as f32 - 8.0;
                sheet.put(x, y, Align::Right, &[style.span(cell)]);
            }
        }
        y + design.leading()
    }
}
