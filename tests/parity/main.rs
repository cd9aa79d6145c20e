//! Golden parity with the original PyTorch code, on every device of this build.
//!
//! Every folder in `tests/fixtures`, or in `$UNDERPAINT_FIXTURES`, is built from its `meta.json` and
//! compared at its own tolerances (ten times the original's own f32 noise). A kind, flag or tensor
//! that the harness does not know is a failure, never skipped. `$UNDERPAINT_DEVICES`, names with commas
//! between them, chooses other devices.
//!
//! As `parity underpaint …` it is the program itself: one file for `cargo xtask gpu-check` to take along.

mod bundle;
mod checkpoint;
mod data;
#[cfg(feature = "tch")]
mod families;
mod formula;
mod gan_loss;
mod image_pool;
mod network;
#[cfg(all(feature = "tch", target_os = "linux"))]
mod npu;
#[cfg(feature = "tch")]
mod ops;
mod perceptual;
mod pgan;
mod pix2pixhd;
#[cfg(feature = "tch")]
mod precision;
mod runner;
mod schedule;
mod spade;
mod trace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use libtest_mimic::{Arguments, Failed, Trial};
use underpaint::command::Cli;
use underpaint::device::DeviceName;
use underpaint_tests::Fixture;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("underpaint") {
        return program();
    }
    let arguments = Arguments::from_args();
    // Trajectories of training amplify rounding: with other sums on another number of cores, a leaky
    // ReLU's input of 1e-9 can change its sign, and twenty steps later a loss its sixth digit.
    underpaint::device::set_threads(1);
    match trials() {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("parity: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn program() -> ExitCode {
    match Cli::parse_from(std::env::args_os().skip(1)).run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Devices that must agree with the originals; with libtorch the stand-in of an NPU is one.
fn devices() -> Result<Vec<DeviceName>> {
    if let Ok(names) = std::env::var("UNDERPAINT_DEVICES") {
        let names = names.split(',').map(str::parse);
        return names.map(|name| name.map_err(anyhow::Error::msg)).collect();
    }
    let mut devices = vec![DeviceName::Cpu];
    if cfg!(feature = "libtorch") {
        devices.push(DeviceName::LibtorchCpu);
    }
    #[cfg(all(feature = "tch", target_os = "linux"))]
    {
        underpaint_torch::stand_in::load()?;
        devices.push(DeviceName::Npu(0));
    }
    Ok(devices)
}

fn trials() -> Result<Vec<Trial>> {
    let root = match std::env::var_os("UNDERPAINT_FIXTURES") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
    };
    let entries = std::fs::read_dir(&root).map_err(anyhow::Error::from)?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    if folders.is_empty() {
        bail!("{}: expected fixtures, found none", root.display());
    }
    let devices = devices()?;
    let mut trials = Vec::new();
    #[cfg(all(feature = "tch", target_os = "linux"))]
    if devices.contains(&DeviceName::Npu(0)) {
        trials.extend(npu::trials());
    }
    #[cfg(feature = "tch")]
    if devices.contains(&DeviceName::LibtorchCpu) {
        trials.extend(ops::trials());
        trials.extend(precision::trials());
    }
    for (name, output) in bundle::GENERATORS {
        let folder = root.join(name);
        if !folder.is_dir() {
            continue;
        }
        let chosen = std::env::var_os("UNDERPAINT_DEVICES").is_some();
        let gpu = (cfg!(feature = "wgpu") && !chosen).then_some(DeviceName::Wgpu);
        for device in devices.iter().copied().chain(gpu) {
            let folder = folder.clone();
            trials.push(Trial::test(
                format!("bundle::{name}::{device}"),
                move || {
                    let fixture = Fixture::open(&folder).map_err(told)?;
                    bundle::check(&fixture, output, device).map_err(told)
                },
            ));
        }
    }
    for folder in folders {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for &device in &devices {
            let folder = folder.clone();
            trials.push(Trial::test(
                format!("parity::{name}::{device}"),
                move || run(&folder, device).map_err(told),
            ));
        }
    }
    Ok(trials)
}

fn told(error: anyhow::Error) -> Failed {
    Failed::from(format!("{error:#}"))
}

fn run(folder: &std::path::Path, device: DeviceName) -> Result<()> {
    let fixture = Fixture::open(folder)?;
    let device = underpaint::device::open(device)?;
    match (fixture.text("family")?, fixture.text("kind")?) {
        ("pix2pix", "generator") => network::generator(&fixture, &device),
        ("pix2pix", "discriminator") => network::discriminator(&fixture, &device),
        ("pix2pix", "gan_loss") => gan_loss::check(&fixture, &device),
        ("pix2pix", "trace") => trace::check(&fixture, &device),
        ("pix2pix" | "pix2pixHD", "image_pool") => image_pool::check(&fixture, &device),
        ("pix2pix", "lr_tables") => schedule::check(&fixture),
        ("pix2pix", "paired_ab") => data::paired_ab(&fixture),
        ("data", "resize") => data::resize(&fixture),
        ("pix2pixHD", "generator") => pix2pixhd::generator(&fixture, &device),
        ("pix2pixHD", "discriminator") => pix2pixhd::discriminator(&fixture, &device),
        ("pix2pixHD", "encoder") => pix2pixhd::encoder(&fixture, &device),
        ("pix2pixHD", "encode_input") => pix2pixhd::encode_input(&fixture, &device),
        ("pix2pixHD", "features") => pix2pixhd::features(&fixture, &device),
        ("pix2pixHD", "losses") => pix2pixhd::losses(&fixture, &device),
        ("pix2pixHD", "trace") => pix2pixhd::trace(&fixture, &device),
        ("pgan", "checkpoint") => checkpoint::pgan(&fixture, &device),
        ("containers", "files") => checkpoint::containers(&fixture),
        ("vgg", "vgg19") => perceptual::vgg19(&fixture, &device),
        ("fid", "fid") => perceptual::fid(&fixture, &device),
        ("pgan", "networks") => pgan::networks(&fixture, &device),
        ("pgan", "stddev") => pgan::stddev(&fixture, &device),
        ("pgan", "trace") => pgan::trace(&fixture, &device),
        ("pgan", "alpha_tables") => pgan::alpha_tables(&fixture),
        ("pgan", "load") => data::pgan_load(&fixture),
        ("pix2pixHD", "label_transform") => data::pix2pixhd_labels(&fixture),
        ("pix2pixHD", "lr_tables") => schedule::check_pix2pixhd(&fixture),
        ("pix2pixHD", "palette") => data::pix2pixhd_palette(&fixture),
        ("spade", "label_transform") => data::spade_labels(&fixture),
        ("spade", "lr_tables") => schedule::check_spade(&fixture),
        ("spade", "palette") => data::spade_palette(&fixture),
        ("spade", "generator") => spade::generator(&fixture, &device),
        ("spade", "generator_formula") => spade::formula_generator(&fixture, &device),
        ("spade", "block") => spade::block(&fixture, &device),
        ("spade", "discriminator") => spade::discriminator(&fixture, &device),
        ("spade", "vae_encoder") => spade::encoder(&fixture, &device),
        ("spade", "gan_loss") => spade::losses(&fixture, &device),
        ("spade", "trace") => spade::trace(&fixture, &device),
        (family, kind) => bail!("family {family}, kind {kind}: not known to this harness"),
    }
}
