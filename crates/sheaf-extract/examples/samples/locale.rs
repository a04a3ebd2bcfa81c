//! Languages and regions: labels, names, and how numbers, money and dates are written. The data is in `data/`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::random::Random;
use crate::sheet::{Mark, Span, Style};

/// A language's words: `data/<language>.json`.
#[derive(Deserialize)]
pub(crate) struct Language {
    months: Vec<String>,
    months_short: Vec<String>,
    /// The heading over who sends an order, who is no seller.
    purchaser: String,
    /// Concept to the labels that documents use for it, the usual one first.
    labels: BTreeMap<String, Vec<String>>,
    /// What is said to sentences that say it, with `{placeholders}`.
    sentences: BTreeMap<String, Vec<String>>,
    pub(crate) first_names: Vec<String>,
    pub(crate) last_names: Vec<String>,
    pub(crate) streets: Vec<String>,
    pub(crate) companies: Vec<String>,
    pub(crate) trades: Vec<String>,
    pub(crate) units: Vec<String>,
    /// Description, detail (may be empty), lowest and highest price.
    pub(crate) goods: Vec<(String, String, i64, i64)>,
}

/// A country and language: an entry of `data/regions.json`.
#[derive(Deserialize)]
pub(crate) struct Region {
    /// `de-AT`.
    pub(crate) code: String,
    /// ISO 4217.
    pub(crate) currency: String,
    symbol: String,
    /// How amounts are written: `{s}` symbol, `{c}` code, `{n}` number.
    money: Vec<String>,
    /// Thousands mark (may be missing) and decimal mark.
    numbers: Vec<String>,
    pub(crate) paper: String,
    dates: Vec<String>,
    pub(crate) rates: Vec<Decimal>,
    /// Tax is added by the state and called so (US).
    pub(crate) sales_tax: bool,
    pub(crate) cities: Vec<String>,
    pub(crate) phones: Vec<String>,
    pub(crate) tax_ids: Vec<String>,
    pub(crate) banks: Vec<String>,
    /// Pattern; empty where bank accounts have none.
    pub(crate) iban: String,
    pub(crate) forms: Vec<String>,
}

impl Region {
    pub(crate) fn language(&self) -> &str {
        &self.code[..2]
    }
}

/// All languages and regions.
pub(crate) struct World {
    languages: BTreeMap<&'static str, Language>,
    pub(crate) regions: Vec<Region>,
}

impl World {
    /// Reads the data that is compiled in.
    pub(crate) fn load() -> serde_json::Result<Self> {
        let mut languages = BTreeMap::new();
        for (code, json) in [
            ("de", include_str!("data/de.json")),
            ("en", include_str!("data/en.json")),
            ("es", include_str!("data/es.json")),
            ("fr", include_str!("data/fr.json")),
            ("it", include_str!("data/it.json")),
            ("nl", include_str!("data/nl.json")),
            ("pt", include_str!("data/pt.json")),
        ] {
            languages.insert(code, serde_json::from_str(json)?);
        }
        Ok(Self { languages, regions: serde_json::from_str(include_str!("data/regions.json"))? })
    }

    pub(crate) fn region(&self, code: &str) -> &Region {
        let found = self.regions.iter().find(|region| region.code == code);
        found.unwrap_or_else(|| panic!("data/regions.json has no region {code}"))
    }

    pub(crate) fn language(&self, code: &str) -> &Language {
        &self.languages[code]
    }
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl Date {
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Self {
        Self { year, month, day }
    }

    /// The day so many days later.
    pub(crate) fn plus(self, days: i64) -> Self {
        let mut date = Self { day: self.day + days, ..self };
        while date.day < 1 {
            date.month -= 1;
            if date.month == 0 {
                (date.year, date.month) = (date.year - 1, 12);
            }
            date.day += date.days_in_month();
        }
        while date.day > date.days_in_month() {
            date.day -= date.days_in_month();
            date.month += 1;
            if date.month == 13 {
                (date.year, date.month) = (date.year + 1, 1);
            }
        }
        date
    }

    fn days_in_month(self) -> i64 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// `YYYY-MM-DD`.
    pub(crate) fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The labels and sentences one document uses.
pub(crate) struct Labels<'a> {
    language: &'a Language,
    chosen: BTreeMap<String, String>,
}

impl<'a> Labels<'a> {
    /// The usual labels.
    pub(crate) fn usual(language: &'a Language) -> Self {
        Self { language, chosen: BTreeMap::new() }
    }

