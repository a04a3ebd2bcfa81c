//! Headers: lines of labels that name at least two of the template's columns.

use std::ops::Range;

use sheaf_types::{BoundingBox, Region};

use super::label::Label;
use super::lexicon::{Content, Heading, Lexicon};
use super::lines::{Line, Lines};
use super::target::Target;

/// Affinity from which a header cell may be a column's.
const MATCH: f32 = 0.45;
/// What one line of a header cell counts against all of them.
const PART: f32 = 0.95;
/// Similarity from which a label says what stands in its column.
const NAMED: f32 = 0.7;
/// Words of the longest label.
const LONGEST_LABEL: usize = 6;
/// Gap between stacked lines of a header, in line heights.
const STACKED_GAP: f32 = 0.8;
/// How far beyond its main line a header reaches, in line heights: outer columns may be labelled higher or lower.
const OUTER_COLUMN: f32 = 12.0;
/// Lines of the highest header, above and below its main line each.
const MOST_STACKED: usize = 5;
/// Assignments kept while columns are assigned one after the other.
const BEAM: usize = 48;
/// Lines below a header that are looked at for a column without a label.
const LINES_BELOW: usize = 12;
/// Width of the narrowest column of text without a label, in points.
const NARROWEST_TEXT: f32 = 40.0;
/// What a place counts that no label names.
const GUESS: f32 = 0.4;
/// What a header counts more that stands in the region of the table.
pub(super) const DRAWN: f32 = 1.0;
/// Concepts whose columns rows can confirm without a label: factors that multiply, and text among numbers.
const GUESSED: [&str; 4] = ["description", "quantity", "unit_price", "line_total"];
/// Assignments of a header that are tried on its rows.
const MOST_MAPPINGS: usize = 4;

/// A cell of a header: labels that stand under each other.
#[derive(Debug, Clone)]
pub(super) struct HeaderCell {
    pub(super) x0: f32,
    pub(super) x1: f32,
    /// All lines joined.
    heading: Heading,
    /// What stands below, as far as the label says.
    pub(super) content: Content,
    /// The lines of the cell from top to bottom, where there are several.
    parts: Vec<Heading>,
}

/// A header, which ends above `body`.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// Index of the page.
    pub(super) page: usize,
    /// Indices of its lines.
    pub(super) lines: Range<usize>,
    pub(super) y1: f32,
    /// From left to right.
    pub(super) cells: Vec<HeaderCell>,
}

/// Which cell of a header is which column of the template.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// For each column of the template, its cell.
    pub(super) cells: Vec<Option<MappedCell>>,
    /// Sum of the affinities.
    pub(super) score: f32,
    /// A column that no label names, whose place the rows have to confirm.
    pub(super) guess: Option<usize>,
}

impl Mapping {
    /// This mapping and header with one more column on the left that has no label, for the description.
    pub(super) fn with_left_column(
        &self,
        header: &Header,
        lines: &Lines<'_>,
        targets: &[Target],
    ) -> Option<(Header, Self)> {
        let column = targets.iter().position(|t| t.is("description"))?;
        let first = header.cells.first()?;
        if self.cells[column].is_some() {
            return None;
        }
        let below = lines.lines[header.lines.end..].iter().take_while(|line| line.page == header.page);
        let x0 = below.take(LINES_BELOW).map(|line| line.tokens[0].x0).fold(f32::INFINITY, f32::min);
        let heading = Heading::new("");
        let left = HeaderCell { x0, x1: first.x0 - 1.0, heading, content: Content::Text, parts: Vec::new() };
        if left.x1 - left.x0 < NARROWEST_TEXT {
            return None;
        }
        let mut header = header.clone();
        header.cells.insert(0, left);
        let mut mapping = self.clone();
        for mapped in mapping.cells.iter_mut().flatten() {
            mapped.cell += 1;
        }
        mapping.cells[column] = Some(MappedCell { cell: 0, affinity: GUESS, labels_above: 0 });
        mapping.guess = Some(column);
        Some((header, mapping))
    }

