//! Office Open XML packages: a zip archive of parts that refer to each other (ISO/IEC 29500-2).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{Limits, ReadError};
use crate::xml::{Xml, decode};

/// Files in an archive; office documents have tens, those full of pictures thousands.
const MOST_ENTRIES: usize = 20_000;

/// An archive, and how much of it may still be unpacked.
pub(super) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    room: u64,
    limit: u64,
}

/// What a part refers to, by the id of the reference.
pub(super) struct Relationships(BTreeMap<String, Relationship>);

/// A reference to another part.
pub(super) struct Relationship {
    /// The last segment of its type, such as `worksheet`.
    pub(super) kind: String,
    /// The path of the part.
    pub(super) target: String,
}

impl<'b> Package<'b> {
    pub(super) fn open(bytes: &'b [u8], limits: &Limits) -> Result<Self, ReadError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ReadError::Corrupt)?;
        if archive.len() > MOST_ENTRIES {
            return Err(ReadError::Corrupt);
        }
        Ok(Self { archive, room: limits.max_unpacked_bytes, limit: limits.max_unpacked_bytes })
    }

    /// The text of a part; `None` where there is none of this name, or it is damaged.
    ///
    /// # Errors
    /// [`ReadError::UnpacksTooLarge`] once the parts read so far exceed the limit together, whatever sizes they claim.
    pub(super) fn part(&mut self, path: &str) -> Result<Option<String>, ReadError> {
        let Some(index) = self.index_of(path) else { return Ok(None) };
        let Ok(file) = self.archive.by_index(index) else { return Ok(None) };
        let mut bytes = Vec::new();
        let outcome = file.take(self.room + 1).read_to_end(&mut bytes);
        self.room = self
            .room
            .checked_sub(bytes.len() as u64)
            .ok_or(ReadError::UnpacksTooLarge { limit: self.limit })?;
        Ok(outcome.is_ok().then(|| decode(bytes)))
    }

    /// What a part refers to; nothing where it refers to nothing.
    pub(super) fn relationships(&mut self, path: &str) -> Result<Relationships, ReadError> {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let text = self.part(&format!("{folder}/_rels/{file}.rels"))?.unwrap_or_default();
        let mut xml = Xml::new(&text);
        let mut found = BTreeMap::new();
        xml.child();
        while let Some(element) = xml.child() {
            let external = element.attribute("TargetMode").is_some_and(|mode| mode == "External");
            if let (Some(id), Some(kind), Some(target), false) =
                (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"), external)
            {
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                found.insert(id, Relationship { kind, target: resolve(folder, &target) });
            }
            xml.skip();
        }
        Ok(Relationships(found))
    }

    /// Names of parts are compared without case, and some writers part folders with a backslash.
    fn index_of(&self, path: &str) -> Option<usize> {
        let path = path.trim_start_matches('/');
        self.archive.index_for_name(path).or_else(|| {
            (0..self.archive.len()).find(|&index| {
                self.archive
                    .name_for_index(index)
                    .and_then(Result::ok)
                    .is_some_and(|name| name.replace('\\', "/").eq_ignore_ascii_case(path))
            })
        })
    }
}

impl Relationships {
    /// The part that a reference's id stands for.
    pub(super) fn target(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(|relationship| &*relationship.target)
    }

    /// The part of a kind, for kinds of which there is one.
    pub(super) fn of_kind(&self, kind: &str) -> Option<&str> {
        self.0.values().find(|r| r.kind == kind).map(|r| &*r.target)
    }
}

/// A reference as seen from a folder: absolute, or relative with `..` for the folder above.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                path.pop();
            }
            "." | "" => {}
            part => path.push(part),
        }
    }
    path.join("/")
}

/// Packages for tests.
#[cfg(test)]
pub(super) mod sample {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// An archive of these files.
    pub(in crate::read) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_against_the_folder() {
        for (folder, target, expected) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/styles.xml", "xl/styles.xml"),
            ("xl/worksheets", "../drawings/a.xml", "xl/drawings/a.xml"),
            ("", "../../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolve(folder, target), expected);
        }
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_is_refused_whatever_it_claims() {
        let big = "0".repeat(3_000_000);
        let bytes = sample::zip(&[("a", &big), ("b", &big)]);
        assert!(bytes.len() < 20_000);
        let limits = Limits { max_unpacked_bytes: 5_000_000, ..Limits::default() };
        let mut package = Package::open(&bytes, &limits).unwrap();
        assert_eq!(package.part("a").unwrap().map(|text| text.len()), Some(big.len()));
        assert_eq!(package.part("b"), Err(ReadError::UnpacksTooLarge { limit: 5_000_000 }));
    }

    #[test]
    fn parts_are_found_whatever_their_case_and_slashes() {
        let bytes = sample::zip(&[("XL\\Workbook.xml", "x")]);
        let mut package = Package::open(&bytes, &Limits::default()).unwrap();
        assert_eq!(package.part("/xl/workbook.xml").unwrap().as_deref(), Some("x"));
        assert_eq!(package.part("nothing").unwrap(), None);
    }
}
