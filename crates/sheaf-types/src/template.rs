//! Templates: which fields to look for, and their validation.

use std::collections::HashSet;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::TemplateId;
use crate::page::BoundingBox;

/// The threshold of a template that names none.
pub const DEFAULT_CONFIDENCE_THRESHOLD: f32 = 0.75;

const MOST_FIELDS: usize = 200;
const MOST_COLUMNS: usize = 50;
const MOST_ANCHORS: usize = 50;
const MOST_ENUM_VALUES: usize = 500;
const LONGEST_NAME: usize = 64;
const LONGEST_LABEL: usize = 500;
const LONGEST_DESCRIPTION: usize = 2_000;
const LONGEST_PATTERN: usize = 1_000;
/// Bytes a compiled pattern may take: enough for any honest one, too little to exhaust memory.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// What a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Verbatim text.
    Text,
    /// A decimal number.
    Number,
    /// A day.
    Date,
    /// An amount of money.
    Currency,
    /// One of a set of values.
    Enum,
    /// Rows of typed columns.
    Table,
}

impl FieldKind {
    const NAMES: [(&'static str, Self); 6] = [
        ("text", Self::Text),
        ("number", Self::Number),
        ("date", Self::Date),
        ("currency", Self::Currency),
        ("enum", Self::Enum),
        ("table", Self::Table),
    ];
}

/// Where a field was drawn on a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Region {
    /// Counted from 1.
    pub page: u32,
    /// Fractions of the displayed page.
    pub bbox: BoundingBox,
}

/// A column of a table field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ColumnSpec {
    /// Unique within the table.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 64))]
    pub name: String,
    /// Any kind but a table.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Labels that may head the column.
    #[serde(default, rename = "anchor", with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::one_or_many))]
    pub anchors: Vec<String>,
    /// What the column means, for people and for the language model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values of an enum column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enum_values: Vec<String>,
}

/// A field of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldSpec {
    /// Unique within the template; without two underscores in a row.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z][a-z0-9_]*$", max_length = 64))]
    pub name: String,
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Labels that may stand beside or above the value.
    #[serde(default, rename = "anchor", with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::one_or_many))]
    pub anchors: Vec<String>,
    /// What the field means, for people and for the language model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a document without it needs review.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// A regular expression that the verbatim text must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The values of an enum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enum_values: Vec<String>,
    /// The columns of a table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnSpec>,
    /// Where it was drawn in the visual builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// What a user says of a template; [`TemplateSpec::from_json`] is the only way in from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateSpec {
    /// For people.
    pub name: String,
    /// Values under it need review, 0 to 1.
    #[serde(default = "default_threshold")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub confidence_threshold: f32,
    /// `de-DE`: settles what a document leaves open, the order of day and month and the decimal mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Languages for OCR.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// 1 to 200.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 200))]
    pub fields: Vec<FieldSpec>,
}

/// A version of a template, as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// The same over all versions.
    pub id: TemplateId,
    /// 1, then one more with each change.
    pub version: u32,
    /// What the user said.
    #[serde(flatten)]
    pub spec: TemplateSpec,
    /// When version 1 was made; RFC 3339, UTC.
    pub created_at: String,
    /// When this version was made; RFC 3339, UTC.
    pub updated_at: String,
}

/// Something wrong in a JSON document, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

fn default_threshold() -> f32 {
    DEFAULT_CONFIDENCE_THRESHOLD
}

/// A pattern as templates use it: linear in time, bounded in memory.
///
/// # Errors
/// Where the pattern is no regular expression or too large when compiled.
pub fn compile_pattern(pattern: &str) -> Result<regex::Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_LIMIT).dfa_size_limit(PATTERN_SIZE_LIMIT).build()
}

impl TemplateSpec {
    /// A template from JSON given by a user.
    ///
    /// What only the store knows (`id`, `version`, `created_at`, `updated_at`) is passed over, so that an answer can be
    /// sent back changed.
    ///
    /// # Errors
    /// All faults at once, each with a pointer.
    pub fn from_json(json: &Value) -> Result<Self, Vec<Fault>> {
        let mut check = Check::default();
        let spec = check.template(json);
        match spec {
            Some(spec) if check.faults.is_empty() => Ok(spec),
            _ => Err(check.faults),
        }
    }

