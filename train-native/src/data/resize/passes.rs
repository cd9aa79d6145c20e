//! One axis after the other, by weights in fixed point.

use std::ops::Range;

use super::Filter;
use crate::data::error::Size;

/// Bits behind the point of the fixed-point weights.
const PRECISION_BITS: u32 = 22;

/// The source pixels and weights of one target pixel.
pub(super) struct Taps {
    /// First source index.
    pub start: usize,
    /// Weights in 22-bit fixed point, one per source index from `start`.
    weights: Vec<i32>,
}

impl Taps {
    /// The same where the first `skipped` sources are missing.
    pub fn after(&self, skipped: usize) -> Self {
        Self {
            start: self.start - skipped,
            weights: self.weights.clone(),
        }
    }
}

fn kernel(filter: Filter, x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    match filter {
        Filter::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        Filter::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        Filter::Bilinear if x < 1.0 => 1.0 - x,
        _ => 0.0,
    }
}

/// The weights of one axis, normalised and rounded as Pillow does.
pub(super) fn taps(from: usize, to: usize, filter: Filter) -> Vec<Taps> {
    if from == to {
        let weights = vec![1 << PRECISION_BITS];
        let copied = |start| Taps {
            start,
            weights: weights.clone(),
        };
        return (0..to).map(copied).collect();
    }
    let radius = if filter == Filter::Bicubic { 2.0 } else { 1.0 };
    let scale = from as f64 / to as f64;
    let filter_scale = scale.max(1.0);
    let support = radius * filter_scale;
    let inverse_scale = 1.0 / filter_scale;
    (0..to)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            let start = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let raw: Vec<f64> = (start..end)
                .map(|source| kernel(filter, (source as f64 - center + 0.5) * inverse_scale))
                .collect();
            let sum: f64 = raw.iter().sum();
            let weights = raw
                .iter()
                .map(|weight| fixed_point(if sum == 0.0 { *weight } else { weight / sum }));
            Taps {
                start,
                weights: weights.collect(),
            }
        })
        .collect()
}

fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1u32 << PRECISION_BITS);
    (scaled + 0.5f64.copysign(scaled)) as i32
}

fn byte_from_sum(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

fn horizontal<const CHANNELS: usize>(pixels: &[u8], from: Size, taps: &[Taps]) -> Vec<u8> {
    let mut wide = vec![0; from.height * taps.len() * CHANNELS];
    let rows = pixels.chunks_exact(from.width * CHANNELS);
    for (row, target) in rows.zip(wide.chunks_exact_mut(taps.len() * CHANNELS)) {
        let (row, _) = row.as_chunks::<CHANNELS>();
        let (target, _) = target.as_chunks_mut::<CHANNELS>();
        for (tap, pixel) in taps.iter().zip(target) {
            let mut sums = [1i32 << (PRECISION_BITS - 1); CHANNELS];
            for (weight, source) in tap.weights.iter().zip(&row[tap.start..]) {
                for channel in 0..CHANNELS {
                    sums[channel] += weight * i32::from(source[channel]);
                }
            }
            *pixel = sums.map(byte_from_sum);
        }
    }
    wide
}

fn horizontal_any(pixels: &[u8], from: Size, channels: usize, taps: &[Taps]) -> Vec<u8> {
    let mut wide = Vec::with_capacity(from.height * taps.len() * channels);
    for row in pixels.chunks_exact(from.width * channels) {
        for tap in taps {
            for channel in 0..channels {
                let mut sum = 1i32 << (PRECISION_BITS - 1);
                for (offset, weight) in tap.weights.iter().enumerate() {
                    sum += weight * i32::from(row[(tap.start + offset) * channels + channel]);
                }
                wide.push(byte_from_sum(sum));
            }
        }
    }
    wide
}

/// `row_length` samples a row; channels need no distinction here.
pub(super) fn vertical(pixels: &[u8], row_length: usize, taps: &[Taps]) -> Vec<u8> {
    let mut tall = Vec::with_capacity(row_length * taps.len());
    let mut sums = vec![0i32; row_length];
    for tap in taps {
        sums.fill(1 << (PRECISION_BITS - 1));
        for (weight, row) in tap
            .weights
            .iter()
            .zip(pixels[tap.start * row_length..].chunks_exact(row_length))
        {
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum += weight * i32::from(*sample);
            }
        }
        tall.extend(sums.iter().map(|sum| byte_from_sum(*sum)));
    }
    tall
}

pub(super) fn resize_width(pixels: &[u8], from: Size, channels: usize, taps: &[Taps]) -> Vec<u8> {
    match channels {
        1 => horizontal::<1>(pixels, from, taps),
        3 => horizontal::<3>(pixels, from, taps),
        4 => horizontal::<4>(pixels, from, taps),
        _ => horizontal_any(pixels, from, channels, taps),
    }
}

/// All source indices that taps in ascending order read.
pub(super) fn span(taps: &[Taps]) -> Range<usize> {
    let start = taps.iter().map(|taps| taps.start).min().unwrap_or(0);
    let end = taps
        .iter()
        .map(|taps| taps.start + taps.weights.len())
        .max();
    start..end.unwrap_or(0)
}
