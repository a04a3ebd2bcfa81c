//! The choices that make one document look unlike another.

use crate::bill::{Bill, Kind};
use crate::font::Face;
use crate::locale::Region;
use crate::random::Random;
use crate::sheet::{Color, Paper, Style};

/// Where the issuer presents itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Letterhead {
    Left,
    Right,
    Centre,
    /// Logo and name left, address right.
    Split,
    /// White on a coloured band over the whole width.
    Band,
    /// A logo without words: the name stands elsewhere.
    Logo,
}

/// How the recipient's address is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// Without a label, under the issuer's address in one small line.
    Window,
    Plain,
    Labelled,
    /// In a frame with the label in a coloured head.
    Boxed,
    /// Labelled, the issuer labelled next to it.
    FromTo,
}

/// How number, date and the like are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum References {
    /// Labels left, values in a column of their own.
    Columns,
    /// Labels left, values at the right edge.
    Spread,
    /// Labels left, values right, each row in a frame.
    Framed,
    /// Label, colon, value.
    Colon,
    /// Label, dots, value.
    Dotted,
    /// Each label above its value, one below the other.
    Stacked,
    /// A row of labels over a row of values, over the whole width.
    Above,
    /// The same in a frame, the labels on a coloured ground.
    Header,
    /// Number and date within the title: "Invoice 4711 of 3 May 2024"; the rest as columns.
    Sentence,
}

/// Where the title stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Title {
    Left,
    Centre,
    /// At the top, right.
    Corner,
    /// Over the reference block.
    References,
    Absent,
}

/// Lines and grounds of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Grid,
    /// A line under each row.
    Rows,
    /// A ground under every second row.
    Zebra,
    /// A line under the head and one at the end.
    Head,
    /// Vertical lines and a frame.
    Columns,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Position,
    Code,
    Description,
    Quantity,
    Unit,
    Price,
    Discount,
    Rate,
    Total,
}

/// How the sums are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Totals {
    /// Labels in a column, amounts at the right edge.
    Columns,
    /// Labels set to the right, next to the amounts.
    Close,
    /// In a frame, the total on a coloured ground.
    Boxed,
    /// As further rows of the table.
    Rows,
    /// A row of labels over a row of amounts.
    Across,
}

/// Where the document says until when to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terms {
    Reference,
    Sentence,
    Both,
    /// Days instead of a date.
    Days,
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Footer {
    Columns,
    Line,
    Absent,
}

/// Where page numbers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageNumbers {
    Right,
    Centre,
    /// Upper right, among the references.
    Top,
    Absent,
}

/// How one document looks.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    pub(crate) paper: Paper,
    /// Left and right, in points.
    pub(crate) margin: f32,
    pub(crate) face: Face,
    /// Of running text, in points.
    pub(crate) size: f32,
    /// Of lines, grounds and logo.
    pub(crate) accent: Color,
    pub(crate) letterhead: Letterhead,
    pub(crate) recipient: Recipient,
    /// References left, recipient right.
    pub(crate) swapped: bool,
    pub(crate) references: References,
    /// How many of the other references stand before number and date.
    pub(crate) lead: usize,
    /// Labels of references in a column so narrow that some take two lines.
    pub(crate) narrow: bool,
    /// The date as in a letter, "Fairhaven, 3 May 2024", instead of among the references.
    pub(crate) place_date: bool,
    pub(crate) title: Title,
    pub(crate) ruling: Ruling,
    /// Column heads white on the accent colour.
    pub(crate) dark_head: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) totals: Totals,
    pub(crate) terms: Terms,
    pub(crate) footer: Footer,
    pub(crate) page_numbers: PageNumbers,
    /// Labels end with a colon.
    pub(crate) colon: bool,
    pub(crate) bold_labels: bool,
    /// Labels in capitals.
    pub(crate) capitals: bool,
    /// The total among the references.
    pub(crate) summary: bool,
    /// The title with blanks between its letters.
    pub(crate) spaced: bool,
    /// A slip for the payment at the foot of the last page, with number and amount.
    pub(crate) slip: bool,
    /// A sum after each part of the table that has a heading.
    pub(crate) part_sums: bool,
    /// A sentence before the table.
    pub(crate) intro: bool,
    /// Early payment discount with its date.
    pub(crate) early: bool,
    /// Bank details after the totals.
    pub(crate) bank: bool,
    /// A line for the sum of the taxes where there are several.
    pub(crate) tax_sum: bool,
    /// A table of the tax rates besides the totals.
    pub(crate) tax_table: bool,
    pub(crate) fine_print: bool,
    /// Subtotals carried over from page to page.
    pub(crate) carry: bool,
    /// Column heads on every page.
    pub(crate) repeat_head: bool,
}

