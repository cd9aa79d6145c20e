//! What every run has, whatever its family: data, device, length, seed, saving, loader, schedule.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::values::{as_text, parse_limit, parse_name, parse_switch};
use underpaint_core::ops::Precision;

use crate::device::DeviceName;
use crate::optimiser::AdamConfig;
use crate::trainer::schedule::{LrPolicy, Schedule};

/// How long a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Steps from the start of the run.
    Steps(u64),
    /// Whole epochs.
    Epochs(u64),
}

/// Settings of every run, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    /// Root of the data set; empty where the family's own settings say where its folders are.
    pub data: PathBuf,
    /// Subfolder, or prefix of the subfolders, to train on.
    pub phase: String,
    /// Samples per step.
    pub batch_size: usize,
    /// Whether every epoch has its own order.
    pub shuffle: bool,
    /// Number of samples to use, if not all.
    pub max_dataset_size: Option<usize>,
    /// Table of old and new ids that label maps go through.
    pub remap: Option<PathBuf>,
    /// Threads that read data.
    pub workers: usize,
    /// Whether batch norms take their statistics over all ranks.
    pub sync_batch_norm: bool,
    /// Processes that train it, of which each takes batches of that many samples.
    pub ranks: usize,
    /// Learning rates.
    pub schedule: Schedule,
    /// All optimisers.
    pub adam: AdamConfig,
    /// Where to train.
    pub device: DeviceName,
    /// In which numbers the networks compute while they train.
    pub precision: Precision,
    /// When to stop.
    pub length: Length,
    /// Seed of the weights and of every random draw.
    pub seed: u64,
    /// Weights to begin with.
    pub load_pretrain: Option<PathBuf>,
    /// Steps between checkpoints.
    pub save_every: u64,
    /// Steps between sample pictures.
    pub sample_every: u64,
    /// Checkpoints to keep.
    pub keep: usize,
}

/// What a family has instead of the settings that are not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunDefaults {
    /// Samples per step.
    pub batch_size: usize,
    /// Rate of the first epoch.
    pub learning_rate: f64,
    /// How it falls.
    pub policy: LrPolicy,
    /// Epochs at the full rate.
    pub n_epochs: u64,
    /// Epochs of the decay.
    pub n_epochs_decay: u64,
    /// All optimisers.
    pub adam: AdamConfig,
    /// Length in steps of a family whose length is not one in epochs.
    pub steps: Option<u64>,
    /// Whether there must be a `--data`.
    pub needs_data: bool,
    /// Whether batch norms take their statistics over all ranks.
    pub sync_batch_norm: bool,
}

