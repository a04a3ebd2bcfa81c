//! What follows the sums: terms of payment, bank details, fine print; and the foot of each page.

use super::Layout;
use crate::bill::Kind;
use crate::design::{Footer, PageNumbers, Terms};
use crate::locale::fill;
use crate::sheet::{Align, Mark, Sheet, Span, wrap};

impl Layout<'_> {
    pub(super) fn closing(&self, sheet: &mut Sheet, y: f32) {
        let design = self.design;
        let text = design.text();
        let number = || self.number(text);
        let sentence = |concept: &str, values: &[(&str, Span)]| fill(self.labels.get(concept), text, values);
        let mut lines: Vec<Vec<Span>> = Vec::new();
        if self.bill.kind == Kind::Invoice {
            match design.terms {
                Terms::Sentence | Terms::Both => {
                    lines.push(sentence("pay_by", &[("date", self.due(text)), ("number", number())]));
                }
                Terms::Days => {
                    lines.push(sentence("pay_days", &[("days", text.span(self.bill.days.to_string()))]));
                }
                Terms::Reference | Terms::Absent => {}
            }
            if design.early {
                let date = self.format.date(self.bill.date.plus(self.bill.days.min(10)));
                lines.push(sentence("early", &[("date", text.span(date))]));
            }
            if self.sums.tax.is_zero() && !self.format.sales_tax() {
                lines.push(sentence("reverse_charge", &[]));
            }
        }
        if design.bank {
            lines.extend(self.bank_lines().into_iter().map(|line| vec![text.span(line)]));
            lines.push(sentence("remittance", &[("number", number())]));
        }
        if design.intro {
            lines.push(sentence("thanks", &[]));
        }
        let mut y = y + design.leading();
        for line in lines {
            y = self.room(sheet, y, design.leading());
            sheet.put(design.left(), y, Align::Left, &line);
            y += design.leading() * 1.15;
        }
        if design.slip {
            y = self.slip(sheet, y);
        }
        if design.fine_print {
            let style = design.small().size(7.0);
            let print = self.labels.get("print").replace("{currency}", &self.bill.currency);
            for line in wrap(&print, style, design.right() - design.left()) {
                y = self.room(sheet, y, 10.0);
                sheet.put(design.left(), y, Align::Left, &[style.span(line)]);
                y += 9.0;
            }
        }
    }

    /// What to cut off and send with the payment: number and amount once more.
    fn slip(&self, sheet: &mut Sheet, y: f32) -> f32 {
        let design = self.design;
        let style = design.text();
        let y = self.room(sheet, y, design.leading() * 5.0);
        let dashes = "- ".repeat(((design.right() - design.left()) / style.width("- ")) as usize);
        sheet.put(design.left(), y, Align::Left, &[style.color([120, 120, 120]).span(dashes)]);
        let y = y + design.leading() * 1.4;
        let label = |concept: &str| design.label().span(format!("{}: ", self.label(concept)));
        let account = self.bank_lines().into_iter().nth(1).unwrap_or_default();
        sheet.put(design.left(), y, Align::Left, &[style.span(account)]);
        let number = [label(self.bill.kind.number_label()), self.number(style)];
        sheet.put(design.left(), y + design.leading(), Align::Left, &number);
        let (concept, field, amount) = if self.bill.prepaid.is_zero() {
            ("total", "total", self.sums.total)
        } else {
            ("amount_due", "amount_due", self.sums.due)
        };
        let mut total = vec![label(concept)];
        total.extend(self.format.amount(self.format.money, amount, style.bold(), Some(Mark::Field(field))));
        sheet.put(design.right(), y + design.leading(), Align::Right, &total);
        y + design.leading() * 2.5
    }

    fn bank_lines(&self) -> Vec<String> {
        let issuer = &self.bill.issuer;
        let account = if self.format.has_iban() { "iban" } else { "account_number" };
        [("bank", &issuer.bank), (account, &issuer.iban), ("bic", &issuer.bic)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(concept, value)| format!("{}: {value}", self.labels.get(concept)))
            .collect()
    }

    /// The foot of every page, and its number.
    pub(super) fn footers(&self, sheet: &mut Sheet) {
        let design = self.design;
        let pages = sheet.pages.len();
        for page in 0..pages {
            sheet.page = page;
            self.footer(sheet);
            let text = self.labels.get("page");
            let text = text.replace("{n}", &(page + 1).to_string()).replace("{m}", &pages.to_string());
            let style = design.small().size(7.5);
            let low = design.paper.height - 24.0;
            let (x, y, align) = match design.page_numbers {
                PageNumbers::Right => (design.right(), low, Align::Right),
                PageNumbers::Centre => (design.middle(), low, Align::Centre),
                PageNumbers::Top if page == 0 => continue,
                PageNumbers::Top => (design.right(), 48.0, Align::Right),
                PageNumbers::Absent => continue,
            };
            sheet.put(x, y, align, &[style.span(text)]);
        }
    }

    fn footer(&self, sheet: &mut Sheet) {
        let design = self.design;
        let issuer = &self.bill.issuer;
        let style = design.small().size(7.0);
        let field = self.bill.kind.issuer_field();
        match design.footer {
            Footer::Columns => {
                let top = design.paper.height - 88.0;
                sheet.line((design.left(), top), (design.right(), top), 0.5, design.accent);
                let width = (design.right() - design.left()) / 3.0;
                let mut bank = self.bank_lines();
                if !issuer.register.is_empty() {
                    let register = format!("{} {}", self.labels.get("register"), issuer.register);
                    bank.extend(wrap(&register, style, width - 8.0));
                }
                let contacts = self.contact_lines(issuer).split_off(issuer.address.len());
                let name = wrap(&issuer.name, style, width - 8.0).into_iter().enumerate().map(|(i, line)| {
                    style.marked(line, if i == 0 { Mark::Field(field) } else { Mark::Continued(field) })
                });
                let spans = |texts: &[String]| -> Vec<Span> {
                    texts.iter().map(|text| style.span(text.as_str())).collect()
                };
                let first = name.chain(spans(&issuer.address)).collect();
                let columns: [Vec<Span>; 3] = [first, spans(&contacts), spans(&bank)];
                for (i, column) in columns.into_iter().enumerate() {
                    let x = design.left() + width * i as f32;
                    for (k, line) in column.into_iter().enumerate() {
                        sheet.put(x, top + 11.0 + 9.0 * k as f32, Align::Left, &[line]);
                    }
                }
            }
            Footer::Line => {
                let name = style.marked(issuer.name.clone(), Mark::Field(field));
                let mut rest = issuer.address.clone();
                rest.extend(self.bank_lines().into_iter().nth(1));
                let rest = style.span(format!(" · {}", rest.join(" · ")));
                sheet.put(design.middle(), design.paper.height - 38.0, Align::Centre, &[name, rest]);
            }
            Footer::Absent => {}
        }
    }
}
