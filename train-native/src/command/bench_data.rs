//! `underpaint bench-data`: our half of `cargo xtask bench data`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::bench_step::{cpu_seconds, peak_rss_mib};
use crate::data::SampleInput;
use crate::data::loader::{Loader, LoaderOptions};
use crate::data::paired::{PairedDataset, PairedOptions};

/// Flags of `bench-data`.
#[derive(Debug, Args)]
pub struct BenchDataArgs {
    /// Folder of AB pictures with the folder `train` in it
    data: PathBuf,
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Times that the folder is read
    #[arg(long, default_value_t = 3)]
    epochs: u64,
}

/// One line of JSON on standard output.
#[derive(Debug, Serialize)]
struct Report {
    samples: usize,
    /// From the first epoch's start to the last one's end.
    wall_ms_per_sample: f64,
    cpu_ms_per_sample: f64,
    peak_rss_mib: f64,
    /// Over both halves of all samples, for the peer to compare.
    mean: f64,
}

impl BenchDataArgs {
    /// Times the loader of pix2pix: decoding, halving, 256 to 286 pixels, a cut-out of 256, mirroring,
    /// floats.
    pub fn run(self) -> Result<ExitCode> {
        let dataset = PairedDataset::open(&self.data, "train", PairedOptions::default())?;
        let options = LoaderOptions {
            workers: self.workers,
            ..LoaderOptions::default()
        };
        let loader = Loader::new(Arc::new(dataset), options)?;
        // The first reading fills the system's cache.
        for batch in loader.epoch(0, 0) {
            batch?;
        }
        let (mut samples, mut sum, mut count) = (0, 0.0, 0);
        let (started, cpu) = (Instant::now(), cpu_seconds());
        for epoch in 1..=self.epochs {
            for batch in loader.epoch(epoch, 0) {
                for sample in batch? {
                    samples += 1;
                    let SampleInput::Image(input) = sample.input else {
                        continue;
                    };
                    // A few of the numbers: this thread is not what is measured.
                    let few =
                        [&input.data, &sample.target.data].map(|data| data.iter().step_by(997));
                    for value in few.into_iter().flatten() {
                        sum += f64::from(*value);
                        count += 1;
                    }
                }
            }
        }
        let per_sample = |seconds: f64| seconds * 1e3 / samples as f64;
        let report = Report {
            samples,
            wall_ms_per_sample: per_sample(started.elapsed().as_secs_f64()),
            cpu_ms_per_sample: per_sample(cpu_seconds() - cpu),
            peak_rss_mib: peak_rss_mib(),
            mean: sum / f64::from(count),
        };
        println!("{}", serde_json::to_string(&report)?);
        Ok(ExitCode::SUCCESS)
    }
}
