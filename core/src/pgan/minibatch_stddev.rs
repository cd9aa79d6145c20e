//! The spread of a batch as a channel of its features.

use burn::tensor::Tensor;

use super::dual::Dual;
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
    append(Dual::constant(x)).value
}

/// [`minibatch_stddev`] of a value and its tangent.
pub(super) fn append(x: Dual<4>) -> Dual<4> {
    // Differences of alike numbers: 16 bits would not tell them apart.
    let x = x.linear(to_f32);
    let [batch, channels, height, width] = x.value.dims();
    let size = group_size(batch);
    let map = |spread: Tensor<2>| spread_to_map(spread, [batch, size, height, width]);
    let spread = if size == 1 {
        x.clone().linear(|x| Tensor::zeros([batch, 1], &x.device()))
    } else {
        group_spread(x.clone(), [batch / size, size, channels * height * width])
    };
    let spread = spread.linear(map);
    let tangents = x.tangent.zip(spread.tangent);
    let join = |x, spread| Tensor::cat(vec![x, spread], 1);
    Dual {
        value: join(x.value, spread.value),
        tangent: tangents.map(|(x, spread)| join(x, spread)),
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

/// `shape`: `[groups, group size, features of a sample]`; the result is `[groups, 1]`.
///
/// With `d = sqrt(Σ (x - m)² / (S - 1) + ε)` over the samples of a group, the tangent is
/// `d' = Σ (x - m) x' / ((S - 1) d)`: the mean's own tangent cancels, deviations summing to zero.
fn group_spread(x: Dual<4>, shape: [usize; 3]) -> Dual<2> {
    let [groups, size, features] = shape;
    let Dual { value, tangent } = x.linear(|x| -> Tensor<3> { x.reshape(shape) });
    let deviation = value.clone() - value.mean_dim(1);
    let degrees = (size - 1) as f64;
    let variance = deviation.clone().square().sum_dim(1) / degrees;
    let spread = (variance + EPSILON).sqrt();
    let tangent =
        tangent.map(|tangent| (deviation * tangent).sum_dim(1) / degrees / spread.clone());
    Dual {
        value: spread,
        tangent,
    }
    // [groups, 1, features]
    .linear(|x| -> Tensor<2> { x.reshape([groups, features]) })
    .linear(|x| x.mean_dim(1))
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
    fn the_tangent_is_the_difference_quotient() {
        for batch in [1, 3, 4, 8] {
            let (x, direction) = (sample(batch, 0.0), sample(batch, 2.0));
            let dual = append(Dual {
                value: tensor(x.clone(), batch),
                tangent: Some(tensor(direction.clone(), batch)),
            });
            let at = |step: f64| {
                let moved = x.iter().zip(&direction);
                let moved: Vec<f32> = moved
                    .map(|(x, d)| (f64::from(*x) + step * f64::from(*d)) as f32)
                    .collect();
                naive(&moved, batch)
            };
            let (ahead, behind) = (at(1e-3), at(-1e-3));
            let found = values(dual.tangent.expect("a tangent"));
            for index in 0..batch {
                let expected = (ahead[index] - behind[index]) / 2e-3;
                let found = f64::from(found[index * 27 + 18]);
                assert!((found - expected).abs() < 1e-3, "{found} is not {expected}");
            }
        }
    }
}
