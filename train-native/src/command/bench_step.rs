//! `underpaint bench-step`: our half of `cargo xtask bench train`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use clap::Args;
use serde::Serialize;
use underpaint_core::bundle::{WeightDtype, encode_weights};
use underpaint_core::layers::{Dropout, Mode, NormStatistics};
use underpaint_core::pix2pix::Architecture;
use underpaint_core::state_dict::{StateDict, StateTensor, state_dict};

use crate::config::pix2pix::{Pix2pixFlags, Pix2pixRun};
use crate::config::{Raw, RunFlags};
use crate::device::{self, DeviceName};
use crate::family::pix2pix::Pix2pix;

/// Flags of `bench-step`.
#[derive(Debug, Args)]
pub struct BenchStepArgs {
    #[arg(long, default_value = "unet_256")]
    net_g: Architecture,
    #[arg(long, default_value_t = 64)]
    ngf: usize,
    #[arg(long, default_value_t = 64)]
    ndf: usize,
    #[arg(long, default_value_t = 256)]
    size: usize,
    #[arg(long, default_value_t = 1)]
    batch_size: usize,
    #[arg(long, default_value = "libtorch-cpu")]
    device: DeviceName,
    #[arg(long, default_value_t = 10)]
    steps: usize,
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Writes the initial weights and the batch, for the peer
    #[arg(long)]
    write_init: Option<PathBuf>,
}

/// One line of JSON on standard output.
#[derive(Debug, Serialize)]
struct Timing {
    step_ms_median: f64,
    step_ms_p10: f64,
    forward_ms_median: f64,
    peak_rss_mib: f64,
    losses: Vec<f64>,
}

impl BenchStepArgs {
    /// Times steps and forward passes.
    pub fn run(self) -> Result<ExitCode> {
        let own = Pix2pixFlags {
            net_g: Some(self.net_g),
            ngf: Some(self.ngf),
            ndf: Some(self.ndf),
            size: Some(self.size),
            // The peer's dropout would draw other masks.
            no_dropout: Some(true),
            ..Pix2pixFlags::default()
        };
        let run = RunFlags {
            data: Some(PathBuf::new()),
            ..RunFlags::default()
        };
        let (_, config) = Raw { run, own }.config::<Pix2pixRun>()?;
        let device = device::open(self.device)?;
        let mut family = Pix2pix::new(config.model, &device)?;
        let training = device.clone().autodiff();
        let [condition, real] = [1, 2].map(|seed| self.picture(seed, &training));
        if let Some(folder) = &self.write_init {
            write_init(folder, &family, &condition, &real)?;
        }
        let mut losses = Vec::new();
        let mut steps = Vec::new();
        for number in 0..self.warmup + self.steps {
            let started = Instant::now();
            let number = number as u64;
            losses = family
                .step_tensors(condition.clone(), real.clone(), 2e-4, number + 1)
                .losses;
            if number >= self.warmup as u64 {
                steps.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        let peak_rss_mib = peak_rss_mib();
        let forward = self.time_forward(&family, condition.without_autodiff());
        let timing = Timing {
            step_ms_median: quantile(&mut steps, 0.5),
            step_ms_p10: quantile(&mut steps, 0.1),
            forward_ms_median: forward,
            peak_rss_mib,
            losses: losses.into_iter().map(|(_, value)| value).collect(),
        };
        println!("{}", serde_json::to_string(&timing)?);
        Ok(ExitCode::SUCCESS)
    }

    fn picture(&self, seed: u64, device: &Device) -> Tensor<4> {
        device.seed(seed);
        let shape = [self.batch_size, 3, self.size, self.size];
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
    }

    /// Median of a forward pass with batch statistics and without gradients, in milliseconds.
    fn time_forward(&self, family: &Pix2pix, condition: Tensor<4>) -> f64 {
        let generator = family.generator().valid();
        let mode = Mode {
            statistics: NormStatistics::Train,
            dropout: Dropout::Off,
        };
        let mut times = Vec::new();
        for number in 0..self.warmup + self.steps {
            let started = Instant::now();
            let output = generator.forward(condition.clone(), mode);
            // Waits for devices that work behind the program's back.
            drop(output.slice([0..1, 0..1, 0..1, 0..1]).into_data());
            if number >= self.warmup {
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        quantile(&mut times, 0.5)
    }
}

fn write_init(
    folder: &Path,
    family: &Pix2pix,
    condition: &Tensor<4>,
    real: &Tensor<4>,
) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let entry = |tensor: &Tensor<4>| StateTensor {
        shape: tensor.dims().to_vec(),
        values: tensor.to_data().iter::<f32>().collect(),
    };
    let batch = StateDict::from([
        ("A".to_owned(), entry(condition)),
        ("B".to_owned(), entry(real)),
    ]);
    let dicts = [
        ("G", state_dict(family.generator())),
        ("D", state_dict(family.discriminator())),
        ("batch", batch),
    ];
    for (name, dict) in dicts {
        let bytes = encode_weights(&dict, WeightDtype::F32)?;
        crate::files::write(&folder.join(format!("{name}.safetensors")), &bytes)?;
    }
    Ok(())
}

pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = ((values.len().max(1) - 1) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// Counts the peak from here on, where Linux lets it: what building the network took is not part of
/// running it.
pub(super) fn start_peak_rss() {
    // Without it the peak is that of the whole process: higher, never lower.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory of this process in MiB, where Linux tells it.
pub(super) fn peak_rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}