    /// This mapping with one more column each, in a cell that no column has taken.
    pub(super) fn guesses(&self, header: &Header, targets: &[Target]) -> Vec<Self> {
        let free = |cell: usize| self.cells.iter().flatten().all(|taken| taken.cell != cell);
        let mut guesses = Vec::new();
        for (column, target) in targets.iter().enumerate().filter(|&(column, _)| self.cells[column].is_none())
        {
            let wanted = target.content();
            if !GUESSED.iter().any(|concept| target.is(concept)) {
                continue;
            }
            for (cell, header) in header.cells.iter().enumerate().filter(|&(cell, _)| free(cell)) {
                if header.may_hold(wanted) {
                    let mut guess = self.clone();
                    guess.cells[column] = Some(MappedCell { cell, affinity: GUESS, labels_above: 0 });
                    guess.guess = Some(column);
                    guesses.push(guess);
                }
            }
        }
        guesses.extend(self.in_order(header, targets));
        guesses
    }

    /// This mapping with columns that no label names in cells that no column has taken: those between two neighbours, where both
    /// are as many and the template has its columns in the order of the page.
    fn in_order(&self, header: &Header, targets: &[Target]) -> Option<Self> {
        let mut filled = self.clone();
        let (mut column, mut cell) = (0, 0);
        while column < targets.len() {
            if let Some(taken) = self.cells[column] {
                if taken.cell < cell {
                    return None;
                }
                (column, cell) = (column + 1, taken.cell + 1);
                continue;
            }
            let next = (column..targets.len()).find(|&next| self.cells[next].is_some());
            let (last, end) = (next.unwrap_or(targets.len()), next.and_then(|next| self.cells[next]));
            let end = end.map_or(header.cells.len(), |taken| taken.cell);
            let fits = |(column, cell): (usize, usize)| header.cells[cell].may_be(&targets[column]);
            if end >= cell && end - cell == last - column && (column..last).zip(cell..end).all(fits) {
                for (column, cell) in (column..last).zip(cell..end) {
                    filled.cells[column] = Some(MappedCell { cell, affinity: GUESS, labels_above: 0 });
                    filled.score += GUESS;
                }
            }
            (column, cell) = (last, end);
        }
        (filled.score > self.score).then_some(filled)
    }
}

impl HeaderCell {
    /// Whether what stands below can be of this kind, as far as the label says.
    fn may_hold(&self, wanted: Content) -> bool {
        self.content == Content::Any
            || self.content == wanted
            || self.content.is_numeric() && wanted.is_numeric() && self.content != Content::Percent
    }

    /// Whether it can be a column that it does not name: it is no known label of another one.
    fn may_be(&self, target: &Target) -> bool {
        let is_another = target.is_known() && self.heading.concept().is_some_and(|(_, _, exact)| exact);
        !is_another && self.may_hold(target.content())
    }
}

/// A column's place in a header.
#[derive(Debug, Clone, Copy)]
pub(super) struct MappedCell {
    /// Index of the header cell.
    pub(super) cell: usize,
    /// How well the header names the column, 0 to 1.
    pub(super) affinity: f32,
    /// Labels of other columns that stand above its own in the same cell.
    pub(super) labels_above: usize,
}

impl Header {
    /// Whether `other` repeats this header, on a later page or for a later section.
    pub(super) fn repeats_as(&self, other: &Self) -> bool {
        self.cells.len() == other.cells.len()
            && self
                .cells
                .iter()
                .zip(&other.cells)
                .all(|(a, b)| a.heading.label.tight() == b.heading.label.tight())
    }
}

/// All headers of the document that name enough of the columns, each with its likely assignments, best first.
pub(super) fn find(lines: &Lines<'_>, targets: &[Target]) -> Vec<(Header, Vec<Mapping>)> {
    let mut found = Vec::new();
    let mut next = 0;
    while next < lines.lines.len() {
        let seed = next;
        next += 1;
        let line = &lines.lines[seed];
        // Most lines are a single phrase, and need not be compared with the labels of columns.
        let may_name_columns = may_be_header(line) && line.labels().len() >= fewest(targets);
        if !may_name_columns || mappings(&cells(lines, seed..seed + 1), targets).is_empty() {
            continue;
        }
        let header = around(lines, seed);
        let mappings = mappings(&header.cells, targets);
        if mappings.is_empty() {
            continue;
        }
        next = header.lines.end;
        found.push((header, mappings));
    }
    found
}

