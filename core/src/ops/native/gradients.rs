//! What the backward passes share.

use burn::backend::Backend;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::Ops;
use burn::backend::tensor::FloatTensor;

/// Which parents of an operation want a gradient.
pub(super) fn wanted<State, const N: usize>(ops: &Ops<State, N>) -> [bool; N] {
    ops.parents.each_ref().map(Option::is_some)
}

/// Hands gradients to the parents that want them.
pub(super) fn register<B: Backend, State, const N: usize>(
    grads: &mut Gradients,
    ops: Ops<State, N>,
    values: impl IntoIterator<Item = Option<FloatTensor<B>>>,
) {
    for (node, value) in ops.parents.into_iter().zip(values) {
        if let (Some(node), Some(value)) = (node, value) {
            grads.register::<B>(node.id, value);
        }
    }
}
