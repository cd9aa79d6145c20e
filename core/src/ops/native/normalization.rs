//! Batch norm under autodiff.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend};

use super::NativeGradients;
use super::gradients::{register, wanted};

pub(super) type Three<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);
/// Input, the gradient's statistics, epsilon.
type Saved<B> = (FloatTensor<B>, [FloatTensor<B>; 2], f64);

#[derive(Debug)]
struct Plain;

impl<B: Backend + NativeGradients> Backward<B, 1> for Plain {
    type State = Saved<B>;

    fn backward(self, ops: Ops<Saved<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, saved, epsilon) = ops.state.clone();
        let wanted = [true, false, false];
        let found = B::batch_norm_saved_gradients(grad, x, None, saved, epsilon, wanted);
        register::<B, _, 1>(grads, ops, found);
    }
}

#[derive(Debug)]
struct Affine;

impl<B: Backend + NativeGradients> Backward<B, 3> for Affine {
    type State = (Saved<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ((x, saved, epsilon), weight) = ops.state.clone();
        let wanted = wanted(&ops);
        let found = B::batch_norm_saved_gradients(grad, x, Some(weight), saved, epsilon, wanted);
        register::<B, _, 3>(grads, ops, found);
    }
}

pub(super) fn plain<B: Backend + NativeGradients, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    epsilon: f64,
) -> Three<Autodiff<B, C>> {
    let nodes = [x.node()];
    let x = x.into_primitive();
    let ([output, mean, variance], saved) = B::batch_norm_saving(&x, None, epsilon);
    let output = match Plain.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((x, saved, epsilon), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    with_statistics::<B, C>(output, mean, variance)
}

pub(super) fn affine<B: Backend + NativeGradients, C: CheckpointStrategy>(
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
        B::batch_norm_saving(&x, Some([&weight, &bias]), epsilon);
    let output = match Affine.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(((x, saved, epsilon), weight), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    with_statistics::<B, C>(output, mean, variance)
}

pub(super) fn with_statistics<B: Backend, C: CheckpointStrategy>(
    output: FloatTensor<Autodiff<B, C>>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
) -> Three<Autodiff<B, C>> {
    let constant = |tensor| <Autodiff<B, C> as AutodiffBackend>::from_inner(tensor);
    (output, constant(mean), constant(variance))
}
