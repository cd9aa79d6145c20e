//! The Kullback-Leibler divergence of a variational encoder.

use burn::tensor::Tensor;

/// Divergence of N(mean, exp(log_variance)) from N(0, 1), summed over batch and dimensions:
/// `-0.5 * Σ (1 + log_variance - mean² - exp(log_variance))`.
///
/// # Shapes
///
/// - `mean`, `log_variance`: `[batch, latent]`
/// - result: `[1]`
///
/// Source: Kingma & Welling 2014 (<https://arxiv.org/abs/1312.6114>), appendix B; spec 4.5.
pub fn kl_divergence(mean: Tensor<2>, log_variance: Tensor<2>) -> Tensor<1> {
    let inner = log_variance.clone() + 1.0 - mean.clone() * mean - log_variance.exp();
    inner.sum() * -0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_standard_normal_diverges_from_itself_by_nothing() {
        let zeros = Tensor::<2>::zeros([2, 3], &Device::flex());
        let loss = |mean, variance| kl_divergence(mean, variance).into_scalar::<f32>();
        assert_eq!(loss(zeros.clone(), zeros.clone()), 0.0);
        assert_eq!(loss(zeros.clone() + 1.0, zeros), 3.0);
    }
}
