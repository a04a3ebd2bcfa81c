//! Multipart forms of any size in bounded memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_DISPOSITION;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use sheaf_store::Intake;
use sheaf_types::{Fault, MediaType, safe_filename};
use tokio::time::timeout;

use super::ApiState;
use super::error::{ApiError, Code};
use super::idempotency;
use super::request::media_type;

/// Enough to tell a file's kind.
const HEAD: usize = 8 << 10;
/// A part that is a text, such as `metadata`.
const LONGEST_TEXT: usize = 1 << 20;
/// Bytes that the parser may take in, beyond the chunk at hand, without giving a part or a chunk of one: the headers of a
/// part, and before the first part two of the connection's chunks, each of which may have 400 KB.
const LONGEST_PENT_UP: u64 = 1 << 20;

/// What a form held.
pub(super) struct Form {
    /// Its text parts, as the JSON body that says the same.
    pub(super) body: Value,
    /// Its file parts that are worth keeping, on their way into the store.
    pub(super) intake: Intake,
    /// How many file parts there were.
    pub(super) files: usize,
    /// Those of them that are too large or of no kind that sheaf reads.
    pub(super) bad_files: Option<ApiError>,
    /// Of its parts' names and contents, where the request has an idempotency key.
    pub(super) digest: Vec<u8>,
}

/// What a form may hold.
pub(super) struct FormSpec {
    /// The name of its file parts.
    pub(super) file: &'static str,
    /// How many of them.
    pub(super) most_files: usize,
    /// How many are worth keeping: the content of those beyond is not stored, because they will be refused.
    pub(super) keep: u64,
    /// The names of its text parts.
    pub(super) texts: &'static [&'static str],
}

impl Form {
    /// Reads the whole form. Files that are bad are told in `bad_files`, so that the caller can say first what is
    /// wrong with the rest.
    pub(super) async fn read(request: Request, spec: &FormSpec, api: &ApiState) -> Result<Self, ApiError> {
        if media_type(request.headers()) != "multipart/form-data" {
            let detail = "send the files as a form, with \"Content-Type: multipart/form-data\"";
            return Err(ApiError::new(Code::UnsupportedType, detail));
        }
        let digest = request.headers().contains_key(idempotency::HEADER).then(Sha256::new);
        let meter = Arc::new(Meter { limit: api.limits.max_request_bytes, ..Meter::default() });
        let request = request.map(|body| {
            Body::from_stream(Metered { body: body.into_data_stream(), meter: Arc::clone(&meter) })
        });
        let form = Multipart::from_request(request, &()).await.map_err(|_| {
            ApiError::new(Code::InvalidRequest, "the Content-Type names no boundary between the parts")
        })?;
        let reader = Reader {
            spec,
            max_file_bytes: api.limits.max_file_bytes,
            stall: api.limits.upload_stall,
            meter,
            texts: Map::new(),
            intake: api.store.intake(),
            files: 0,
            bad_files: Vec::new(),
            digest,
        };
        reader.read(form).await
    }
}

struct Reader<'a> {
    spec: &'a FormSpec,
    max_file_bytes: u64,
    stall: Duration,
    meter: Arc<Meter>,
    texts: Map<String, Value>,
    intake: Intake,
    files: usize,
    bad_files: Vec<(Code, Fault)>,
    digest: Option<Sha256>,
}

