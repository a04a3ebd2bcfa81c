//! The demo's invoices from the United States, the United Kingdom and Ireland.

use rust_decimal::Decimal;

use super::{Demo, bill, company, customer, items};
use crate::bill::{Bill, Party, Reference};
use crate::design::{
    Column, Footer, Letterhead, PageNumbers, Recipient, References, Ruling, Terms, Title, Totals,
};
use crate::font::Face;
use crate::locale::{Date, World};

pub(super) fn demos(world: &World) -> Vec<Demo<'_>> {
    vec![office(world), studio(world), warehouse(world), freelancer(world), catering(world), boatyard(world)]
}

fn text(concept: &'static str, value: &str) -> (&'static str, Reference) {
    (concept, Reference::Text(value.to_owned()))
}

fn day(concept: &'static str, year: i64, month: i64, day: i64) -> (&'static str, Reference) {
    (concept, Reference::Date(Date::new(year, month, day)))
}

/// Labels left of their values, striped table.
fn office(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "00-0004711".to_owned(),
        bank: "First Example Bank".to_owned(),
        iban: "000 0123 4567".to_owned(),
        ..company(
            "Bluefern Office Supply, Inc.",
            &["400 Canal Street, Suite 210", "Fairhaven Falls, OH 44099"],
            "(555) 010-0142",
            "bluefern",
        )
    };
    let bill = Bill {
        references: vec![text("customer_number", "C-20817"), text("your_reference", "PO 55-1093")],
        issuer,
        recipient: customer(
            "Northgate Dental Group",
            "Attn: Accounts Payable",
            &["18 Sycamore Avenue", "Cedar Mesa, AZ 85099"],
        ),
        items: items(&[
            ("PP-0804", "Copy paper, letter, 20 lb", "Case of 10 reams", 600, "", 4299, 82),
            ("CH-2210", "Ergonomic task chair, mesh back", "", 200, "", 24950, 82),
            ("TN-0931", "Toner cartridge, black, high yield", "", 300, "", 11875, 82),
            ("FD-0120", "Hanging file folders, box of 25", "", 400, "", 1649, 82),
            ("LB-0077", "Address labels, 1 x 2 5/8 in", "3,000 per pack", 500, "", 2115, 82),
        ]),
        shipping: Decimal::new(1995, 2),
        ..bill("en-US", "USD", "INV-10482", (2024, 3, 12), 30)
    };
    let mut demo = Demo::new(world, "01-office-supplies", bill).labels(&[
        ("col_price", "Unit price"),
        ("sum_items", "Items"),
        ("net_total", "Subtotal"),
        ("total", "Total"),
        ("register", "Registered"),
        ("tax_id", "EIN"),
    ]);
    demo.design.title = Title::Corner;
    demo.design.recipient = Recipient::Labelled;
    demo.design.ruling = Ruling::Zebra;
    demo.design.dark_head = true;
    demo.design.columns =
        vec![Column::Code, Column::Description, Column::Quantity, Column::Price, Column::Total];
    demo
}

/// Labels above their values, a serif face, hours.
fn studio(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "GB 000 0417 02".to_owned(),
        register: "00041702".to_owned(),
        bank: "Exemplar Bank plc".to_owned(),
        iban: "GB00 XMPL 0000 0012 3456 78".to_owned(),
        bic: "XMPLGB00".to_owned(),
        ..company(
            "Quillstone Design Ltd",
            &["7 Old Ferry Way", "Eastmere", "ZZ1 4QX"],
            "01632 960417",
            "quillstone",
        )
    };
    let bill = Bill {
        references: vec![text("your_reference", "Spring catalogue"), text("contact", "Leila Ashdown")],
        issuer,
        recipient: customer(
            "The Saltmarsh Trading Company",
            "Mr Owen Pemberton",
            &["12 Harbour Street", "Little Wexcombe", "ZZ9 2LB"],
        ),
        items: items(&[
            ("", "Concept and layout", "Two routes, presented on 14 February", 1850, "hrs", 7200, 200),
            ("", "Illustration", "Cover and six chapter openings", 900, "hrs", 8500, 200),
            ("", "Proof reading", "", 400, "hrs", 4500, 200),
            ("", "Print supervision at the works", "", 100, "day", 42000, 200),
        ]),
        ..bill("en-GB", "GBP", "2024/0317", (2024, 2, 29), 14)
    };
    let mut demo = Demo::new(world, "02-design-studio", bill).labels(&[
        ("invoice_number", "Invoice no."),
        ("invoice_date", "Date of issue"),
        ("due_date", "Payment due"),
        ("net_total", "Net total"),
        ("total", "Total amount"),
        ("col_price", "Rate"),
        ("col_quantity", "Time"),
    ]);
    demo.format.date = "%e %B %Y";
    demo.design.face = Face::Serif;
    demo.design.size = 10.5;
    demo.design.accent = [150, 40, 40];
    demo.design.letterhead = Letterhead::Centre;
    demo.design.references = References::Stacked;
    demo.design.bank = true;
    demo.design.footer = Footer::Line;
    demo
}