/// The header whose main line is `seed`.
fn around(lines: &Lines<'_>, seed: usize) -> Header {
    let range = grow(lines, seed);
    let y1 = lines.lines[range.clone()].iter().map(|line| line.y1).fold(0.0, f32::max);
    let cells = cells(lines, range.clone());
    Header { page: lines.lines[seed].page, lines: range, y1, cells }
}

/// The header of a table that was drawn on a sample: the first lines of the region with as many labels as the template has
/// columns, whatever they say. Its columns are in the template's order.
pub(super) fn drawn(
    lines: &Lines<'_>,
    targets: &[Target],
    region: &Region,
) -> Option<(Header, Vec<Mapping>)> {
    let seed = (0..lines.lines.len()).find(|&index| {
        let line = &lines.lines[index];
        stands_in(line, region) && may_be_header(line) && line.labels().len() == targets.len()
    })?;
    let header = around(lines, seed);
    let none = Mapping { cells: vec![None; targets.len()], score: 0.0, guess: None };
    let mapping = none.in_order(&header, targets)?;
    Some((header, vec![mapping]))
}

/// Whether the middle of a line is in a region.
pub(super) fn stands_in(line: &Line<'_>, region: &Region) -> bool {
    let words = line.tokens.iter().map(|token| token.word.bbox);
    line.tokens[0].page == region.page
        && words.reduce(BoundingBox::union).is_some_and(|all| region.bbox.holds_middle_of(all))
}

/// Whether a line consists of labels of columns and little else: the header of some table.
pub(super) fn heads_a_table(line: &Line<'_>) -> bool {
    if !may_be_header(line) {
        return false;
    }
    let parts = line.labels();
    let known =
        parts.iter().filter(|p| Lexicon::get().is_column(&Label::new(&line.text((*p).clone())))).count();
    known >= 2 && 2 * known >= parts.len()
}

fn may_be_header(line: &Line<'_>) -> bool {
    line.tokens.len() < 40 && !line.tokens.iter().any(|t| t.number)
}

/// Takes in the lines above and below that belong to the same stacked header.
fn grow(lines: &Lines<'_>, seed: usize) -> Range<usize> {
    let mut range = seed..seed + 1;
    let main = &lines.lines[seed];
    while range.start > 0 && seed - range.start < MOST_STACKED {
        let (upper, lower) = (&lines.lines[range.start - 1], &lines.lines[range.start]);
        if !is_stacked(lines, upper, lower, upper, main) {
            break;
        }
        range.start -= 1;
    }
    while range.end < lines.lines.len() && range.end - seed <= MOST_STACKED {
        let (upper, lower) = (&lines.lines[range.end - 1], &lines.lines[range.end]);
        if !is_stacked(lines, upper, lower, lower, main) {
            break;
        }
        range.end += 1;
    }
    range
}

