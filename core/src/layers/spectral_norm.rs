//! Spectral normalisation: a weight divided by its largest singular value.

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::tensor::{Device, Tensor};

use super::NormStatistics;
use crate::ops::{Convolution, Convolve, convolve};

/// Least norm that a vector is divided by.
const EPSILON: f64 = 1e-12;

/// `W / σ(W)` with PyTorch's power iteration: one step before every use in training, none else.
///
/// Source: Miyato et al. 2018 (<https://arxiv.org/abs/1802.05957>), Algorithm 1;
/// `torch.nn.utils.spectral_norm` (spec 1.1).
///
/// # Shapes
///
/// `weight` is the matrix `[out, rest]` of a convolution's weight; `u` is `[out]`, `v` is `[rest]`.
fn normalize_weight(
    weight: Tensor<2>,
    u: &RunningState<Tensor<1>>,
    v: &RunningState<Tensor<1>>,
    statistics: NormStatistics,
) -> Tensor<1> {
    if statistics == NormStatistics::Train {
        power_iteration(weight.clone().without_autodiff(), u, v);
    }
    let (u, v) = (u.value(), v.value());
    let product = weight.matmul(v.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1);
    (product * u).sum()
}

/// `v ← normalize(Wᵀu)`, `u ← normalize(Wv)`.
fn power_iteration(weight: Tensor<2>, u: &RunningState<Tensor<1>>, v: &RunningState<Tensor<1>>) {
    let next_v = unit(u.value().unsqueeze::<2>().matmul(weight.clone()));
    let next_u = unit(next_v.clone().matmul(weight.transpose()));
    v.update(next_v.squeeze_dim(0));
    u.update(next_u.squeeze_dim(0));
    // Publishes the updates: `RunningState` holds them back until the next one.
    v.value_sync();
    u.value_sync();
}

fn unit(x: Tensor<2>) -> Tensor<2> {
    let norm = (x.clone() * x.clone()).sum().sqrt().clamp_min(EPSILON);
    x / norm.unsqueeze::<2>()
}

fn buffer(length: usize, device: &Device) -> RunningState<Tensor<1>> {
    RunningState::new(Tensor::zeros([length], &device.clone().without_autodiff()))
}

/// A square convolution under spectral normalisation.
#[derive(Module, Debug)]
pub struct SpectralConv2d {
    /// The weight before normalisation, `[out, in, kernel, kernel]`.
    pub weight_orig: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Left singular vector, `[out]`, a buffer.
    pub weight_u: RunningState<Tensor<1>>,
    /// Right singular vector, `[in * kernel * kernel]`, a buffer.
    pub weight_v: RunningState<Tensor<1>>,
    stride: usize,
    padding: usize,
}

impl SpectralConv2d {
    /// A layer whose weights and vectors are zero, to be filled by
    /// [`initialize`](super::initialize) or by a state dict.
    pub fn new(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
        bias: bool,
        device: &Device,
    ) -> Self {
        let shape = [channels_out, channels_in, kernel, kernel];
        Self {
            weight_orig: Param::from_tensor(Tensor::zeros(shape, device)),
            bias: bias.then(|| Param::from_tensor(Tensor::zeros([channels_out], device))),
            weight_u: buffer(channels_out, device),
            weight_v: buffer(channels_in * kernel * kernel, device),
            stride,
            padding,
        }
    }

    /// Convolves with the normalised weight. With [`NormStatistics::Train`] the vectors move.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in, height, width]`
    /// - result: `[batch, out, height', width']`, as [`conv2d`](super::conv2d)
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        let weight = self.weight(statistics);
        let bias = self.bias.as_ref().map(Param::val);
        convolve(
            x,
            weight,
            bias,
            Convolution::square(self.stride, self.padding),
        )
    }

    /// The normalised weight, `[out, in, kernel, kernel]`.
    pub fn weight(&self, statistics: NormStatistics) -> Tensor<4> {
        let weight = self.weight_orig.val();
        let matrix = weight.clone().flatten::<2>(1, 3);
        let sigma = normalize_weight(matrix, &self.weight_u, &self.weight_v, statistics);
        weight / sigma.unsqueeze::<4>()
    }
}

/// A square transposed convolution under spectral normalisation.
#[derive(Module, Debug)]
pub struct SpectralConvTranspose2d {
    /// The weight before normalisation, `[in, out, kernel, kernel]`.
    pub weight_orig: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Left singular vector, `[out]`, a buffer.
    pub weight_u: RunningState<Tensor<1>>,
    /// Right singular vector, `[in * kernel * kernel]`, a buffer.
    pub weight_v: RunningState<Tensor<1>>,
    stride: usize,
    padding: usize,
    output_padding: usize,
}

impl SpectralConvTranspose2d {
    /// A layer whose weights and vectors are zero, as [`SpectralConv2d::new`].
    pub fn new(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
        output_padding: usize,
        bias: bool,
        device: &Device,
    ) -> Self {
        let shape = [channels_in, channels_out, kernel, kernel];
        Self {
            weight_orig: Param::from_tensor(Tensor::zeros(shape, device)),
            bias: bias.then(|| Param::from_tensor(Tensor::zeros([channels_out], device))),
            weight_u: buffer(channels_out, device),
            weight_v: buffer(channels_in * kernel * kernel, device),
            stride,
            padding,
            output_padding,
        }
    }

    /// Convolves with the normalised weight. With [`NormStatistics::Train`] the vectors move.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in, height, width]`
    /// - result: `[batch, out, height', width']`, as [`conv_transpose2d`](super::conv_transpose2d)
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        let weight = self.weight_orig.val();
        // PyTorch takes axis 1 of a transposed convolution for the rows.
        let matrix = weight.clone().swap_dims(0, 1).flatten::<2>(1, 3);
        let sigma = normalize_weight(matrix, &self.weight_u, &self.weight_v, statistics);
        let bias = self.bias.as_ref().map(Param::val);
        let convolution =
            Convolution::square_transposed(self.stride, self.padding, self.output_padding);
        convolve(x, weight / sigma.unsqueeze::<4>(), bias, convolution)
    }
}