/// Labels in a framed row over their values, ship-to address, every cell ruled.
fn warehouse(world: &World) -> Demo<'_> {
    let issuer = Party {
        ..company(
            "Ironwood Industrial LLC",
            &["2200 Foundry Road", "Port Lindon, OR 97901"],
            "(555) 010-0168",
            "ironwood-industrial",
        )
    };
    let mut bill = Bill {
        references: vec![
            text("order_number", "PO-7735-B"),
            day("delivery_date", 2024, 5, 2),
            text("contact", "M. Okafor"),
        ],
        issuer,
        recipient: customer("Larkhill Construction Co.", "", &["P.O. Box 1180", "New Ashby, NY 10099"]),
        ship_to: Some(customer("Larkhill Yard 4", "", &["91 Mill Road", "New Ashby, NY 10099"])),
        items: items(&[
            ("40-118", "Hex bolt M12 x 80, galvanized", "", 25000, "ea", 89, 60),
            ("40-203", "Threaded rod M16, 1 m", "", 6000, "ea", 745, 60),
            ("51-007", "Anchor plate 200 x 200 x 12", "Drilled to drawing 7735-03", 2400, "ea", 3180, 60),
            ("88-450", "Welding helmet, auto-darkening", "", 300, "ea", 14500, 60),
            ("90-012", "Cutting discs 9 in, box of 25", "", 400, "box", 5890, 60),
        ]),
        ..bill("en-US", "USD", "88213", (2024, 5, 6), 45)
    };
    bill.items[0].discount = Decimal::from(10);
    let mut demo = Demo::new(world, "03-industrial-parts", bill).labels(&[
        ("invoice_number", "Invoice #"),
        ("invoice_date", "Invoice date"),
        ("order_number", "Purchase order"),
        ("delivery_date", "Ship date"),
        ("contact", "Sales rep"),
        ("total", "Invoice total"),
        ("sales_tax", "Tax ({rate})"),
        ("col_total", "Extended"),
        ("bill_to", "BILL TO"),
        ("ship_to", "SHIP TO"),
    ]);
    demo.format.date = "%b %e, %Y";
    demo.design.accent = [60, 60, 60];
    demo.design.letterhead = Letterhead::Split;
    demo.design.title = Title::Centre;
    demo.design.references = References::Header;
    demo.design.recipient = Recipient::Labelled;
    demo.design.ruling = Ruling::Grid;
    demo.design.totals = Totals::Rows;
    demo.design.terms = Terms::Reference;
    demo.design.footer = Footer::Absent;
    demo.design.columns = vec![
        Column::Position,
        Column::Code,
        Column::Description,
        Column::Quantity,
        Column::Unit,
        Column::Price,
        Column::Discount,
        Column::Total,
    ];
    demo
}

/// Typewriter face, no lines, days instead of a due date.
fn freelancer(world: &World) -> Demo<'_> {
    let bill = Bill {
        issuer: company(
            "Grace Marlowe Translations",
            &["31 Orchard Lane", "Ballyfern, Co. Example"],
            "01 555 0193",
            "marlowe-translations",
        ),
        recipient: customer(
            "Halcyon Press DAC",
            "Nora Fenwick",
            &["Unit 6, Kiln Business Park", "Kilbrannagh, D99 XY00"],
        ),
        items: items(&[
            ("", "Translation DE-EN, manual, 42 pages", "", 4200, "", 3150, 230),
            ("", "Express surcharge", "", 100, "", 15000, 230),
            ("", "Terminology list", "", 100, "", 8000, 230),
        ]),
        ..bill("en-IE", "EUR", "GM-0092", (2024, 6, 18), 30)
    };
    let mut demo = Demo::new(world, "04-translator", bill).labels(&[
        ("invoice_number", "Invoice number"),
        ("invoice_date", "Invoice date"),
        ("total", "Total"),
        ("pay_days", "Terms: net {days} days."),
        ("bill_to", "To"),
        ("from", "From"),
    ]);
    demo.format.date = "%Y-%m-%d";
    demo.format.money = "EUR {n}";
    demo.design.face = Face::Mono;
    demo.design.size = 9.0;
    demo.design.accent = [0, 0, 0];
    demo.design.letterhead = Letterhead::Right;
    demo.design.title = Title::Left;
    demo.design.recipient = Recipient::Plain;
    demo.design.references = References::Dotted;
    demo.design.ruling = Ruling::None;
    demo.design.totals = Totals::Close;
    demo.design.terms = Terms::Days;
    demo.design.footer = Footer::Absent;
    demo.design.page_numbers = PageNumbers::Absent;
    demo.design.fine_print = false;
    demo
}

