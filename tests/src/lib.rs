//! Golden fixtures: tensors that the original PyTorch code made, and what they promise.
//!
//! A fixture is a folder with a `meta.json` (spec section 11 says how to read it), weights and
//! tensors. The test target `parity` builds everything from it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};

/// A stored tensor; integers of all kinds are exact in f64.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f64>,
}

impl Golden {
    /// The values as f32.
    pub fn f32(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }
}

/// A fixture folder.
#[derive(Debug)]
pub struct Fixture {
    /// The folder.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    meta: Map<String, Value>,
}

impl Fixture {
    /// Reads `meta.json`.
    ///
    /// # Errors
    ///
    /// If it is missing or damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("meta.json");
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let meta = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            folder: folder.to_path_buf(),
            name: name.unwrap_or_default(),
            meta,
        })
    }

    /// A text entry of the metadata.
    ///
    /// # Errors
    ///
    /// If it is missing.
    pub fn text(&self, key: &str) -> Result<&str> {
        self.meta
            .get(key)
            .and_then(Value::as_str)
            .ok_or_else(|| anyhow!("meta.json: no {key}"))
    }

    /// Any entry of the metadata; null if it is missing.
    pub fn entry(&self, key: &str) -> &Value {
        self.meta.get(key).unwrap_or(&Value::Null)
    }

    /// The flags, all of which must be among `known`.
    ///
    /// # Errors
    ///
    /// Naming the flags that are not: a fixture is never half understood.
    pub fn flags(&self, known: &[&str]) -> Result<Flags<'_>> {
        let flags = self
            .entry("flags")
            .as_object()
            .ok_or_else(|| anyhow!("meta.json: no flags"))?;
        let unknown: Vec<&String> = flags
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .collect();
        if !unknown.is_empty() {
            bail!("flags {unknown:?} are not known to this harness");
        }
        Ok(Flags(flags))
    }

    /// Path of a weight file.
    ///
    /// # Errors
    ///
    /// If the metadata names none for that network.
    pub fn weight_file(&self, network: &str) -> Result<PathBuf> {
        let file = self
            .entry("weight_files")
            .get(network)
            .and_then(Value::as_str);
        file.map(|file| self.folder.join(file))
            .ok_or_else(|| anyhow!("no weight file of {network}"))
    }

    /// Number of parameters that the metadata expects, of one network or of the only one.
    pub fn expected_params(&self, network: &str) -> Option<usize> {
        let expected = self.entry("expected_params");
        let count = expected
            .as_u64()
            .or_else(|| expected.get(network)?.as_u64());
        count.map(|count| count as usize)
    }

    /// Names of the tensors with a role (`input`, `output`).
    pub fn tensor_names(&self, role: &str) -> Vec<String> {
        let tensors = self.entry("tensors").as_object().into_iter().flatten();
        let of_role = tensors.filter(|(_, about)| about["role"].as_str() == Some(role));
        of_role.map(|(name, _)| name.clone()).collect()
    }

    /// Largest difference that is allowed for a tensor.
    ///
    /// # Errors
    ///
    /// If the metadata gives none.
    pub fn tolerance(&self, name: &str) -> Result<f64> {
        let found = self.entry("tolerance")[name]["atol"].as_f64();
        found.ok_or_else(|| anyhow!("meta.json: no tolerance of {name}"))
    }

    /// A tensor of `io.safetensors`.
    ///
    /// # Errors
    ///
    /// If the file or the tensor is missing.
    pub fn tensor(&self, name: &str) -> Result<Golden> {
        self.tensors("io.safetensors")?
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, tensor)| tensor)
            .ok_or_else(|| anyhow!("io.safetensors: no {name}"))
    }

    /// Every tensor of a file.
    ///
    /// # Errors
    ///
    /// If it is missing, damaged or holds other kinds of numbers.
    pub fn tensors(&self, file: &str) -> Result<Vec<(String, Golden)>> {
        read_tensors(&self.folder.join(file))
    }
}

/// Every tensor of a safetensors file.
///
/// # Errors
///
/// If it is missing, damaged or holds other kinds of numbers.
pub fn read_tensors(path: &Path) -> Result<Vec<(String, Golden)>> {
    let bytes = fs::read(path).with_context(|| format!("{}", path.display()))?;
    let tensors =
        SafeTensors::deserialize(&bytes).with_context(|| format!("{}", path.display()))?;
    let golden = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        let values = numbers(view.dtype(), view.data())?;
        Ok((
            name.to_owned(),
            Golden {
                shape: view.shape().to_vec(),
                values,
            },
        ))
    };
    tensors.iter().map(golden).collect()
}

