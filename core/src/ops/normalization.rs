//! Normalisation by the statistics of a batch.

use burn::tensor::{Tensor, module};

/// What [`batch_norm`] gives.
#[derive(Debug, Clone)]
pub struct BatchNormOutput {
    /// The normalised input, of its shape.
    pub output: Tensor<4>,
    /// Mean of every channel, `[channels]`, without a gradient.
    pub mean: Tensor<1>,
    /// Unbiased variance of every channel, likewise; the biased one where there is one value only.
    pub variance: Tensor<1>,
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` per channel, with the mean and the biased
/// variance of the batch.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - `affine`: weight and bias, `[channels]` each; 1 and 0 where there are none
pub fn batch_norm(x: Tensor<4>, affine: Option<[Tensor<1>; 2]>, epsilon: f64) -> BatchNormOutput {
    let [batch, channels, height, width] = x.dims();
    let count = (batch * height * width) as f64;
    #[cfg(feature = "tch")]
    if super::native::serves(&x) && count > 1.0 {
        return super::native::batch_norm(x, affine, epsilon);
    }
    let device = x.device().without_autodiff();
    let [weight, bias] = affine.unwrap_or_else(|| {
        [
            Tensor::ones([channels], &device),
            Tensor::zeros([channels], &device),
        ]
    });
    let result = module::batch_norm_train(x, weight, bias, epsilon);
    // One value has no unbiased variance; PyTorch refuses such a batch, we keep the biased one.
    let unbiased = if count > 1.0 {
        count / (count - 1.0)
    } else {
        1.0
    };
    BatchNormOutput {
        output: result.output,
        mean: result.mean.without_autodiff(),
        variance: result.variance.without_autodiff() * unbiased,
    }
}