/// Whether `line`, the upper or the lower of two neighbours, belongs to the header whose main line is `main`.
fn is_stacked(
    lines: &Lines<'_>,
    upper: &Line<'_>,
    lower: &Line<'_>,
    line: &Line<'_>,
    main: &Line<'_>,
) -> bool {
    let height = upper.height().min(lower.height());
    if upper.page != lower.page || lower.y0 - upper.y1 > STACKED_GAP * height || !may_be_header(line) {
        return false;
    }
    let (x0, x1) = (main.tokens[0].x0, main.tokens.iter().map(|t| t.x1).fold(0.0, f32::max));
    if lines.rules[main.page].cross(upper.middle(), lower.middle(), x0, x1) {
        return false;
    }
    let style = line.is_bold() == main.is_bold()
        && (line.font_size() - main.font_size()).abs() < 0.15 * main.font_size().max(1.0);
    let reach = OUTER_COLUMN * height;
    let inside = line.tokens.iter().all(|t| t.x1 > x0 - reach && t.x0 < x1 + reach);
    let short = line.phrases.iter().all(|p| p.len() <= 4 && !ends_a_field(line, p));
    if !style || !inside || !short {
        return false;
    }
    // Where the header looks like what is below, only known labels and ends of known labels tell them apart.
    line.is_bold()
        || line.phrases.iter().any(|phrase| {
            let text = line.text(phrase.clone());
            let label = Label::new(&text);
            let (left, right) = extent(line, phrase);
            Lexicon::get().is_column(&label)
                || text.starts_with('(') && text.ends_with(')')
                || main.phrases.iter().any(|p| {
                    let (a, b) = extent(main, p);
                    let other = main.text(p.clone());
                    let joined = if line.y0 < main.y0 { stack(&text, &other) } else { stack(&other, &text) };
                    a < right && b > left && Lexicon::get().is_column(&Label::new(&joined))
                })
        })
}

/// `Date:` labels a field, not a column.
fn ends_a_field(line: &Line<'_>, phrase: &Range<usize>) -> bool {
    line.tokens[phrase.clone()].last().is_some_and(|t| t.text().ends_with(':'))
}

fn extent(line: &Line<'_>, part: &Range<usize>) -> (f32, f32) {
    (line.tokens[part.start].x0, line.tokens[part.clone()].iter().map(|t| t.x1).fold(0.0, f32::max))
}

/// Joins two stacked lines of a label, across a hyphen without a blank.
fn stack(upper: &str, lower: &str) -> String {
    match upper.strip_suffix('-') {
        Some(cut) if lower.starts_with(char::is_lowercase) => format!("{cut}{lower}"),
        _ => format!("{upper} {lower}"),
    }
}

/// Labels that stand under each other, while they are collected.
struct Stack {
    x0: f32,
    x1: f32,
    parts: Vec<(usize, String)>,
}

impl Stack {
    /// The share of the narrower one's width that another label of line `index` has in common with this stack.
    fn overlap(&self, index: usize, x0: f32, x1: f32) -> f32 {
        if self.parts.iter().any(|(line, _)| *line == index) {
            return 0.0;
        }
        (self.x1.min(x1) - self.x0.max(x0)) / (self.x1 - self.x0).min(x1 - x0).max(0.1)
    }

    fn into_cell(mut self) -> HeaderCell {
        self.parts.sort_by_key(|(line, _)| *line);
        let text = self
            .parts
            .iter()
            .map(|(_, part)| part.clone())
            .reduce(|all, part| stack(&all, &part))
            .unwrap_or_default();
        let heading = Heading::new(&text);
        let content = match heading.concept() {
            _ if heading.label.percent => Content::Percent,
            Some((concept, similarity, _)) if similarity >= NAMED => Lexicon::get().content(concept),
            _ => Content::Any,
        };
        let parts = match self.parts.as_slice() {
            [_] => Vec::new(),
            parts => parts.iter().map(|(_, part)| Heading::new(part)).collect(),
        };
        HeaderCell { x0: self.x0, x1: self.x1, heading, content, parts }
    }
}

/// The cells of a header: phrases of its lines that overlap from above.
fn cells(lines: &Lines<'_>, range: Range<usize>) -> Vec<HeaderCell> {
    let mut stacks: Vec<Stack> = Vec::new();
    // The line with most labels parts the columns, the others join them.
    let mut order: Vec<usize> = range.collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lines.lines[i].phrases.len()));
    for index in order {
        let line = &lines.lines[index];
        for part in line.labels() {
            let (x0, x1) = extent(line, part);
            let text = line.text(part.clone());
            let best = stacks
                .iter_mut()
                .max_by(|a, b| a.overlap(index, x0, x1).total_cmp(&b.overlap(index, x0, x1)))
                .filter(|stack| stack.overlap(index, x0, x1) > 0.3);
            match best {
                Some(stack) => {
                    stack.x0 = stack.x0.min(x0);
                    stack.x1 = stack.x1.max(x1);
                    stack.parts.push((index, text));
                }
                None => stacks.push(Stack { x0, x1, parts: vec![(index, text)] }),
            }
        }
    }
    stacks.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    stacks.into_iter().map(Stack::into_cell).collect()
}

