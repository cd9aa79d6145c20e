//! On libtorch all parameters of a network move in one call, in place.

use std::mem;

use burn_tch::{LibTorch, TchTensor};
use tch::Device;
use underpaint_torch::adam::{Parameter, Step, fused_adam};

use super::{EPSILON, Factors, Moments, Tensor};

/// Parameters that will move when all are there.
pub(super) struct Pending {
    parameters: Vec<Parameter>,
    found_inf: Option<Tensor<1>>,
}

impl Pending {
    /// Nothing so far; nothing moves where `found_inf` is not zero.
    pub(super) fn new(found_inf: Option<&Tensor<1>>) -> Self {
        Self {
            parameters: Vec::new(),
            found_inf: found_inf.cloned(),
        }
    }

    /// Gives what the parameter and its moments will be after [`finish`](Self::finish); on other devices
    /// than libtorch's they are it at once.
    pub(super) fn update<const D: usize>(
        &mut self,
        value: Tensor<D>,
        gradient: Tensor<D>,
        moments: Moments<D>,
        factors: Factors,
    ) -> (Tensor<D>, Moments<D>) {
        let Ok(value_tch) = value.clone().try_into_primitive::<LibTorch>() else {
            return super::update(value, gradient, moments, factors, self.found_inf.as_ref());
        };
        if !has_fused_adam(value_tch.tensor.device()) {
            return super::update(value, gradient, moments, factors, self.found_inf.as_ref());
        }
        drop(value);
        let (Ok(gradient), Ok(first), Ok(second)) = (
            gradient.try_into_primitive::<LibTorch>(),
            moments.first.try_into_primitive::<LibTorch>(),
            moments.second.try_into_primitive::<LibTorch>(),
        ) else {
            unreachable!("a parameter, its gradient and its moments live on one device")
        };
        let value = owned(value_tch);
        let [gradient, first, second] =
            [gradient, first, second].map(|tensor| alike(tensor, &value));
        let [first, second] = [first, second].map(owned);
        self.parameters.push(Parameter {
            value: value.tensor.shallow_clone(),
            gradient: gradient.tensor,
            first: first.tensor.shallow_clone(),
            second: second.tensor.shallow_clone(),
        });
        let tensor = |primitive| Tensor::from_primitive::<LibTorch>(primitive);
        let moments = Moments {
            first: tensor(first),
            second: tensor(second),
        };
        (tensor(value), moments)
    }

    /// Moves them.
    ///
    /// # Panics
    ///
    /// With what libtorch says, as burn's own operations: if there is no memory left.
    pub(super) fn finish(mut self, factors: Factors) {
        let step = Step {
            number: factors.step,
            learning_rate: factors.learning_rate,
            beta1: factors.beta1,
            beta2: factors.beta2,
            epsilon: EPSILON,
        };
        let mut parameters = mem::take(&mut self.parameters);
        let found_inf = self
            .found_inf
            .take()
            .and_then(|flag| flag.try_into_primitive::<LibTorch>().ok());
        let found_inf = found_inf.as_ref().map(|flag| &flag.tensor);
        if let Err(error) = fused_adam(&mut parameters, step, found_inf) {
            panic!("{error}");
        }
    }
}

/// Whether libtorch has the kernel for a device.
fn has_fused_adam(device: Device) -> bool {
    matches!(device, Device::Cpu | Device::Cuda(_) | Device::Mps)
}

/// The tensor itself if nobody else holds its storage, else a copy.
fn owned(tensor: TchTensor) -> TchTensor {
    if tensor.can_mut() {
        return tensor;
    }
    TchTensor::new(tensor.tensor.copy())
}

/// A tensor whose elements lie as those of `value` do: the kernel walks all as flat memory.
fn alike(tensor: TchTensor, value: &TchTensor) -> TchTensor {
    if tensor.tensor.stride() == value.tensor.stride() {
        return tensor;
    }
    let mut copy = value.tensor.empty_like();
    copy.copy_(&tensor.tensor);
    TchTensor::new(copy)
}
