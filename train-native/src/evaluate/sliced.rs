//! The sliced Wasserstein distance between the patches of two sets of pictures (Karras et al. 2018,
//! section 5), as pytorch_GAN_zoo offers it: one number for each size of detail, without any network.

use rand::RngExt;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use underpaint_core::pgan::noise_numbers;

use crate::data::SampleRng;
use crate::data::decode::Picture;
use crate::evaluate::EvaluateError;
use crate::family::derive_seed;

/// Side of a patch in pixels.
const PATCH: usize = 7;
/// The coarsest level has at least this side.
const LEAST_SIDE: usize = 16;
/// Patches of every picture and level, as in the paper.
const PATCHES: usize = 128;
/// Random directions that descriptors are projected on, as in the paper (4 times 128).
const DIRECTIONS: usize = 512;
/// Distances are told in thousandths, as in the paper.
const UNIT: f64 = 1000.0;

/// The distance at one level of the Laplacian pyramid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LevelDistance {
    /// Width of the level's pictures in pixels.
    pub width: usize,
    /// Their height.
    pub height: usize,
    /// The distance in thousandths; 0 between equal sets.
    pub distance: f64,
}

/// Distances between two sets of pictures of one size, the finest level first.
///
/// Each level of a Laplacian pyramid (binomial 5x5 kernel, mirrored borders) down to 16 pixels gives 128
/// patches of 7x7 a picture; each channel of a set's patches is brought to mean 0 and deviation 1; the
/// distance is the mean over 512 random directions of the one-dimensional Wasserstein-1 distance. `seed`
/// draws places and directions. With more pictures in one set than in the other, as many are taken of
/// both.
///
/// # Errors
///
/// [`EvaluateError::ShapeMismatch`], [`EvaluateError::TooSmall`] below 16x16 pixels,
/// [`EvaluateError::TooFew`] without two pictures on each side.
pub fn sliced_wasserstein(
    real: &[Picture],
    fake: &[Picture],
    seed: u64,
) -> Result<Vec<LevelDistance>, EvaluateError> {
    let draws = Draws {
        patches: PATCHES,
        directions: DIRECTIONS,
        place: |set: usize, picture: usize, side: [usize; 2], count: usize| {
            let purpose = (2 * picture + set) as u64;
            let seed = derive_seed(derive_seed(seed, purpose), side[0] as u64);
            let mut stream = SampleRng::seed_from_u64(seed);
            let mut draw = |side: usize| stream.random_range(0..=(side - PATCH) as u64) as usize;
            (0..count).map(|_| [draw(side[0]), draw(side[1])]).collect()
        },
        direction: |level: usize, count: usize| {
            let seed = derive_seed(derive_seed(seed, u64::MAX), level as u64);
            noise_numbers(1, count, seed)
        },
    };
    distances(real, fake, &draws)
}

/// What is left to chance.
struct Draws<P, D> {
    patches: usize,
    directions: usize,
    /// Upper left corners (x, y) of a picture's patches at a level of that width and height.
    place: P,
    /// That many numbers at a level: directions, not yet of length 1.
    direction: D,
}

fn distances<P, D>(
    real: &[Picture],
    fake: &[Picture],
    draws: &Draws<P, D>,
) -> Result<Vec<LevelDistance>, EvaluateError>
where
    P: Fn(usize, usize, [usize; 2], usize) -> Vec<[usize; 2]> + Sync,
    D: Fn(usize, usize) -> Vec<f32> + Sync,
{
    let count = real.len().min(fake.len());
    if count < 2 {
        return Err(EvaluateError::TooFew {
            metric: "the sliced Wasserstein distance",
            found: count,
        });
    }
    let first = &real[0];
    for picture in real.iter().chain(fake) {
        super::paired::check_shapes(picture, first)?;
    }
    let mut sides = vec![[first.width, first.height]];
    if first.width < LEAST_SIDE || first.height < LEAST_SIDE {
        return Err(EvaluateError::TooSmall {
            metric: "the sliced Wasserstein distance",
            least: LEAST_SIDE,
            found: first.size().to_string(),
        });
    }
    while let Some(&[width, height]) = sides.last() {
        if width.min(height) / 2 < LEAST_SIDE {
            break;
        }
        sides.push([width.div_ceil(2), height.div_ceil(2)]);
    }
    let levels = (0..sides.len()).map(|level| {
        let sets = [(0, real), (1, fake)].map(|(set, pictures)| {
            let pictures = pictures[..count].par_iter().enumerate();
            let rows = pictures.flat_map_iter(|(index, picture)| {
                let plane = laplacian(picture, level, sides.len());
                let places = (draws.place)(set, index, sides[level], draws.patches);
                patches(&plane, &places)
            });
            let mut rows: Vec<f32> = rows.collect();
            normalise(&mut rows, first.channels);
            rows
        });
        let size = first.channels * PATCH * PATCH;
        let directions = (draws.direction)(level, draws.directions * size);
        let distances = directions.par_chunks_exact(size).map(|direction| {
            let [real, fake] = [&sets[0], &sets[1]].map(|set| projected(set, direction));
            let pairs = real.iter().zip(&fake);
            let sum: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
            sum / real.len() as f64
        });
        // Collected first, so that the sum does not depend on which thread was first.
        let distances: Vec<f64> = distances.collect();
        let [width, height] = sides[level];
        LevelDistance {
            width,
            height,
            distance: UNIT * distances.iter().sum::<f64>() / draws.directions as f64,
        }
    });
    Ok(levels.collect())
}

