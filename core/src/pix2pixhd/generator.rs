//! The generators: global, and global with local enhancers.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::{Architecture, GeneratorConfig};
use crate::Result;
use crate::layers::{
    Mode, ResnetGenerator, ResnetShape, ResnetTrunk, downsample, picture_from_trunk, resnet_head,
};

/// A pix2pixHD generator.
// Two variants of different size, one instance per program: boxing would buy nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Generator {
    /// One network at full size (spec 3.2).
    Global(ResnetGenerator),
    /// A global network at a smaller size and its enhancers (spec 3.3).
    Local(LocalEnhancer),
}

/// A generator from coarse to fine.
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.1 and figure 3; spec 3.3.
#[derive(Module, Debug)]
pub struct LocalEnhancer {
    /// The global generator without its last convolution, at the smallest size.
    pub global: ResnetTrunk,
    /// Each doubles the size: the output of the one before it joins in front of the residual blocks.
    pub enhancers: Vec<ResnetTrunk>,
    /// 7×7 convolution to the picture.
    pub head: Conv2d,
}

impl GeneratorConfig {
    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Generator> {
        self.validate()?;
        let shape = |base_channels, num_downs, num_blocks| ResnetShape {
            input_channels: self.input_channels,
            base_channels,
            num_downs,
            num_blocks,
            norm: self.norm,
            bias: true,
            spectral: false,
            dropout: false,
        };
        let (width, output) = (self.base_channels, self.output_channels);
        let global = |width| shape(width, self.num_downs, self.num_blocks);
        Ok(match self.architecture {
            Architecture::Global => Generator::Global(global(width).generator(output, device)),
            Architecture::Local {
                num_enhancers,
                num_blocks,
            } => {
                let enhancer = |level| shape(width << level, 1, num_blocks).trunk(device);
                Generator::Local(LocalEnhancer {
                    global: global(width << num_enhancers).trunk(device),
                    enhancers: (0..num_enhancers).rev().map(enhancer).collect(),
                    head: resnet_head([width, output], device),
                })
            }
        })
    }
}

impl Generator {
    /// Generates pictures.
    ///
    /// # Shapes
    ///
    /// - `input`: `[batch, input_channels, height, width]`, as
    ///   [`generator_input`](super::generator_input) gives it; sizes as
    ///   [`GeneratorConfig::check_input`] allows
    /// - result: `[batch, output_channels, height, width]` in `[-1, 1]`
    pub fn forward(&self, input: Tensor<4>, mode: Mode) -> Tensor<4> {
        match self {
            Self::Global(global) => global.forward(input, mode),
            Self::Local(local) => local.forward(input, mode),
        }
    }

    /// The same generator where only the finest enhancer and the convolution to the picture get
    /// gradients: what `niter_fix_global` trains (spec 3.7). A global generator is unchanged.
    pub fn freeze_coarse(self) -> Self {
        match self {
            Self::Global(global) => Self::Global(global),
            Self::Local(mut local) => {
                let finest = local.enhancers.pop();
                let coarse = local.enhancers.into_iter().map(Module::no_grad);
                local.enhancers = coarse.chain(finest).collect();
                local.global = local.global.no_grad();
                Self::Local(local)
            }
        }
    }
}

impl LocalEnhancer {
    /// Generates pictures; shapes as [`Generator::forward`].
    pub fn forward(&self, input: Tensor<4>, mode: Mode) -> Tensor<4> {
        // Full size first.
        let mut pyramid = vec![input];
        for level in 0..self.enhancers.len() {
            pyramid.push(downsample(pyramid[level].clone()));
        }
        let coarsest = pyramid.pop().expect("the full size at least");
        let mut x = self.global.forward(coarsest, mode);
        for enhancer in &self.enhancers {
            let input = pyramid.pop().expect("a size for every enhancer");
            x = enhancer.decode(enhancer.encode(input, mode) + x, mode);
        }
        picture_from_trunk(&self.head, x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::initialize;
    use crate::pix2pixhd::INIT;
    use crate::state_dict::state_keys;
    use burn::module::{ModuleVisitor, Param};

    fn local(device: &Device) -> Generator {
        let config = GeneratorConfig {
            architecture: Architecture::Local {
                num_enhancers: 2,
                num_blocks: 1,
            },
            input_channels: 2,
            base_channels: 1,
            num_downs: 1,
            num_blocks: 1,
            ..GeneratorConfig::default()
        };
        initialize(config.init(device).expect("a valid config"), INIT, 1)
    }

    #[test]
    fn every_enhancer_doubles_the_size() {
        let x = Tensor::ones([2, 2, 16, 24], &Device::flex());
        let y = local(&Device::flex()).forward(x, Mode::EVAL);
        assert_eq!(y.dims(), [2, 3, 16, 24]);
    }

    #[test]
    fn a_frozen_generator_has_gradients_in_its_finest_enhancer_alone() {
        struct WithGradient<'a>(
            std::vec::IntoIter<String>,
            &'a burn::tensor::Gradients,
            Vec<String>,
        );
        impl ModuleVisitor for WithGradient<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let key = self.0.next().expect("a key for every parameter");
                if param.val().grad(self.1).is_some() {
                    self.2.push(key);
                }
            }
        }
        let device = Device::flex().autodiff();
        let trained = local(&device);
        device.seed(1);
        let x = Tensor::random([1, 2, 16, 16], burn::tensor::Distribution::Default, &device);
        let frozen = trained.clone().freeze_coarse();
        let gradients = frozen.forward(x, Mode::TRAIN).mean().backward();
        let keys = state_keys(&trained);
        let expected: Vec<String> = keys
            .iter()
            .filter(|key| key.starts_with("model2"))
            .cloned()
            .collect();
        let mut found = WithGradient(keys.into_iter(), &gradients, Vec::new());
        trained.visit(&mut found);
        assert!(expected.len() > 10);
        assert_eq!(found.2, expected);
    }
}
