//! The spread of a batch as a channel of its features.

use burn::tensor::Tensor;

use crate::ops::to_f32;

/// Samples that are compared with one another.
const GROUP: usize = 4;
/// Added to the variance before its root.
const EPSILON: f64 = 1e-8;

/// Appends a channel that holds, for every group of consecutive samples, the mean over all features
/// of their standard deviation within the group. It tells a discriminator when all samples of a
/// generator look alike.
///
/// A group has four samples; the whole batch is one group where it is smaller or no multiple of
/// four. A group of one has spread zero. The variance is unbiased.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels + 1, height, width]`
///
/// Source: Karras et al. 2018, section 3; spec 5.1.
pub fn minibatch_stddev(x: Tensor<4>) -> Tensor<4> {
    // Differences of alike numbers: 16 bits would not tell them apart.
    let x = to_f32(x);
    let [batch, _, height, width] = x.dims();
    let size = group_size(batch);
    let spread = if size == 1 {
        Tensor::zeros([batch, 1], (&x.device(), x.dtype()))
    } else {
        let groups = Groups::of(x.clone());
        let [count, _, features] = groups.spread.dims();
        let spread: Tensor<2> = groups.spread.reshape([count, features]);
        spread.mean_dim(1)
    };
    let map = spread_to_map(spread, [batch, size, height, width]);
    Tensor::cat(vec![x, map], 1)
}

/// What the gradient of [`minibatch_stddev`]'s result is in its input `x`: a function of both, with a
/// graph to both.
///
/// # Shapes
///
/// - `x` and the result: `[batch, channels, height, width]`
/// - `gradient`: `[batch, channels + 1, height, width]`
pub(super) fn input_gradient(x: Tensor<4>, gradient: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    let [batch, channels, height, width] = shape;
    let of_x = gradient.clone().narrow(1, 0, channels);
    let size = group_size(batch);
    if size == 1 {
        return of_x;
    }
    let of_map = gradient.narrow(1, channels, 1);
    let of_map: Tensor<2> = of_map.reshape([batch / size, size * height * width]);
    let of_mean: Tensor<3> = of_map.sum_dim(1).unsqueeze_dim(2);
    let groups = Groups::of(to_f32(x));
    // d spread / dx = (x - m) / ((S - 1) spread), and every feature has an equal share in the mean.
    let share = 1.0 / ((channels * height * width) as f64 * (size - 1) as f64);
    let through_spread = groups.deviation * (of_mean * share / groups.spread);
    of_x + through_spread.reshape(shape)
}

/// Groups of samples and how they spread.
struct Groups {
    /// `[groups, group size, features of a sample]`: distance from the group's mean.
    deviation: Tensor<3>,
    /// `[groups, 1, features of a sample]`: `sqrt(Σ (x - m)² / (S - 1) + ε)`.
    spread: Tensor<3>,
}

impl Groups {
    /// Of `[batch, channels, height, width]` with groups of at least two.
    fn of(x: Tensor<4>) -> Self {
        let [batch, channels, height, width] = x.dims();
        let size = group_size(batch);
        let x: Tensor<3> = x.reshape([batch / size, size, channels * height * width]);
        let deviation = x.clone() - x.mean_dim(1);
        let variance = deviation.clone().square().sum_dim(1) / (size - 1) as f64;
        Self {
            deviation,
            spread: (variance + EPSILON).sqrt(),
        }
    }
}

fn group_size(batch: usize) -> usize {
    let size = batch.min(GROUP);
    if batch.is_multiple_of(size) {
        size
    } else {
        batch
    }
}

