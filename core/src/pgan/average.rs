//! A generator that follows another slowly.

use std::any::Any;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// Moves every parameter of `average` towards that of `network`:
/// `decay * average + (1 - decay) * network`. The pictures of the average are better than those of
/// any single step.
///
/// Both are of one shape; `average` has no graph, `network` may have one. Buffers that are no
/// parameters would be averaged as well; the generator has none.
///
/// # Panics
///
/// If the two differ in structure.
///
/// Source: Karras et al. 2018, section 6.1; spec 5.5.
pub fn exponential_moving_average<M: Module>(average: M, network: &M, decay: f64) -> M {
    let mut collect = Collect(Vec::new());
    network.visit(&mut collect);
    average.map(&mut Follow {
        targets: collect.0.into_iter(),
        decay,
    })
}

/// Parameters in visiting order, each a `Tensor<D>`.
struct Collect(Vec<Box<dyn Any>>);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(Box::new(param.val().without_autodiff()));
    }
}

struct Follow {
    targets: std::vec::IntoIter<Box<dyn Any>>,
    decay: f64,
}

impl ModuleMapper for Follow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let target = self.targets.next().and_then(|any| any.downcast().ok());
        let target: Box<Tensor<D>> = target.expect("two networks of one structure");
        let (id, tensor, mapper) = param.consume();
        let value = tensor.without_autodiff() * self.decay + *target * (1.0 - self.decay);
        Param::from_mapped_value(id, value, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgan::{Generator, GeneratorConfig, initialize};
    use crate::state_dict::state_dict;
    use burn::tensor::Device;

    fn generator(seed: u64) -> Generator {
        let config = GeneratorConfig {
            depths: vec![3, 2],
            latent_dim: 4,
            ..GeneratorConfig::default()
        };
        let network = config.init(&Device::flex()).expect("a valid config");
        initialize(network, config.scaling, seed)
    }

    #[test]
    fn after_n_steps_the_start_weighs_decay_to_the_n() {
        let (start, target) = (generator(1), generator(2));
        let mut average = start.clone();
        for _ in 0..10 {
            average = exponential_moving_average(average, &target, 0.9);
        }
        let (start, target) = (state_dict(&start), state_dict(&target));
        let share = 0.9f32.powi(10);
        for (key, average) in state_dict(&average) {
            let pairs = start[&key].values.iter().zip(&target[&key].values);
            for (found, (start, target)) in average.values.iter().zip(pairs) {
                let expected = share * start + (1.0 - share) * target;
                assert!((found - expected).abs() < 1e-5, "{key}: {found} {expected}");
            }
        }
    }
}
