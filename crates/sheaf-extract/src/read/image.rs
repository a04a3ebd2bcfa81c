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
            MediaType::Pdf | MediaType::Docx | MediaType::Xlsx | MediaType::Other => {
                return Err(ReadError::UnsupportedType);
            }
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
        cells: Vec::new(),
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

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{GrayImage, ImageEncoder, Luma, Rgb};

    use super::*;

    /// A little-endian TIFF of grey pages, uncompressed: width, height, brightness, and the kind of page.
    fn tiff(pages: &[(u16, u16, u8, u32)]) -> Vec<u8> {
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        for (index, &(width, height, level, kind)) in pages.iter().enumerate() {
            let entries = 9_u16;
            let pixels = file.len() as u32 + 2 + u32::from(entries) * 12 + 4;
            let length = u32::from(width) * u32::from(height);
            file.extend(entries.to_le_bytes());
            let values = [
                (NEW_SUBFILE_TYPE, kind),
                (256, width.into()),
                (257, height.into()),
                (258, 8),
                (259, 1),
                (262, 1),
                (273, pixels),
                (278, height.into()),
                (279, length),
            ];
            for (tag, value) in values {
                file.extend(tag.to_le_bytes());
                file.extend(4_u16.to_le_bytes());
                file.extend(1_u32.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
            let next = if index + 1 < pages.len() { pixels + length } else { 0 };
            file.extend(next.to_le_bytes());
            file.extend(std::iter::repeat_n(level, length as usize));
        }
        file
    }

    fn decode(bytes: &[u8], media_type: MediaType) -> Result<Picture, ReadError> {
        Pictures::new(bytes, media_type, &Limits::default())?.decode(0)
    }

    #[test]
    fn each_page_of_a_tiff_is_decoded_and_small_copies_are_not() {
        let file = tiff(&[(4, 3, 10, 0), (2, 2, 99, 1), (5, 2, 200, 0), (3, 3, 30, 2)]);
        let mut pictures = Pictures::new(&file, MediaType::Tiff, &Limits::default()).unwrap();
        let pages: Vec<_> = (0..pictures.len())
            .map(|page| pictures.decode(page).unwrap().pixels)
            .map(|pixels| (pixels.width(), pixels.height(), pixels.get_pixel(0, 0).0[0]))
            .collect();
        assert_eq!(pages, [(4, 3, 10), (5, 2, 200), (3, 3, 30)]);
    }

    #[test]
    fn a_tiff_whose_directories_go_in_a_circle_ends() {
        let mut file = tiff(&[(4, 3, 10, 0)]);
        let next = 8 + 2 + 9 * 12;
        file[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(Pictures::new(&file, MediaType::Tiff, &Limits::default()).unwrap().len(), 1);
    }

    #[test]
    fn a_tiff_of_too_many_pages_is_refused() {
        let file = tiff(&[(1, 1, 0, 0); 4]);
        let limits = Limits { max_pages: 3, ..Limits::default() };
        let error = Pictures::new(&file, MediaType::Tiff, &limits).unwrap_err();
        assert_eq!(error, ReadError::TooManyPages { pages: 4, limit: 3 });
    }

    #[test]
    fn a_bomb_of_pixels_is_refused_before_it_unfolds() {
        let mut file = Cursor::new(Vec::new());
        GrayImage::new(300, 200).write_to(&mut file, ImageFormat::Png).unwrap();
        let limits = Limits { max_pixels_per_page: 59_999, ..Limits::default() };
        let mut pictures = Pictures::new(file.get_ref(), MediaType::Png, &limits).unwrap();
        let error = pictures.decode(0).unwrap_err();
        assert_eq!(error, ReadError::TooManyPixels { width: 300, height: 200, limit: 59_999 });
    }

    #[test]
    fn a_photograph_is_turned_as_its_camera_was_held() {
        // An Exif block with one entry: orientation 6, the top of the picture is at its right.
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let picture = RgbImage::from_fn(32, 16, |x, _| Rgb([if x < 16 { 0 } else { 255 }; 3]));
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new(&mut file);
        encoder.set_exif_metadata(exif.to_vec()).unwrap();
        encoder.encode_image(&picture).unwrap();
        let pixels = decode(&file, MediaType::Jpeg).unwrap().pixels;
        assert_eq!(pixels.dimensions(), (16, 32));
        assert!(pixels.get_pixel(8, 2).0[0] < 30 && pixels.get_pixel(8, 29).0[0] > 225);
    }

    #[test]
    fn half_a_jpeg_says_that_it_is_damaged() {
        let picture = GrayImage::from_fn(200, 200, |x, y| Luma([((x * 7 + y * 13) % 256) as u8]));
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
        let whole = file.into_inner();
        assert!(!decode(&whole, MediaType::Jpeg).unwrap().is_cut);
        let half = decode(&whole[..whole.len() / 2], MediaType::Jpeg).unwrap();
        assert!(half.is_cut && page(1, &half).warnings.contains(&PageWarning::Damaged));
    }

    #[test]
    fn bytes_that_only_begin_like_an_image_are_corrupt() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\nrubbish"[..], MediaType::Png),
            (b"\xff\xd8\xff\xe0rubbish", MediaType::Jpeg),
            (b"II*\0\xff\xff\xff\xff", MediaType::Tiff),
            (b"II*\0", MediaType::Tiff),
            (b"RIFF\x04\0\0\0WEBPVP8 ", MediaType::Webp),
        ] {
            assert_eq!(decode(bytes, media_type).unwrap_err(), ReadError::Corrupt, "{media_type}");
        }
    }
}