/// `[groups, 1]` to `[batch, 1, height, width]`.
fn spread_to_map(spread: Tensor<2>, [batch, size, height, width]: [usize; 4]) -> Tensor<4> {
    let groups = batch / size;
    let map: Tensor<4> = spread.reshape([groups, 1, 1, 1]);
    map.expand([groups, size, height, width])
        .reshape([batch, 1, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    const FEATURES: usize = 2 * 3 * 3;

    /// Numbers without a pattern that a group could share.
    fn sample(batch: usize, shift: f32) -> Vec<f32> {
        let value = |index| ((index as f32 * 0.7 + shift).sin() * 43.0).fract();
        (0..batch * FEATURES).map(value).collect()
    }

    fn tensor(values: Vec<f32>, batch: usize) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values, [batch, 2, 3, 3]), &Device::flex())
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().iter().collect()
    }

    /// Spread of every sample's group, one loop for each sum.
    fn naive(x: &[f32], batch: usize) -> Vec<f64> {
        let size = if batch.is_multiple_of(batch.min(4)) {
            batch.min(4)
        } else {
            batch
        };
        let group_spread = |group: usize| {
            let mut sum = 0.0;
            for feature in 0..FEATURES {
                let of = |index: usize| f64::from(x[(group * size + index) * FEATURES + feature]);
                let mean = (0..size).map(of).sum::<f64>() / size as f64;
                let squares: f64 = (0..size).map(|index| (of(index) - mean).powi(2)).sum();
                sum += (squares / (size - 1) as f64 + 1e-8).sqrt();
            }
            sum / FEATURES as f64
        };
        (0..batch)
            .map(|index| {
                if size == 1 {
                    0.0
                } else {
                    group_spread(index / size)
                }
            })
            .collect()
    }

    #[test]
    fn it_equals_a_naive_loop_for_every_grouping() {
        for batch in 1..=9 {
            let x = sample(batch, 0.0);
            let result = minibatch_stddev(tensor(x.clone(), batch));
            assert_eq!(result.dims(), [batch, 3, 3, 3]);
            let result = values(result);
            for (index, expected) in naive(&x, batch).into_iter().enumerate() {
                let rows = &result[index * 27..(index + 1) * 27];
                assert_eq!(rows[..18], x[index * 18..(index + 1) * 18]);
                for found in &rows[18..] {
                    let difference = (f64::from(*found) - expected).abs();
                    assert!(
                        difference < 1e-5,
                        "batch {batch}: {found} is not {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn four_equal_samples_spread_by_the_root_of_epsilon() {
        let x = sample(1, 0.0).repeat(4);
        let result = values(minibatch_stddev(tensor(x, 4)));
        assert!((result[18] - 1e-4).abs() < 1e-6, "{}", result[18]);
    }

    #[test]
    fn the_gradient_is_the_difference_quotient() {
        for batch in [1, 3, 4, 8] {
            let (x, direction) = (sample(batch, 0.0), sample(batch, 2.0));
            let weight = |index: usize| 1.0 + (index as f32 * 0.3).sin();
            let gradient: Vec<f32> = (0..batch * 27).map(weight).collect();
            let gradient = TensorData::new(gradient, [batch, 3, 3, 3]);
            let gradient = Tensor::from_data(gradient, &Device::flex());
            let found = input_gradient(tensor(x.clone(), batch), gradient);
            let found: f32 = (found * tensor(direction.clone(), batch))
                .sum()
                .into_scalar();
            // Of the result, weighted as the gradient says.
            let at = |step: f64| -> f64 {
                let moved = x.iter().zip(&direction);
                let moved: Vec<f32> = moved
                    .map(|(x, d)| (f64::from(*x) + step * f64::from(*d)) as f32)
                    .collect();
                let spread = naive(&moved, batch);
                let of_sample = |sample: usize| {
                    let value = |index: usize| match index {
                        0..18 => f64::from(moved[sample * FEATURES + index]),
                        _ => spread[sample],
                    };
                    (0..27)
                        .map(|index| f64::from(weight(sample * 27 + index)) * value(index))
                        .sum::<f64>()
                };
                (0..batch).map(of_sample).sum()
            };
            let expected = (at(1e-3) - at(-1e-3)) / 2e-3;
            let difference = (f64::from(found) - expected).abs();
            assert!(difference < 2e-2, "{batch}: {found} is not {expected}");
        }
    }
}
