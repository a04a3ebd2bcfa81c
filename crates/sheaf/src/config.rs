//! Options that several commands share; each is an environment variable, too.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use sheaf_extract::lexicon;
use sheaf_store::{Store, StoreConfig};
use sheaf_types::{Plan, default_plans};

use crate::reader::{OcrConfig, ReaderCommand, ReaderLimits};
use crate::webhook::Addresses;

/// Where rows and blobs are kept.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Folder for the database and the files
    #[arg(long, env = "SHEAF_DATA", value_name = "FOLDER", default_value = "./sheaf-data")]
    pub data: PathBuf,
    /// Database, if not SQLite in the data folder: postgres://user:password@host/name
    #[arg(long, env = "SHEAF_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Files, if not in the data folder: file:///absolute/folder
    #[arg(long, env = "SHEAF_BLOBS_URL", value_name = "URL", hide_env_values = true)]
    pub blobs_url: Option<String>,
    /// Plans and their documents a month: free=500,pro=5000,unlimited=none
    #[arg(long, env = "SHEAF_PLANS", value_name = "PLANS", value_parser = parse_plans)]
    pub plans: Option<Plans>,
}

/// What one document may use while it is read.
#[derive(Debug, Clone, Args)]
pub struct ReaderArgs {
    /// Memory for reading one document, in MB
    #[arg(long, env = "SHEAF_MAX_MEMORY_MB", value_name = "MB", default_value_t = ReaderLimits::default().memory_mb)]
    pub max_memory_mb: u64,
    /// Seconds for reading one document
    #[arg(long, env = "SHEAF_MAX_SECONDS", value_name = "SECONDS", default_value_t = ReaderLimits::default().seconds)]
    pub max_seconds: u64,
    /// Pages of one document
    #[arg(long, env = "SHEAF_MAX_PAGES", value_name = "PAGES", default_value_t = ReaderLimits::default().pages)]
    pub max_pages: u32,
    /// Size of one file, in MB
    #[arg(long, env = "SHEAF_MAX_FILE_MB", value_name = "MB", default_value_t = ReaderLimits::default().file_bytes / 1_000_000)]
    pub max_file_mb: u64,
    /// What the parts of one file unpack to, in MB
    #[arg(long, env = "SHEAF_MAX_UNPACKED_MB", value_name = "MB", default_value_t = ReaderLimits::default().unpacked_bytes / 1_000_000)]
    pub max_unpacked_mb: u64,
    /// Things drawn on one page of a PDF
    #[arg(long, env = "SHEAF_MAX_PAGE_OBJECTS", value_name = "N", default_value_t = ReaderLimits::default().page_objects)]
    pub max_page_objects: usize,
    /// Millions of pixels of one page that is an image
    #[arg(long, env = "SHEAF_MAX_PAGE_MEGAPIXELS", value_name = "N", default_value_t = ReaderLimits::default().page_megapixels)]
    pub max_page_megapixels: u64,
    /// Seconds for recognising one scanned page
    #[arg(long, env = "SHEAF_MAX_PAGE_SECONDS", value_name = "SECONDS", default_value_t = ReaderLimits::default().page_seconds)]
    pub max_page_seconds: u64,
    /// What recognises scans
    #[command(flatten)]
    pub ocr: OcrArgs,
    /// File with labels of your own, written like those that `sheaf labels` prints
    #[arg(long, env = "SHEAF_LABELS", value_name = "FILE")]
    pub labels: Option<PathBuf>,
}

/// What recognises scans.
#[derive(Debug, Clone, Args)]
pub struct OcrArgs {
    /// Languages of scans in Tesseract's names, the likeliest first; each page is read in the one it shows
    #[arg(long, env = "SHEAF_OCR_LANGUAGES", value_name = "LANGUAGES", value_delimiter = ',', default_values_t = OcrConfig::default().languages)]
    pub ocr_languages: Vec<String>,
    /// Folder of Tesseract's data [default: where the system keeps it]
    #[arg(long, env = "TESSDATA_PREFIX", value_name = "FOLDER")]
    pub tessdata: Option<PathBuf>,
    /// Folder of the PP-OCR models [default: ~/.local/share/sheaf/models]
    #[arg(long, env = "SHEAF_MODELS", value_name = "FOLDER")]
    pub models: Option<PathBuf>,
}

/// How many documents are read at a time.
#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// Documents read in parallel; 0 reads none here [default: one a core]
    #[arg(long, env = "SHEAF_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
}

