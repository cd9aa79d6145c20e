//! One file of a checkpoint, tensor by tensor.
//!
//! The bytes are those of [`encode_weights`](underpaint_core::bundle::encode_weights) in f32.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use underpaint_core::bundle::{LENGTH_BYTES, decode_header, encode_header};
use underpaint_core::state_dict::{LazyDict, StateDict, StateTensor};

use super::STAYS;
use crate::files::{BUFFER, Hashing};

/// Numbers that are turned into bytes at once.
const CHUNK: usize = 1 << 14;
/// What no header of ours comes near.
const MAX_HEADER: u64 = 100 << 20;

/// Bytes that a file will have.
///
/// # Errors
///
/// If a shape holds more numbers than can be counted.
pub(super) fn size(dict: &LazyDict) -> Result<u64> {
    let numbers = dict
        .values()
        .map(|tensor| tensor.shape().iter().product::<usize>() as u64);
    Ok(header(dict)?.len() as u64 + 4 * numbers.sum::<u64>())
}

/// Writes the tensors of `name` to the disk, each read when its turn comes; gives the file's SHA-256.
///
/// # Errors
///
/// If a weight is not finite or cannot be read, naming it, or if the file cannot be written.
pub(super) fn write(path: &Path, name: &str, dict: &LazyDict) -> Result<String> {
    let told = || format!("cannot write {}; {STAYS}", path.display());
    let file = File::create(path).with_context(told)?;
    let mut out = BufWriter::with_capacity(BUFFER, Hashing::new(file));
    out.write_all(&header(dict)?).with_context(told)?;
    for (key, lazy) in dict {
        let tensor = lazy.read();
        let tensor = tensor.map_err(|error| anyhow!("{name}: {key}: {error}; {STAYS}"))?;
        if let Some(value) = tensor.values.iter().find(|value| !value.is_finite()) {
            bail!("{name}: {key} holds {value}; {STAYS}");
        }
        write_values(&mut out, &tensor.values).with_context(told)?;
    }
    let out = out.into_inner().map_err(io::IntoInnerError::into_error);
    let out = out.with_context(told)?;
    let (file, hash) = out.finish();
    file.sync_all().with_context(told)?;
    Ok(hash)
}

/// Reads a file that [`write()`] wrote.
///
/// # Errors
///
/// Naming the file, if it cannot be read or is none.
pub(super) fn read(path: &Path) -> Result<StateDict> {
    let told = || format!("cannot read {}", path.display());
    let mut file = BufReader::with_capacity(BUFFER, File::open(path).with_context(told)?);
    let mut length = [0; LENGTH_BYTES];
    file.read_exact(&mut length).with_context(told)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        bail!("{}: not a safetensors file", path.display());
    }
    let mut json = vec![0; length as usize];
    file.read_exact(&mut json).with_context(told)?;
    let mut dict = StateDict::new();
    for (key, shape) in decode_header(&json).with_context(|| path.display().to_string())? {
        let values = read_values(&mut file, shape.iter().product()).with_context(told)?;
        dict.insert(key, StateTensor { shape, values });
    }
    Ok(dict)
}

fn header(dict: &LazyDict) -> Result<Vec<u8>> {
    let tensors = dict
        .iter()
        .map(|(key, tensor)| (key.as_str(), tensor.shape()));
    Ok(encode_header(tensors)?)
}

fn write_values(out: &mut impl Write, values: &[f32]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(4 * CHUNK.min(values.len()));
    for chunk in values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

fn read_values(file: &mut impl Read, count: usize) -> io::Result<Vec<f32>> {
    let mut values = Vec::with_capacity(count);
    let mut bytes = vec![0; 4 * CHUNK.min(count)];
    while values.len() < count {
        let bytes = &mut bytes[..4 * CHUNK.min(count - values.len())];
        file.read_exact(bytes)?;
        let numbers = bytes.as_chunks().0.iter();
        values.extend(numbers.map(|raw| f32::from_le_bytes(*raw)));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use underpaint_core::bundle::{WeightDtype, encode_weights};
    use underpaint_core::state_dict::LazyTensor;

    /// Longer than a chunk, without axes, and empty.
    fn dict() -> StateDict {
        let tensor = |(key, shape): (&str, &[usize])| {
            let values = (0..shape.iter().product()).map(|n: usize| n as f32 / 7.0);
            let tensor = StateTensor {
                shape: shape.to_vec(),
                values: values.collect(),
            };
            (key.to_owned(), tensor)
        };
        let shapes: [(&str, &[usize]); 4] = [
            ("b.weight", &[3, CHUNK + 1]),
            ("b.bias", &[5]),
            ("a.10", &[]),
            ("a.2", &[2, 0]),
        ];
        shapes.into_iter().map(tensor).collect()
    }

    #[test]
    fn bytes_are_those_of_a_file_encoded_at_once_and_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("network.safetensors");
        for dict in [dict(), StateDict::new()] {
            let lazy = dict
                .iter()
                .map(|(key, tensor)| (key.clone(), LazyTensor::from(tensor.clone())))
                .collect();
            let hash = write(&path, "network", &lazy).expect("written");
            let bytes = encode_weights(&dict, WeightDtype::F32).expect("encoded");
            assert!(std::fs::read(&path).expect("read") == bytes);
            assert_eq!(size(&lazy).expect("counted"), bytes.len() as u64);
            assert_eq!(hash, underpaint_core::bundle::sha256(&bytes));
            assert_eq!(hash, crate::files::sha256(&path).expect("hashed"));
            assert_eq!(read(&path).expect("read"), dict);
        }
    }

    #[test]
    fn what_is_no_weight_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("network.safetensors");
        for bytes in [
            &b""[..],
            b"not safetensors at all",
            &[9, 0, 0, 0, 0, 0, 0, 0, 1],
        ] {
            std::fs::write(&path, bytes).expect("written");
            let error = format!("{:#}", read(&path).expect_err("damaged"));
            assert!(error.contains("network.safetensors"), "{error}");
        }
    }
}