/// `[height, width, channels]`.
#[derive(Debug, Clone)]
struct Image {
    width: usize,
    height: usize,
    channels: usize,
    samples: Vec<f32>,
}

/// One level of a picture's Laplacian pyramid; the last is what remains.
fn laplacian(picture: &Picture, level: usize, levels: usize) -> Image {
    let samples = picture.pixels.iter();
    let mut image = Image {
        width: picture.width,
        height: picture.height,
        channels: picture.channels,
        samples: samples
            .map(|&sample| f32::from(sample) / 127.5 - 1.0)
            .collect(),
    };
    for _ in 0..level {
        image = image.reduced();
    }
    if level + 1 < levels {
        let coarse = image.reduced().expanded(image.width, image.height);
        for (sample, coarse) in image.samples.iter_mut().zip(&coarse.samples) {
            *sample -= coarse;
        }
    }
    image
}

impl Image {
    fn reduced(&self) -> Self {
        let blurred = self.blurred();
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (2 * x, 2 * y)));
        let samples = pixels.flat_map(|(x, y)| {
            let start = (y * self.width + x) * self.channels;
            blurred.samples[start..start + self.channels]
                .iter()
                .copied()
        });
        Self {
            width,
            height,
            channels: self.channels,
            samples: samples.collect(),
        }
    }

    fn expanded(&self, width: usize, height: usize) -> Self {
        let channels = self.channels;
        let mut samples = vec![0.0; width * height * channels];
        for y in 0..self.height {
            for x in 0..self.width {
                let from = (y * self.width + x) * channels;
                let to = (2 * y * width + 2 * x) * channels;
                for channel in 0..channels {
                    samples[to + channel] = 4.0 * self.samples[from + channel];
                }
            }
        }
        let spread = Self {
            width,
            height,
            channels,
            samples,
        };
        spread.blurred()
    }

    /// Binomial kernel of 5x5; borders are mirrored without repeating the edge.
    fn blurred(&self) -> Self {
        let row = self.channels * self.width;
        let along = self.filtered(self.width, self.channels);
        along.filtered(self.height, row)
    }

    /// Filters along one axis: `length` samples, `stride` apart.
    fn filtered(&self, length: usize, stride: usize) -> Self {
        const TAPS: [f32; 5] = [0.0625, 0.25, 0.375, 0.25, 0.0625];
        let mirrored = |at: isize| {
            let last = length as isize - 1;
            let at = at.abs();
            (if at > last { 2 * last - at } else { at }) as usize
        };
        let samples = (0..self.samples.len()).map(|index| {
            let at = index / stride % length;
            let start = index - at * stride;
            let taps = TAPS.iter().enumerate();
            taps.map(|(tap, weight)| {
                let from = mirrored((at + tap) as isize - 2);
                weight * self.samples[start + from * stride]
            })
            .sum()
        });
        Self {
            samples: samples.collect(),
            ..*self
        }
    }
}

/// Rows of `[channels, 7, 7]`.
fn patches(image: &Image, places: &[[usize; 2]]) -> Vec<f32> {
    let channels = image.channels;
    let mut rows = Vec::with_capacity(places.len() * channels * PATCH * PATCH);
    for &[left, top] in places {
        for channel in 0..channels {
            for y in top..top + PATCH {
                let row = y * image.width;
                let pixels = (left..left + PATCH).map(|x| (row + x) * channels + channel);
                rows.extend(pixels.map(|index| image.samples[index]));
            }
        }
    }
    rows
}

