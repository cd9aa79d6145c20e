//! Pictures to scores.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::config::{DiscriminatorConfig, FirstFade};
use super::init::initialize_scale;
use super::minibatch_stddev;
use super::resample::{blended, halved};
use super::score_gradient::Way;
use crate::Result;
use crate::layers::{EqualizedConv2d, EqualizedLinear};

/// Pixels at 4×4.
const BASE_PIXELS: usize = 16;

/// The discriminator, the generator's mirror image: at each scale a 1×1 convolution from a picture,
/// two 3×3 convolutions and a halving per scale, and a linear layer to a score.
///
/// Source: Karras et al. 2018, table 2; spec 5.3.
#[derive(Module, Debug)]
pub struct Discriminator {
    /// 1×1 convolutions from a picture, one for every scale from 4×4 on.
    pub from_rgb: Vec<EqualizedConv2d>,
    /// Scales from 8×8 on.
    pub blocks: Vec<DiscriminatorBlock>,
    /// 3×3 convolution at 4×4; it sees the spread of the batch as a channel.
    pub base: EqualizedConv2d,
    /// From 4×4 features to a vector.
    pub hidden: EqualizedLinear,
    /// From the vector to the score and the class logits.
    pub decision: EqualizedLinear,
    #[module(skip)]
    pub(super) config: DiscriminatorConfig,
}

/// One scale: two 3×3 convolutions before a halving.
#[derive(Module, Debug)]
pub struct DiscriminatorBlock {
    /// Within the scale.
    pub first: EqualizedConv2d,
    /// To the channels of the scale before.
    pub second: EqualizedConv2d,
}

/// What a discriminator says of a batch of pictures.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// `[batch, 1 + category_dim]`, unbounded: the score, then a logit for every class.
    pub decision: Tensor<2>,
    /// What the decision is made from: `[batch, channels of the first scale]`.
    pub features: Tensor<2>,
}

impl Judgement {
    /// How real each picture looks: `[batch]`, unbounded.
    pub fn scores(&self) -> Tensor<1> {
        scores(self.decision.clone())
    }

    /// `[batch, category_dim]`, unbounded; the width must not be zero.
    pub fn class_logits(&self) -> Tensor<2> {
        let [_, columns] = self.decision.dims();
        self.decision.clone().narrow(1, 1, columns - 1)
    }
}

fn scores(decision: Tensor<2>) -> Tensor<1> {
    let [batch, _] = decision.dims();
    decision.narrow(1, 0, 1).reshape([batch])
}

impl DiscriminatorConfig {
    /// Builds the network with zero weights.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) as [`validate`](Self::validate).
    pub fn init(&self, device: &Device) -> Result<Discriminator> {
        self.validate()?;
        let (width, scaling) = (self.depths[0], self.scaling);
        let spread = usize::from(self.minibatch_stddev);
        let linear = |features| EqualizedLinear::new(features, scaling, device);
        let mut discriminator = Discriminator {
            from_rgb: Vec::new(),
            blocks: Vec::new(),
            base: EqualizedConv2d::new([width + spread, width], 3, scaling, device),
            hidden: linear([width * BASE_PIXELS, width]),
            decision: linear([width, 1 + self.category_dim]),
            config: self.at_scale(0),
        };
        discriminator.add_from_rgb(width, device);
        for &width in &self.depths[1..] {
            discriminator.add_scale(width, device);
        }
        Ok(discriminator)
    }
}

impl Discriminator {
    /// What the network is, at the scale that it has now.
    pub fn config(&self) -> &DiscriminatorConfig {
        &self.config
    }

