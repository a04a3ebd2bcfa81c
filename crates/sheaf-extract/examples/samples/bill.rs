//! What a document says: parties, items and the arithmetic of its totals, before any layout.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use crate::locale::Date;
use crate::truth::Facts;

/// What a document is, and with it the names of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Invoice,
    /// An invoice of negative amounts.
    Credit,
    /// Written by the buyer.
    Order,
}

impl Kind {
    /// `invoice`, `credit`, `order`: the ending of label and sentence concepts, such as `title_invoice`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Credit => "credit",
            Self::Order => "order",
        }
    }

    /// Label concept of the document's number.
    pub(crate) fn number_label(self) -> &'static str {
        match self {
            Self::Invoice => "invoice_number",
            Self::Credit => "credit_number",
            Self::Order => "order_number",
        }
    }

    pub(crate) fn number_field(self) -> &'static str {
        if self == Self::Order { "order_number" } else { "invoice_number" }
    }

    /// Field of the document's date, and label concept of it.
    pub(crate) fn date_field(self) -> &'static str {
        if self == Self::Order { "order_date" } else { "invoice_date" }
    }

    /// Field of the party whose letterhead it is.
    pub(crate) fn issuer_field(self) -> &'static str {
        if self == Self::Order { "buyer_name" } else { "seller_name" }
    }

    pub(crate) fn recipient_field(self) -> &'static str {
        if self == Self::Order { "seller_name" } else { "buyer_name" }
    }

    /// Field and label concept of the date by which something is to happen: payment, or delivery of an order.
    pub(crate) fn due_field(self) -> &'static str {
        if self == Self::Order { "delivery_date" } else { "due_date" }
    }
}

/// A company with its address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Party {
    pub(crate) name: String,
    /// Somebody in the company; may be empty, like all that follows the address.
    pub(crate) person: String,
    /// Street, place, and country where it is printed.
    pub(crate) address: Vec<String>,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) web: String,
    pub(crate) tax_id: String,
    pub(crate) register: String,
    pub(crate) bank: String,
    pub(crate) iban: String,
    pub(crate) bic: String,
}

impl Party {
    /// The name of the place, without postcode and state.
    pub(crate) fn place(&self) -> String {
        let line = self.address.last().map_or("", |line| line.split([',', '(', '/']).next().unwrap_or(line));
        let words =
            line.split(' ').filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Something sold.
#[derive(Debug, Clone)]
pub(crate) struct LineItem {
    pub(crate) code: String,
    pub(crate) description: String,
    /// Of the part of the table that begins with this item; empty where none does.
    pub(crate) heading: String,
    /// A second line under the description; may be empty.
    pub(crate) detail: String,
    pub(crate) quantity: Decimal,
    pub(crate) unit: String,
    pub(crate) price: Decimal,
    /// Percent off this line.
    pub(crate) discount: Decimal,
    /// Percent of tax.
    pub(crate) rate: Decimal,
}

impl LineItem {
    pub(crate) fn total(&self) -> Decimal {
        cents(self.quantity * self.price * (Decimal::ONE_HUNDRED - self.discount) / Decimal::ONE_HUNDRED)
    }

    /// Values by column, as `truth.jsonl` has them.
    pub(crate) fn values(&self) -> Map<String, Value> {
        let mut values = Map::new();
        for (column, value) in [
            ("description", self.description.clone()),
            ("quantity", self.quantity.normalize().to_string()),
            ("unit_price", money(self.price)),
            ("line_total", money(self.total())),
        ] {
            values.insert(column.to_owned(), value.into());
        }
        values
    }
}

/// The content of an invoice, a credit note or an order.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    pub(crate) kind: Kind,
    /// `de-AT`.
    pub(crate) region: String,
    pub(crate) currency: String,
    pub(crate) number: String,
    pub(crate) date: Date,
    /// The day of payment, or of delivery of an order.
    pub(crate) due: Date,
    /// From `date` to `due`.
    pub(crate) days: i64,
    /// Label concepts and values of everything else that stands with number and date.
    pub(crate) references: Vec<(&'static str, Reference)>,
    pub(crate) issuer: Party,
    pub(crate) recipient: Party,
    pub(crate) ship_to: Option<Party>,
    pub(crate) items: Vec<LineItem>,
    /// Prices include the tax.
    pub(crate) gross: bool,
    /// Percent off the sum of the items.
    pub(crate) discount: Decimal,
    pub(crate) shipping: Decimal,
    pub(crate) prepaid: Decimal,
}

/// The value of a reference.
#[derive(Debug, Clone)]
pub(crate) enum Reference {
    Text(String),
    Date(Date),
    Days(Date, Date),
}

/// Tax of one rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tax {
    pub(crate) rate: Decimal,
    pub(crate) base: Decimal,
    pub(crate) amount: Decimal,
}

/// What the items come to.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    pub(crate) items: Decimal,
    /// At or below zero.
    pub(crate) discount: Decimal,
    pub(crate) net: Decimal,
    /// Highest rate first.
    pub(crate) taxes: Vec<Tax>,
    pub(crate) tax: Decimal,
    pub(crate) total: Decimal,
    pub(crate) due: Decimal,
}