fn numbers(dtype: Dtype, data: &[u8]) -> Result<Vec<f64>> {
    fn each<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        data.as_chunks::<N>()
            .0
            .iter()
            .map(|raw| number(*raw))
            .collect()
    }
    Ok(match dtype {
        Dtype::F32 => each(data, |raw| f64::from(f32::from_le_bytes(raw))),
        Dtype::F64 => each(data, f64::from_le_bytes),
        Dtype::I64 => each(data, |raw| i64::from_le_bytes(raw) as f64),
        Dtype::I32 => each(data, |raw| f64::from(i32::from_le_bytes(raw))),
        Dtype::U8 => each(data, |raw: [u8; 1]| f64::from(raw[0])),
        other => bail!("numbers of kind {other:?} are not known to this harness"),
    })
}

/// The flags of a fixture.
#[derive(Debug, Clone, Copy)]
pub struct Flags<'a>(&'a Map<String, Value>);

impl Flags<'_> {
    /// A count.
    ///
    /// # Errors
    ///
    /// If the flag is missing or no count.
    pub fn count(&self, key: &str) -> Result<usize> {
        let found = self.0.get(key).and_then(Value::as_u64);
        found
            .map(|count| count as usize)
            .ok_or_else(|| anyhow!("flag {key}: expected a count"))
    }

    /// A count, or `default` where the flag is not given.
    ///
    /// # Errors
    ///
    /// If the flag is given and no count.
    pub fn count_or(&self, key: &str, default: usize) -> Result<usize> {
        if self.0.contains_key(key) {
            self.count(key)
        } else {
            Ok(default)
        }
    }

    /// A number, or `default` where the flag is not given.
    ///
    /// # Errors
    ///
    /// If the flag is given and no number.
    pub fn number_or(&self, key: &str, default: f64) -> Result<f64> {
        match self.0.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .ok_or_else(|| anyhow!("flag {key}: expected a number")),
        }
    }

    /// A switch; off where the flag is not given.
    pub fn switch(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A text, or `default` where the flag is not given.
    ///
    /// # Errors
    ///
    /// If the flag is given and no text.
    pub fn text_or<'b>(&'b self, key: &str, default: &'b str) -> Result<&'b str> {
        match self.0.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_str()
                .ok_or_else(|| anyhow!("flag {key}: expected a text")),
        }
    }

    /// Any flag; null if it is not given.
    pub fn value(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }
}

/// Compares values with a golden tensor.
///
/// # Errors
///
/// With the place and size of the largest difference, if it exceeds `atol` or is not a number.
pub fn compare(what: &str, found: &[f64], expected: &[f64], atol: f64) -> Result<()> {
    if found.len() != expected.len() {
        bail!(
            "{what}: expected {} values, found {}",
            expected.len(),
            found.len()
        );
    }
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = differences
        .enumerate()
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    match worst {
        // `total_cmp` puts NaN above every number.
        Some((index, difference)) if difference.is_nan() || difference > atol => bail!(
            "{what}: differs by {difference:.3e} at element {index} (expected {}, found {}); \
             allowed {atol:.3e}",
            expected[index],
            found[index]
        ),
        _ => Ok(()),
    }
}

/// Every `stride`-th row and column of planes.
///
/// # Shapes
///
/// `values`: `shape` `[…, height, width]`, flattened.
pub fn strided(values: &[f64], shape: &[usize], stride: usize) -> Vec<f64> {
    let [.., height, width] = *shape else {
        return values.to_vec();
    };
    let plane = |plane: &[f64]| {
        let rows = plane.chunks_exact(width).step_by(stride);
        rows.flat_map(|row| row.iter().copied().step_by(stride))
            .collect::<Vec<_>>()
    };
    values
        .chunks_exact(height * width)
        .flat_map(plane)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_beyond_the_tolerance_is_found_and_so_is_nan() {
        assert!(compare("x", &[1.0, 2.0], &[1.0, 2.05], 0.1).is_ok());
        assert!(compare("x", &[1.0, 2.0], &[1.0, 2.5], 0.1).is_err());
        assert!(compare("x", &[f64::NAN], &[1.0], 0.1).is_err());
        assert!(compare("x", &[1.0], &[1.0, 1.0], 0.1).is_err());
    }

    #[test]
    fn strides_take_rows_and_columns() {
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        assert_eq!(strided(&values, &[1, 4, 4], 3), [0.0, 3.0, 12.0, 15.0]);
    }
}
