//! Latents to pictures.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::config::{GeneratorConfig, OutputActivation};
use super::init::initialize_scale;
use super::resample::blended;
use crate::Result;
use crate::layers::{EqualizedConv2d, EqualizedLinear, upsample_nearest};
use crate::ops::{leaky_relu, tanh, to_f32};

/// Side of the first picture.
const BASE: usize = 4;
/// Added to the mean square before its root in pixel norm.
const EPSILON: f64 = 1e-8;

/// The generator: a linear layer to 4×4 features, then one doubling with two convolutions per scale,
/// and at each scale a 1×1 convolution to a picture.
///
/// Source: Karras et al. 2018, table 2; spec 5.2.
#[derive(Module, Debug)]
pub struct Generator {
    /// From the latent to 4×4 features.
    pub format: EqualizedLinear,
    /// 3×3 convolution at 4×4.
    pub base: EqualizedConv2d,
    /// Scales from 8×8 on.
    pub blocks: Vec<GeneratorBlock>,
    /// 1×1 convolutions to a picture, one for every scale from 4×4 on.
    pub to_rgb: Vec<EqualizedConv2d>,
    #[module(skip)]
    config: GeneratorConfig,
}

/// One scale: two 3×3 convolutions after a doubling.
#[derive(Module, Debug)]
pub struct GeneratorBlock {
    /// From the channels of the scale before.
    pub first: EqualizedConv2d,
    /// Within the scale.
    pub second: EqualizedConv2d,
}

impl GeneratorConfig {
    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Generator> {
        self.validate()?;
        let width = self.depths[0];
        let channels = [self.input_dim(), width * BASE * BASE];
        let mut generator = Generator {
            format: EqualizedLinear::new(channels, self.scaling, device),
            base: EqualizedConv2d::new([width, width], 3, self.scaling, device),
            blocks: Vec::new(),
            to_rgb: Vec::new(),
            config: self.at_scale(0),
        };
        generator.add_to_rgb(width, device);
        for &width in &self.depths[1..] {
            generator.add_scale(width, device);
        }
        Ok(generator)
    }
}

impl Generator {
    /// What the network is, at the scale that it has now.
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// Adds a scale of `channels` and draws its weights; all others stay.
    ///
    /// A network that has grown to a scale has the weights of one that was
    /// [initialised](super::initialize) there, from the same seed.
    #[must_use]
    pub fn grow(mut self, channels: usize, device: &Device, seed: u64) -> Self {
        self.add_scale(channels, device);
        let (scale, scaling) = (self.config.scale(), self.config.scaling);
        initialize_scale(self, scaling, seed, scale)
    }

    fn add_scale(&mut self, channels: usize, device: &Device) {
        let (scaling, scale) = (self.config.scaling, self.config.scale());
        let before = self.config.depths[scale];
        let conv = |channels| EqualizedConv2d::new(channels, 3, scaling, device);
        self.blocks.push(GeneratorBlock {
            first: conv([before, channels]),
            second: conv([channels, channels]),
        });
        self.config.depths.push(channels);
        self.add_to_rgb(channels, device);
    }

    fn add_to_rgb(&mut self, channels: usize, device: &Device) {
        let channels = [channels, self.config.output_channels];
        let scaling = self.config.scaling;
        self.to_rgb
            .push(EqualizedConv2d::new(channels, 1, scaling, device));
    }

    /// Generates pictures at the finest scale.
    ///
    /// # Shapes
    ///
    /// - `latents`: `[batch, latent_dim + category_dim]`, N(0, 1) and one-hot
    /// - `alpha`: share of the scale before, 0 once the scale has faded in
    /// - result: `[batch, output_channels, resolution, resolution]`, about `[-1, 1]` with a linear
    ///   output
    pub fn forward(&self, latents: Tensor<2>, alpha: f64) -> Tensor<4> {
        self.forward_at(latents, alpha, self.config.scale())
    }

    /// Generates pictures at a scale that the network has grown past: what it makes of the latents
    /// there. The 1×1 convolution of that scale has stayed as it was when the next one had faded in.
    ///
    /// # Shapes
    ///
    /// As [`forward`](Self::forward); the side is [`resolution(scale)`](super::resolution).
    ///
    /// # Panics
    ///
    /// If the network has no such scale.
    pub fn forward_at(&self, latents: Tensor<2>, alpha: f64, scale: usize) -> Tensor<4> {
        let mut x = self.base_features(latents);
        let mut coarse = None;
        for (index, block) in self.blocks[..scale].iter().enumerate() {
            if alpha > 0.0 && index + 1 == scale {
                coarse = Some(upsample_nearest(self.to_rgb[index].forward(x.clone())));
            }
            x = self.activate(block.first.forward(upsample_nearest(x)));
            x = self.activate(block.second.forward(x));
        }
        let picture = self.to_rgb[scale].forward(x);
        let picture = match coarse {
            Some(coarse) => blended(coarse, picture, alpha),
            None => picture,
        };
        to_f32(match self.config.output {
            OutputActivation::Linear => picture,
            OutputActivation::Tanh => tanh(picture),
        })
    }

