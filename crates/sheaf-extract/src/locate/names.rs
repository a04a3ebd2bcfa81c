//! What names and addresses look like: legal forms, streets, postcodes, persons.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::governing::is_place;
use crate::lexicon::{LABEL_WORDS, listed};
use crate::parse::date;
use crate::parse::fold::fold;

static LEGAL_FORMS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/legal_forms.txt")));
/// Words of organisations that are no legal forms.
static ORGANISATIONS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| LEGAL_FORMS.iter().filter_map(|w| w.strip_prefix('~')).collect());
static STREETS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/streets.txt")));
/// Words that begin a line of an address, with or without a number.
static STREET_STARTS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| STREETS.iter().filter_map(|w| w.strip_prefix('^')).collect());
/// Words that end the name of a street, with or without a number.
static STREET_NAMES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| STREETS.iter().filter_map(|w| w.strip_prefix('$')).collect());
/// Endings of words that are streets ("Bahnhofstrasse").
static STREET_ENDINGS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| STREETS.iter().filter_map(|w| w.strip_prefix('-')).collect());

/// Words of positions that people hold.
static TITLES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/titles.txt")));

/// Words of salutations and departments, which stand over a name in an address.
static SALUTATIONS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/salutations.txt")));
/// Those that are part of how a person is called.
static COURTESIES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| SALUTATIONS.iter().filter_map(|w| w.strip_prefix('~')).collect());
/// Words and signs with which a name cannot end.
static PARTICLES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/particles.txt")));

/// Words that follow a firm's legal form where it says how it is registered.
static REGISTERED: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| listed(include_str!("../../data/registered.txt")));

/// Where a firm's name ends in a line that says how it is registered: "Example SAS au capital de 10 000 EUR".
pub(crate) fn registered_name(text: &str) -> Option<&str> {
    let ends = text.match_indices(' ').filter(|&(at, _)| {
        let next = text[at..].split_whitespace().next().unwrap_or_default();
        REGISTERED.contains(&*fold(next.trim_matches(|c: char| !c.is_alphanumeric())))
    });
    ends.map(|(at, _)| text[..at].trim_end_matches(',')).find(|name| look(name).ends_in_legal_form)
}

/// Whether a text is no more than how a person is addressed: "Herrn", "Mme".
pub(crate) fn is_courtesy(text: &str) -> bool {
    COURTESIES.contains(fold(text.trim_end_matches('.')).as_ref())
}

/// Whether a name cannot end here: after a particle or a sign that joins words.
pub(crate) fn breaks_off(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default();
    PARTICLES.contains(last.to_lowercase().as_str())
}

/// What a line of text looks like, as far as names and addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// It could be a name.
    pub(crate) name: bool,
    /// It has a legal form or a word of organisations.
    pub(crate) legal_form: bool,
    /// It has a legal form that stands at its end or before "&".
    pub(crate) ends_in_legal_form: bool,
    /// It is a street, a postcode with a town, or a post box.
    pub(crate) address: bool,
    /// It has a postcode and a town.
    pub(crate) town: bool,
    /// It is a salutation or a department, without a name.
    pub(crate) salutation: bool,
    /// It has an e-mail or web address, or a telephone number.
    pub(crate) reachable: bool,
}

/// Words behind a person's name that are part of it.
const SUFFIXES: [&str; 9] = ["jr", "sr", "ii", "iii", "iv", "esq", "phd", "md", "dr"];

/// Whether a text is the initials of a name of several words: "EPC" of "Example Paper Company"; a number or year in it has none.
pub(crate) fn are_initials(text: &str, name: &str) -> bool {
    let first = name.split_whitespace().filter_map(|word| word.chars().next());
    let initials: String = first.filter(|c| c.is_alphabetic()).collect();
    initials.len() > 1 && text.chars().all(char::is_uppercase) && initials.to_uppercase() == text
}