/// Coloured band, centred title, sums side by side.
fn catering(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "GB 000 0911 05".to_owned(),
        bank: "Eastmere Building Society".to_owned(),
        iban: "GB00 XMPL 0000 0098 7654 32".to_owned(),
        ..company(
            "Juniper & Thyme Catering",
            &["Unit 3, Kiln Business Park", "Brackenford, ZY2 1AA"],
            "020 7946 0155",
            "juniper-thyme",
        )
    };
    let bill = Bill {
        references: vec![text("your_reference", "Summer party, 21 June"), text("customer_number", "1187")],
        issuer,
        recipient: customer(
            "Redbrick Laboratories plc",
            "Samuel Hale, Facilities",
            &["90 Mill Road", "Harrowgate-on-Sea", "ZX4 7HH"],
        ),
        items: items(&[
            ("", "Canapé reception, per guest", "", 8500, "", 1450, 200),
            ("", "Buffet \"Garden\", per guest", "Including two vegetarian dishes", 8500, "", 2290, 200),
            ("", "Service staff, evening", "", 600, "", 16500, 200),
            ("", "Hire of glasses and linen", "", 100, "", 31000, 200),
        ]),
        discount: Decimal::from(5),
        prepaid: Decimal::new(150_000, 2),
        ..bill("en-GB", "GBP", "JT24-0618", (2024, 6, 24), 21)
    };
    let mut demo = Demo::new(world, "05-catering", bill).labels(&[
        ("title_invoice", "TAX INVOICE"),
        ("invoice_number", "Invoice No."),
        ("invoice_date", "Tax point"),
        ("due_date", "Due date"),
        ("sum_items", "Items"),
        ("discount", "Discount {rate}"),
        ("net_total", "Net"),
        ("total", "Total"),
        ("prepaid", "Deposit paid"),
        ("amount_due", "Balance due"),
    ]);
    demo.design.accent = [30, 100, 70];
    demo.design.letterhead = Letterhead::Band;
    demo.design.title = Title::Centre;
    demo.design.references = References::Colon;
    demo.design.recipient = Recipient::Boxed;
    demo.design.ruling = Ruling::Rows;
    demo.design.totals = Totals::Boxed;
    demo.design.terms = Terms::Both;
    demo.design.page_numbers = PageNumbers::Centre;
    demo
}

/// Stored sideways: the viewer has to turn the page.
fn boatyard(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "IE0004417X".to_owned(),
        bank: "Bank of Ballyfern".to_owned(),
        iban: "IE00 XMPL 0000 0044 1700 12".to_owned(),
        ..company(
            "Tidewater Boatyard Limited",
            &["The Quay", "Kilbrannagh, D99 XY00"],
            "+353 20 915 5017",
            "tidewater",
        )
    };
    let bill = Bill {
        references: vec![text("your_reference", "Sloop \"Heron\""), day("order_date", 2024, 3, 4)],
        issuer,
        recipient: customer("Hannah Quayle", "", &["5 Harbour Street", "Ballyfern, Co. Example"]),
        items: items(&[
            ("", "Winter storage, shed B", "November to March", 500, "months", 18500, 230),
            ("", "Antifouling, two coats", "Materials included", 100, "", 64000, 230),
            ("", "Engine service", "Oil, filters, impeller", 100, "", 28950, 230),
            ("", "Crane, launch", "", 100, "", 12000, 230),
        ]),
        ..bill("en-IE", "EUR", "TW/2024/118", (2024, 4, 9), 28)
    };
    let mut demo = Demo::new(world, "06-boatyard-rotated", bill).labels(&[
        ("invoice_number", "Invoice No."),
        ("invoice_date", "Date of issue"),
        ("total", "Grand total"),
    ]);
    demo.format.date = "%d/%m/%Y";
    demo.design.accent = [0, 110, 140];
    demo.design.paper.rotate = 90;
    demo.design.references = References::Framed;
    demo.design.recipient = Recipient::Labelled;
    demo.design.totals = Totals::Across;
    demo
}

/// What becomes the picture without text.
pub(super) fn to_scan(world: &World) -> Demo<'_> {
    let bill = Bill {
        issuer: company(
            "Copperfield Plumbing & Heating",
            &["14 Kiln Road", "Cedar Mesa, AZ 85099"],
            "(555) 010-0117",
            "copperfield",
        ),
        recipient: customer("Ms. Alice Whitlock", "", &["6 Orchard Lane", "Cedar Mesa, AZ 85099"]),
        items: items(&[
            ("", "Replace kitchen faucet", "", 100, "", 18500, 56),
            ("", "Labor", "", 250, "hrs", 9500, 56),
            ("", "Copper fittings", "", 800, "", 625, 56),
        ]),
        ..bill("en-US", "USD", "5521", (2024, 1, 22), 15)
    };
    let mut demo = Demo::new(world, "13-plumber-scan", bill).labels(&[("total", "Total due")]);
    demo.design.size = 11.0;
    demo.design.ruling = Ruling::Rows;
    demo.design.footer = Footer::Absent;
    demo.design.accent = [0, 0, 0];
    demo
}
