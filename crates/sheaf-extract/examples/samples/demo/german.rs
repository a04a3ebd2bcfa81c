//! The demo's invoices from Germany and Austria.

use rust_decimal::Decimal;

use super::{Demo, bill, company, customer, items};
use crate::bill::{Bill, Kind, LineItem, Party, Reference};
use crate::design::{
    Column, Footer, Letterhead, PageNumbers, Recipient, References, Ruling, Terms, Title, Totals,
};
use crate::font::Face;
use crate::locale::{Date, World};

pub(super) fn demos(world: &World) -> Vec<Demo<'_>> {
    vec![furniture(world), electrician(world), long(world), credit(world), printer(world), gardener(world)]
}

fn text(concept: &'static str, value: &str) -> (&'static str, Reference) {
    (concept, Reference::Text(value.to_owned()))
}

/// Letter with a window, two rates of tax, amounts with the sign behind.
fn furniture(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "DE000000417".to_owned(),
        register: "HRB 00417, Amtsgericht Nordhafen".to_owned(),
        bank: "Musterbank Nordhafen eG".to_owned(),
        iban: "DE00 0000 0000 0012 3456 78".to_owned(),
        bic: "XMPLDE00NHF".to_owned(),
        ..company(
            "Tannengrün Möbelwerkstatt GmbH",
            &["Alte Ziegelei 12", "01099 Nordhafen"],
            "(0)30 23125 417",
            "tannengruen",
        )
    };
    let bill = Bill {
        references: vec![
            text("customer_number", "10-4482"),
            ("delivery_date", Reference::Date(Date::new(2024, 4, 11))),
            text("contact", "Ute Sandmüller"),
        ],
        issuer,
        recipient: customer(
            "Kanzlei Weißhaupt & Dreier",
            "z. Hd. Frau Clara Dreier",
            &["Lindenallee 88", "99998 Lindental"],
        ),
        items: items(&[
            (
                "T-160",
                "Schreibtisch Eiche, 160 x 80 cm",
                "geölt, Kabeldurchlass rechts",
                300,
                "Stk.",
                64900,
                190,
            ),
            ("R-045", "Regal Buche, fünf Böden", "", 400, "Stk.", 28550, 190),
            ("S-011", "Bürodrehstuhl", "Netzrücken, Bezug anthrazit", 300, "Stk.", 31900, 190),
            ("B-900", "Fachbuch \"Pflege geölter Möbel\"", "", 200, "Stk.", 2490, 70),
            ("M-001", "Lieferung und Montage", "", 100, "psch.", 18000, 190),
        ]),
        ..bill("de-DE", "EUR", "RE-2024-0417", (2024, 4, 15), 14)
    };
    let mut demo = Demo::new(world, "07-moebel", bill).labels(&[
        ("total", "Gesamtbetrag"),
        ("tax", "zzgl. {rate} MwSt."),
        ("tax_total", "Summe MwSt."),
    ]);
    demo.design.accent = [30, 100, 70];
    demo.design.letterhead = Letterhead::Split;
    demo.design.recipient = Recipient::Window;
    demo.design.ruling = Ruling::Rows;
    demo.design.intro = true;
    demo.design.columns = vec![
        Column::Position,
        Column::Description,
        Column::Quantity,
        Column::Unit,
        Column::Price,
        Column::Rate,
        Column::Total,
    ];
    demo
}

/// Number and date within the title, the date of payment within a sentence.
fn electrician(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "000/022/04719".to_owned(),
        bank: "Sparkasse Lindental".to_owned(),
        iban: "DE00 0000 0000 0047 1100 15".to_owned(),
        bic: "XMPLDE00LIN".to_owned(),
        ..company(
            "Elektro Holzapfel e.K.",
            &["Gewerbering 4", "99998 Lindental"],
            "089 99998 415",
            "elektro-holzapfel",
        )
    };
    let bill = Bill {
        references: vec![text("customer_number", "2207"), text("your_reference", "Umbau Erdgeschoss")],
        issuer,
        recipient: customer("Hotel Kranich", "Herrn Henrik Ostermann", &["Hafenstraße 3", "01099 Nordhafen"]),
        items: items(&[
            ("", "Elektroinstallation Empfang", "lt. Aufmaß vom 22.04.2024", 3250, "Std.", 6200, 190),
            ("", "Fahrtkosten", "", 400, "", 2900, 190),
            ("", "LED-Einbauleuchte 4000 K", "", 1800, "Stk.", 4760, 190),
            ("", "Verteilerschrank 3-reihig", "", 100, "Stk.", 38950, 190),
        ]),
        prepaid: Decimal::new(100_000, 2),
        ..bill("de-DE", "EUR", "4711", (2024, 5, 3), 10)
    };
    let mut demo = Demo::new(world, "08-elektriker", bill).labels(&[
        ("inline_invoice", "Rechnung Nr. {number} vom {date}"),
        ("pay_by", "Bitte überweisen Sie den Zahlbetrag bis zum {date} unter Angabe von {number}."),
        ("net_total", "Summe netto"),
        ("total", "Rechnungsbetrag"),
        ("prepaid", "abzgl. Anzahlung"),
        ("tax_id", "Steuernummer"),
    ]);
    demo.format.date = "%e. %B %Y";
    demo.design.face = Face::Serif;
    demo.design.size = 10.5;
    demo.design.accent = [0, 0, 0];
    demo.design.letterhead = Letterhead::Right;
    demo.design.references = References::Sentence;
    demo.design.terms = Terms::Sentence;
    demo.design.totals = Totals::Close;
    demo.design.bank = true;
    demo.design.footer = Footer::Line;
    demo
}

