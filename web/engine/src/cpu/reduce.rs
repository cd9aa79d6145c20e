//! Operations that sum up: over windows, over whole planes, over the channels of a pixel.

use super::plane::Plane;
use super::simd::{F32x4, Quad};
use crate::program::View;

/// What an average is taken over.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Rows and columns of zeros on all sides.
    pub padding: [usize; 2],
    /// Whether those count.
    pub count_include_pad: bool,
}

/// Average pooling.
pub fn average_pool(
    (from, input): (&View, &[Quad]),
    window: Window,
    (to, output): (&View, &mut [Quad]),
) {
    let (from, to) = (Plane::of(from), Plane::of(to));
    // The part of a window that lies inside.
    let inside = |axis: usize, place: usize, size: usize| {
        let start = place * window.stride[axis];
        let end = start + window.kernel[axis];
        let clip = |at: usize| at.saturating_sub(window.padding[axis]).min(size);
        // Zeros count only as far as the padding goes.
        let padded = end.min(size + 2 * window.padding[axis]) - start;
        (clip(start)..clip(end), padded)
    };
    for i in 0..to.height {
        let (rows, padded_rows) = inside(0, i, from.height);
        for j in 0..to.width {
            let (columns, padded_columns) = inside(1, j, from.width);
            let count = if window.count_include_pad {
                padded_rows * padded_columns
            } else {
                rows.len() * columns.len()
            };
            let scale = F32x4::splat(1.0 / count.max(1) as f32);
            let place = to.at(i, j);
            for channel in 0..to.channels {
                let mut sum = F32x4::zero();
                for y in rows.clone() {
                    for x in columns.clone() {
                        sum = sum.plus(F32x4::load(&input[from.at(y, x) + channel]));
                    }
                }
                sum.times(scale).store(&mut output[place + channel]);
            }
        }
    }
}

/// Pixels that are summed up in single precision before they join the others.
const CHUNK: usize = 64;

/// Writes factors and summands that normalise each channel.
///
/// Mean and squared deviations are taken of a few pixels at a time, which are in the cache the second
/// time, and merged in double precision (Chan, Golub and LeVeque 1979): never E[x²] − E[x]².
pub fn statistics(
    (view, input): (&View, &[Quad]),
    affine: &[Quad],
    epsilon: f32,
    output: &mut [Quad],
) {
    let plane = Plane::of(view);
    let channels = plane.channels;
    let mut means = vec![[0.0f64; 4]; channels];
    let mut squares = vec![[0.0f64; 4]; channels];
    let mut sums = vec![[0.0f32; 4]; channels];
    let mut deviations = vec![[0.0f32; 4]; channels];
    let mut count = 0.0;
    // Without a border all rows are one.
    let (height, width) = if plane.row == plane.width * plane.pixel {
        (1, plane.height * plane.width)
    } else {
        (plane.height, plane.width)
    };
    for y in 0..height {
        for x in (0..width).step_by(CHUNK) {
            let pixels = CHUNK.min(width - x);
            let chunk = &input[plane.at(y, x)..];
            let chunk = || chunk.chunks(plane.pixel).take(pixels);
            sums.fill([0.0; 4]);
            for pixel in chunk() {
                for (sum, quad) in sums.iter_mut().zip(pixel) {
                    F32x4::load(sum).plus(F32x4::load(quad)).store(sum);
                }
            }
            let scale = F32x4::splat(1.0 / pixels as f32);
            super::pointwise::map(&mut sums, |sum| sum.times(scale));
            deviations.fill([0.0; 4]);
            for pixel in chunk() {
                for ((sum, mean), quad) in deviations.iter_mut().zip(&sums).zip(pixel) {
                    let deviation = F32x4::load(quad).minus(F32x4::load(mean));
                    deviation.times_plus(deviation, F32x4::load(sum)).store(sum);
                }
            }
            let many = pixels as f64;
            let share = many / (count + many);
            for channel in 0..channels {
                for lane in 0..4 {
                    let mean = &mut means[channel][lane];
                    let delta = f64::from(sums[channel][lane]) - *mean;
                    *mean += delta * share;
                    squares[channel][lane] +=
                        f64::from(deviations[channel][lane]) + delta * delta * count * share;
                }
            }
            count += many;
        }
    }
    let (scales, shifts) = affine.split_at(channels);
    let (factors, summands) = output[..2 * channels].split_at_mut(channels);
    for channel in 0..channels {
        for lane in 0..4 {
            let variance = squares[channel][lane] / f64::max(count, 1.0);
            let factor = f64::from(scales[channel][lane]) / (variance + f64::from(epsilon)).sqrt();
            factors[channel][lane] = factor as f32;
            let shift = f64::from(shifts[channel][lane]);
            summands[channel][lane] = (shift - means[channel][lane] * factor) as f32;
        }
    }
}

/// Divides every pixel by the root of the mean of its squares.
pub fn pixel_norm(
    (from, input): (&View, &[Quad]),
    (divisor, epsilon): (usize, f32),
    (to, output): (&View, &mut [Quad]),
) {
    let (from, to) = (Plane::of(from), Plane::of(to));
    for (source, target) in from.pixels().zip(to.pixels()) {
        let pixel = &input[source..][..from.channels];
        let square = |sum: F32x4, quad: &Quad| {
            let quad = F32x4::load(quad);
            quad.times_plus(quad, sum)
        };
        let sum: f32 = pixel
            .iter()
            .fold(F32x4::zero(), square)
            .to_array()
            .iter()
            .sum();
        let factor = F32x4::splat(1.0 / (sum / divisor as f32 + epsilon).sqrt());
        for (quad, number) in output[target..][..to.channels].iter_mut().zip(pixel) {
            F32x4::load(number).times(factor).store(quad);
        }
    }
}
