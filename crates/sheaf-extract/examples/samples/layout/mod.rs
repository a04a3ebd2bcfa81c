//! From a bill and a design to a sheet.

mod closing;
mod head;
mod references;
mod table;
mod totals;

use crate::bill::{Bill, Sums};
use crate::design::{Design, PageNumbers, References, Title};
use crate::locale::{Format, Labels, fill};
use crate::sheet::{Align, Color, Mark, Sheet, Span, Style, WHITE};

/// What all parts of a layout need.
pub(crate) struct Layout<'a> {
    pub(crate) bill: &'a Bill,
    pub(crate) sums: Sums,
    pub(crate) design: &'a Design,
    pub(crate) labels: &'a Labels<'a>,
    pub(crate) format: &'a Format<'a>,
}

/// Lays out a bill.
pub(crate) fn draw(bill: &Bill, design: &Design, labels: &Labels, format: &Format) -> Sheet {
    let layout = Layout { bill, sums: bill.sums(), design, labels, format };
    let mut sheet = Sheet::new(design.paper);
    let y = layout.letterhead(&mut sheet);
    let y = layout.front(&mut sheet, y);
    let y = layout.table(&mut sheet, y);
    let y = layout.totals(&mut sheet, y);
    layout.closing(&mut sheet, y);
    layout.footers(&mut sheet);
    sheet
}

impl Layout<'_> {
    /// Title, recipient and references, in the design's order.
    fn front(&self, sheet: &mut Sheet, mut y: f32) -> f32 {
        let design = self.design;
        let full_width = matches!(design.references, References::Above | References::Header);
        let sentence = design.references == References::Sentence;
        if design.title == Title::Centre && !sentence {
            y = self.title(sheet, y + design.size * 1.2, Align::Centre, design.middle()) + design.size;
        }
        let gap = 28.0;
        let half = (design.right() - design.left() - gap) / 2.0;
        let columns = [design.left(), design.left() + half + gap];
        let [recipient_x, references_x] = if design.swapped { [columns[1], columns[0]] } else { columns };
        let top = y;
        let mut y = self.recipient(sheet, recipient_x, half, top);
        let beside = if design.title == Title::References && !sentence {
            self.title(sheet, top + design.size, Align::Left, references_x)
        } else {
            top
        };
        if !full_width {
            y = y.max(self.references(sheet, references_x, half, beside));
        }
        y = y.max(beside);
        if design.place_date && !sentence {
            let text = design.text();
            let city = text.span(self.bill.issuer.place());
            let spans =
                fill(self.labels.get("place_date"), text, &[("city", city), ("date", self.date(text))]);
            y += design.leading();
            sheet.put(design.right(), y, Align::Right, &spans);
        }
        if sentence {
            y = self.sentence_title(sheet, y + design.leading());
        } else if design.title == Title::Left {
            y = self.title(sheet, y + design.leading(), Align::Left, design.left());
        }
        if full_width {
            let width = design.right() - design.left();
            y = self.references(sheet, design.left(), width, y + design.leading() * 0.4);
        }
        if design.intro {
            let intro = if self.bill.kind.word() == "order" { "intro_order" } else { "intro" };
            y += design.leading() * 1.4;
            sheet.put(design.left(), y, Align::Left, &[design.text().span(self.labels.get(intro))]);
        }
        y + design.leading() * 1.2
    }

    /// The kind of document in large letters; the y below it.
    fn title(&self, sheet: &mut Sheet, y: f32, align: Align, x: f32) -> f32 {
        let style = self.title_style();
        let y = y + style.size;
        sheet.put(x, y, align, &[style.span(self.title_text())]);
        y + style.size * 0.6
    }

    fn title_text(&self) -> String {
        let title = self.labels.get(&format!("title_{}", self.bill.kind.word()));
        if self.design.spaced && !title.contains(' ') {
            let letters: Vec<String> = title.to_uppercase().chars().map(String::from).collect();
            letters.join(" ")
        } else {
            title.to_owned()
        }
    }

    fn title_style(&self) -> Style {
        self.design.text().bold().size(self.design.size * 1.7).color(self.design.accent)
    }

    /// "Invoice 4711 of 3 May 2024" as the title.
    fn sentence_title(&self, sheet: &mut Sheet, y: f32) -> f32 {
        let style = self.design.text().bold().size(self.design.size * 1.25);
        let y = y + style.size;
        let text = self.labels.get(&format!("inline_{}", self.bill.kind.word()));
        let number = self.number(style);
        let date = self.date(style);
        let spans = fill(text, style, &[("number", number), ("date", date)]);
        sheet.put(self.design.left(), y, Align::Left, &spans);
        y + style.size * 0.6
    }

    fn number(&self, style: Style) -> Span {
        style.marked(self.bill.number.clone(), Mark::Field(self.bill.kind.number_field()))
    }

    fn date(&self, style: Style) -> Span {
        style.marked(self.format.date(self.bill.date), Mark::Field(self.bill.kind.date_field()))
    }

    fn due(&self, style: Style) -> Span {
        style.marked(self.format.date(self.bill.due), Mark::Field(self.bill.kind.due_field()))
    }

    /// A label as the design writes labels.
    fn label(&self, concept: &str) -> String {
        self.label_with(concept, "")
    }

    /// The same with what stands for `{rate}` in it.
    fn label_with(&self, concept: &str, rate: &str) -> String {
        let label = self.labels.get(concept);
        let label = label.replace("{currency}", &self.bill.currency).replace("{rate}", rate);
        if self.design.capitals { label.to_uppercase() } else { label }
    }

    /// The accent colour mixed with white: a ground that black text can be read on.
    fn tint(&self) -> Color {
        let mixed = |i: usize| {
            let [accent, white] = [self.design.accent[i], WHITE[i]].map(u16::from);
            ((accent * 12 + white * 88) / 100) as u8
        };
        [mixed(0), mixed(1), mixed(2)]
    }

    /// Starts another page and tells which document it belongs to; the y where it continues.
    fn next_page(&self, sheet: &mut Sheet) -> f32 {
        let design = self.design;
        sheet.add_page();
        let y = 48.0;
        let number = [design.small().span(format!("{} ", self.title_text())), self.number(design.small())];
        sheet.put(design.left(), y, Align::Left, &number);
        if design.page_numbers != PageNumbers::Top {
            let name = design
                .small()
                .marked(self.bill.issuer.name.clone(), Mark::Field(self.bill.kind.issuer_field()));
            sheet.put(design.right(), y, Align::Right, &[name]);
        }
        y + design.leading()
    }

    /// The y to go on at, on another page where `height` does not fit.
    fn room(&self, sheet: &mut Sheet, y: f32, height: f32) -> f32 {
        if y + height <= self.design.bottom() { y } else { self.next_page(sheet) }
    }
}
