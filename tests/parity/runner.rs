//! Generators once more, as they are used: through `Runner`, which the command line runs, and as a plan,
//! which the engines run, with their padding, their statistics and their crop.
//!
//! A network can equal the original while the program around it does not: a picture that was padded
//! although it need not be has other statistics, and is another picture.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::model::describe;
use underpaint_core::bundle::{
    DictWeights, InputKind, Inputs, Manifest, ModelConfig, NormDefault, Runner, TestTime, Weights,
};
use underpaint_core::plan::{self, Plan, Request};
use underpaint_core::state_dict::StateDict;
use underpaint_engine::{Given, Program, cpu};
use underpaint_plan::{ValueId, WeightSource, reference};

/// A way from weights and inputs to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `Runner` with the weights.
    Runner,
    /// A plan without weights, and the plain interpreter.
    Plan,
    /// The same plan on the engine of browsers: on the GPU where the device is one, else on the CPU.
    Engine,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Runner, Self::Plan, Self::Engine];

    /// For messages.
    pub fn told(self) -> &'static str {
        match self {
            Self::Runner => "through Runner",
            Self::Plan => "as a plan",
            Self::Engine => "on the engine",
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
        if self != Self::Runner {
            return self.interpreted(&manifest, weights, test_time, inputs, device);
        }
        let weights = Weights {
            generator: weights,
            encoder: None,
        };
        Ok(Runner::new(&manifest, weights, test_time, device)?.run(inputs, 0)?)
    }

    /// A plan is for one picture: one after the other.
    fn interpreted(
        self,
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
            let mut outputs = self.pass(&plan, &DictWeights(weights), &row, device)?;
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

    fn pass(
        self,
        plan: &Plan,
        weights: &dyn WeightSource,
        inputs: &[underpaint_plan::Tensor],
        device: &Device,
    ) -> Result<Vec<underpaint_plan::Tensor>> {
        if self == Self::Plan {
            return Ok(reference::run(plan, weights, inputs)?);
        }
        let program = underpaint_engine::schedule(plan)?;
        let given: Vec<Given<'_>> = inputs
            .iter()
            .map(|one| Given::Planes(&one.values))
            .collect();
        let planes = match on_gpu(device) {
            true => gpu_pass(program, plan, weights, &given)?,
            false => {
                let mut generator = cpu::Generator::new(program, plan, weights)?;
                generator.run(&given)?;
                (0..plan.outputs.len())
                    .map(|output| generator.planes(output))
                    .collect()
            }
        };
        let tensor = |(output, values): (&ValueId, Vec<f32>)| {
            let shape = plan.shape(*output);
            underpaint_plan::Tensor {
                shape: vec![shape.channels, shape.height, shape.width],
                values,
            }
        };
        Ok(plan.outputs.iter().zip(planes).map(tensor).collect())
    }
}

fn on_gpu(device: &Device) -> bool {
    cfg!(feature = "wgpu") && format!("{device:?}").contains("Wgpu")
}

#[cfg(feature = "wgpu")]
fn gpu_pass(
    program: Program,
    plan: &Plan,
    weights: &dyn WeightSource,
    given: &[Given<'_>],
) -> Result<Vec<Vec<f32>>> {
    use underpaint_engine::gpu;
    gpu::block_on(async {
        let device = gpu::Device::acquire().await?;
        let mut generator =
            gpu::Generator::new(&device, program, plan, weights, &mut |_| {}).await?;
        generator.run(given).await?;
        let outputs = 0..plan.outputs.len();
        Ok(outputs.map(|output| generator.planes(output)).collect())
    })
}

#[cfg(not(feature = "wgpu"))]
fn gpu_pass(_: Program, _: &Plan, _: &dyn WeightSource, _: &[Given<'_>]) -> Result<Vec<Vec<f32>>> {
    bail!("built without GPUs")
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
    let device = Device::flex();
    let expected = reference::run(&plan, &DictWeights(weights), std::slice::from_ref(&picture))?;
    let found = Route::Engine.pass(&plan, &DictWeights(weights), &[picture], &device)?;
    for (expected, found) in expected.iter().zip(&found) {
        let pairs = expected.values.iter().zip(&found.values);
        let difference = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ensure!(difference < 1e-4, "engine and plan differ by {difference}");
    }
    Ok(expected)
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
