//! Telling office files by their content.
//!
//! An Office Open XML file is a zip archive (ISO/IEC 29500-2); the names in its central directory say what it is, so
//! that nothing has to be unpacked. An encrypted one is a compound file (MS-CFB) with a stream of a known name.

use crate::document::MediaType;

/// The first bytes of a compound file.
const COMPOUND_FILE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// The stream that holds an encrypted office file (MS-OFFCRYPTO, 1.3.2).
const ENCRYPTED_STREAM: &str = "EncryptedPackage";

/// The end record of a zip archive: its signature and its length without the comment, in bytes.
const END_RECORD: (&[u8], usize) = (b"PK\x05\x06", 22);
const LONGEST_COMMENT: usize = u16::MAX as usize;
/// An entry of the central directory: its signature and its length without names and comment, in bytes.
const ENTRY: (&[u8], usize) = (b"PK\x01\x02", 46);
/// Entries looked at; office files have tens, rarely hundreds.
const MOST_ENTRIES: usize = 10_000;

/// The kind of an office file; `None` where it is none that sheaf reads.
pub(crate) fn sniff(bytes: &[u8]) -> Option<MediaType> {
    if is_encrypted(bytes) {
        return Some(MediaType::Docx);
    }
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let mut has_types = false;
    let mut kind = None;
    for name in entry_names(bytes).take(MOST_ENTRIES) {
        // Some writers number the main part.
        let is_main = |part: &[u8]| name.starts_with(part) && name.ends_with(b".xml");
        if name == b"[Content_Types].xml" {
            has_types = true;
        } else if is_main(b"word/document") {
            kind = Some(MediaType::Docx);
        } else if is_main(b"xl/workbook") {
            kind = Some(MediaType::Xlsx);
        }
    }
    kind.filter(|_| has_types)
}

/// Whether a file is an encrypted office file of either kind.
#[must_use]
pub fn is_encrypted(bytes: &[u8]) -> bool {
    let name: Vec<u8> = ENCRYPTED_STREAM.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.starts_with(&COMPOUND_FILE) && bytes.windows(name.len()).any(|window| window == name)
}

/// The names in a zip archive's central directory, as far as it is well formed.
fn entry_names(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = central_directory(bytes).unwrap_or_default();
    std::iter::from_fn(move || {
        let (signature, length) = ENTRY;
        let entry = rest.get(..length).filter(|entry| entry.starts_with(signature))?;
        let size = |at| usize::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        let (name, extra, comment) = (size(28), size(30), size(32));
        let name = rest.get(length..length + name)?;
        rest = rest.get(length + name.len() + extra + comment..).unwrap_or_default();
        Some(name)
    })
}

fn central_directory(bytes: &[u8]) -> Option<&[u8]> {
    let (signature, length) = END_RECORD;
    let tail = bytes.len().saturating_sub(length + LONGEST_COMMENT);
    let end = tail + bytes[tail..].windows(signature.len()).rposition(|window| window == signature)?;
    let record = bytes.get(end..end + length)?;
    let size = u32::from_le_bytes([record[12], record[13], record[14], record[15]]);
    // Counted back from the end record, so that it is found whatever stands before the archive.
    bytes.get(end.checked_sub(size as usize)?..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A central directory and end record for these names, without the files themselves.
    fn archive(names: &[&str], comment: &[u8]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        let start = bytes.len();
        for name in names {
            let mut entry = [0_u8; 46];
            entry[..4].copy_from_slice(ENTRY.0);
            entry[28..30].copy_from_slice(&(name.len() as u16).to_le_bytes());
            entry[30] = 3;
            bytes.extend_from_slice(&entry);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b"xyz");
        }
        let mut end = [0_u8; 22];
        end[..4].copy_from_slice(END_RECORD.0);
        end[12..16].copy_from_slice(&((bytes.len() - start) as u32).to_le_bytes());
        bytes.extend_from_slice(&end);
        bytes.extend_from_slice(comment);
        bytes
    }

    #[test]
    fn an_office_file_is_known_by_its_main_part() {
        let types = "[Content_Types].xml";
        for (names, expected) in [
            (&[types, "word/document.xml"][..], Some(MediaType::Docx)),
            (&[types, "word/document2.xml"], Some(MediaType::Docx)),
            (&["_rels/.rels", "xl/workbook.xml", types], Some(MediaType::Xlsx)),
            (&["word/document.xml"], None),
            (&[types, "ppt/presentation.xml"], None),
            (&["a.txt"], None),
            (&[], None),
        ] {
            assert_eq!(MediaType::sniff(&archive(names, b"")), expected, "{names:?}");
            assert_eq!(MediaType::sniff(&archive(names, b"a comment")), expected, "{names:?}");
        }
    }

    #[test]
    fn a_damaged_archive_is_nothing_and_panics_nowhere() {
        let whole = archive(&["[Content_Types].xml", "word/document.xml"], b"");
        for end in 0..whole.len() {
            assert_eq!(MediaType::sniff(&whole[..end]), None, "{end}");
        }
        let mut wrong = whole.clone();
        let size = wrong.len() - 10;
        wrong[size..size + 4].fill(0xff);
        assert_eq!(MediaType::sniff(&wrong), None);
    }

    #[test]
    fn an_encrypted_office_file_is_told_from_other_compound_files() {
        let mut bytes = COMPOUND_FILE.to_vec();
        bytes.extend(std::iter::repeat_n(0, 600));
        assert_eq!(MediaType::sniff(&bytes), None);
        bytes.extend(ENCRYPTED_STREAM.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(MediaType::sniff(&bytes), Some(MediaType::Docx));
        assert!(is_encrypted(&bytes));
    }
}
