//! From an image file to its pages as pixels: as displayed, on white.

use std::io::Cursor;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use sheaf_types::{MediaType, Page, PageWarning};

use super::{Limits, ReadError};

/// Tag of a directory that says what kind of page it is; the first bit marks a smaller copy of another page.
const NEW_SUBFILE_TYPE: u16 = 254;
const REDUCED: u32 = 1;
/// Sides of a sheet of paper: the longer is 1.25 (4:5 photographs are taken of sheets) to 1.6 times the shorter.
const SHEET_RATIO: std::ops::RangeInclusive<f32> = 1.2..=1.6;
/// Shorter side of a sheet and width of a till roll, in points (A4; 80 mm).
const SHEET_WIDTH: f32 = 595.0;
const ROLL_WIDTH: f32 = 227.0;

/// One page of an image file.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) pixels: RgbImage,
    /// The file ends before the image does.
    pub(super) is_cut: bool,
}

/// The pages of an image file, decoded one at a time.
#[derive(Debug)]
pub(super) struct Pictures {
    bytes: Vec<u8>,
    format: ImageFormat,
    /// Where the directories of a TIFF's pages are.
    directories: Vec<u64>,
    max_pixels: u64,
}

impl Pictures {
    /// # Errors
    /// [`ReadError`] where the file has no page, or more than the limit.
    pub(super) fn new(bytes: &[u8], media_type: MediaType, limits: &Limits) -> Result<Self, ReadError> {
        let format = match media_type {
            MediaType::Png => ImageFormat::Png,
            MediaType::Jpeg => ImageFormat::Jpeg,
            MediaType::Tiff => ImageFormat::Tiff,
            MediaType::Webp => ImageFormat::WebP,
            MediaType::Pdf | MediaType::Other => return Err(ReadError::UnsupportedType),
        };
        let mut directories = Vec::new();
        if format == ImageFormat::Tiff {
            directories = Tiff::new(bytes).map(|tiff| tiff.pages(limits.max_pages)).unwrap_or_default();
            if directories.is_empty() {
                return Err(ReadError::Corrupt);
            }
            if directories.len() > limits.max_pages {
                return Err(ReadError::TooManyPages { pages: directories.len(), limit: limits.max_pages });
            }
        }
        Ok(Self { bytes: bytes.to_vec(), format, directories, max_pixels: limits.max_pixels_per_page })
    }

    pub(super) fn len(&self) -> usize {
        self.directories.len().max(1)
    }

    /// Decodes a page, counted from 0.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be decoded or has more pixels than the limit.
    pub(super) fn decode(&mut self, page: usize) -> Result<Picture, ReadError> {
        // The decoder reads the page that the file's header names: let it name this one.
        if let Some(&directory) = self.directories.get(page)
            && let Some(tiff) = Tiff::new(&self.bytes)
        {
            let (field, offset) = tiff.first_directory_field(directory);
            self.bytes[field].copy_from_slice(&offset);
        }
        let mut limits = image::Limits::default();
        // Decoders hold up to 16 bytes a pixel (four channels as 32-bit floats).
        limits.max_alloc = Some(self.max_pixels.saturating_mul(16));
        let mut reader = ImageReader::with_format(Cursor::new(&*self.bytes), self.format);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| fault(&error))?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(ReadError::TooManyPixels { width, height, limit: self.max_pixels });
        }
        let orientation = decoder.orientation().ok();
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| fault(&error))?;
        if let Some(orientation) = orientation {
            image.apply_orientation(orientation);
        }
        let is_cut = self.format == ImageFormat::Jpeg && is_cut_jpeg(&self.bytes);
        Ok(Picture { pixels: on_white(image), is_cut })
    }
}