impl Reader<'_> {
    async fn read(mut self, mut form: Multipart) -> Result<Form, ApiError> {
        loop {
            self.meter.restart();
            let part = in_time(self.stall, form.next_field()).await?;
            let Some(part) = part.map_err(|error| self.meter.explain(&error))? else { break };
            let (name, filename) = names(part.headers());
            match name.as_deref() {
                Some(name) if name == self.spec.file => self.file(part, filename.as_deref()).await?,
                Some(name) if self.spec.texts.contains(&name) => self.text(part, name).await?,
                name => {
                    let known = [&[self.spec.file], self.spec.texts].concat().join(", ");
                    let pointer = format!("/{}", name.unwrap_or_default());
                    return Err(ApiError::invalid(
                        pointer,
                        format!("is no part known here; known are {known}"),
                    ));
                }
            }
        }
        let bad_files =
            self.bad_files.first().map(|(code, _)| *code).map(|code| {
                ApiError::faulty(code, self.bad_files.into_iter().map(|(_, fault)| fault).collect())
            });
        Ok(Form {
            body: Value::Object(self.texts),
            intake: self.intake,
            files: self.files,
            bad_files,
            digest: self.digest.map_or_else(Vec::new, |digest| digest.finalize().to_vec()),
        })
    }

    async fn text(&mut self, mut part: Field<'_>, name: &str) -> Result<(), ApiError> {
        let pointer = format!("/{name}");
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk(&mut part).await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_TEXT {
                return Err(ApiError::invalid(pointer, format!("is longer than {LONGEST_TEXT} bytes")));
            }
        }
        self.digest_part(name, "", Sha256::digest(&bytes).as_slice());
        let text = String::from_utf8(bytes).map_err(|_| ApiError::invalid(&pointer, "is not UTF-8"))?;
        let value = match (name, text.trim()) {
            ("use_llm", "true") => Value::Bool(true),
            ("use_llm", "false") => Value::Bool(false),
            ("metadata", text) => serde_json::from_str(text)
                .map_err(|error| ApiError::invalid(&pointer, format!("is not valid JSON: {error}")))?,
            (_, text) => Value::String(text.to_owned()),
        };
        match self.texts.insert(name.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(ApiError::invalid(pointer, "stands in the form twice")),
        }
    }

    async fn file(&mut self, mut part: Field<'_>, filename: Option<&str>) -> Result<(), ApiError> {
        let FormSpec { file, most_files, keep, .. } = self.spec;
        if self.files == *most_files {
            return Err(ApiError::invalid(
                format!("/{file}"),
                format!("expected at most {most_files} files"),
            ));
        }
        let index = self.files;
        self.files += 1;
        let keep = (index as u64) < *keep && self.bad_files.is_empty();

        let (mut head, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = self.chunk(&mut part).await? {
            bytes += chunk.len() as u64;
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
            if keep && bytes <= self.max_file_bytes {
                self.intake.append(&chunk).await?;
            } else {
                self.intake.skip(&chunk);
            }
        }

        let filename = safe_filename(filename.unwrap_or_default());
        let media_type = MediaType::sniff(&head);
        let bad = if bytes > self.max_file_bytes {
            Some((Code::FileTooLarge, format!("is larger than {} bytes", self.max_file_bytes)))
        } else if bytes == 0 {
            Some((Code::UnsupportedType, "is empty".to_owned()))
        } else if media_type.is_none() {
            Some((
                Code::UnsupportedType,
                "is of no supported type: send a PDF, a Word (.docx) or an Excel (.xlsx) file".to_owned(),
            ))
        } else {
            None
        };
        let content = match media_type {
            Some(media_type) if keep && bad.is_none() => {
                self.intake.end_file(filename.clone(), media_type).await?
            }
            _ => self.intake.leave_out().await,
        };
        self.digest_part(file, &filename, &content);
        if let Some((code, detail)) = bad {
            let fault =
                Fault { pointer: format!("/{file}/{index}"), detail: format!("(\"{filename}\") {detail}") };
            self.bad_files.push((code, fault));
        }
        Ok(())
    }

    fn digest_part(&mut self, name: &str, filename: &str, content: &[u8]) {
        if let Some(digest) = &mut self.digest {
            for part in [name.as_bytes(), filename.as_bytes(), content] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
        }
    }

    async fn chunk(&mut self, part: &mut Field<'_>) -> Result<Option<Bytes>, ApiError> {
        self.meter.restart();
        in_time(self.stall, part.chunk()).await?.map_err(|error| self.meter.explain(&error))
    }
}

/// What comes soon enough: a client that stops in the middle must not keep others from their turn.
async fn in_time<T>(stall: Duration, more: impl Future<Output = T>) -> Result<T, ApiError> {
    timeout(stall, more).await.map_err(|_| {
        let seconds = stall.as_secs();
        ApiError::new(
            Code::InvalidRequest,
            format!("nothing came for {seconds} seconds: send the request again"),
        )
    })
}

/// How much of a request was read, and which limit ended it.
#[derive(Default)]
struct Meter {
    limit: u64,
    total: AtomicU64,
    /// Bytes that the parser took in without giving a part or a chunk of one.
    pent_up: AtomicU64,
    too_large: AtomicBool,
    /// Whether the parser has to make do with what it has, once.
    pause: AtomicBool,
}

impl Meter {
    /// To be called before the parser is asked for anything.
    fn restart(&self) {
        self.pent_up.store(0, Relaxed);
        self.pause.store(true, Relaxed);
    }

    fn count(&self, bytes: u64) -> Result<(), axum::Error> {
        if self.total.fetch_add(bytes, Relaxed) + bytes > self.limit {
            self.too_large.store(true, Relaxed);
            return Err(axum::Error::new("the request is too large"));
        }
        if self.pent_up.fetch_add(bytes, Relaxed) > LONGEST_PENT_UP {
            return Err(axum::Error::new("a part's headers are too long"));
        }
        Ok(())
    }

