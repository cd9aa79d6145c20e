//! Changing the size of planes inside a network.

use burn::tensor::ops::{AvgPoolOptions, InterpolateMode, InterpolateOptions};
use burn::tensor::{Int, Tensor, TensorData, module};

/// Halves both sides (rounding up): the average of 3×3 windows at stride 2, where windows at the
/// border divide by the number of real pixels.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, ceil(height / 2), ceil(width / 2)]`
///
/// Source: pix2pixHD and SPADE, `AvgPool2d(3, stride=2, padding=1, count_include_pad=False)`.
pub fn downsample(x: Tensor<4>) -> Tensor<4> {
    let options = AvgPoolOptions::new([3, 3])
        .with_stride([2, 2])
        .with_padding([1, 1])
        .with_count_include_pad(false);
    module::avg_pool2d(x, options)
}

/// Doubles both sides by repeating pixels.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, 2 * height, 2 * width]`
pub fn upsample_nearest(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    interpolate(x, InterpolateMode::Nearest, [2 * height, 2 * width])
}

/// Picks pixels: `floor(target * in / out)`, the rule of PyTorch's `interpolate(mode="nearest")`.
/// Pillow's nearest, which data sets are resized with, has another.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, size[0], size[1]]`
pub fn resize_nearest(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let device = x.device().without_autodiff();
    let pick = |x: Tensor<4>, axis: usize, from: usize, to: usize| {
        if from == to {
            return x;
        }
        let sources = Tensor::<1, Int>::from_data(TensorData::from(&*sources(from, to)), &device);
        x.select(axis, sources)
    };
    let x = pick(x, 2, height, size[0]);
    pick(x, 3, width, size[1])
}

/// Source of each of `to` pixels among `from`, in f32 as PyTorch computes it.
fn sources(from: usize, to: usize) -> Vec<i32> {
    let scale = from as f32 / to as f32;
    let source = |target: usize| ((target as f32 * scale).floor() as usize).min(from - 1) as i32;
    (0..to).map(source).collect()
}

/// Bilinear interpolation without antialiasing, half-pixel centres (`align_corners=False`).
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, channels, size[0], size[1]]`
pub fn resize_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    interpolate(x, InterpolateMode::Bilinear, size)
}

fn interpolate(x: Tensor<4>, mode: InterpolateMode, size: [usize; 2]) -> Tensor<4> {
    let options = InterpolateOptions::new(mode)
        .with_align_corners(false)
        .with_output_size(size);
    module::interpolate(x, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn counting(height: usize, width: usize) -> Tensor<4> {
        Tensor::<1, Int>::arange(0..(height * width) as i64, &Device::flex())
            .float()
            .reshape([1, 1, height, width])
    }

    fn values(x: Tensor<4>) -> Vec<f32> {
        x.into_data().try_to_vec().expect("f32")
    }

    #[test]
    fn borders_of_a_downsampled_plane_average_real_pixels_only() {
        // torch.nn.functional.avg_pool2d(torch.arange(9.).view(1,1,3,3), 3, 2, 1, count_include_pad=False)
        assert_eq!(values(downsample(counting(3, 3))), [2.0, 3.0, 5.0, 6.0]);
        assert_eq!(downsample(counting(5, 8)).dims(), [1, 1, 3, 4]);
    }

    #[test]
    fn nearest_picks_the_top_left_rule_and_doubling_repeats() {
        assert_eq!(
            values(upsample_nearest(counting(1, 2))),
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
        );
        assert_eq!(values(resize_nearest(counting(1, 5), [1, 2])), [0.0, 2.0]);
        assert_eq!(
            values(resize_nearest(counting(2, 3), [3, 4])),
            [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0]
        );
    }

    #[test]
    fn bilinear_has_half_pixel_centres() {
        assert_eq!(
            values(resize_bilinear(counting(1, 2), [1, 4])),
            [0.0, 0.25, 0.75, 1.0]
        );
    }
}