/// Whom webhooks may reach.
#[derive(Debug, Clone, Args)]
pub struct WebhookArgs {
    /// Let webhooks go to addresses in private networks, too
    #[arg(long, env = "SHEAF_WEBHOOKS_ALLOW_PRIVATE")]
    pub webhooks_allow_private: bool,
}

/// A list of plans; a type of its own so that the command line takes it as one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans(pub Vec<Plan>);

impl StoreArgs {
    /// Opens the store, and makes it where it is not there yet.
    ///
    /// # Errors
    /// Where the folder cannot be made or the database not be opened.
    pub async fn open(&self) -> Result<Store> {
        let config = StoreConfig {
            database_url: match &self.database_url {
                Some(url) => url.clone(),
                None => format!("sqlite://{}", self.data_folder()?.join("sheaf.sqlite").display()),
            },
            blobs_url: match &self.blobs_url {
                Some(url) => url.clone(),
                None => format!("file://{}", self.data_folder()?.join("blobs").display()),
            },
            plans: self.plans.clone().map_or_else(default_plans, |plans| plans.0),
        };
        Ok(Store::open(&config).await?)
    }

    /// The data folder's absolute path; made, for its owner only, where it is missing.
    fn data_folder(&self) -> Result<PathBuf> {
        make_private_folder(&self.data)
            .with_context(|| format!("cannot make the data folder {}", self.data.display()))?;
        Ok(fs::canonicalize(&self.data)?)
    }
}

impl ReaderArgs {
    /// The limits as numbers.
    #[must_use]
    pub fn limits(&self) -> ReaderLimits {
        ReaderLimits {
            memory_mb: self.max_memory_mb,
            seconds: self.max_seconds,
            pages: self.max_pages,
            page_seconds: self.max_page_seconds,
            page_megapixels: self.max_page_megapixels,
            page_objects: self.max_page_objects,
            file_bytes: self.max_file_mb.saturating_mul(1_000_000),
            unpacked_bytes: self.max_unpacked_mb.saturating_mul(1_000_000),
        }
    }

    /// How readers with these limits are started. The labels of the user's own are known to this process from then on, too.
    ///
    /// # Errors
    /// Where the file of labels cannot be read or has a fault.
    pub fn command(&self) -> Result<ReaderCommand> {
        let labels = self.labels.as_deref().map(own_labels).transpose()?;
        let command = ReaderCommand::this_binary(self.limits(), self.ocr.config());
        Ok(command.with_labels(labels.unwrap_or_default()))
    }
}

impl OcrArgs {
    /// The languages and folders asked for, or the usual ones.
    #[must_use]
    pub fn config(&self) -> OcrConfig {
        OcrConfig {
            languages: self.ocr_languages.iter().map(|language| language.trim().to_owned()).collect(),
            tessdata: self.tessdata.clone(),
            models: self.models.clone().or_else(models_folder),
        }
    }
}

/// The text of a file of labels, which this process knows now.
fn own_labels(path: &Path) -> Result<String> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read the labels in {}", path.display()))?;
    lexicon::extend(&text).with_context(|| format!("cannot use the labels in {}", path.display()))?;
    Ok(text)
}

/// Where `scripts/setup ocr` puts the models of this user.
fn models_folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
    Some(data.or_else(home)?.join("sheaf/models"))
}

impl WebhookArgs {
    /// Where webhooks may go.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        if self.webhooks_allow_private { Addresses::All } else { Addresses::Public }
    }
}

impl WorkerArgs {
    /// The number asked for, or one a core.
    #[must_use]
    pub fn count(&self) -> usize {
        self.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn parse_plans(text: &str) -> Result<Plans> {
    let mut plans = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, limit)) = part.split_once('=') else {
            bail!("expected NAME=DOCUMENTS, such as pro=5000 or unlimited=none, got {part:?}");
        };
        let limit = match limit.trim() {
            "none" => None,
            number => Some(number.parse().with_context(|| format!("{number:?} is no number of documents"))?),
        };
        plans.push(Plan { name: name.trim().to_owned(), limit });
    }
    if plans.is_empty() {
        bail!("expected at least one plan, such as free=500");
    }
    Ok(Plans(plans))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_names_with_numbers_or_none() {
        let plan = |name: &str, limit| Plan { name: name.to_owned(), limit };
        let plans = parse_plans("free=10, unlimited=none").unwrap();
        assert_eq!(plans.0, [plan("free", Some(10)), plan("unlimited", None)]);
        for faulty in ["", "free", "free=many", "free=-1"] {
            assert!(parse_plans(faulty).is_err(), "{faulty:?}");
        }
    }
}