impl Design {
    /// A sober letter in the region's paper size.
    pub(crate) fn plain(region: &Region) -> Self {
        use Column::{Description, Price, Quantity, Total};
        Self {
            paper: if region.paper == "letter" { Paper::LETTER } else { Paper::A4 },
            margin: 56.0,
            face: Face::Sans,
            size: 9.5,
            accent: [40, 70, 110],
            letterhead: Letterhead::Left,
            recipient: Recipient::Plain,
            swapped: false,
            references: References::Columns,
            lead: 0,
            narrow: false,
            place_date: false,
            title: Title::Left,
            ruling: Ruling::Head,
            dark_head: false,
            columns: vec![Description, Quantity, Price, Total],
            totals: Totals::Columns,
            terms: Terms::Both,
            footer: Footer::Columns,
            page_numbers: PageNumbers::Right,
            colon: false,
            bold_labels: false,
            capitals: false,
            summary: false,
            spaced: false,
            slip: false,
            part_sums: false,
            intro: false,
            early: false,
            bank: false,
            tax_sum: true,
            tax_table: false,
            fine_print: true,
            carry: true,
            repeat_head: true,
        }
    }

    /// A random look for this bill.
    pub(crate) fn drawn(region: &Region, bill: &Bill, random: &mut Random) -> Self {
        let plain = Self::plain(region);
        let mut paper = plain.paper;
        if random.chance(0.06) {
            paper.rotate = *random.pick(&[90, 180, 270]);
        }
        if random.chance(0.08) {
            paper.bleed = *random.pick(&[9.0, 18.0, 30.0]);
        }
        let order = bill.kind == Kind::Order;
        let letterhead = *random.pick(&[
            Letterhead::Left,
            Letterhead::Right,
            Letterhead::Centre,
            Letterhead::Split,
            Letterhead::Band,
            Letterhead::Logo,
        ]);
        let recipient = *random.pick(&[
            Recipient::Window,
            Recipient::Plain,
            Recipient::Labelled,
            Recipient::Labelled,
            Recipient::Boxed,
            Recipient::FromTo,
        ]);
        let footer = *random.pick(&[Footer::Columns, Footer::Columns, Footer::Line, Footer::Absent]);
        // The issuer's name has to stand somewhere.
        let nameless = letterhead == Letterhead::Logo
            && footer == Footer::Absent
            && !matches!(recipient, Recipient::Window | Recipient::FromTo);
        Self {
            paper,
            margin: *random.pick(&[40.0, 48.0, 56.0, 64.0, 71.0]),
            face: *random.pick(&[Face::Sans, Face::Sans, Face::Sans, Face::Serif, Face::Serif, Face::Mono]),
            size: *random.pick(&[8.0, 8.5, 9.0, 9.0, 9.5, 10.0, 10.5]),
            accent: *random.pick(&[
                [40, 70, 110],
                [150, 40, 40],
                [30, 100, 70],
                [60, 60, 60],
                [0, 0, 0],
                [110, 60, 130],
                [200, 110, 20],
                [0, 110, 140],
            ]),
            letterhead,
            recipient,
            swapped: random.chance(0.3),
            references: *random.pick(&[
                References::Columns,
                References::Columns,
                References::Spread,
                References::Framed,
                References::Colon,
                References::Colon,
                References::Dotted,
                References::Stacked,
                References::Above,
                References::Header,
                References::Sentence,
            ]),
            lead: if random.chance(0.3) { random.between(1, 3) as usize } else { 0 },
            narrow: random.chance(0.2),
            place_date: random.chance(0.08),
            title: *random.pick(&[
                Title::Left,
                Title::Left,
                Title::Centre,
                Title::Corner,
                Title::References,
                Title::Absent,
            ]),
            ruling: *random.pick(&[
                Ruling::Grid,
                Ruling::Rows,
                Ruling::Zebra,
                Ruling::Head,
                Ruling::Columns,
                Ruling::None,
            ]),
            dark_head: random.chance(0.35),
            columns: columns(bill, random),
            totals: *random.pick(&[
                Totals::Columns,
                Totals::Columns,
                Totals::Close,
                Totals::Boxed,
                Totals::Rows,
                Totals::Across,
            ]),
            terms: if order {
                *random.pick(&[Terms::Reference, Terms::Absent])
            } else {
                *random.pick(&[
                    Terms::Reference,
                    Terms::Reference,
                    Terms::Sentence,
                    Terms::Both,
                    Terms::Days,
                    Terms::Absent,
                ])
            },
            footer: if nameless { Footer::Line } else { footer },
            page_numbers: *random.pick(&[
                PageNumbers::Right,
                PageNumbers::Centre,
                PageNumbers::Top,
                PageNumbers::Absent,
            ]),
            colon: random.chance(0.4),
            bold_labels: random.chance(0.35),
            capitals: random.chance(0.12),
            summary: random.chance(0.08),
            spaced: random.chance(0.04),
            slip: bill.kind == Kind::Invoice && random.chance(0.08),
            part_sums: random.chance(0.6),
            intro: random.chance(0.35),
            early: !order && random.chance(0.12),
            bank: !order && random.chance(0.4),
            tax_sum: random.chance(0.6),
            tax_table: random.chance(0.25),
            fine_print: random.chance(0.5),
            carry: random.chance(0.6),
            repeat_head: random.chance(0.8),
        }
    }

