//! The plans of a bundle.

use burn::tensor::Tensor;
use underpaint_plan::Plan;

use super::{Scope, capture};
use crate::bundle::{Inputs, Manifest, ModelConfig, Runner, TestTime};
use crate::{Error, Result};

/// What a generator's plan is for. Each field changes the plan; weights do not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// Height and width of the condition, any that the model's [`Runner`] takes; not looked at where
    /// there is none.
    pub size: [usize; 2],
    /// What dropout masks are drawn from, where dropout drops.
    pub seed: u64,
    /// Statistics and dropout.
    pub test_time: TestTime,
    /// As [`Inputs::alpha`].
    pub alpha: f64,
    /// As [`Inputs::scale`].
    pub scale: Option<usize>,
    /// Whether the condition is promised to be an encoded label map, if the model takes those: an
    /// engine may then read labels instead of channels.
    pub one_hot: bool,
}

impl Request {
    /// A picture of this height and width as the manifest would have it, with the finest scale and
    /// without a promise about the condition.
    pub fn of_size(manifest: &Manifest, size: [usize; 2]) -> Self {
        Self {
            size,
            seed: 0,
            test_time: manifest.test_time,
            alpha: manifest.alpha,
            scale: None,
            one_hot: false,
        }
    }
}

/// The plan of a generator: what [`Runner::run`] does for one picture, padding and cropping with it.
///
/// Its inputs, each where the model has one: "condition" (`[condition_channels, height, width]`),
/// "features" (`[feature_channels, height, width]`), "latents" (`[latent_channels, 1, 1]`). Its output
/// is the picture.
///
/// The same request gives an equal plan.
///
/// # Errors
///
/// As [`Runner::run`] and [`Runner::blank`]; [`Error::Plan`] if the network does something that no step
/// stands for.
pub fn generator(manifest: &Manifest, request: &Request) -> Result<Plan> {
    let manifest = manifest.without_encoder();
    capture(|scope| {
        let runner = Runner::blank(&manifest, request.test_time, scope.device())?;
        let inputs = inputs(scope, &manifest, request);
        let picture = runner.run(inputs, request.seed)?;
        runner.name_generator(scope);
        scope.output(&picture);
        Ok(())
    })
}

fn inputs(scope: &mut Scope, manifest: &Manifest, request: &Request) -> Inputs {
    let model = &manifest.model;
    let [height, width] = request.size;
    let labels = manifest.input.layout().filter(|_| request.one_hot);
    let mut inputs = Inputs {
        alpha: request.alpha,
        scale: request.scale,
        ..Inputs::default()
    };
    let channels = model.condition_channels();
    if channels > 0 {
        let labels = labels.map_or(0, |layout| layout.num_labels());
        let shape = [1, channels, height, width];
        inputs.condition = Some(scope.one_hot_input("condition", shape, labels));
    }
    let channels = model.feature_channels();
    if channels > 0 {
        inputs.features = Some(scope.input("features", [1, channels, height, width]));
    }
    if let Some(channels) = model.latent_channels() {
        inputs.latents = Some(scope.input("latents", [1, channels]));
    }
    inputs
}

/// The plan of an encoder for a picture of this height and width. Its input is "picture"
/// (`[output_channels, height, width]`).
///
/// SPADE's gives the mean and the logarithm of the variance of the picture's style, `[latent_channels,
/// 1, 1]` each ([`Runner::style_distribution`]); pix2pixHD's gives features of every pixel, before they
/// are averaged over instances ([`Runner::pixel_features`]).
///
/// # Errors
///
/// As [`generator`]; [`Error::Input`] if the model has no encoder.
pub fn encoder(manifest: &Manifest, size: [usize; 2], test_time: TestTime) -> Result<Plan> {
    let [height, width] = size;
    capture(|scope| {
        let runner = Runner::blank(manifest, test_time, scope.device())?;
        let shape = [1, runner.output_channels(), height, width];
        let picture: Tensor<4> = scope.input("picture", shape);
        match &manifest.model {
            ModelConfig::Pix2pixhd { .. } => {
                let features = runner.pixel_features(picture)?;
                scope.output(&features);
            }
            ModelConfig::Spade { .. } => {
                let (mean, log_variance) = runner.style_distribution(picture)?;
                scope.output(&mean);
                scope.output(&log_variance);
            }
            ModelConfig::Pix2pix { .. } | ModelConfig::Pgan { .. } => {
                return Err(Error::Input("this model has no encoder".into()));
            }
        }
        runner.name_encoder(scope);
        Ok(())
    })
}
