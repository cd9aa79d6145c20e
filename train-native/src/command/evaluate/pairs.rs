//! What is said of pairs of pictures, and pairs that lie in two folders.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::data::decode::{Color, read_picture};
use crate::data::files::list_pictures_of;
use crate::evaluate::grain::{Grain, GrainCollector};
use crate::evaluate::paired::PairedMetrics;

/// What is written as JSON of two folders.
#[derive(Debug, Serialize)]
pub(super) struct Pairs {
    /// Number of pictures.
    count: usize,
    /// Means over all pictures.
    mean: PairedMetrics,
    /// What was added to plain surfaces, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    grain: Option<Grain>,
    /// Every picture, in the order of the names.
    files: Vec<FileMetrics>,
}

/// One picture.
#[derive(Debug, Serialize)]
pub(super) struct FileMetrics {
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) metrics: PairedMetrics,
}

/// Compares the pictures of two folders that have one name, and prints what is found.
pub(super) fn compare(real: &Path, fake: &Path) -> Result<Pairs> {
    let mut grain = GrainCollector::default();
    let files = list_pictures_of(fake, "generated pictures")?
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            let partner = real.join(path.file_name().unwrap_or_default());
            let [fake, real] = [path, &partner].map(|path| read_picture(path, Color::Rgb));
            let (fake, real) = (fake?, real?);
            let metrics = PairedMetrics::between(&fake, &real).with_context(|| name.clone())?;
            grain.push(&fake, &real);
            Ok(FileMetrics { name, metrics })
        })
        .collect::<Result<Vec<_>>>()?;
    let all: Vec<PairedMetrics> = files.iter().map(|file| file.metrics).collect();
    let pairs = Pairs {
        count: files.len(),
        mean: PairedMetrics::mean(&all).context("a folder of pictures is never empty")?,
        grain: grain.finish(),
        files,
    };
    print_table(&pairs.files, &pairs.mean);
    pairs.grain.iter().for_each(print_grain);
    Ok(pairs)
}

/// Prints a line of every picture and their mean.
pub(super) fn print_table(files: &[FileMetrics], mean: &PairedMetrics) {
    let width = files
        .iter()
        .map(|file| file.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    println!(
        "{:<width$}  {:>8}  {:>8}  {:>8}",
        "file", "L1", "PSNR dB", "SSIM"
    );
    let line = |name: &str, metrics: &PairedMetrics| {
        println!(
            "{name:<width$}  {:>8.5}  {:>8.3}  {:>8.5}",
            metrics.l1, metrics.psnr, metrics.ssim
        );
    };
    files
        .iter()
        .for_each(|file| line(&file.name, &file.metrics));
    line("mean", mean);
}

/// Prints what was added to plain surfaces.
pub(super) fn print_grain(grain: &Grain) {
    println!(
        "plain surfaces ({:.0} % of the blocks), levels of 255: checkerboard {:.3} (real {:.3}), grain {:.3} (real \
         {:.3})",
        100.0 * grain.plain,
        grain.checkerboard,
        grain.checkerboard_real,
        grain.grain,
        grain.grain_real
    );
}
