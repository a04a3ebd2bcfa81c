//! Random documents: any number of invoices, credit notes, orders and receipts, no two alike.

use serde_json::{Value, json};

use crate::bill::Kind;
use crate::design::Design;
use crate::locale::{Format, Labels, World};
use crate::pdf::Writing;
use crate::random::Random;
use crate::scan::{Quality, scan};
use crate::sheet::{Item, Sheet};
use crate::truth::{Facts, Sample};
use crate::{draw, layout, pdf, receipt};

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// How many of a hundred are scanned pictures.
    pub(crate) scans: u64,
}

/// The documents, one at a time; each depends on the seed and its own number only.
pub(crate) fn samples(world: &World, order: Order) -> impl Iterator<Item = Sample> {
    (0..order.count).map(move |index| {
        let mut random = Random::new(Random::new(order.seed ^ (index << 20)).next());
        sample(world, &format!("{:05}", index + 1), order.scans, &mut random)
    })
}

fn sample(world: &World, id: &str, scans: u64, random: &mut Random) -> Sample {
    let (facts, mut sheet) = draw(world, random);
    if random.between(0, 99) < scans as i64 {
        sheet = scan(&sheet, Quality::drawn(random), random);
    }
    if random.chance(0.15) {
        // In the file, texts stand in no order; what they stand on comes first.
        for items in &mut sheet.pages {
            random.shuffle(items);
            items.sort_by_key(|item| {
                matches!(item, Item::Text { .. }) as u8 + matches!(item, Item::Line { .. }) as u8
            });
        }
    }
    let pdf = pdf::write(&sheet, id, *random.pick(&Writing::ALL));
    Sample::new(id, "random", &facts, &sheet, pdf)
}

fn draw(world: &World, random: &mut Random) -> (Facts, Sheet) {
    let region = random.pick(&world.regions);
    let language = world.language(region.language());
    let kind = match random.between(0, 99) {
        0..=57 => Kind::Invoice,
        58..=63 => Kind::Credit,
        64..=81 => Kind::Order,
        _ => return receipt::draw(region, language, random),
    };
    let bill = draw::bill(kind, region, language, random);
    let design = Design::drawn(region, &bill, random);
    let mut labels = Labels::drawn(language, random);
    if region.language() != "en" && random.chance(0.06) {
        labels = labels.bilingual(world.language("en"));
    }
    let format = Format::drawn(language, region, random);
    (bill.facts(), layout::draw(&bill, &design, &labels, &format))
}

/// The templates that the truth refers to, by name: what a user would write for such documents.
pub(crate) fn templates() -> [(&'static str, Value); 3] {
    let field = |name: &str, kind: &str, anchor: &str| match anchor {
        "" => json!({"name": name, "type": kind}),
        _ => json!({"name": name, "type": kind, "anchor": anchor}),
    };
    let items = json!({"name": "line_items", "type": "table", "columns": [
        field("description", "text", ""),
        field("quantity", "number", ""),
        field("unit_price", "currency", ""),
        field("line_total", "currency", ""),
    ]});
    let currency =
        json!({"name": "currency", "type": "enum", "enum_values": ["EUR", "USD", "GBP", "CHF", "BRL"]});
    let sums = [
        field("net_total", "currency", "Subtotal"),
        field("tax_total", "currency", "VAT"),
        field("total", "currency", "Total"),
        field("amount_due", "currency", "Amount due"),
        currency,
        items,
    ];
    let template = |name: &str, own: Vec<Value>| {
        let fields: Vec<Value> = own.into_iter().chain(sums.clone()).collect();
        json!({"name": name, "fields": fields})
    };
    let invoice = vec![
        field("invoice_number", "text", "Invoice number"),
        field("invoice_date", "date", "Invoice date"),
        field("due_date", "date", "Due date"),
        field("seller_name", "text", ""),
        field("buyer_name", "text", "Bill to"),
    ];
    let order = vec![
        field("order_number", "text", "Order number"),
        field("order_date", "date", "Order date"),
        field("delivery_date", "date", "Delivery date"),
        field("seller_name", "text", "Supplier"),
        field("buyer_name", "text", ""),
    ];
    let receipt =
        vec![field("company", "text", ""), field("address", "text", ""), field("date", "date", "Date")];
    [
        ("invoice", template("Invoice", invoice)),
        ("order", template("Purchase order", order)),
        ("receipt", template("Receipt", receipt)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::Item;

    /// Left, top, right and bottom of each text's letters without their tails.
    fn boxes(items: &[Item]) -> Vec<(String, [f32; 4])> {
        let of = |item: &Item| match *item {
            Item::Text { x, y, style, ref text } => {
                let lead = style.width(&text[..text.len() - text.trim_start().len()]);
                let left = x + lead;
                let right = left + style.width(text.trim());
                Some((text.clone(), [left, y - style.face.ascent() * style.size * 0.9, right, y]))
            }
            _ => None,
        };
        items.iter().filter_map(of).collect()
    }

    #[test]
    fn no_text_stands_on_another_or_off_the_page() {
        let world = World::load().unwrap();
        let mut faults = Vec::new();
        for seed in 0..1000 {
            let (_, sheet) = draw(&world, &mut Random::new(seed));
            for items in &sheet.pages {
                let boxes = boxes(items);
                for (i, (text, [x0, y0, x1, y1])) in boxes.iter().enumerate() {
                    let paper = sheet.paper;
                    if *x0 < 4.0 || *y0 < 4.0 || *x1 > paper.width - 4.0 || *y1 > paper.height - 4.0 {
                        faults.push(format!("{seed}: {text:?} is off the page"));
                    }
                    for (other, [u0, v0, u1, v1]) in &boxes[..i] {
                        let across = x1.min(*u1) - x0.max(*u0);
                        let down = y1.min(*v1) - y0.max(*v0);
                        if across > 1.0 && down > 1.0 {
                            faults.push(format!("{seed}: {text:?} stands on {other:?}"));
                        }
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let world = World::load().unwrap();
        let make = || samples(&world, Order { count: 20, seed: 7, scans: 10 });
        for (a, b) in make().zip(make()) {
            assert_eq!((a.pdf, a.truth), (b.pdf, b.truth), "{}", a.id);
        }
    }

    #[test]
    fn the_templates_are_valid() {
        for (name, template) in templates() {
            assert!(sheaf_types::TemplateSpec::from_json(&template).is_ok(), "{name}");
        }
    }
}
