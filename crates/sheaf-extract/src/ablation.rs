//! Leaving out a family of the rules' evidence, to measure what it is worth (`benchmarks/goals.py ablation`).
//!
//! Only with the crate's feature `ablation`: otherwise [`uses`] is `true`, and the compiler leaves it out.

/// What the rules go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// The labels of the lexicon, beside those of the template.
    Lexicon,
    /// Labels that are a part of what is printed, or printed with more around them.
    Partial,
    /// Labels that only resemble an anchor, by letters or by words.
    Resemblance,
    /// How near a label stands, and on which side.
    Geometry,
    /// Labels of other things, as evidence against.
    Rivals,
    /// What a value looks like: names, cents, ranges, dates without a label.
    Looks,
    /// The document's votes on decimal marks and on the order of day and month.
    Locale,
    /// The document's title, among several numbers and dates.
    Title,
    /// Totals, payments and rows that add up.
    Arithmetic,
    /// Choosing for all fields together.
    Joint,
    /// How often a value stands on the document.
    Repetition,
    /// Where on the document a value stands.
    Position,
    /// Blocks of seller and buyer.
    Parties,
    /// Sentences: parties, terms and jurisdictions of contracts.
    Sentences,
    /// Texts that go on in the next line.
    Continuation,
}

impl Family {
    /// Each family by its name.
    pub const ALL: [(&str, Self); 15] = [
        ("lexicon", Self::Lexicon),
        ("partial", Self::Partial),
        ("resemblance", Self::Resemblance),
        ("geometry", Self::Geometry),
        ("rivals", Self::Rivals),
        ("looks", Self::Looks),
        ("locale", Self::Locale),
        ("title", Self::Title),
        ("arithmetic", Self::Arithmetic),
        ("joint", Self::Joint),
        ("repetition", Self::Repetition),
        ("position", Self::Position),
        ("parties", Self::Parties),
        ("sentences", Self::Sentences),
        ("continuation", Self::Continuation),
    ];
}

#[cfg(feature = "ablation")]
static LEFT_OUT: std::sync::OnceLock<Family> = std::sync::OnceLock::new();

/// Leaves out a family for the rest of the process. `Err` with the family that already is.
#[cfg(feature = "ablation")]
pub fn leave_out(family: Family) -> Result<(), Family> {
    LEFT_OUT.set(family)
}

#[cfg(feature = "ablation")]
pub(crate) fn uses(family: Family) -> bool {
    LEFT_OUT.get() != Some(&family)
}

#[cfg(not(feature = "ablation"))]
pub(crate) const fn uses(_family: Family) -> bool {
    true
}
