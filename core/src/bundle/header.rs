//! The beginning of a weight file, for those who read and write its values piece by piece.

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::WeightDtype;
use crate::{Error, Result};

/// The bytes of the length that a weight file begins with.
pub const LENGTH_BYTES: usize = 8;

/// What a file of [`encode_weights`](super::encode_weights) in f32 begins with; the values follow in
/// the same order, as little-endian numbers without gaps.
///
/// `tensors` are key and shape, by ascending key.
///
/// # Errors
///
/// [`Error::Weights`] if a shape holds more numbers than can be counted.
pub fn encode_header<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a [usize])>,
) -> Result<Vec<u8>> {
    encode_header_as(WeightDtype::F32, tensors)
}

/// The same of numbers of another type.
pub(super) fn encode_header_as<'a>(
    dtype: WeightDtype,
    tensors: impl IntoIterator<Item = (&'a str, &'a [usize])>,
) -> Result<Vec<u8>> {
    let (dtype, size) = match dtype {
        WeightDtype::F32 => (Dtype::F32, 4),
        WeightDtype::F16 => (Dtype::F16, 2),
    };
    let mut begin = 0;
    let mut infos = Vec::new();
    for (key, shape) in tensors {
        let end = begin + size * shape.iter().product::<usize>();
        let info = TensorInfo {
            dtype,
            shape: shape.to_vec(),
            data_offsets: (begin, end),
        };
        infos.push((key.to_owned(), info));
        begin = end;
    }
    let metadata = Metadata::new(None, infos).map_err(|error| Error::Weights(error.to_string()))?;
    let mut json =
        serde_json::to_vec(&metadata).map_err(|error| Error::Weights(error.to_string()))?;
    json.resize(json.len().next_multiple_of(LENGTH_BYTES), b' ');
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json);
    Ok(bytes)
}

/// Key and shape of every tensor, in the order in which the values lie, from the JSON that follows the
/// [`LENGTH_BYTES`] bytes of its length.
///
/// # Errors
///
/// [`Error::Weights`] if the bytes are damaged or a tensor is not of f32, naming it.
pub fn decode_header(json: &[u8]) -> Result<Vec<(String, Vec<usize>)>> {
    let metadata: Metadata =
        serde_json::from_slice(json).map_err(|error| Error::Weights(error.to_string()))?;
    let entry = |key: String| match metadata.info(&key) {
        Some(info) if info.dtype == Dtype::F32 => Ok((key, info.shape.clone())),
        info => Err(Error::Weights(format!(
            "{key}: expected F32, found {:?}",
            info.map(|info| info.dtype)
        ))),
    };
    metadata.offset_keys().into_iter().map(entry).collect()
}

/// What a file says of itself beside its tensors, from the JSON of its header; `None` if there is no
/// such entry.
///
/// # Errors
///
/// [`Error::Weights`] if the bytes are damaged.
pub fn decode_note(json: &[u8], name: &str) -> Result<Option<String>> {
    let metadata: Metadata =
        serde_json::from_slice(json).map_err(|error| Error::Weights(error.to_string()))?;
    let notes = metadata.metadata().as_ref();
    Ok(notes.and_then(|notes| notes.get(name).cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{WeightDtype, encode_weights};
    use crate::state_dict::{StateDict, StateTensor};

    /// Keys that the order of names and that of numbers sort differently, and tensors without axes
    /// and without elements.
    fn dict() -> StateDict {
        let shapes: [(&str, &[usize]); 5] = [
            ("model.10.weight", &[2, 3]),
            ("model.2.weight", &[4]),
            ("model.2.bias", &[]),
            ("Model_ä.\"weight\"", &[1, 0]),
            ("z", &[1]),
        ];
        let tensor = |(key, shape): (&str, &[usize])| {
            let values = (0..shape.iter().product()).map(|n: usize| n as f32 - 1.5);
            let tensor = StateTensor {
                shape: shape.to_vec(),
                values: values.collect(),
            };
            (key.to_owned(), tensor)
        };
        shapes.into_iter().map(tensor).collect()
    }

    #[test]
    fn header_and_values_are_the_file_and_come_back() {
        for dict in [dict(), StateDict::new()] {
            let shapes = dict.iter().map(|(key, t)| (key.as_str(), &t.shape[..]));
            let mut bytes = encode_header(shapes).expect("shapes");
            let length = bytes.len();
            let values = dict.values().flat_map(|tensor| &tensor.values);
            bytes.extend(values.flat_map(|value| value.to_le_bytes()));
            assert_eq!(bytes, encode_weights(&dict, WeightDtype::F32).expect("f32"));
            let read = decode_header(&bytes[LENGTH_BYTES..length]).expect("a header");
            let expected = dict.into_iter().map(|(key, tensor)| (key, tensor.shape));
            assert_eq!(read.len(), expected.len());
            // An empty tensor lies where its neighbour does, so that only the rest has an order.
            let full = |(_, shape): &(String, Vec<usize>)| !shape.contains(&0);
            let read: Vec<_> = read.into_iter().filter(full).collect();
            assert_eq!(read, expected.filter(full).collect::<Vec<_>>());
        }
    }

    #[test]
    fn another_number_type_and_damage_are_errors() {
        let bytes = encode_weights(&dict(), WeightDtype::F16).expect("f16");
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as usize;
        let error = decode_header(&bytes[8..8 + length]).expect_err("f16");
        assert!(error.to_string().contains("expected F32"), "{error}");
        assert!(decode_header(&bytes[8..length]).is_err());
    }
}