    /// The starter template for invoices: six fields.
    #[must_use]
    pub fn starter_invoice() -> Self {
        let field = |name: &str, kind, anchors: &[&str], description: &str, required| FieldSpec {
            name: name.to_owned(),
            kind,
            anchors: anchors.iter().map(|&a| a.to_owned()).collect(),
            description: Some(description.to_owned()),
            required,
            pattern: None,
            enum_values: Vec::new(),
            columns: Vec::new(),
            region: None,
        };
        let column = |name: &str, kind, description: &str| ColumnSpec {
            name: name.to_owned(),
            kind,
            anchors: Vec::new(),
            description: Some(description.to_owned()),
            enum_values: Vec::new(),
        };
        let mut line_items = field("line_items", FieldKind::Table, &[], "The lines of the invoice", false);
        line_items.columns = vec![
            column("description", FieldKind::Text, "What was sold"),
            column("quantity", FieldKind::Number, "How many"),
            column("unit_price", FieldKind::Currency, "Price of one"),
            column("line_total", FieldKind::Currency, "Amount of the line"),
        ];
        Self {
            name: "Invoice".to_owned(),
            confidence_threshold: DEFAULT_CONFIDENCE_THRESHOLD,
            locale: None,
            languages: Vec::new(),
            fields: vec![
                field(
                    "invoice_number",
                    FieldKind::Text,
                    &["Invoice number", "Invoice No."],
                    "Number of the invoice",
                    true,
                ),
                field(
                    "invoice_date",
                    FieldKind::Date,
                    &["Invoice date", "Date of issue"],
                    "Date of issue of the invoice",
                    true,
                ),
                field("due_date", FieldKind::Date, &["Due date"], "Date by which payment is due", false),
                field(
                    "seller_name",
                    FieldKind::Text,
                    &[],
                    "Name of the company or person that issued the invoice",
                    false,
                ),
                field(
                    "total",
                    FieldKind::Currency,
                    &["Total", "Grand total", "Total amount"],
                    "Total with tax",
                    true,
                ),
                line_items,
            ],
        }
    }
}

/// Reads JSON member by member and notes every fault instead of stopping at the first.
#[derive(Default)]
struct Check {
    faults: Vec<Fault>,
}

