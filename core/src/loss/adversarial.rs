//! The adversarial loss on a discriminator's logits.

use burn::tensor::{Tensor, activation::log_sigmoid};
use serde::{Deserialize, Serialize};

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
}

/// What the logits should say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GanTarget {
    /// That the picture is real.
    Real,
    /// That the picture was generated.
    Fake,
}

/// Mean adversarial loss of a map of logits.
///
/// # Shapes
///
/// - `logits`: `[batch, 1, height, width]`, unbounded
/// - result: `[1]`
///
/// Source: pix2pix `GANLoss` (spec 2.4).
pub fn adversarial_loss(logits: Tensor<4>, target: GanTarget, mode: GanMode) -> Tensor<1> {
    let real = target == GanTarget::Real;
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
    }
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
}