/// Whether a name is another one with some of its words shortened, at least half of them as they are: "Harbour Lane Med Ctr" of
/// "Harbour Lane Medical Centre".
pub(crate) fn shortens(short: &str, full: &str) -> bool {
    let (short, full) = (fold(short).replace('.', ""), fold(full).replace('.', ""));
    let pairs = || short.split(' ').zip(full.split(' '));
    let is_short = |(short, full): (&str, &str)| {
        let mut letters = full.chars();
        let mut own = short.chars();
        short == full
            || short.len() < full.len()
                && own.next() == letters.next()
                && own.all(|letter| letters.any(|other| other == letter))
    };
    let same = pairs().filter(|(short, full)| short == full).count();
    short.len() < full.len()
        && short.split(' ').count() == full.split(' ').count()
        && pairs().all(is_short)
        && same >= 2
        && 2 * same >= pairs().count()
}

/// Whether a text could be a person's name: two to five words of letters, or initials, that start large.
pub(crate) fn is_person(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_part = |word: &&str| {
        word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'' | '’'))
    };
    // "A.N. Stewart", "Robert Y. Wang".
    (2..=5).contains(&words.len()) && words.iter().all(is_part)
}

/// Whether a text is a person's name and, behind a comma, a position: "Jane Roe, President".
pub(crate) fn is_person_with_title(text: &str) -> bool {
    let parts = text.split_once(", ");
    parts.is_some_and(|(name, title)| is_person(name) && !is_title(name) && is_title(title))
}

/// Whether a name is that of a person, and another one the same in full: "J. Q. Roe" and "Jane Quincy Roe".
pub(crate) fn is_short_for(short: &str, full: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let folded = fold(name).into_owned();
        folded.split([' ', '.']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    if !is_person(short) || !is_person(full) || is_title(full) {
        return false;
    }
    let (short, full) = (words(short), words(full));
    let is_cut = |(short, full): (&String, &String)| full.starts_with(short.as_str());
    short.last() == full.last()
        && short.len() == full.len()
        && short.iter().zip(&full).all(is_cut)
        && short != full
}

/// Whether a text could be the position that a person holds: a few words that start large, one of which names a position.
pub(crate) fn is_title(text: &str) -> bool {
    let folded = fold(text);
    let words = || folded.split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '&' | '.' | '-'));
    let particle =
        |word: &str| matches!(word, "of" | "and" | "the" | "for" | "to" | "de" | "und" | "with" | "&" | "-");
    let large = |word: &str| word.starts_with(|c: char| !c.is_lowercase()) || particle(word);
    text.len() <= LONGEST_TITLE
        && text.starts_with(char::is_uppercase)
        && !text.contains([':', '$', '@', ';', '?'])
        && !text.bytes().any(|b| b.is_ascii_digit())
        && text.split_whitespace().all(large)
        && words().any(|word| TITLES.contains(word))
        // Who witnesses a signature is not who signs.
        && !words().any(|word| matches!(word, "notary" | "notaire" | "notar" | "witness"))
}

/// Whether a text is no more than what may follow a person's name: "Jr.", "Esq.".
pub(crate) fn is_name_suffix(text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    SUFFIXES.contains(&letters.as_str())
}

/// Length of a person's title, in bytes.
const LONGEST_TITLE: usize = 80;

/// What stands between the name that a firm is registered by and the one that it trades under.
const TRADES_AS: [&str; 5] = [" d/b/a ", " dba ", " d.b.a. ", " t/a ", " doing business as "];

/// The name by which a firm is registered, without the one that it trades under: "Name Inc. d/b/a Other Name".
fn before_trade_name(text: &str) -> &str {
    // Few texts have a word that starts like one of those, which is seen sooner than that they are none.
    let starts_like = |pair: &[u8]| pair[0] == b' ' && matches!(pair[1].to_ascii_lowercase(), b'd' | b't');
    if !text.as_bytes().windows(2).any(starts_like) {
        return text;
    }
    let small = text.to_ascii_lowercase();
    let cut = TRADES_AS.iter().filter_map(|words| small.find(words)).filter(|&at| at > 2).min();
    cut.map_or(text, |at| text[..at].trim_end_matches([' ', ',']))
}

/// Words of a salutation or department, at most: "The Accounts Payable Manager".
const MOST_WORDS: usize = 4;

/// Longer texts are paragraphs: neither names nor lines of an address.
const LONGEST: usize = 120;

