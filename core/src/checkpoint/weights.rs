//! Weights of a checkpoint for a plan: one tensor at a time, from wherever the file lies.

use std::fmt;

use underpaint_plan as plan;
use underpaint_plan::WeightSource;

use super::contents::Contents;
use super::failure::Result;
use super::unread::Unread;
use crate::bundle::FileBytes;
use crate::state_dict::{HasShape, Named};

/// The weights of a network in a file, each read when it is asked for.
pub struct CheckpointWeights<B> {
    contents: Contents<B>,
    weights: Named<Unread>,
}

impl<B: FileBytes> CheckpointWeights<B> {
    /// These of the file.
    ///
    /// # Errors
    ///
    /// If they would be much larger than the file.
    pub fn new(contents: Contents<B>, weights: Named<Unread>) -> Result<Self> {
        contents.check_growth(&weights)?;
        Ok(Self { contents, weights })
    }

    /// Key and shape of every weight, by ascending key.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.weights
            .iter()
            .map(|(key, weight)| (key.as_str(), weight.shape()))
    }
}

impl<B> fmt::Debug for CheckpointWeights<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointWeights")
            .field("tensors", &self.weights.len())
            .finish_non_exhaustive()
    }
}

impl<B: FileBytes> WeightSource for CheckpointWeights<B> {
    fn read(&self, key: &str) -> plan::Result<plan::Tensor> {
        let weight = self
            .weights
            .get(key)
            .ok_or_else(|| plan::Error::Weights(format!("expected a tensor {key}, found none")))?;
        let read = self.contents.read(weight, &mut self.contents.budget());
        let tensor = read.map_err(|error| plan::Error::Weights(format!("{error:#}")))?;
        Ok(plan::Tensor {
            shape: tensor.shape,
            values: tensor.values,
        })
    }
}
