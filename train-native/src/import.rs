//! The original authors' weight files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use pytorch_reader::{DType, PytorchReader};
use underpaint_core::bundle::decode_weights;
use underpaint_core::state_dict::{StateDict, StateTensor, drop_ignorable, strip_wrappers};

/// Reads the state dict in a `.pth` file (zip or legacy container) or a safetensors file, whichever
/// it is. Nothing that a pickle says is executed. Wrapper prefixes are stripped and entries without
/// information dropped.
///
/// # Errors
///
/// If the file is neither, is damaged, or holds no tensors.
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    let mut dict = match is_safetensors(path)? {
        true => {
            let bytes =
                fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            decode_weights(&bytes).with_context(|| format!("{}", path.display()))?
        }
        false => read_pytorch(path)?,
    };
    if dict.is_empty() {
        bail!(
            "{}: expected a state dict of tensors, found none",
            path.display()
        );
    }
    dict = strip_wrappers(dict);
    drop_ignorable(&mut dict);
    Ok(dict)
}

/// Safetensors begin with the length of a JSON header and its brace; no container of PyTorch does.
fn is_safetensors(path: &Path) -> Result<bool> {
    use std::io::Read;
    let mut start = [0; 9];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut start));
    let read = read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(read == 9 && start[8] == b'{')
}

fn read_pytorch(path: &Path) -> Result<StateDict> {
    let reader = PytorchReader::new(path).with_context(|| {
        format!(
            "{}: expected a PyTorch state dict (.pth, .pt) or safetensors, and cannot read it as one",
            path.display()
        )
    })?;
    let mut dict = StateDict::new();
    for (key, tensor) in reader.into_tensors() {
        if key.ends_with("num_batches_tracked") {
            continue;
        }
        let bytes = tensor
            .read()
            .with_context(|| format!("{}: {key}", path.display()))?;
        let values =
            widen(tensor.dtype(), &bytes).with_context(|| format!("{}: {key}", path.display()))?;
        dict.insert(
            key,
            StateTensor {
                shape: tensor.shape().to_vec(),
                values,
            },
        );
    }
    Ok(dict)
}

fn widen(dtype: DType, bytes: &[u8]) -> Result<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|raw| number(*raw))
            .collect()
    }
    Ok(match dtype {
        DType::F32 => each(bytes, f32::from_le_bytes),
        DType::F64 => each(bytes, |raw| f64::from_le_bytes(raw) as f32),
        DType::F16 => each(bytes, |raw| half::f16::from_le_bytes(raw).to_f32()),
        DType::BF16 => each(bytes, |raw| half::bf16::from_le_bytes(raw).to_f32()),
        other => bail!("expected floating-point numbers, found {other:?}"),
    })
}
