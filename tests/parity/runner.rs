//! Generators once more, through `Runner`: what the command line and the browser run, with its padding,
//! its statistics and its crop.
//!
//! A network can equal the original while the program around it does not: a picture that was padded
//! although it need not be has other statistics, and is another picture.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use underpaint::model::describe;
use underpaint_core::bundle::{
    InputKind, Inputs, ModelConfig, NormDefault, Runner, TestTime, Weights,
};
use underpaint_core::state_dict::StateDict;

/// What `Runner` makes of these inputs, in a mode of the original's networks.
pub fn generate(
    model: ModelConfig,
    weights: &StateDict,
    mode: &str,
    inputs: Inputs,
    device: &Device,
) -> Result<Tensor<4>> {
    let test_time = TestTime {
        statistics: match mode {
            "train" => NormDefault::Batch,
            "eval" => NormDefault::Running,
            other => bail!("mode {other}: not known to this harness"),
        },
        dropout: false,
    };
    // What the inputs mean is not asked: they are tensors already.
    let input = match model.condition_channels() {
        0 => InputKind::Latent {
            channels: model.latent_channels().unwrap_or(0),
            attributes: Vec::new(),
        },
        channels => InputKind::Image {
            channels,
            value_range: [-1.0, 1.0],
            palette: Vec::new(),
        },
    };
    let manifest = describe("parity".into(), model, input, [64, 64]);
    let weights = Weights {
        generator: weights,
        encoder: None,
    };
    Ok(Runner::new(&manifest, weights, test_time, device)?.run(inputs, 0)?)
}
