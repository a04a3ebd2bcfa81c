//! Why a file could not be read.

use sheaf_types::ErrorCode;

/// Why a file could not be read at all. The messages never carry text of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file opens with a password only, or is encrypted in a way that is not supported.
    #[error("the file is protected by a password; save a copy without one and upload that")]
    Encrypted,
    /// The file is damaged beyond reading, or has no page.
    #[error(
        "the file is damaged or has no pages; open it in a viewer, print it to a new PDF and upload that"
    )]
    Corrupt,
    /// The bytes are not of the stated kind.
    #[error("the file is not of a supported kind; convert it to PDF and upload that")]
    UnsupportedType,
    /// The image is stored in a variant of its format that is not supported.
    #[error("the image is stored in a way that is not supported; save it as PNG and upload that")]
    UnsupportedEncoding,
    /// The file has more bytes than [`Limits::max_bytes`](super::Limits::max_bytes).
    #[error("the file is larger than {limit} bytes; split it, or raise the limit")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The file's parts unpack to more bytes than [`Limits::max_unpacked_bytes`](super::Limits::max_unpacked_bytes).
    #[error("the file unpacks to more than {limit} bytes; split it, or raise the limit")]
    UnpacksTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The document has more pages than [`Limits::max_pages`](super::Limits::max_pages).
    #[error("the document has {pages} pages, more than the {limit} allowed; split it, or raise the limit")]
    TooManyPages {
        /// Pages of the document.
        pages: usize,
        /// The limit.
        limit: usize,
    },
    /// An image has more pixels than [`Limits::max_pixels_per_page`](super::Limits::max_pixels_per_page).
    #[error(
        "the image has {width} by {height} pixels, more than the {limit} allowed; save it smaller, or raise the limit"
    )]
    TooManyPixels {
        /// Pixels a row.
        width: u32,
        /// Rows.
        height: u32,
        /// The limit, in pixels.
        limit: u64,
    },
    /// The document has fewer pages.
    #[error("the document has no such page")]
    NoSuchPage,
    /// Reading took longer than [`Limits::max_duration`](super::Limits::max_duration).
    #[error("reading took longer than {seconds} s; split the document, or raise the limit")]
    Timeout {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The reader itself failed.
    #[error("the reader failed on this file; print it to a new PDF and upload that")]
    Crashed,
}

impl ReadError {
    /// The stable code for programs.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Encrypted => ErrorCode::Encrypted,
            Self::Corrupt | Self::NoSuchPage => ErrorCode::Corrupt,
            Self::UnsupportedType | Self::UnsupportedEncoding => ErrorCode::UnsupportedType,
            Self::TooLarge { .. } | Self::UnpacksTooLarge { .. } | Self::TooManyPixels { .. } => {
                ErrorCode::FileTooLarge
            }
            Self::TooManyPages { .. } => ErrorCode::TooManyPages,
            Self::Timeout { .. } => ErrorCode::Timeout,
            Self::Crashed => ErrorCode::Crashed,
        }
    }
}