/// The labels that a line consists of, as far as they can be told apart.
pub(super) fn labels(line: &Line<'_>) -> Vec<Range<usize>> {
    line.phrases.iter().flat_map(|phrase| split(line, phrase.clone())).collect()
}

/// Parts a phrase where several known labels stand one blank apart; whole where it is a label or nothing known.
fn split(line: &Line<'_>, phrase: Range<usize>) -> Vec<Range<usize>> {
    let known = |part: Range<usize>| {
        let text = line.text(part.clone());
        // "Positions-" goes on in the next line; "Description, period" is one label.
        let fragment = part.len() == 1 && text.ends_with('-') && text.len() > 4;
        let listed = part.end < phrase.end && text.ends_with([',', '/', '&', '+'])
            || part.start > phrase.start && text.starts_with(['/', '&', '+', '(', '|']);
        fragment || !listed && Lexicon::get().is_column(&Label::new(&text))
    };
    if phrase.len() < 2 || phrase.len() > 2 * LONGEST_LABEL || known(phrase.clone()) {
        return vec![phrase];
    }
    // The fewest labels that cover the phrase, from the right.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; phrase.len() + 1];
    best[phrase.len()] = Some((0, phrase.len()));
    for start in (0..phrase.len()).rev() {
        for end in start + 1..=phrase.len().min(start + LONGEST_LABEL) {
            let Some((count, _)) = best[end] else { continue };
            if best[start].is_none_or(|(c, _)| count + 1 < c)
                && known(phrase.start + start..phrase.start + end)
            {
                best[start] = Some((count + 1, end));
            }
        }
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while at < phrase.len() {
        let Some((_, end)) = best[at] else { return vec![phrase] };
        parts.push(phrase.start + at..phrase.start + end);
        at = end;
    }
    parts
}

/// The best one-to-one assignments of columns to cells; none where too few columns are named.
fn mappings(cells: &[HeaderCell], targets: &[Target]) -> Vec<Mapping> {
    let mut beam = vec![Mapping { cells: Vec::new(), score: 0.0, guess: None }];
    for target in targets {
        let options: Vec<MappedCell> = cells
            .iter()
            .enumerate()
            .filter_map(|(cell, header)| {
                let (affinity, labels_above) = affinity(target, header);
                (affinity >= MATCH).then_some(MappedCell { cell, affinity, labels_above })
            })
            .collect();
        let mut wider = Vec::with_capacity(beam.len() * (options.len() + 1));
        for mapping in beam {
            for option in &options {
                if mapping.cells.iter().flatten().all(|taken| taken.cell != option.cell) {
                    let mut next = mapping.clone();
                    next.cells.push(Some(*option));
                    next.score += option.affinity;
                    wider.push(next);
                }
            }
            let mut next = mapping;
            next.cells.push(None);
            wider.push(next);
        }
        wider.sort_by(|a, b| b.score.total_cmp(&a.score));
        wider.truncate(BEAM);
        beam = wider;
    }
    beam.retain(|m| m.cells.iter().flatten().count() >= fewest(targets));
    beam.truncate(MOST_MAPPINGS);
    beam
}

/// How many columns a header names at least.
fn fewest(targets: &[Target]) -> usize {
    targets.len().clamp(1, 2)
}

/// How well a header cell names a column, by all its lines or by one of them, and how many labels stand above it.
fn affinity(target: &Target, cell: &HeaderCell) -> (f32, usize) {
    let mut best = (target.affinity(&cell.heading), 0);
    for (above, part) in cell.parts.iter().enumerate() {
        // A line of a wrapped label says less than the whole.
        let single = PART * target.affinity(part);
        if single > best.0 {
            best = (single, above);
        }
    }
    best
}
