//! Mirrored borders under autodiff.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use burn::tensor::Shape;

use super::NativeGradients;
use super::gradients::register;

#[derive(Debug)]
struct Reflection;

impl<B: Backend + NativeGradients> Backward<B, 1> for Reflection {
    /// Of the input: its numbers are not needed.
    type State = (Shape, usize);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (shape, amount) = ops.state.clone();
        let found = B::reflection_pad_gradient(grad, shape, amount);
        register::<B, _, 1>(grads, ops, [Some(found)]);
    }
}

pub(super) fn reflection<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    amount: usize,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node()];
    let x = x.into_primitive();
    let shape = x.shape();
    let result = B::reflection_pad(x, amount);
    match Reflection.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((shape, amount), result),
        OpsKind::UnTracked(prep) => prep.finish(result),
    }
}
