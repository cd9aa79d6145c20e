//! What libtorch does, and how autodiff calls it.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, LibTorch};
use burn::tensor::{FloatDType, Shape, Tensor};
use burn_tch::TchTensor;
use underpaint_torch::norm::{self, Statistics};
use underpaint_torch::ops::{self, BatchNorm};

use super::{Activation, Convolution, Kinds, NativeGradients, NativeOps, Precision};
use super::{activation, convolution, normalization, padding, synchronized};
use crate::ops::ranks;

type Three<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

impl NativeOps for LibTorch {
    fn native_conv(
        x: TchTensor,
        weight: TchTensor,
        convolution: Convolution,
        precision: Precision,
    ) -> TchTensor {
        Self::conv(x, weight, None, convolution, precision).0
    }

    fn native_conv_bias(
        x: TchTensor,
        weight: TchTensor,
        bias: TchTensor,
        convolution: Convolution,
        precision: Precision,
    ) -> TchTensor {
        Self::conv(x, weight, Some(bias), convolution, precision).0
    }

    fn native_batch_norm(x: TchTensor, epsilon: f64) -> Three<Self> {
        let ([output, mean, variance], _) = Self::batch_norm_saving(&x, None, epsilon);
        (output, mean, variance)
    }

    fn native_batch_norm_affine(
        x: TchTensor,
        weight: TchTensor,
        bias: TchTensor,
        epsilon: f64,
    ) -> Three<Self> {
        let ([output, mean, variance], _) =
            Self::batch_norm_saving(&x, Some([&weight, &bias]), epsilon);
        (output, mean, variance)
    }

    fn native_sync_batch_norm(
        x: TchTensor,
        weight: TchTensor,
        bias: TchTensor,
        epsilon: f64,
    ) -> Three<Self> {
        let ([output, mean, variance], _) =
            Self::sync_batch_norm_saving(&x, [&weight, &bias], epsilon);
        (output, mean, variance)
    }

    fn native_activation(x: TchTensor, activation: Activation) -> TchTensor {
        Self::activation(x, activation)
    }

    fn native_activation_gradient(
        grad: TchTensor,
        result: TchTensor,
        activation: Activation,
    ) -> TchTensor {
        Self::activation_gradient(grad, result, activation)
    }

    fn native_reflection_pad(x: TchTensor, amount: usize) -> TchTensor {
        Self::reflection_pad(x, amount)
    }
}

impl<B: Backend + NativeOps + NativeGradients, C: CheckpointStrategy> NativeOps for Autodiff<B, C> {
    fn native_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        convolution: Convolution,
        precision: Precision,
    ) -> FloatTensor<Self> {
        convolution::plain::<B, C>(x, weight, convolution, precision)
    }

    fn native_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        convolution: Convolution,
        precision: Precision,
    ) -> FloatTensor<Self> {
        convolution::with_bias::<B, C>(x, weight, bias, convolution, precision)
    }

    fn native_batch_norm(x: FloatTensor<Self>, epsilon: f64) -> Three<Self> {
        normalization::plain::<B, C>(x, epsilon)
    }

    fn native_batch_norm_affine(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> Three<Self> {
        normalization::affine::<B, C>(x, weight, bias, epsilon)
    }

    fn native_sync_batch_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> Three<Self> {
        synchronized::over_ranks::<B, C>(x, weight, bias, epsilon)
    }

    fn native_activation(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        activation::elementwise::<B, C>(x, activation)
    }

    fn native_activation_gradient(
        grad: FloatTensor<Self>,
        result: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        activation::gradient::<B, C>(grad, result, activation)
    }

    fn native_reflection_pad(x: FloatTensor<Self>, amount: usize) -> FloatTensor<Self> {
        padding::reflection::<B, C>(x, amount)
    }
}

impl NativeGradients for LibTorch {
    fn conv(
        x: TchTensor,
        weight: TchTensor,
        bias: Option<TchTensor>,
        convolution: Convolution,
        precision: Precision,
    ) -> (TchTensor, [TchTensor; 2]) {
        let kind = kind(precision.dtype());
        // f32 means: leave things as they are, f64 in a test included.
        let cast = |tensor: TchTensor| match precision {
            Precision::F32 => tensor,
            _ => cast(tensor, kind),
        };
        let (x, weight, bias) = (cast(x), cast(weight), bias.map(cast));
        let bias = bias.as_ref().map(|bias| &bias.tensor);
        let result = geometry(convolution).forward(&x.tensor, &weight.tensor, bias);
        (new(done(result)), [x, weight])
    }

    fn conv_gradients(
        grad: TchTensor,
        [x, weight]: [TchTensor; 2],
        convolution: Convolution,
        kinds: Kinds,
        wanted: [bool; 3],
    ) -> [Option<TchTensor>; 3] {
        let grad = cast(grad, weight.tensor.kind());
        let found = geometry(convolution).backward(&grad.tensor, &x.tensor, &weight.tensor, wanted);
        let kinds = [kinds.x, kinds.weight, kinds.weight];
        let mut kinds = kinds.into_iter().map(kind);
        done(found).map(|found| {
            let kind = kinds.next().expect("three kinds for three gradients");
            found.map(|found| cast(new(found), kind))
        })
    }

    fn batch_norm_saving(
        x: &TchTensor,
        affine: Option<[&TchTensor; 2]>,
        epsilon: f64,
    ) -> ([TchTensor; 3], [TchTensor; 2]) {
        let affine = affine.map(|pair| pair.map(|tensor| &tensor.tensor));
        let BatchNorm {
            output,
            mean,
            variance,
            saved,
        } = done(ops::batch_norm(&x.tensor, affine, epsilon));
        ([output, mean, variance].map(new), saved.map(new))
    }

