//! The five kinds of blocks of Inception-v3, with pytorch-fid's pooling. Fields have the authors' names,
//! which are their state-dict keys.

use burn::module::{Initializer, Module, Param, RunningState};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::module::{avg_pool2d, batch_norm, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};

use crate::ops::{Convolve, relu};

/// Added to the variance: TensorFlow's value, not PyTorch's default.
const EPSILON: f64 = 1e-3;

/// Batch norm that only ever uses its stored statistics.
#[derive(Module, Debug)]
pub(super) struct FrozenBatchNorm {
    /// Scale, `[channels]`.
    weight: Param<Tensor<1>>,
    /// Shift, `[channels]`.
    bias: Param<Tensor<1>>,
    /// Mean, `[channels]`, a buffer.
    running_mean: RunningState<Tensor<1>>,
    /// Variance, `[channels]`, a buffer.
    running_var: RunningState<Tensor<1>>,
}

impl FrozenBatchNorm {
    fn new(channels: usize, device: &Device) -> Self {
        let ones = || Tensor::ones([channels], device);
        let zeros = || Tensor::zeros([channels], device);
        Self {
            weight: Param::from_tensor(ones()),
            bias: Param::from_tensor(zeros()),
            running_mean: RunningState::new(zeros()),
            running_var: RunningState::new(ones()),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        batch_norm(
            x,
            self.weight.val(),
            self.bias.val(),
            self.running_mean.value(),
            self.running_var.value(),
            EPSILON,
        )
    }
}

/// Convolution without bias, frozen batch norm, ReLU.
#[derive(Module, Debug)]
pub(super) struct BasicConv {
    /// The convolution.
    conv: Conv2d,
    /// The norm.
    bn: FrozenBatchNorm,
}

impl BasicConv {
    /// `kernel` and `padding`: height, width.
    pub(super) fn new(
        channels: [usize; 2],
        kernel: [usize; 2],
        stride: usize,
        [height, width]: [usize; 2],
        device: &Device,
    ) -> Self {
        let conv = Conv2dConfig::new(channels, kernel)
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(height, width, height, width))
            .with_bias(false)
            .with_initializer(Initializer::Zeros)
            .init(device);
        Self {
            conv,
            bn: FrozenBatchNorm::new(channels[1], device),
        }
    }

    /// # Shapes
    ///
    /// `[batch, in, height, width]` to `[batch, out, height', width']`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(self.bn.forward(self.conv.convolve(x)))
    }
}

/// Convolutions of stride 1 that keep the size.
struct Same<'a>(&'a Device);

impl Same<'_> {
    fn conv(&self, channels_in: usize, channels_out: usize, kernel: [usize; 2]) -> BasicConv {
        let padding = kernel.map(|side| side / 2);
        BasicConv::new([channels_in, channels_out], kernel, 1, padding, self.0)
    }
}

/// A 3×3 convolution that halves the size, without padding.
fn halving(channels_in: usize, channels_out: usize, device: &Device) -> BasicConv {
    BasicConv::new([channels_in, channels_out], [3, 3], 2, [0, 0], device)
}

/// 3×3 max-pool that halves the size, without padding.
pub(super) fn halving_max_pool(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([3, 3]).with_stride([2, 2]))
}

/// 3×3 pooling that keeps the size, inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// The mean of the pixels that are there: windows at the border count no padding.
    Average,
    /// The largest.
    Max,
}

impl Pooling {
    fn forward(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Average => avg_pool2d(
                x,
                AvgPoolOptions::new([3, 3])
                    .with_stride([1, 1])
                    .with_padding([1, 1])
                    .with_count_include_pad(false),
            ),
            Self::Max => max_pool2d(
                x,
                MaxPoolOptions::new([3, 3])
                    .with_stride([1, 1])
                    .with_padding([1, 1]),
            ),
        }
    }
}

/// Applies one after the other.
fn chain<const N: usize>(convs: [&BasicConv; N], x: &Tensor<4>) -> Tensor<4> {
    convs.into_iter().fold(x.clone(), |x, conv| conv.forward(x))
}

