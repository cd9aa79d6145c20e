//! Weights whose values stay where they are until they are asked for.

use std::collections::BTreeMap;
use std::fmt;

use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::{AuthorsKeys, StateTensor, state_keys};
use crate::{Error, Result};

/// A weight or buffer of which the shape is known and the values can be read.
///
/// It shares the tensor that it was made of, and while it lives, optimisers that work in place have
/// to copy that tensor first.
pub struct LazyTensor {
    shape: Vec<usize>,
    read: Box<dyn Fn() -> Result<Vec<f32>> + Send>,
}

/// Weights and buffers by key, without their values.
pub type LazyDict = BTreeMap<String, LazyTensor>;

impl LazyTensor {
    /// Values of `shape`, last axis fastest, that `read` gives.
    pub fn new(shape: Vec<usize>, read: impl Fn() -> Result<Vec<f32>> + Send + 'static) -> Self {
        let read = Box::new(read);
        Self { shape, read }
    }

    /// Size of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values. Reads the device synchronously: not for the browser.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] if the device does not give them.
    pub fn read(&self) -> Result<StateTensor> {
        let values = (self.read)()?;
        let expected: usize = self.shape.iter().product();
        if values.len() != expected {
            return Err(Error::Weights(format!(
                "expected {expected} numbers for shape {:?}, found {}",
                self.shape,
                values.len()
            )));
        }
        Ok(StateTensor {
            shape: self.shape.clone(),
            values,
        })
    }
}

impl<const D: usize> From<&Tensor<D>> for LazyTensor {
    fn from(tensor: &Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let tensor = tensor.clone();
        Self::new(shape, move || {
            let data = tensor.try_to_data_as::<f32>();
            let data = data.map_err(|error| Error::Weights(error.to_string()))?;
            data.try_into_vec::<f32>()
                .map_err(|error| Error::Weights(format!("{error:?}")))
        })
    }
}

impl From<StateTensor> for LazyTensor {
    fn from(tensor: StateTensor) -> Self {
        let values = tensor.values;
        Self::new(tensor.shape, move || Ok(values.clone()))
    }
}

impl fmt::Debug for LazyTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyTensor").field(&self.shape).finish()
    }
}

/// The weights and buffers of a network, none of them read yet.
pub fn lazy_state_dict<M: AuthorsKeys>(network: &M) -> LazyDict {
    let keys = state_keys(network).into_iter();
    let mut collect = Collect {
        keys,
        entries: LazyDict::new(),
    };
    network.visit(&mut collect);
    collect.entries
}

struct Collect {
    keys: std::vec::IntoIter<String>,
    entries: LazyDict,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let key = self
            .keys
            .next()
            .expect("every visit meets the same parameters");
        self.entries.insert(key, LazyTensor::from(&param.val()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_when_they_are_asked_for_and_counted() {
        let tensor = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &Default::default());
        let lazy = LazyTensor::from(&tensor);
        assert_eq!(lazy.shape(), [2, 2]);
        assert_eq!(lazy.read().expect("read").values, [1.0, 2.0, 3.0, 4.0]);
        let short = LazyTensor::new(vec![3], || Ok(vec![1.0]));
        let error = short.read().expect_err("too few").to_string();
        assert!(error.contains("expected 3 numbers"), "{error}");
    }
}
