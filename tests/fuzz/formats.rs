//! What is read, from what samples, and what must hold whatever a file became.

mod pictures;
mod tables;
mod weights;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use anyhow::Result;
use clap::Parser;
use rand::{RngExt, SeedableRng};
use underpaint::command::Cli;

use crate::mutate::{self, Rng};
use crate::repack;

/// A valid file.
#[derive(Clone)]
pub struct Sample {
    /// Its name; the ending matters to some readers.
    pub name: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Files beside it that stay as they are.
    pub beside: Vec<(&'static str, Vec<u8>)>,
    /// Whether it must be accepted as it is: some samples are files that must be refused with words.
    pub good: bool,
}

impl Sample {
    fn new(name: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name,
            bytes,
            beside: Vec::new(),
            good: true,
        }
    }
}

/// A file on disk to be tried.
pub struct Case {
    /// A folder with nothing but the file and those beside it.
    pub folder: PathBuf,
    /// The file.
    pub path: PathBuf,
    /// Its name.
    pub name: &'static str,
    /// Whether it must be accepted.
    pub good: bool,
    /// Which input of the run it is.
    pub iteration: u64,
}

type Damage = fn(&mut Rng, &mut Vec<u8>, &[u8]);

/// A kind of file.
pub struct Format {
    /// Name on the command line.
    pub name: &'static str,
    /// Inputs in a short run.
    pub inputs: u64,
    /// Made once: every input begins with one of them.
    samples: LazyLock<Vec<Sample>>,
    /// Damage inside of the format's wrapping.
    inside: Damage,
    /// Reads a file, and says what promise was broken. May panic, hang or take memory: then that one.
    pub check: fn(&Case) -> Result<(), String>,
}

/// Every kind of file that a person can hand over.
pub static FORMATS: [Format; 17] = [
    format("png", 400, pictures::png, repack::png, pictures::check),
    format("jpeg", 300, pictures::jpeg, mutate::bytes, pictures::check),
    format("tiff", 400, pictures::tiff, mutate::bytes, pictures::check),
    format("webp", 300, pictures::webp, mutate::bytes, pictures::check),
    format("bmp", 300, pictures::bmp, mutate::bytes, pictures::check),
    format("pnm", 300, pictures::pnm, mutate::bytes, pictures::check),
    format("pth", 500, weights::pth, repack::zip, weights::check),
    format(
        "pickle",
        500,
        weights::legacy,
        mutate::bytes,
        weights::check,
    ),
    format(
        "safetensors",
        300,
        weights::safetensors,
        repack::safetensors,
        weights::check,
    ),
    format(
        "manifest",
        300,
        weights::manifest,
        repack::text,
        weights::check_bundle,
    ),
    format(
        "underpaint",
        300,
        weights::bundle_files,
        repack::zip,
        weights::check_bundle_file,
    ),
    format(
        "clusters",
        300,
        weights::clusters,
        mutate::bytes,
        weights::check_clusters,
    ),
    format(
        "mindspore",
        300,
        weights::mindspore,
        mutate::bytes,
        weights::check_mindspore,
    ),
    format("toml", 400, tables::toml, repack::text, tables::check_toml),
    format(
        "palette",
        300,
        tables::palette,
        repack::text,
        tables::check_palette,
    ),
    format(
        "annotations",
        300,
        tables::annotations,
        repack::text,
        tables::check_annotations,
    ),
    format(
        "remap",
        300,
        tables::remap,
        repack::text,
        tables::check_remap,
    ),
];

const fn format(
    name: &'static str,
    inputs: u64,
    samples: fn() -> Vec<Sample>,
    inside: Damage,
    check: fn(&Case) -> Result<(), String>,
) -> Format {
    Format {
        name,
        inputs,
        samples: LazyLock::new(samples),
        inside,
        check,
    }
}

/// Input `iteration` of a seed: first every sample as it is, then damaged ones.
pub fn input(format: &Format, seed: u64, iteration: u64) -> Sample {
    let samples = &*format.samples;
    let count = samples.len();
    if let Some(sample) = samples.get(iteration as usize) {
        return sample.clone();
    }
    let mut rng = Rng::seed_from_u64(seed);
    rng.set_stream(iteration);
    let mut sample = samples[rng.random_range(0..count)].clone();
    let other = &samples[rng.random_range(0..count)].bytes;
    let kind = rng.random_range(0..5);
    if kind < 3 {
        (format.inside)(&mut rng, &mut sample.bytes, other);
    }
    if kind > 1 {
        mutate::bytes(&mut rng, &mut sample.bytes, other);
    }
    sample.good = false;
    sample
}

/// Runs the program's own entry point in this process; whether it found everything well.
fn underpaint<const N: usize>(arguments: [&dyn AsRef<std::ffi::OsStr>; N]) -> Result<bool> {
    let words = arguments.iter().map(|word| OsString::from(*word));
    let cli = Cli::try_parse_from(std::iter::once("underpaint".into()).chain(words))?;
    Ok(cli.run()? == ExitCode::SUCCESS)
}

/// Makes sure that a folder holds nothing but what was there.
fn nothing_left(folder: &Path, expected: &[&str]) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !expected.iter().any(|known| name == *known) {
            return Err(format!("left behind after an error: {}", name.display()));
        }
    }
    Ok(())
}

/// Makes sure that an error is for people: it names the file.
fn names_file(error: &str, case: &Case) -> Result<(), String> {
    match error.contains(case.name) {
        true => Ok(()),
        false => Err(format!(
            "expected an error that names {}, found: {error}",
            case.name
        )),
    }
}

/// Makes sure that an undamaged sample was taken.
fn taken<T, E: std::fmt::Display>(case: &Case, read: &Result<T, E>) -> Result<(), String> {
    match read {
        Err(error) if case.good => Err(format!("a valid file was refused: {error:#}")),
        _ => Ok(()),
    }
}