/// Settings of every run, none of them required here.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct RunFlags {
    /// Folder of the data set
    #[arg(
        long,
        aliases = ["dataroot", "data_root", "train_data_path"],
        value_name = "DIR",
        help_heading = "Data"
    )]
    pub data: Option<PathBuf>,
    /// Phase to train on: a part of the data set [default: train]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub phase: Option<String>,
    /// Samples per step, on every rank of a run of several [default: of the family]
    #[arg(long, aliases = ["batch_size", "batchSize", "miniBatchSize"], value_name = "N", help_heading = "Data")]
    pub batch_size: Option<usize>,
    /// Use the files in order instead of shuffled
    #[arg(long, alias = "serial_batches", value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Data")]
    pub serial_batches: Option<bool>,
    /// Use only that many samples [default: all]
    #[arg(long, alias = "max_dataset_size", value_name = "N", value_parser = parse_limit, help_heading = "Data")]
    pub max_dataset_size: Option<usize>,
    /// Table of ids that every label map goes through: lines of `old new`, where new is a number or
    /// dont_care
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    pub remap: Option<PathBuf>,
    /// Threads that read data [default: 2]
    #[arg(long, aliases = ["num_threads", "nThreads", "num_workers"], value_name = "N", help_heading = "Data")]
    pub workers: Option<usize>,
    /// Batch norms take their statistics over all ranks of a run of several, on libtorch's devices
    /// [default: true for spade, else false]
    #[arg(long, value_name = "BOOL", value_parser = parse_switch, num_args = 0..=1, default_missing_value = "true", help_heading = "Run")]
    pub sync_batch_norm: Option<bool>,
    /// Ranks of the run, noted in its config
    #[arg(long, hide = true)]
    pub ranks: Option<usize>,

    /// Learning rate [default: of the family]
    #[arg(
        long,
        alias = "baseLearningRate",
        value_name = "X",
        help_heading = "Schedule"
    )]
    pub lr: Option<f64>,
    /// First decay rate of Adam [default: of the family]
    #[arg(long, value_name = "X", help_heading = "Schedule")]
    pub beta1: Option<f64>,
    /// Second decay rate of Adam [default: of the family]
    #[arg(long, value_name = "X", help_heading = "Schedule")]
    pub beta2: Option<f64>,
    /// linear, linear_nonzero, linear_zero, step, plateau, cosine or constant [default: of the family;
    /// constant where --steps alone says how long]
    #[arg(long, alias = "lr_policy", value_name = "NAME", value_parser = parse_name::<LrPolicy>, help_heading = "Schedule")]
    pub lr_policy: Option<LrPolicy>,
    /// Epochs at the full learning rate [default: of the family]
    #[arg(long, aliases = ["n_epochs", "niter", "decay_epoch"], value_name = "N", help_heading = "Schedule")]
    pub n_epochs: Option<u64>,
    /// Epochs over which the learning rate falls [default: of the family]
    #[arg(long, aliases = ["n_epochs_decay", "niter_decay"], value_name = "N", help_heading = "Schedule")]
    pub n_epochs_decay: Option<u64>,
    /// Epochs between two falls of the step policy [default: 50]
    #[arg(
        long,
        alias = "lr_decay_iters",
        value_name = "N",
        help_heading = "Schedule"
    )]
    pub lr_decay_iters: Option<u64>,

    /// Where to train; `underpaint devices` lists them [default: cpu]
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// f32, bf16 or f16: the numbers in which convolutions and linear layers compute, on devices of
    /// libtorch; weights, losses and optimisers stay f32 [default: f32]
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    #[serde(with = "as_text", default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// Stop after that many steps, counted from the start of the run
    #[arg(
        long,
        value_name = "N",
        help_heading = "Run",
        conflicts_with = "epochs"
    )]
    pub steps: Option<u64>,
    /// Stop after that many epochs; without --n-epochs the second half decays, where the family decays
    /// [default: --n-epochs + --n-epochs-decay]
    #[arg(long, aliases = ["epoch_num", "total_epoch"], value_name = "N", help_heading = "Run")]
    pub epochs: Option<u64>,
    /// Seed of the weights and of every random draw [default: 0]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub seed: Option<u64>,
    /// Begin with the weights of a run, a bundle, a folder of latest_net_*.pth or a file; what does
    /// not fit keeps its own and is named
    #[arg(
        long,
        alias = "load_pretrain",
        value_name = "RUN|BUNDLE|FILE",
        help_heading = "Run"
    )]
    pub load_pretrain: Option<PathBuf>,
    /// Steps between two checkpoints [default: 1000]
    #[arg(long, aliases = ["save_latest_freq", "model_save_step", "save_iter"], short_alias = 's', value_name = "STEPS", help_heading = "Run")]
    pub save_every: Option<u64>,
    /// Steps between two sets of sample pictures [default: 200]
    #[arg(long, aliases = ["display_freq", "eval_iter"], short_alias = 'e', value_name = "STEPS", help_heading = "Run")]
    pub sample_every: Option<u64>,
    /// Newest checkpoints to keep [default: 2]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub keep: Option<usize>,
}

