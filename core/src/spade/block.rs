//! The residual block of SPADE's generator.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{SpadeNorm, SpadeNormConfig};
use crate::layers::{ConvLayer, NormStatistics, leaky_relu};

/// Two convolutions with a modulated norm before each, and a shortcut that is learned where the
/// number of channels changes.
///
/// Source: Park et al. 2019 (<https://arxiv.org/abs/1903.07291>), figure 4; spec 4.2.
#[derive(Module, Debug)]
pub struct SpadeBlock {
    /// 3×3, to the smaller of the two widths.
    pub conv_0: ConvLayer,
    /// 3×3, to the width that comes out.
    pub conv_1: ConvLayer,
    /// 1×1 of the shortcut, where the widths differ.
    pub conv_s: Option<ConvLayer>,
    /// Before `conv_0`.
    pub norm_0: SpadeNorm,
    /// Before `conv_1`.
    pub norm_1: SpadeNorm,
    /// Before `conv_s`.
    pub norm_s: Option<SpadeNorm>,
}

impl SpadeBlock {
    /// A block with zero weights.
    pub fn new(
        config: &SpadeNormConfig,
        [channels_in, channels_out]: [usize; 2],
        segmentation_channels: usize,
        device: &Device,
    ) -> Self {
        let middle = channels_in.min(channels_out);
        let norm = |channels| SpadeNorm::new(config, channels, segmentation_channels, device);
        let conv = |channels, kernel: usize, bias| {
            ConvLayer::new(
                channels,
                kernel,
                1,
                kernel / 2,
                bias,
                config.spectral,
                device,
            )
        };
        let learned = channels_in != channels_out;
        Self {
            conv_0: conv([channels_in, middle], 3, true),
            conv_1: conv([middle, channels_out], 3, true),
            conv_s: learned.then(|| conv([channels_in, channels_out], 1, false)),
            norm_0: norm(channels_in),
            norm_1: norm(middle),
            norm_s: learned.then(|| norm(channels_in)),
        }
    }

    /// Adds the convolutions to the shortcut.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, channels_in, height, width]`
    /// - `segmentation`: `[batch, segmentation_channels, height', width']` of any size; at the size
    ///   of `x` it is not resized three times
    /// - result: `[batch, channels_out, height, width]`
    pub fn forward(
        &self,
        x: Tensor<4>,
        segmentation: &Tensor<4>,
        statistics: NormStatistics,
    ) -> Tensor<4> {
        let inner = self.norm_0.forward(x.clone(), segmentation, statistics);
        let inner = self.conv_0.forward(leaky_relu(inner), statistics);
        let inner = self.norm_1.forward(inner, segmentation, statistics);
        let inner = self.conv_1.forward(leaky_relu(inner), statistics);
        // No activation in the shortcut.
        let shortcut = match (&self.norm_s, &self.conv_s) {
            (Some(norm), Some(conv)) => {
                conv.forward(norm.forward(x, segmentation, statistics), statistics)
            }
            _ => x,
        };
        shortcut + inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{WeightInit, initialize};
    use burn::tensor::Distribution;

    fn block(channels: [usize; 2]) -> SpadeBlock {
        let block = SpadeBlock::new(&SpadeNormConfig::default(), channels, 3, &Device::flex());
        initialize(block, WeightInit::default(), 1)
    }

    fn random(shape: [usize; 4]) -> Tensor<4> {
        Tensor::random(shape, Distribution::Default, &Device::flex())
    }

    #[test]
    fn only_a_change_of_width_is_learned_by_the_shortcut() {
        for (channels, learned) in [([4, 4], false), ([4, 2], true), ([2, 4], true)] {
            let block = block(channels);
            assert_eq!(block.conv_s.is_some() && block.norm_s.is_some(), learned);
            let y = block.forward(
                random([2, channels[0], 5, 7]),
                &random([2, 3, 20, 9]),
                NormStatistics::Running,
            );
            assert_eq!(y.dims(), [2, channels[1], 5, 7]);
        }
    }

    #[test]
    fn without_weights_a_block_of_one_width_is_the_identity() {
        let plain = SpadeNormConfig {
            spectral: false,
            ..SpadeNormConfig::default()
        };
        let plain = SpadeBlock::new(&plain, [2, 2], 3, &Device::flex());
        let x = random([1, 2, 4, 4]);
        let y = plain.forward(x.clone(), &random([1, 3, 4, 4]), NormStatistics::Train);
        assert_eq!(x.into_data(), y.into_data());
    }
}
