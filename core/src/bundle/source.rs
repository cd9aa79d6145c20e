//! Weights of a bundle for a plan: one tensor at a time, so that a model is not in memory twice.

use std::fmt;

use safetensors::SafeTensors;
use underpaint_plan as plan;
use underpaint_plan::WeightSource;

use super::weights::decode_floats;
use crate::state_dict::{StateDict, check_finite_values};
use crate::{Error, Result};

/// The tensors in the bytes of a weight file, each decoded when it is asked for.
pub struct FileWeights<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> FileWeights<'a> {
    /// Reads where each tensor lies.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] if the bytes are no safetensors.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes);
        let tensors = tensors.map_err(|error| Error::Weights(error.to_string()))?;
        Ok(Self { tensors })
    }
}

impl fmt::Debug for FileWeights<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tensors = self.tensors.len();
        f.debug_struct("FileWeights")
            .field("tensors", &tensors)
            .finish()
    }
}

impl WeightSource for FileWeights<'_> {
    fn read(&self, key: &str) -> plan::Result<plan::Tensor> {
        let view = self.tensors.tensor(key).map_err(|_| missing(key))?;
        let values = decode_floats(&view).ok_or_else(|| {
            plan::Error::Weights(format!(
                "{key}: expected floating-point numbers, found {:?}",
                view.dtype()
            ))
        })?;
        finite(key, values, view.shape())
    }
}

/// Weights that are decoded already.
#[derive(Debug, Clone, Copy)]
pub struct DictWeights<'a>(pub &'a StateDict);

impl WeightSource for DictWeights<'_> {
    fn read(&self, key: &str) -> plan::Result<plan::Tensor> {
        let tensor = self.0.get(key).ok_or_else(|| missing(key))?;
        finite(key, tensor.values.clone(), &tensor.shape)
    }
}

fn missing(key: &str) -> plan::Error {
    plan::Error::Weights(format!("expected a tensor {key}, found none"))
}

fn finite(key: &str, values: Vec<f32>, shape: &[usize]) -> plan::Result<plan::Tensor> {
    check_finite_values(key, &values).map_err(plan::Error::Weights)?;
    let shape = shape.to_vec();
    Ok(plan::Tensor { shape, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{WeightDtype, encode_weights};
    use crate::state_dict::StateTensor;

    fn dict(values: [f32; 2]) -> StateDict {
        let tensor = StateTensor {
            shape: vec![2, 1],
            values: values.to_vec(),
        };
        StateDict::from([("model.1.weight".to_owned(), tensor)])
    }

    #[test]
    fn a_file_and_a_dict_give_the_same() {
        let dict = dict([0.5, -2.0]);
        for dtype in [WeightDtype::F32, WeightDtype::F16] {
            let bytes = encode_weights(&dict, dtype).expect("small numbers");
            let file = FileWeights::new(&bytes).expect("safetensors");
            let found = file.read("model.1.weight").expect("a tensor");
            assert_eq!(found.shape, [2, 1]);
            assert_eq!(found.values, [0.5, -2.0]);
            assert_eq!(DictWeights(&dict).read("model.1.weight"), Ok(found));
        }
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        let dict = dict([1.0, f32::NAN]);
        let bytes = encode_weights(&dict, WeightDtype::F32).expect("numbers");
        let file = FileWeights::new(&bytes).expect("safetensors");
        let told = |source: &dyn WeightSource, key| source.read(key).unwrap_err().to_string();
        for source in [&file as &dyn WeightSource, &DictWeights(&dict)] {
            let missing = told(source, "model.2.weight");
            assert_eq!(
                missing,
                "weights: expected a tensor model.2.weight, found none"
            );
            let found = told(source, "model.1.weight");
            assert!(
                found.starts_with("weights: model.1.weight holds NaN"),
                "{found}"
            );
        }
        assert!(FileWeights::new(&[1, 2, 3]).is_err());
    }
}
