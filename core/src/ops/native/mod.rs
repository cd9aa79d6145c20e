//! libtorch's own bodies: the trait that burn's dispatch routes, what libtorch does in it, and the
//! gradients under autodiff.

mod activation;
mod convolution;
mod gradients;
mod libtorch;
mod normalization;
mod padding;
mod synchronized;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, DispatchTensor, backend_extension};
use burn::tensor::{Shape, Tensor};

use super::{BatchNormOutput, Convolution, Precision};

/// Whether tensors like `x` have a body here.
pub(super) fn serves<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device().without_autodiff();
    matches!(device.as_dispatch(), DispatchDevice::LibTorch(_))
}

/// Elementwise functions whose gradient is a function of their result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// Leaky ReLU with a positive slope.
    Leaky(f64),
    /// ReLU.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// What dispatch routes to a backend. Optional tensors are not supported there, hence the pairs.
#[backend_extension(LibTorch, Autodiff)]
pub trait NativeOps: Backend {
    /// A convolution without bias.
    fn native_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        convolution: Convolution,
        precision: Precision,
    ) -> FloatTensor<Self>;
    /// A convolution with bias.
    fn native_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
        precision: Precision,
    ) -> FloatTensor<Self>;
    /// Output, mean, unbiased variance.
    fn native_batch_norm(
        x: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// The same with scale and shift.
    fn native_batch_norm_affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// The same over the shares of all processes.
    fn native_sync_batch_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// An elementwise function.
    fn native_activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
    /// The gradient of an elementwise function's input, with a graph to `grad`.
    fn native_activation_gradient(
        grad: FloatTensor<Self>,
        result: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
    /// A mirrored border.
    fn native_reflection_pad(x: FloatTensor<Self>, amount: usize) -> FloatTensor<Self>;
}

/// What autodiff needs of the backend below it.
pub trait NativeGradients: Backend {
    /// Result, and input and weight as they were multiplied.
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        convolution: Convolution,
        precision: Precision,
    ) -> (FloatTensor<Self>, [FloatTensor<Self>; 2]);
    /// Gradients of input, weight and bias where wanted, of the input's kind and f32.
    fn conv_gradients(
        grad: FloatTensor<Self>,
        multiplied: [FloatTensor<Self>; 2],
        convolution: Convolution,
        kinds: Kinds,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
    /// Output, mean, unbiased variance; and what the gradient needs of the statistics.
    fn batch_norm_saving(
        x: &FloatTensor<Self>,
        affine: Option<[&FloatTensor<Self>; 2]>,
        epsilon: f64,
    ) -> ([FloatTensor<Self>; 3], [FloatTensor<Self>; 2]);
    /// Gradients of input, scale and shift where wanted.
    fn batch_norm_saved_gradients(
        grad: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: Option<FloatTensor<Self>>,
        saved: [FloatTensor<Self>; 2],
        epsilon: f64,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
    /// Output, mean, unbiased variance over the shares of all processes; and mean, biased variance and
    /// count for the gradient.
    fn sync_batch_norm_saving(
        x: &FloatTensor<Self>,
        affine: [&FloatTensor<Self>; 2],
        epsilon: f64,
    ) -> ([FloatTensor<Self>; 3], [FloatTensor<Self>; 3]);
    /// Gradients of input, scale and shift.
    fn sync_batch_norm_gradients(
        grad: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        saved: [FloatTensor<Self>; 3],
        epsilon: f64,
    ) -> [FloatTensor<Self>; 3];
    /// An elementwise function.
    fn activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
    /// Gradient of its input from its result.
    fn activation_gradient(
        grad: FloatTensor<Self>,
        result: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;
    /// A mirrored border.
    fn reflection_pad(x: FloatTensor<Self>, amount: usize) -> FloatTensor<Self>;
    /// Gradient of what was padded, of the shape that it had.
    fn reflection_pad_gradient(
        grad: FloatTensor<Self>,
        shape: Shape,
        amount: usize,
    ) -> FloatTensor<Self>;
}

/// Kinds of numbers that the inputs of a convolution had before they were cast.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    /// Of the input.
    pub x: burn::tensor::FloatDType,
    /// Of weight and bias.
    pub weight: burn::tensor::FloatDType,
}

fn tensor<const D: usize>(primitive: DispatchTensor) -> Tensor<D> {
    Tensor::from_dispatch(primitive)
}

pub(super) fn convolve(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    convolution: Convolution,
) -> Tensor<4> {
    let precision = Precision::current();
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    tensor(match bias {
        None => Dispatch::native_conv(x, weight, convolution, precision),
        Some(bias) => {
            Dispatch::native_conv_bias(x, weight, bias.into_dispatch(), convolution, precision)
        }
    })
}

pub(super) fn batch_norm(
    x: Tensor<4>,
    affine: Option<[Tensor<1>; 2]>,
    epsilon: f64,
) -> BatchNormOutput {
    let x = x.into_dispatch();
    let (output, mean, variance) = match affine {
        None => Dispatch::native_batch_norm(x, epsilon),
        Some([weight, bias]) => Dispatch::native_batch_norm_affine(
            x,
            weight.into_dispatch(),
            bias.into_dispatch(),
            epsilon,
        ),
    };
    BatchNormOutput {
        output: tensor(output),
        mean: tensor::<1>(mean).without_autodiff(),
        variance: tensor::<1>(variance).without_autodiff(),
    }
}

pub(super) fn batch_norm_over_ranks(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    epsilon: f64,
) -> BatchNormOutput {
    let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
    let (output, mean, variance) =
        Dispatch::native_sync_batch_norm(x.into_dispatch(), weight, bias, epsilon);
    BatchNormOutput {
        output: tensor(output),
        mean: tensor::<1>(mean).without_autodiff(),
        variance: tensor::<1>(variance).without_autodiff(),
    }
}

pub(super) fn leaky_relu<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    activate(x, Activation::Leaky(slope))
}

pub(super) fn relu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activate(x, Activation::Relu)
}

pub(super) fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activate(x, Activation::Tanh)
}

fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    tensor(Dispatch::native_activation(x.into_dispatch(), activation))
}

pub(super) fn leaky_relu_gradient<const D: usize>(
    gradient: Tensor<D>,
    signs: Tensor<D>,
    slope: f64,
) -> Tensor<D> {
    tensor(Dispatch::native_activation_gradient(
        gradient.into_dispatch(),
        signs.into_dispatch(),
        Activation::Leaky(slope),
    ))
}

pub(super) fn reflection_pad(x: Tensor<4>, amount: usize) -> Tensor<4> {
    tensor(Dispatch::native_reflection_pad(x.into_dispatch(), amount))
}
