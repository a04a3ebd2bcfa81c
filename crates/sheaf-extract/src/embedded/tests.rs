use serde_json::json;
use sheaf_types::{FieldResult, FieldValue, MediaType, Method, ReviewReason, TemplateSpec};

use super::sample::pdf;
use super::*;
use crate::{extract_with, read};

/// An invoice in the form of Factur-X, with these totals and lines (name, quantity, price, total).
fn cii(number: &str, [net, tax, gross, payable]: [&str; 4], lines: &[[&str; 4]]) -> String {
    let lines: String = lines
        .iter()
        .map(|[name, quantity, price, total]| {
            format!(
                "<ram:IncludedSupplyChainTradeLineItem><ram:SpecifiedTradeProduct><ram:Name>{name}</ram:Name></ram:SpecifiedTradeProduct>\
                 <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{price}</ram:ChargeAmount></ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>\
                 <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode='C62'>{quantity}</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>\
                 <ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation><ram:LineTotalAmount>{total}</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement>\
                 </ram:IncludedSupplyChainTradeLineItem>"
            )
        })
        .collect();
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><rsm:CrossIndustryInvoice xmlns:rsm='a' xmlns:ram='b' xmlns:udt='c'>\
         <rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:IssueDateTime><udt:DateTimeString format='102'>20240131</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>\
         <rsm:SupplyChainTradeTransaction>{lines}\
         <ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Meadow &amp; Sons Ltd.</ram:Name><ram:DefinedTradeContact><ram:PersonName>X</ram:PersonName></ram:DefinedTradeContact></ram:SellerTradeParty>\
         <ram:BuyerTradeParty><ram:Name>Harbour Works</ram:Name></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement>\
         <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>\
         <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime><udt:DateTimeString format='102'>20240301</udt:DateTimeString></ram:DueDateDateTime></ram:SpecifiedTradePaymentTerms>\
         <ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:TaxBasisTotalAmount>{net}</ram:TaxBasisTotalAmount>\
         <ram:TaxTotalAmount currencyID='EUR'>{tax}</ram:TaxTotalAmount><ram:GrandTotalAmount>{gross}</ram:GrandTotalAmount>\
         <ram:DuePayableAmount>{payable}</ram:DuePayableAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>\
         </ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"
    )
}

const UBL: &str = "<Invoice xmlns:cbc='a' xmlns:cac='b'><cbc:ID>U-7</cbc:ID><cbc:IssueDate>2024-01-31</cbc:IssueDate><cbc:DueDate>2024-03-01</cbc:DueDate>\
    <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>\
    <cac:AccountingSupplierParty><cac:Party><cac:PartyName><cbc:Name>Trade name</cbc:Name></cac:PartyName><cac:PartyLegalEntity><cbc:RegistrationName>Meadow</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>\
    <cac:AccountingCustomerParty><cac:Party><cac:PartyLegalEntity><cbc:RegistrationName>Harbour</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>\
    <cac:TaxTotal><cbc:TaxAmount>19.00</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxAmount>1.00</cbc:TaxAmount></cac:TaxSubtotal></cac:TaxTotal>\
    <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount>100.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount>119.00</cbc:TaxInclusiveAmount><cbc:PayableAmount>119.00</cbc:PayableAmount></cac:LegalMonetaryTotal>\
    <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity>2</cbc:InvoicedQuantity><cbc:LineExtensionAmount>100.00</cbc:LineExtensionAmount>\
    <cac:Item><cbc:Name>Rope</cbc:Name></cac:Item><cac:Price><cbc:PriceAmount>50.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine></Invoice>";

const TOTALS: [&str; 4] = ["100.00", "19.00", "119.00", "119.00"];
const PAGE: [&str; 12] = [
    "Meadow & Sons Ltd.",
    "",
    "Bill to:  Harbour Works",
    "Invoice No.  R-4711",
    "Invoice date  2024-01-31",
    "",
    "Description  Quantity  Unit price  Amount",
    "Rope  2  50.00  100.00",
    "",
    "Subtotal  100.00",
    "VAT 19%  19.00",
    "Total  119.00 EUR",
];

