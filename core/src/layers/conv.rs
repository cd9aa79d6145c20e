//! Square convolutions whose weights start at zero, to be filled by [`initialize`](super::initialize)
//! or by a state dict.

use burn::module::Initializer;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::tensor::Device;

/// A convolution (cross-correlation) with a `kernel`², zero padding on all sides.
///
/// # Shapes
///
/// Weight `[out, in, kernel, kernel]`; output size `floor((n + 2 * padding - kernel) / stride) + 1`.
pub fn conv2d(
    [channels_in, channels_out]: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    bias: bool,
    device: &Device,
) -> Conv2d {
    Conv2dConfig::new([channels_in, channels_out], [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(
            padding, padding, padding, padding,
        ))
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// A transposed convolution with a `kernel`².
///
/// # Shapes
///
/// Weight `[in, out, kernel, kernel]`; output size
/// `(n - 1) * stride - 2 * padding + kernel + output_padding`.
pub fn conv_transpose2d(
    [channels_in, channels_out]: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    output_padding: usize,
    bias: bool,
    device: &Device,
) -> ConvTranspose2d {
    ConvTranspose2dConfig::new([channels_in, channels_out], [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding([padding, padding])
        .with_padding_out([output_padding, output_padding])
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}
