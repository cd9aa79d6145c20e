//! L1, PSNR and SSIM between a generated picture and the real one.

use serde::{Deserialize, Serialize};

use crate::data::decode::Picture;
use crate::evaluate::EvaluateError;
use crate::evaluate::ssim::{Plane, SIGMA, gaussian_window, likeness};

/// PSNR that stands for "identical", and the cap on all others, so that reports stay plain JSON numbers; in dB.
pub const PSNR_CAP: f64 = 100.0;

/// Side of the SSIM window in pixels; pictures must not be smaller.
pub const SSIM_WINDOW: usize = super::ssim::WINDOW;

const PEAK: f64 = 255.0;

/// Likeness of two pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedMetrics {
    /// Mean absolute difference on the [0, 1] scale (bytes / 255). 0 is identical.
    pub l1: f64,
    /// Peak signal-to-noise ratio in dB with peak 255, at most [`PSNR_CAP`], which also stands for identical.
    pub psnr: f64,
    /// Structural similarity, -1 to 1; 1 is identical.
    pub ssim: f64,
}

impl PairedMetrics {
    /// Compares `image` with `reference`.
    ///
    /// SSIM is that of Wang et al. 2004: Gaussian window of 11 pixels and sigma 1.5, K1 = 0.01, K2 = 0.03, over the
    /// pixels whose window lies inside the picture, mean over channels. It equals scikit-image's
    /// `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)`.
    ///
    /// # Errors
    /// [`EvaluateError::ShapeMismatch`], or [`EvaluateError::TooSmall`] below 11x11 pixels.
    pub fn between(image: &Picture, reference: &Picture) -> Result<Self, EvaluateError> {
        check_shapes(image, reference)?;
        if image.width < SSIM_WINDOW || image.height < SSIM_WINDOW {
            let found = image.size().to_string();
            return Err(EvaluateError::TooSmall {
                metric: "SSIM",
                least: SSIM_WINDOW,
                found,
            });
        }
        let (l1, psnr) = l1_and_psnr(&image.pixels, &reference.pixels);
        Ok(Self {
            l1,
            psnr,
            ssim: ssim(image, reference),
        })
    }

    /// The mean of many; none of none.
    #[must_use]
    pub fn mean(all: &[Self]) -> Option<Self> {
        let mean = |value: fn(&Self) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then(|| Self {
            l1: mean(|m| m.l1),
            psnr: mean(|m| m.psnr),
            ssim: mean(|m| m.ssim),
        })
    }
}

/// Checks that two pictures can be compared pixel by pixel.
pub(super) fn check_shapes(image: &Picture, reference: &Picture) -> Result<(), EvaluateError> {
    let shape =
        |picture: &Picture| format!("{} with {} channels", picture.size(), picture.channels);
    if shape(image) == shape(reference) && image.pixels.len() == reference.pixels.len() {
        return Ok(());
    }
    Err(EvaluateError::ShapeMismatch {
        expected: shape(reference),
        found: shape(image),
    })
}

fn l1_and_psnr(image: &[u8], reference: &[u8]) -> (f64, f64) {
    let (mut absolute, mut squared) = (0u64, 0u64);
    for (a, b) in image.iter().zip(reference) {
        let difference = u64::from(a.abs_diff(*b));
        absolute += difference;
        squared += difference * difference;
    }
    let count = image.len() as f64;
    let mean_square = squared as f64 / count;
    let psnr = if squared == 0 {
        PSNR_CAP
    } else {
        10.0 * (PEAK * PEAK / mean_square).log10()
    };
    (absolute as f64 / count / PEAK, psnr.min(PSNR_CAP))
}