    fn batch_norm_saved_gradients(
        grad: TchTensor,
        x: TchTensor,
        weight: Option<TchTensor>,
        [mean, inverse]: [TchTensor; 2],
        epsilon: f64,
        wanted: [bool; 3],
    ) -> [Option<TchTensor>; 3] {
        let grad = cast(grad, x.tensor.kind());
        let found = ops::batch_norm_backward(
            &grad.tensor,
            &x.tensor,
            weight.as_ref().map(|weight| &weight.tensor),
            [&mean.tensor, &inverse.tensor],
            epsilon,
            wanted,
        );
        done(found).map(|found| found.map(new))
    }

    fn sync_batch_norm_saving(
        x: &TchTensor,
        [weight, bias]: [&TchTensor; 2],
        epsilon: f64,
    ) -> ([TchTensor; 3], [TchTensor; 3]) {
        let sums = over_ranks(done(norm::local_sums(&x.tensor)));
        let Statistics {
            mean,
            variance,
            unbiased,
            count,
        } = done(norm::statistics(&sums));
        let affine = [&weight.tensor, &bias.tensor];
        let output = norm::normalize(&x.tensor, affine, [&mean, &variance], epsilon);
        // A copy: what is shown may be reused in place, and the gradient needs it as it is.
        let shown = [done(output), mean.copy(), unbiased].map(new);
        (shown, [mean, variance, count].map(new))
    }

    fn sync_batch_norm_gradients(
        grad: TchTensor,
        x: TchTensor,
        weight: TchTensor,
        [mean, variance, count]: [TchTensor; 3],
        epsilon: f64,
    ) -> [TchTensor; 3] {
        let grad = cast(grad, x.tensor.kind());
        let given = [&mean.tensor, &variance.tensor];
        let (x, weight) = (&x.tensor, &weight.tensor);
        let found = norm::given_gradients(&grad.tensor, x, weight, given, epsilon);
        let [of_x, of_weight, of_bias] = done(found);
        let channels = of_bias.size()[0];
        let sums = over_ranks(tch::Tensor::cat(&[&of_weight, &of_bias], 0));
        let (scaled, plain) = (
            sums.narrow(0, 0, channels),
            sums.narrow(0, channels, channels),
        );
        let sums = [&scaled, &plain];
        let of_x = norm::through_statistics(of_x, x, weight, given, sums, &count.tensor, epsilon);
        [done(of_x), of_weight, of_bias].map(new)
    }

    fn activation(mut x: TchTensor, activation: Activation) -> TchTensor {
        // In the memory of the input where nobody else holds it, as the originals' `inplace=True`.
        let reuse = x.can_mut();
        match activation {
            Activation::Leaky(slope) => {
                let result = done(ops::leaky_relu(&mut x.tensor, slope, reuse));
                if reuse { x } else { new(result) }
            }
            Activation::Relu => {
                if reuse {
                    let _ = x.tensor.relu_();
                    return x;
                }
                new(x.tensor.relu())
            }
            Activation::Tanh => {
                if reuse {
                    let _ = x.tensor.tanh_();
                    return x;
                }
                new(x.tensor.tanh())
            }
        }
    }

    fn activation_gradient(
        grad: TchTensor,
        result: TchTensor,
        activation: Activation,
    ) -> TchTensor {
        let grad = cast(grad, result.tensor.kind());
        match activation {
            Activation::Leaky(slope) => new(done(ops::leaky_relu_backward(
                &grad.tensor,
                &result.tensor,
                slope,
            ))),
            Activation::Relu => new(result.tensor.threshold_backward(&grad.tensor, 0.0)),
            Activation::Tanh => new(tch::Tensor::tanh_backward(&grad.tensor, &result.tensor)),
        }
    }

    fn reflection_pad(x: TchTensor, amount: usize) -> TchTensor {
        new(x.tensor.reflection_pad2d([amount as i64; 4]))
    }

    fn reflection_pad_gradient(grad: TchTensor, shape: Shape, amount: usize) -> TchTensor {
        // libtorch asks for the input and reads its sizes only.
        let sizes: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
        let input = grad
            .tensor
            .new_empty(sizes, (grad.tensor.kind(), grad.tensor.device()));
        let found = input.reflection_pad2d_backward(&grad.tensor, [amount as i64; 4]);
        new(found)
    }
}

fn geometry(convolution: Convolution) -> ops::Convolution {
    let Convolution {
        stride,
        padding,
        output_padding,
        transposed,
    } = convolution;
    ops::Convolution {
        stride,
        padding,
        output_padding,
        transposed,
    }
}

/// Sums of all processes.
fn over_ranks(sums: tch::Tensor) -> tch::Tensor {
    let sums = ranks::sum(Tensor::from_primitive::<LibTorch>(new(sums)));
    let sums = sums.try_into_primitive::<LibTorch>();
    sums.unwrap_or_else(|_| unreachable!("sums stay on their device"))
        .tensor
}

fn kind(dtype: FloatDType) -> tch::Kind {
    match dtype {
        FloatDType::F64 => tch::Kind::Double,
        FloatDType::F16 => tch::Kind::Half,
        FloatDType::BF16 => tch::Kind::BFloat16,
        FloatDType::F32 | FloatDType::Flex32 => tch::Kind::Float,
    }
}

fn cast(tensor: TchTensor, kind: tch::Kind) -> TchTensor {
    if tensor.tensor.kind() == kind {
        return tensor;
    }
    new(tensor.tensor.to_kind(kind))
}

/// A tensor whose memory is its own.
fn new(tensor: tch::Tensor) -> TchTensor {
    TchTensor::new(tensor)
}

/// burn's operations have no errors to return: what libtorch throws in one ends as a panic, here as in
/// burn-tch.
fn done<T>(result: underpaint_torch::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