/// A convolution, plain or under spectral normalisation.
#[derive(Module, Debug)]
pub enum ConvLayer {
    /// As it is.
    Plain(Conv2d),
    /// Under spectral normalisation.
    Spectral(SpectralConv2d),
}

impl ConvLayer {
    /// A layer with zero weights.
    pub fn new(
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
        bias: bool,
        spectral: bool,
        device: &Device,
    ) -> Self {
        if spectral {
            let conv = SpectralConv2d::new(channels, kernel, stride, padding, bias, device);
            return Self::Spectral(conv);
        }
        Self::Plain(super::conv2d(
            channels, kernel, stride, padding, bias, device,
        ))
    }

    /// Side of the kernel.
    pub fn kernel(&self) -> usize {
        match self {
            Self::Plain(conv) => conv.kernel_size[0],
            Self::Spectral(conv) => conv.weight_orig.dims()[3],
        }
    }

    /// Convolves.
    ///
    /// # Shapes
    ///
    /// As [`conv2d`](super::conv2d).
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        match self {
            Self::Plain(conv) => conv.convolve(x),
            Self::Spectral(conv) => conv.forward(x, statistics),
        }
    }
}

/// A transposed convolution, plain or under spectral normalisation.
#[derive(Module, Debug)]
pub enum ConvTransposeLayer {
    /// As it is.
    Plain(ConvTranspose2d),
    /// Under spectral normalisation.
    Spectral(SpectralConvTranspose2d),
}

impl ConvTransposeLayer {
    /// A 3×3 layer with zero weights that doubles height and width: stride 2, padding 1, output
    /// padding 1.
    pub fn doubling(channels: [usize; 2], bias: bool, spectral: bool, device: &Device) -> Self {
        if spectral {
            let conv = SpectralConvTranspose2d::new(channels, 3, 2, 1, 1, bias, device);
            return Self::Spectral(conv);
        }
        Self::Plain(super::conv_transpose2d(channels, 3, 2, 1, 1, bias, device))
    }

    /// Convolves.
    ///
    /// # Shapes
    ///
    /// As [`conv_transpose2d`](super::conv_transpose2d).
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        match self {
            Self::Plain(conv) => conv.convolve(x),
            Self::Spectral(conv) => conv.forward(x, statistics),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{WeightInit, initialize};
    use burn::tensor::{Distribution, Tolerance};

    fn layer() -> SpectralConv2d {
        let conv = SpectralConv2d::new([3, 5], 3, 1, 1, true, &Device::flex());
        let init = WeightInit {
            gain: 1.5,
            ..WeightInit::default()
        };
        initialize(conv, init, 4)
    }

    fn settle(layer: &SpectralConv2d) {
        (0..200).for_each(|_| drop(layer.weight(NormStatistics::Train)));
    }

    fn number(x: Tensor<1>) -> f32 {
        x.into_scalar::<f32>()
    }

    #[test]
    fn the_spectral_norm_of_a_normalised_weight_is_one() {
        let layer = layer();
        settle(&layer);
        let weight = layer.weight(NormStatistics::Running);
        let again = SpectralConv2d {
            weight_orig: Param::from_tensor(weight),
            ..self::layer()
        };
        settle(&again);
        let matrix = again.weight_orig.val().flatten::<2>(1, 3);
        let (u, v) = (&again.weight_u, &again.weight_v);
        let sigma = number(normalize_weight(matrix, u, v, NormStatistics::Running));
        assert!((sigma - 1.0).abs() < 1e-5, "{sigma}");
    }

    #[test]
    fn use_repeats_and_training_moves_the_vectors() {
        let layer = layer();
        let x = Tensor::random([1, 3, 4, 4], Distribution::Default, &Device::flex());
        let run = |statistics| layer.forward(x.clone(), statistics).into_data();
        let first = run(NormStatistics::Running);
        assert_eq!(first, run(NormStatistics::Running));
        let before = layer.weight_u.value().into_data();
        run(NormStatistics::Train);
        assert_ne!(before, layer.weight_u.value().into_data());
        assert_ne!(first, run(NormStatistics::Running));
    }

    #[test]
    fn a_transposed_convolution_is_normalised_over_its_output_channels() {
        let conv = SpectralConvTranspose2d::new([3, 5], 3, 2, 1, 1, false, &Device::flex());
        let conv = initialize(conv, WeightInit::default(), 1);
        let weight = conv.weight_orig.val();
        let twin = SpectralConv2d {
            weight_orig: Param::from_tensor(weight.swap_dims(0, 1)),
            bias: None,
            weight_u: conv.weight_u.clone(),
            weight_v: conv.weight_v.clone(),
            stride: 1,
            padding: 0,
        };
        let x = Tensor::<4>::ones([1, 3, 1, 1], &Device::flex());
        // One input pixel: output pixel (1, 1) is reached through tap (2, 2) alone.
        let y = conv.forward(x, NormStatistics::Running);
        assert_eq!(y.dims(), [1, 5, 2, 2]);
        let taps = twin
            .weight(NormStatistics::Running)
            .slice([0..5, 0..3, 2..3, 2..3]);
        let expected = taps.sum_dim(1).reshape([5]).into_data();
        let found = y.slice([0..1, 0..5, 1..2, 1..2]).reshape([5]).into_data();
        found.assert_approx_eq::<f32>(&expected, Tolerance::absolute(1e-6));
    }
}
