//! Random receipts: narrow paper, one column of text, amounts at the right edge.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::bill::{LineItem, cents, money};
use crate::draw;
use crate::font::Face;
use crate::locale::{Format, Labels, Language, Region};
use crate::random::Random;
use crate::sheet::{Align, BLACK, Mark, Paper, Sheet, Span, Style, wrap};
use crate::truth::Facts;

/// A receipt being written from top to bottom.
struct Roll {
    sheet: Sheet,
    style: Style,
    y: f32,
    margin: f32,
}

impl Roll {
    fn width(&self) -> f32 {
        self.sheet.paper.width - 2.0 * self.margin
    }

    fn feed(&mut self, lines: f32) {
        self.y += self.style.size * 1.25 * lines;
    }

    fn centred(&mut self, spans: &[Span]) {
        self.feed(1.0);
        self.sheet.put(self.sheet.paper.width / 2.0, self.y, Align::Centre, spans);
    }

    /// Something left and something at the right edge.
    fn pair(&mut self, left: &[Span], right: &[Span]) {
        self.feed(1.0);
        self.sheet.put(self.margin, self.y, Align::Left, left);
        self.sheet.put(self.sheet.paper.width - self.margin, self.y, Align::Right, right);
    }

    fn rule(&mut self) {
        self.feed(1.0);
        let count = (self.width() / self.style.width("-")) as usize;
        let dashes = self.style.span("-".repeat(count));
        self.sheet.put(self.margin, self.y, Align::Left, &[dashes]);
    }

    /// A field in as many centred lines as it needs.
    fn field(&mut self, name: &'static str, text: &str, style: Style) {
        for (i, line) in wrap(text, style, self.width()).into_iter().enumerate() {
            let mark = if i == 0 { Mark::Field(name) } else { Mark::Continued(name) };
            self.centred(&[style.marked(line, mark)]);
        }
    }
}

/// A random receipt.
pub(crate) fn draw(region: &Region, language: &Language, random: &mut Random) -> (Facts, Sheet) {
    let labels = Labels::drawn(language, random);
    let format = Format::drawn(language, region, random);
    let shop = draw::party(region, language, random);
    let date = draw::day(random);
    let rate = region.rates[0];
    let items = items(language, random);
    let sum: Decimal = items.iter().map(LineItem::total).sum();
    // Prices include the tax, except where it is a sales tax.
    let tax = if region.sales_tax {
        cents(sum * rate / Decimal::ONE_HUNDRED)
    } else {
        cents(sum * rate / (Decimal::ONE_HUNDRED + rate))
    };
    let total = if region.sales_tax { sum + tax } else { sum };

    let face = *random.pick(&[Face::Mono, Face::Mono, Face::MonoBold, Face::Sans]);
    let width = *random.pick(&[164.0, 204.0, 226.0]);
    let style = Style { face, size: width / 27.0, color: BLACK };
    // Long enough for everything; cut at the end.
    let sheet = Sheet::new(Paper { width, height: 1200.0, rotate: 0, bleed: 0.0 });
    let mut roll = Roll { sheet, style, y: 14.0, margin: 10.0 };
    let bold = style.bold();
    let label = |concept: &str| style.span(labels.get(concept));
    let amount = |value: Decimal, style, field: Option<&'static str>| {
        format.amount(format.money, value, style, field.map(Mark::Field))
    };

    roll.field("company", &shop.name, if random.chance(0.5) { bold.size(style.size * 1.25) } else { style });
    let address = shop.address.join(", ");
    roll.field("address", &address, style);
    for text in [&shop.phone, &shop.tax_id].into_iter().filter(|text| !text.is_empty()) {
        roll.centred(&[style.span(text.as_str())]);
    }
    roll.rule();
    let time = format!("{:02}:{:02}", random.between(8, 21), random.between(0, 59));
    let shown = style.marked(format.date(date), Mark::Field("date"));
    if random.chance(0.5) {
        roll.pair(&[label("receipt_date"), style.span(": "), shown], &[style.span(time)]);
    } else {
        roll.pair(&[shown, style.span(format!(" {time}"))], &[]);
    }
    let number = random.digits("00####");
    roll.pair(&[label("receipt_number"), style.span(format!(" {number}"))], &[]);
    if random.chance(0.6) {
        let name = random.pick(&language.first_names);
        roll.pair(&[label("receipt_cashier"), style.span(format!(": {name}"))], &[]);
    }
    roll.rule();
    let two_lines = random.chance(0.4);
    for (row, item) in items.iter().enumerate() {
        line(&mut roll, &format, row, item, two_lines);
    }
    roll.rule();
    if region.sales_tax {
        roll.pair(&[label("net_total")], &amount(sum, style, Some("net_total")));
        let tax_label = labels.get("sales_tax").replace("{rate}", &format.percent(rate));
        roll.pair(&[style.span(tax_label)], &amount(tax, style, Some("tax_total")));
    } else if random.chance(0.3) {
        roll.pair(&[label("receipt_count")], &[style.span(items.len().to_string())]);
    }
    let strong = if random.chance(0.6) { bold.size(style.size * 1.3) } else { bold };
    let total_label = labels.get("total").replace("{currency}", &region.currency);
    let total_label =
        if strong.width(&total_label) > roll.width() * 0.5 { "TOTAL".to_owned() } else { total_label };
    roll.feed(0.3);
    roll.pair(&[strong.span(total_label)], &amount(total, strong, Some("total")));
    roll.feed(0.3);
    if random.chance(0.5) {
        let given = (total / Decimal::TEN).ceil() * Decimal::TEN;
        roll.pair(&[label("receipt_cash")], &amount(given, style, None));
        roll.pair(&[label("receipt_change")], &amount(given - total, style, None));
    } else {
        // The payment says the total again.
        roll.pair(&[label("receipt_card")], &amount(total, style, Some("total")));
    }
    if !region.sales_tax {
        roll.rule();
        let tax_label = labels.get("tax").replace("{rate}", &format.percent(rate));
        roll.pair(&[style.span(tax_label)], &amount(tax, style, Some("tax_total")));
        roll.pair(&[label("base")], &amount(total - tax, style, None));
    }
    roll.feed(0.5);
    for text in wrap(labels.get("receipt_thanks"), style, roll.width()) {
        roll.centred(&[style.span(text)]);
    }
    roll.sheet.paper.height = roll.y + 20.0;

    let mut values = Map::new();
    for (field, value) in [
        ("company", shop.name.clone()),
        ("address", address),
        ("date", date.iso()),
        ("net_total", money(sum)),
        ("tax_total", money(tax)),
        ("total", money(total)),
        ("currency", region.currency.clone()),
    ] {
        values.insert(field.to_owned(), Value::from(value));
    }
    let facts = Facts {
        region: region.code.clone(),
        template: "receipt",
        values,
        rows: items.iter().map(LineItem::values).collect(),
    };
    (facts, roll.sheet)
}

