//! Traps of invoices and orders: who issues them, labels that wrap, dates in titles and sentences.

use super::values;
use crate::locate::sample::page;

const PARTIES: [(&str, &str, &str); 2] = [("seller_name", "text", ""), ("buyer_name", "text", "Bill to")];

#[test]
fn a_first_name_at_the_word_for_sellers_is_who_looks_after_the_order() {
    for label in ["Verkoper:", "Vendeur:", "Vendedor:"] {
        let person = format!("{label}   Thijs");
        let lines = ["Zilvermeeuw BV", "Industrieweg 59", "9099 ZZ Duinrade", "", &person, "Total   12.00"];
        assert_eq!(values(&page(&lines), &PARTIES[..1]), ["Zilvermeeuw BV"]);
    }
}

#[test]
fn a_name_on_two_lines_is_whole_where_another_line_says_so() {
    let lines = [
        "                              KORENBLOEM",
        "                  INSTALLATIETECHNIEK BV",
        "                           Molenstraat 3",
        "",
        "KORENBLOEM INSTALLATIETECHNIEK BV - Molenstraat 3 - 9099 ZZ Duinrade",
        "Noorderlicht Hoveniers N.V.",
        "Industrieweg 17",
        "0999 XX Voorbeeldam",
    ];
    assert_eq!(values(&page(&lines), &PARTIES[..1]), ["KORENBLOEM INSTALLATIETECHNIEK BV"]);
}

#[test]
fn a_sender_beside_a_label_whose_value_stands_below_is_none_of_its() {
    let lines = [
        "Invoice number:     Northgate Supplies LLP - 9 Harbour Street - Harrowgate, ZX4 7HH",
        "2018-07-313         Juniper Supplies plc",
        "Invoice date:       99 Mill Road",
        "05.07.18            Eastmere, ZZ1 4QX",
    ];
    assert_eq!(values(&page(&lines), &PARTIES[..1]), ["Northgate Supplies LLP"]);
}

#[test]
fn a_date_behind_the_title_and_its_number_is_the_documents() {
    let date = [("invoice_date", "date", "Invoice date")];
    for title in ["Avoir n\u{b0} 2026-09-757 du", "Nota di credito n. V-29059/25 del", "Invoice X1809400B -"]
    {
        let first = format!("{title} 02/09/2026");
        assert_eq!(values(&page(&[&first, "Due   28/10/2026"]), &date), ["2026-09-02"], "{title}");
    }
    let lines =
        ["Rechnung gem\u{e4}\u{df} Bestellung Nr. 2018-471331 vom 01.03.2018", "Rechnungsdatum   13.06.2018"];
    assert_eq!(values(&page(&lines), &date), ["2018-06-13"]);
}

#[test]
fn an_order_is_dated_behind_its_place() {
    for place in
        ["Leipzig, den", "Borgomodello, l\u{ec}", "En San Modelo, a", "Vila Modelo - SP,", "Cedar Mesa,"]
    {
        let line = format!("{place} 28/07/2017");
        let lines = [&line, "", "Order number    X2003520B", "Delivery date   30/08/2017"];
        assert_eq!(values(&page(&lines), &[("order_date", "date", "Order date")]), ["2017-07-28"], "{place}");
    }
}

#[test]
fn the_number_of_a_street_is_nobodys_name() {
    let lines = [
        "1 bis, quai des Brumes",
        "9999 Valmeuse",
        "T\u{e9}l. 02 555 08 72",
        "",
        "FOURNITURES BOR\u{c9}ALE",
        "Facture n\u{b0} 2017-5959",
    ];
    assert_eq!(values(&page(&lines), &PARTIES[..1]), ["FOURNITURES BOR\u{c9}ALE"]);
}

#[test]
fn the_legal_form_of_a_name_may_stand_in_a_third_line() {
    let lines = [
        "Rechnung an",
        "Br\u{fc}ckner & S\u{f6}hne",
        "Elektrotechnik UG",
        "(haftungsbeschr\u{e4}nkt)",
        "Lindenallee 146",
        "00815 Musterhausen",
    ];
    let name = "Br\u{fc}ckner & S\u{f6}hne Elektrotechnik UG (haftungsbeschr\u{e4}nkt)";
    assert_eq!(values(&page(&lines), &[("buyer_name", "text", "Rechnung an")]), [name]);
}