    /// Random ones, the usual more often; no label means two things in one document, except as the head of a column.
    pub(crate) fn drawn(language: &'a Language, random: &mut Random) -> Self {
        let mut concepts: Vec<_> = language.labels.iter().chain(&language.sentences).collect();
        random.shuffle(&mut concepts);
        let mut chosen: BTreeMap<String, String> = BTreeMap::new();
        let mut taken: Vec<&String> = Vec::new();
        for (concept, labels) in concepts {
            let alone = concept.starts_with("col_") || concept.starts_with("receipt_");
            let free: Vec<&String> = labels.iter().filter(|label| alone || !taken.contains(label)).collect();
            let Some(&first) = free.first() else { continue };
            let label = if random.chance(0.3) { first } else { random.pick::<&String>(&free) };
            if !alone {
                taken.push(label);
            }
            chosen.insert(concept.clone(), label.clone());
        }
        Self { language, chosen }
    }

    /// With the English label behind each label of numbers, dates and sums.
    pub(crate) fn bilingual(mut self, english: &Language) -> Self {
        for concept in ["invoice_number", "invoice_date", "due_date", "customer_number", "net_total", "total"]
        {
            let both = format!("{} / {}", self.get(concept), english.labels[concept][0]);
            self.chosen.insert(concept.to_owned(), both);
        }
        self
    }

    /// The same with another label or sentence for a concept.
    pub(crate) fn with(mut self, concept: &str, label: &str) -> Self {
        self.chosen.insert(concept.to_owned(), label.to_owned());
        self
    }

    pub(crate) fn purchaser(&self) -> &str {
        &self.language.purchaser
    }

    pub(crate) fn get(&self, concept: &str) -> &str {
        let usual = || self.language.labels.get(concept).or_else(|| self.language.sentences.get(concept));
        match self.chosen.get(concept) {
            Some(label) => label,
            None => usual().map_or_else(|| panic!("no label for {concept}"), |labels| &labels[0]),
        }
    }
}

/// A text with its `{placeholders}` replaced by spans.
pub(crate) fn fill(text: &str, style: Style, values: &[(&str, Span)]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        spans.push(style.span(before));
        let value = values.iter().find(|(key, _)| *key == name).map(|(_, span)| span.clone());
        spans.push(value.unwrap_or_else(|| panic!("no value for {name} in {text:?}")));
        rest = after;
    }
    spans.push(style.span(rest));
    spans.retain(|span| !span.text.is_empty());
    spans
}

/// How an amount below zero is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negative {
    Before,
    After,
    Parentheses,
}

/// How one document writes numbers, money and dates.
pub(crate) struct Format<'a> {
    language: &'a Language,
    region: &'a Region,
    /// Thousands mark (may be missing) and decimal mark.
    pub(crate) numbers: &'a str,
    /// Pattern for totals.
    pub(crate) money: &'a str,
    /// Pattern for the cells of a table.
    pub(crate) cells: &'a str,
    /// Pattern: `%d` day, `%e` day without a leading zero, `%m` month, `%n` month without a leading zero, `%B` and
    /// `%b` its name and short name, `%Y` and `%y` year.
    pub(crate) date: &'a str,
    pub(crate) negative: Negative,
    /// Least number of decimals of a quantity.
    pub(crate) quantity_decimals: u32,
    /// Between a percentage and its sign.
    pub(crate) percent_gap: bool,
}