    /// `[batch, input_dim]` to `[batch, channels, 4, 4]`.
    fn base_features(&self, latents: Tensor<2>) -> Tensor<4> {
        let [batch, _] = latents.dims();
        let x = leaky_relu(
            self.format.forward(self.normalize(latents)),
            self.config.leaky_slope,
        );
        let x = x.reshape([batch, self.config.depths[0], BASE, BASE]);
        self.activate(self.base.forward(self.normalize(x)))
    }

    fn activate(&self, x: Tensor<4>) -> Tensor<4> {
        self.normalize(leaky_relu(x, self.config.leaky_slope))
    }

    fn normalize<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if self.config.pixel_norm {
            pixel_norm(x)
        } else {
            x
        }
    }
}

/// Divides by the root of the mean square over the channels, axis 1.
fn pixel_norm<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let x = to_f32(x);
    let mean_square = x.clone().square().mean_dim(1);
    x / (mean_square + EPSILON).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgan::{draw_noise, initialize};
    use burn::tensor::Tolerance;

    fn config(depths: &[usize]) -> GeneratorConfig {
        GeneratorConfig {
            depths: depths.to_vec(),
            latent_dim: 5,
            ..GeneratorConfig::default()
        }
    }

    fn generator(config: &GeneratorConfig) -> Generator {
        let generator = config.init(&Device::flex()).expect("a valid config");
        initialize(generator, config.scaling, 1)
    }

    fn assert_equal(found: Tensor<4>, expected: Tensor<4>) {
        let tolerance = Tolerance::absolute(1e-6);
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }

    #[test]
    fn growth_with_alpha_one_is_the_scale_before_upsample_nearest() {
        let device = Device::flex();
        for depths in [&[6][..], &[6, 5], &[6, 5, 4]] {
            let small = generator(&config(depths));
            let grown = small.clone().grow(3, &device, 1);
            let latents = draw_noise(2, 5, 7, &device);
            let before = small.forward(latents.clone(), 0.0);
            assert_equal(
                grown.forward(latents.clone(), 1.0),
                upsample_nearest(before.clone()),
            );
            assert_equal(grown.forward_at(latents, 0.0, depths.len() - 1), before);
        }
    }

    #[test]
    fn a_fade_is_the_weighted_mean_of_both_scales() {
        let network = generator(&config(&[4, 4]));
        let latents = draw_noise(2, 5, 7, &Device::flex());
        let at = |alpha| network.forward(latents.clone(), alpha);
        assert_equal(at(0.25), at(1.0) * 0.25 + at(0.0) * 0.75);
    }

    #[test]
    fn alpha_has_no_meaning_at_the_first_scale() {
        let network = generator(&config(&[4]));
        let latents = draw_noise(1, 5, 7, &Device::flex());
        assert_equal(
            network.forward(latents.clone(), 0.5),
            network.forward(latents, 0.0),
        );
    }

    #[test]
    fn pixel_norm_gives_every_pixel_mean_square_one_and_can_be_left_out() {
        let network = generator(&config(&[8]));
        let latents = draw_noise(2, 5, 7, &Device::flex());
        let features = network.base_features(latents.clone()).square().mean_dim(1);
        assert_equal(features.clone(), features.ones_like());
        let plain = GeneratorConfig {
            pixel_norm: false,
            ..config(&[8])
        };
        let doubled_latents = generator(&plain).forward(latents.clone() * 2.0, 0.0);
        // Without norm and bias the network is homogeneous.
        assert_equal(
            doubled_latents,
            generator(&plain).forward(latents, 0.0) * 2.0,
        );
    }

    #[test]
    fn tanh_comes_after_the_fade() {
        let tanh = GeneratorConfig {
            output: OutputActivation::Tanh,
            ..config(&[4, 4])
        };
        let latents = draw_noise(2, 5, 7, &Device::flex());
        let linear = generator(&config(&[4, 4])).forward(latents.clone(), 0.5);
        assert_equal(generator(&tanh).forward(latents, 0.5), linear.tanh());
    }
}
