//! An uploaded document, as the store knows it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::DocumentId;
use crate::office;

/// A kind of file that sheaf takes, judged by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MediaType {
    /// `application/pdf`
    #[serde(rename = "application/pdf")]
    Pdf,
    /// A word-processing document in Office Open XML, macros or not.
    #[serde(rename = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    Docx,
    /// A spreadsheet in Office Open XML, macros or not.
    #[serde(rename = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")]
    Xlsx,
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/jpeg`
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/tiff`, of one page or several
    #[serde(rename = "image/tiff")]
    Tiff,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    Webp,
    /// Nothing that sheaf reads. Uploads of it are refused; the command line takes it in, so that a batch lists it as
    /// failed instead of stopping at it.
    #[serde(rename = "application/octet-stream")]
    Other,
}

impl MediaType {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Pdf, Self::Docx, Self::Xlsx, Self::Png, Self::Jpeg, Self::Tiff, Self::Webp, Self::Other];

    /// The kind of a file from its first bytes; `None` where it is none that sheaf reads.
    ///
    /// A PDF's header may stand anywhere in the first 1,024 bytes (ISO 32000-1, annex H). An office file is a zip
    /// archive that names its main part. An encrypted one does not tell which kind it is and counts as [`Docx`](Self::Docx):
    /// reading it says that it is encrypted.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => return Some(Self::Jpeg),
            // Classic and BigTIFF, in either byte order.
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => return Some(Self::Tiff),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => return Some(Self::Webp),
            _ => {}
        }
        let head = &bytes[..bytes.len().min(1024)];
        if head.windows(5).any(|window| window == b"%PDF-") {
            return Some(Self::Pdf);
        }
        office::sniff(bytes)
    }

    /// The name used in HTTP headers and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Webp => "image/webp",
            Self::Other => "application/octet-stream",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media_type| media_type.as_str() == name)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A document's row: what is known of it without reading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentInfo {
    /// Its id.
    pub id: DocumentId,
    /// The name it was uploaded under, made safe: no path, no control characters, at most 255 bytes.
    pub filename: String,
    /// Judged by content.
    pub media_type: MediaType,
    /// Length of the file.
    pub bytes: u64,
    /// Of the file, in hex.
    pub sha256: String,
    /// Number of pages, once the document has been read.
    pub pages: Option<u32>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// A name that is safe to store, to show and to offer as a download: the last part of a path, without
/// control characters, at most 255 bytes (the extension kept); `document` where nothing is left.
#[must_use]
pub fn safe_filename(name: &str) -> String {
    const LONGEST: usize = 255;
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let clean: String =
        last.chars().map(|c| if c.is_control() || is_invisible(c) { '_' } else { c }).collect();
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() {
        return "document".to_owned();
    }
    if clean.len() <= LONGEST {
        return clean.to_owned();
    }
    let extension = match clean.rfind('.') {
        Some(dot) if clean.len() - dot <= 10 => &clean[dot..],
        _ => "",
    };
    let mut end = LONGEST - extension.len();
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &clean[..end])
}

/// Marks that change how a name is displayed without being seen (direction overrides, line separators).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filename_keeps_no_path_and_no_control_character() {
        for (given, expected) in [
            ("invoice.pdf", "invoice.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\scans\\a.pdf", "a.pdf"),
            ("two\nlines\r.pdf", "two_lines_.pdf"),
            ("cod\u{202e}fdp.exe", "cod_fdp.exe"),
            ("..", "document"),
            ("", "document"),
            ("a/b/", "document"),
            ("Rechnung März.pdf", "Rechnung März.pdf"),
        ] {
            assert_eq!(safe_filename(given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_long_filename_is_cut_and_keeps_its_extension() {
        let name = safe_filename(&format!("{}.pdf", "ä".repeat(300)));
        assert!(name.len() <= 255 && name.ends_with("ä.pdf"), "{name}");
    }

    #[test]
    fn an_image_is_known_by_its_content_and_every_kind_by_its_name() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some(MediaType::Png)),
            (b"\xff\xd8\xff\xe0", Some(MediaType::Jpeg)),
            (b"II*\0....", Some(MediaType::Tiff)),
            (b"MM\0*....", Some(MediaType::Tiff)),
            (b"II+\0....", Some(MediaType::Tiff)),
            (b"RIFF....WEBPVP8 ", Some(MediaType::Webp)),
            (b"RIFF....WAVEfmt ", None),
            (b"GIF89a", None),
        ] {
            assert_eq!(MediaType::sniff(bytes), expected, "{bytes:?}");
        }
        for media_type in MediaType::ALL {
            assert_eq!(MediaType::from_name(media_type.as_str()), Some(media_type));
        }
    }

    #[test]
    fn a_pdf_is_known_by_its_content() {
        assert_eq!(MediaType::sniff(b"%PDF-1.7\n"), Some(MediaType::Pdf));
        assert_eq!(MediaType::sniff(b"\n\njunk%PDF-1.4"), Some(MediaType::Pdf));
        assert_eq!(MediaType::sniff(b"hello"), None);
        assert_eq!(MediaType::sniff(b""), None);
    }
}
