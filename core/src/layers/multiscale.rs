//! PatchGANs at several sizes of the same picture.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::patchgan::PatchShape;
use super::{Mode, NormKind, PatchDiscriminator, downsample};
use crate::{Error, Result};

/// Config of a [`MultiscaleDiscriminator`]; the families' own configs turn into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MultiscaleDiscriminatorConfig {
    /// Channels of condition and picture together.
    pub input_channels: usize,
    /// Width of the first layer (`ndf`); widths double up to 512.
    pub base_channels: usize,
    /// Number of stride-2 layers of each PatchGAN: pix2pixHD's `n_layers_D`, SPADE's less one.
    pub num_halvings: usize,
    /// Number of sizes (`num_D`).
    pub num_scales: usize,
    /// Norm after the inner convolutions.
    pub norm: NormKind,
    /// Whether the inner convolutions have a bias; the first and the last always do.
    pub inner_bias: bool,
    /// Whether the inner convolutions are under spectral normalisation.
    pub spectral: bool,
}

/// PatchGANs of one shape, each judging the picture at half the size of the one before it.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.2; spec 3.4, 4.3.
#[derive(Module, Debug)]
pub struct MultiscaleDiscriminator {
    /// Full size first.
    pub scales: Vec<PatchDiscriminator>,
}

impl MultiscaleDiscriminatorConfig {
    /// Checks that a network can be built.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming the field.
    pub fn validate(&self) -> Result<()> {
        let positive = [
            ("input_channels", self.input_channels),
            ("base_channels", self.base_channels),
            ("num_layers", self.num_halvings),
            ("num_scales", self.num_scales),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(Error::Config {
                field,
                message: "expected at least 1, found 0".into(),
            }),
            None => Ok(()),
        }
    }

    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<MultiscaleDiscriminator> {
        self.validate()?;
        let shape = PatchShape {
            input_channels: self.input_channels,
            base_channels: self.base_channels,
            max_channels: 512,
            num_halvings: self.num_halvings,
            padding: 2,
            norm: self.norm,
            inner_bias: self.inner_bias,
            spectral: self.spectral,
        };
        let scales = (0..self.num_scales).map(|_| shape.init(device)).collect();
        Ok(MultiscaleDiscriminator { scales })
    }
}

impl MultiscaleDiscriminator {
    /// Judges condition and picture, concatenated on the channel axis, condition first.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, input_channels, height, width]`, picture channels in `[-1, 1]`
    /// - result: for every scale, full size first, what every layer gives, after its activation:
    ///   `[batch, channels, height', width']` each; the last of each scale are its logits
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Vec<Vec<Tensor<4>>> {
        let mut x = Some(x);
        let judge = |(index, scale): (usize, &PatchDiscriminator)| {
            let input = x.take().expect("an input for every scale");
            if index + 1 < self.scales.len() {
                x = Some(downsample(input.clone()));
            }
            scale.features(input, mode)
        };
        self.scales.iter().enumerate().map(judge).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_spec_9_2_and_the_finest_comes_first() {
        let config = MultiscaleDiscriminatorConfig {
            input_channels: 2,
            base_channels: 1,
            num_halvings: 3,
            num_scales: 2,
            norm: NormKind::Instance,
            inner_bias: false,
            spectral: true,
        };
        let network = config.init(&Device::flex()).expect("a valid config");
        let x = Tensor::zeros([1, 2, 256, 256], &Device::flex());
        let sides = |features: &Vec<Tensor<4>>| -> Vec<usize> {
            features.iter().map(|feature| feature.dims()[2]).collect()
        };
        let found: Vec<Vec<usize>> = network.forward(x, Mode::EVAL).iter().map(sides).collect();
        assert_eq!(found, [[129, 65, 33, 34, 35], [65, 33, 17, 18, 19]]);
    }
}