impl<'a> Format<'a> {
    /// The region's usual format.
    pub(crate) fn usual(language: &'a Language, region: &'a Region) -> Self {
        Self {
            language,
            region,
            numbers: &region.numbers[0],
            money: &region.money[0],
            cells: "{n}",
            date: &region.dates[0],
            negative: Negative::Before,
            quantity_decimals: 0,
            percent_gap: region.language() != "en",
        }
    }

    pub(crate) fn drawn(language: &'a Language, region: &'a Region, random: &mut Random) -> Self {
        let money = random.pick(&region.money);
        Self {
            numbers: random.pick::<String>(&region.numbers),
            money,
            cells: if random.chance(0.25) { money } else { "{n}" },
            date: random.pick::<String>(&region.dates),
            negative: *random.pick(&[
                Negative::Before,
                Negative::Before,
                Negative::After,
                Negative::Parentheses,
            ]),
            quantity_decimals: *random.pick(&[0, 0, 0, 0, 0, 0, 1, 2, 2, 3]),
            percent_gap: random.chance(0.5),
            ..Self::usual(language, region)
        }
    }

    pub(crate) fn sales_tax(&self) -> bool {
        self.region.sales_tax
    }

    pub(crate) fn has_iban(&self) -> bool {
        !self.region.iban.is_empty()
    }

    pub(crate) fn date(&self, date: Date) -> String {
        let Date { year, month, day } = date;
        let index = month as usize - 1;
        self.date
            .replace("%d", &format!("{day:02}"))
            .replace("%e", &day.to_string())
            .replace("%m", &format!("{month:02}"))
            .replace("%n", &month.to_string())
            .replace("%Y", &year.to_string())
            .replace("%y", &format!("{:02}", year % 100))
            .replace("%B", &self.language.months[index])
            .replace("%b", &self.language.months_short[index])
    }

    /// A number with so many decimals at least, without its sign.
    fn digits(&self, number: Decimal, decimals: u32) -> String {
        let mut number = number.abs().normalize();
        number.rescale(number.scale().max(decimals));
        let plain = number.to_string();
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut marks = self.numbers.chars().rev();
        let (decimal, group) = (marks.next().unwrap_or('.'), marks.next());
        let mut text = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                text.extend(group);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(decimal);
            text.push_str(fraction);
        }
        text
    }

    fn signed(&self, number: Decimal, text: String) -> String {
        match self.negative {
            _ if !number.is_sign_negative() || number.is_zero() => text,
            Negative::After if text.ends_with(|c: char| c.is_ascii_digit()) => format!("{text}-"),
            Negative::Before | Negative::After => format!("-{text}"),
            Negative::Parentheses => format!("({text})"),
        }
    }

    pub(crate) fn number(&self, number: Decimal, decimals: u32) -> String {
        self.signed(number, self.digits(number, decimals))
    }

    /// `19 %`
    pub(crate) fn percent(&self, rate: Decimal) -> String {
        format!("{}{}%", self.digits(rate, 0), if self.percent_gap { " " } else { "" })
    }

    /// An amount in one of this format's patterns. The mark covers the word that holds the number; where the amount is
    /// the total, what tells the currency is marked as such.
    pub(crate) fn amount(
        &self,
        pattern: &str,
        amount: Decimal,
        style: Style,
        mark: Option<Mark>,
    ) -> Vec<Span> {
        let tells = |word: &str| {
            let told = mark == Some(Mark::Field("total")) && word != "{n}";
            told.then_some(Mark::Field("currency"))
        };
        let mut spans = Vec::new();
        for (i, word) in pattern.split(' ').enumerate() {
            if i > 0 {
                spans.push(style.span(" "));
            }
            let filled = word.replace("{s}", &self.region.symbol).replace("{c}", &self.region.currency);
            let is_number = word.contains("{n}");
            let text = if is_number {
                self.signed(amount, filled.replace("{n}", &self.digits(amount, 2)))
            } else {
                filled
            };
            let marks = mark.filter(|_| is_number).into_iter().chain(tells(word)).collect();
            spans.push(Span { text, style, marks });
        }
        spans
    }
}