impl Check {
    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        self.faults.push(Fault { pointer: pointer.to_owned(), detail: detail.into() });
    }

    fn template(&mut self, json: &Value) -> Option<TemplateSpec> {
        const MEMBERS: &[&str] = &[
            "name",
            "confidence_threshold",
            "locale",
            "languages",
            "fields",
            "id",
            "version",
            "created_at",
            "updated_at",
        ];
        let object = self.object(json, "", MEMBERS)?;
        let name = self.string(object, "", "name", LONGEST_LABEL);
        if name.is_none() {
            self.missing(object, "", "name", "a name for the template");
        }
        let confidence_threshold = match member(object, "confidence_threshold") {
            None => DEFAULT_CONFIDENCE_THRESHOLD,
            Some(value) => match value.as_f64() {
                Some(number) if (0.0..=1.0).contains(&number) => number as f32,
                _ => {
                    self.fault("/confidence_threshold", "expected a number from 0 to 1");
                    DEFAULT_CONFIDENCE_THRESHOLD
                }
            },
        };
        let locale = self.string(object, "", "locale", 16);
        if let Some(locale) = &locale
            && !is_locale(locale)
        {
            self.fault(
                "/locale",
                "expected a language and, if needed, a country, such as \"de\" or \"en-US\"",
            );
        }
        let languages = self.strings(object, "", "languages", MOST_ANCHORS, 32);
        let fields = match member(object, "fields") {
            Some(Value::Array(items)) if items.is_empty() => {
                self.fault("/fields", "expected 1 to 200 fields, got none");
                Vec::new()
            }
            Some(Value::Array(items)) => {
                if items.len() > MOST_FIELDS {
                    self.fault("/fields", format!("expected 1 to {MOST_FIELDS} fields, got {}", items.len()));
                }
                let fields: Vec<Option<FieldSpec>> = items
                    .iter()
                    .take(MOST_FIELDS)
                    .enumerate()
                    .map(|(i, item)| self.field(item, &format!("/fields/{i}")))
                    .collect();
                self.unique(fields.iter().map(|f| f.as_ref().map(|f| f.name.as_str())), "/fields");
                fields.into_iter().flatten().collect()
            }
            Some(_) => {
                self.fault("/fields", "expected a list of fields");
                Vec::new()
            }
            None => {
                self.fault("/fields", "is missing: expected a list of 1 to 200 fields");
                Vec::new()
            }
        };
        Some(TemplateSpec { name: name?, confidence_threshold, locale, languages, fields })
    }

    fn field(&mut self, json: &Value, at: &str) -> Option<FieldSpec> {
        const MEMBERS: &[&str] = &[
            "name",
            "type",
            "anchor",
            "description",
            "required",
            "pattern",
            "enum_values",
            "columns",
            "region",
        ];
        let object = self.object(json, at, MEMBERS)?;
        let name = self.identifier(object, at);
        let kind = self.kind(object, at);
        let anchors = self.anchors(object, at);
        let description = self.string(object, at, "description", LONGEST_DESCRIPTION);
        let required = match member(object, "required") {
            None => false,
            Some(Value::Bool(required)) => *required,
            Some(_) => {
                self.fault(&format!("{at}/required"), "expected true or false");
                false
            }
        };
        let pattern = self.string(object, at, "pattern", LONGEST_PATTERN);
        if let Some(pattern) = &pattern
            && let Err(error) = compile_pattern(pattern)
        {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or("unknown reason").trim();
            self.fault(&format!("{at}/pattern"), format!("is no valid regular expression: {reason}"));
        }
        if pattern.is_some() && kind == Some(FieldKind::Table) {
            self.fault(&format!("{at}/pattern"), "a table takes no pattern");
        }
        let enum_values = self.enum_values(object, at, kind);
        let columns = self.columns(object, at, kind);
        let region = self.region(object, at);
        Some(FieldSpec {
            name: name?,
            kind: kind?,
            anchors,
            description,
            required,
            pattern,
            enum_values,
            columns,
            region,
        })
    }

    fn column(&mut self, json: &Value, at: &str) -> Option<ColumnSpec> {
        const MEMBERS: &[&str] = &["name", "type", "anchor", "description", "enum_values"];
        let object = self.object(json, at, MEMBERS)?;
        let name = self.identifier(object, at);
        let kind = self.kind(object, at);
        if kind == Some(FieldKind::Table) {
            self.fault(&format!("{at}/type"), "a column cannot be a table");
        }
        let anchors = self.anchors(object, at);
        let description = self.string(object, at, "description", LONGEST_DESCRIPTION);
        let enum_values = self.enum_values(object, at, kind);
        Some(ColumnSpec { name: name?, kind: kind?, anchors, description, enum_values })
    }

    fn object<'a>(&mut self, json: &'a Value, at: &str, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Value::Object(object) = json else {
            self.fault(at, "expected an object");
            return None;
        };
        for key in object.keys() {
            if !known.contains(&key.as_str()) {
                let key_pointer = key.replace('~', "~0").replace('/', "~1");
                self.fault(
                    &format!("{at}/{key_pointer}"),
                    format!("is not known here; known are {}", known.join(", ")),
                );
            }
        }
        Some(object)
    }

    fn missing(&mut self, object: &Map<String, Value>, at: &str, key: &str, expected: &str) {
        if member(object, key).is_none() {
            self.fault(&format!("{at}/{key}"), format!("is missing: expected {expected}"));
        }
    }

    /// A non-empty string of at most `longest` characters; `None` where absent or faulty.
    fn string(&mut self, object: &Map<String, Value>, at: &str, key: &str, longest: usize) -> Option<String> {
        let value = member(object, key)?;
        self.text(value, &format!("{at}/{key}"), longest)
    }

    fn text(&mut self, value: &Value, at: &str, longest: usize) -> Option<String> {
        match value {
            Value::String(text) if text.trim().is_empty() => self.fault(at, "is empty"),
            Value::String(text) if text.chars().count() > longest => {
                self.fault(at, format!("is longer than {longest} characters"));
            }
            Value::String(text) => return Some(text.clone()),
            _ => self.fault(at, "expected a text"),
        }
        None
    }

    fn strings(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        key: &str,
        most: usize,
        longest: usize,
    ) -> Vec<String> {
        let at = format!("{at}/{key}");
        match member(object, key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                if items.len() > most {
                    self.fault(&at, format!("has more than {most} entries"));
                }
                items
                    .iter()
                    .take(most)
                    .enumerate()
                    .filter_map(|(i, item)| self.text(item, &format!("{at}/{i}"), longest))
                    .collect()
            }
            Some(_) => {
                self.fault(&at, "expected a list of texts");
                Vec::new()
            }
        }
    }

    fn identifier(&mut self, object: &Map<String, Value>, at: &str) -> Option<String> {
        self.missing(object, at, "name", "a name");
        let name = self.string(object, at, "name", LONGEST_NAME)?;
        let mut characters = name.chars();
        let valid = characters.next().is_some_and(|c| c.is_ascii_lowercase())
            && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !valid {
            self.fault(
                &format!("{at}/name"),
                "expected lower-case letters, digits and underscores, a letter first, such as \"invoice_number\"",
            );
        } else if name.contains("__") {
            self.fault(&format!("{at}/name"), "two underscores in a row are kept for the columns of exports");
        }
        Some(name)
    }

    fn kind(&mut self, object: &Map<String, Value>, at: &str) -> Option<FieldKind> {
        let names = || FieldKind::NAMES.map(|(name, _)| name).join(", ");
        let Some(value) = member(object, "type") else {
            self.fault(&format!("{at}/type"), format!("is missing: expected one of {}", names()));
            return None;
        };
        let kind =
            FieldKind::NAMES.iter().find(|(name, _)| value.as_str() == Some(name)).map(|&(_, kind)| kind);
        if kind.is_none() {
            self.fault(&format!("{at}/type"), format!("is no known type: expected one of {}", names()));
        }
        kind
    }

    fn anchors(&mut self, object: &Map<String, Value>, at: &str) -> Vec<String> {
        match member(object, "anchor") {
            Some(Value::Array(_)) => self.strings(object, at, "anchor", MOST_ANCHORS, LONGEST_LABEL),
            _ => self.string(object, at, "anchor", LONGEST_LABEL).into_iter().collect(),
        }
    }

    fn enum_values(&mut self, object: &Map<String, Value>, at: &str, kind: Option<FieldKind>) -> Vec<String> {
        let given = member(object, "enum_values").is_some();
        let values = self.strings(object, at, "enum_values", MOST_ENUM_VALUES, LONGEST_LABEL);
        let pointer = format!("{at}/enum_values");
        match kind {
            Some(FieldKind::Enum) if !given => self.fault(&pointer, "is missing: an enum names its values"),
            // A list of faulty values has its faults already.
            Some(FieldKind::Enum) if member(object, "enum_values").is_some_and(is_empty_list) => {
                self.fault(&pointer, "is empty: an enum names its values");
            }
            Some(FieldKind::Enum) => self.unique(values.iter().map(|v| Some(v.as_str())), &pointer),
            Some(_) if given => self.fault(&pointer, "only an enum has values"),
            _ => {}
        }
        values
    }

    fn columns(&mut self, object: &Map<String, Value>, at: &str, kind: Option<FieldKind>) -> Vec<ColumnSpec> {
        let pointer = format!("{at}/columns");
        match (kind, member(object, "columns")) {
            (Some(FieldKind::Table), None) => self.fault(&pointer, "is missing: a table names its columns"),
            (Some(FieldKind::Table), Some(Value::Array(items))) => {
                if items.is_empty() || items.len() > MOST_COLUMNS {
                    self.fault(
                        &pointer,
                        format!("expected 1 to {MOST_COLUMNS} columns, got {}", items.len()),
                    );
                }
                let columns: Vec<Option<ColumnSpec>> = items
                    .iter()
                    .take(MOST_COLUMNS)
                    .enumerate()
                    .map(|(i, item)| self.column(item, &format!("{pointer}/{i}")))
                    .collect();
                self.unique(columns.iter().map(|c| c.as_ref().map(|c| c.name.as_str())), &pointer);
                return columns.into_iter().flatten().collect();
            }
            (Some(FieldKind::Table), Some(_)) => self.fault(&pointer, "expected a list of columns"),
            (Some(_), Some(_)) => self.fault(&pointer, "only a table has columns"),
            _ => {}
        }
        Vec::new()
    }

    fn region(&mut self, object: &Map<String, Value>, at: &str) -> Option<Region> {
        let at = format!("{at}/region");
        let value = member(object, "region")?;
        let region = self.object(value, &at, &["page", "bbox"])?;
        let page = region.get("page").and_then(Value::as_u64).and_then(|page| u32::try_from(page).ok());
        if page.is_none_or(|page| page == 0) {
            self.fault(&format!("{at}/page"), "expected a page number, counted from 1");
        }
        let bbox = region.get("bbox").and_then(Value::as_array).and_then(|edges| {
            let edges: Vec<f32> = edges.iter().filter_map(|edge| edge.as_f64().map(|v| v as f32)).collect();
            <[f32; 4]>::try_from(edges).ok()
        });
        let valid =
            bbox.is_some_and(|b| b.iter().all(|v| (0.0..=1.0).contains(v)) && b[0] < b[2] && b[1] < b[3]);
        if !valid {
            self.fault(
                &format!("{at}/bbox"),
                "expected [x0, y0, x1, y1] as fractions of the page, x0 < x1 and y0 < y1",
            );
        }
        Some(Region { page: page?, bbox: bbox?.into() })
    }

    /// Notes every name that stood before; `None` is an entry that has a fault of its own.
    fn unique<'a>(&mut self, names: impl Iterator<Item = Option<&'a str>>, at: &str) {
        let mut seen = HashSet::new();
        for (i, name) in names.enumerate() {
            if let Some(name) = name
                && !seen.insert(name)
            {
                let pointer =
                    if at.ends_with("enum_values") { format!("{at}/{i}") } else { format!("{at}/{i}/name") };
                self.fault(&pointer, format!("\"{name}\" stands here twice"));
            }
        }
    }
}

