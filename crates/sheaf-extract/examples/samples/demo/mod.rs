//! The documents of `make demo`: invoices of invented companies, written by hand for the layout engine.

mod english;
mod german;

use rust_decimal::Decimal;

use crate::bill::{Bill, Kind, LineItem, Party};
use crate::design::Design;
use crate::layout;
use crate::locale::{Date, Format, Labels, World};
use crate::pdf::{self, Writing};
use crate::random::Random;
use crate::scan::{Quality, scan};
use crate::truth::Sample;

/// A bill with everything that decides how it looks.
struct Demo<'a> {
    id: &'static str,
    bill: Bill,
    design: Design,
    labels: Labels<'a>,
    format: Format<'a>,
}

impl<'a> Demo<'a> {
    /// In its region's usual look and words.
    fn new(world: &'a World, id: &'static str, bill: Bill) -> Self {
        let region = world.region(&bill.region);
        let language = world.language(region.language());
        let design = Design::plain(region);
        Self { id, bill, design, labels: Labels::usual(language), format: Format::usual(language, region) }
    }

    /// With these labels for these concepts.
    fn labels(mut self, chosen: &[(&str, &str)]) -> Self {
        for (concept, label) in chosen {
            self.labels = self.labels.with(concept, label);
        }
        self
    }

    fn sample(&self) -> Sample {
        let sheet = layout::draw(&self.bill, &self.design, &self.labels, &self.format);
        let title = format!("{} {}", self.bill.issuer.name, self.bill.number);
        let pdf = pdf::write(&sheet, &title, Writing::Lines);
        Sample::new(self.id, "demo", &self.bill.facts(), &sheet, pdf)
    }

    /// As a scanner would have made it: a picture without text.
    fn scanned(&self) -> Sample {
        let sheet = layout::draw(&self.bill, &self.design, &self.labels, &self.format);
        let sheet = scan(&sheet, Quality::OFFICE, &mut Random::new(1));
        let pdf = pdf::write(&sheet, "Scan", Writing::Lines);
        Sample::new(self.id, "demo", &self.bill.facts(), &sheet, pdf)
    }

    /// As a download that broke off: cut within the page's content, so that nothing is left to repair it from.
    fn broken(&self) -> Sample {
        let Sample { id, mut pdf, .. } = self.sample();
        pdf.truncate(400);
        Sample { id, pdf, truth: None }
    }
}

/// The whole set, in the order of names.
pub(crate) fn samples(world: &World) -> Vec<Sample> {
    let mut samples: Vec<Sample> =
        english::demos(world).iter().chain(&german::demos(world)).map(Demo::sample).collect();
    samples.push(english::to_scan(world).scanned());
    samples.push(german::to_break(world).broken());
    samples.sort_by(|a, b| a.id.cmp(&b.id));
    samples
}

/// A bill with a number and dates, and nothing out of the ordinary.
fn bill(region: &str, currency: &str, number: &str, date: (i64, i64, i64), days: i64) -> Bill {
    let date = Date::new(date.0, date.1, date.2);
    Bill {
        kind: Kind::Invoice,
        region: region.to_owned(),
        currency: currency.to_owned(),
        number: number.to_owned(),
        date,
        due: date.plus(days),
        days,
        references: Vec::new(),
        issuer: Party::default(),
        recipient: Party::default(),
        ship_to: None,
        items: Vec::new(),
        gross: false,
        discount: Decimal::ZERO,
        shipping: Decimal::ZERO,
        prepaid: Decimal::ZERO,
    }
}

fn customer(name: &str, person: &str, address: &[&str]) -> Party {
    Party {
        name: name.to_owned(),
        person: person.to_owned(),
        address: address.iter().map(|&line| line.to_owned()).collect(),
        ..Party::default()
    }
}

/// A company whose mail and web addresses are at `<domain>.example`.
fn company(name: &str, address: &[&str], phone: &str, domain: &str) -> Party {
    Party {
        phone: phone.to_owned(),
        email: format!("accounts@{domain}.example"),
        web: format!("www.{domain}.example"),
        ..customer(name, "", address)
    }
}

/// Code, description, detail, quantity in hundredths, unit, price in cents, rate in tenths of a percent.
type Row<'a> = (&'a str, &'a str, &'a str, i64, &'a str, i64, i64);

fn items(rows: &[Row]) -> Vec<LineItem> {
    let item = |&(code, description, detail, quantity, unit, price, rate): &Row| LineItem {
        code: code.to_owned(),
        description: description.to_owned(),
        heading: String::new(),
        detail: detail.to_owned(),
        quantity: Decimal::new(quantity, 2).normalize(),
        unit: unit.to_owned(),
        price: Decimal::new(price, 2),
        discount: Decimal::ZERO,
        rate: Decimal::new(rate, 1),
    };
    rows.iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;
    use sheaf_types::TemplateSpec;

    use super::*;

    fn committed(path: &str) -> Vec<u8> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo");
        std::fs::read(folder.join(path)).unwrap()
    }

    #[test]
    fn the_template_is_the_starter() {
        let json: Value = serde_json::from_slice(&committed("invoice.json")).unwrap();
        assert_eq!(TemplateSpec::from_json(&json), Ok(TemplateSpec::starter_invoice()));
    }

    #[test]
    fn the_committed_documents_are_what_the_generator_writes() {
        let world = World::load().unwrap();
        let truth = String::from_utf8(committed("truth.jsonl")).unwrap();
        let mut lines = truth.lines();
        for sample in samples(&world) {
            let Sample { id, pdf, truth } = sample;
            if let Some(truth) = &truth {
                let line: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
                assert_eq!(&line["fields"], &truth["fields"], "{id}");
            }
            // Processors may render the picture of a scan differently by a pixel.
            if truth.is_none_or(|truth| truth["scan"] == false) {
                assert!(
                    pdf == committed(&format!("documents/{id}.pdf")),
                    "{id} has changed: write the demo anew"
                );
            }
        }
        assert_eq!(lines.next(), None);
    }
}
