//! Spatially-adaptive normalisation.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::layers::{Norm, NormKind, NormStatistics, conv2d, resize_nearest};
use crate::ops::{Convolution, Convolve, convolve, relu};
use crate::{Error, Result};

/// Channels between the segmentation and its scales and shifts.
const HIDDEN_CHANNELS: usize = 128;

/// The normalisation that scales and shifts are applied to. It has no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParamFreeNorm {
    /// Batch norm with running statistics. The original's `syncbatch` is the same on one device.
    #[default]
    Batch,
    /// Instance norm, without statistics.
    Instance,
}

impl ParamFreeNorm {
    fn kind(self) -> NormKind {
        match self {
            Self::Batch => NormKind::Batch,
            Self::Instance => NormKind::Instance,
        }
    }
}

/// The norms of a generator, written as the original's `--norm_G`: `spectralspadesyncbatch3x3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpadeNormConfig {
    /// Whether the convolutions of the blocks are under spectral normalisation.
    pub spectral: bool,
    /// What scales and shifts are applied to.
    pub norm: ParamFreeNorm,
    /// Side of the kernels that turn the segmentation into scales and shifts; odd.
    pub kernel: usize,
}

impl Default for SpadeNormConfig {
    fn default() -> Self {
        Self {
            spectral: true,
            norm: ParamFreeNorm::Batch,
            kernel: 3,
        }
    }
}

impl fmt::Display for SpadeNormConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spectral = if self.spectral { "spectral" } else { "" };
        let norm = match self.norm {
            ParamFreeNorm::Batch => "syncbatch",
            ParamFreeNorm::Instance => "instance",
        };
        let kernel = self.kernel;
        write!(f, "{spectral}spade{norm}{kernel}x{kernel}")
    }
}

impl FromStr for SpadeNormConfig {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| Error::Config {
            field: "norm",
            message: format!(
                "expected spadesyncbatch3x3, spadebatch3x3 or spadeinstance3x3, with spectral in \
                 front or without, and with an odd kernel of any size, found {text:?}"
            ),
        })
    }
}

fn parse(text: &str) -> Option<SpadeNormConfig> {
    let (spectral, rest) = match text.strip_prefix("spectral") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let rest = rest.strip_prefix("spade")?;
    let (norm, kernel) = [
        ("syncbatch", ParamFreeNorm::Batch),
        ("batch", ParamFreeNorm::Batch),
        ("instance", ParamFreeNorm::Instance),
    ]
    .into_iter()
    .find_map(|(name, norm)| Some((norm, rest.strip_prefix(name)?)))?;
    let (height, width) = kernel.split_once('x')?;
    let kernel: usize = height.parse().ok()?;
    // An even kernel would change the size of what it modulates.
    (height == width && kernel % 2 == 1).then_some(SpadeNormConfig {
        spectral,
        norm,
        kernel,
    })
}

impl TryFrom<String> for SpadeNormConfig {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<SpadeNormConfig> for String {
    fn from(config: SpadeNormConfig) -> Self {
        config.to_string()
    }
}

/// Normalises, then scales and shifts every pixel by what the segmentation says there:
/// `norm(x) * (1 + γ(segmentation)) + β(segmentation)`.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), equation 1 and figure 2; spec 4.2.
#[derive(Module, Debug)]
pub struct SpadeNorm {
    /// The norm without parameters.
    pub param_free_norm: Norm,
    /// From the segmentation to what γ and β share; ReLU follows.
    pub mlp_shared: Conv2d,
    /// To γ, one for every channel of the input.
    pub mlp_gamma: Conv2d,
    /// To β, likewise.
    pub mlp_beta: Conv2d,
    /// Whether every pixel of a segmentation is of one class and of nothing else, as without edges:
    /// with a kernel of one pixel, γ and β are then looked up by class. The result is the same, for a
    /// fraction of the work.
    pub one_class_per_pixel: bool,
}

impl SpadeNorm {
    /// A norm over `channels` with zero weights: the plain normalisation.
    pub fn new(
        config: &SpadeNormConfig,
        channels: usize,
        segmentation_channels: usize,
        device: &Device,
    ) -> Self {
        let conv = |channels| {
            let kernel = config.kernel;
            conv2d(channels, kernel, 1, kernel / 2, true, device)
        };
        Self {
            param_free_norm: Norm::without_affine(config.norm.kind(), channels, device),
            mlp_shared: conv([segmentation_channels, HIDDEN_CHANNELS]),
            mlp_gamma: conv([HIDDEN_CHANNELS, channels]),
            mlp_beta: conv([HIDDEN_CHANNELS, channels]),
            one_class_per_pixel: false,
        }
    }

    /// Normalises and modulates.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels, height, width]`
    /// - `segmentation`: `[batch, segmentation_channels, height', width']`, resized where its size
    ///   is another (the nearest pixel)
    /// - result: as `x`
    pub fn forward(
        &self,
        x: Tensor<4>,
        segmentation: &Tensor<4>,
        statistics: NormStatistics,
    ) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let segmentation = resize_nearest(segmentation.clone(), [height, width]);
        let [scale, shift] = self.modulation(segmentation);
        self.param_free_norm.forward(x, statistics) * (scale + 1.0) + shift
    }

