//! Random bills: who, what, how much.

use rust_decimal::Decimal;

use crate::bill::{Bill, Kind, LineItem, Party, Reference};
use crate::locale::{Date, Language, Region};
use crate::random::Random;

/// A random bill of a region.
pub(crate) fn bill(kind: Kind, region: &Region, language: &Language, random: &mut Random) -> Bill {
    let date = day(random);
    let days = *random.pick(&[7, 10, 14, 14, 21, 30, 30, 30, 45, 60]);
    let items = items(kind, region, language, random);
    let total: Decimal = items.iter().map(LineItem::total).sum();
    let plain = kind == Kind::Invoice;
    let issuer = party(region, language, random);
    let recipient = party(region, language, random);
    let ship_to = (kind != Kind::Credit && random.chance(0.15)).then(|| {
        let elsewhere = party(region, language, random);
        if random.chance(0.6) { Party { name: recipient.name.clone(), ..elsewhere } } else { elsewhere }
    });
    Bill {
        kind,
        region: region.code.clone(),
        currency: region.currency.clone(),
        number: number(date, random),
        date,
        due: date.plus(days),
        days,
        references: references(kind, date, language, random),
        issuer,
        recipient,
        ship_to,
        items,
        gross: plain && !region.sales_tax && random.chance(0.08),
        discount: Decimal::from(if random.chance(0.12) { *random.pick(&[2, 3, 5, 10]) } else { 0 }),
        shipping: if plain && random.chance(0.15) {
            Decimal::new(random.between(4, 60) * 100 + *random.pick(&[0, 50, 90, 95]), 2)
        } else {
            Decimal::ZERO
        },
        prepaid: if plain && random.chance(0.12) {
            (total * Decimal::new(*random.pick(&[2, 3, 5]), 1)).round()
        } else {
            Decimal::ZERO
        },
    }
}

pub(crate) fn day(random: &mut Random) -> Date {
    Date::new(random.between(2009, 2026), 1, 1).plus(random.between(0, 364))
}

/// A document's number in one of the shapes that numbers have.
pub(crate) fn number(date: Date, random: &mut Random) -> String {
    let pattern = *random.pick(&[
        "####",
        "#####",
        "######",
        "1000####",
        "{y}####",
        "{Y}-####",
        "{Y}/###",
        "{Y}-{m}-###",
        "###/{Y}",
        "##-{y}",
        "INV-#####",
        "INV/{Y}/####",
        "RE-{Y}-####",
        "R{y}####",
        "F{Y}-####",
        "FA-######",
        "SI-####",
        "A####-##",
        "{y}.###.#",
        "V-#####/{y}",
        "##-####-##",
        "KD## ####",
        "No##.{y}",
        "X{y}{m}###B",
    ]);
    let (year, month) = (date.year.to_string(), format!("{:02}", date.month));
    let pattern = pattern.replace("{Y}", &year).replace("{y}", &year[2..]).replace("{m}", &month);
    // A leading zero would make it ambiguous whether it belongs.
    let first = random.between(1, 9).to_string();
    random.digits(&pattern.replacen('#', &first, 1))
}

/// A company, or at times a person.
pub(crate) fn party(region: &Region, language: &Language, random: &mut Random) -> Party {
    let pick = |random: &mut Random, list: &[String]| random.pick(list).clone();
    let (stem, trade) = (pick(random, &language.companies), pick(random, &language.trades));
    let form = pick(random, &region.forms);
    let person = format!("{} {}", random.pick(&language.first_names), random.pick(&language.last_names));
    // Romance languages name the trade first.
    let [first, second] = if matches!(region.language(), "es" | "fr" | "it" | "pt") {
        [&trade, &stem]
    } else {
        [&stem, &trade]
    };
    let name = match random.between(0, 9) {
        0..=4 => format!("{first} {second} {form}"),
        5 | 6 => format!("{stem} {form}"),
        7 => format!("{first} {second}"),
        8 => format!("{trade} {}", random.pick(&language.last_names)),
        _ => person.clone(),
    };
    let name = if random.chance(0.1) { name.to_uppercase() } else { name };
    let street = random.pick(&language.streets).replace("{n}", &random.between(1, 240).to_string());
    let city = pick(random, &region.cities);
    let slug: String = stem.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let some = |random: &mut Random, text: String| if random.chance(0.7) { text } else { String::new() };
    let mut of = |patterns: &[String]| {
        let pattern = random.pick(patterns).clone();
        random.digits(&pattern)
    };
    let (phone, tax_id) = (of(&region.phones), of(&region.tax_ids));
    let iban =
        if region.iban.is_empty() { random.digits("000 0### ####") } else { random.digits(&region.iban) };
    Party {
        name: name.trim().to_owned(),
        person: if random.chance(0.25) { person } else { String::new() },
        address: vec![street, city],
        phone: some(random, phone),
        email: some(random, format!("info@{slug}.example")),
        web: some(random, format!("www.{slug}.example")),
        tax_id: some(random, tax_id),
        register: if random.chance(0.3) { random.digits("00#####") } else { String::new() },
        bank: pick(random, &region.banks),
        iban,
        bic: if random.chance(0.5) { random.digits("XMPL00##") } else { String::new() },
    }
}

