//! SPADE's way of putting the scales of a discriminator together.

use burn::tensor::Tensor;

use crate::loss::{GanMode, GanTarget, multiscale_adversarial_loss};

/// Mean over scales of the mean adversarial loss of their logits, the last features of each.
///
/// # Shapes
///
/// - `scales`: for every scale its features, `[batch, channels, height, width]` each
/// - result: `[1]`
///
/// Source: spec 4.5. pix2pixHD sums over scales instead.
pub fn adversarial_loss(scales: &[Vec<Tensor<4>>], target: GanTarget, mode: GanMode) -> Tensor<1> {
    multiscale_adversarial_loss(scales, target, mode) / scales.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn scales_are_averaged() {
        let scale = |value: f32| vec![Tensor::<4>::full([1, 1, 2, 2], value, &Device::flex())];
        let scales = [scale(0.5), scale(-2.0)];
        let loss = |target| adversarial_loss(&scales, target, GanMode::Hinge).into_scalar::<f32>();
        assert_eq!(loss(GanTarget::Real), (0.5 + 3.0) / 2.0);
        assert_eq!(loss(GanTarget::Fake), (1.5 + 0.0) / 2.0);
        assert_eq!(loss(GanTarget::Fooled), (-0.5 + 2.0) / 2.0);
    }
}
