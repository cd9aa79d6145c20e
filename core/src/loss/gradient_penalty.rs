//! Penalties on the gradient of a discriminator in its input.
//!
//! The gradient of such a penalty in the discriminator's weights is a second derivative, which burn
//! does not take. So the first derivative `g(θ)`, the gradient of the summed scores in the input, is
//! written out as a function of the weights
//! ([`Discriminator::score_gradient`](crate::pgan::Discriminator::score_gradient)). With `w` the
//! derivative of the penalty in `g`, held constant,
//!
//! ```text
//! d penalty(g(θ)) / dθ  =  w · dg/dθ  =  d (w · g(θ)) / dθ.
//! ```
//!
//! A discriminator step takes `g`, asks here for the penalty's value and for `w`, and adds the sum of
//! `w · g` to its loss. (Through the penalty's own formula the gradient would be the same, but for a `g`
//! of zero, whose norm has no derivative.)

use burn::tensor::Tensor;

/// Smallest norm that a gradient is divided by: a gradient of zero has no direction, and one whose
/// square vanishes in f32 must not be blown up either.
const SMALLEST_NORM: f64 = 1e-12;

/// A penalty and its derivative in the gradient that it is on.
#[derive(Debug, Clone)]
pub struct GradientPenalty {
    /// The penalty, `[1]`, unweighted.
    pub value: Tensor<1>,
    /// Its derivative in the gradient, of the gradient's shape, without a graph.
    pub direction: Tensor<4>,
}

/// Sum over the batch of `(‖g‖ - 1)²`: the penalty of WGAN-GP.
///
/// # Shapes
///
/// `gradient`: `[batch, channels, height, width]`, of the sum of all scores in the pictures, without
/// a graph. Its norm is that of a whole picture. A gradient of zero counts 1 and has no direction,
/// where PyTorch gives NaN.
///
/// Source: Gulrajani et al. 2017 (<https://arxiv.org/abs/1704.00028>), equation 3; spec 5.4.
pub fn unit_gradient_penalty(gradient: Tensor<4>) -> GradientPenalty {
    let norm = squared_norm(&gradient).sqrt();
    let excess = norm.clone() - 1.0;
    let direction = gradient * (excess.clone() * 2.0 / norm.clamp_min(SMALLEST_NORM));
    GradientPenalty {
        value: excess.square().sum(),
        direction,
    }
}

/// Mean over the batch of `‖g‖²`: the penalty on real pictures that is called R1.
///
/// # Shapes
///
/// As [`unit_gradient_penalty`].
///
/// Source: Mescheder et al. 2018 (<https://arxiv.org/abs/1801.04406>), equation 9, without its
/// factor one half; spec 5.4 (`logisticGradReal`).
pub fn zero_gradient_penalty(gradient: Tensor<4>) -> GradientPenalty {
    let [batch, ..] = gradient.dims();
    GradientPenalty {
        value: squared_norm(&gradient).mean(),
        direction: gradient * (2.0 / batch as f64),
    }
}

/// `[batch, 1, 1, 1]`.
fn squared_norm(gradient: &Tensor<4>) -> Tensor<4> {
    let [batch, ..] = gradient.dims();
    let rows = gradient.clone().square().reshape([batch as i32, -1]);
    rows.sum_dim(1).reshape([batch, 1, 1, 1])
}

/// Pictures between real and generated ones: `share * real + (1 - share) * fake`.
///
/// # Shapes
///
/// - `real`, `fake` and the result: `[batch, channels, height, width]` in `[-1, 1]`
/// - `share`: `[batch]` in `[0, 1]`
pub fn interpolated(real: Tensor<4>, fake: Tensor<4>, share: Tensor<1>) -> Tensor<4> {
    let [batch] = share.dims();
    let share = share.reshape([batch, 1, 1, 1]);
    real * share.clone() + fake * (1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Gradients of length 5 and 0, two pictures of two pixels.
    fn gradients() -> Tensor<4> {
        Tensor::from_data(
            [[[[3.0f32, 4.0]]], [[[0.0, 0.0]]]],
            &Device::flex().autodiff(),
        )
    }

    fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
        tensor.to_data().iter().collect()
    }

    #[test]
    fn a_gradient_of_zero_costs_one_and_pulls_nowhere() {
        let penalty = unit_gradient_penalty(gradients());
        assert_eq!(values(&penalty.value), [16.0 + 1.0]);
        let expected = [2.0 * 4.0 * 0.6, 2.0 * 4.0 * 0.8, 0.0, 0.0];
        for (found, expected) in values(&penalty.direction).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
    }

    #[test]
    fn directions_are_the_derivatives_of_the_values() {
        for penalty in [unit_gradient_penalty, zero_gradient_penalty] {
            let leaf = gradients().narrow(0, 0, 1).require_grad();
            let penalty = penalty(leaf.clone());
            let derivative = leaf.grad(&penalty.value.backward()).expect("a gradient");
            let (found, expected) = (values(&penalty.direction), values(&derivative));
            assert!(
                found
                    .iter()
                    .zip(&expected)
                    .all(|(a, b)| (a - b).abs() < 1e-5),
                "{found:?} is not {expected:?}"
            );
        }
    }

    #[test]
    fn r1_is_a_mean_of_squares() {
        assert_eq!(values(&zero_gradient_penalty(gradients()).value), [12.5]);
    }

    #[test]
    fn a_share_of_one_is_the_real_picture() {
        let device = Device::flex();
        let real = Tensor::<4>::ones([3, 1, 1, 1], &device);
        let share = Tensor::<1>::from_data([1.0f32, 0.0, 0.25], &device);
        let mixed = interpolated(real.clone(), real.neg(), share);
        assert_eq!(values(&mixed), [1.0, -1.0, -0.5]);
    }
}
