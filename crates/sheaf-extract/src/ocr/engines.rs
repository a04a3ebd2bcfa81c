//! The engines of this machine, and what is missing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sheaf_types::{Document, TextSource};

use super::paddle::Paddle;
use super::tesseract::{Tesseract, Unusable};

/// Where Debian and others keep Tesseract's data.
const TESSDATA: [&str; 5] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
];
/// Data of the orientation detector.
const ORIENTATION: &str = "osd";

/// What recognises scans, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrConfig {
    /// Languages of the documents, in Tesseract's names (`eng`, `deu`), the likeliest first. Each costs time on
    /// every page.
    pub languages: Vec<String>,
    /// Folder of `*.traineddata` files; `None` looks where systems keep them.
    pub tessdata: Option<PathBuf>,
    /// Folder of the PP-OCR models; `None` does without.
    pub models: Option<PathBuf>,
}

impl Default for OcrConfig {
    fn default() -> Self {
        Self { languages: ["eng", "deu", "fra"].map(String::from).to_vec(), tessdata: None, models: None }
    }
}

/// Something that the configuration asks for and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The library of Tesseract 5.
    #[error("tesseract is not installed; run: apt-get install libtesseract5 tesseract-ocr-eng")]
    Tesseract,
    /// The folder of Tesseract's data.
    #[error("tesseract has no data; run: apt-get install {package}", package = package(.0))]
    Data(String),
    /// The data of a language.
    #[error("tesseract does not have the language {0}; run: apt-get install {package}", package = package(.0))]
    Language(String),
    /// The data that shows which way is up.
    #[error("turned pages are not noticed; run: apt-get install tesseract-ocr-osd")]
    Orientation,
    /// The PP-OCR models.
    #[error("receipts and bad scans are read less well without the models in {}; run: scripts/setup ocr", .0.display())]
    Models(PathBuf),
}

/// Debian's package of a language.
fn package(language: &str) -> String {
    format!("tesseract-ocr-{}", language.to_lowercase().replace('_', "-"))
}

/// What recognises the words of a page, loaded and ready; cheap to clone.
#[derive(Clone, Default)]
pub struct Engines {
    pub(super) tesseract: Option<Arc<Mutex<Tesseract>>>,
    pub(super) paddle: Option<Arc<Paddle>>,
    names: [Option<String>; 2],
    missing: Vec<Missing>,
}

impl Engines {
    /// Loads what is there of what is asked for. It takes tenths of a second and some 100 MB: do it once.
    ///
    /// Call it before the process starts threads: it sets `OMP_THREAD_LIMIT` where that is not set.
    #[must_use]
    pub fn load(config: &OcrConfig) -> Self {
        let mut engines = Self::default();
        engines.load_tesseract(config);
        if let Some(folder) = &config.models {
            match Paddle::load(folder) {
                Some(paddle) => {
                    engines.names[1] = Some(super::paddle::NAME.to_owned());
                    engines.paddle = Some(Arc::new(paddle));
                }
                None => engines.missing.push(Missing::Models(folder.clone())),
            }
        }
        engines
    }

    fn load_tesseract(&mut self, config: &OcrConfig) {
        let first = || config.languages.first().cloned().unwrap_or_else(|| "eng".to_owned());
        let Some(folder) = config.tessdata.clone().or_else(tessdata) else {
            // Without data, it shows only by loading the library whether that is there.
            self.missing.push(match Tesseract::load(Path::new("/"), &[], false) {
                Err(Unusable::Library) => Missing::Tesseract,
                _ => Missing::Data(first()),
            });
            return;
        };
        let has = |language: &str| folder.join(format!("{language}.traineddata")).is_file();
        let is_name = |language: &str| {
            !language.is_empty() && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (there, missing): (Vec<&str>, Vec<&str>) = config
            .languages
            .iter()
            .map(String::as_str)
            .partition(|language| is_name(language) && has(language));
        self.missing.extend(missing.into_iter().map(|language| Missing::Language(language.to_owned())));
        if there.is_empty() {
            return;
        }
        let orients = has(ORIENTATION);
        if !orients {
            self.missing.push(Missing::Orientation);
        }
        match Tesseract::load(&folder, &there, orients) {
            Ok(tesseract) => {
                self.names[0] = Some(format!("tesseract {} ({})", tesseract.version(), there.join("+")));
                self.tesseract = Some(Arc::new(Mutex::new(tesseract)));
            }
            Err(Unusable::Library) => self.missing.push(Missing::Tesseract),
            Err(Unusable::Data) => self.missing.push(Missing::Data(first())),
        }
    }

    /// What was asked for and is not there.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Whether a scan can be read at all.
    #[must_use]
    pub fn can_read(&self) -> bool {
        self.tesseract.is_some() || self.paddle.is_some()
    }

    /// Names and versions of the engines that are loaded.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().flatten().map(String::as_str).collect()
    }

    /// Names and versions of the engines that gave words of this document; `None` where none did.
    #[must_use]
    pub fn used_on(&self, document: &Document) -> Option<String> {
        let gave =
            |source| document.pages.iter().flat_map(|page| &page.words).any(|word| word.source == source);
        let used: Vec<&str> = [TextSource::Tesseract, TextSource::Paddle]
            .into_iter()
            .zip(&self.names)
            .filter_map(|(source, name)| name.as_deref().filter(|_| gave(source)))
            .collect();
        (!used.is_empty()).then(|| used.join(", "))
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engines").field("names", &self.names).field("missing", &self.missing).finish()
    }
}

fn tessdata() -> Option<PathBuf> {
    let named = std::env::var_os("TESSDATA_PREFIX").map(PathBuf::from);
    named.into_iter().chain(TESSDATA.map(PathBuf::from)).find(|folder| folder.is_dir())
}