/// A member of an object; one that is null counts as absent.
fn member<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// `en`, `en-US`, `en_US`.
fn is_locale(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphabetic()));
    language && parts.all(|p| (2..=8).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// A list of texts that may also be written as one text.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        match texts {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        OneOrMany::deserialize(deserializer).map(|texts| match texts {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointers(json: &Value) -> Vec<String> {
        match TemplateSpec::from_json(json) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
        }
    }

    #[test]
    fn the_example_of_the_contract_is_valid_and_survives_a_round_trip() {
        let json = json!({"name": "US Invoice", "confidence_threshold": 0.75, "fields": [
            {"name": "invoice_number", "type": "text", "anchor": "Invoice No.", "required": true},
            {"name": "invoice_date", "type": "date", "anchor": ["Invoice Date", "Date"], "description": "date of issue"},
            {"name": "status", "type": "enum", "enum_values": ["PAID", "DUE"]},
            {"name": "line_items", "type": "table", "columns": [
                {"name": "description", "type": "text"}, {"name": "amount", "type": "currency", "anchor": "Amount"}]}]});
        let spec = TemplateSpec::from_json(&json).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), json);
    }

    #[test]
    fn the_starter_is_valid_and_has_six_fields() {
        let starter = TemplateSpec::starter_invoice();
        let json = serde_json::to_value(&starter).unwrap();
        assert_eq!(TemplateSpec::from_json(&json).unwrap(), starter);
        assert_eq!(starter.fields.len(), 6);
    }

    #[test]
    fn every_fault_is_pointed_at() {
        let json = json!({"name": "", "confidence_threshold": 2, "locale": "german!", "extra": 1, "fields": [
            {"name": "Total", "type": "currency"},
            {"name": "a__b", "type": "money"},
            {"name": "c", "type": "enum"},
            {"name": "d", "type": "enum", "enum_values": []},
            {"name": "e", "type": "table"},
            {"name": "f", "type": "text", "columns": [], "enum_values": ["x"]},
            {"name": "g", "type": "text", "pattern": "("},
            {"name": "g", "type": "text", "anchor": 7},
            {"type": "text"},
            7,
            {"name": "h", "type": "table", "columns": [{"name": "x", "type": "table"}, {"name": "x", "type": "text"}]},
            {"name": "i", "type": "text", "region": {"page": 0, "bbox": [0.5, 0, 0.1, 1]}}
        ]});
        assert_eq!(
            pointers(&json),
            [
                "/extra",
                "/name",
                "/confidence_threshold",
                "/locale",
                "/fields/0/name",
                "/fields/1/name",
                "/fields/1/type",
                "/fields/2/enum_values",
                "/fields/3/enum_values",
                "/fields/4/columns",
                "/fields/5/enum_values",
                "/fields/5/columns",
                "/fields/6/pattern",
                "/fields/7/anchor",
                "/fields/8/name",
                "/fields/9",
                "/fields/10/columns/0/type",
                "/fields/10/columns/1/name",
                "/fields/11/region/page",
                "/fields/11/region/bbox",
                "/fields/7/name",
            ]
        );
    }

    #[test]
    fn a_template_has_1_to_200_fields() {
        let with = |n: usize| {
            let fields: Vec<Value> =
                (0..n).map(|i| json!({"name": format!("f{i}"), "type": "text"})).collect();
            json!({"name": "t", "fields": fields})
        };
        assert_eq!(pointers(&with(0)), ["/fields"]);
        assert!(pointers(&with(1)).is_empty());
        assert!(pointers(&with(200)).is_empty());
        assert_eq!(pointers(&with(201)), ["/fields"]);
        assert_eq!(pointers(&json!({"name": "t"})), ["/fields"]);
        assert_eq!(pointers(&json!([])), [""]);
    }

    #[test]
    fn a_pattern_that_would_exhaust_memory_is_refused() {
        let json =
            json!({"name": "t", "fields": [{"name": "a", "type": "text", "pattern": r"(\w{1000}){1000}"}]});
        assert_eq!(pointers(&json), ["/fields/0/pattern"]);
    }
}
