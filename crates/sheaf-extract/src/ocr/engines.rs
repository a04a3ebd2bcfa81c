//! The engines of this machine, and what is missing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sheaf_types::{Document, TextSource};

use super::paddle::Paddle;
use super::tesseract::{ORIENTATION, Tesseract};

/// Where Debian and others keep Tesseract's data.
const TESSDATA: [&str; 5] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
];

/// What recognises scans, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcrConfig {
    /// Languages of the documents, in Tesseract's names (`eng`, `deu`), the likeliest first: it is tried first, and
    /// each page is read in the one that it turns out to be in.
    pub languages: Vec<String>,
    /// Folder of `*.traineddata` files; `None` looks where systems keep them.
    pub tessdata: Option<PathBuf>,
    /// Folder of the PP-OCR models; `None` does without.
    pub models: Option<PathBuf>,
}

impl Default for OcrConfig {
    fn default() -> Self {
        let languages = ["eng", "deu", "fra", "spa", "ita", "por", "nld"].map(String::from).to_vec();
        Self { languages, tessdata: None, models: None }
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
    #[error("scans are read less well without the models in {}; run: scripts/setup ocr", .0.display())]
    Models(PathBuf),
}

/// Debian's package of a language.
fn package(language: &str) -> String {
    format!("tesseract-ocr-{}", language.to_lowercase().replace('_', "-"))
}

/// What recognises the words of a page; cheap to clone.
///
/// The library is loaded at once, data of languages and models when a page first needs them.
#[derive(Clone, Default)]
pub struct Engines {
    pub(super) tesseract: Option<Arc<Mutex<Tesseract>>>,
    pub(super) paddle: Option<Arc<Paddle>>,
    /// Those of the configuration that are installed.
    pub(super) languages: Vec<String>,
    tessdata: Option<PathBuf>,
    models: Option<PathBuf>,
    version: Option<String>,
    missing: Vec<Missing>,
}

impl Engines {
    /// Finds what is there of what is asked for.
    ///
    /// Call it before the process starts threads: it sets an environment variable for the library while that loads.
    #[must_use]
    pub fn load(config: &OcrConfig) -> Self {
        let mut engines = Self::default();
        if !config.languages.is_empty() {
            engines.load_tesseract(config);
        }
        if let Some(folder) = &config.models {
            match Paddle::find(folder) {
                Some(paddle) => {
                    engines.paddle = Some(Arc::new(paddle));
                    engines.models = Some(folder.clone());
                }
                None => engines.missing.push(Missing::Models(folder.clone())),
            }
        }
        engines
    }

    fn load_tesseract(&mut self, config: &OcrConfig) {
        let Some(folder) = config.tessdata.clone().or_else(tessdata) else {
            // Without data, it shows only by loading the library whether that is there.
            self.missing.push(match Tesseract::load(Path::new("/")) {
                None => Missing::Tesseract,
                Some(_) => Missing::Data(config.languages[0].clone()),
            });
            return;
        };
        let Some(tesseract) = Tesseract::load(&folder) else {
            self.missing.push(Missing::Tesseract);
            return;
        };
        self.version = Some(tesseract.version());
        self.tesseract = Some(Arc::new(Mutex::new(tesseract)));
        let has_orientation = has(&folder, ORIENTATION);
        self.tessdata = Some(folder);
        self.choose(&config.languages);
        if !has_orientation {
            self.missing.push(Missing::Orientation);
        }
    }

    /// Keeps the installed ones of some languages, and notes the others as missing.
    fn choose(&mut self, languages: &[String]) {
        let Some(folder) = &self.tessdata else { return };
        let (there, missing) = languages.iter().cloned().partition(|language| has(folder, language));
        self.languages = there;
        self.missing.extend(Vec::<String>::into_iter(missing).map(Missing::Language));
    }

    /// The same engines for documents in certain languages, in Tesseract's names.
    ///
    /// # Errors
    /// [`Missing`] where one of them is not installed.
    pub fn in_languages(&self, languages: &[String]) -> Result<Self, Missing> {
        let mut engines = Self { missing: Vec::new(), ..self.clone() };
        if engines.tesseract.is_some() {
            engines.choose(languages);
        }
        match engines.missing.pop() {
            Some(missing) => Err(missing),
            None => Ok(engines),
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
        self.reads_in_languages() || self.paddle.is_some()
    }

    /// Whether Tesseract and the data of a language are there.
    pub(super) fn reads_in_languages(&self) -> bool {
        self.tesseract.is_some() && !self.languages.is_empty()
    }

    /// Folders that engines read while they work.
    #[must_use]
    pub fn folders(&self) -> Vec<&Path> {
        [&self.tessdata, &self.models].into_iter().flatten().map(PathBuf::as_path).collect()
    }

    /// Names and versions of the engines that are there, with Tesseract's languages.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let tesseract = self.reads_in_languages().then(|| self.name(TextSource::Tesseract)).flatten();
        let tesseract = tesseract.map(|name| format!("{name} ({})", self.languages.join(", ")));
        let paddle = self.name(TextSource::Paddle);
        tesseract.into_iter().chain(paddle).collect()
    }

    /// Names and versions of the engines that gave words of this document; `None` where none did.
    #[must_use]
    pub fn used_on(&self, document: &Document) -> Option<String> {
        let gave =
            |source| document.pages.iter().flat_map(|page| &page.words).any(|word| word.source == source);
        let sources = [TextSource::Tesseract, TextSource::Paddle].into_iter().filter(|&source| gave(source));
        let used: Vec<String> = sources.filter_map(|source| self.name(source)).collect();
        (!used.is_empty()).then(|| used.join(", "))
    }

    fn name(&self, source: TextSource) -> Option<String> {
        match source {
            TextSource::Tesseract => self.version.as_ref().map(|version| format!("tesseract {version}")),
            TextSource::Paddle => self.paddle.as_ref().map(|paddle| paddle.name().to_owned()),
            TextSource::Text | TextSource::Form => None,
        }
    }

    /// Waits for the library; it is used by one at a time.
    pub(super) fn tesseract(&self) -> Option<std::sync::MutexGuard<'_, Tesseract>> {
        // A panic elsewhere does not leave the library half-way: its calls do not unwind.
        let lock = |tesseract| Mutex::lock(tesseract).unwrap_or_else(PoisonError::into_inner);
        self.tesseract.as_deref().filter(|_| self.reads_in_languages()).map(lock)
    }
}

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engines").field("names", &self.names()).field("missing", &self.missing).finish()
    }
}

/// Whether a folder has the data of a language. A name that could lead elsewhere is none.
fn has(folder: &Path, language: &str) -> bool {
    let is_name = !language.is_empty() && language.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name && folder.join(format!("{language}.traineddata")).is_file()
}

fn tessdata() -> Option<PathBuf> {
    let named = std::env::var_os("TESSDATA_PREFIX").map(PathBuf::from);
    named.into_iter().chain(TESSDATA.map(PathBuf::from)).find(|folder| folder.is_dir())
}
