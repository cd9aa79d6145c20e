//! Gradients that are no numbers.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// Sets every element that is NaN or infinite to zero, so that one bad picture does not end a run.
///
/// Source: spec 5.4.
pub fn zero_non_finite<M: Module>(network: &M, gradients: Gradients) -> Gradients {
    let mut clean = Clean(gradients);
    network.visit(&mut clean);
    clean.0
}

struct Clean(Gradients);

impl ModuleVisitor for Clean {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let parameter = param.val();
        if let Some(gradient) = parameter.grad_remove(&mut self.0) {
            let finite = gradient.clone().is_finite();
            let clean = gradient.mask_fill(finite.bool_not(), 0.0);
            parameter.grad_replace(&mut self.0, clean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Pair {
        used: Param<Tensor<1>>,
        unused: Param<Tensor<1>>,
    }

    #[test]
    fn only_the_elements_that_are_no_numbers_become_zero() {
        let device = Device::flex().autodiff();
        let param = || Param::from_tensor(Tensor::<1>::ones([4], &device));
        let pair = Pair {
            used: param(),
            unused: param(),
        };
        let factors = [2.0f32, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let factors = Tensor::<1>::from_data(factors, &device);
        let gradients = (pair.used.val() * factors).sum().backward();
        let gradients = zero_non_finite(&pair, gradients);
        let found = pair.used.val().grad(&gradients).expect("a gradient");
        let found: Vec<f32> = found.into_data().iter().collect();
        assert_eq!(found, [2.0, 0.0, 0.0, 0.0]);
        assert!(pair.unused.val().grad(&gradients).is_none());
    }
}
