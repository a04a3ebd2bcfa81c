//! Tesseract through its C interface, loaded at run time, so that sheaf starts without it and can say what is missing.
//!
//! The functions and constants are those of `tesseract/capi.h`, version 5.
#![expect(unsafe_code, reason = "calls into a C library")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};

use hayro_font::kurbo::Rect;
use image::GrayImage;
use libloading::Library;

use sheaf_types::TextSource;

use super::Recognised;

/// Names under which the library is looked for.
const LIBRARIES: [&str; 3] = ["libtesseract.so.5", "libtesseract.so", "libtesseract.dylib"];
/// `OEM_TESSERACT_ONLY`: the orientation data is of the older engine.
const OEM_TESSERACT_ONLY: c_int = 0;
/// `OEM_LSTM_ONLY`.
const OEM_LSTM_ONLY: c_int = 1;
/// `RIL_TEXTLINE`.
const LINE: c_int = 2;
/// `RIL_WORD`.
const WORD: c_int = 3;

/// The language whose data tells which way is up.
pub(super) const ORIENTATION: &str = "osd";
/// Languages kept ready; each holds some 20 MB.
const LANGUAGES_KEPT: usize = 3;

type Handle = *mut c_void;

/// How the page is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segmentation {
    /// `PSM_AUTO`: columns, tables, pictures.
    Page = 3,
    /// `PSM_SINGLE_BLOCK`: lines across the whole width, as on a receipt.
    Block = 6,
}

/// Declares the functions of the library that are used, and loads them by name.
macro_rules! functions {
    ($($field:ident = $name:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            /// Held so that the functions stay where they are.
            _library: Library,
        }

        impl Functions {
            fn load() -> Option<Self> {
                // SAFETY: loading runs the library's initialisers, which only register its own static data.
                let library = LIBRARIES.into_iter().find_map(|name| unsafe { Library::new(name) }.ok())?;
                Some(Self {
                    // SAFETY: the signatures are those of `capi.h`, and the library outlives the pointers: it is
                    // kept beside them.
                    $($field: *unsafe { library.get(concat!($name, "\0").as_bytes()) }.ok()?,)*
                    _library: library,
                })
            }
        }
    };
}

functions! {
    version = "TessVersion": fn() -> *const c_char;
    create = "TessBaseAPICreate": fn() -> Handle;
    delete = "TessBaseAPIDelete": fn(Handle);
    init = "TessBaseAPIInit2": fn(Handle, *const c_char, *const c_char, c_int) -> c_int;
    set_variable = "TessBaseAPISetVariable": fn(Handle, *const c_char, *const c_char) -> c_int;
    set_segmentation = "TessBaseAPISetPageSegMode": fn(Handle, c_int);
    set_image = "TessBaseAPISetImage": fn(Handle, *const u8, c_int, c_int, c_int, c_int);
    set_resolution = "TessBaseAPISetSourceResolution": fn(Handle, c_int);
    recognise = "TessBaseAPIRecognize": fn(Handle, *mut c_void) -> c_int;
    detect_orientation = "TessBaseAPIDetectOrientationScript":
        fn(Handle, *mut c_int, *mut f32, *mut *const c_char, *mut f32) -> c_int;
    clear = "TessBaseAPIClear": fn(Handle);
    iterator = "TessBaseAPIGetIterator": fn(Handle) -> *mut c_void;
    iterator_delete = "TessResultIteratorDelete": fn(*mut c_void);
    iterator_next = "TessResultIteratorNext": fn(*mut c_void, c_int) -> c_int;
    iterator_text = "TessResultIteratorGetUTF8Text": fn(*const c_void, c_int) -> *mut c_char;
    iterator_confidence = "TessResultIteratorConfidence": fn(*const c_void, c_int) -> f32;
    iterator_page = "TessResultIteratorGetPageIterator": fn(*mut c_void) -> *mut c_void;
    bounding_box = "TessPageIteratorBoundingBox":
        fn(*const c_void, c_int, *mut c_int, *mut c_int, *mut c_int, *mut c_int) -> c_int;
    text_delete = "TessDeleteText": fn(*const c_char);
    monitor_create = "TessMonitorCreate": fn() -> *mut c_void;
    monitor_delete = "TessMonitorDelete": fn(*mut c_void);
    monitor_deadline = "TessMonitorSetDeadlineMSecs": fn(*mut c_void, c_int);
}

