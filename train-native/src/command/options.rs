//! Flags that several subcommands share.

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use underpaint_core::bundle::{NormDefault, Runner, TestTime};

use underpaint_core::ops::Precision;

use crate::device::{self, DeviceName};
use crate::model::Model;

/// Statistics of batch norm at test time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BnStats {
    /// Those of each picture, as the authors test
    Batch,
    /// Those collected in training, as PyTorch's eval()
    Running,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// How a generator is run.
#[derive(Debug, Clone, Args)]
pub struct RunnerArgs {
    /// Where to run; `underpaint devices` lists them
    #[arg(long, value_name = "NAME", default_value_t)]
    pub device: DeviceName,
    /// Statistics of batch norm [default: the model's, batch unless it was imported otherwise]
    #[arg(long, value_name = "WHICH")]
    pub bn_stats: Option<BnStats>,
    /// Whether dropout drops [default: on, where the model has dropout, as the authors test]
    #[arg(long, value_name = "ON|OFF")]
    pub dropout: Option<Switch>,
    /// Seed of latents and of dropout
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// f32, bf16 or f16: the numbers in which convolutions compute, on devices of libtorch
    #[arg(long, value_name = "NAME", default_value_t = Precision::F32)]
    pub precision: Precision,
}

impl RunnerArgs {
    /// The model's own way to run, changed by the flags.
    pub fn test_time(&self, default: TestTime) -> TestTime {
        TestTime {
            statistics: match self.bn_stats {
                Some(BnStats::Batch) => NormDefault::Batch,
                Some(BnStats::Running) => NormDefault::Running,
                None => default.statistics,
            },
            dropout: self
                .dropout
                .map_or(default.dropout, |switch| switch == Switch::On),
        }
    }

    /// Puts a model on the device.
    ///
    /// # Errors
    ///
    /// If the device is not there or the weights do not fit.
    pub fn runner(&self, model: &Model) -> Result<Runner> {
        let device: Device = device::open(self.device)?;
        device::check_precision(self.precision, self.device)?;
        let test_time = self.test_time(model.manifest.test_time);
        let runner = Runner::new(&model.manifest, model.weights(), test_time, &device)
            .with_context(|| model.manifest.name.clone())?;
        Ok(runner.with_precision(self.precision))
    }
}