#[test]
fn who_orders_from_a_vendor_buys() {
    let lines = [
        "Larkhill Software Corp.",
        "P.O. Box 197",
        "Port Lindon, OR 97901",
        "Phone 555-0191",
        "",
        "Order",
        "Vendor",
        "Northgate Supplies Inc.",
        "137 Old Ferry Way",
        "Cedar Mesa, AZ 85099",
        "Order number   2022-9199",
    ];
    assert_eq!(values(&page(&lines), &PARTIES), ["Northgate Supplies Inc.", "Larkhill Software Corp."]);
}

#[test]
fn a_portuguese_postcode_is_no_telephone() {
    let lines = [
        "Inform\u{e1}tica Mar Azul S.A.",
        "Largo da Feira 216",
        "0099-001 Vila Exemplo",
        "E-mail info@marazul.example",
        "Fatura n.\u{ba} 44-4879-89",
        "",
        "Consultores Azulejo S.A.",
        "Rua do Moinho 84",
        "9990-123 Porto Modelo",
    ];
    assert_eq!(
        values(&page(&lines), &PARTIES),
        ["Inform\u{e1}tica Mar Azul S.A.", "Consultores Azulejo S.A."]
    );
}

#[test]
fn a_sentence_says_until_when_to_pay() {
    for sentence in
        ["Kindly settle this invoice by 28/07/2020, quoting 22.", "Rogamos el pago antes del 28/07/2020."]
    {
        let lines = ["Invoice date   27/06/2020", sentence];
        assert_eq!(values(&page(&lines), &[("due_date", "date", "Due date")]), ["2020-07-28"], "{sentence}");
    }
}

#[test]
fn a_known_label_may_wrap_beside_its_value() {
    let fields = [("order_number", "text", ""), ("order_date", "date", "")];
    let lines = [
        "N\u{fa}mero de   209152",
        "pedido:",
        "Fecha del   21-05-2020",
        "pedido:",
        "Fecha de    04-06-2020",
        "entrega:",
    ];
    assert_eq!(values(&page(&lines), &fields), ["209152", "2020-05-21"]);
}

#[test]
fn a_number_that_starts_like_a_currency_is_no_amount() {
    let lines = ["N\u{ba} de pedido   R151436", "Su pedido       34763"];
    assert_eq!(values(&page(&lines), &[("order_number", "text", "")]), ["R151436"]);
}

#[test]
fn the_rates_of_tax_have_totals_of_their_own() {
    let lines = [
        "Base imponible      2.113,97",
        "IVA 21 %              132,30",
        "IVA 4 %                59,36",
        "Total con IVA       2.305,63",
        "",
        "% IVA   Base       Importe IVA   Total",
        "21 %      630,00        132,30     762,30",
        "4 %     1.483,97         59,36   1.543,33",
    ];
    let fields = [("net_total", "currency", ""), ("total", "currency", "Total")];
    assert_eq!(values(&page(&lines), &fields), ["2113.97", "2305.63"]);
}

#[test]
fn what_is_left_of_a_total_is_due() {
    let lines = [
        "Total payable    EUR 12,498.09",
        "Paid             EUR (5,081.00)",
        "Balance          EUR 7,417.09",
    ];
    let fields = [("amount_due", "currency", ""), ("grand_total", "currency", "")];
    assert_eq!(values(&page(&lines), &fields)[0], "7417.09");
    let halves =
        ["Total payable    EUR 440.00", "Paid             EUR 220.00", "Instalment       EUR 220.00"];
    assert_eq!(values(&page(&halves), &fields)[0], "440.00");
}

#[test]
fn the_totals_of_all_rates_are_not_those_of_one() {
    let fields =
        [("net_total", "currency", ""), ("tax_total", "currency", ""), ("grand_total", "currency", "")];
    let lines = [
        "Schlüssel   Warenwert netto   Steuersatz   MwSt.     Brutto",
        "1           1.400,00          7,0 %        98,00     1.498,00",
        "2           200,00            19,0 %       38,00     238,00",
        "Summe EUR   1.600,00                       136,00    1.736,00",
    ];
    assert_eq!(values(&page(&lines), &fields), ["1600.00", "136.00", "1736.00"]);
}