    /// Adds a scale of `channels` and draws its weights; all others stay. As
    /// [`Generator::grow`](super::Generator::grow).
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
        self.blocks.push(DiscriminatorBlock {
            first: conv([channels, channels]),
            second: conv([channels, before]),
        });
        self.config.depths.push(channels);
        self.add_from_rgb(channels, device);
    }

    fn add_from_rgb(&mut self, channels: usize, device: &Device) {
        let channels = [self.config.input_channels, channels];
        let scaling = self.config.scaling;
        self.from_rgb
            .push(EqualizedConv2d::new(channels, 1, scaling, device));
    }

    /// Judges pictures.
    ///
    /// # Shapes
    ///
    /// - `images`: `[batch, input_channels, resolution, resolution]` in `[-1, 1]`
    /// - `alpha`: share of the scale before, 0 once the scale has faded in
    pub fn forward(&self, images: Tensor<4>, alpha: f64) -> Judgement {
        self.pass(images, alpha, &mut Way::forget(self.config.leaky_slope))
    }

    /// Features and decision; `way` keeps what the way back needs.
    pub(super) fn pass(&self, images: Tensor<4>, alpha: f64, way: &mut Way) -> Judgement {
        let scale = self.config.scale();
        let mut coarse = self.fades(alpha).then(|| {
            let small = halved(images.clone());
            way.activate(self.from_rgb[scale - 1].forward(small))
        });
        let mut x = way.activate(self.from_rgb[scale].forward(images));
        for block in self.blocks.iter().rev() {
            x = way.activate(block.first.forward(x));
            x = halved(way.activate(block.second.forward(x)));
            // Only after the finest scale.
            if let Some(coarse) = coarse.take() {
                x = blended(coarse, x, alpha);
            }
        }
        if self.config.minibatch_stddev {
            way.keep_compared(&x);
            x = minibatch_stddev(x);
        }
        let x = way.activate(self.base.forward(x));
        // [batch, channels, 4, 4] to [batch, channels * 16]
        let features = way.activate_rows(self.hidden.forward(x.flatten(1, 3)));
        Judgement {
            decision: self.decision.forward(features.clone()),
            features,
        }
    }

    pub(super) fn fades(&self, alpha: f64) -> bool {
        let skipped = self.config.scale() == 1 && self.config.first_fade == FirstFade::Skip;
        alpha > 0.0 && self.config.scale() > 0 && !skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::LayerScaling;
    use crate::loss::gradient_penalty::{
        GradientPenalty, unit_gradient_penalty, zero_gradient_penalty,
    };
    use crate::pgan::initialize;
    use burn::module::{ModuleMapper, ModuleVisitor, Param};
    use burn::tensor::{DType, Gradients, TensorData, Tolerance};

    /// Numbers without a pattern, in `[-1, 1]`.
    fn numbers(count: usize, shift: usize) -> Vec<f64> {
        let value = |index| ((index + 31 * shift) as f64 * 0.71).sin() * 43.0;
        (0..count).map(|index| value(index).fract()).collect()
    }

    fn double<const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
        let device = Device::flex().autodiff();
        Tensor::from_data(TensorData::new(values, shape), (&device, DType::F64))
    }

    /// Weights in double precision, moved by `step` along a direction in one parameter.
    struct Move {
        parameter: Option<usize>,
        step: f64,
        met: usize,
    }

    impl ModuleMapper for Move {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let mut tensor = tensor.without_autodiff().cast(DType::F64).autodiff();
            if self.parameter == Some(self.met) {
                let shape = tensor.dims();
                let direction = numbers(shape.iter().product(), self.met);
                tensor = tensor + double(direction, shape) * self.step;
            }
            self.met += 1;
            Param::from_mapped_value(id, tensor.require_grad(), mapper)
        }
    }

    /// Inner product of each parameter's gradient and its direction.
    struct Along {
        gradients: Gradients,
        found: Vec<f64>,
    }

    impl ModuleVisitor for Along {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let direction = numbers(param.val().dims().iter().product(), self.found.len());
            let gradient = param.val().grad_remove(&mut self.gradients);
            let values: Vec<f64> =
                gradient.map_or(Vec::new(), |gradient| gradient.into_data().iter().collect());
            let product = values.iter().zip(direction).map(|(a, b)| a * b);
            self.found.push(product.sum());
        }
    }

    fn moved(network: &Discriminator, parameter: Option<usize>, step: f64) -> Discriminator {
        network.clone().map(&mut Move {
            parameter,
            step,
            met: 0,
        })
    }

    fn penalty_of(
        network: &Discriminator,
        images: &Tensor<4>,
        alpha: f64,
        penalty: fn(Tensor<4>) -> GradientPenalty,
    ) -> GradientPenalty {
        let leaf = images.clone().require_grad();
        let frozen = network.clone().no_grad();
        let scores = frozen.forward(leaf.clone(), alpha).scores().sum();
        let mut gradients = scores.backward();
        penalty(leaf.grad_remove(&mut gradients).expect("a gradient"))
    }

    fn network(config: &DiscriminatorConfig) -> Discriminator {
        let device = Device::flex().autodiff();
        let network = config.init(&device).expect("a valid config");
        let biased = |network: Discriminator| {
            // Biases of zero would hide what passes through them.
            (0..30).fold(network, |network, parameter| {
                moved(&network, Some(parameter), 0.1)
            })
        };
        biased(initialize(network, config.scaling, 4))
    }

    /// Both penalties of one network, one batch and one alpha, against difference quotients.
    fn check(config: &DiscriminatorConfig, batch: usize, alpha: f64) {
        let network = network(config);
        let side = config.resolution();
        let shape = [batch, config.input_channels, side, side];
        let images = double(numbers(shape.iter().product(), 9), shape);
        for kind in [unit_gradient_penalty, zero_gradient_penalty] {
            let penalty = penalty_of(&network, &images, alpha, kind);
            let gradient = network.score_gradient(images.clone(), alpha);
            let mut along = Along {
                gradients: (gradient * penalty.direction.autodiff()).sum().backward(),
                found: Vec::new(),
            };
            network.visit(&mut along);
            for (parameter, found) in along.found.into_iter().enumerate() {
                let at = |step| -> f64 {
                    let network = moved(&network, Some(parameter), step);
                    penalty_of(&network, &images, alpha, kind)
                        .value
                        .into_scalar()
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{config:?} batch {batch} alpha {alpha} parameter {parameter}: \
                     {found} is not {expected}"
                );
            }
        }
    }

    fn config(depths: &[usize], minibatch_stddev: bool) -> DiscriminatorConfig {
        DiscriminatorConfig {
            depths: depths.to_vec(),
            minibatch_stddev,
            ..DiscriminatorConfig::default()
        }
    }

    #[test]
    fn the_gradient_of_the_sum_is_that_of_the_penalty() {
        for minibatch_stddev in [true, false] {
            check(&config(&[3], minibatch_stddev), 8, 0.0);
            check(&config(&[3, 2], minibatch_stddev), 3, 0.4);
            check(&config(&[3, 2, 2], minibatch_stddev), 4, 0.7);
        }
        let plain = DiscriminatorConfig {
            category_dim: 2,
            scaling: LayerScaling::Plain,
            leaky_slope: 0.1,
            first_fade: FirstFade::Skip,
            ..config(&[3, 2], true)
        };
        check(&plain, 5, 0.4);
    }

    #[test]
    fn the_gradient_that_is_written_out_is_that_of_a_backward_pass() {
        for (batch, alpha, slope) in [(4, 0.3, 0.2), (1, 0.0, 0.2), (3, 0.6, -0.3), (2, 0.0, 0.0)] {
            let config = DiscriminatorConfig {
                leaky_slope: slope,
                category_dim: 2,
                ..config(&[3, 2], true)
            };
            let network = network(&config);
            let shape = [batch, 3, 8, 8];
            let images = double(numbers(shape.iter().product(), 1), shape);
            let expected = penalty_of(&network, &images, alpha, |gradient| GradientPenalty {
                value: gradient.clone().sum(),
                direction: gradient,
            });
            let found = network.score_gradient(images, alpha).without_autodiff();
            found.into_data().assert_approx_eq::<f64>(
                &expected.direction.without_autodiff().into_data(),
                Tolerance::absolute(1e-10),
            );
        }
    }

    fn decisions(config: &DiscriminatorConfig, alpha: f64) -> TensorData {
        let side = config.resolution();
        let shape = [4, 3, side, side];
        let images = double(numbers(shape.iter().product(), 5), shape);
        network(config).forward(images, alpha).decision.into_data()
    }

    #[test]
    fn only_the_compatible_network_ignores_the_first_fade() {
        for depths in [&[3, 2][..], &[3, 2, 2]] {
            let blending = config(depths, true);
            let skipping = DiscriminatorConfig {
                first_fade: FirstFade::Skip,
                ..blending.clone()
            };
            assert_ne!(decisions(&blending, 0.5), decisions(&blending, 0.0));
            let skips = decisions(&skipping, 0.5) == decisions(&skipping, 0.0);
            assert_eq!(skips, depths.len() == 2);
        }
    }

    #[test]
    fn a_full_fade_judges_the_halved_picture_as_the_scale_before_would() {
        let device = Device::flex().autodiff();
        let before = network(&config(&[3, 2], true));
        let shape = [4, 3, 16, 16];
        let images = double(numbers(shape.iter().product(), 5), shape);
        let expected = before.forward(halved(images.clone()), 0.0).decision;
        let grown = moved(&before.grow(2, &device, 1), None, 0.0);
        let found = grown.forward(images, 1.0).decision;
        let tolerance = Tolerance::absolute(1e-10);
        found
            .into_data()
            .assert_approx_eq::<f64>(&expected.into_data(), tolerance);
    }

    #[test]
    fn class_logits_come_after_the_score() {
        let decision = double(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
        let judgement = Judgement {
            features: decision.clone(),
            decision,
        };
        let scores: Vec<f64> = judgement.scores().into_data().iter().collect();
        let logits: Vec<f64> = judgement.class_logits().into_data().iter().collect();
        assert_eq!((scores, logits), (vec![1.0, 4.0], vec![2.0, 3.0, 5.0, 6.0]));
    }
}
