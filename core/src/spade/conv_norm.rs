//! A convolution with the norm after it, as the discriminator, the encoder and the `pix2pixhd`
//! generator have them.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::layers::{ConvLayer, Norm, NormKind, NormStatistics};
use crate::{Error, Result};

/// What happens to a convolution and after it, written as the original's `--norm_D` and `--norm_E`:
/// `spectralinstance`.
///
/// Names without `spectral` crash in the original; here they are a plain convolution with its norm
/// (spec B-24). `batch` has scale and shift; `syncbatch` is the same on one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConvNorm {
    /// Whether the convolution is under spectral normalisation.
    pub spectral: bool,
    /// The norm after it.
    pub norm: NormKind,
}

impl ConvNorm {
    /// Whether the convolution has a bias: only where no norm would take it away again.
    pub fn conv_bias(self) -> bool {
        self.norm == NormKind::None
    }
}

impl Default for ConvNorm {
    fn default() -> Self {
        Self {
            spectral: true,
            norm: NormKind::Instance,
        }
    }
}

impl fmt::Display for ConvNorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let norm = match self.norm {
            NormKind::Batch => "batch",
            NormKind::Instance => "instance",
            NormKind::None => "none",
        };
        write!(f, "{}{norm}", if self.spectral { "spectral" } else { "" })
    }
}

impl FromStr for ConvNorm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (spectral, rest) = match text.strip_prefix("spectral") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let norm = match rest {
            "batch" | "syncbatch" | "sync_batch" => NormKind::Batch,
            "instance" => NormKind::Instance,
            "none" => NormKind::None,
            "" if spectral => NormKind::None,
            _ => {
                return Err(Error::Config {
                    field: "norm",
                    message: format!(
                        "expected instance, batch, syncbatch or none, with spectral in front or \
                         without, found {text:?}"
                    ),
                });
            }
        };
        Ok(Self { spectral, norm })
    }
}

impl TryFrom<String> for ConvNorm {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ConvNorm> for String {
    fn from(config: ConvNorm) -> Self {
        config.to_string()
    }
}

/// A convolution and the norm after it.
#[derive(Module, Debug)]
pub struct NormedConv {
    /// The convolution; without bias where a norm follows.
    pub conv: ConvLayer,
    /// The norm.
    pub norm: Norm,
}

impl NormedConv {
    /// A layer with zero weights.
    pub fn new(
        config: ConvNorm,
        channels: [usize; 2],
        kernel: usize,
        stride: usize,
        padding: usize,
        device: &Device,
    ) -> Self {
        let (bias, spectral) = (config.conv_bias(), config.spectral);
        Self {
            conv: ConvLayer::new(channels, kernel, stride, padding, bias, spectral, device),
            norm: Norm::new(config.norm, channels[1], device),
        }
    }

    /// Convolves and normalises.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, in, height, width]`
    /// - result: `[batch, out, height', width']`
    pub fn forward(&self, x: Tensor<4>, statistics: NormStatistics) -> Tensor<4> {
        let x = self.conv.forward(x, statistics);
        self.norm.forward(x, statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_original() {
        for name in [
            "spectralinstance",
            "spectralbatch",
            "spectralnone",
            "instance",
            "batch",
            "none",
        ] {
            assert_eq!(name.parse::<ConvNorm>().expect(name).to_string(), name);
        }
        let parsed = |name: &str| name.parse::<ConvNorm>().expect(name).to_string();
        assert_eq!(parsed("spectralsyncbatch"), "spectralbatch");
        assert_eq!(parsed("spectral"), "spectralnone");
        for name in ["", "layer", "spectralspadebatch3x3"] {
            assert!(name.parse::<ConvNorm>().is_err(), "{name}");
        }
    }
}
