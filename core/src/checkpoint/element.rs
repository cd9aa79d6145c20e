//! Number types of tensors, and their numbers widened to f32.

use crate::checkpoint::failure::{Result, bail};

/// What a tensor's numbers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// 16 bits.
    F16,
    /// 16 bits with the range of f32.
    BF16,
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
    /// No floating-point numbers: counters, random states, masks.
    Other {
        /// Its name.
        name: String,
        /// Bytes of one of them; `None` if nobody knows.
        bytes: Option<usize>,
    },
}

impl Element {
    /// The type of a storage by its class, such as `torch.FloatStorage`.
    pub fn of_storage(class: &str) -> Self {
        let name = class.rsplit('.').next().unwrap_or(class);
        let other = |name: &str, bytes| Self::Other {
            name: name.to_owned(),
            bytes,
        };
        match name {
            "FloatStorage" => Self::F32,
            "DoubleStorage" => Self::F64,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::BF16,
            "LongStorage" => other("I64", Some(8)),
            "IntStorage" => other("I32", Some(4)),
            "ShortStorage" => other("I16", Some(2)),
            "CharStorage" => other("I8", Some(1)),
            "ByteStorage" => other("U8", Some(1)),
            "BoolStorage" => other("Bool", Some(1)),
            "UntypedStorage" | "QInt8Storage" | "QUInt8Storage" => other(name, Some(1)),
            "QInt32Storage" => other(name, Some(4)),
            "ComplexFloatStorage" => other(name, Some(8)),
            "ComplexDoubleStorage" => other(name, Some(16)),
            _ => other(name, None),
        }
    }

    /// The type by its name in PyTorch or safetensors: `torch.float16`, `F16`.
    pub fn of_name(name: &str) -> Self {
        match name.rsplit('.').next().unwrap_or(name) {
            "float16" | "half" | "F16" => Self::F16,
            "bfloat16" | "BF16" => Self::BF16,
            "float32" | "float" | "F32" => Self::F32,
            "float64" | "double" | "F64" => Self::F64,
            name => Self::Other {
                name: name.to_owned(),
                bytes: None,
            },
        }
    }

    /// Its name, as safetensors has it.
    pub fn name(&self) -> &str {
        match self {
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
            Self::F64 => "F64",
            Self::Other { name, .. } => name,
        }
    }

    /// Bytes of one number.
    pub fn bytes(&self) -> Option<usize> {
        match self {
            Self::F16 | Self::BF16 => Some(2),
            Self::F32 => Some(4),
            Self::F64 => Some(8),
            Self::Other { bytes, .. } => *bytes,
        }
    }

    /// Whether weights can be of this type.
    pub fn is_float(&self) -> bool {
        !matches!(self, Self::Other { .. })
    }

    /// Numbers of little-endian bytes.
    ///
    /// # Errors
    ///
    /// If they are no floating-point numbers, or one of them is infinite, not a number or too large
    /// for f32: such weights paint black, whatever the input.
    pub fn widen(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        fn each<const N: usize>(
            bytes: &[u8],
            number: impl Fn([u8; N]) -> f64 + Copy,
        ) -> Result<Vec<f32>> {
            let narrow = |raw: &[u8; N]| {
                let wide = number(*raw);
                let value = wide as f32;
                match (value.is_finite(), wide.is_finite()) {
                    (true, _) => Ok(value),
                    (false, true) => bail!("holds {wide:e}, which is too large for 32 bits"),
                    (false, false) => bail!(
                        "holds {wide}: the training that wrote this file had gone wrong, and an earlier \
                         checkpoint of it is needed"
                    ),
                }
            };
            bytes.as_chunks::<N>().0.iter().map(narrow).collect()
        }
        match self {
            Self::F16 => each(bytes, |raw| half::f16::from_le_bytes(raw).to_f64()),
            Self::BF16 => each(bytes, |raw| half::bf16::from_le_bytes(raw).to_f64()),
            Self::F32 => each(bytes, |raw| f32::from_le_bytes(raw).into()),
            Self::F64 => each(bytes, f64::from_le_bytes),
            Self::Other { name, .. } => bail!("expected floating-point numbers, found {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_floating_point_type_becomes_f32_and_nothing_else_does() {
        let half = half::f16::from_f32(-2.5).to_le_bytes();
        let brain = half::bf16::from_f32(-2.5).to_le_bytes();
        for (name, element, bytes) in [
            ("torch.float16", Element::F16, &half[..]),
            ("torch.bfloat16", Element::BF16, &brain),
            ("F32", Element::F32, &(-2.5f32).to_le_bytes()),
            ("F64", Element::F64, &(-2.5f64).to_le_bytes()),
        ] {
            assert_eq!(Element::of_name(name), element);
            assert_eq!(element.widen(bytes).expect("a number"), [-2.5]);
        }
        let told = Element::of_storage("torch.LongStorage").widen(&[0; 8]);
        assert!(told.unwrap_err().to_string().contains("I64"));
    }

    #[test]
    fn numbers_that_are_none_are_refused_in_every_type() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (element, bytes) in [
                (
                    Element::F16,
                    half::f16::from_f64(value).to_le_bytes().to_vec(),
                ),
                (
                    Element::BF16,
                    half::bf16::from_f64(value).to_le_bytes().to_vec(),
                ),
                (Element::F32, (value as f32).to_le_bytes().to_vec()),
                (Element::F64, value.to_le_bytes().to_vec()),
            ] {
                let told = element.widen(&bytes).unwrap_err().to_string();
                assert!(told.starts_with(&format!("holds {value}")), "{told}");
            }
        }
        let told = Element::F64.widen(&1e300f64.to_le_bytes()).unwrap_err();
        assert!(told.to_string().contains("1e300, which is too large"));
    }
}