/// Brings each channel of all rows to mean 0 and deviation 1; one that does not vary to 0.
fn normalise(rows: &mut [f32], channels: usize) {
    const AREA: usize = PATCH * PATCH;
    for channel in 0..channels {
        let planes = || rows.chunks_exact(AREA).skip(channel).step_by(channels);
        let count = (planes().len() * AREA) as f64;
        let sum: f64 = planes().flatten().map(|&x| f64::from(x)).sum();
        let mean = sum / count;
        let squares: f64 = planes()
            .flatten()
            .map(|&x| (f64::from(x) - mean).powi(2))
            .sum();
        let deviation = (squares / count).sqrt();
        let scale = if deviation > 0.0 {
            1.0 / deviation
        } else {
            0.0
        };
        let planes = rows.chunks_exact_mut(AREA).skip(channel).step_by(channels);
        for sample in planes.flatten() {
            *sample = ((f64::from(*sample) - mean) * scale) as f32;
        }
    }
}

/// The rows along a direction, in order.
fn projected(rows: &[f32], direction: &[f32]) -> Vec<f32> {
    let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
    let rows = rows.chunks_exact(direction.len());
    let mut found: Vec<f32> = rows
        .map(|row| {
            let products = row.iter().zip(direction).map(|(a, b)| a * b);
            products.sum::<f32>() / length
        })
        .collect();
    found.sort_unstable_by(f32::total_cmp);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample i: (a i² + b i + c (i mod 7)) mod 256.
    fn picture([a, b, c]: [usize; 3]) -> Picture {
        let pixels = (0..32 * 32 * 3).map(|i| (a * i * i + b * i + c * (i % 7)) as u8);
        Picture {
            width: 32,
            height: 32,
            channels: 3,
            pixels: pixels.collect(),
        }
    }

    fn sets() -> [Vec<Picture>; 2] {
        let real = (0..4).map(|k| picture([0, 1 + k, 5 * k])).collect();
        let fake = (0..4).map(|k| picture([1, 2 + k, 3])).collect();
        [real, fake]
    }

    /// Golden numbers: `tests/reference/measures.py`. We compute in f32, numpy in f64: 1e-4 of the value.
    #[test]
    fn distances_equal_numpy() {
        let draws = Draws {
            patches: 8,
            directions: 16,
            place: |_, _, [width, height]: [usize; 2], count| {
                let (width, height) = (width - 6, height - 6);
                (0..count)
                    .map(|i| [7 * i % width, (5 * i + 3) % height])
                    .collect()
            },
            direction: |_, count| {
                let raw = |i: usize| (i * 37 + i * i * 11) % 101;
                (0..count).map(|i| raw(i) as f32 - 50.0).collect()
            },
        };
        let [real, fake] = sets();
        let found = distances(&real, &fake, &draws).expect("comparable");
        let expected = [(32, 420.603_258_696_978_1), (16, 337.404_046_850_287_8)];
        assert_eq!(found.len(), 2);
        for (found, (side, expected)) in found.iter().zip(expected) {
            assert_eq!([found.width, found.height], [side, side]);
            let difference = (found.distance - expected).abs();
            assert!(
                difference < 1e-4 * expected,
                "{} {expected}",
                found.distance
            );
        }
    }

    #[test]
    fn equal_sets_are_nearer_and_seeds_repeat() {
        let [real, fake] = sets();
        let between = |a: &[Picture], b: &[Picture], seed| {
            sliced_wasserstein(a, b, seed).expect("comparable")[0].distance
        };
        let apart = between(&real, &fake, 1);
        // Not 0: each set's patches are drawn by themselves, and four pictures give few of them.
        assert!(between(&real, &real, 1) < apart);
        assert_eq!(apart.to_bits(), between(&real, &fake, 1).to_bits());
        assert!((between(&real, &fake, 2) / apart - 1.0).abs() < 0.2);
    }

    #[test]
    fn unlike_small_and_few_pictures_are_errors() {
        let [real, _] = sets();
        assert!(sliced_wasserstein(&real, &real[..1], 0).is_err());
        let small = Picture {
            width: 8,
            height: 8,
            channels: 3,
            pixels: vec![0; 192],
        };
        let few = vec![small.clone(), small.clone()];
        let error = sliced_wasserstein(&few, &few, 0).expect_err("too small");
        assert!(error.to_string().contains("8x8"), "{error}");
        assert!(sliced_wasserstein(&real, &few, 0).is_err());
    }
}
