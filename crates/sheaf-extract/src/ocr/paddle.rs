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

use super::{Reading, Recognised};
use decode::Alphabet;
use detect::{Line, Thresholds};

/// A pair of models, and how what they say is read.
struct Generation {
    /// What it is called in results.
    name: &'static str,
    /// File names in the package that carries them.
    detection: &'static str,
    recognition: &'static str,
    /// As the models' authors publish them, those of the older as its package has them.
    thresholds: Thresholds,
    /// Probability of a space from which one is believed: the older model was trained on a script without spaces and rarely
    /// prefers one.
    space: f32,
}

/// The best first; a folder may still have the older ones.
const GENERATIONS: [Generation; 2] = [
    Generation {
        name: "pp-ocrv6",
        detection: "PP-OCRv6_det_small.onnx",
        recognition: "PP-OCRv6_rec_small.onnx",
        thresholds: Thresholds { core: 0.2, line: 0.45, growth: 1.4 },
        space: 0.2,
    },
    Generation {
        name: "pp-ocrv4",
        detection: "ch_PP-OCRv4_det_infer.onnx",
        recognition: "ch_PP-OCRv4_rec_infer.onnx",
        thresholds: Thresholds { core: 0.3, line: 0.5, growth: 1.6 },
        space: 0.01,
    },
];
/// Height at which a line is read, in pixels.
const LINE_HEIGHT: usize = 48;
/// Least and most width of a line that is read, in pixels.
const LINE_WIDTH: std::ops::RangeInclusive<usize> = 16..=6_000;
/// Mean confidence of a line under which it is no text.
const LEAST_CONFIDENCE: f32 = 0.5;
/// Mean confidence of a page's lines under which it may stand on its head: upside down, many lines are read as
/// something.
const PERHAPS_TURNED: f32 = 0.9;

/// The models of a folder, loaded when they are first needed.
pub(super) struct Paddle {
    folder: PathBuf,
    generation: &'static Generation,
    models: OnceLock<Option<Models>>,
}

/// Both models, on one thread.
struct Models {
    detection: Model,
    recognition: Model,
    thresholds: Thresholds,
    alphabet: Alphabet,
    threads: Arc<ThreadPool>,
}

impl Paddle {
    /// The best models in a folder; `None` where it has none.
    pub(super) fn find(folder: &Path) -> Option<Self> {
        let is_there = |generation: &&Generation| {
            [generation.detection, generation.recognition].iter().all(|file| folder.join(file).is_file())
        };
        let generation = GENERATIONS.iter().find(is_there)?;
        Some(Self { folder: folder.to_owned(), generation, models: OnceLock::new() })
    }

    /// What the models are called in results.
    pub(super) fn name(&self) -> &'static str {
        self.generation.name
    }

    /// Reads a page; `None` where the models are not those.
    pub(super) fn read(&self, page: &RgbImage) -> Option<Reading> {
        let models = self.models.get_or_init(|| Models::load(&self.folder, self.generation)).as_ref()?;
        Some(models.read(page))
    }
}

impl Models {
    fn load(folder: &Path, generation: &Generation) -> Option<Self> {
        let recognition = Model::load_file(folder.join(generation.recognition)).ok()?;
        let alphabet = Alphabet::new(recognition.metadata().get("character")?, generation.space);
        let detection = Model::load_file(folder.join(generation.detection)).ok()?;
        let threads = Arc::new(ThreadPool::with_num_threads(1));
        Some(Self { detection, recognition, thresholds: generation.thresholds, alphabet, threads })
    }

    fn read(&self, page: &RgbImage) -> Reading {
        let lines = detect::lines(page, self.thresholds, |input| self.run(&self.detection, input));
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