fn template() -> TemplateSpec {
    TemplateSpec::from_json(&json!({"name": "t", "fields": [
        {"name": "invoice_number", "type": "text"},
        {"name": "invoice_date", "type": "date"},
        {"name": "due_date", "type": "date"},
        {"name": "buyer_name", "type": "text"},
        {"name": "currency", "type": "enum", "enum_values": ["EUR", "USD"]},
        {"name": "net_total", "type": "currency"},
        {"name": "grand_total", "type": "currency"},
        {"name": "colour", "type": "text"},
        {"name": "line_items", "type": "table", "columns": [
            {"name": "description", "type": "text"}, {"name": "quantity", "type": "number"},
            {"name": "unit_price", "type": "currency"}, {"name": "line_total", "type": "currency"}]}]}))
    .unwrap()
}

/// The results for a page and the XML in its file.
fn results(lines: &[&str], xml: &str) -> Vec<FieldResult> {
    let bytes = pdf(lines, "factur-x.xml", xml.as_bytes(), true);
    let document = read(&bytes, MediaType::Pdf, &Limits::default()).unwrap();
    let invoice = find(&bytes, &Limits::default()).unwrap();
    let results = extract_with(&document, &template(), Some(&invoice));
    for result in &results {
        assert_eq!(
            result.value.is_some(),
            result.source.is_some() && result.bbox.is_some(),
            "{}",
            result.name
        );
    }
    results
}

fn field<'r>(
    results: &'r [FieldResult],
    name: &str,
) -> (Option<&'r str>, Option<Method>, Option<ReviewReason>) {
    let result = results.iter().find(|result| result.name == name).unwrap();
    assert_eq!(result.needs_review, result.review_reason.is_some());
    let value = match &result.value {
        Some(FieldValue::Scalar(value)) => Some(value.as_str()),
        Some(FieldValue::Rows(_)) => Some("rows"),
        None => None,
    };
    (value, result.method, result.review_reason)
}

#[test]
fn invoices_of_both_syntaxes_are_read() {
    let text = |text: &str| Some(text.to_owned());
    let invoice = EInvoice::parse(&cii("R-4711", TOTALS, &[["Rope", "2", "50.00", "100.00"]])).unwrap();
    let line = Line {
        description: text("Rope"),
        quantity: text("2"),
        unit_price: text("50.00"),
        total: text("100.00"),
    };
    assert_eq!(
        invoice,
        EInvoice {
            number: text("R-4711"),
            issue_date: text("2024-01-31"),
            due_date: text("2024-03-01"),
            seller: text("Meadow & Sons Ltd."),
            buyer: text("Harbour Works"),
            currency: text("EUR"),
            net: text("100.00"),
            tax: text("19.00"),
            gross: text("119.00"),
            payable: text("119.00"),
            lines: vec![line.clone()],
        }
    );
    let ubl = EInvoice::parse(UBL).unwrap();
    assert_eq!(
        (ubl.number.as_deref(), ubl.seller.as_deref(), ubl.buyer.as_deref()),
        (Some("U-7"), Some("Meadow"), Some("Harbour"))
    );
    assert_eq!(
        (ubl.tax.as_deref(), ubl.gross.as_deref(), &*ubl.lines),
        (Some("19.00"), Some("119.00"), [line].as_slice())
    );
    // ZUGFeRD 1.
    let old = "<rsm:CrossIndustryDocument><rsm:HeaderExchangedDocument><ram:ID>Z1</ram:ID></rsm:HeaderExchangedDocument>\
        <rsm:SpecifiedSupplyChainTradeTransaction><ram:ApplicableSupplyChainTradeSettlement><ram:SpecifiedTradeSettlementMonetarySummation>\
        <ram:GrandTotalAmount currencyID='EUR'>5.00</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementMonetarySummation></ram:ApplicableSupplyChainTradeSettlement>\
        </rsm:SpecifiedSupplyChainTradeTransaction></rsm:CrossIndustryDocument>";
    assert_eq!(EInvoice::parse(old).unwrap().gross.as_deref(), Some("5.00"));
    for other in ["", "<html/>", "<Order><ID>1</ID></Order>", "<Invoice><ID>1</ID>", "<Invoice/>"] {
        assert_eq!(EInvoice::parse(other), None, "{other}");
    }
}

