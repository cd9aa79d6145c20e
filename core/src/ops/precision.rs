//! Mixed precision.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use burn::tensor::{DType, FloatDType, Tensor};
use serde::{Deserialize, Serialize};

/// In which numbers convolutions and linear layers compute.
///
/// Weights, statistics of norms, losses and optimisers stay f32; what runs between two convolutions has
/// the precision of the first one's result. Only libtorch's devices have other precisions than f32.
///
/// Source: Micikevicius et al. 2018 (<https://arxiv.org/abs/1710.03740>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits everywhere.
    #[default]
    F32,
    /// 16 bits with the range of f32 and 8 bits of mantissa; needs no loss scale.
    Bf16,
    /// 16 bits with 11 bits of mantissa and a narrow range: gradients need a loss scale.
    F16,
}

thread_local! {
    static CURRENT: Cell<Precision> = const { Cell::new(Precision::F32) };
}

impl Precision {
    /// The precision of this thread's forward passes: f32 outside of every [`scope`](Self::scope).
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// Runs `forward` in this precision. What it records for a backward pass remembers it.
    pub fn scope<T>(self, forward: impl FnOnce() -> T) -> T {
        let _before = Restore(CURRENT.replace(self));
        forward()
    }

    /// Type of the numbers.
    pub fn dtype(self) -> FloatDType {
        match self {
            Self::F32 => FloatDType::F32,
            Self::Bf16 => FloatDType::BF16,
            Self::F16 => FloatDType::F16,
        }
    }
}

/// Puts the precision back that was there before, also when a forward pass panics.
struct Restore(Precision);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            _ => Err(format!("expected f32, bf16 or f16, found {text:?}")),
        }
    }
}

/// Numbers of 16 bits as f32, which losses are made of; wider ones as they are.
///
/// # Shapes
///
/// Any; the result has the shape of `x`.
pub fn to_f32<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F16 | DType::BF16 => x.cast(FloatDType::F32),
        _ => x,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_ends_even_when_what_it_runs_panics() {
        let inside = Precision::Bf16.scope(|| {
            let inner = Precision::F16.scope(Precision::current);
            (inner, Precision::current())
        });
        assert_eq!(inside, (Precision::F16, Precision::Bf16));
        let unwound = std::panic::catch_unwind(|| Precision::F16.scope(|| panic!("expected")));
        assert!(unwound.is_err());
        assert_eq!(Precision::current(), Precision::F32);
    }

    #[test]
    fn names_survive_a_round_trip() {
        for precision in [Precision::F32, Precision::Bf16, Precision::F16] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
        assert!("fp16".parse::<Precision>().is_err());
    }
}
