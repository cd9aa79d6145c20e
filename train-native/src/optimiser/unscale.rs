//! Gradients of a scaled loss, on libtorch.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use burn_tch::LibTorch;
use underpaint_core::state_dict::AuthorsKeys;

/// Divides the gradients of a network by `factor`, in place, and notes in `found_inf` (one element,
/// made where there is none) whether one of them is not finite: 1, else what it was.
///
/// # Panics
///
/// With what libtorch says, as burn's own operations: on a device that has no such kernel.
pub fn unscale<M: AuthorsKeys>(
    network: &M,
    gradients: &Gradients,
    factor: f64,
    found_inf: &mut Option<Tensor<1>>,
) {
    let mut collect = Collect {
        gradients,
        found: Vec::new(),
    };
    network.visit(&mut collect);
    let mut found = collect.found;
    let Some(first) = found.first() else {
        return;
    };
    let flag = match found_inf.take() {
        Some(flag) => {
            flag.try_into_primitive::<LibTorch>()
                .expect("the flag is where the gradients are")
                .tensor
        }
        None => tch::Tensor::zeros([1], (tch::Kind::Float, first.device())),
    };
    let mut flag = flag;
    if let Err(error) = underpaint_torch::adam::unscale(&mut found, factor, &mut flag) {
        panic!("{error}");
    }
    let flag = burn_tch::TchTensor::new(flag);
    *found_inf = Some(Tensor::from_primitive::<LibTorch>(flag));
}

struct Collect<'a> {
    gradients: &'a Gradients,
    found: Vec<tch::Tensor>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients);
        let gradient = gradient.and_then(|gradient| gradient.try_into_primitive::<LibTorch>().ok());
        // Shares its memory with the one in `gradients`.
        self.found.extend(gradient.map(|gradient| gradient.tensor));
    }
}
