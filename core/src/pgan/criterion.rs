//! The adversarial and the classification loss.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use serde::{Deserialize, Serialize};

use super::OutputActivation;
use crate::loss::GanTarget;

/// Kind of adversarial loss on the scores (`lossMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Wasserstein: minus or plus the *sum* of the scores, to go with a gradient penalty.
    #[default]
    Wgangp,
    /// Mean softplus of minus or plus the scores.
    Logistic,
    /// Mean squared distance to 1 or 0.
    Mse,
    /// Mean binary cross-entropy with logits; as [`Logistic`](Self::Logistic), but with a tanh at
    /// the generator's end.
    Dcgan,
}

impl Criterion {
    /// How a generator ends that is trained with this loss.
    pub fn output(self) -> OutputActivation {
        match self {
            Self::Wgangp | Self::Logistic => OutputActivation::Linear,
            Self::Mse | Self::Dcgan => OutputActivation::Tanh,
        }
    }

    /// Whether the loss sums over the batch; otherwise it is a mean.
    pub fn sums(self) -> bool {
        self == Self::Wgangp
    }

    /// The loss of a batch of scores.
    ///
    /// # Shapes
    ///
    /// - `scores`: `[batch]`, unbounded
    /// - result: `[1]`
    ///
    /// Source: spec 5.4.
    pub fn loss(self, scores: Tensor<1>, target: GanTarget) -> Tensor<1> {
        let real = target == GanTarget::Real;
        match self {
            Self::Wgangp if real => scores.sum().neg(),
            Self::Wgangp => scores.sum(),
            Self::Logistic | Self::Dcgan => log_sigmoid(if real { scores } else { scores.neg() })
                .mean()
                .neg(),
            Self::Mse if real => (scores - 1.0).square().mean(),
            Self::Mse => scores.square().mean(),
        }
    }
}

/// Cross-entropy of class logits, summed over the attributes and averaged over the batch (AC-GAN).
///
/// # Shapes
///
/// - `logits`: `[batch, sum of class_counts]`, unbounded
/// - `one_hot`: of the same shape, as [`one_hot_classes`](super::one_hot_classes) makes it
/// - result: `[1]`
///
/// Source: Odena et al. 2017 (<https://arxiv.org/abs/1610.09585>), equation 3; spec 5.4.
pub fn classification_loss(
    logits: Tensor<2>,
    one_hot: Tensor<2>,
    class_counts: &[usize],
) -> Tensor<1> {
    let [batch, _] = logits.dims();
    let mut first = 0;
    let losses = class_counts.iter().map(|&count| {
        let block = |tensor: &Tensor<2>| tensor.clone().narrow(1, first, count);
        let likelihood = log_softmax(block(&logits), 1) * block(&one_hot);
        first += count;
        likelihood.sum().neg() / batch as f64
    });
    Tensor::cat(losses.collect(), 0).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn value(loss: Tensor<1>) -> f32 {
        loss.into_scalar()
    }

    #[test]
    fn losses_are_those_of_their_formulas() {
        let loss = |criterion: Criterion, target| {
            let scores = Tensor::<1>::from_data([1.0f32, -3.0], &Device::flex());
            value(criterion.loss(scores, target))
        };
        let softplus = |x: f32| x.exp().ln_1p();
        let cases = [
            (Criterion::Wgangp, GanTarget::Real, 2.0),
            (Criterion::Wgangp, GanTarget::Fake, -2.0),
            (
                Criterion::Logistic,
                GanTarget::Real,
                (softplus(-1.0) + softplus(3.0)) / 2.0,
            ),
            (
                Criterion::Dcgan,
                GanTarget::Fake,
                (softplus(1.0) + softplus(-3.0)) / 2.0,
            ),
            (Criterion::Mse, GanTarget::Real, 8.0),
            (Criterion::Mse, GanTarget::Fake, 5.0),
        ];
        for (criterion, target, expected) in cases {
            let found = loss(criterion, target);
            assert!(
                (found - expected).abs() < 1e-5,
                "{criterion:?} {target:?}: {found} is not {expected}"
            );
        }
    }

    #[test]
    fn each_attribute_has_its_own_softmax() {
        let device = Device::flex();
        let logits = Tensor::<2>::from_data([[0.0f32, 0.0, 1.0, 1.0, 1.0]], &device);
        let one_hot = Tensor::<2>::from_data([[1.0f32, 0.0, 0.0, 1.0, 0.0]], &device);
        let found = value(classification_loss(logits, one_hot, &[2, 3]));
        assert!((found - (2f32.ln() + 3f32.ln())).abs() < 1e-6, "{found}");
    }
}
