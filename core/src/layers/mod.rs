//! Layers that model families share.

mod activation;
mod conv;
mod dropout;
mod equalized;
mod init;
mod linear;
mod multiscale;
mod norm;
mod padding;
mod patchgan;
mod resnet;
mod sampling;
mod spectral_norm;

pub use activation::leaky_relu;
pub use conv::{conv_transpose2d, conv2d};
pub use dropout::Dropout;
pub use equalized::{EqualizedConv2d, EqualizedLinear, LayerScaling};
pub use init::{BiasInit, InitKind, WeightInit, initialize};
pub use linear::Linear;
pub use multiscale::{MultiscaleDiscriminator, MultiscaleDiscriminatorConfig};
pub use norm::{BatchNorm, Norm, NormKind, NormStatistics};
pub use padding::{fitting_side, pad_to_size, reflection_pad};
pub use patchgan::{PatchDiscriminator, PatchDiscriminatorConfig, PatchLayer};
pub use resnet::{
    ResidualBlock, ResnetGenerator, ResnetShape, ResnetTrunk, Sampling, picture_from_trunk,
    resnet_head,
};
pub use sampling::{downsample, resize_bilinear, resize_nearest, upsample_nearest};
pub use spectral_norm::{ConvLayer, ConvTransposeLayer, SpectralConv2d, SpectralConvTranspose2d};

/// How a forward pass treats the parts of a network that differ between training and use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Which statistics batch norm normalises with. Instance norm does the same in every mode.
    pub statistics: NormStatistics,
    /// Whether and how dropout drops.
    pub dropout: Dropout,
}

impl Mode {
    /// Training: batch statistics that update the running ones, dropout on.
    pub const TRAIN: Self = Self {
        statistics: NormStatistics::Train,
        dropout: Dropout::Device,
    };
    /// PyTorch's `eval()`: running statistics, dropout off.
    pub const EVAL: Self = Self {
        statistics: NormStatistics::Running,
        dropout: Dropout::Off,
    };
}