    /// γ and β for a segmentation, `[batch, channels, height, width]` each.
    fn modulation(&self, segmentation: Tensor<4>) -> [Tensor<4>; 2] {
        let [_, classes, _, _] = segmentation.dims();
        let [_, _, kernel, _] = self.mlp_shared.weight.dims();
        if !self.one_class_per_pixel || kernel != 1 {
            return self.mlp(segmentation);
        }
        // One pixel of every class tells all that there is to tell.
        let device = segmentation.device();
        let pixels = Tensor::<2>::eye(classes, &device).reshape([classes, classes, 1, 1]);
        self.mlp(pixels).map(|of_class| {
            // [classes, channels, 1, 1] to the weights of a convolution.
            let table = of_class.swap_dims(0, 1);
            convolve(segmentation.clone(), table, None, Convolution::square(1, 0))
        })
    }

    fn mlp(&self, segmentation: Tensor<4>) -> [Tensor<4>; 2] {
        let shared = relu(self.mlp_shared.convolve(segmentation));
        let scale = self.mlp_gamma.convolve(shared.clone());
        [scale, self.mlp_beta.convolve(shared)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{WeightInit, initialize};
    use burn::tensor::{Distribution, Int, Tolerance};

    fn random(shape: [usize; 4]) -> Tensor<4> {
        Tensor::random(shape, Distribution::Normal(1.0, 3.0), &Device::flex())
    }

    #[test]
    fn names_are_those_of_the_original() {
        for name in [
            "spectralspadesyncbatch3x3",
            "spadesyncbatch1x1",
            "spectralspadeinstance5x5",
            "spadeinstance3x3",
        ] {
            let config: SpadeNormConfig = name.parse().expect(name);
            assert_eq!(config.to_string(), name);
        }
        let batch: SpadeNormConfig = "spectralspadebatch3x3".parse().expect("batch");
        assert_eq!(batch, SpadeNormConfig::default());
        for name in [
            "spectralinstance",
            "spadebatch3x5",
            "spadebatch2x2",
            "spadelayer3x3",
            "spadeinstance",
            "",
        ] {
            assert!(name.parse::<SpadeNormConfig>().is_err(), "{name}");
        }
    }

    #[test]
    fn zero_scales_and_shifts_are_the_plain_normalisation() {
        let device = Device::flex();
        for norm in [ParamFreeNorm::Batch, ParamFreeNorm::Instance] {
            let config = SpadeNormConfig {
                norm,
                ..SpadeNormConfig::default()
            };
            for statistics in [NormStatistics::Train, NormStatistics::PerImage] {
                let x = random([2, 3, 6, 5]);
                let spade = SpadeNorm::new(&config, 3, 4, &device);
                let found = spade.forward(x.clone(), &random([2, 4, 12, 11]), statistics);
                let expected = Norm::new(norm.kind(), 3, &device).forward(x, statistics);
                found
                    .into_data()
                    .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
            }
        }
    }

    #[test]
    fn classes_looked_up_are_the_network_of_every_pixel() {
        let device = Device::flex();
        let config = SpadeNormConfig {
            kernel: 1,
            norm: ParamFreeNorm::Instance,
            ..SpadeNormConfig::default()
        };
        let spade = SpadeNorm::new(&config, 5, 4, &device);
        let mut spade = initialize(spade, WeightInit::default(), 3);
        let labels = Tensor::<3, Int>::from_data([[[0, 1, 2], [3, 3, 1]]], &device);
        let segmentation = labels.one_hot::<4>(4).float().permute([0, 3, 1, 2]);
        let x = random([1, 5, 4, 6]);
        let running = NormStatistics::Running;
        let expected = spade.forward(x.clone(), &segmentation, running);
        spade.one_class_per_pixel = true;
        let found = spade.forward(x, &segmentation, running);
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }

    #[test]
    fn every_pixel_is_modulated_by_the_segmentation_there() {
        let device = Device::flex();
        let config = SpadeNormConfig {
            kernel: 1,
            norm: ParamFreeNorm::Instance,
            ..SpadeNormConfig::default()
        };
        let mut spade = SpadeNorm::new(&config, 2, 1, &device);
        let ones = |conv: &mut Conv2d, value: f32| {
            conv.weight = conv.weight.clone().map(|weight| weight * 0.0 + value);
        };
        ones(&mut spade.mlp_shared, 1.0);
        ones(&mut spade.mlp_beta, 1.0 / HIDDEN_CHANNELS as f32);
        let segmentation = Tensor::<4>::from_data([[[[0.0f32, 5.0]]]], &device);
        let flat = Tensor::<4>::ones([1, 2, 1, 4], &device);
        let found = spade.forward(flat, &segmentation, NormStatistics::Running);
        let expected = Tensor::<4>::from_data(
            [[[[0.0f32, 0.0, 5.0, 5.0]], [[0.0, 0.0, 5.0, 5.0]]]],
            &device,
        );
        found
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }
}
