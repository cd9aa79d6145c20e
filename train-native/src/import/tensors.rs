//! The tensors of a PyTorch file, widened to f32.

use std::collections::HashMap;

use anyhow::{Result, bail};
use pytorch_reader::{DType, Tensor};
use underpaint_core::state_dict::{
    StateDict, StateTensor, drop_ignorable, is_ignorable, modernize_spectral_norm, strip_wrappers,
};

/// How many times larger than its file a state dict may become. A view can repeat one number any
/// number of times, so that nothing else keeps a small file from filling the memory.
const MAX_GROWTH: u64 = 64;

/// The state dict that lies under `prefix` (`""`, or `"netG."`), as our networks take it: wrappers and
/// entries without information are gone, and spectral norm has its newest layout.
///
/// # Errors
///
/// Naming the tensor that is damaged, of another kind than floating-point, or too large for a file of
/// `file_size` bytes.
pub fn read_tensors(
    tensors: &HashMap<String, Tensor>,
    prefix: &str,
    file_size: u64,
) -> Result<StateDict> {
    let mut dict = StateDict::new();
    let mut left = file_size.saturating_mul(MAX_GROWTH);
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    for name in names {
        let Some(key) = name.strip_prefix(prefix) else {
            continue;
        };
        if is_ignorable(key) {
            continue;
        }
        let tensor = &tensors[name];
        left = match left.checked_sub(tensor.byte_len() as u64) {
            Some(left) => left,
            None => bail!("{name}: {:?} is too much for this file", tensor.shape()),
        };
        let values = read_values(tensor)?;
        let shape = tensor.shape().to_vec();
        dict.insert(key.to_owned(), StateTensor { shape, values });
    }
    Ok(as_networks_take_it(dict))
}

/// Strips wrappers, drops what carries no information, and gives spectral norm its newest layout.
pub fn as_networks_take_it(dict: StateDict) -> StateDict {
    let mut dict = strip_wrappers(dict);
    drop_ignorable(&mut dict);
    modernize_spectral_norm(&mut dict);
    dict
}

fn read_values(tensor: &Tensor) -> Result<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let numbers = bytes.as_chunks::<N>().0.iter();
        numbers.map(|raw| number(*raw)).collect()
    }
    // Before a byte is read: the bytes of what is refused are not needed.
    let widen: fn(&[u8]) -> Vec<f32> = match tensor.dtype() {
        DType::F32 => |bytes| each(bytes, f32::from_ne_bytes),
        DType::F64 => |bytes| each(bytes, |raw| f64::from_ne_bytes(raw) as f32),
        DType::F16 => |bytes| each(bytes, |raw| half::f16::from_ne_bytes(raw).to_f32()),
        DType::BF16 => |bytes| each(bytes, |raw| half::bf16::from_ne_bytes(raw).to_f32()),
        other => bail!(
            "{}: expected floating-point numbers, found {other:?}",
            tensor.name
        ),
    };
    Ok(widen(&tensor.read()?))
}
