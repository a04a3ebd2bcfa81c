//! Letterhead and recipient.

use super::Layout;
use crate::bill::{Kind, Party};
use crate::design::{Letterhead, Recipient, Title};
use crate::sheet::{Align, Mark, Sheet, Span, Style, WHITE, wrap};

impl Layout<'_> {
    /// The issuer at the top of the first page, and the title where it stands in the corner; the y below.
    pub(super) fn letterhead(&self, sheet: &mut Sheet) -> f32 {
        let design = self.design;
        let issuer = &self.bill.issuer;
        let name = design.text().bold().size(design.size * 1.6).color(design.accent);
        let small = design.small();
        let (left, right, middle) = (design.left(), design.right(), design.middle());
        let corner = design.title == Title::Corner;
        let lines = self.contact_lines(issuer);
        let contacts = lines.iter().map(|line| small.width(line)).fold(0.0, f32::max);
        // What the name has beside a corner title, and beside the contacts.
        let alone = (right - left) * 0.6;
        let beside = right - left - contacts - 20.0;
        let top = 44.0;
        let mut y = match design.letterhead {
            Letterhead::Left => {
                self.logo(sheet, left, top, 30.0);
                let y = self.put_name(sheet, left + 40.0, top + 14.0, Align::Left, name, alone);
                self.put_lines(sheet, left + 40.0, y, Align::Left, small, &lines)
            }
            Letterhead::Right => {
                let y = self.put_name(sheet, right, top + 14.0, Align::Right, name, alone);
                self.put_lines(sheet, right, y, Align::Right, small, &lines)
            }
            Letterhead::Centre => {
                let y = self.put_name(sheet, middle, top + 14.0, Align::Centre, name, right - left);
                let text = lines.join(" · ");
                let lines = wrap(&text, small, (right - left) * 0.9);
                let y = self.put_lines(sheet, middle, y, Align::Centre, small, &lines);
                sheet.line((left, y), (right, y), 0.8, design.accent);
                y + 6.0
            }
            Letterhead::Split => {
                self.logo(sheet, left, top, 30.0);
                let y = self.put_name(sheet, left + 40.0, top + 20.0, Align::Left, name, beside - 40.0);
                let first = if corner { top + 34.0 } else { top };
                y.max(self.put_lines(sheet, right, first, Align::Right, small, &lines))
            }
            Letterhead::Band => {
                sheet.fill([0.0, 0.0, design.paper.width, 84.0], design.accent);
                let shown = &lines[..lines.len().min(5)];
                self.put_lines(sheet, right, 14.0, Align::Right, small.color(WHITE), shown);
                self.put_name(sheet, left, 44.0, Align::Left, name.color(WHITE), beside);
                92.0
            }
            Letterhead::Logo => {
                self.logo(sheet, if corner { left } else { right - 44.0 }, top, 44.0);
                top + 52.0
            }
        };
        if corner {
            let style = self.title_style();
            // Left of the name where the name stands right, else in the corner.
            let below = matches!(design.letterhead, Letterhead::Band | Letterhead::Centre);
            let at = if below { y + style.size } else { top + 14.0 };
            let (x, align) = match design.letterhead {
                Letterhead::Right => (left, Align::Left),
                _ => (right, Align::Right),
            };
            sheet.put(x, at, align, &[style.span(self.title_text())]);
            y = y.max(at + style.size * 0.5);
        }
        y + design.leading()
    }

    /// A mark of a few shapes in the accent colour.
    fn logo(&self, sheet: &mut Sheet, x: f32, y: f32, size: f32) {
        let third = size / 3.0;
        let tint = self.tint();
        sheet.fill([x, y, x + size, y + size], self.design.accent);
        match self.bill.issuer.name.len() % 3 {
            0 => sheet.shape(vec![(x, y + size), (x + size, y + size), (x + size, y)], tint),
            1 => sheet.fill([x + third, y + third, x + 2.0 * third, y + 2.0 * third], tint),
            _ => {
                let circle = |i: i16| {
                    let (sin, cos) = (f32::from(i) * 15.0).to_radians().sin_cos();
                    (x + size / 2.0 + third * cos, y + size / 2.0 + third * sin)
                };
                sheet.shape((0..24).map(circle).collect(), tint);
            }
        }
    }

    /// The issuer's name, in as many lines as it needs; the baseline for what follows.
    fn put_name(&self, sheet: &mut Sheet, x: f32, y: f32, align: Align, style: Style, width: f32) -> f32 {
        let field = self.bill.kind.issuer_field();
        self.put_wrapped(sheet, (x, y), align, style, &self.bill.issuer.name, width, field) - 2.0
    }

    /// A field in as many lines as it needs; the y one line below the last.
    #[expect(clippy::too_many_arguments, reason = "all of them say where and how one text stands")]
    fn put_wrapped(
        &self,
        sheet: &mut Sheet,
        (x, mut y): (f32, f32),
        align: Align,
        style: Style,
        text: &str,
        width: f32,
        field: &'static str,
    ) -> f32 {
        for (i, line) in wrap(text, style, width).into_iter().enumerate() {
            let mark = if i == 0 { Mark::Field(field) } else { Mark::Continued(field) };
            sheet.put(x, y, align, &[style.marked(line, mark)]);
            y += style.size * 1.32;
        }
        y
    }

    fn put_lines(
        &self,
        sheet: &mut Sheet,
        x: f32,
        mut y: f32,
        align: Align,
        style: Style,
        lines: &[String],
    ) -> f32 {
        for line in lines {
            sheet.put(x, y, align, &[style.span(line.as_str())]);
            y += style.size * 1.28;
        }
        y
    }

    /// Address and whatever else is known of a company, a line each.
    pub(super) fn contact_lines(&self, party: &Party) -> Vec<String> {
        let mut lines = party.address.clone();
        for (concept, value) in
            [("phone", &party.phone), ("email", &party.email), ("web", &party.web), ("tax_id", &party.tax_id)]
        {
            if !value.is_empty() {
                lines.push(format!("{} {value}", self.labels.get(concept)));
            }
        }
        lines
    }

    /// The recipient's block, and the place of delivery where there is one; the y below.
    pub(super) fn recipient(&self, sheet: &mut Sheet, x: f32, width: f32, y: f32) -> f32 {
        let design = self.design;
        let (issuer, to) = (&self.bill.issuer, &self.bill.recipient);
        let kind = self.bill.kind;
        let concept = if kind.word() == "order" { "vendor" } else { "bill_to" };
        let mut y = y + design.leading();
        match design.recipient {
            Recipient::Window => {
                let rest = format!(" · {}", issuer.address.join(" · "));
                let style = design.small().size(7.0);
                // As large as fits the window.
                let whole = style.width(&issuer.name) + style.width(&rest);
                let style = style.size((7.0 * width / whole).min(7.0));
                let sender =
                    [style.marked(issuer.name.clone(), Mark::Field(kind.issuer_field())), style.span(rest)];
                sheet.put(x, y, Align::Left, &sender);
                sheet.line((x, y + 2.5), (x + width, y + 2.5), 0.4, style.color);
                y = self.party(sheet, x, width, y + design.leading() * 1.3, to, Some(kind.recipient_field()));
            }
            Recipient::Plain => y = self.party(sheet, x, width, y, to, Some(kind.recipient_field())),
            Recipient::Labelled => {
                sheet.put(x, y, Align::Left, &[self.heading(concept)]);
                y = self.party(sheet, x, width, y + design.leading(), to, Some(kind.recipient_field()));
            }
            Recipient::Boxed => {
                let top = y - design.leading();
                sheet.fill([x, top, x + width, y + 5.0], self.tint());
                sheet.put(x + 6.0, y, Align::Left, &[self.heading(concept)]);
                let inner = y + design.leading() + 6.0;
                y = self.party(sheet, x + 6.0, width - 12.0, inner, to, Some(kind.recipient_field()));
                sheet.frame([x, top, x + width, y - design.leading() * 0.5], 0.6, design.accent);
            }
            Recipient::FromTo => {
                // Beside each other, or below each other where a word is too long for that.
                let half = (width - 10.0) / 2.0;
                let words = [issuer, to].into_iter().flat_map(|party| party.name.split(' '));
                let narrow = words.map(|word| design.text().width(word)).all(|word| word <= half);
                let room = if narrow { half } else { width };
                let from = match kind {
                    Kind::Order => self.bold(self.labels.purchaser()),
                    _ => self.heading("from"),
                };
                sheet.put(x, y, Align::Left, &[from]);
                let (issuer_field, field) = (Some(kind.issuer_field()), Some(kind.recipient_field()));
                let from = self.party(sheet, x, room, y + design.leading(), issuer, issuer_field);
                let (x, top) = if narrow { (x + half + 10.0, y) } else { (x, from + design.leading() * 0.5) };
                sheet.put(x, top, Align::Left, &[self.heading(concept)]);
                y = from.max(self.party(sheet, x, room, top + design.leading(), to, field));
            }
        }
        if let Some(place) = &self.bill.ship_to {
            y += design.leading() * 0.5;
            sheet.put(x, y, Align::Left, &[self.heading("ship_to")]);
            y = self.party(sheet, x, width, y + design.leading(), place, None);
        }
        y
    }

    fn heading(&self, concept: &str) -> Span {
        self.bold(&self.label(concept))
    }

    fn bold(&self, label: &str) -> Span {
        let colon = if self.design.colon { ":" } else { "" };
        self.design.text().bold().span(format!("{label}{colon}"))
    }

    /// Name and address, a line each; the y below.
    fn party(
        &self,
        sheet: &mut Sheet,
        x: f32,
        width: f32,
        mut y: f32,
        party: &Party,
        field: Option<&'static str>,
    ) -> f32 {
        let style = self.design.text();
        match field {
            Some(field) => y = self.put_wrapped(sheet, (x, y), Align::Left, style, &party.name, width, field),
            None => y = self.put_lines(sheet, x, y, Align::Left, style, &wrap(&party.name, style, width)),
        }
        for line in [&party.person].into_iter().chain(&party.address).filter(|line| !line.is_empty()) {
            for part in wrap(line, style, width) {
                sheet.put(x, y, Align::Left, &[style.span(part)]);
                y += self.design.leading();
            }
        }
        y
    }
}
