//! XML as a stream of elements, read without trust.
//!
//! Elements are known by their local names: the prefixes of namespaces differ from writer to writer. No document type
//! is read, so that no entity is expanded beyond the five of XML and character references. What is damaged ends the
//! stream; what stood before it counts.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

/// Elements within elements; office files and invoices stay under 100.
const MOST_DEPTH: usize = 256;

/// An element's start.
pub(crate) struct Element<'x>(BytesStart<'x>);

/// What an element holds.
pub(crate) enum Content<'x> {
    /// An element: read its content or [`skip`](Xml::skip) it before going on.
    Element(Element<'x>),
    /// A piece of text.
    Text(Cow<'x, str>),
}

/// A place in an XML document, within the element that was started last.
pub(crate) struct Xml<'x> {
    reader: Reader<&'x [u8]>,
    depth: usize,
    damaged: bool,
}

impl<'x> Xml<'x> {
    pub(crate) fn new(text: &'x str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, depth: 0, damaged: false }
    }

    /// The next piece of the current element's content; `None` past its end.
    pub(crate) fn content(&mut self) -> Option<Content<'x>> {
        while !self.damaged {
            match self.reader.read_event() {
                Ok(Event::Start(start)) => {
                    self.depth += 1;
                    self.damaged = self.depth > MOST_DEPTH;
                    return (!self.damaged).then_some(Content::Element(Element(start)));
                }
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    return None;
                }
                Ok(Event::Text(text)) => return Some(Content::Text(text.xml10_content())),
                Ok(Event::CData(text)) => return Some(Content::Text(text.xml10_content())),
                Ok(Event::GeneralRef(reference)) => {
                    let text = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Cow::Owned(c.to_string()),
                        _ => {
                            Cow::Borrowed(resolve_xml_entity(&reference.xml10_content()).unwrap_or_default())
                        }
                    };
                    return Some(Content::Text(text));
                }
                Ok(Event::Eof) => {
                    self.damaged = self.depth > 0;
                    return None;
                }
                Ok(_) => {}
                Err(_) => self.damaged = true,
            }
        }
        None
    }

    /// The next element within the current one, text passed over; `None` past the current one's end.
    pub(crate) fn child(&mut self) -> Option<Element<'x>> {
        loop {
            match self.content()? {
                Content::Element(element) => return Some(element),
                Content::Text(_) => {}
            }
        }
    }

    /// Goes past the end of the current element.
    pub(crate) fn skip(&mut self) {
        let outer = self.depth.saturating_sub(1);
        while !self.damaged && self.depth > outer {
            self.content();
        }
    }

    /// The text of the current element, without that of elements within, up to its end.
    pub(crate) fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(content) = self.content() {
            match content {
                Content::Text(piece) => text.push_str(&piece),
                Content::Element(_) => self.skip(),
            }
        }
        text
    }

    /// Whether something was malformed, nested too deeply, or missing at the end.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged
    }
}

impl Element<'_> {
    /// The name without a namespace's prefix.
    pub(crate) fn name(&self) -> &str {
        let name = self.0.name().into_inner();
        name.rsplit_once(':').map_or(name, |(_, local)| local)
    }

    /// The value of an attribute, by its name without a prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        attributes.with_checks(false);
        let found = attributes.flatten().find(|attribute| {
            let key = attribute.key.into_inner();
            key.rsplit_once(':').map_or(key, |(_, local)| local) == name
        })?;
        found.normalized_value(XmlVersion::Explicit1_0).ok().map(Cow::into_owned)
    }

    /// The value of an attribute, read as a number.
    pub(crate) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Whether the element or attribute switches something on: `1`, `true`, `on`, or no value at all.
    pub(crate) fn switch(&self, name: &str) -> bool {
        self.attribute(name).is_none_or(|value| matches!(value.trim(), "1" | "true" | "on"))
    }
}

/// The text of an XML file: UTF-8, UTF-16 by its mark, else Latin-1.
pub(crate) fn decode(bytes: Vec<u8>) -> String {
    let utf16 = |unit: fn([u8; 2]) -> u16| -> String {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names and texts of all elements, in order.
    fn flat(xml: &mut Xml<'_>, out: &mut Vec<String>) {
        while let Some(content) = xml.content() {
            match content {
                Content::Text(text) => out.push(text.into_owned()),
                Content::Element(element) => {
                    out.push(format!("<{}>", element.name()));
                    flat(xml, out);
                    out.push("/".to_owned());
                }
            }
        }
    }

    fn check(text: &str, expected: &[&str], damaged: bool) {
        let mut xml = Xml::new(text);
        let mut out = Vec::new();
        flat(&mut xml, &mut out);
        assert_eq!(
            (out.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), xml.is_damaged()),
            (expected, damaged)
        );
    }

    #[test]
    fn elements_lose_their_prefix_and_references_are_resolved() {
        check(
            "<?xml version='1.0'?><w:a>x &amp; y&#x20AC;<b/></w:a>",
            &["<a>", "x ", "&", " y", "€", "<b>", "/", "/"],
            false,
        );
        check("<a><![CDATA[1 < 2]]></a>", &["<a>", "1 < 2", "/"], false);
    }

    #[test]
    fn entities_of_a_document_type_are_not_expanded() {
        let bomb =
            "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><a>x&b;&c;</a>";
        check(bomb, &["<a>", "x", "", "", "/"], false);
    }

    #[test]
    fn damage_ends_the_stream_and_keeps_what_stood_before() {
        check("<a>x<b></a>", &["<a>", "x", "<b>", "/", "/"], true);
        check("<a>x", &["<a>", "x", "/"], true);
        let deep = "<a>".repeat(MOST_DEPTH + 1);
        let mut xml = Xml::new(&deep);
        flat(&mut xml, &mut Vec::new());
        assert!(xml.is_damaged());
    }

    #[test]
    fn a_file_is_decoded_by_its_mark() {
        for bytes in [b"\xff\xfe<\0\xe9\0".as_slice(), b"\xfe\xff\0<\0\xe9", b"<\xc3\xa9", b"<\xe9"] {
            assert_eq!(decode(bytes.to_vec()), "<é");
        }
    }
}
