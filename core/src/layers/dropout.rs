//! Dropout that a caller can also have outside training.

use burn::tensor::{Distribution, Tensor};

/// Sets each element to zero with probability 0.5 and doubles the others, the only rate in the four
/// families.
///
/// The mask comes from the device's random stream: seed it with `Device::seed` to repeat it.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn dropout<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let keep = Tensor::random(x.shape(), Distribution::Bernoulli(0.5), &x.device());
    x * (keep * 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn half_of_the_elements_are_zero_and_the_rest_doubled() {
        let device = Device::flex();
        let dropped = dropout(Tensor::<2>::ones([100, 100], &device))
            .into_data()
            .try_to_vec::<f32>();
        let dropped = dropped.expect("f32");
        assert!(dropped.iter().all(|&x| x == 0.0 || x == 2.0));
        let kept = dropped.iter().filter(|&&x| x == 2.0).count();
        assert!((4500..5500).contains(&kept), "{kept} of 10000 kept");
    }
}
