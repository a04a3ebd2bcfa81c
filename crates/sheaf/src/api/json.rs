//! JSON bodies, read member by member: every fault is noted instead of stopping at the first.

use std::str::FromStr;

use axum::extract::Request;
use serde_json::{Map, Value};
use sheaf_types::Fault;

use super::error::{ApiError, Code};
use super::request::media_type;

/// Enough for a batch of 10,000 documents with names of their own.
const LONGEST_BODY: usize = 16 << 20;

/// Any JSON.
pub(super) async fn read(request: Request) -> Result<Value, ApiError> {
    let media_type = media_type(request.headers());
    if media_type != "application/json" && !media_type.ends_with("+json") {
        return Err(ApiError::new(
            Code::UnsupportedType,
            "send the body as JSON, with \"Content-Type: application/json\"",
        ));
    }
    let body = axum::body::to_bytes(request.into_body(), LONGEST_BODY).await.map_err(|_| {
        ApiError::new(
            Code::FileTooLarge,
            format!("the body broke off or is longer than {LONGEST_BODY} bytes"),
        )
    })?;
    serde_json::from_slice(&body)
        .map_err(|error| ApiError::invalid("", format!("is not valid JSON: {error}")))
}

/// The members of an object and what is wrong with them.
pub(super) struct Members {
    /// Pointer to the object; empty for the body.
    at: String,
    object: Map<String, Value>,
    faults: Vec<Fault>,
    /// A thing that is named and does not exist.
    unknown: Option<&'static str>,
}

impl Members {
    /// The members of `body`, which has no others than those in `known`.
    pub(super) fn new(body: Value, known: &[&str]) -> Result<Self, ApiError> {
        Self::at(String::new(), body, known).ok_or_else(|| ApiError::invalid("", "is not an object"))
    }

    /// The members of the object that stands at `pointer`; `None` where it is no object.
    pub(super) fn at(pointer: String, value: Value, known: &[&str]) -> Option<Self> {
        let Value::Object(object) = value else { return None };
        let mut members = Self { at: pointer, object, faults: Vec::new(), unknown: None };
        let strangers = members.object.keys().filter(|key| !known.contains(&key.as_str()));
        for stranger in strangers.map(|key| key.replace('~', "~0").replace('/', "~1")).collect::<Vec<_>>() {
            members.fault(&stranger, format!("is not known here; known are {}", known.join(", ")));
        }
        Some(members)
    }

    /// Takes over what is wrong with an object inside this one.
    pub(super) fn absorb(&mut self, part: Self) {
        self.faults.extend(part.faults);
        self.unknown = self.unknown.or(part.unknown);
    }

    /// A member; one that is null counts as absent.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.object.remove(key).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            _ => {
                self.fault(key, "expected a text");
                None
            }
        }
    }

    /// A switch that is off unless said.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.take(key) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.fault(key, "expected true or false");
                false
            }
        }
    }

    /// The id of a `what`, which must be there.
    pub(super) fn id<T: FromStr>(&mut self, key: &str, what: &'static str) -> Option<T> {
        match self.take(key) {
            Some(value) => self.id_from(key, &value, what),
            None => {
                self.fault(key, format!("is missing: expected the id of a {what}"));
                None
            }
        }
    }

    /// The id of a `what`. A text that is no id names nothing.
    pub(super) fn id_from<T: FromStr>(&mut self, key: &str, value: &Value, what: &'static str) -> Option<T> {
        let Value::String(text) = value else {
            self.fault(key, format!("expected the id of a {what}"));
            return None;
        };
        let id = text.parse().ok();
        if id.is_none() {
            self.unknown = self.unknown.or(Some(what));
        }
        id
    }

    /// Notes what is wrong with a member.
    pub(super) fn fault(&mut self, key: &str, detail: impl Into<String>) {
        self.faults.push(Fault { pointer: format!("{}/{key}", self.at), detail: detail.into() });
    }

    /// What was read, or everything that is wrong: first what is malformed, then what does not exist.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match (self.unknown, value) {
            _ if !self.faults.is_empty() => Err(ApiError::faulty(Code::InvalidRequest, self.faults)),
            (None, Some(value)) => Ok(value),
            (what, _) => Err(ApiError::not_found(what.unwrap_or("thing"))),
        }
    }
}
