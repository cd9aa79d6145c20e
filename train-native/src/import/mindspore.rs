//! MindSpore's checkpoints, as far as frozen networks need them: the seeds convert VGG-19 and Inception-v3 to
//! these.
//!
//! Source: MindSpore, `mindspore/ccsrc/utils/checkpoint.proto`: names of the fields.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use half::f16;
use prost::Message;
use underpaint_core::checkpoint::is_mindspore;
use underpaint_core::state_dict::{StateDict, StateTensor};

/// Bytes that tell the kind of a file.
const START: u64 = 512;

#[derive(Clone, PartialEq, Message)]
struct Checkpoint {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(message, optional, tag = "2")]
    tensor: Option<Tensor>,
}

#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    dims: Vec<i64>,
    #[prost(string, tag = "2")]
    tensor_type: String,
    #[prost(bytes = "vec", tag = "3")]
    tensor_content: Vec<u8>,
}

/// Whether a file begins like one.
///
/// # Errors
///
/// If it cannot be read.
pub fn is_checkpoint(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(is_mindspore(&start))
}

/// Reads the floating-point tensors of a file by their names.
///
/// # Errors
///
/// Naming the file, and the tensor where one is damaged or not finite.
pub fn read(path: &Path) -> Result<StateDict> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    decode(&bytes).with_context(|| format!("{}", path.display()))
}

fn decode(bytes: &[u8]) -> Result<StateDict> {
    let Checkpoint { value } = Checkpoint::decode(bytes)
        .context("expected a MindSpore checkpoint, found one that is damaged or cut short")?;
    // Large tensors come in several parts of one name.
    let mut whole: BTreeMap<String, Tensor> = BTreeMap::new();
    for Value { tag, tensor } in value {
        let Some(tensor) = tensor else {
            continue;
        };
        match whole.get_mut(&tag) {
            Some(first) => first.tensor_content.extend(tensor.tensor_content),
            None => drop(whole.insert(tag, tensor)),
        }
    }
    let mut dict = StateDict::new();
    for (name, tensor) in whole {
        if let Some(tensor) = state_tensor(&tensor).with_context(|| name.clone())? {
            dict.insert(name, tensor);
        }
    }
    Ok(dict)
}

/// None for numbers that are no weights: counters.
fn state_tensor(tensor: &Tensor) -> Result<Option<StateTensor>> {
    let bytes = tensor.tensor_content.as_slice();
    let values: Vec<f32> = match tensor.tensor_type.as_str() {
        "Float32" => {
            let numbers = bytes.as_chunks::<4>().0.iter();
            numbers.map(|number| f32::from_le_bytes(*number)).collect()
        }
        "Float16" => {
            let numbers = bytes.as_chunks::<2>().0.iter();
            numbers
                .map(|number| f16::from_le_bytes(*number).to_f32())
                .collect()
        }
        _ => return Ok(None),
    };
    let side = |&side: &i64| usize::try_from(side).ok();
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(side).collect();
    let shape = shape.context("a negative size")?;
    // A single number has the shape [0] there.
    let shape = if shape == [0] { Vec::new() } else { shape };
    let count = shape
        .iter()
        .try_fold(1usize, |all, &side| all.checked_mul(side));
    ensure!(
        count == Some(values.len()),
        "expected the shape {shape:?}, found {} numbers",
        values.len()
    );
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        bail!("holds {value}");
    }
    Ok(Some(StateTensor { shape, values }))
}

/// A file of tensors, for tests.
#[cfg(test)]
pub(crate) fn encode(dict: &StateDict) -> Vec<u8> {
    let value = |(tag, tensor): (&String, &StateTensor)| Value {
        tag: tag.clone(),
        tensor: Some(Tensor {
            dims: tensor.shape.iter().map(|&side| side as i64).collect(),
            tensor_type: "Float32".to_owned(),
            tensor_content: tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }),
    };
    let value = dict.iter().map(value).collect();
    Checkpoint { value }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand after the format's description, not by this code: "w.x" of two numbers in two parts, and a
    /// counter.
    const BYTES: &[u8] =
        b"\x0a\x1a\x0a\x03w.x\x12\x13\x08\x01\x08\x02\x12\x07Float32\x1a\x04\x00\x00\x80\x3f\
        \x0a\x16\x0a\x03w.x\x12\x0f\x12\x07Float32\x1a\x04\x00\x00\x00\xc0\
        \x0a\x13\x0a\x01n\x12\x0e\x08\x00\x12\x05Int32\x1a\x03\x01\x00\x00";

    #[test]
    fn tensors_in_parts_are_joined_and_counters_left_out() {
        let dict = decode(BYTES).expect("a checkpoint");
        let expected = StateTensor {
            shape: vec![1, 2],
            values: vec![1.0, -2.0],
        };
        assert_eq!(dict, StateDict::from([("w.x".to_owned(), expected)]));
        assert_eq!(decode(&encode(&dict)).expect("again"), dict);
    }

    #[test]
    fn damage_is_told_and_never_panics() {
        for length in 1..BYTES.len() {
            // A file that ends after whole entries is one of fewer.
            let _ = decode(&BYTES[..length]);
        }
        let told = format!("{:#}", decode(&BYTES[..30]).unwrap_err());
        assert!(told.contains("cut short"), "{told}");
        let short = &BYTES[..28];
        let told = format!("{:#}", decode(short).unwrap_err());
        assert!(
            told.contains("w.x: expected the shape [1, 2], found 1"),
            "{told}"
        );
        let mut nan = StateDict::new();
        nan.insert(
            "b".to_owned(),
            StateTensor {
                shape: vec![1],
                values: vec![f32::NAN],
            },
        );
        let told = format!("{:#}", decode(&encode(&nan)).unwrap_err());
        assert!(told.contains("b: holds NaN"), "{told}");
    }
}
