//! A convolution under autodiff.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};

use super::gradients::{register, wanted};
use super::{Convolution, Kinds, NativeGradients, Precision};

type Saved<B> = ([FloatTensor<B>; 2], Convolution, Kinds);

#[derive(Debug)]
struct Plain;

impl<B: Backend + NativeGradients> Backward<B, 2> for Plain {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (multiplied, convolution, kinds) = ops.state.clone();
        let [of_x, of_weight] = wanted(&ops);
        let wanted = [of_x, of_weight, false];
        let found = B::conv_gradients(grad, multiplied, convolution, kinds, wanted);
        register::<B, _, 2>(grads, ops, found);
    }
}

#[derive(Debug)]
struct WithBias;

impl<B: Backend + NativeGradients> Backward<B, 3> for WithBias {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (multiplied, convolution, kinds) = ops.state.clone();
        let wanted = wanted(&ops);
        let found = B::conv_gradients(grad, multiplied, convolution, kinds, wanted);
        register::<B, _, 3>(grads, ops, found);
    }
}

pub(super) fn plain<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    convolution: Convolution,
    precision: Precision,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node()];
    let (x, weight) = (x.into_primitive(), weight.into_primitive());
    let kinds = kinds::<B>(&x, &weight);
    let (result, multiplied) = B::conv(x, weight, None, convolution, precision);
    match Plain.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((multiplied, convolution, kinds), result),
        OpsKind::UnTracked(prep) => prep.finish(result),
    }
}

pub(super) fn with_bias<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    convolution: Convolution,
    precision: Precision,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node(), bias.node()];
    let (x, weight) = (x.into_primitive(), weight.into_primitive());
    let kinds = kinds::<B>(&x, &weight);
    let bias = Some(bias.into_primitive());
    let (result, multiplied) = B::conv(x, weight, bias, convolution, precision);
    match WithBias.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((multiplied, convolution, kinds), result),
        OpsKind::UnTracked(prep) => prep.finish(result),
    }
}

fn kinds<B: Backend>(x: &FloatTensor<B>, weight: &FloatTensor<B>) -> Kinds {
    Kinds {
        x: x.dtype().into(),
        weight: weight.dtype().into(),
    }
}
