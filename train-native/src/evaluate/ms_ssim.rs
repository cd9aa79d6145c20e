//! Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), as the Progressive GAN seed
//! measures it (spec 5.7): between generated pictures it tells how much they differ from each other.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::decode::Picture;
use crate::evaluate::EvaluateError;
use crate::evaluate::paired::check_shapes;
use crate::evaluate::ssim::{Plane, SIGMA, WINDOW, gaussian_window, likeness};

/// What each scale counts for, the finest first.
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Smallest side: the coarsest scale has one pixel left.
pub const LEAST_SIDE: usize = 1 << (WEIGHTS.len() - 1);

/// The MS-SSIM of two pictures, 0 to 1; 1 is identical.
///
/// Five scales, each the mean of 2x2 pixels of the one before; a Gaussian window of 11 pixels and sigma
/// 1.5, which shrinks with a scale that is smaller; K1 = 0.01, K2 = 0.03; pixels whose window lies
/// inside. Similarities are means over pixels and channels, and negative ones count as 0.
///
/// # Errors
///
/// [`EvaluateError::ShapeMismatch`], or [`EvaluateError::TooSmall`] below 16x16 pixels.
pub fn ms_ssim(one: &Picture, other: &Picture) -> Result<f64, EvaluateError> {
    check_shapes(one, other)?;
    if one.width < LEAST_SIDE || one.height < LEAST_SIDE {
        return Err(EvaluateError::TooSmall {
            metric: "MS-SSIM",
            least: LEAST_SIDE,
            found: one.size().to_string(),
        });
    }
    let mut planes = [one, other].map(Plane::of_picture);
    let mut product = 1.0;
    for (scale, weight) in WEIGHTS.iter().enumerate() {
        if scale > 0 {
            planes = planes.map(|planes| planes.iter().map(Plane::halved).collect());
        }
        let [ones, others] = &planes;
        let side = WINDOW.min(ones[0].width).min(ones[0].height);
        let window = gaussian_window(side, SIGMA * side as f64 / WINDOW as f64);
        let pairs = ones.iter().zip(others);
        let likenesses = pairs.map(|(one, other)| likeness(one, other, &window));
        let is_coarsest = scale + 1 == WEIGHTS.len();
        let sum: f64 = likenesses
            .map(|likeness| match is_coarsest {
                true => likeness.ssim,
                false => likeness.contrast_structure,
            })
            .sum();
        product *= (sum / ones.len() as f64).max(0.0).powf(*weight);
    }
    Ok(product)
}

/// Mean similarities of two sets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MsSsim {
    /// Pairs that each is the mean of.
    pub pairs: usize,
    /// Of a generated picture and a real one, which is what the seed measures.
    pub fakes_and_reals: f64,
    /// Of two generated pictures: the higher, the less they vary.
    pub fakes: f64,
    /// Of two real pictures, to compare that with.
    pub reals: f64,
}

impl fmt::Display for MsSsim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MS-SSIM {:.5} between generated and real pictures, {:.5} between generated ones, {:.5} between \
             real ones ({} pairs each)",
            self.fakes_and_reals, self.fakes, self.reals, self.pairs
        )
    }
}

/// Adds up similarities, batch after batch.
#[derive(Debug, Clone, Default)]
pub struct MeanMsSsim {
    pairs: usize,
    sums: [f64; 3],
}

impl MeanMsSsim {
    /// Takes equally many pictures of both sets in: each pair, and within each set every picture with the
    /// next one, the last with the first.
    ///
    /// # Errors
    ///
    /// As [`ms_ssim`].
    pub fn add(&mut self, reals: &[Picture], fakes: &[Picture]) -> Result<(), EvaluateError> {
        let count = reals.len().min(fakes.len());
        let next = |at: usize| (at + 1) % count;
        let similarities = (0..count).into_par_iter().map(|at| {
            Ok([
                ms_ssim(&fakes[at], &reals[at])?,
                ms_ssim(&fakes[at], &fakes[next(at)])?,
                ms_ssim(&reals[at], &reals[next(at)])?,
            ])
        });
        // Collected first, so that the sums do not depend on which thread was first.
        let similarities: Vec<[f64; 3]> = similarities.collect::<Result<_, EvaluateError>>()?;
        self.pairs += count;
        for found in similarities {
            for (sum, one) in self.sums.iter_mut().zip(found) {
                *sum += one;
            }
        }
        Ok(())
    }

    /// The means; no numbers without pairs.
    #[must_use]
    pub fn finish(&self) -> MsSsim {
        let [fakes_and_reals, fakes, reals] = self.sums.map(|sum| sum / self.pairs as f64);
        MsSsim {
            pairs: self.pairs,
            fakes_and_reals,
            fakes,
            reals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample i: (a i² + b i + c (i mod 7)) mod 256.
    fn picture(side: usize, [a, b, c]: [usize; 3]) -> Picture {
        let pixels = (0..side * side * 3).map(|i| (a * i * i + b * i + c * (i % 7)) as u8);
        Picture {
            width: side,
            height: side,
            channels: 3,
            pixels: pixels.collect(),
        }
    }

    /// Golden numbers: `tests/reference/measures.py`, which computes them with numpy in another way. The
    /// order of sums differs: 1e-9.
    #[test]
    fn ms_ssim_equals_numpy() {
        let cases = [
            (16, [0, 3, 1], [0, 3, 9], GOLDEN_16),
            (64, [0, 1, 0], [0, 1, 20], GOLDEN_64),
            (128, [3, 7, 0], [0, 2, 30], GOLDEN_128),
        ];
        for (side, one, other, expected) in cases {
            let found = ms_ssim(&picture(side, one), &picture(side, other)).expect("comparable");
            assert!(
                (found - expected).abs() < 1e-9,
                "{side}: expected {expected}, found {found}"
            );
        }
    }

    const GOLDEN_16: f64 = 0.671_642_877_168_526;
    const GOLDEN_64: f64 = 0.223_095_498_880_176_9;
    const GOLDEN_128: f64 = 0.216_002_987_889_237_64;

    #[test]
    fn identical_pictures_are_alike_and_small_ones_are_refused() {
        let one = picture(32, [1, 2, 3]);
        assert!((ms_ssim(&one, &one).expect("comparable") - 1.0).abs() < 1e-12);
        let small = picture(15, [1, 2, 3]);
        let error = ms_ssim(&small, &small).expect_err("too small").to_string();
        assert!(
            error.contains("16x16") && error.contains("15x15"),
            "{error}"
        );
        assert!(ms_ssim(&one, &small).is_err());
    }
}
