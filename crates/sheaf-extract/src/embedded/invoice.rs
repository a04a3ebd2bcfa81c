//! What an e-invoice states: Cross Industry Invoice (UN/CEFACT; ZUGFeRD 1 and 2, Factur-X, XRechnung) and UBL 2.1.
//!
//! An element is known by the path of names that leads to it, since the versions differ in prefixes and in a few names.

use crate::xml::{Content, Xml};

/// Lines that are read; more make a damaged invoice.
const MOST_LINES: usize = 10_000;
/// Longest text of an element, in bytes.
const LONGEST: usize = 1_000;

/// The values that an e-invoice states. Numbers are as written there, dates are `YYYY-MM-DD`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EInvoice {
    /// Number of the invoice (BT-1 of EN 16931).
    pub number: Option<String>,
    /// Day of issue (BT-2).
    pub issue_date: Option<String>,
    /// Day on which payment is due (BT-9).
    pub due_date: Option<String>,
    /// Name of the seller (BT-27).
    pub seller: Option<String>,
    /// Name of the buyer (BT-44).
    pub buyer: Option<String>,
    /// ISO 4217 code (BT-5).
    pub currency: Option<String>,
    /// Total without tax (BT-109).
    pub net: Option<String>,
    /// Total of the tax (BT-110).
    pub tax: Option<String>,
    /// Total with tax (BT-112).
    pub gross: Option<String>,
    /// Amount to pay (BT-115).
    pub payable: Option<String>,
    /// In order.
    pub lines: Vec<Line>,
}

/// A line of an e-invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Name of the item (BT-153).
    pub description: Option<String>,
    /// Quantity invoiced (BT-129).
    pub quantity: Option<String>,
    /// Net price of an item (BT-146).
    pub unit_price: Option<String>,
    /// Net amount of the line (BT-131).
    pub total: Option<String>,
}

impl EInvoice {
    /// Reads the XML of an invoice; `None` where it is damaged or another kind of document.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut xml = Xml::new(text.trim_start_matches('\u{feff}'));
        let root = xml.child()?.name().to_owned();
        let mut invoice = Self::default();
        let mut path = Vec::new();
        match root.as_str() {
            "CrossIndustryInvoice" | "CrossIndustryDocument" => walk(&mut xml, &mut path, &mut invoice, cii),
            "Invoice" | "CreditNote" => walk(&mut xml, &mut path, &mut invoice, ubl),
            _ => return None,
        }
        let is_whole = !xml.is_damaged() && invoice.number.is_some() && invoice.lines.len() <= MOST_LINES;
        is_whole.then_some(invoice)
    }
}

/// Goes through the elements within the current one; `slot` says where the text at a path belongs. What is stated twice
/// counts the first time.
fn walk(
    xml: &mut Xml<'_>,
    path: &mut Vec<String>,
    invoice: &mut EInvoice,
    slot: for<'i> fn(&'i mut EInvoice, &[&str]) -> Option<&'i mut Option<String>>,
) {
    let mut text = String::new();
    while let Some(content) = xml.content() {
        match content {
            Content::Text(piece) if text.len() + piece.len() <= LONGEST => text.push_str(&piece),
            Content::Text(_) => {}
            Content::Element(element) => {
                path.push(element.name().to_owned());
                if is_line(path) && invoice.lines.len() <= MOST_LINES {
                    invoice.lines.push(Line::default());
                }
                walk(xml, path, invoice, slot);
                path.pop();
            }
        }
    }
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(slot) = slot(invoice, &names).filter(|slot| slot.is_none() && !text.is_empty()) {
        let is_date = names.iter().any(|name| name.contains("Date"));
        *slot = if is_date { iso(&text) } else { Some(text) };
    }
}

fn is_line(path: &[String]) -> bool {
    path.last().is_some_and(|name| {
        matches!(name.as_str(), "IncludedSupplyChainTradeLineItem" | "InvoiceLine" | "CreditNoteLine")
    })
}