/// Looks at a text.
pub(crate) fn look(text: &str) -> Look {
    let web = text.contains('@')
        || text.contains('.') && (text.contains("www.") || text.contains(".com"))
        || text.contains(':') && text.contains("://");
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let phone = digits >= 7
        && digits * 2 > letters
        && !text.contains([',', '$', '€'])
        && has_phone(text)
        && date::find(text).is_empty();
    if text.len() > LONGEST {
        return Look { reachable: web || phone, ..Look::default() };
    }
    // Numbers and dates name nobody, and an address has a word.
    if letters == 0 && text.is_ascii() && !text.contains('&') {
        return Look { reachable: web || phone, ..Look::default() };
    }
    let folded = fold(text);
    let folded = parted(&folded);
    let words: Vec<&str> = folded
        .split(|c: char| {
            c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '/' | '|' | '•' | '●' | '·')
        })
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric() && c != '&'))
        .filter(|w| !w.is_empty())
        .collect();
    let bare: Vec<Cow<'_, str>> = words.iter().map(|w| without_marks(w)).collect();
    let ends = ends_in_form(&bare);
    let town = is_town(&words, text);
    let salutation = !words.is_empty()
        && words.len() <= MOST_WORDS
        && bare.iter().all(|w| SALUTATIONS.contains(w.as_ref()) || COURTESIES.contains(w.as_ref()));
    let legal_form = ends
        || bare
            .iter()
            .any(|w| ORGANISATIONS.contains(w.as_ref()) || w.len() > 3 && LEGAL_FORMS.contains(w.as_ref()));
    Look {
        name: !web && !salutation && digits * 2 <= letters && is_name(text, &words, &bare, ends),
        legal_form,
        ends_in_legal_form: ends,
        // "Jalan Example Sdn Bhd", "Rue Blanche SARL": a firm may be called like a street.
        address: town
            || (digits > 0 || !ends) && (is_street(&words) || is_numbered(&folded))
            || text.starts_with("C/"),
        town,
        salutation,
        reachable: web || phone,
    }
}

/// A blank in place of a full stop between a digit and a word, where recognised text has lost it: "290.Jalan".
fn parted(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().windows(2).any(|w| w[0].is_ascii_digit() && w[1] == b'.') {
        return Cow::Borrowed(text);
    }
    let characters: Vec<char> = text.chars().collect();
    let word =
        |from: usize| characters.get(from..from + 3).is_some_and(|w| w.iter().all(|c| c.is_alphabetic()));
    let stop = |i: usize| characters[i] == '.' && i > 0 && characters[i - 1].is_ascii_digit() && word(i + 1);
    Cow::Owned((0..characters.len()).map(|i| if stop(i) { ' ' } else { characters[i] }).collect())
}

/// The number of a house: "69", "12b".
pub(crate) fn is_house_number(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    (1..=4).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}

/// Whether seven digits stand together, with nothing but the marks of telephone numbers between them.
fn has_phone(text: &str) -> bool {
    let of_phone =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '(' | ')' | '/' | '.');
    // "9990-123 Porto" has a postcode.
    let code = |run: &str| is_hyphenated_code(run.trim()) && run.trim().len() < text.len();
    text.split(|c| !of_phone(c)).any(|run| run.bytes().filter(u8::is_ascii_digit).count() >= 7 && !code(run))
}

