//! `underpaint bench-step`: our half of `cargo xtask bench train`.

mod subject;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use underpaint_core::bundle::{WeightDtype, encode_state_dict_for_pytorch};
use underpaint_core::ops::Precision;

use self::subject::{FamilyName, Size, Subject};
use crate::device::{self, DeviceName};
use crate::family::Losses;

/// Steps whose losses are reported beside those of the last: while rounding has had no time to grow.
const FIRST_STEPS: usize = 3;

/// Operations that `--profile` tells.
#[cfg(feature = "tch")]
const PROFILED: usize = 30;

/// Flags of `bench-step`.
#[derive(Debug, Args)]
pub struct BenchStepArgs {
    /// What is trained
    #[arg(long, default_value = "pix2pix")]
    family: FamilyName,
    /// Channels of the first layers of both networks; of the first scales of a Progressive GAN
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Height of the pictures in pixels; pix2pixHD's are twice as wide, the others square
    #[arg(long, default_value_t = 256)]
    size: usize,
    #[arg(long, default_value_t = 1)]
    batch_size: usize,
    #[arg(long, default_value = "libtorch-cpu")]
    device: DeviceName,
    /// f32, bf16 or f16
    #[arg(long, default_value_t = Precision::F32)]
    precision: Precision,
    #[arg(long, default_value_t = 10)]
    steps: usize,
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Tells on standard error where the time of libtorch's operations went
    #[cfg(feature = "tch")]
    #[arg(long)]
    profile: bool,
    /// Writes the initial weights and the batch, for the peer
    #[arg(long)]
    write_init: Option<PathBuf>,
}

/// One line of JSON on standard output.
#[derive(Debug, Serialize)]
struct Report {
    step_ms_median: f64,
    step_ms_p10: f64,
    /// CPU time of all threads in one step: mean.
    step_cpu_ms: f64,
    forward_ms_median: f64,
    forward_cpu_ms: f64,
    peak_rss_mib: f64,
    /// Of tensors on the device, where it has memory of its own.
    peak_device_mib: Option<f64>,
    loss_names: Vec<&'static str>,
    /// Of the first steps, the warm-up's among them.
    first_losses: Vec<Vec<f64>>,
    /// Of the last step.
    losses: Vec<f64>,
}

impl BenchStepArgs {
    /// Times steps and forward passes.
    pub fn run(self) -> Result<ExitCode> {
        let device = device::open(self.device)?;
        let size = Size {
            width: self.width,
            height: self.size,
            batch: self.batch_size,
        };
        device::check_precision(self.precision, self.device)?;
        let mut subject = self.family.subject(size, &device)?;
        subject.set_precision(self.precision);
        if let Some(folder) = &self.write_init {
            write_init(folder, subject.as_ref())?;
        }
        let (mut losses, mut steps): (Vec<Losses>, _) = (Vec::new(), Vec::new());
        let mut cpu = cpu_seconds();
        for number in 0..self.warmup + self.steps {
            if number == self.warmup {
                #[cfg(feature = "tch")]
                if self.profile {
                    underpaint_torch::profile::start()?;
                }
                cpu = cpu_seconds();
            }
            let started = Instant::now();
            losses.push(self.precision.scope(|| subject.step(number as u64 + 1))?);
            if number >= self.warmup {
                steps.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        let step_cpu_ms = self.cpu_ms_since(cpu);
        #[cfg(feature = "tch")]
        if self.profile {
            self.tell_profile()?;
        }
        let peak_rss_mib = peak_rss_mib();
        let peak_device_mib = device::peak_memory(self.device);
        let [forward_ms_median, forward_cpu_ms] = self.time_forward(subject.as_ref());
        let last = losses.last().context("expected at least one step")?;
        let values = |losses: &Losses| losses.iter().map(|(_, value)| *value).collect();
        let report = Report {
            step_ms_median: quantile(&mut steps, 0.5),
            step_ms_p10: quantile(&mut steps, 0.1),
            step_cpu_ms,
            forward_ms_median,
            forward_cpu_ms,
            peak_rss_mib,
            peak_device_mib: peak_device_mib.map(|bytes| bytes as f64 / f64::from(1 << 20)),
            loss_names: last.iter().map(|(name, _)| *name).collect(),
            first_losses: losses.iter().take(FIRST_STEPS).map(values).collect(),
            losses: values(last),
        };
        println!("{}", serde_json::to_string(&report)?);
        Ok(ExitCode::SUCCESS)
    }

    /// The longest operations of the measured steps.
    #[cfg(feature = "tch")]
    fn tell_profile(&self) -> Result<()> {
        let steps = self.steps.max(1) as f64;
        for operation in underpaint_torch::profile::stop()?.iter().take(PROFILED) {
            let milliseconds = operation.nanoseconds as f64 / 1e6 / steps;
            let calls = operation.calls as f64 / steps;
            eprintln!("{milliseconds:9.2} ms {calls:8.1}  {}", operation.name);
        }
        Ok(())
    }

    /// Mean CPU time of the measured steps, in milliseconds.
    fn cpu_ms_since(&self, start: f64) -> f64 {
        (cpu_seconds() - start) * 1e3 / self.steps.max(1) as f64
    }

    /// A forward pass of the generator without gradients, in milliseconds: median, and mean CPU time.
    fn time_forward(&self, subject: &dyn Subject) -> [f64; 2] {
        let mut times = Vec::new();
        let mut cpu = cpu_seconds();
        for number in 0..self.warmup + self.steps {
            if number == self.warmup {
                cpu = cpu_seconds();
            }
            let started = Instant::now();
            let output = self.precision.scope(|| subject.generate());
            // Waits for devices that work behind the program's back.
            drop(output.slice([0..1, 0..1, 0..1, 0..1]).into_data());
            if number >= self.warmup {
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
        }
        [quantile(&mut times, 0.5), self.cpu_ms_since(cpu)]
    }
}

fn write_init(folder: &Path, subject: &dyn Subject) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let config = serde_json::to_vec(&subject.describe())?;
    crate::files::write(&folder.join("config.json"), &config)?;
    let [generator, discriminator] = subject.networks();
    let dicts = [
        ("G", generator),
        ("D", discriminator),
        ("batch", subject.batch()),
    ];
    for (name, dict) in dicts {
        let bytes = encode_state_dict_for_pytorch(&dict, WeightDtype::F32, 0)?;
        crate::files::write(&folder.join(format!("{name}.safetensors")), &bytes)?;
    }
    Ok(())
}

pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = ((values.len().max(1) - 1) as f64 * share).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// CPU time of all threads of this process so far, in seconds, where the system tells it.
pub(super) fn cpu_seconds() -> f64 {
    #[cfg(unix)]
    if let Ok(time) = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID) {
        return std::time::Duration::from(time).as_secs_f64();
    }
    f64::NAN
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