/// Cross Industry Invoice, and the form that ZUGFeRD 1 had of it.
fn cii<'i>(invoice: &'i mut EInvoice, path: &[&str]) -> Option<&'i mut Option<String>> {
    match path {
        ["ExchangedDocument" | "HeaderExchangedDocument", "ID"] => Some(&mut invoice.number),
        ["ExchangedDocument" | "HeaderExchangedDocument", "IssueDateTime", "DateTimeString"] => {
            Some(&mut invoice.issue_date)
        }
        [_, "IncludedSupplyChainTradeLineItem", path @ ..] => {
            let line = invoice.lines.last_mut()?;
            match path {
                ["SpecifiedTradeProduct", "Name"] => Some(&mut line.description),
                [_, "BilledQuantity"] => Some(&mut line.quantity),
                [_, "NetPriceProductTradePrice", "ChargeAmount"] => Some(&mut line.unit_price),
                [_, _, "LineTotalAmount"] => Some(&mut line.total),
                _ => None,
            }
        }
        [_, _, "SellerTradeParty", "Name"] => Some(&mut invoice.seller),
        [_, _, "BuyerTradeParty", "Name"] => Some(&mut invoice.buyer),
        [_, _, "InvoiceCurrencyCode"] => Some(&mut invoice.currency),
        [_, _, "SpecifiedTradePaymentTerms", "DueDateDateTime", "DateTimeString"] => {
            Some(&mut invoice.due_date)
        }
        [
            _,
            _,
            "SpecifiedTradeSettlementHeaderMonetarySummation" | "SpecifiedTradeSettlementMonetarySummation",
            amount,
        ] => match *amount {
            "TaxBasisTotalAmount" => Some(&mut invoice.net),
            "TaxTotalAmount" => Some(&mut invoice.tax),
            "GrandTotalAmount" => Some(&mut invoice.gross),
            "DuePayableAmount" => Some(&mut invoice.payable),
            _ => None,
        },
        _ => None,
    }
}

/// Universal Business Language.
fn ubl<'i>(invoice: &'i mut EInvoice, path: &[&str]) -> Option<&'i mut Option<String>> {
    match path {
        ["ID"] => Some(&mut invoice.number),
        ["IssueDate"] => Some(&mut invoice.issue_date),
        ["DueDate"] | ["PaymentMeans", "PaymentDueDate"] => Some(&mut invoice.due_date),
        ["DocumentCurrencyCode"] => Some(&mut invoice.currency),
        ["AccountingSupplierParty", "Party", "PartyLegalEntity", "RegistrationName"] => {
            Some(&mut invoice.seller)
        }
        ["AccountingCustomerParty", "Party", "PartyLegalEntity", "RegistrationName"] => {
            Some(&mut invoice.buyer)
        }
        ["TaxTotal", "TaxAmount"] => Some(&mut invoice.tax),
        ["LegalMonetaryTotal", amount] => match *amount {
            "TaxExclusiveAmount" => Some(&mut invoice.net),
            "TaxInclusiveAmount" => Some(&mut invoice.gross),
            "PayableAmount" => Some(&mut invoice.payable),
            _ => None,
        },
        ["InvoiceLine" | "CreditNoteLine", path @ ..] => {
            let line = invoice.lines.last_mut()?;
            match path {
                ["Item", "Name"] => Some(&mut line.description),
                ["InvoicedQuantity" | "CreditedQuantity"] => Some(&mut line.quantity),
                ["Price", "PriceAmount"] => Some(&mut line.unit_price),
                ["LineExtensionAmount"] => Some(&mut line.total),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A day as `YYYY-MM-DD`, from that or from `YYYYMMDD` (format 102 of UN/EDIFACT 2379), whatever time follows.
fn iso(text: &str) -> Option<String> {
    let digits: String = text.split('T').next()?.chars().filter(|&c| c != '-').take(8).collect();
    let is_day = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    is_day.then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}
