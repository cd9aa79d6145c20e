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

/// As [`batch_norm`], over the shares of all processes where they are
/// [synchronised](super::synchronize), which libtorch's devices can be.
///
/// # Shapes
///
/// As [`batch_norm`]; every process has a share of the same size.
///
/// Source: PyTorch's `SyncBatchNorm`.
pub fn batch_norm_over_ranks(
    x: Tensor<4>,
    affine: Option<[Tensor<1>; 2]>,
    epsilon: f64,
) -> BatchNormOutput {
    #[cfg(feature = "tch")]
    if super::ranks::synchronized() && super::native::serves(&x) {
        let channels = x.dims()[1];
        let device = x.device().without_autodiff();
        let [weight, bias] = affine.unwrap_or_else(|| {
            let constant = |value| Tensor::full([channels], value, &device);
            [constant(1.0), constant(0.0)]
        });
        return super::native::batch_norm_over_ranks(x, [weight, bias], epsilon);
    }
    batch_norm(x, affine, epsilon)
}