impl Bill {
    /// Adds up: items, less discount, plus shipping, plus tax, less what is paid. Discount is spread over the rates;
    /// shipping is taxed at the highest.
    pub(crate) fn sums(&self) -> Sums {
        let items: Decimal = self.items.iter().map(LineItem::total).sum();
        let mut rates: Vec<Decimal> = self.items.iter().map(|item| item.rate).collect();
        rates.sort_by(|a, b| b.cmp(a));
        rates.dedup();
        let mut discount = Decimal::ZERO;
        let mut taxes = Vec::new();
        for (i, &rate) in rates.iter().enumerate() {
            let sold: Decimal = self.items.iter().filter(|item| item.rate == rate).map(LineItem::total).sum();
            let less = cents(sold * self.discount / Decimal::ONE_HUNDRED);
            let shipping = if i == 0 { self.shipping } else { Decimal::ZERO };
            let amount = sold - less + shipping;
            discount -= less;
            taxes.push(if self.gross {
                let base = cents(amount * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + rate));
                Tax { rate, base, amount: amount - base }
            } else {
                Tax { rate, base: amount, amount: cents(amount * rate / Decimal::ONE_HUNDRED) }
            });
        }
        let net = taxes.iter().map(|tax| tax.base).sum();
        let tax = taxes.iter().map(|tax| tax.amount).sum();
        let total = net + tax;
        Sums { items, discount, net, taxes, tax, total, due: total - self.prepaid }
    }

    /// What is true of it.
    pub(crate) fn facts(&self) -> Facts {
        let sums = self.sums();
        let mut values = Map::new();
        for (field, value) in [
            (self.kind.number_field(), self.number.clone()),
            (self.kind.date_field(), self.date.iso()),
            (self.kind.due_field(), self.due.iso()),
            (self.kind.issuer_field(), self.issuer.name.clone()),
            (self.kind.recipient_field(), self.recipient.name.clone()),
            ("currency", self.currency.clone()),
            ("net_total", money(sums.net)),
            ("tax_total", money(sums.tax)),
            ("total", money(sums.total)),
            ("amount_due", money(sums.due)),
        ] {
            values.insert(field.to_owned(), value.into());
        }
        Facts {
            region: self.region.clone(),
            template: if self.kind == Kind::Order { "order" } else { "invoice" },
            values,
            rows: self.items.iter().map(LineItem::values).collect(),
        }
    }
}

/// Rounded to cents, half away from zero.
pub(crate) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// An amount as `truth.jsonl` has it: `-1234.50`.
pub(crate) fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discount_is_spread_and_tax_is_rounded_by_rate() {
        let item = |price: i64, quantity: i64, rate: i64| LineItem {
            code: String::new(),
            description: String::new(),
            heading: String::new(),
            detail: String::new(),
            quantity: Decimal::from(quantity),
            unit: String::new(),
            price: Decimal::new(price, 2),
            discount: Decimal::ZERO,
            rate: Decimal::from(rate),
        };
        let bill = Bill {
            kind: Kind::Invoice,
            region: "de-DE".into(),
            currency: "EUR".into(),
            number: "1".into(),
            date: Date::new(2024, 1, 31),
            due: Date::new(2024, 3, 1),
            days: 30,
            references: Vec::new(),
            issuer: Party::default(),
            recipient: Party::default(),
            ship_to: None,
            items: vec![item(100_00, 2, 19), item(10_05, 1, 7)],
            gross: false,
            discount: Decimal::from(10),
            shipping: Decimal::from(5),
            prepaid: Decimal::from(50),
        };
        let sums = bill.sums();
        // 200.00 - 20.00 + 5.00 = 185.00, of it 19 % = 35.15; 10.05 - 1.01 = 9.04, of it 7 % = 0.63.
        let gross = Bill { gross: true, ..bill.clone() }.sums();
        let amounts = [sums.items, sums.discount, sums.net, sums.tax, sums.total, sums.due].map(money);
        assert_eq!(amounts, ["210.05", "-21.01", "194.04", "35.78", "229.82", "179.82"]);
        assert_eq!(bill.date.plus(30), bill.due);
        // 185.00 with 19 % in it is 155.46 net; 9.04 with 7 % in it is 8.45 net.
        assert_eq!([gross.net, gross.tax, gross.total].map(money), ["163.91", "30.13", "194.04"]);
    }
}