#[test]
fn a_buyer_is_neither_who_keeps_its_accounts_nor_cut_short() {
    let lines = [
        "Harbour Light & Power",
        "Account number 4711",
        "",
        "The Accounts Payable Manager",
        "Northwind Bakery Ltd",
        "Unit 9 Mill Lane",
        "Leeds LS1 2AB",
    ];
    assert_eq!(values(&page(&lines), &[("buyer_name", "text", "")]), ["Northwind Bakery Ltd"]);
    let lines = [
        "MINUTA DE HONORARIOS",
        "que presenta Ejemplo & Muestra Abogados por sus servicios a su cliente Talleres",
        "Sauce y Roble, S.L., con domicilio en Avda. del Puerto, 130, 33401 Villamuestra, por lo siguiente",
    ];
    let buyer = [("seller_name", "text", ""), ("buyer_name", "text", "")];
    assert_eq!(values(&page(&lines), &buyer)[1], "Talleres Sauce y Roble, S.L.");
    let lines = [
        "Eikenhof schilders",
        "Industrieweg 51b",
        "8304 AS Voorbeeldstad",
        "0527 555 014",
        "",
        "",
        "De heer en mevrouw Jansen-de Wit",
        "Lindelaan 8",
        "8316 PM Modeldorp",
    ];
    assert_eq!(values(&page(&lines), &buyer)[1], "De heer en mevrouw Jansen-de Wit");
}

#[test]
fn a_seller_is_spelled_out_where_the_slip_shortens_it() {
    let lines = [
        "HARBOUR FALLS REGIONAL MEDICAL CENTER        INVOICE #    4711-2",
        "PO BOX 88120",
        "",
        "                                             REMIT TO:",
        "                                             HARBOUR FALLS REGIONAL MED CTR",
        "                                             LOCKBOX 774013",
    ];
    let seller = [("seller_name", "text", "")];
    assert_eq!(values(&page(&lines), &seller), ["HARBOUR FALLS REGIONAL MEDICAL CENTER"]);
}

#[test]
fn a_sentence_says_on_which_day_the_account_is_charged() {
    for (sentence, day) in [
        ("Der Betrag von EUR 25,00 wird am 28.06.2024 fällig und von Ihrem Konto eingezogen.", "2024-06-28"),
        ("Wij verzoeken u dit bedrag vóór 20 september 2024 over te maken op onze rekening.", "2024-09-20"),
        ("Se cargará en su cuenta el 8 de julio de 2024 y no tiene que hacer nada más.", "2024-07-08"),
        ("Die am 03.05.2024 gelieferten Waren sind sofort nach Erhalt fällig, ohne jeden Abzug.", ""),
    ] {
        let lines = ["Belegdatum   01.05.2024", sentence];
        assert_eq!(values(&page(&lines), &[("due_date", "date", "")]), [day], "{sentence}");
    }
}

#[test]
fn what_may_mean_any_total_is_not_due_above_the_total() {
    let lines = [
        "Gutschrift 4711",
        "Pos   Leistung          Menge       Preis      Gesamt",
        "1     Flyer             5 Tsd.    38,60 €    193,00 €",
        "2     Expressversand    1 mal     19,90 €     19,90 €",
        "Zwischensumme netto                          212,90 €",
        "zzgl. 19 % Umsatzsteuer                       40,45 €",
        "Gutschriftbetrag                             253,35 €",
    ];
    let fields = [
        ("net_total", "currency", ""),
        ("tax_total", "currency", ""),
        ("grand_total", "currency", ""),
        ("amount_due", "currency", ""),
    ];
    assert!(!["193.00", "19.90"].contains(&values(&page(&lines), &fields)[3].as_str()));
}

#[test]
fn the_date_beside_the_original_invoice_is_that_ones() {
    let lines = [
        "Gutschrift GU-0044",
        "Datum          Ihre Nr.    Zu Rechnung    vom              Bearbeiter",
        "23. Mai 2024   21877       RE-1187        30. April 2024   M. Muster",
    ];
    assert_eq!(values(&page(&lines), &[("invoice_date", "date", "")]), ["2024-05-23"]);
}
