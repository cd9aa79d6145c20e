//! Elementwise functions under autodiff.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::gradients::register;
use super::{Activation, NativeGradients};

/// Of a function, and of its gradient too: that is linear in `grad`, and so its own derivative in it.
#[derive(Debug)]
struct Elementwise;

impl<B: Backend + NativeGradients> Backward<B, 1> for Elementwise {
    type State = (FloatTensor<B>, Activation);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (result, activation) = ops.state.clone();
        let found = B::activation_gradient(grad, result, activation);
        register::<B, _, 1>(grads, ops, [Some(found)]);
    }
}

pub(super) fn elementwise<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    activation: Activation,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node()];
    let result = B::activation(x.into_primitive(), activation);
    match Elementwise.prepare::<C>(nodes).compute_bound().stateful() {
        // The result is what the next layer keeps anyway.
        OpsKind::Tracked(prep) => prep.finish((result.clone(), activation), result),
        OpsKind::UnTracked(prep) => prep.finish(result),
    }
}

pub(super) fn gradient<B: Backend + NativeGradients, C: CheckpointStrategy>(
    grad: FloatTensor<Autodiff<B, C>>,
    result: FloatTensor<Autodiff<B, C>>,
    activation: Activation,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [grad.node()];
    let (grad, result) = (grad.into_primitive(), result.into_primitive());
    let found = B::activation_gradient(grad, result.clone(), activation);
    match Elementwise.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((result, activation), found),
        OpsKind::UnTracked(prep) => prep.finish(found),
    }
}