/// The library, with the languages that were needed lately.
pub(super) struct Tesseract {
    /// One a language, the one used last at the end.
    readers: Vec<(String, Handle)>,
    /// Finds out which way is up; null until it is needed.
    orienter: Handle,
    /// Of `*.traineddata` files.
    folder: CString,
    functions: Functions,
}

// SAFETY: a handle has no tie to the thread that made it; it must only not be used by two at once, and every use
// takes `&mut self`.
unsafe impl Send for Tesseract {}

impl Tesseract {
    /// Loads the library, whose data is in a folder of `*.traineddata` files; `None` where it is not installed.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        let folder = CString::new(folder.as_os_str().as_encoded_bytes()).ok()?;
        let functions = on_one_thread(Functions::load)?;
        Some(Self { readers: Vec::new(), orienter: ptr::null_mut(), folder, functions })
    }

    /// What reads a language; null where its data cannot be used.
    fn reader(&mut self, language: &str) -> Handle {
        if let Some(index) = self.readers.iter().position(|(name, _)| name == language) {
            let reader = self.readers.remove(index);
            self.readers.push(reader);
        } else {
            if self.readers.len() >= LANGUAGES_KEPT {
                self.delete(self.readers[0].1);
                self.readers.remove(0);
            }
            let reader = self.open(&self.folder, language, OEM_LSTM_ONLY).unwrap_or(ptr::null_mut());
            self.readers.push((language.to_owned(), reader));
        }
        self.readers.last().map_or(ptr::null_mut(), |(_, reader)| *reader)
    }

    fn delete(&self, handle: Handle) {
        if !handle.is_null() {
            // SAFETY: each handle was made by the library, and is forgotten by whoever has it deleted.
            unsafe { (self.functions.delete)(handle) };
        }
    }

    fn open(&self, folder: &CStr, languages: &str, engine: c_int) -> Option<Handle> {
        let languages = CString::new(languages).ok()?;
        let f = &self.functions;
        // SAFETY: the handle is fresh, the strings end in NUL and live until the calls return; a handle that
        // could not be initialised is deleted at once.
        unsafe {
            let handle = (f.create)();
            if handle.is_null() {
                return None;
            }
            // The library writes to standard error what the caller learns from the results.
            (f.set_variable)(handle, c"debug_file".as_ptr(), c"/dev/null".as_ptr());
            if (f.init)(handle, folder.as_ptr(), languages.as_ptr(), engine) != 0 {
                (f.delete)(handle);
                return None;
            }
            Some(handle)
        }
    }

    /// The library's version.
    pub(super) fn version(&self) -> String {
        // SAFETY: the library returns a static string.
        unsafe { CStr::from_ptr((self.functions.version)()) }.to_string_lossy().into_owned()
    }

    /// The words of an image of 300 pixels an inch or so, in the library's order; none where the language's data
    /// cannot be used.
    ///
    /// The deadline is soft: the library looks at it between words.
    pub(super) fn read(
        &mut self,
        image: &GrayImage,
        language: &str,
        segmentation: Segmentation,
        deadline: Option<Instant>,
    ) -> Vec<Recognised> {
        let reader = self.reader(language);
        if reader.is_null() {
            return Vec::new();
        }
        let left = |deadline: Instant| {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            c_int::try_from(left.as_millis()).ok()
        };
        let milliseconds = deadline.and_then(left).unwrap_or(c_int::MAX);
        self.set_image(reader, image);
        let f = &self.functions;
        // SAFETY: the handle is initialised and has an image; the monitor lives until recognition has returned and
        // is deleted once; the iterator lives shorter than the results it walks, which `clear` frees.
        unsafe {
            (f.set_segmentation)(reader, segmentation as c_int);
            let monitor = (f.monitor_create)();
            (f.monitor_deadline)(monitor, milliseconds);
            let failed = (f.recognise)(reader, monitor) != 0;
            (f.monitor_delete)(monitor);
            let iterator = if failed { ptr::null_mut() } else { (f.iterator)(reader) };
            let mut words = Vec::new();
            if !iterator.is_null() {
                loop {
                    words.extend(self.word(iterator));
                    if (f.iterator_next)(iterator, WORD) == 0 {
                        break;
                    }
                }
                (f.iterator_delete)(iterator);
            }
            (f.clear)(reader);
            with_turns(parted(words))
        }
    }

    /// The quarter turns clockwise by which the page's text is turned from upright; `None` where that does not show.
    pub(super) fn turn(&mut self, image: &GrayImage) -> Option<u8> {
        if self.orienter.is_null() {
            self.orienter = self.open(&self.folder, ORIENTATION, OEM_TESSERACT_ONLY)?;
        }
        self.set_image(self.orienter, image);
        let (mut degrees, mut confidence, mut script, mut script_confidence) = (0, 0.0, ptr::null(), 0.0);
        let f = &self.functions;
        // SAFETY: the handle is initialised and has an image; the out-pointers are to locals; the script's name is
        // the library's own and not used.
        let found = unsafe {
            let found = (f.detect_orientation)(
                self.orienter,
                &raw mut degrees,
                &raw mut confidence,
                &raw mut script,
                &raw mut script_confidence,
            );
            (f.clear)(self.orienter);
            found != 0
        };
        found.then(|| (degrees / 90).rem_euclid(4) as u8)
    }

    fn set_image(&self, handle: Handle, image: &GrayImage) {
        let [width, height] = [image.width(), image.height()].map(|n| c_int::try_from(n).unwrap_or(0));
        let f = &self.functions;
        // SAFETY: the buffer holds height rows of width bytes, one byte a pixel; the library copies it.
        unsafe {
            (f.set_image)(handle, image.as_raw().as_ptr(), width, height, 1, width);
            (f.set_resolution)(handle, 300);
        }
    }

    /// The word at the iterator, if it has characters, and the bounds of its line.
    ///
    /// # Safety
    /// The iterator must be one of this library over results that still exist.
    unsafe fn word(&self, iterator: *mut c_void) -> Option<(Recognised, Rect)> {
        let f = &self.functions;
        // SAFETY: by the contract above; the page iterator is a view of the same one and is not freed; the text is
        // copied, then freed by the library; the out-pointers are to locals.
        unsafe {
            let page = (f.iterator_page)(iterator);
            let bounds = |level| {
                let [mut x0, mut y0, mut x1, mut y1] = [0; 4];
                let found = (f.bounding_box)(page, level, &raw mut x0, &raw mut y0, &raw mut x1, &raw mut y1);
                (found != 0).then(|| Rect::new(x0.into(), y0.into(), x1.into(), y1.into()))
            };
            let raw = (f.iterator_text)(iterator, WORD);
            if raw.is_null() {
                return None;
            }
            let text = CStr::from_ptr(raw).to_string_lossy().trim().to_owned();
            (f.text_delete)(raw);
            let bounds_of_word = bounds(WORD)?;
            let bounds_of_line = bounds(LINE).unwrap_or(bounds_of_word);
            let word = Recognised {
                text,
                bounds: bounds_of_word,
                confidence: ((f.iterator_confidence)(iterator, WORD) / 100.0).clamp(0.0, 1.0),
                size: bounds_of_line.height(),
                turn: 0,
                source: TextSource::Tesseract,
            };
            (!word.text.is_empty()).then_some((word, bounds_of_line))
        }
    }
}

