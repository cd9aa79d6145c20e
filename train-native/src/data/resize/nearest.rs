//! Which source pixel is the nearest.

use crate::data::error::Size;

/// For each target index its source index: pixel centres, as a running sum in f64.
pub(super) fn nearest_indices(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut position = 0.5 * step;
    let mut indices = Vec::with_capacity(to);
    for _ in 0..to {
        indices.push((position as usize).min(from - 1));
        position += step;
    }
    indices
}

/// The same for 16-bit samples: a product instead of the sum.
pub(super) fn nearest_indices_of_wide(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let index = |target: usize| ((target as f64 + 0.5) * step) as usize;
    (0..to).map(|target| index(target).min(from - 1)).collect()
}

pub(super) fn nearest<T: Copy>(
    samples: &[T],
    from: Size,
    channels: usize,
    to: Size,
    indices: fn(usize, usize) -> Vec<usize>,
) -> Vec<T> {
    picked(
        samples,
        from.width,
        channels,
        &indices(from.width, to.width),
        &indices(from.height, to.height),
    )
}

/// The samples in these columns and rows.
pub(super) fn picked<T: Copy>(
    samples: &[T],
    width: usize,
    channels: usize,
    columns: &[usize],
    rows: &[usize],
) -> Vec<T> {
    let mut picked = Vec::with_capacity(columns.len() * rows.len() * channels);
    for row in rows {
        let source = &samples[row * width * channels..][..width * channels];
        for column in columns {
            picked.extend_from_slice(&source[column * channels..][..channels]);
        }
    }
    picked
}
