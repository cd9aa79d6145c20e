//! Half the size, and the blend of two sizes.

use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Tensor, module};

use crate::layers::upsample_nearest;

/// Half the size: every four pixels become their mean.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`, even sides
/// - result: `[batch, channels, height / 2, width / 2]`
pub fn halved(x: Tensor<4>) -> Tensor<4> {
    module::avg_pool2d(x, AvgPoolOptions::new([2, 2]))
}

/// What the gradient of [`halved`] is in its input.
///
/// # Shapes
///
/// - `gradient`: `[batch, channels, height, width]`
/// - result: `[batch, channels, 2 * height, 2 * width]`
pub(super) fn halved_gradient(gradient: Tensor<4>) -> Tensor<4> {
    upsample_nearest(gradient * 0.25)
}

/// Real pictures as the discriminator gets them while a scale fades in: detail that the generator
/// cannot make yet is missing in proportion.
///
/// # Shapes
///
/// - `real` and the result: `[batch, channels, height, width]` in `[-1, 1]`, even sides
///
/// Source: spec 5.5.
pub fn fade_real(real: Tensor<4>, alpha: f64) -> Tensor<4> {
    if alpha <= 0.0 {
        return real;
    }
    blended(upsample_nearest(halved(real.clone())), real, alpha)
}

/// `alpha * old + (1 - alpha) * new`.
pub(super) fn blended(old: Tensor<4>, new: Tensor<4>, alpha: f64) -> Tensor<4> {
    old * alpha + new * (1.0 - alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().iter().collect()
    }

    fn square() -> Tensor<4> {
        Tensor::from_data([[[[1.0f32, 2.0], [3.0, 6.0]]]], &Device::flex())
    }

    #[test]
    fn halving_undoes_doubling() {
        let large = upsample_nearest(square());
        assert_eq!(large.dims(), [1, 1, 4, 4]);
        assert_eq!(values(halved(large)), values(square()));
    }

    #[test]
    fn a_full_fade_leaves_no_detail_and_none_leaves_all() {
        assert_eq!(values(fade_real(square(), 1.0)), [3.0; 4]);
        assert_eq!(values(fade_real(square(), 0.5)), [2.0, 2.5, 3.0, 4.5]);
        assert_eq!(values(fade_real(square(), 0.0)), values(square()));
    }
}