#[test]
fn the_file_is_found_by_its_name_wherever_it_is_attached() {
    let xml = cii("R-1", TOTALS, &[]);
    for (name, is_associated, found) in [
        ("factur-x.xml", true, true),
        ("ZUGFeRD-invoice.xml", false, true),
        ("xrechnung.xml", false, true),
        ("notes.xml", true, false),
    ] {
        let bytes = pdf(&["x"], name, xml.as_bytes(), is_associated);
        assert_eq!(find(&bytes, &Limits::default()).is_some(), found, "{name}");
    }
    let bytes = pdf(&["x"], "factur-x.xml", xml.as_bytes(), true);
    assert_eq!(find(&bytes, &Limits { max_unpacked_bytes: 100, ..Limits::default() }), None);
    assert_eq!(find(b"%PDF-1.7\n", &Limits::default()), None);
    assert_eq!(find(&bytes[..bytes.len() / 2], &Limits::default()), None);
}

#[test]
fn what_page_and_file_agree_on_is_embedded_and_stands_on_the_page() {
    let results = results(&PAGE, &cii("R-4711", TOTALS, &[["Rope", "2", "50.00", "100.00"]]));
    for (name, value) in [
        ("invoice_number", "R-4711"),
        ("invoice_date", "2024-01-31"),
        ("buyer_name", "Harbour Works"),
        ("currency", "EUR"),
        ("net_total", "100.00"),
        ("grand_total", "119.00"),
        ("line_items", "rows"),
    ] {
        assert_eq!(field(&results, name), (Some(value), Some(Method::Embedded), None), "{name}");
    }
    // What the page does not show is not given, whatever the file states.
    assert_eq!(field(&results, "due_date"), (None, None, Some(ReviewReason::Ungrounded)));
    assert_eq!(field(&results, "colour").1, None);
}

#[test]
fn a_file_that_lies_changes_no_value_and_is_noticed() {
    let lie = cii("R-9999", ["1.00", "0.19", "100.00", "100.00"], &[["Gold", "9", "500.00", "4500.00"]])
        .replace("20240131", "20250101")
        .replace("Harbour Works", "Somebody Else");
    let results = results(&PAGE, &lie);
    let own = [
        ("invoice_number", "R-4711"),
        ("invoice_date", "2024-01-31"),
        ("net_total", "100.00"),
        // The file says 100.00, which stands on the page, but as something else.
        ("grand_total", "119.00"),
        ("line_items", "rows"),
    ];
    for (name, value) in own {
        let (given, method, reason) = field(&results, name);
        assert_eq!((given, reason), (Some(value), Some(ReviewReason::Inconsistent)), "{name}");
        assert_ne!(method, Some(Method::Embedded), "{name}");
    }
    assert!(results.iter().all(|result| result.review_reason.is_none() || result.confidence <= 0.5));
    let everything = format!("{results:?}");
    for stated in ["R-9999", "2025-01-01", "Somebody", "Gold", "4500"] {
        assert!(!everything.contains(stated), "{stated}");
    }
}

#[test]
fn a_line_that_the_page_shows_without_a_table_is_found_by_what_is_stated() {
    let page = [
        "Invoice No.  R-4711",
        "",
        "Rope, 2 pieces at 50.00  100.00",
        "Tar, 1 piece at 7.50  7.50",
        "",
        "Total  127.93",
    ];
    let xml = cii(
        "R-4711",
        ["107.50", "20.43", "127.93", "127.93"],
        &[["Rope", "2.0000", "50.00", "100.00"], ["Tar", "1", "7.50", "7.50"]],
    );
    let results = results(&page, &xml);
    let table = results.iter().find(|result| result.name == "line_items").unwrap();
    assert_eq!((table.method, table.review_reason), (Some(Method::Embedded), None));
    let Some(FieldValue::Rows(rows)) = &table.value else { panic!("no rows") };
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| row.values().map(|v| v.as_deref().unwrap_or("")).collect()).collect();
    assert_eq!(rows, [["Rope", "2", "50.00", "100.00"], ["Tar", "1", "7.50", "7.50"]]);
}
