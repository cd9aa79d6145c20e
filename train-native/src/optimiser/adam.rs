//! Adam as PyTorch computes it, with moments kept by state-dict key.

use std::any::Any;
use std::collections::BTreeMap;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use underpaint_core::state_dict::{
    AuthorsKeys, LazyDict, LazyTensor, StateDict, StateTensor, state_keys,
};

/// Added to the root of the second moment, after the bias correction (PyTorch ≥ 1.3).
const EPSILON: f64 = 1e-8;

/// Decay rates of the two moments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the mean of the gradient.
    pub beta1: f64,
    /// Decay of the mean of its square.
    pub beta2: f64,
}

/// What an optimiser makes of the elements of a gradient that are NaN or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NonFinite {
    /// What they are: the weights become NaN, and the run stops at the next loss.
    #[default]
    Keep,
    /// Zero, so that one bad picture does not end a run.
    Zero,
}

impl NonFinite {
    fn apply<const D: usize>(self, gradient: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Keep => gradient,
            Self::Zero => {
                let finite = gradient.clone().is_finite();
                gradient.mask_fill(finite.bool_not(), 0.0)
            }
        }
    }
}

/// Adam with bias correction and without weight decay.
///
/// Source: Kingma & Ba 2015 (<https://arxiv.org/abs/1412.6980>), Algorithm 1; `torch.optim.Adam`.
pub struct Adam {
    config: AdamConfig,
    non_finite: NonFinite,
    steps: u64,
    /// A `Moments<D>` for every parameter that has had a gradient.
    moments: BTreeMap<String, Box<dyn Any + Send>>,
}

/// Running means of a parameter's gradient and of its square.
struct Moments<const D: usize> {
    first: Tensor<D>,
    second: Tensor<D>,
}

/// The factors of one step, the same for every parameter.
#[derive(Clone, Copy)]
struct Factors {
    beta1: f64,
    beta2: f64,
    /// Number of the step, from 1.
    #[cfg_attr(
        not(feature = "tch"),
        allow(dead_code, reason = "libtorch's kernel asks for it")
    )]
    step: u64,
    /// Learning rate.
    #[cfg_attr(
        not(feature = "tch"),
        allow(dead_code, reason = "libtorch's kernel asks for it")
    )]
    learning_rate: f64,
    /// Learning rate over the first moment's bias correction.
    step_size: f64,
    /// Root of the second moment's bias correction.
    correction: f64,
}

impl Adam {
    /// Starts without moments.
    pub fn new(config: AdamConfig) -> Self {
        Self {
            config,
            non_finite: NonFinite::Keep,
            steps: 0,
            moments: BTreeMap::new(),
        }
    }

    /// The same optimiser with another treatment of gradients that are not finite.
    #[must_use]
    pub fn with_non_finite(self, non_finite: NonFinite) -> Self {
        Self { non_finite, ..self }
    }

    /// Forgets moments and steps.
    pub fn restart(&mut self) {
        self.steps = 0;
        self.moments.clear();
    }

    /// Takes back that there was a step: it moved nothing.
    pub fn forget_step(&mut self) {
        self.steps = self.steps.saturating_sub(1);
    }

    /// Moves every parameter of `network` that has a gradient, and takes those out of `gradients`.
    /// Moves none where `found_inf` (one element, f32) is not zero.
    pub fn step<M: AuthorsKeys>(
        &mut self,
        network: M,
        gradients: &mut Gradients,
        learning_rate: f64,
        found_inf: Option<&Tensor<1>>,
    ) -> M {
        self.steps += 1;
        let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let factors = Factors {
            beta1: self.config.beta1,
            beta2: self.config.beta2,
            step: self.steps,
            learning_rate,
            step_size: learning_rate / correction(self.config.beta1),
            correction: correction(self.config.beta2).sqrt(),
        };
        let keys = state_keys(&network);
        let mut update = Update {
            keys: keys.into_iter(),
            gradients,
            moments: &mut self.moments,
            non_finite: self.non_finite,
            factors,
            pending: Pending::new(found_inf),
        };
        let network = network.map(&mut update);
        update.pending.finish(factors);
        network
    }