impl Drop for Tesseract {
    fn drop(&mut self) {
        self.readers.iter().for_each(|(_, reader)| self.delete(*reader));
        self.delete(self.orienter);
    }
}

/// Ends each word where the next one of its line starts: where words touch, the library gives the first of them the box of
/// all, and the others places by the steps of its network.
fn parted(mut words: Vec<(Recognised, Rect)>) -> Vec<(Recognised, Rect)> {
    for at in 1..words.len() {
        let (before, from) = words.split_at_mut(at);
        let ((left, line), (right, next_line)) = (&mut before[at - 1], &from[0]);
        let (left, right) = (&mut left.bounds, right.bounds);
        // Not in a line that runs down the page.
        let are_beside =
            left.y1.min(right.y1) - left.y0.max(right.y0) > 0.5 * left.height().min(right.height());
        if line == next_line && are_beside && left.x0 < right.x0 && right.x0 < left.x1 {
            left.x1 = right.x0;
        }
    }
    words
}

/// Marks the words of lines that run down the page or up: the library reads them and does not say so.
fn with_turns(words: Vec<(Recognised, Rect)>) -> Vec<Recognised> {
    let is_vertical = |(word, line): &(Recognised, Rect)| {
        // A lone "I" is no vertical line.
        let letters = if *line == word.bounds { word.text.chars().count() } else { usize::MAX };
        letters >= 3 && line.height() > 1.5 * line.width()
    };
    // The words of a line come in reading order.
    let steps = words.windows(2).filter(|pair| pair[0].1 == pair[1].1 && is_vertical(&pair[0]));
    let downwards: i32 =
        steps.map(|pair| if pair[1].0.bounds.y0 > pair[0].0.bounds.y0 { 1 } else { -1 }).sum();
    let turn = if downwards >= 0 { 1 } else { 3 };
    words
        .into_iter()
        .map(|entry| match is_vertical(&entry) {
            true => Recognised { turn, size: entry.1.width(), ..entry.0 },
            false => entry.0,
        })
        .collect()
}

