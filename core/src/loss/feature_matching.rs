//! The feature matching loss.

use burn::tensor::Tensor;

use super::l1_loss;

/// Sum over scales, and over all their layers but the last, of the mean absolute difference between
/// what a discriminator makes of the fake and of the real picture. Real features get no gradient.
///
/// # Shapes
///
/// - `fake`, `real`: for every scale its features, `[batch, channels, height, width]` each
/// - result: `[1]`
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), equation 4; spec 3.7, 4.5. The
/// families weight it by the number of scales and layers.
pub fn feature_matching_loss(fake: &[Vec<Tensor<4>>], real: &[Vec<Tensor<4>>]) -> Tensor<1> {
    let pairs = fake.iter().zip(real).flat_map(|(fake, real)| {
        let inner = fake.len().saturating_sub(1);
        fake.iter().zip(real).take(inner)
    });
    pairs
        .map(|(fake, real)| l1_loss(fake.clone(), real.clone().detach()))
        .reduce(|sum, loss| sum + loss)
        .expect("a discriminator has layers before its logits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn every_layer_counts_but_the_logits() {
        let plane = |value: f32| Tensor::<4>::full([1, 2, 3, 3], value, &Device::flex());
        let fake = vec![vec![plane(1.0), plane(2.0), plane(9.0)]; 2];
        let real = vec![vec![plane(0.5), plane(4.0), plane(0.0)]; 2];
        let loss = feature_matching_loss(&fake, &real).into_scalar::<f32>();
        assert_eq!(loss, 2.0 * (0.5 + 2.0));
    }
}
