//! A logistic function fitted by maximum likelihood, with signs.

use sheaf_extract::confidence::{SIGNALS, Weights};

/// A value that came out: its signals, and whether it is right.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) set: usize,
    /// Rows of a fold are left out together.
    pub(crate) fold: usize,
    pub(crate) signals: Weights,
    pub(crate) right: bool,
    /// Somebody has to look at it whatever its confidence.
    pub(crate) held: bool,
}

/// Pulls weights to what they are by judgement, as much as so many surprising answers would.
const RIDGE: f64 = 5.0;
const SWEEPS: usize = 400;

/// The weights under which the rows are likeliest; those of `without` stay 0.
///
/// Sets count by the root of their size, so that a large one does not drown the others.
pub(crate) fn fit<'r>(rows: impl Iterator<Item = &'r Row>, without: &[usize]) -> Weights {
    let rows: Vec<&Row> = rows.collect();
    let mut sizes = std::collections::BTreeMap::<usize, f64>::new();
    for row in &rows {
        *sizes.entry(row.set).or_default() += 1.0;
    }
    let roots: f64 = sizes.values().map(|size| size.sqrt()).sum();
    let weight_of = |row: &Row| rows.len() as f64 / roots / sizes[&row.set].sqrt();
    let shares: Vec<f64> = rows.iter().map(|row| weight_of(row)).collect();
    let start = |index: usize| if without.contains(&index) { 0.0 } else { f64::from(SIGNALS[index].prior) };
    let mut weights: [f64; SIGNALS.len()] = std::array::from_fn(start);
    let sum = |row: &Row| row.signals.iter().zip(&weights).map(|(x, w)| f64::from(*x) * w).sum::<f64>();
    let mut z: Vec<f64> = rows.iter().map(|row| sum(row)).collect();
    for _ in 0..SWEEPS {
        let mut largest = 0.0f64;
        for (index, signal) in SIGNALS.iter().enumerate() {
            if without.contains(&index) || signal.family == "ambiguity" {
                continue;
            }
            let ridge = if signal.name == "constant" { 0.0 } else { RIDGE };
            let (mut gradient, mut curvature) =
                (ridge * (weights[index] - f64::from(signal.prior)), ridge + 1e-9);
            for ((row, share), z) in rows.iter().zip(&shares).zip(&z) {
                let x = f64::from(row.signals[index]);
                if x != 0.0 {
                    let p = 1.0 / (1.0 + (-z).exp());
                    gradient += share * x * (p - f64::from(u8::from(row.right)));
                    curvature += share * x * x * (p * (1.0 - p)).max(1e-3);
                }
            }
            let step = (gradient / curvature).clamp(-1.0, 1.0);
            let next = match signal.sign {
                1 => (weights[index] - step).max(0.0),
                -1 => (weights[index] - step).min(0.0),
                _ => weights[index] - step,
            };
            let moved = next - weights[index];
            if moved != 0.0 {
                weights[index] = next;
                largest = largest.max(moved.abs());
                for (row, z) in rows.iter().zip(&mut z) {
                    *z += moved * f64::from(row.signals[index]);
                }
            }
        }
        if largest < 1e-5 {
            break;
        }
    }
    weights.map(|weight| ((weight * 1000.0).round() / 1000.0) as f32)
}

/// How well confidences go with right and wrong answers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Quality {
    pub(crate) values: usize,
    pub(crate) right: f64,
    /// Expected calibration error over ten bins.
    pub(crate) error: f64,
    /// Share of the values that are accepted at 0.75, and how many of these are right.
    pub(crate) accepted: f64,
    pub(crate) accepted_right: f64,
    /// Mean negative log likelihood.
    pub(crate) loss: f64,
}

/// Judges rows with the confidence each was given.
pub(crate) fn judge(rows: &[(&Row, f32)]) -> Quality {
    const BINS: usize = 10;
    const THRESHOLD: f32 = 0.75;
    let count = rows.len().max(1) as f64;
    let mut bins = [(0.0, 0.0); BINS];
    let mut quality = Quality { values: rows.len(), ..Quality::default() };
    let mut accepted = 0.0;
    for (row, p) in rows {
        let right = f64::from(u8::from(row.right));
        let bin = &mut bins[((p * BINS as f32 + 1e-5) as usize).min(BINS - 1)];
        *bin = (bin.0 + right, bin.1 + f64::from(*p));
        quality.right += right / count;
        let likely = f64::from(if row.right { *p } else { 1.0 - p });
        quality.loss -= likely.max(1e-4).ln() / count;
        if *p >= THRESHOLD && !row.held {
            accepted += 1.0;
            quality.accepted_right += right;
        }
    }
    quality.error = bins.iter().map(|(right, stated)| (right - stated).abs()).sum::<f64>() / count;
    quality.accepted = accepted / count;
    quality.accepted_right /= f64::max(accepted, 1.0);
    quality
}