/// Three pages, subtotals carried over.
fn long(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "DE000000815".to_owned(),
        register: "HRB 00815, Amtsgericht Musterhausen".to_owned(),
        bank: "Musterbank Nordhafen eG".to_owned(),
        iban: "DE00 0000 0000 0008 1500 99".to_owned(),
        bic: "XMPLDE00NHF".to_owned(),
        ..company(
            "Falkenberg Bürobedarf GmbH & Co. KG",
            &["Am Mühlbach 30", "00815 Musterhausen an der Saale"],
            "+49 221 4710 815",
            "falkenberg-buero",
        )
    };
    let goods: [(&str, &str, i64); 12] = [
        ("Kopierpapier A4, 80 g", "Karton zu 5 Paketen", 2495),
        ("Ordner breit, blau", "", 289),
        ("Ordner schmal, rot", "", 269),
        ("Kugelschreiber schwarz", "Packung zu 50 Stück", 1850),
        ("Haftnotizen 76 x 76 mm", "12 Blöcke", 899),
        ("Tonerkassette schwarz", "Reichweite 2.600 Seiten", 8990),
        ("Versandtaschen C4", "250 Stück", 3175),
        ("Whiteboard 120 x 90 cm", "emailliert, magnethaftend", 15900),
        ("Marker, vier Farben", "", 745),
        ("Aktenvernichter P-4", "", 21990),
        ("Schreibunterlage", "", 1195),
        ("Heftklammern 24/6", "5.000 Stück", 349),
    ];
    let item = |i: usize| {
        let (description, detail, price) = goods[i % goods.len()];
        let [floor, quantity] = [i / goods.len(), 1 + (i * 7) % 9];
        LineItem {
            code: format!("{}", 40_100 + i * 17),
            description: format!("{description}, {}. Etage", floor + 1),
            quantity: Decimal::from(quantity),
            ..items(&[("", "", detail, 100, "Stk.", price, 190)]).remove(0)
        }
    };
    let bill = Bill {
        references: vec![
            text("customer_number", "70015"),
            text("order_number", "B-2024-1180"),
            ("period", Reference::Days(Date::new(2024, 6, 1), Date::new(2024, 6, 30))),
        ],
        issuer,
        recipient: customer("Stadtwerke Rebstadt AG", "Einkauf", &["Schloßgasse 1", "55099 Rebstadt"]),
        items: (0..58).map(item).collect(),
        ..bill("de-DE", "EUR", "2024-06-3391", (2024, 7, 1), 30)
    };
    let mut demo = Demo::new(world, "09-buerobedarf-three-pages", bill)
        .labels(&[("invoice_number", "Rechnungs-Nr."), ("total", "Gesamtsumme")]);
    demo.design.references = References::Spread;
    demo.design.recipient = Recipient::Window;
    demo.design.letterhead = Letterhead::Band;
    demo.design.title = Title::Left;
    demo.design.ruling = Ruling::Grid;
    demo.design.columns = vec![
        Column::Position,
        Column::Code,
        Column::Description,
        Column::Quantity,
        Column::Price,
        Column::Total,
    ];
    demo
}

/// A credit note: negative amounts.
fn credit(world: &World) -> Demo<'_> {
    let source = furniture(world).bill;
    let bill = Bill {
        kind: Kind::Credit,
        references: vec![text("your_reference", "Rechnung RE-2024-0417"), text("customer_number", "10-4482")],
        issuer: source.issuer,
        recipient: source.recipient,
        items: items(&[
            ("S-011", "Bürodrehstuhl, Rückgabe", "Lieferung vom 11.04.2024", -100, "Stk.", 31900, 190),
            ("R-045", "Preisnachlass Regal Buche", "Kratzer an der Seitenwand", -200, "Stk.", 4000, 190),
        ]),
        ..bill("de-DE", "EUR", "GS-2024-0023", (2024, 5, 21), 14)
    };
    let mut demo = Demo::new(world, "10-gutschrift", bill).labels(&[
        ("credit_number", "Gutschrift Nr."),
        ("invoice_date", "Datum"),
        ("your_reference", "Bezug"),
        ("total", "Gutschriftbetrag"),
    ]);
    demo.design.accent = [30, 100, 70];
    demo.design.letterhead = Letterhead::Split;
    demo.design.recipient = Recipient::Window;
    demo.design.references = References::Columns;
    demo.design.terms = Terms::Absent;
    demo
}