impl RunConfig {
    /// Fills in defaults and checks everything that can be checked without looking at the data.
    ///
    /// # Errors
    ///
    /// Naming the flag, what was expected and what was found.
    pub fn from_flags(flags: &RunFlags, defaults: &RunDefaults) -> Result<Self> {
        if flags.data.is_none() && defaults.needs_data {
            bail!("--data: expected the folder of a data set, found nothing");
        }
        check_counts(flags)?;
        check_numbers(flags)?;
        let length = length(flags, defaults);
        if length == Length::Epochs(0) {
            bail!("--n-epochs and --n-epochs-decay: expected at least 1 epoch in all, found 0");
        }
        let schedule = schedule(flags, defaults);
        if schedule.policy == LrPolicy::Cosine && schedule.n_epochs == 0 {
            bail!("--n-epochs: the cosine policy needs at least 1, found 0");
        }
        Ok(Self {
            data: flags.data.clone().unwrap_or_default(),
            phase: flags.phase.clone().unwrap_or_else(|| "train".to_owned()),
            batch_size: flags.batch_size.unwrap_or(defaults.batch_size),
            shuffle: !flags.serial_batches.unwrap_or(false),
            max_dataset_size: flags.max_dataset_size.filter(|&size| size != usize::MAX),
            remap: flags.remap.clone(),
            workers: flags.workers.unwrap_or(2).max(1),
            sync_batch_norm: flags.sync_batch_norm.unwrap_or(defaults.sync_batch_norm),
            ranks: flags.ranks.unwrap_or(1).max(1),
            schedule,
            adam: AdamConfig {
                beta1: flags.beta1.unwrap_or(defaults.adam.beta1),
                beta2: flags.beta2.unwrap_or(defaults.adam.beta2),
            },
            device: flags.device.unwrap_or_default(),
            precision: flags.precision.unwrap_or_default(),
            length,
            seed: flags.seed.unwrap_or(0),
            load_pretrain: flags.load_pretrain.clone(),
            save_every: flags.save_every.unwrap_or(1000),
            sample_every: flags.sample_every.unwrap_or(200),
            keep: flags.keep.unwrap_or(2),
        })
    }

    /// The flags that give exactly this config.
    pub fn to_flags(&self) -> RunFlags {
        let (steps, epochs) = match self.length {
            Length::Steps(steps) => (Some(steps), None),
            Length::Epochs(epochs) => (None, Some(epochs)),
        };
        let some = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
        RunFlags {
            data: some(&self.data),
            phase: Some(self.phase.clone()),
            batch_size: Some(self.batch_size),
            serial_batches: Some(!self.shuffle),
            max_dataset_size: self.max_dataset_size,
            remap: self.remap.clone(),
            workers: Some(self.workers),
            sync_batch_norm: Some(self.sync_batch_norm),
            ranks: (self.ranks > 1).then_some(self.ranks),
            lr: Some(self.schedule.learning_rate),
            beta1: Some(self.adam.beta1),
            beta2: Some(self.adam.beta2),
            lr_policy: Some(self.schedule.policy),
            n_epochs: Some(self.schedule.n_epochs),
            n_epochs_decay: Some(self.schedule.n_epochs_decay),
            lr_decay_iters: Some(self.schedule.lr_decay_iters),
            device: Some(self.device),
            precision: Some(self.precision),
            steps,
            epochs,
            seed: Some(self.seed),
            load_pretrain: self.load_pretrain.clone(),
            save_every: Some(self.save_every),
            sample_every: Some(self.sample_every),
            keep: Some(self.keep),
        }
    }
}

/// What a rank's batch of `batch` samples becomes where `to` ranks share what `from` shared before.
///
/// # Errors
///
/// If they cannot share it equally.
pub(super) fn shared_anew(batch: usize, from: usize, to: usize) -> Result<usize> {
    let all = batch * from;
    if !all.is_multiple_of(to) {
        bail!(
            "the run has batches of {all} samples ({from} ranks of {batch}), which {to} ranks cannot \
             share equally"
        );
    }
    Ok(all / to)
}

