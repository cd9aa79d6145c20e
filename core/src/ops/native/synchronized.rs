//! Batch norm over the shares of several processes, under autodiff.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::NativeGradients;
use super::gradients::{register, wanted};
use super::normalization::{Three, with_statistics};

/// Input, weight; mean, biased variance and count of all processes; epsilon.
type Saved<B> = ([FloatTensor<B>; 2], [FloatTensor<B>; 3], f64);

#[derive(Debug)]
struct OverRanks;

impl<B: Backend + NativeGradients> Backward<B, 3> for OverRanks {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([x, weight], saved, epsilon) = ops.state.clone();
        let wanted = wanted(&ops);
        let found = B::sync_batch_norm_gradients(grad, x, weight, saved, epsilon);
        let found = found.into_iter().zip(wanted);
        register::<B, _, 3>(
            grads,
            ops,
            found.map(|(found, wanted)| wanted.then_some(found)),
        );
    }
}

pub(super) fn over_ranks<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    epsilon: f64,
) -> Three<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node(), bias.node()];
    let (x, weight, bias) = (
        x.into_primitive(),
        weight.into_primitive(),
        bias.into_primitive(),
    );
    let ([output, mean, variance], saved) =
        B::sync_batch_norm_saving(&x, [&weight, &bias], epsilon);
    let output = match OverRanks.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(([x, weight], saved, epsilon), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    with_statistics::<B, C>(output, mean, variance)
}