fn items(kind: Kind, region: &Region, language: &Language, random: &mut Random) -> Vec<LineItem> {
    let count = match random.between(0, 99) {
        0..=74 => random.between(1, 6),
        75..=91 => random.between(7, 16),
        _ => random.between(20, 70),
    };
    let mixed = region.rates.len() > 1 && !region.sales_tax && random.chance(0.25);
    let rate = if random.chance(0.8) { region.rates[0] } else { *random.pick(&region.rates) };
    let (details, units, discounts) = (random.chance(0.5), random.chance(0.5), random.chance(0.1));
    let sign = if kind == Kind::Credit { -1 } else { 1 };
    let codes = *random.pick(&["####", "#####", "A-####", "##.###", "XM##-##", "4000000######"]);
    let mut item = || {
        let (description, detail, low, high) = random.pick(&language.goods).clone();
        let price = random.between(low * 100, high * 100);
        // Prices are rarely odd.
        let price = match random.between(0, 3) {
            0 => price,
            1 => price / 100 * 100 + 95,
            _ => (price / 50 * 50).max(50),
        };
        let quantity = match random.between(0, 11) {
            0 => Decimal::new(random.between(1, 40) * 25, 2),
            1 if price < 5000 => Decimal::from(random.between(20, 2400)),
            _ => Decimal::from(random.between(1, 12)),
        };
        LineItem {
            code: random.digits(codes),
            description,
            heading: String::new(),
            detail: if details { detail } else { String::new() },
            quantity: quantity.normalize() * Decimal::from(sign),
            unit: if units { random.pick(&language.units).clone() } else { String::new() },
            price: Decimal::new(price, 2),
            discount: Decimal::from(if discounts { *random.pick(&[0, 5, 10, 15]) } else { 0 }),
            rate: if mixed { *random.pick(&region.rates) } else { rate },
        }
    };
    let mut items: Vec<LineItem> = (0..count).map(|_| item()).collect();
    if items.len() > 3 && random.chance(0.15) {
        let split = random.between(1, items.len() as i64 - 2) as usize;
        for i in [0, split] {
            items[i].heading = random.pick(&language.trades).clone();
        }
    }
    items
}

/// What stands around number and date and must not be taken for them.
fn references(
    kind: Kind,
    date: Date,
    language: &Language,
    random: &mut Random,
) -> Vec<(&'static str, Reference)> {
    let customer = *random.pick(&["#####", "K-####", "10##"]);
    let mut all = vec![
        ("customer_number", Reference::Text(random.digits(customer))),
        ("your_reference", Reference::Text(number(date.plus(-9), random))),
        ("contact", Reference::Text(random.pick(&language.first_names).clone())),
        ("print_date", Reference::Date(date.plus(random.between(0, 3)))),
        ("period", Reference::Days(date.plus(-31), date.plus(-1))),
    ];
    if kind != Kind::Order {
        all.push(("order_number", Reference::Text(number(date.plus(-12), random))));
        all.push(("delivery_date", Reference::Date(date.plus(-random.between(0, 9)))));
        all.push(("order_date", Reference::Date(date.plus(-random.between(10, 40)))));
    }
    random.shuffle(&mut all);
    all.truncate(random.between(0, 5) as usize);
    all
}
