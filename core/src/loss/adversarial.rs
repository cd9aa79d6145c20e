//! The adversarial loss on a discriminator's logits.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, relu};
use serde::{Deserialize, Serialize};

use crate::ops::to_f32;

/// Kind of adversarial loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GanMode {
    /// Binary cross-entropy with logits.
    #[default]
    Vanilla,
    /// Squared distance to 1 (real) or 0 (fake).
    Lsgan,
    /// Wasserstein: minus the mean (real) or the mean (fake). pix2pix wires no gradient penalty.
    Wgangp,
    /// Hinge: the discriminator is content once a logit is beyond ±1 (SPADE).
    Hinge,
}

/// What the logits should say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GanTarget {
    /// That the picture is real.
    Real,
    /// That the picture was generated.
    Fake,
    /// That the picture is real, although it was generated: the generator's side. Differs from
    /// [`Real`](Self::Real) for the hinge loss only, which never lets the generator rest.
    Fooled,
}

/// Mean adversarial loss of a map of logits.
///
/// # Shapes
///
/// - `logits`: `[batch, 1, height, width]`, unbounded
/// - result: `[1]`
///
/// Source: `GANLoss` of pix2pix and SPADE (spec 2.4, 4.5).
pub fn adversarial_loss(logits: Tensor<4>, target: GanTarget, mode: GanMode) -> Tensor<1> {
    let logits = to_f32(logits);
    let real = target != GanTarget::Fake;
    match mode {
        GanMode::Vanilla => log_sigmoid(if real { logits } else { logits.neg() })
            .mean()
            .neg(),
        GanMode::Lsgan => {
            let distance = if real { logits - 1.0 } else { logits };
            (distance.clone() * distance).mean()
        }
        GanMode::Wgangp if real => logits.mean().neg(),
        GanMode::Wgangp => logits.mean(),
        GanMode::Hinge => match target {
            GanTarget::Real => relu(logits.neg() + 1.0).mean(),
            GanTarget::Fake => relu(logits + 1.0).mean(),
            GanTarget::Fooled => logits.mean().neg(),
        },
    }
}

/// Sum over scales of the mean adversarial loss of their logits, the last features of each.
///
/// # Shapes
///
/// - `scales`: for every scale its features, `[batch, channels, height, width]` each
/// - result: `[1]`
///
/// Source: pix2pixHD `GANLoss` (spec 3.7). SPADE divides by the number of scales.
pub fn multiscale_adversarial_loss(
    scales: &[Vec<Tensor<4>>],
    target: GanTarget,
    mode: GanMode,
) -> Tensor<1> {
    scales
        .iter()
        .filter_map(|features| features.last())
        .map(|logits| adversarial_loss(logits.clone(), target, mode))
        .reduce(|sum, loss| sum + loss)
        .expect("a discriminator has a scale")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn vanilla_stays_finite_for_huge_logits() {
        let logits = Tensor::<4>::from_data([[[[-200.0f32, 200.0]]]], &Device::flex());
        let loss = adversarial_loss(logits, GanTarget::Real, GanMode::Vanilla).into_scalar::<f32>();
        assert!((loss - 100.0).abs() < 1e-3, "{loss}");
    }

    #[test]
    fn hinge_at_zero_costs_the_discriminator_one_and_the_generator_nothing() {
        let loss = |target| {
            let logits = Tensor::<4>::zeros([1, 1, 2, 2], &Device::flex());
            adversarial_loss(logits, target, GanMode::Hinge).into_scalar::<f32>()
        };
        assert_eq!(loss(GanTarget::Real), 1.0);
        assert_eq!(loss(GanTarget::Fake), 1.0);
        assert_eq!(loss(GanTarget::Fooled), 0.0);
    }
}