/// Austria: sign before the amount, labels over values without a frame, two rates of tax with a table.
fn printer(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "ATU00004417".to_owned(),
        bank: "Muster Raiffeisenkasse".to_owned(),
        iban: "AT00 0000 0000 0441 7123".to_owned(),
        bic: "XMPLAT00DON".to_owned(),
        ..company(
            "Druckerei Silberbach OG",
            &["Birkenweg 9", "1999 Donaufeld"],
            "+43 1 999 0417",
            "silberbach",
        )
    };
    let bill = Bill {
        references: vec![text("customer_number", "K-331"), text("order_number", "A 24/902")],
        issuer,
        recipient: customer("Theaterverein Almkirchen", "", &["Schloßgasse 14", "8999 Almkirchen"]),
        items: items(&[
            ("", "Programmheft, 24 Seiten", "500 Stück, Rückstichheftung", 50000, "", 184, 100),
            ("", "Plakat A2, vierfarbig", "", 12000, "", 265, 200),
            ("", "Eintrittskarten, perforiert und nummeriert", "", 300_000, "", 9, 200),
            ("", "Satz und Gestaltung", "", 650, "Std.", 7800, 200),
        ]),
        ..bill("de-AT", "EUR", "24-00902", (2024, 9, 5), 21)
    };
    let mut demo = Demo::new(world, "11-druckerei", bill).labels(&[
        ("invoice_number", "Rechnungsnummer"),
        ("invoice_date", "Rechnungsdatum"),
        ("due_date", "Zahlbar bis"),
        ("net_total", "Nettobetrag"),
        ("tax", "USt. {rate}"),
        ("tax_total", "USt. gesamt"),
        ("total", "Bruttobetrag"),
    ]);
    demo.design.accent = [110, 60, 130];
    demo.design.references = References::Above;
    demo.design.letterhead = Letterhead::Left;
    demo.design.recipient = Recipient::Labelled;
    demo.design.tax_table = true;
    demo.design.dark_head = true;
    demo.design.terms = Terms::Reference;
    demo
}

/// A letter by hand: references left, address right, no footer.
fn gardener(world: &World) -> Demo<'_> {
    let issuer = Party {
        tax_id: "000/071/04715".to_owned(),
        bank: "Sparkasse Lindental".to_owned(),
        iban: "DE00 0000 0000 0071 0471 50".to_owned(),
        ..company(
            "Gartenbau Eisvogel",
            &["Birkenweg 71", "99998 Lindental"],
            "089 99998 471",
            "eisvogel-garten",
        )
    };
    let bill = Bill {
        references: vec![("period", Reference::Days(Date::new(2024, 9, 2), Date::new(2024, 9, 27)))],
        issuer,
        recipient: customer("Mareike Brückner", "", &["Lindenallee 5", "99998 Lindental"]),
        items: items(&[
            ("", "Heckenschnitt, beidseitig", "", 1150, "Std.", 4400, 190),
            ("", "Entsorgung Grünschnitt", "", 300, "m³", 3200, 190),
            ("", "Pflanzung Rotbuche, inkl. Pflanze", "", 1200, "Stk.", 2875, 190),
        ]),
        ..bill("de-DE", "EUR", "93/2024", (2024, 10, 1), 14)
    };
    let mut demo = Demo::new(world, "12-gartenbau", bill).labels(&[
        ("invoice_number", "Rechnung Nr."),
        ("invoice_date", "Rechnung vom"),
        ("due_date", "Fällig am"),
        ("period", "Leistungszeitraum"),
        ("total", "Gesamt"),
        ("net_total", "Netto"),
        ("tax_id", "Steuernummer"),
    ]);
    demo.format.date = "%e.%n.%Y";
    demo.format.money = "{n} EUR";
    demo.design.accent = [200, 110, 20];
    demo.design.letterhead = Letterhead::Right;
    demo.design.swapped = true;
    demo.design.references = References::Colon;
    demo.design.recipient = Recipient::Plain;
    demo.design.ruling = Ruling::Columns;
    demo.design.bank = true;
    demo.design.footer = Footer::Absent;
    demo.design.page_numbers = PageNumbers::Absent;
    demo.design.terms = Terms::Reference;
    demo
}

/// What becomes the file that cannot be read.
pub(super) fn to_break(world: &World) -> Demo<'_> {
    Demo { id: "14-broken-download", ..electrician(world) }
}