fn is_name(text: &str, words: &[&str], bare: &[Cow<'_, str>], ends_in_form: bool) -> bool {
    let capital = |c: char| c.is_uppercase() || c.is_ascii_digit() || c.is_alphabetic() && !c.is_lowercase();
    let starts_well = text.trim_start_matches(['"', '“', '„', '\'']).starts_with(capital);
    let capitals = text.split_whitespace().filter(|w| w.starts_with(char::is_uppercase)).count();
    let sentence = words.len() > 5 && capitals * 2 < words.len() || words.len() > 10;
    // "No.3" is part of an address; one letter and a number name nobody.
    let worded = bare.iter().any(|w| w.len() >= 2 && w != "no" && !w.bytes().any(|b| b.is_ascii_digit()));
    worded
        && (starts_well || ends_in_form)
        && !sentence
        && !text.contains([':', '€', '%', '=', '<', '>', '©', '?', '!', '•', '●', '|'])
        && !text.contains(" · ")
        && !text.contains("...")
        && (ends_in_form || !is_sentence(text))
        && !numbers_something(text)
        && !bare.iter().all(|w| LEGAL_FORMS.contains(w.as_ref()))
        && !asks_for_address(text)
        && date::find(text).is_empty()
}

/// Whether a text ends as the label of an address does: "Principal address".
pub(crate) fn asks_for_address(text: &str) -> bool {
    let last = text.trim_end_matches(|c: char| !c.is_alphanumeric()).rsplit(' ').next().unwrap_or_default();
    LABEL_WORDS.addresses.contains(&&*fold(last))
}

/// Whether a text of several words ends as a sentence does: "Your receipt from us.".
fn is_sentence(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or_default();
    let is_word = last.strip_suffix('.').is_some_and(|word| word.len() > 3 && !word.contains('.'));
    is_word && text.split(' ').filter(|word| word.chars().all(char::is_lowercase)).count() > 1
}

/// Whether a text starts with the sign of a number and has none: "N.º de conta".
fn numbers_something(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default().to_lowercase();
    matches!(first.as_str(), "n.º" | "nº" | "n°" | "n.°" | "nr." | "nr" | "núm." | "num.")
}

/// A word without the marks within it: "s.p.a" is "spa".
fn without_marks<'w>(word: &'w str) -> Cow<'w, str> {
    if word.contains(['.', '\'', '-']) {
        Cow::Owned(word.replace(['.', '\'', '-'], ""))
    } else {
        Cow::Borrowed(word)
    }
}