    fn explain(&self, error: &MultipartError) -> ApiError {
        if self.too_large.load(Relaxed) {
            return ApiError::new(
                Code::FileTooLarge,
                format!("the request is larger than {} bytes: send the files in several", self.limit),
            );
        }
        ApiError::new(
            Code::InvalidRequest,
            format!("the form is malformed or broke off: {}", error.body_text()),
        )
    }
}

/// A body that is counted, and handed out a chunk at a time and only when the parser cannot go on without.
///
/// The parser reads ahead whenever it is asked for anything, for as long as there is something to read: without the pauses
/// a form would be in memory whole before its first parts are dealt with.
struct Metered {
    body: BodyDataStream,
    meter: Arc<Meter>,
}

impl Stream for Metered {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.meter.pause.swap(false, Relaxed) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = self.body.poll_next_unpin(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &chunk {
            self.meter.pause.store(true, Relaxed);
            if let Err(error) = self.meter.count(bytes.len() as u64) {
                return Poll::Ready(Some(Err(error)));
            }
        }
        chunk
    }
}

/// A part's `name` and `filename`, whatever bytes the latter is made of.
fn names(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let header = headers.get(CONTENT_DISPOSITION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let (mut name, mut filename, mut extended) = (None, None, None);
    for (key, value) in parameters(header.as_deref().unwrap_or_default()) {
        match key.as_str() {
            "name" => name = Some(value),
            "filename" => filename = Some(value),
            "filename*" => extended = percent_decode(&value),
            _ => {}
        }
    }
    (name, extended.or(filename))
}

/// The `key=value` pairs of a header such as `form-data; name="file"; filename="a.pdf"`.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_start_matches([';', ' ', '\t']).trim_end().to_ascii_lowercase();
        let after = after.trim_start();
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (value, rest) = after.split_once(';').unwrap_or((after, ""));
                (value.trim_end().to_owned(), rest)
            }
        };
        pairs.push((key, value));
    }
    pairs
}

/// The text up to the closing quote, and what follows it. Only a quote is unescaped: some clients send the
/// backslashes of a path as they are.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((i, c)) = characters.next() {
        match c {
            '"' => return (value, &text[i + 1..]),
            '\\' if characters.next_if(|(_, next)| *next == '"').is_some() => value.push('"'),
            _ => value.push(c),
        }
    }
    (value, "")
}

/// An extended value (RFC 8187): `UTF-8''M%C3%A4rz.pdf`; `None` where it is of another character set.
fn percent_decode(value: &str) -> Option<String> {
    let (charset, encoded) = value.split_once('\'')?;
    let (_, encoded) = encoded.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = encoded.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_parts_names_are_read_as_clients_write_them() {
        for (header, name, filename) in [
            (&b"form-data; name=\"file\"; filename=\"a.pdf\""[..], Some("file"), Some("a.pdf")),
            (b"form-data; name=file; filename=a.pdf", Some("file"), Some("a.pdf")),
            (b"form-data; filename=\"x; name=y.pdf\"; name=\"file\"", Some("file"), Some("x; name=y.pdf")),
            (b"form-data; name=\"file\"; filename=\"a \\\"b\\\".pdf\"", Some("file"), Some("a \"b\".pdf")),
            (
                b"form-data; name=\"file\"; filename=\"C:\\scans\\a.pdf\"",
                Some("file"),
                Some("C:\\scans\\a.pdf"),
            ),
            (
                b"form-data; name=\"file\"; filename*=UTF-8''M%C3%A4rz.pdf; filename=\"x\"",
                Some("file"),
                Some("März.pdf"),
            ),
            (b"form-data; name=\"file\"; filename*=latin1''M%E4rz; filename=\"x\"", Some("file"), Some("x")),
            (
                b"form-data; name=\"file\"; filename=\"\xff\xfe.pdf\"",
                Some("file"),
                Some("\u{fffd}\u{fffd}.pdf"),
            ),
            (b"form-data; name=\"file\"; filename=\"open", Some("file"), Some("open")),
            (b"form-data; name=\"file\"; filename*=UTF-8''100%", Some("file"), Some("100%")),
            (b"form-data; NAME=\"file\"", Some("file"), None),
            (b"form-data", None, None),
            (b"", None, None),
        ] {
            let headers =
                HeaderMap::from_iter([(CONTENT_DISPOSITION, HeaderValue::from_bytes(header).unwrap())]);
            let found = names(&headers);
            assert_eq!((found.0.as_deref(), found.1.as_deref()), (name, filename), "{header:?}");
        }
    }
}