    /// The moments as `key.exp_avg` and `key.exp_avg_sq`, not read yet, and the number of steps.
    pub fn state<M: AuthorsKeys>(&self, network: &M) -> (LazyDict, u64) {
        let keys = state_keys(network);
        let mut save = Save {
            keys: keys.into_iter(),
            moments: &self.moments,
            dict: LazyDict::new(),
        };
        network.visit(&mut save);
        (save.dict, self.steps)
    }

    /// Continues from what [`state`](Self::state) gave for the same network.
    ///
    /// # Errors
    ///
    /// Naming the parameter, if moments have another shape or belong to no parameter.
    pub fn load<M: AuthorsKeys>(
        &mut self,
        network: &M,
        mut dict: StateDict,
        steps: u64,
    ) -> Result<(), String> {
        let keys = state_keys(network);
        let mut load = Load {
            keys: keys.into_iter(),
            dict: &mut dict,
            moments: BTreeMap::new(),
            problem: None,
        };
        network.visit(&mut load);
        let Load {
            moments, problem, ..
        } = load;
        if let Some(problem) = problem {
            return Err(problem);
        }
        if let Some(key) = dict.keys().next() {
            return Err(format!("{key} belongs to no parameter"));
        }
        (self.moments, self.steps) = (moments, steps);
        Ok(())
    }
}

struct Update<'a> {
    keys: std::vec::IntoIter<String>,
    gradients: &'a mut Gradients,
    moments: &'a mut BTreeMap<String, Box<dyn Any + Send>>,
    non_finite: NonFinite,
    factors: Factors,
    pending: Pending,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let key = self
            .keys
            .next()
            .expect("map visits what visit does, in the same order");
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = tensor.grad_remove(self.gradients) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let gradient = self.non_finite.apply(gradient);
        let moments = self
            .moments
            .remove(&key)
            .and_then(|found| found.downcast().ok());
        let moments = moments
            .map(|found: Box<Moments<D>>| *found)
            .unwrap_or_else(|| Moments {
                first: gradient.zeros_like(),
                second: gradient.zeros_like(),
            });
        let value = tensor.without_autodiff();
        let (value, moments) = self.pending.update(value, gradient, moments, self.factors);
        self.moments.insert(key, Box::new(moments));
        Param::from_mapped_value(id, value.autodiff().require_grad(), mapper)
    }
}

/// The update in tensor operations, for any device.
fn update<const D: usize>(
    value: Tensor<D>,
    gradient: Tensor<D>,
    moments: Moments<D>,
    factors: Factors,
    found_inf: Option<&Tensor<1>>,
) -> (Tensor<D>, Moments<D>) {
    let before = found_inf.map(|flag| {
        let flag = flag.clone().greater_elem(0.0).reshape([1; D]);
        let kept = (value.clone(), moments.first.clone(), moments.second.clone());
        (flag.expand(value.shape()), kept)
    });
    let Factors {
        beta1,
        beta2,
        step_size,
        correction,
        ..
    } = factors;
    // In the order of PyTorch's `addcmul` and `addcdiv`, so that both round alike.
    let square = gradient.clone() * (1.0 - beta2) * gradient.clone();
    let first = moments.first * beta1 + gradient * (1.0 - beta1);
    let second = moments.second * beta2 + square;
    let denominator = second.clone().sqrt() / correction + EPSILON;
    let value = value - first.clone() * step_size / denominator;
    match before {
        None => (value, Moments { first, second }),
        Some((found, (old_value, old_first, old_second))) => {
            let first = first.mask_where(found.clone(), old_first);
            let second = second.mask_where(found.clone(), old_second);
            let value = value.mask_where(found, old_value);
            (value, Moments { first, second })
        }
    }
}

#[cfg(not(feature = "tch"))]
mod fused {
    use super::{Factors, Moments, Tensor, update};

    /// Moves every parameter at once.
    pub(super) struct Pending {
        found_inf: Option<Tensor<1>>,
    }