/// "… GmbH", "… GmbH & Co. KG", "… Inc", "… S.p.A."; dots are gone already.
fn ends_in_form(words: &[Cow<'_, str>]) -> bool {
    let Some(last) = words.last() else { return false };
    if words.len() < 2 {
        return false;
    }
    if LEGAL_FORMS.contains(last.as_ref()) {
        return true;
    }
    // "sdn bhd", "pvt ltd", "b v", "l l c": letters apart.
    let tail: String =
        words[words.len().saturating_sub(3)..].iter().filter(|w| w.len() == 1).map(AsRef::as_ref).collect();
    tail.len() >= 2 && LEGAL_FORMS.contains(tail.as_str())
        || words.iter().skip(1).any(|w| is_unmistakable_form(w))
}

fn is_street(words: &[&str]) -> bool {
    // "One Harbour Plaza".
    let numbered = words.first().is_some_and(|w| matches!(*w, "one" | "two" | "three" | "four" | "five"))
        || words.iter().any(|w| w.bytes().any(|b| b.is_ascii_digit()) && w.len() <= 9);
    let known = numbered
        && words.iter().flat_map(|w| w.split('-')).any(|w| {
            let w = w.trim_end_matches('.');
            STREETS.contains(w)
                || STREET_STARTS.contains(w)
                || w.len() > 5 && STREET_ENDINGS.iter().any(|e| w.ends_with(e))
        });
    let box_number = words.windows(2).any(|w| matches!(w, ["po" | "p.o", "box"]));
    let starts = words.first().is_some_and(|w| {
        // "12-Jalan Example".
        let parted = w.split_once('-').filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
        let word = parted.map_or(*w, |(_, word)| word);
        STREET_STARTS.contains(word.trim_end_matches('.'))
    });
    known || box_number || starts && words.len() > 1
}

/// Whether a line begins, or goes on behind a comma, with the number of a house or a plot: "No. 12, Example Park". Behind another
/// word it is a number of something else: "Store No. 12".
fn is_numbered(text: &str) -> bool {
    text.split(',').any(|part| {
        // "Shop No. 14" alone may be the number of a branch.
        let is_plot = |word: &&str| {
            matches!(*word, "house" | "plot" | "door" | "flat" | "gat")
                || *word == "shop" && text.contains(',')
        };
        let mut words = part.split([' ', '.', ':']).filter(|word| !word.is_empty()).skip_while(is_plot);
        words.next().is_some_and(|word| word == "no")
            && words
                .next()
                .is_some_and(|number| number.bytes().any(|b| b.is_ascii_digit()) && number.len() <= 9)
    })
}

/// Whether a text is a name that ends with a word of streets: "Church Lane", but not "12 Rue du Moulin".
pub(crate) fn ends_in_street(text: &str) -> bool {
    let folded = fold(text.trim());
    let last = folded.trim_end_matches('.').rsplit_once(' ').map(|(_, last)| last);
    last.is_some_and(|last| STREET_NAMES.contains(last))
}

/// A postcode beside a word: five or four digits, Dutch, British, American with the state, with or without the country.
fn is_town(words: &[&str], text: &str) -> bool {
    let digits = |w: &str, n: usize| w.len() == n && w.bytes().all(|b| b.is_ascii_digit());
    let is_word = |w: &&str| w.len() >= 2 && w.chars().next().is_some_and(char::is_alphabetic);
    if words.len() > 9 || text.contains(':') {
        return false;
    }
    words.iter().enumerate().any(|(i, w)| {
        let bare = w.rsplit('-').next().unwrap_or(w);
        let country = w.len() - bare.len() <= 3;
        let next_word = words.get(i + 1).is_some_and(is_word);
        let state_before = i > 0 && words[i - 1].len() == 2 && words[i - 1].chars().all(char::is_alphabetic);
        let word_before = i > 0 && is_word(&words[i - 1]);
        let zip = w.split('-').next().unwrap_or(w);
        (digits(bare, 5) || digits(bare, 4) && bare != "2020" && i <= 1) && country && next_word && i <= 1
            || digits(zip, 5) && (state_before || word_before && words.len() <= 5 && i + 1 == words.len())
            || digits(bare, 4) && next_word && words[i + 1].len() == 2 && words.len() > i + 2
            // "Singapore 163078".
            || digits(w, 6) && i > 0 && is_place(words[i - 1])
            || is_hyphenated_code(w) && (next_word || word_before)
            || words.get(i + 1).is_some_and(|next| is_british_code(w, next))
    }) || words.windows(2).any(|w| w[0] == "co" && text.contains(", Co.") && is_word(&w[1]))
}

/// Portuguese (`1250-145`) and Brazilian (`01310-100`) postcodes.
fn is_hyphenated_code(word: &str) -> bool {
    let digits = |w: &str| w.bytes().all(|b| b.is_ascii_digit());
    word.split_once('-')
        .is_some_and(|(a, b)| (4..=5).contains(&a.len()) && b.len() == 3 && digits(a) && digits(b))
}

/// British (`SW1A 1AA`) and Irish (`D02 XY45`) postcodes, by their two parts.
fn is_british_code(outward: &str, inward: &str) -> bool {
    let shape = |word: &str, shape: &str| {
        let like = |(c, s): (char, char)| c.is_ascii_digit() == (s == '9');
        word.chars().count() == shape.len() && word.chars().zip(shape.chars()).all(like)
    };
    let british =
        shape(inward, "9aa") && ["a9", "a99", "aa9", "aa99", "a9a", "aa9a"].iter().any(|s| shape(outward, s));
    let irish = shape(outward, "a99") && inward.len() == 4 && inward.bytes().any(|b| b.is_ascii_digit());
    british || irish
}

/// Whether a text is a legal form and nothing else, or with the place in brackets that stands before one: "B.V.",
/// "GmbH & Co. KG", "(Europe) Ltd".
pub(crate) fn is_only_form(text: &str) -> bool {
    let folded = fold(text);
    let is_form = |w: &str| LEGAL_FORMS.contains(without_marks(w).as_ref());
    let all_forms = |text: &str| {
        let mut words = text
            .split(|c: char| c.is_whitespace() || matches!(c, '&' | '(' | ')'))
            .filter(|w| w.contains(char::is_alphanumeric))
            .peekable();
        words.peek().is_some() && words.all(is_form)
    };
    let behind_place = folded.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    all_forms(&folded)
        || behind_place
            .is_some_and(|(place, form)| !place.bytes().any(|b| b.is_ascii_digit()) && all_forms(form))
}

/// Whether a text is the end of an organisation's name and no name by itself: "Trading", "Co. (M) Sdn Bhd".
pub(crate) fn ends_name(text: &str) -> bool {
    let folded = fold(text);
    let words: Vec<Cow<'_, str>> = folded
        .split(|c: char| c.is_whitespace() || matches!(c, '&' | '(' | ')'))
        .filter(|w| !w.is_empty())
        .map(|w| without_marks(w.trim_end_matches([',', '.'])))
        .filter(|w| !w.is_empty())
        .collect();
    let form = |w: &Cow<'_, str>| LEGAL_FORMS.contains(w.as_ref()) || w.len() == 1;
    let organisation = |w: &Cow<'_, str>| ORGANISATIONS.contains(w.as_ref());
    words.iter().any(|w| w.len() > 1) && words.iter().all(|w| form(w) || organisation(w))
}

/// Whether a folded word is a legal form and nothing else.
pub(crate) fn is_unmistakable_form(folded: &str) -> bool {
    matches!(
        folded,
        "gmbh"
            | "ltd"
            | "llc"
            | "inc"
            | "sarl"
            | "srl"
            | "bv"
            | "bhd"
            | "sas"
            | "kg"
            | "llp"
            | "plc"
            | "corp"
            | "lda"
    )
}

/// Whether a folded word is a legal form.
pub(crate) fn is_legal_form(folded: &str) -> bool {
    LEGAL_FORMS.contains(folded)
}

/// A name without the number that a list of customers or a register puts behind it, and without what follows that: "Name (4711)",
/// "Name Ltd 862725-U", "Name Ltd (306295-X) formerly Other".
pub(crate) fn without_id(text: &str) -> &str {
    let text = before_trade_name(text.trim_end());
    let is_id = |id: &str| {
        if ends_in_registration(id) {
            return true;
        }
        let digits = id.bytes().filter(u8::is_ascii_digit).count();
        let letters = id.chars().filter(|c| c.is_alphabetic()).count();
        digits >= 4 && letters <= 2 || id.len() == 1 || digits > 0 && letters == 0
    };
    let shorter = match text.strip_suffix(')').and_then(|t| t.rsplit_once('(')) {
        Some((name, id)) => is_id(id.trim()).then_some(name),
        None => {
            let parted = text.rsplit_once(' ');
            // Behind a legal form there is nothing else, however its digits were read: "Name Ltd 8OZTZ5-U".
            let registered = |name: &str, id: &str| {
                id.len() >= 6
                    && id.rsplit_once('-').is_some_and(|(number, letter)| {
                        letter.len() == 1 && number.bytes().any(|b| b.is_ascii_digit())
                    })
                    && look(name).ends_in_legal_form
            };
            let is_number = |(name, id): &(&str, &str)| {
                is_id(id) && id.len() >= 6 && id.contains('-') || registered(name, id)
            };
            parted.filter(is_number).map(|(name, _)| name)
        }
    };
    let shorter = shorter.or_else(|| {
        let (name, rest) = text.split_once('(')?;
        let (id, _) = rest.split_once(')')?;
        ends_in_registration(id.trim()).then_some(name)
    });
    shorter.map(str::trim_end).filter(|name| !name.is_empty()).unwrap_or(text)
}

/// Whether a text is the number of a company's registration, or that behind its label: "81109-A", "Co. No. 81109-A".
fn ends_in_registration(text: &str) -> bool {
    let number = text.rsplit([' ', '.', ':']).next().unwrap_or(text);
    is_registration(number) && text.len() <= number.len() + LONGEST_NUMBER_LABEL
}

/// Length of the label of a registration's number, in bytes.
const LONGEST_NUMBER_LABEL: usize = 20;

/// Whether a text is the number of a company's registration and nothing else: "(81109-A)", "002458685-T", "SA0012345-K".
pub(crate) fn is_registration(text: &str) -> bool {
    let bare = text.trim().trim_matches(['(', ')']);
    // The register of a state puts its letters before the number.
    let state = bare.bytes().take_while(u8::is_ascii_uppercase).count();
    let bare = if state <= 2 { &bare[state..] } else { bare };
    bare.split_once('-').is_some_and(|(number, letter)| {
        (5..=10).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
            && letter.len() == 1
            && letter.bytes().all(|b| b.is_ascii_uppercase())
    })
}

/// Whether a web or mail address in `text` carries the name: the domain's letters are a run of the name's, or the name's
/// of the domain's.
pub(crate) fn domain_carries(domain: &str, tight_name: &str) -> bool {
    domain.len() >= 4 && tight_name.len() >= 4 && (tight_name.contains(domain) || domain.contains(tight_name))
}

/// The domains (without their endings) of the mail and web addresses in `text`, folded and tight.
pub(crate) fn domains(text: &str) -> Vec<String> {
    // "www." begins with a letter that most lines lack.
    if text.is_ascii() && !text.contains(['@', '/', 'w', 'W']) {
        return Vec::new();
    }
    let folded = fold(text);
    folded
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'))
        .filter_map(|word| {
            let host = match word.rsplit_once('@') {
                Some((_, host)) => host,
                None => {
                    let rest = word.rsplit("//").next().unwrap_or(word);
                    if !rest.starts_with("www.") && !word.contains("//") {
                        return None;
                    }
                    rest.split('/').next().unwrap_or(rest)
                }
            };
            let host = host.trim_start_matches("www.");
            let mut labels = host.split('.');
            let first = labels.next()?;
            labels.next()?;
            // A mail provider names nobody.
            let provider =
                ["gmail", "yahoo", "hotmail", "outlook", "gmx", "web", "aol", "icloud", "orange", "free"];
            (!provider.contains(&first))
                .then(|| first.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        })
        .filter(|d| d.len() >= 4)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_the_rest_are_told_apart() {
        for (text, name, address) in [
            ("Muster GmbH", true, false),
            ("Muster GmbH & Co. KG", true, false),
            ("Erika Mustermann", true, false),
            ("Musterstraße 12", true, true),
            ("12345 Musterstadt", false, true),
            ("DE 80333 Beispielstadt", true, true),
            ("Springfield, IL 62701", true, true),
            ("1012 AB Amsterdam", true, true),
            ("Leeds LS1 2AB", true, true),
            ("1250-145 Lisboa", false, true),
            ("P.O. Box 12", true, true),
            ("info@example.org", false, false),
            ("Total: 5", false, false),
            ("12.03.2020", false, false),
            ("we thank you for your order and hope", false, false),
        ] {
            let look = look(text);
            assert_eq!((look.name && !look.address, look.address), (name && !address, address), "{text}");
        }
        assert!(look("Muster GmbH").ends_in_legal_form);
        assert!(look("Ejemplo S.L.").ends_in_legal_form);
        assert!(!look("Ag").ends_in_legal_form);
        assert!(look("Herrn").salutation);
    }

    #[test]
    fn a_name_is_known_without_its_number() {
        for (text, name) in [
            ("Example for All (4711)", "Example for All"),
            ("Example Sdn Bhd (562007-D)", "Example Sdn Bhd"),
            ("Example Sdn Bhd 862725-U", "Example Sdn Bhd"),
            ("Example Sdn Bhd 8OZ7Z5-U", "Example Sdn Bhd"),
            ("Example Retail SB(306295-X)FKA Sample SB", "Example Retail SB"),
            ("Example (P)", "Example"),
            ("Example (Europe)", "Example (Europe)"),
            ("Example 2020", "Example 2020"),
        ] {
            assert_eq!(without_id(text), name);
        }
    }

    #[test]
    fn domains_are_the_names_of_their_owners() {
        assert_eq!(domains("http://www.goodmill.example mail@goodmill.example"), ["goodmill", "goodmill"]);
        assert!(domain_carries("goodmill", "thegoodmillltd"));
        assert!(domains("someone@gmail.com").is_empty());
    }

    #[test]
    fn a_firm_names_itself_before_it_says_how_it_is_registered() {
        for (line, name) in [
            ("Moulin Vert SAS au capital de 10 000 EUR - RCS Lyon", Some("Moulin Vert SAS")),
            ("Harbour Lane Ltd registered in England No. 4711", Some("Harbour Lane Ltd")),
            ("Muster Werk GmbH, Sitz Musterstadt", Some("Muster Werk GmbH")),
            ("Harbour Lane registered in 1990", None),
            ("SAS au capital de 10 000 EUR", None),
            ("Moulin Vert SAS", None),
        ] {
            assert_eq!(registered_name(line), name, "{line}");
        }
    }
}