/// Loads the library so that it keeps to one thread: its own threads cost six times the time, and documents run in
/// parallel anyway. It looks at the variable when it is loaded; what a child reads later finds it gone.
fn on_one_thread<T>(load: impl FnOnce() -> T) -> T {
    const LIMIT: &str = "OMP_THREAD_LIMIT";
    let is_ours = std::env::var_os(LIMIT).is_none();
    if is_ours {
        // SAFETY: engines are loaded when a process starts, before it has other threads (`Engines::load` says so).
        unsafe { std::env::set_var(LIMIT, "1") };
    }
    let loaded = load();
    if is_ours {
        // SAFETY: as above.
        unsafe { std::env::remove_var(LIMIT) };
    }
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_touches_the_next_ends_where_that_starts() {
        let word = |text: &str, x0: f64, x1: f64, line: f64| {
            let bounds = Rect::new(x0, line, x1, line + 10.0);
            let word = Recognised {
                text: text.to_owned(),
                bounds,
                confidence: 0.9,
                size: 10.0,
                turn: 0,
                source: TextSource::Tesseract,
            };
            (word, Rect::new(0.0, line, 300.0, line + 10.0))
        };
        let words = parted(vec![
            word("Ministry", 0.0, 120.0, 0.0),
            word("of", 62.0, 72.0, 0.0),
            word("Works", 80.0, 120.0, 0.0),
            word("Road", 0.0, 40.0, 20.0),
        ]);
        let edges: Vec<(f64, f64)> = words.iter().map(|(word, _)| (word.bounds.x0, word.bounds.x1)).collect();
        assert_eq!(edges, [(0.0, 62.0), (62.0, 72.0), (80.0, 120.0), (0.0, 40.0)]);
    }
}
