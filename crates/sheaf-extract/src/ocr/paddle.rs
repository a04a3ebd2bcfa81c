//! The PP-OCR models: one finds lines of text, one reads a line.

mod decode;
mod detect;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use image::RgbImage;
use rten::{Model, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use sheaf_types::TextSource;

use super::cascade::DOUBTED;
use super::{Reading, Recognised};
use decode::Alphabet;
use detect::Line;

/// What the models are called in results.
pub(super) const NAME: &str = "pp-ocrv4";
/// File names in the package that carries them.
const DETECTION: &str = "ch_PP-OCRv4_det_infer.onnx";
const RECOGNITION: &str = "ch_PP-OCRv4_rec_infer.onnx";
/// Height at which a line is read, in pixels.
const LINE_HEIGHT: usize = 48;
/// Least and most width of a line that is read, in pixels.
const LINE_WIDTH: std::ops::RangeInclusive<usize> = 16..=6_000;
/// Mean confidence of a line under which it is no text.
const LEAST_CONFIDENCE: f32 = 0.5;
/// How far a line reaches beyond its letters, as a share of its height.
const BEYOND: f64 = 0.18;
/// Longer side in which a page is looked at for lines, in pixels, and for lines of which most are known.
const SIDE: f64 = 1_440.0;
const SIDE_OF_REST: f64 = 1_280.0;
/// Width of a blank, and of the room for one more word, in heights of a line.
const BLANK: f64 = 0.35;
const ROOM: f64 = 1.0;
/// Mean confidence of a page's lines under which it may stand on its head: upside down, many lines are read as
/// something.
const PERHAPS_TURNED: f32 = 0.9;

/// Both models, loaded when they are first needed.
pub(super) struct Paddle {
    folder: PathBuf,
    models: OnceLock<Option<Models>>,
}

/// Both models, on one thread.
struct Models {
    detection: Model,
    recognition: Model,
    alphabet: Alphabet,
    threads: Arc<ThreadPool>,
}

impl Paddle {
    /// Whether a folder has the models.
    pub(super) fn is_in(folder: &Path) -> bool {
        [DETECTION, RECOGNITION].iter().all(|file| folder.join(file).is_file())
    }

    /// The models in a folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), models: OnceLock::new() }
    }

    /// Reads a page; `None` where the models are not those.
    pub(super) fn read(&self, page: &RgbImage) -> Option<Reading> {
        let models = self.models.get_or_init(|| Models::load(&self.folder)).as_ref()?;
        Some(models.read(page))
    }

    /// Reads the lines of a page of which other words say little or nothing surely.
    pub(super) fn read_rest(&self, page: &RgbImage, known: &[Recognised]) -> Vec<Recognised> {
        let Some(models) = self.models.get_or_init(|| Models::load(&self.folder)) else { return Vec::new() };
        let lines = detect::lines(page, SIDE_OF_REST, |input| models.run(&models.detection, input));
        let unknown = lines.iter().filter(|line| is_unknown(line, known));
        unknown.flat_map(|line| models.read_line(page, line)).map(tightened).collect()
    }
}

/// A word in a box of its ink, as Tesseract has it: the model's lines reach beyond their letters.
fn tightened(word: Recognised) -> Recognised {
    let bounds = if word.turn.is_multiple_of(2) {
        word.bounds.inset((0.0, -BEYOND * word.bounds.height()))
    } else {
        word.bounds.inset((-BEYOND * word.bounds.width(), 0.0))
    };
    Recognised { bounds, size: word.size * (1.0 - 2.0 * BEYOND), ..word }
}

/// Whether the words that are known surely leave room on a line for one more.
fn is_unknown(line: &Line, known: &[Recognised]) -> bool {
    let bounds = line.bounds(0.0, 1.0);
    let upright = line.turn.is_multiple_of(2);
    let covered = |word: &&Recognised| {
        let middle = word.bounds.center();
        let on_line = if upright {
            (bounds.y0..bounds.y1).contains(&middle.y)
        } else {
            (bounds.x0..bounds.x1).contains(&middle.x)
        };
        on_line && word.confidence >= DOUBTED
    };
    let length = |word: &Recognised| {
        let shared = bounds.intersect(word.bounds);
        if upright { shared.width() } else { shared.height() }.max(0.0)
    };
    let blank = BLANK * line.height;
    let known: f64 = known.iter().filter(covered).map(|word| length(word) + blank).sum();
    line.width - known > ROOM * line.height
}