fn items(language: &Language, random: &mut Random) -> Vec<LineItem> {
    let count = random.between(1, 12);
    let mut item = || {
        let (description, ..) = random.pick(&language.goods).clone();
        LineItem {
            code: String::new(),
            description,
            heading: String::new(),
            detail: String::new(),
            quantity: Decimal::from(if random.chance(0.7) { 1 } else { random.between(2, 6) }),
            unit: String::new(),
            price: Decimal::new(random.between(50, 4000) / 5 * 5 - 1, 2),
            discount: Decimal::ZERO,
            rate: Decimal::ZERO,
        }
    };
    (0..count).map(|_| item()).collect()
}

/// An item: description and amount; the quantity before it or on a line of its own.
fn line(roll: &mut Roll, format: &Format, row: usize, item: &LineItem, two_lines: bool) {
    let style = roll.style;
    let amount = format.amount("{n}", item.total(), style, Some(Mark::Cell(row, "line_total")));
    let mark = Mark::Cell(row, "description");
    let room = roll.width() - style.width("00 x 0.000,00 ") - style.width(" 0.000,00");
    let mut lines = wrap(&item.description, style, if two_lines { roll.width() } else { room }).into_iter();
    let first = lines.next().unwrap_or_default();
    let quantity = style.marked(format.number(item.quantity, 0), Mark::Cell(row, "quantity"));
    let price = format.amount("{n}", item.price, style, Some(Mark::Cell(row, "unit_price")));
    if two_lines {
        roll.pair(&[style.marked(first, mark)], &[]);
        for line in lines {
            roll.pair(&[style.marked(line, mark)], &[]);
        }
        let times = [vec![style.span("  "), quantity, style.span(" x ")], price].concat();
        roll.pair(&times, &amount);
    } else {
        let gap = style.span(" ");
        roll.pair(&[quantity, gap.clone(), style.marked(first, mark)], &amount);
        for line in lines {
            roll.pair(&[gap.clone(), gap.clone(), style.marked(line, mark)], &[]);
        }
    }
}
