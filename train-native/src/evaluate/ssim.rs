//! The structural similarity of two planes (Wang et al. 2004), for the measures that are made of it.

use crate::data::decode::Picture;

/// Side of the window in pixels.
pub const WINDOW: usize = 11;
/// Its standard deviation in pixels.
pub const SIGMA: f64 = 1.5;

const PEAK: f64 = 255.0;
const C1: f64 = (0.01 * PEAK) * (0.01 * PEAK);
const C2: f64 = (0.03 * PEAK) * (0.03 * PEAK);

/// One channel of a picture, samples 0 to 255, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` samples.
    pub samples: Vec<f64>,
}

impl Plane {
    /// The channels of a picture.
    #[must_use]
    pub fn of_picture(picture: &Picture) -> Vec<Self> {
        let channel = |channel: usize| {
            let samples = picture.pixels.iter().skip(channel);
            let samples = samples.step_by(picture.channels);
            Self {
                width: picture.width,
                height: picture.height,
                samples: samples.map(|&sample| f64::from(sample)).collect(),
            }
        };
        (0..picture.channels).map(channel).collect()
    }

    /// Half as large: every pixel is the mean of 2x2. An odd last row or column is left out.
    #[must_use]
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let at = |x: usize, y: usize| self.samples[y * self.width + x];
        let mean = |x: usize, y: usize| {
            let (x, y) = (2 * x, 2 * y);
            (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = pixels.map(|(x, y)| mean(x, y)).collect();
        Self {
            width,
            height,
            samples,
        }
    }
}

/// Likeness of two planes, each the mean over the pixels whose window lies inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Structural similarity, equation 13.
    pub ssim: f64,
    /// The product of its contrast and structure parts, without luminance.
    pub contrast_structure: f64,
}

/// A Gaussian of that many pixels, sum 1.
#[must_use]
pub fn gaussian_window(side: usize, sigma: f64) -> Vec<f64> {
    let middle = (side as f64 - 1.0) / 2.0;
    let raw = (0..side).map(|index| {
        let x = index as f64 - middle;
        (-0.5 * x * x / (sigma * sigma)).exp()
    });
    let raw: Vec<f64> = raw.collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight / sum).collect()
}

/// Moments of one row or pixel: x, y, x², y², xy.
type Moments = [f64; 5];

/// Compares two planes of one size.
///
/// # Panics
///
/// If their sizes differ, or are smaller than the window.
#[must_use]
pub fn likeness(one: &Plane, other: &Plane, window: &[f64]) -> Likeness {
    let (width, height, side) = (one.width, one.height, window.len());
    assert_eq!((width, height), (other.width, other.height));
    assert!(side >= 1 && width >= side && height >= side);
    let valid_width = width - side + 1;
    // The last rows of a window's height, already filtered along the row.
    let mut filtered: Vec<Vec<Moments>> = vec![vec![[0.0; 5]; valid_width]; side];
    let mut moments = vec![[0.0; 5]; width];
    let (mut ssim, mut contrast_structure) = (0.0, 0.0);
    for y in 0..height {
        let row = y * width..(y + 1) * width;
        let samples = one.samples[row.clone()].iter().zip(&other.samples[row]);
        for (moment, (&a, &b)) in moments.iter_mut().zip(samples) {
            *moment = [a, b, a * a, b * b, a * b];
        }
        for (x, target) in filtered[y % side].iter_mut().enumerate() {
            *target = weighted(window, moments[x..x + side].iter());
        }
        if y + 1 >= side {
            let (newer, older) = filtered.split_at((y + 1) % side);
            for x in 0..valid_width {
                let column = older.iter().chain(newer).map(|row| &row[x]);
                let (luminance, rest) = parts(weighted(window, column));
                ssim += luminance * rest;
                contrast_structure += rest;
            }
        }
    }
    let count = (valid_width * (height - side + 1)) as f64;
    Likeness {
        ssim: ssim / count,
        contrast_structure: contrast_structure / count,
    }
}

fn weighted<'a>(window: &[f64], moments: impl Iterator<Item = &'a Moments>) -> Moments {
    let mut sum = [0.0; 5];
    for (weight, moment) in window.iter().zip(moments) {
        for (sum, value) in sum.iter_mut().zip(moment) {
            *sum += weight * value;
        }
    }
    sum
}

/// Luminance, and contrast times structure.
fn parts([mean_a, mean_b, square_a, square_b, product]: Moments) -> (f64, f64) {
    let variances = square_a - mean_a * mean_a + square_b - mean_b * mean_b;
    let covariance = product - mean_a * mean_b;
    let luminance = (2.0 * mean_a * mean_b + C1) / (mean_a * mean_a + mean_b * mean_b + C1);
    (luminance, (2.0 * covariance + C2) / (variances + C2))
}