impl Models {
    fn load(folder: &Path) -> Option<Self> {
        let recognition = Model::load_file(folder.join(RECOGNITION)).ok()?;
        let alphabet = Alphabet::new(recognition.metadata().get("character")?);
        let detection = Model::load_file(folder.join(DETECTION)).ok()?;
        Some(Self { detection, recognition, alphabet, threads: Arc::new(ThreadPool::with_num_threads(1)) })
    }

    fn read(&self, page: &RgbImage) -> Reading {
        let lines = detect::lines(page, SIDE, |input| self.run(&self.detection, input));
        let (reading, sure) = self.read_lines(page, &lines);
        if lines.is_empty() || sure >= PERHAPS_TURNED {
            return reading;
        }
        let flipped: Vec<Line> = lines.iter().map(Line::flipped).collect();
        let (second, surer) = self.read_lines(page, &flipped);
        if surer > sure { second } else { reading }
    }

    /// Reads lines; also how surely, where lines that gave nothing count.
    fn read_lines(&self, page: &RgbImage, lines: &[Line]) -> (Reading, f32) {
        let mut words = Vec::new();
        let (mut sum, mut length) = (0.0, 0.0);
        for line in lines {
            let found = self.read_line(page, line);
            let confidence =
                found.iter().map(|word| word.confidence).sum::<f32>() / found.len().max(1) as f32;
            sum += confidence * line.width as f32;
            length += line.width as f32;
            words.extend(found);
        }
        (Reading::new(words), if length > 0.0 { sum / length } else { 0.0 })
    }

    /// Reads a line; one that may be a single letter, both ways, of which the surer stands.
    fn read_line(&self, page: &RgbImage, line: &Line) -> Vec<Recognised> {
        let words = self.read_along(page, line);
        let Some(letter) = line.as_one_letter() else { return words };
        let upright = self.read_along(page, &letter);
        let is_letter = upright.iter().map(|word| word.text.chars().count()).sum::<usize>() == 1;
        let sure = |words: &[Recognised]| words.iter().map(|word| word.confidence).fold(0.0, f32::max);
        if is_letter && sure(&upright) >= sure(&words) { upright } else { words }
    }

    fn read_along(&self, page: &RgbImage, line: &Line) -> Vec<Recognised> {
        let width = (LINE_HEIGHT as f64 * line.width / line.height).ceil() as usize;
        let width = width.clamp(*LINE_WIDTH.start(), *LINE_WIDTH.end());
        let pixels = line.cut(page, width, LINE_HEIGHT);
        let Some((shape, probabilities)) = self.run(&self.recognition, input(&pixels, width, LINE_HEIGHT))
        else {
            return Vec::new();
        };
        let &[_, steps, classes] = &*shape else { return Vec::new() };
        let words = self.alphabet.words(&probabilities, steps, classes);
        let characters: usize = words.iter().map(|word| word.text.chars().count()).sum();
        let sum: f32 = words.iter().map(|word| word.confidence * word.text.chars().count() as f32).sum();
        if characters == 0 || sum / (characters as f32) < LEAST_CONFIDENCE {
            return Vec::new();
        }
        let along = |step: f64| step / steps as f64;
        words
            .into_iter()
            .map(|word| Recognised {
                bounds: line.bounds(along(word.start), along(word.end)),
                text: word.text,
                confidence: word.confidence,
                size: line.height,
                turn: line.turn,
                source: TextSource::Paddle,
            })
            .collect()
    }

    /// Runs a model: the shape and the values of its first output.
    fn run(&self, model: &Model, input: NdTensor<f32, 4>) -> Option<(Vec<usize>, Vec<f32>)> {
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let output = model.run_one(input.into(), Some(options)).ok()?.into_tensor::<f32>()?;
        Some((output.shape().to_vec(), output.into_data()))
    }
}

/// Pixels as the models take them: blue, green, red in planes, from -1 to 1.
fn input(pixels: &[[f32; 3]], width: usize, height: usize) -> NdTensor<f32, 4> {
    let planes = [2, 1, 0].into_iter().flat_map(|channel| pixels.iter().map(move |pixel| pixel[channel]));
    NdTensor::from_data([1, 3, height, width], planes.map(|level| level / 127.5 - 1.0).collect::<Vec<_>>())
}
