//! Weights of a bundle for a plan: one tensor at a time, so that a model is not in memory twice.

use std::fmt;

use safetensors::tensor::{Metadata, TensorView};
use underpaint_plan as plan;
use underpaint_plan::WeightSource;

use super::file_bytes::FileBytes;
use super::header::LENGTH_BYTES;
use super::weights::decode_floats;
use crate::state_dict::{StateDict, check_finite_values};
use crate::{Error, Result};

/// The tensors of a weight file, each read and decoded when it is asked for.
pub struct FileWeights<B> {
    bytes: B,
    metadata: Metadata,
    /// Where the values begin.
    start: u64,
}

impl<B: FileBytes> FileWeights<B> {
    /// Reads where each tensor lies.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] if the bytes are no safetensors, or fewer or more than their header says;
    /// [`Error::File`] if they cannot be read.
    pub fn new(bytes: B) -> Result<Self> {
        let damaged = |message: String| Error::Weights(message);
        let first = bytes.read(0..bytes.len().min(LENGTH_BYTES as u64))?;
        let length = <[u8; LENGTH_BYTES]>::try_from(&*first)
            .map_err(|_| damaged("expected safetensors, found fewer than 8 bytes".into()))?;
        let start = u64::from_le_bytes(length)
            .checked_add(LENGTH_BYTES as u64)
            .filter(|&start| start <= bytes.len())
            .ok_or_else(|| {
                damaged("expected safetensors, found a header that does not end".into())
            })?;
        let metadata: Metadata = serde_json::from_slice(&bytes.read(LENGTH_BYTES as u64..start)?)
            .map_err(|error| damaged(error.to_string()))?;
        let expected = start.saturating_add(metadata.data_len() as u64);
        if expected != bytes.len() {
            let found = bytes.len();
            return Err(damaged(format!("expected {expected} bytes, found {found}")));
        }
        Ok(Self {
            bytes,
            metadata,
            start,
        })
    }
}

impl<B> fmt::Debug for FileWeights<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileWeights")
            .field("tensors", &self.metadata.tensors().len())
            .finish_non_exhaustive()
    }
}

impl<B: FileBytes> WeightSource for FileWeights<B> {
    fn read(&self, key: &str) -> plan::Result<plan::Tensor> {
        let info = self.metadata.info(key).ok_or_else(|| missing(key))?;
        let (begin, end) = info.data_offsets;
        let range = self.start + begin as u64..self.start + end as u64;
        let bytes = self.bytes.read(range);
        let bytes = bytes.map_err(|error| plan::Error::Weights(format!("{key}: {error}")))?;
        let view = TensorView::new(info.dtype, info.shape.clone(), &bytes)
            .map_err(|error| plan::Error::Weights(format!("{key}: {error}")))?;
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
            let file = FileWeights::new(bytes.as_slice()).expect("safetensors");
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
        let file = FileWeights::new(bytes.as_slice()).expect("safetensors");
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
        assert!(FileWeights::new([1, 2, 3].as_slice()).is_err());
    }
}