fn check_counts(flags: &RunFlags) -> Result<()> {
    let count = |value: Option<usize>| value.map(|n| n as u64);
    let counts = [
        ("--batch-size", count(flags.batch_size)),
        ("--max-dataset-size", count(flags.max_dataset_size)),
        ("--keep", count(flags.keep)),
        ("--steps", flags.steps),
        ("--epochs", flags.epochs),
        ("--save-every", flags.save_every),
        ("--sample-every", flags.sample_every),
        ("--lr-decay-iters", flags.lr_decay_iters),
    ];
    positive(&counts)
}

/// Checks that none of the given counts is zero.
pub(super) fn positive(counts: &[(&str, Option<u64>)]) -> Result<()> {
    match counts.iter().find(|(_, value)| *value == Some(0)) {
        Some((name, _)) => bail!("{name}: expected at least 1, found 0"),
        None => Ok(()),
    }
}

/// Checks that none of the given numbers is negative, infinite or NaN.
pub(super) fn not_negative(numbers: &[(&str, Option<f64>)]) -> Result<()> {
    let wrong = |value: &f64| !value.is_finite() || *value < 0.0;
    match numbers
        .iter()
        .find(|(_, value)| value.as_ref().is_some_and(wrong))
    {
        Some((name, Some(value))) => {
            bail!("{name}: expected a number of at least 0, found {value}")
        }
        _ => Ok(()),
    }
}

fn check_numbers(flags: &RunFlags) -> Result<()> {
    not_negative(&[("--lr", flags.lr)])?;
    for (name, value) in [("--beta1", flags.beta1), ("--beta2", flags.beta2)] {
        if let Some(value) = value.filter(|beta| !(0.0..1.0).contains(beta)) {
            bail!("{name}: expected a number from 0 up to but not 1, found {value}");
        }
    }
    Ok(())
}

fn schedule(flags: &RunFlags, defaults: &RunDefaults) -> Schedule {
    let only_steps =
        flags.steps.is_some() && flags.n_epochs.is_none() && flags.n_epochs_decay.is_none();
    let policy = match only_steps {
        true => LrPolicy::Constant,
        false => defaults.policy,
    };
    let (first, second) = epochs(flags, defaults);
    Schedule {
        learning_rate: flags.lr.unwrap_or(defaults.learning_rate),
        policy: flags.lr_policy.unwrap_or(policy),
        n_epochs: flags.n_epochs.unwrap_or(first),
        n_epochs_decay: flags.n_epochs_decay.unwrap_or(second),
        lr_decay_iters: flags.lr_decay_iters.unwrap_or(50),
    }
}

/// Epochs at the full rate and of the decay, where they are not given. `--epochs` alone: constant for
/// the first half, falling for the second, in families whose rate falls.
fn epochs(flags: &RunFlags, defaults: &RunDefaults) -> (u64, u64) {
    let Some(epochs) = flags.epochs else {
        return (defaults.n_epochs, defaults.n_epochs_decay);
    };
    let half = match defaults.n_epochs_decay {
        0 => epochs,
        _ => epochs.div_ceil(2),
    };
    let first = flags.n_epochs.unwrap_or(half).min(epochs);
    (first, epochs - first)
}

fn length(flags: &RunFlags, defaults: &RunDefaults) -> Length {
    match (flags.steps, flags.epochs, defaults.steps) {
        (Some(steps), ..) => Length::Steps(steps),
        (None, Some(epochs), _) => Length::Epochs(epochs),
        (None, None, Some(steps)) => Length::Steps(steps),
        (None, None, None) => {
            let first = flags.n_epochs.unwrap_or(defaults.n_epochs);
            Length::Epochs(first + flags.n_epochs_decay.unwrap_or(defaults.n_epochs_decay))
        }
    }
}