/// 35×35: branches of 1×1, 5×5, two 3×3, and pooling (figure 5 of the paper).
#[derive(Module, Debug)]
pub(super) struct InceptionA {
    branch1x1: BasicConv,
    branch5x5_1: BasicConv,
    branch5x5_2: BasicConv,
    branch3x3dbl_1: BasicConv,
    branch3x3dbl_2: BasicConv,
    branch3x3dbl_3: BasicConv,
    branch_pool: BasicConv,
}

impl InceptionA {
    /// Gives `224 + pooled` channels.
    pub(super) fn new(channels: usize, pooled: usize, device: &Device) -> Self {
        let same = Same(device);
        Self {
            branch1x1: same.conv(channels, 64, [1, 1]),
            branch5x5_1: same.conv(channels, 48, [1, 1]),
            branch5x5_2: same.conv(48, 64, [5, 5]),
            branch3x3dbl_1: same.conv(channels, 64, [1, 1]),
            branch3x3dbl_2: same.conv(64, 96, [3, 3]),
            branch3x3dbl_3: same.conv(96, 96, [3, 3]),
            branch_pool: same.conv(channels, pooled, [1, 1]),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let double = [
            &self.branch3x3dbl_1,
            &self.branch3x3dbl_2,
            &self.branch3x3dbl_3,
        ];
        let branches = vec![
            chain([&self.branch1x1], &x),
            chain([&self.branch5x5_1, &self.branch5x5_2], &x),
            chain(double, &x),
            self.branch_pool.forward(Pooling::Average.forward(x)),
        ];
        Tensor::cat(branches, 1)
    }
}

/// 35×35 to 17×17 (figure 10 of the paper).
#[derive(Module, Debug)]
pub(super) struct InceptionB {
    branch3x3: BasicConv,
    branch3x3dbl_1: BasicConv,
    branch3x3dbl_2: BasicConv,
    branch3x3dbl_3: BasicConv,
}

impl InceptionB {
    /// Gives `480 + channels` channels.
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        let same = Same(device);
        Self {
            branch3x3: halving(channels, 384, device),
            branch3x3dbl_1: same.conv(channels, 64, [1, 1]),
            branch3x3dbl_2: same.conv(64, 96, [3, 3]),
            branch3x3dbl_3: halving(96, 96, device),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let double = [
            &self.branch3x3dbl_1,
            &self.branch3x3dbl_2,
            &self.branch3x3dbl_3,
        ];
        let branches = vec![
            chain([&self.branch3x3], &x),
            chain(double, &x),
            halving_max_pool(x),
        ];
        Tensor::cat(branches, 1)
    }
}

/// 17×17: 7×7 convolutions as 1×7 and 7×1 (figure 6 of the paper).
#[derive(Module, Debug)]
pub(super) struct InceptionC {
    branch1x1: BasicConv,
    branch7x7_1: BasicConv,
    branch7x7_2: BasicConv,
    branch7x7_3: BasicConv,
    branch7x7dbl_1: BasicConv,
    branch7x7dbl_2: BasicConv,
    branch7x7dbl_3: BasicConv,
    branch7x7dbl_4: BasicConv,
    branch7x7dbl_5: BasicConv,
    branch_pool: BasicConv,
}

impl InceptionC {
    /// 768 channels to 768, through `inner` in the 7×7 branches.
    pub(super) fn new(inner: usize, device: &Device) -> Self {
        let same = Same(device);
        Self {
            branch1x1: same.conv(768, 192, [1, 1]),
            branch7x7_1: same.conv(768, inner, [1, 1]),
            branch7x7_2: same.conv(inner, inner, [1, 7]),
            branch7x7_3: same.conv(inner, 192, [7, 1]),
            branch7x7dbl_1: same.conv(768, inner, [1, 1]),
            branch7x7dbl_2: same.conv(inner, inner, [7, 1]),
            branch7x7dbl_3: same.conv(inner, inner, [1, 7]),
            branch7x7dbl_4: same.conv(inner, inner, [7, 1]),
            branch7x7dbl_5: same.conv(inner, 192, [1, 7]),
            branch_pool: same.conv(768, 192, [1, 1]),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let single = [&self.branch7x7_1, &self.branch7x7_2, &self.branch7x7_3];
        let double = [
            &self.branch7x7dbl_1,
            &self.branch7x7dbl_2,
            &self.branch7x7dbl_3,
            &self.branch7x7dbl_4,
            &self.branch7x7dbl_5,
        ];
        let branches = vec![
            chain([&self.branch1x1], &x),
            chain(single, &x),
            chain(double, &x),
            self.branch_pool.forward(Pooling::Average.forward(x)),
        ];
        Tensor::cat(branches, 1)
    }
}

/// 17×17 to 8×8.
#[derive(Module, Debug)]
pub(super) struct InceptionD {
    branch3x3_1: BasicConv,
    branch3x3_2: BasicConv,
    branch7x7x3_1: BasicConv,
    branch7x7x3_2: BasicConv,
    branch7x7x3_3: BasicConv,
    branch7x7x3_4: BasicConv,
}

impl InceptionD {
    /// 768 channels to 1280.
    pub(super) fn new(device: &Device) -> Self {
        let same = Same(device);
        Self {
            branch3x3_1: same.conv(768, 192, [1, 1]),
            branch3x3_2: halving(192, 320, device),
            branch7x7x3_1: same.conv(768, 192, [1, 1]),
            branch7x7x3_2: same.conv(192, 192, [1, 7]),
            branch7x7x3_3: same.conv(192, 192, [7, 1]),
            branch7x7x3_4: halving(192, 192, device),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let long = [
            &self.branch7x7x3_1,
            &self.branch7x7x3_2,
            &self.branch7x7x3_3,
            &self.branch7x7x3_4,
        ];
        let branches = vec![
            chain([&self.branch3x3_1, &self.branch3x3_2], &x),
            chain(long, &x),
            halving_max_pool(x),
        ];
        Tensor::cat(branches, 1)
    }
}

/// 8×8: 3×3 convolutions as 1×3 beside 3×1 (figure 7 of the paper).
#[derive(Module, Debug)]
pub(super) struct InceptionE {
    branch1x1: BasicConv,
    branch3x3_1: BasicConv,
    branch3x3_2a: BasicConv,
    branch3x3_2b: BasicConv,
    branch3x3dbl_1: BasicConv,
    branch3x3dbl_2: BasicConv,
    branch3x3dbl_3a: BasicConv,
    branch3x3dbl_3b: BasicConv,
    branch_pool: BasicConv,
    #[module(skip)]
    pooling: Pooling,
}

impl InceptionE {
    /// Gives 2048 channels.
    pub(super) fn new(channels: usize, pooling: Pooling, device: &Device) -> Self {
        let same = Same(device);
        Self {
            branch1x1: same.conv(channels, 320, [1, 1]),
            branch3x3_1: same.conv(channels, 384, [1, 1]),
            branch3x3_2a: same.conv(384, 384, [1, 3]),
            branch3x3_2b: same.conv(384, 384, [3, 1]),
            branch3x3dbl_1: same.conv(channels, 448, [1, 1]),
            branch3x3dbl_2: same.conv(448, 384, [3, 3]),
            branch3x3dbl_3a: same.conv(384, 384, [1, 3]),
            branch3x3dbl_3b: same.conv(384, 384, [3, 1]),
            branch_pool: same.conv(channels, 192, [1, 1]),
            pooling,
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let single = chain([&self.branch3x3_1], &x);
        let double = chain([&self.branch3x3dbl_1, &self.branch3x3dbl_2], &x);
        let branches = vec![
            chain([&self.branch1x1], &x),
            chain([&self.branch3x3_2a], &single),
            chain([&self.branch3x3_2b], &single),
            chain([&self.branch3x3dbl_3a], &double),
            chain([&self.branch3x3dbl_3b], &double),
            self.branch_pool.forward(self.pooling.forward(x)),
        ];
        Tensor::cat(branches, 1)
    }
}
