//! Grain and checkerboards: what a generator adds to surfaces that are plain in the real picture.

use serde::{Deserialize, Serialize};

use crate::data::decode::Picture;

/// Side of the blocks that are looked at, in pixels.
const BLOCK: usize = 8;
/// A block of the real picture is plain if its brightness deviates by less, in levels of 255.
const PLAIN: f64 = 4.0;

/// Variation of the finest scale on plain surfaces, of brightness in levels of 255.
///
/// Plain are the blocks of 8×8 pixels in which the real picture's brightness has a standard deviation
/// below 4 levels. Of each, in both pictures:
///
/// - checkerboard: the part at the Nyquist frequency of both directions, (a - b - c + d) / 2 of every
///   2×2 pixels, whose pattern transposed convolutions leave;
/// - grain: what a mean over 3×3 pixels takes away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Grain {
    /// Share of the blocks that are plain, 0 to 1.
    pub plain: f64,
    /// Root mean square of the generated pictures' checkerboard.
    pub checkerboard: f64,
    /// The same of the real ones'.
    pub checkerboard_real: f64,
    /// Root mean square of the generated pictures' grain.
    pub grain: f64,
    /// The same of the real ones'.
    pub grain_real: f64,
}

/// Adds pairs of pictures up to a [`Grain`].
#[derive(Debug, Default)]
pub struct GrainCollector {
    blocks: usize,
    plain: usize,
    /// Sums of squares: of generated, of real.
    checkerboard: [f64; 2],
    grain: [f64; 2],
}

impl GrainCollector {
    /// Adds a pair of one size.
    pub fn push(&mut self, generated: &Picture, real: &Picture) {
        let pictures = [generated, real].map(brightness);
        let width = real.width;
        for y in (0..(real.height / BLOCK) * BLOCK).step_by(BLOCK) {
            for x in (0..(width / BLOCK) * BLOCK).step_by(BLOCK) {
                self.blocks += 1;
                let blocks = pictures
                    .each_ref()
                    .map(|picture| block(picture, width, x, y));
                if deviation(&blocks[1]) >= PLAIN {
                    continue;
                }
                self.plain += 1;
                for (which, block) in blocks.iter().enumerate() {
                    self.checkerboard[which] += checkerboard(block);
                    self.grain[which] += grain(block);
                }
            }
        }
    }

    /// What was found; nothing where no block was plain.
    #[must_use]
    pub fn finish(&self) -> Option<Grain> {
        let root = |sum: f64| (sum / self.plain as f64).sqrt();
        (self.plain > 0).then(|| Grain {
            plain: self.plain as f64 / self.blocks as f64,
            checkerboard: root(self.checkerboard[0]),
            checkerboard_real: root(self.checkerboard[1]),
            grain: root(self.grain[0]),
            grain_real: root(self.grain[1]),
        })
    }
}

type Block = [[f64; BLOCK]; BLOCK];

/// Mean of the channels of every pixel.
fn brightness(picture: &Picture) -> Vec<f64> {
    let mean = |pixel: &[u8]| {
        let sum: f64 = pixel.iter().map(|&byte| f64::from(byte)).sum();
        sum / pixel.len() as f64
    };
    picture
        .pixels
        .chunks_exact(picture.channels)
        .map(mean)
        .collect()
}

fn block(picture: &[f64], width: usize, x: usize, y: usize) -> Block {
    std::array::from_fn(|row| std::array::from_fn(|column| picture[(y + row) * width + x + column]))
}

fn deviation(block: &Block) -> f64 {
    let count = (BLOCK * BLOCK) as f64;
    let mean = block.iter().flatten().sum::<f64>() / count;
    let squares = block.iter().flatten().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

/// Mean square of the coefficient over all 2×2 pixels of a block.
fn checkerboard(block: &Block) -> f64 {
    let mut sum = 0.0;
    for y in 0..BLOCK - 1 {
        for x in 0..BLOCK - 1 {
            let at = (block[y][x] - block[y][x + 1] - block[y + 1][x] + block[y + 1][x + 1]) / 2.0;
            sum += at * at;
        }
    }
    sum / ((BLOCK - 1) * (BLOCK - 1)) as f64
}

/// Mean square of the pixels inside a block less the mean of their neighbourhoods.
fn grain(block: &Block) -> f64 {
    let mut sum = 0.0;
    for y in 1..BLOCK - 1 {
        for x in 1..BLOCK - 1 {
            let around: f64 = block[y - 1..=y + 1]
                .iter()
                .flat_map(|row| &row[x - 1..=x + 1])
                .sum();
            sum += (block[y][x] - around / 9.0).powi(2);
        }
    }
    sum / ((BLOCK - 2) * (BLOCK - 2)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(value: impl Fn(usize, usize) -> u8) -> Picture {
        let (width, height, channels) = (24, 16, 3);
        let pixels = (0..width * height * channels)
            .map(|index| value(index / channels % width, index / channels / width))
            .collect();
        Picture {
            width,
            height,
            channels,
            pixels,
        }
    }

    fn found(generated: &Picture, real: &Picture) -> Option<Grain> {
        let mut collector = GrainCollector::default();
        collector.push(generated, real);
        collector.finish()
    }

    #[test]
    fn a_checkerboard_on_a_plain_surface_is_measured_by_its_height() {
        let plain = picture(|_, _| 100);
        let board = picture(|x, y| 100 + 4 * ((x + y) % 2) as u8);
        let grain = found(&board, &plain).expect("all of it is plain");
        assert_eq!((grain.plain, grain.checkerboard_real), (1.0, 0.0));
        assert!((grain.checkerboard - 4.0).abs() < 1e-9, "{grain:?}");
        assert!(grain.grain > 1.5 && grain.grain_real == 0.0, "{grain:?}");
    }

    #[test]
    fn slopes_are_no_grain_and_edges_are_not_plain() {
        let slope = picture(|x, _| x as u8);
        let grain = found(&slope, &slope).expect("plain");
        assert!(grain.checkerboard < 1e-9 && grain.grain < 1e-9, "{grain:?}");
        let edges = picture(|x, _| if x % 8 < 4 { 0 } else { 200 });
        assert_eq!(found(&slope, &edges), None);
    }
}