/// The page that a picture shows, without its words.
///
/// Resolutions stated in images are often wrong or
/// missing, so its size is that of the paper which its shape suggests: a sheet, or a till roll.
pub(super) fn page(number: u32, picture: &Picture) -> Page {
    let (width, height) = picture.pixels.dimensions();
    let (width, height) = (width.max(1) as f32, height.max(1) as f32);
    let (short, long) = (width.min(height), width.max(height));
    let points = if SHEET_RATIO.contains(&(long / short)) { SHEET_WIDTH } else { ROLL_WIDTH } / short;
    let mut warnings = vec![PageWarning::Scanned];
    if picture.is_cut {
        warnings.push(PageWarning::Damaged);
    }
    Page {
        number,
        width: width * points,
        height: height * points,
        words: Vec::new(),
        rules: Vec::new(),
        warnings,
    }
}

fn fault(error: &ImageError) -> ReadError {
    match error {
        ImageError::Unsupported(_) => ReadError::UnsupportedEncoding,
        _ => ReadError::Corrupt,
    }
}

/// What is transparent shows the paper.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    let mut pixels = RgbImage::new(image.width(), image.height());
    for (from, to) in image.pixels().zip(pixels.pixels_mut()) {
        let [r, g, b, alpha] = from.0.map(u32::from);
        to.0 = [r, g, b].map(|c| ((c * alpha + 255 * (255 - alpha)) / 255) as u8);
    }
    pixels
}

/// Whether a JPEG lacks the end of its last scan: the decoder fills the rest with grey, without an error.
fn is_cut_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    match (last(START_OF_SCAN), last(END_OF_IMAGE)) {
        (Some(scan), Some(end)) => end < scan,
        (scan, end) => scan.is_some() && end.is_none(),
    }
}

/// A TIFF's chain of directories (TIFF 6.0, section 2; BigTIFF).
struct Tiff<'a> {
    bytes: &'a [u8],
    is_little_endian: bool,
    is_big_tiff: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let is_little_endian = bytes.starts_with(b"II");
        let mut tiff = Self { bytes, is_little_endian, is_big_tiff: false };
        tiff.is_big_tiff = tiff.number(2, 2)? == 43;
        Some(tiff)
    }

    /// Offsets of the directories that are pages, at most one more than `most`.
    fn pages(&self, most: usize) -> Vec<u64> {
        let (count_size, entry_size, offset_size) = self.sizes();
        let mut pages = Vec::new();
        let mut seen = Vec::new();
        let mut next = self.number(self.first_directory_place(), offset_size);
        while let Some(offset) = next.filter(|&offset| offset != 0 && !seen.contains(&offset)) {
            if pages.len() > most || seen.len() > 2 * most {
                break;
            }
            seen.push(offset);
            let Ok(start) = usize::try_from(offset) else { break };
            let Some(count) = self.number(start, count_size).and_then(|n| usize::try_from(n).ok()) else {
                break;
            };
            let entries = start + count_size;
            let Some(end) = count.checked_mul(entry_size).and_then(|length| entries.checked_add(length))
            else {
                break;
            };
            let is_reduced = (0..count.min(100)).any(|i| {
                let entry = entries + i * entry_size;
                self.number(entry, 2) == Some(NEW_SUBFILE_TYPE.into())
                    && self.number(entry + 4 + offset_size, 4).is_some_and(|kind| kind as u32 & REDUCED != 0)
            });
            if !is_reduced {
                pages.push(offset);
            }
            next = self.number(end, offset_size);
        }
        pages
    }

    /// The header's field that names the first directory, and the bytes with which it names `directory`.
    fn first_directory_field(&self, directory: u64) -> (std::ops::Range<usize>, Vec<u8>) {
        let (place, (_, _, size)) = (self.first_directory_place(), self.sizes());
        let bytes = if self.is_little_endian {
            directory.to_le_bytes()[..size].to_vec()
        } else {
            directory.to_be_bytes()[8 - size..].to_vec()
        };
        (place..place + size, bytes)
    }

    fn first_directory_place(&self) -> usize {
        if self.is_big_tiff { 8 } else { 4 }
    }

    /// Bytes of a directory's count, of an entry, and of an offset.
    fn sizes(&self) -> (usize, usize, usize) {
        if self.is_big_tiff { (8, 20, 8) } else { (2, 12, 4) }
    }

    fn number(&self, place: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(place..place.checked_add(size)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little_endian { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }
}