    pub(crate) fn text(&self) -> Style {
        Style { face: self.face, size: self.size, color: crate::sheet::BLACK }
    }

    /// Smaller and grey.
    pub(crate) fn small(&self) -> Style {
        self.text().size(self.size - 1.5).color([90, 90, 90])
    }

    pub(crate) fn label(&self) -> Style {
        if self.bold_labels { self.text().bold() } else { self.text().color([70, 70, 70]) }
    }

    /// From baseline to baseline of running text.
    pub(crate) fn leading(&self) -> f32 {
        self.size * 1.32
    }

    pub(crate) fn left(&self) -> f32 {
        self.margin
    }

    pub(crate) fn right(&self) -> f32 {
        self.paper.width - self.margin
    }

    pub(crate) fn middle(&self) -> f32 {
        self.paper.width / 2.0
    }

    /// Below it stands nothing but the footer.
    pub(crate) fn bottom(&self) -> f32 {
        self.paper.height - if self.footer == Footer::Columns { 104.0 } else { 64.0 }
    }
}

/// The columns, in an order that documents use, with those for which the items have something to say.
fn columns(bill: &Bill, random: &mut Random) -> Vec<Column> {
    use Column::{Code, Description, Discount, Position, Price, Quantity, Rate, Total, Unit};
    let mut columns = random
        .pick(&[
            vec![Description, Quantity, Price, Total],
            vec![Description, Quantity, Unit, Price, Total],
            vec![Quantity, Description, Price, Total],
            vec![Quantity, Unit, Description, Price, Total],
            vec![Code, Description, Quantity, Price, Total],
            vec![Position, Description, Quantity, Unit, Price, Total],
            vec![Position, Code, Description, Quantity, Price, Total],
            vec![Position, Quantity, Code, Description, Price, Total],
            vec![Description, Price, Quantity, Total],
            vec![Position, Description, Total],
        ])
        .clone();
    let before_total = |columns: &mut Vec<Column>, column| columns.insert(columns.len() - 1, column);
    if bill.items.iter().any(|item| !item.discount.is_zero()) {
        before_total(&mut columns, Discount);
    }
    let several = bill.items.iter().any(|item| item.rate != bill.items[0].rate);
    if several || random.chance(0.2) {
        before_total(&mut columns, Rate);
    }
    columns
}
