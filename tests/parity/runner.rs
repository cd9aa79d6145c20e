//! Generators once more, as they are used: through `Runner`, which the command line runs, and as a plan,
//! which the engines run, with their padding, their statistics and their crop.
//!
//! A network can equal the original while the program around it does not: a picture that was padded
//! although it need not be has other statistics, and is another picture.

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::model::describe;
use underpaint_core::bundle::{
    DictWeights, InputKind, Inputs, Manifest, ModelConfig, NormDefault, Runner, TestTime, Weights,
};
use underpaint_core::plan::{self, Plan, Request};
use underpaint_core::state_dict::StateDict;
use underpaint_plan::reference;

/// A way from weights and inputs to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `Runner` with the weights.
    Runner,
    /// A plan without weights, and the plain interpreter.
    Plan,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Runner, Self::Plan];

    /// For messages.
    pub fn told(self) -> &'static str {
        match self {
            Self::Runner => "through Runner",
            Self::Plan => "as a plan",
        }
    }

    /// What becomes of these inputs, in a mode of the original's networks.
    pub fn generate(
        self,
        model: ModelConfig,
        weights: &StateDict,
        mode: &str,
        inputs: Inputs,
        device: &Device,
    ) -> Result<Tensor<4>> {
        let (manifest, test_time) = (manifest(model), test_time(mode)?);
        if self == Self::Plan {
            return interpreted(&manifest, weights, test_time, inputs, device);
        }
        let weights = Weights {
            generator: weights,
            encoder: None,
        };
        Ok(Runner::new(&manifest, weights, test_time, device)?.run(inputs, 0)?)
    }
}

/// What an encoder's plan makes of one picture, in the order of its outputs.
pub fn encoded(
    model: ModelConfig,
    weights: &StateDict,
    mode: &str,
    picture: &Tensor<4>,
) -> Result<Vec<underpaint_plan::Tensor>> {
    let [_, _, height, width] = picture.dims();
    let plan = plan::encoder(&manifest(model), [height, width], test_time(mode)?)?;
    let picture = row(picture.to_data(), 0)?;
    Ok(reference::run(&plan, &DictWeights(weights), &[picture])?)
}

fn test_time(mode: &str) -> Result<TestTime> {
    Ok(TestTime {
        statistics: match mode {
            "train" => NormDefault::Batch,
            "eval" => NormDefault::Running,
            other => bail!("mode {other}: not known to this harness"),
        },
        dropout: false,
    })
}

/// What the inputs mean is not asked: they are tensors already.
fn manifest(model: ModelConfig) -> Manifest {
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
    describe("parity".into(), model, input, [64, 64])
}

/// A plan is for one picture: one after the other.
fn interpreted(
    manifest: &Manifest,
    weights: &StateDict,
    test_time: TestTime,
    inputs: Inputs,
    device: &Device,
) -> Result<Tensor<4>> {
    let condition = inputs.condition.as_ref().map(Tensor::dims);
    let request = Request {
        test_time,
        alpha: inputs.alpha,
        scale: inputs.scale,
        ..Request::of_size(manifest, condition.map_or([0, 0], |[_, _, h, w]| [h, w]))
    };
    let plan = plan::generator(manifest, &request)?;
    let given = given(&plan, &inputs)?;
    let batch = given.first().context("no input")?.shape()[0];
    let picture = |index| {
        let row = given.iter().map(|data| row(data.clone(), index));
        let row = row.collect::<Result<Vec<_>>>()?;
        let mut outputs = reference::run(&plan, &DictWeights(weights), &row)?;
        let picture = outputs.pop().context("no output")?;
        let shape: Vec<usize> = [1].into_iter().chain(picture.shape).collect();
        Ok(Tensor::from_data(
            TensorData::new(picture.values, shape),
            device,
        ))
    };
    let pictures = (0..batch).map(picture).collect::<Result<Vec<_>>>()?;
    Ok(Tensor::cat(pictures, 0))
}

/// The inputs that the plan names, in its order.
fn given(plan: &Plan, inputs: &Inputs) -> Result<Vec<TensorData>> {
    let one = |name: &str| match name {
        "condition" => inputs.condition.as_ref().map(Tensor::to_data),
        "features" => inputs.features.as_ref().map(Tensor::to_data),
        "latents" => inputs.latents.as_ref().map(Tensor::to_data),
        _ => None,
    };
    let wanted = plan.inputs.iter().map(|input| {
        let found = one(&input.name);
        found.with_context(|| format!("no input {}", input.name))
    });
    wanted.collect()
}

/// One picture or latent of a batch, as a plan takes it.
fn row(data: TensorData, index: usize) -> Result<underpaint_plan::Tensor> {
    let mut shape = data.shape()[1..].to_vec();
    shape.resize(3, 1);
    let count: usize = shape.iter().product();
    let values: Vec<f32> = data.iter::<f32>().collect();
    let values = values.get(index * count..(index + 1) * count);
    let values = values.context("a shorter batch")?.to_vec();
    Ok(underpaint_plan::Tensor { shape, values })
}
