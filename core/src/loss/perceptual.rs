//! The perceptual (VGG) loss of pix2pixHD and SPADE.

use burn::module::Module;
use burn::tensor::Tensor;

use super::l1_loss;
use crate::ops::{Precision, to_f32};
use crate::perceptual::{VGG_TAPS, Vgg19};

/// Weight of each feature map, from relu1_1 to relu5_1.
const WEIGHTS: [f64; VGG_TAPS] = [1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0];

/// How differently VGG-19 sees two pictures: `sum of w_i * mean |F_i(fake) - F_i(real)|`.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.5; Johnson et al. 2016
/// (<https://arxiv.org/abs/1603.08155>); spec 1.3.
#[derive(Module, Debug)]
pub struct PerceptualLoss {
    /// The frozen network.
    pub vgg: Vgg19,
}

impl PerceptualLoss {
    /// The loss seen through `vgg`.
    pub fn new(vgg: Vgg19) -> Self {
        Self { vgg }
    }

    /// The loss, not yet multiplied by its lambda. The gradient flows into `fake` alone; of `real`
    /// no graph is kept.
    ///
    /// # Shapes
    ///
    /// - `fake`, `real`: `[batch, 1 or 3, height, width]` in `[-1, 1]`; see [`Vgg19::check_input`]
    /// - result: `[1]`
    pub fn forward(&self, fake: Tensor<4>, real: Tensor<4>) -> Tensor<1> {
        // Its differences are small beside its values: in 16 bits they would be noise.
        let [real_features, fake_features] = Precision::F32.scope(|| {
            let real = self.vgg.forward(to_f32(real).without_autodiff());
            [real, self.vgg.forward(to_f32(fake))]
        });
        fake_features
            .into_iter()
            .zip(real_features)
            .zip(WEIGHTS)
            .map(|((fake, real), weight)| l1_loss(fake, real) * weight)
            .reduce(|sum, loss| sum + loss)
            .expect("five feature maps")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dict::{StateTensor, load_state_dict, state_dict};
    use burn::tensor::{Device, Distribution};

    /// VGG with weights that let signals through: each output channel averages its input.
    fn averaging_vgg(device: &Device) -> Vgg19 {
        let vgg = Vgg19::new(device);
        let mut dict = state_dict(&vgg);
        for tensor in dict.values_mut() {
            let value = match tensor.shape.as_slice() {
                [_, channels, ..] => 1.0 / (9 * channels) as f32,
                _ => 0.5,
            };
            *tensor = StateTensor {
                shape: tensor.shape.clone(),
                values: vec![value; tensor.values.len()],
            };
        }
        load_state_dict(vgg, &dict).expect("its own keys")
    }

    fn pictures(device: &Device) -> [Tensor<4>; 2] {
        device.seed(5);
        [(), ()].map(|()| Tensor::random([1, 3, 16, 16], Distribution::Default, device))
    }

    #[test]
    fn equal_pictures_have_no_loss_and_others_do() {
        let device = Device::flex();
        let loss = PerceptualLoss::new(averaging_vgg(&device));
        let [a, b] = pictures(&device);
        assert_eq!(loss.forward(a.clone(), a.clone()).into_scalar::<f32>(), 0.0);
        assert!(loss.forward(a, b).into_scalar::<f32>() > 0.0);
    }

    #[test]
    fn the_gradient_flows_into_the_fake_alone() {
        let device = Device::flex().autodiff();
        let loss = PerceptualLoss::new(averaging_vgg(&device));
        let [fake, real] = pictures(&device).map(Tensor::require_grad);
        let gradients = loss.forward(fake.clone(), real.clone()).backward();
        assert!(fake.grad(&gradients).is_some());
        assert!(real.grad(&gradients).is_none());
        let first = &loss.vgg.convs[0].weight;
        assert!(!first.val().is_autodiff(), "frozen: no graph of its own");
    }
}