    impl Pending {
        pub(super) fn new(found_inf: Option<&Tensor<1>>) -> Self {
            Self {
                found_inf: found_inf.cloned(),
            }
        }

        pub(super) fn update<const D: usize>(
            &mut self,
            value: Tensor<D>,
            gradient: Tensor<D>,
            moments: Moments<D>,
            factors: Factors,
        ) -> (Tensor<D>, Moments<D>) {
            update(value, gradient, moments, factors, self.found_inf.as_ref())
        }

        pub(super) fn finish(self, _: Factors) {}
    }
}
use fused::Pending;

#[cfg(feature = "tch")]
#[allow(
    deprecated,
    reason = "burn-tch is what burn is pinned for: DECISIONS.md, 1"
)]
mod fused;

struct Save<'a> {
    keys: std::vec::IntoIter<String>,
    moments: &'a BTreeMap<String, Box<dyn Any + Send>>,
    dict: LazyDict,
}

impl ModuleVisitor for Save<'_> {
    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let key = self.keys.next().expect("a key for every parameter");
        let Some(moments) = self
            .moments
            .get(&key)
            .and_then(|found| found.downcast_ref::<Moments<D>>())
        else {
            return;
        };
        let mut add = |name: &str, tensor: &Tensor<D>| {
            let key = format!("{key}.{name}");
            self.dict.insert(key, LazyTensor::from(tensor));
        };
        add("exp_avg", &moments.first);
        add("exp_avg_sq", &moments.second);
    }
}

struct Load<'a> {
    keys: std::vec::IntoIter<String>,
    dict: &'a mut StateDict,
    moments: BTreeMap<String, Box<dyn Any + Send>>,
    problem: Option<String>,
}

impl ModuleVisitor for Load<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let key = self.keys.next().expect("a key for every parameter");
        let found = [format!("{key}.exp_avg"), format!("{key}.exp_avg_sq")]
            .map(|name| self.dict.remove(&name));
        let [Some(first), Some(second)] = found else {
            // No gradient so far, or one of the two is missing.
            if found.iter().any(Option::is_some) {
                self.problem
                    .get_or_insert(format!("{key}: one of its two moments is missing"));
            }
            return;
        };
        let (shape, device) = (param.dims().to_vec(), param.device().without_autodiff());
        if first.shape != shape || second.shape != shape {
            let problem = format!(
                "{key}: expected moments of shape {shape:?}, found {:?}",
                first.shape
            );
            self.problem.get_or_insert(problem);
            return;
        }
        let tensor = |state: StateTensor| {
            Tensor::<D>::from_data(TensorData::new(state.values, state.shape), &device)
        };
        self.moments.insert(
            key,
            Box::new(Moments {
                first: tensor(first),
                second: tensor(second),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Weights {
        weight: Param<Tensor<1>>,
    }

    impl AuthorsKeys for Weights {
        fn authors_key(&self, path: &[String]) -> String {
            path.join(".")
        }
    }

    /// Weights of one after a step along the gradient 2, NaN and both infinities.
    fn stepped(non_finite: NonFinite) -> Vec<f32> {
        let device = Device::flex().autodiff();
        let network = Weights {
            weight: Param::from_tensor(Tensor::ones([4], &device)),
        };
        let factors = [2.0f32, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        let factors = Tensor::<1>::from_data(factors, &device);
        let mut gradients = (network.weight.val() * factors).sum().backward();
        let config = AdamConfig {
            beta1: 0.0,
            beta2: 0.99,
        };
        let mut adam = Adam::new(config).with_non_finite(non_finite);
        let weight = adam.step(network, &mut gradients, 0.5, None).weight;
        weight.val().into_data().iter().collect()
    }

    #[test]
    fn elements_that_are_not_finite_move_nothing_where_they_count_zero() {
        assert_eq!(stepped(NonFinite::Zero), [0.5, 1.0, 1.0, 1.0]);
        assert!(stepped(NonFinite::Keep)[1].is_nan());
    }
}