/// Mean over channels, which is the mean over all channels' pixels since they are equally many.
fn ssim(image: &Picture, reference: &Picture) -> f64 {
    let window = gaussian_window(SSIM_WINDOW, SIGMA);
    let planes = [image, reference].map(Plane::of_picture);
    let channels = planes[0].iter().zip(&planes[1]);
    let sum: f64 = channels
        .map(|(one, other)| likeness(one, other, &window).ssim)
        .sum();
    sum / image.channels as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value at (x, y, channel): 3x + 2y + 40 channel + d ((7x + 5y) mod 11), mod 256.
    fn smooth(width: usize, height: usize, channels: usize, d: usize) -> Picture {
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for channel in 0..channels {
                    pixels.push((3 * x + 2 * y + 40 * channel + d * ((7 * x + 5 * y) % 11)) as u8);
                }
            }
        }
        Picture {
            width,
            height,
            channels,
            pixels,
        }
    }

    /// Sample i: m i² + k i, mod 256.
    fn rough(width: usize, height: usize, m: usize, k: usize) -> Picture {
        let pixels = (0..width * height * 3)
            .map(|i| (i * i * m + i * k) as u8)
            .collect();
        Picture {
            width,
            height,
            channels: 3,
            pixels,
        }
    }

    /// Golden numbers: scikit-image 0.26.0, `structural_similarity(a, b, gaussian_weights=True, sigma=1.5,
    /// use_sample_covariance=False, data_range=255, channel_axis=2)` (no `channel_axis` for gray),
    /// `peak_signal_noise_ratio(b, a, data_range=255)`, `abs(a - b).mean() / 255`. Both sides compute in f64 and
    /// differ in the order of sums only: 1e-9.
    fn assert_metrics(a: &Picture, b: &Picture, l1: f64, psnr: f64, ssim: f64) {
        let found = PairedMetrics::between(a, b).unwrap();
        for (found, expected) in [(found.l1, l1), (found.psnr, psnr), (found.ssim, ssim)] {
            assert!(
                (found - expected).abs() < 1e-9,
                "expected {expected}, found {found}"
            );
        }
    }

    #[test]
    fn metrics_equal_scikit_image() {
        let rgb = (smooth(37, 23, 3, 0), smooth(37, 23, 3, 1));
        assert_metrics(
            &rgb.0,
            &rgb.1,
            0.019_607_843_137_254_9,
            32.687_499_381_558_155,
            0.919_792_641_027_376_1,
        );
        let gray = (smooth(64, 48, 1, 0), smooth(64, 48, 1, 3));
        assert_metrics(
            &gray.0,
            &gray.1,
            0.086_361_315_359_477_12,
            14.881_514_262_724_842,
            0.511_460_870_152_139_6,
        );
        let noise = (rough(20, 31, 7, 13), rough(20, 31, 11, 5));
        assert_metrics(
            &noise.0,
            &noise.1,
            0.284_781_783_681_214_43,
            8.473_808_971_281_057,
            0.153_213_273_410_167_63,
        );
        let least = (smooth(11, 11, 1, 0), smooth(11, 11, 1, 2));
        assert_metrics(
            &least.0,
            &least.1,
            0.039_215_686_274_509_8,
            26.669_523_251_896_724,
            0.701_869_506_870_824_8,
        );
    }

    #[test]
    fn identical_pictures_have_finite_perfect_scores() {
        let picture = smooth(20, 16, 3, 2);
        let metrics = PairedMetrics::between(&picture, &picture).unwrap();
        assert_eq!((metrics.l1, metrics.psnr), (0.0, PSNR_CAP));
        assert!((metrics.ssim - 1.0).abs() < 1e-12);
        assert!(
            serde_json::to_string(&metrics)
                .unwrap()
                .contains("\"psnr\":100.0")
        );
    }

    #[test]
    fn different_shapes_and_tiny_pictures_are_errors() {
        let error =
            PairedMetrics::between(&smooth(20, 16, 3, 0), &smooth(20, 17, 3, 0)).unwrap_err();
        assert!(
            error.to_string().contains("20x17") && error.to_string().contains("20x16"),
            "{error}"
        );
        assert!(PairedMetrics::between(&smooth(20, 16, 3, 0), &smooth(20, 16, 1, 0)).is_err());
        let error =
            PairedMetrics::between(&smooth(20, 10, 3, 0), &smooth(20, 10, 3, 0)).unwrap_err();
        assert!(matches!(error, EvaluateError::TooSmall { .. }));
    }

    #[test]
    fn mean_is_over_pictures() {
        let metrics = |l1| PairedMetrics {
            l1,
            psnr: 2.0 * l1,
            ssim: -l1,
        };
        assert_eq!(
            PairedMetrics::mean(&[metrics(1.0), metrics(3.0)]),
            Some(metrics(2.0))
        );
        assert_eq!(PairedMetrics::mean(&[]), None);
    }
}
