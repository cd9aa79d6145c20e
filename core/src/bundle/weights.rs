//! Weight files: safetensors with the authors' keys.

use std::collections::HashMap;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FileBytes;
use crate::state_dict::{StateDict, StateTensor, check_finite, is_ignorable};
use crate::{Error, Result};

/// Number type of a weight file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightDtype {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits: half the size, about three decimal digits.
    F16,
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes))
}

/// The same of a file that may lie elsewhere, a part at a time.
pub(super) fn sha256_of_file(bytes: &impl FileBytes) -> Result<String> {
    const PART: u64 = 1 << 20;
    let mut digest = Sha256::new();
    let mut start = 0;
    while start < bytes.len() {
        let end = bytes.len().min(start + PART);
        digest.update(bytes.read(start..end)?);
        start = end;
    }
    Ok(hexadecimal(digest.finalize()))
}

/// In lower case.
pub(super) fn hexadecimal(digest: impl AsRef<[u8]>) -> String {
    let digits = digest.as_ref().iter();
    digits.map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a state dict as safetensors.
///
/// # Errors
///
/// [`Error::Weights`] if a value does not fit into `dtype` (larger than 65504 for f16).
pub fn encode_weights(dict: &StateDict, dtype: WeightDtype) -> Result<Vec<u8>> {
    serialize(encode_tensors(dict, dtype)?, None)
}

/// [`encode_weights`] with a word about where the weights are from, which
/// [`decode_note`](super::decode_note) gives back.
///
/// # Errors
///
/// As [`encode_weights`].
pub fn encode_weights_with_note(
    dict: &StateDict,
    dtype: WeightDtype,
    [name, text]: [&str; 2],
) -> Result<Vec<u8>> {
    let note = HashMap::from([(name.to_owned(), text.to_owned())]);
    serialize(encode_tensors(dict, dtype)?, Some(note))
}

/// Writes a state dict as the one safetensors file that the authors' classes load strictly
/// (`load_state_dict(safetensors.torch.load_file(FILE), strict=True)`).
///
/// Beside the running statistics of each batch norm stands its counter `num_batches_tracked`, an
/// int64 without axes, which PyTorch expects and nothing of ours uses: it says `steps`.
///
/// # Errors
///
/// As [`encode_weights`].
pub fn encode_state_dict_for_pytorch(
    dict: &StateDict,
    dtype: WeightDtype,
    steps: u64,
) -> Result<Vec<u8>> {
    let mut entries = encode_tensors(dict, dtype)?;
    let norms = dict
        .keys()
        .filter_map(|key| key.strip_suffix("running_mean"));
    entries.extend(norms.map(|norm| Entry {
        key: format!("{norm}num_batches_tracked"),
        dtype: Dtype::I64,
        shape: Vec::new(),
        bytes: steps.to_le_bytes().to_vec(),
    }));
    // What PyTorch's own writer notes down, and some loaders ask for.
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    serialize(entries, Some(metadata))
}

/// A tensor as a file holds it.
struct Entry {
    key: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn encode_tensors(dict: &StateDict, dtype: WeightDtype) -> Result<Vec<Entry>> {
    let encode = |(key, tensor): (&String, &StateTensor)| {
        let (dtype, bytes) = match dtype {
            WeightDtype::F32 => {
                let bytes = tensor.values.iter().flat_map(|v| v.to_le_bytes());
                (Dtype::F32, bytes.collect())
            }
            WeightDtype::F16 => (Dtype::F16, encode_f16(key, &tensor.values)?),
        };
        Ok(Entry {
            key: key.clone(),
            dtype,
            shape: tensor.shape.clone(),
            bytes,
        })
    };
    dict.iter().map(encode).collect()
}

fn serialize(entries: Vec<Entry>, metadata: Option<HashMap<String, String>>) -> Result<Vec<u8>> {
    let views = entries
        .iter()
        .map(|entry| {
            let view = TensorView::new(entry.dtype, entry.shape.clone(), &entry.bytes)?;
            Ok((&entry.key, view))
        })
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
    views
        .and_then(|views| safetensors::serialize(views, metadata))
        .map_err(|error| Error::Weights(error.to_string()))
}

pub(super) fn encode_f16(key: &str, values: &[f32]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * values.len());
    for &value in values {
        let half = f16::from_f32(value);
        if value.is_finite() && !half.is_finite() {
            return Err(Error::Weights(format!(
                "{key}: {value} is too large for f16, use f32"
            )));
        }
        bytes.extend(half.to_le_bytes());
    }
    Ok(bytes)
}

/// Reads safetensors of floating-point tensors; 16-bit and 64-bit ones become f32.
///
/// [Ignorable](is_ignorable) entries are skipped.
///
/// # Errors
///
/// [`Error::Weights`] if the bytes are damaged, or a tensor is of another kind or holds a number that
/// is none, naming it.
pub fn decode_weights(bytes: &[u8]) -> Result<StateDict> {
    let dict = decode_safetensors(bytes, |key, view| match is_ignorable(key) {
        true => Ok(None),
        false => match decode_floats(view) {
            None => Err(Error::Weights(format!(
                "{key}: expected floating-point numbers, found {:?}",
                view.dtype()
            ))),
            values => Ok(values),
        },
    })?;
    check_finite(&dict).map(|()| dict)
}

/// Reads safetensors of numbers of any kind as f32, which holds the ids of label and instance maps
/// exactly.
///
/// # Errors
///
/// [`Error::Weights`] if the bytes are damaged or a tensor holds no numbers, naming it.
pub fn decode_tensors(bytes: &[u8]) -> Result<StateDict> {
    decode_safetensors(bytes, |key, view| {
        let values = decode_floats(view).or_else(|| decode_integers(view));
        values.map(Some).ok_or_else(|| {
            Error::Weights(format!("{key}: expected numbers, found {:?}", view.dtype()))
        })
    })
}

fn decode_safetensors(
    bytes: &[u8],
    values: impl Fn(&str, &TensorView<'_>) -> Result<Option<Vec<f32>>>,
) -> Result<StateDict> {
    let tensors =
        SafeTensors::deserialize(bytes).map_err(|error| Error::Weights(error.to_string()))?;
    let mut dict = StateDict::new();
    for (key, view) in tensors.iter() {
        if let Some(values) = values(key, &view)? {
            let shape = view.shape().to_vec();
            dict.insert(key.to_owned(), StateTensor { shape, values });
        }
    }
    Ok(dict)
}

pub(super) fn decode_floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F32 => decode(data, f32::from_le_bytes),
        Dtype::F16 => decode(data, |raw| f16::from_le_bytes(raw).to_f32()),
        Dtype::BF16 => decode(data, |raw| half::bf16::from_le_bytes(raw).to_f32()),
        Dtype::F64 => decode(data, |raw| f64::from_le_bytes(raw) as f32),
        _ => return None,
    })
}

