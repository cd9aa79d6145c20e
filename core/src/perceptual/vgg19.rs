//! VGG-19 up to relu5_1.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};

use crate::layers::conv2d;
use crate::ops::{Convolve, relu};
use crate::{Error, Result};

/// Number of feature maps that [`Vgg19::forward`] gives.
pub const VGG_TAPS: usize = 5;

/// Four halvings must leave at least one pixel.
pub const VGG_SMALLEST_SIDE: usize = 16;

/// A convolution of torchvision's `vgg19().features`, and what surrounds it.
pub(super) struct Layer {
    /// Index in the Sequential, which the state-dict key contains.
    pub(super) index: usize,
    channels: [usize; 2],
    /// Whether a 2×2 max-pool comes before it.
    pooled: bool,
    /// Whether its output, after the ReLU, is one of the five that are compared.
    tap: bool,
}

const fn layer(index: usize, channels: [usize; 2], pooled: bool, tap: bool) -> Layer {
    Layer {
        index,
        channels,
        pooled,
        tap,
    }
}

/// Configuration E of the paper up to conv5_1; relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 are taps.
pub(super) const LAYERS: [Layer; 13] = [
    layer(0, [3, 64], false, true),
    layer(2, [64, 64], false, false),
    layer(5, [64, 128], true, true),
    layer(7, [128, 128], false, false),
    layer(10, [128, 256], true, true),
    layer(12, [256, 256], false, false),
    layer(14, [256, 256], false, false),
    layer(16, [256, 256], false, false),
    layer(19, [256, 512], true, true),
    layer(21, [512, 512], false, false),
    layer(23, [512, 512], false, false),
    layer(25, [512, 512], false, false),
    layer(28, [512, 512], true, true),
];

/// The part of VGG-19 that the perceptual loss looks through, never trained.
///
/// Source: Simonyan and Zisserman 2015 (<https://arxiv.org/abs/1409.1556>), configuration E; weights
/// and indices of torchvision (spec 1.3).
#[derive(Module, Debug)]
pub struct Vgg19 {
    /// The 13 convolutions, from conv1_1 to conv5_1.
    pub convs: Vec<Conv2d>,
}

impl Vgg19 {
    /// The network with zero weights, without gradients of its own whatever the device.
    pub fn new(device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let conv = |layer: &Layer| conv2d(layer.channels, 3, 1, 1, true, &device);
        Self {
            convs: LAYERS.iter().map(conv).collect(),
        }
    }

    /// Checks that the network can look at pictures of this shape: gray or RGB, 16 pixels or more.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`].
    pub fn check_input(&self, shape: [usize; 4]) -> Result<()> {
        let [_, channels, height, width] = shape;
        if [1, 3].contains(&channels) && height.min(width) >= VGG_SMALLEST_SIDE {
            return Ok(());
        }
        Err(Error::Shape {
            what: "picture for VGG-19".into(),
            expected: format!(
                "1 or 3 channels, height and width of at least {VGG_SMALLEST_SIDE} \
                 (train without the perceptual loss otherwise)"
            ),
            found: shape.to_vec(),
        })
    }

    /// The five feature maps of a picture.
    ///
    /// # Shapes
    ///
    /// - `image`: `[batch, 3, height, width]` in `[-1, 1]`, without ImageNet's normalisation (spec
    ///   1.3), or `[batch, 1, height, width]`, whose channel stands for all three (spec 8)
    /// - result: `[batch, 64, height, width]`, `[batch, 128, height / 2, width / 2]`, `[batch, 256,
    ///   …/ 4]`, `[batch, 512, …/ 8]`, `[batch, 512, …/ 16]`, sizes rounded down, from 0 upwards
    pub fn forward(&self, image: Tensor<4>) -> [Tensor<4>; VGG_TAPS] {
        let mut x = match image.dims()[1] {
            1 => image.repeat_dim(1, 3),
            _ => image,
        };
        let mut taps = Vec::with_capacity(VGG_TAPS);
        for (conv, layer) in self.convs.iter().zip(&LAYERS) {
            if layer.pooled {
                x = max_pool2d(x, MaxPoolOptions::new([2, 2]));
            }
            x = relu(conv.convolve(x));
            if layer.tap {
                taps.push(x.clone());
            }
        }
        taps.try_into().expect("five layers of the table are taps")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn taps_halve_from_one_to_the_next() {
        let vgg = Vgg19::new(&Device::flex());
        let taps = vgg.forward(Tensor::zeros([2, 3, 33, 16], &Device::flex()));
        let expected = [
            [2, 64, 33, 16],
            [2, 128, 16, 8],
            [2, 256, 8, 4],
            [2, 512, 4, 2],
            [2, 512, 2, 1],
        ];
        assert_eq!(taps.map(|tap| tap.dims()), expected);
    }

    #[test]
    fn a_gray_picture_is_seen_as_three_equal_channels() {
        let device = Device::flex();
        device.seed(4);
        let mut vgg = Vgg19::new(&device);
        let random = |shape| Tensor::<4>::random(shape, Distribution::Default, &device);
        vgg.convs[0].weight = vgg.convs[0].weight.clone().map(|_| random([64, 3, 3, 3]));
        let gray = random([1, 1, 16, 16]);
        let [from_gray, ..] = vgg.forward(gray.clone());
        let [from_rgb, ..] = vgg.forward(Tensor::cat(vec![gray.clone(), gray.clone(), gray], 1));
        assert_eq!(from_gray.clone().into_data(), from_rgb.into_data());
        assert!(from_gray.sum().into_scalar::<f32>() > 0.0);
    }

    #[test]
    fn only_gray_and_rgb_pictures_of_sixteen_pixels_or_more_fit() {
        let vgg = Vgg19::new(&Device::flex());
        assert!(vgg.check_input([1, 1, 16, 16]).is_ok());
        for shape in [[1, 2, 64, 64], [1, 3, 15, 64]] {
            let error = vgg.check_input(shape).unwrap_err().to_string();
            assert!(error.contains("1 or 3 channels"), "{error}");
        }
    }
}
