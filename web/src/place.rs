//! Where a network runs.

use underpaint_engine::cpu;
#[cfg(target_arch = "wasm32")]
use underpaint_engine::gpu;
use underpaint_engine::host::Given;
use underpaint_engine::{Program, Result};
use underpaint_plan::{Plan, WeightSource};

/// A CPU or a GPU.
#[derive(Debug, Clone)]
pub enum Place {
    /// One thread.
    Cpu,
    /// WebGPU.
    #[cfg(target_arch = "wasm32")]
    Gpu(gpu::Device),
}

/// How far loading has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    /// Share of the weights that are where they are needed, 0 to 1.
    Weights(f64),
    /// Share of the kernels that are compiled, 0 to 1.
    Kernels(f64),
}

/// A program with its weights, somewhere.
// Variants of different size, one instance per session: boxing would buy nothing.
#[cfg_attr(target_arch = "wasm32", allow(clippy::large_enum_variant))]
#[derive(Debug)]
pub enum Generator {
    /// On the CPU.
    Cpu(cpu::Generator),
    /// On the GPU.
    #[cfg(target_arch = "wasm32")]
    Gpu(gpu::Generator),
}

impl Place {
    /// Makes a generator here.
    ///
    /// # Errors
    ///
    /// What the engines say.
    pub async fn start(
        &self,
        program: Program,
        plan: &Plan,
        weights: &dyn WeightSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Generator> {
        match self {
            Self::Cpu => {
                let generator = cpu::Generator::new(program, plan, weights)?;
                progress(Progress::Weights(1.0));
                Ok(Generator::Cpu(generator))
            }
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(device) => {
                let told = &mut |far| progress(share(far));
                let generator = gpu::Generator::new(device, program, plan, weights, told).await?;
                Ok(Generator::Gpu(generator))
            }
        }
    }
}

/// What a GPU offers, before it is taken.
#[cfg(target_arch = "wasm32")]
pub type Offer = gpu::Offer;
/// Natively there is none here.
#[cfg(not(target_arch = "wasm32"))]
pub type Offer = std::convert::Infallible;

/// Checks that a program fits on the CPU, or on what a GPU offers, before its weights are there.
///
/// # Errors
///
/// [`TooLarge`](underpaint_engine::Error::TooLarge) with what is needed and what there is.
pub fn fits(offer: Option<&Offer>, program: &Program, plan: &Plan) -> Result<()> {
    #[cfg(target_arch = "wasm32")]
    if let Some(offer) = offer {
        return gpu::Needs::of(program, plan, &offer.bounds, &offer.tuning).map(|_| ());
    }
    #[cfg(not(target_arch = "wasm32"))]
    let _ = offer;
    let needed = cpu::bytes_needed(program, plan)?;
    if needed <= cpu::BYTES_AVAILABLE {
        return Ok(());
    }
    Err(underpaint_engine::Error::TooLarge {
        what: "weights and planes in the module's memory".into(),
        needed,
        available: cpu::BYTES_AVAILABLE,
    })
}

#[cfg(target_arch = "wasm32")]
fn share(progress: gpu::Progress) -> Progress {
    match progress {
        gpu::Progress::Weights { done, of } => Progress::Weights(done as f64 / of.max(1) as f64),
        gpu::Progress::Kernels { done, of } => Progress::Kernels(done as f64 / of.max(1) as f64),
    }
}

impl Generator {
    /// Makes it one of another program with the same weights.
    ///
    /// # Errors
    ///
    /// What the engines say.
    pub async fn replace(
        &mut self,
        program: Program,
        plan: &Plan,
        weights: &dyn WeightSource,
    ) -> Result<()> {
        match self {
            Self::Cpu(generator) => generator.replace(program, plan, weights),
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(generator) => generator.replace(program, plan, weights, &mut |_| {}).await,
        }
    }

    /// Takes other numbers for what the network draws.
    ///
    /// # Errors
    ///
    /// What the engines say.
    pub async fn update_constants(&mut self, plan: &Plan) -> Result<()> {
        match self {
            Self::Cpu(generator) => generator.update_constants(plan),
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(generator) => generator.update_constants(plan).await,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// What the engines say.
    pub async fn run(&mut self, given: &[Given<'_>]) -> Result<()> {
        match self {
            Self::Cpu(generator) => generator.run(given),
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(generator) => generator.run(given).await,
        }
    }

    /// An output of the last run, `[channels, height, width]`.
    #[must_use]
    pub fn planes(&self, output: usize) -> Vec<f32> {
        match self {
            Self::Cpu(generator) => generator.planes(output),
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(generator) => generator.planes(output),
        }
    }

    /// An output of the last run as RGBA bytes.
    #[must_use]
    pub fn rgba(&self, output: usize) -> Vec<u8> {
        match self {
            Self::Cpu(generator) => generator.rgba(output),
            #[cfg(target_arch = "wasm32")]
            Self::Gpu(generator) => generator.rgba(output),
        }
    }
}