fn decode_integers(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::U8 => decode(data, |[byte]: [u8; 1]| f32::from(byte)),
        Dtype::I16 => decode(data, |raw| f32::from(i16::from_le_bytes(raw))),
        Dtype::U16 => decode(data, |raw| f32::from(u16::from_le_bytes(raw))),
        Dtype::I32 => decode(data, |raw| i32::from_le_bytes(raw) as f32),
        Dtype::I64 => decode(data, |raw| i64::from_le_bytes(raw) as f32),
        _ => return None,
    })
}

fn decode<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.as_chunks::<N>()
        .0
        .iter()
        .map(|raw| number(*raw))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(values: &[f32]) -> StateDict {
        let tensor = StateTensor {
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        StateDict::from([("a.weight".to_owned(), tensor)])
    }

    #[test]
    fn f32_survives_and_f16_rounds() {
        let weights = dict(&[0.1, -3.0, 1e-8]);
        let bytes = encode_weights(&weights, WeightDtype::F32).expect("f32");
        assert_eq!(decode_weights(&bytes).expect("safetensors"), weights);
        let bytes = encode_weights(&weights, WeightDtype::F16).expect("f16");
        let read = &decode_weights(&bytes).expect("safetensors")["a.weight"].values;
        assert!((read[0] - 0.1).abs() < 1e-4 && read[1] == -3.0);
    }

    #[test]
    fn a_file_for_pytorch_counts_the_batches_of_every_batch_norm() {
        let mut weights = dict(&[0.1, 0.2]);
        let tensor = weights["a.weight"].clone();
        weights.insert("b.running_mean".to_owned(), tensor.clone());
        weights.insert("b.running_var".to_owned(), tensor);
        let bytes = encode_state_dict_for_pytorch(&weights, WeightDtype::F16, 70_000);
        let bytes = bytes.expect("f16");
        let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("safetensors");
        assert_eq!(metadata.metadata().as_ref().expect("some")["format"], "pt");
        let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
        assert_eq!(tensors.len(), 4);
        let counter = tensors.tensor("b.num_batches_tracked").expect("there");
        assert_eq!((counter.dtype(), counter.shape()), (Dtype::I64, &[][..]));
        assert_eq!(counter.data(), 70_000i64.to_le_bytes());
        assert_eq!(
            tensors.tensor("a.weight").expect("there").dtype(),
            Dtype::F16
        );
        assert_eq!(decode_weights(&bytes).expect("safetensors").len(), 3);
    }

    #[test]
    fn what_f16_cannot_hold_is_an_error() {
        let error = encode_weights(&dict(&[1e6]), WeightDtype::F16)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a.weight") && error.contains("f32"),
            "{error}"
        );
    }

    #[test]
    fn numbers_that_are_none_are_an_error() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for dtype in [WeightDtype::F32, WeightDtype::F16] {
                let bytes = encode_weights(&dict(&[0.1, value]), dtype).expect("bytes");
                let error = decode_weights(&bytes).unwrap_err().to_string();
                let expected = format!("a.weight holds {value}");
                assert!(error.contains(&expected), "{error}");
            }
        }
    }

    #[test]
    fn damaged_bytes_are_an_error() {
        let bytes = encode_weights(&dict(&[0.1]), WeightDtype::F32).expect("f32");
        assert!(decode_weights(&bytes[..bytes.len() - 1]).is_err());
        assert!(decode_weights(b"not safetensors").is_err());
    }
}
