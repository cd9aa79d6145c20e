//! `cargo xtask wasm`: the browser package, made without a tool that has to be installed beside
//! Rust and Node.js.
//!
//! `wasm-bindgen-cli-support` is the library behind the wasm-bindgen program; taking it from
//! `Cargo.lock` rules out the version mismatch that the separate program is known for.
//!
//! Reading order: [`variant`] (the two builds of the module), [`package`] (what is made of them),
//! `sizes` and `contents` (what is printed).

mod contents;
mod package;
mod sizes;
mod variant;

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::notices;
use crate::npm::Npm;
use crate::process;
use crate::project::{self, Project};
use crate::stages::readable;
use contents::Contents;
use package::Built;
pub use variant::Variant;
use variant::{READER, READER_FILE, TARGET};

/// The module's crate.
const PACKAGE: &str = "underpaint-web";
/// The crate of the module that reads the authors' weight files, which is downloaded when one is opened.
const READER_PACKAGE: &str = "underpaint-checkpoint";
/// Licences of the crates in it, in the package.
const NOTICES: &str = "THIRD-PARTY.txt";
/// Cargo profile of the module.
const PROFILE: &str = "wasm";

/// Options of `cargo xtask wasm`.
#[derive(clap::Args)]
pub struct Args {
    /// Shrink the modules with wasm-opt (npm package binaryen; takes longer)
    #[arg(long)]
    release: bool,
    /// Build only the module that runs everywhere, not the one with relaxed SIMD: half the time
    #[arg(long)]
    plain: bool,
    /// Print which crates fill the module
    #[arg(long)]
    by_crate: bool,
}

/// Builds `www/pkg` and prints how large it is.
///
/// # Errors
/// Those of [`build`]; when Node.js is missing.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let variants: &[Variant] = if args.plain {
        &Variant::ONE
    } else {
        &Variant::ALL
    };
    build(project, &Npm::find(project)?, variants, args.release)?;
    sizes::print(&project.root, variants)?;
    if args.by_crate {
        let built = Variant::Plain.built(project, PROFILE);
        let module = fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
        Contents::of(&module)?.print();
    }
    Ok(())
}

/// Builds `www/pkg`, replacing what is there only when everything has worked. Cargo decides what is
/// compiled anew; a package that was made from the same modules stays as it is, also where it has
/// been shrunk or has another module and that was not asked for.
///
/// # Errors
/// When a build step fails, or npm fails with `shrink`.
pub fn build(project: &Project, npm: &Npm, variants: &[Variant], shrink: bool) -> Result<()> {
    ensure_target(project)?;
    let modules = variants
        .iter()
        .map(|&variant| compile(project, variant))
        .collect::<Result<Vec<_>>>()?;
    let reader = reader(project)?;
    let destination = npm.www.join("pkg");
    if package::is_current(&destination, &modules, &reader, shrink) {
        eprintln!("{} is current", project::short(&destination, &project.root));
        return Ok(());
    }

    let work = tempfile::Builder::new()
        .prefix(".pkg-unfinished-")
        .tempdir_in(&npm.www)
        .with_context(|| format!("making a folder in {}", npm.www.display()))?;
    let folder = work.path().join("pkg");
    package::bind(&modules, &folder)?;
    package::bind_one(&reader, &folder)?;
    let licences = notices::of(project, PACKAGE, TARGET)?;
    fs::write(folder.join(NOTICES), licences)
        .context("writing the notices of the module's crates")?;
    if shrink {
        npm.install()?;
        for &variant in variants {
            optimize(npm, variant, &variant.within(&folder))?;
        }
        optimize(npm, Variant::Plain, &folder.join(READER_FILE))?;
    }
    package::list_modules(&folder, variants)?;
    package::stamp(&folder, &modules, &reader, shrink)?;
    if destination.exists() {
        fs::remove_dir_all(&destination)
            .with_context(|| format!("removing {}", destination.display()))?;
    }
    fs::rename(&folder, &destination)
        .with_context(|| format!("moving the package to {}", destination.display()))
}

fn compile(project: &Project, variant: Variant) -> Result<Built> {
    // Together, so that cargo finds one set of features for burn and compiles it once.
    let packages: &[&str] = match variant {
        Variant::Plain => &[PACKAGE, READER_PACKAGE],
        Variant::Relaxed => &[PACKAGE],
    };
    let mut build = project.cargo();
    build.args(["build", "--profile", PROFILE]);
    for package in packages {
        build.args(["-p", package]);
    }
    build.arg("--target-dir").arg(variant.target(project));
    process::run(variant.apply_to(&mut build))?;
    Built::read(variant, variant.built(project, PROFILE))
}

/// The module that reads weight files, which was compiled with the plain one: for reading files one build
/// is as quick as the other.
fn reader(project: &Project) -> Result<Built> {
    let built = Variant::Plain.built(project, PROFILE);
    Built::read(
        Variant::Plain,
        built.with_file_name(READER).with_extension("wasm"),
    )
}

/// Sees to it that Rust's standard library for browsers is there. rustup installs it with the
/// toolchain, because `rust-toolchain.toml` says so, but not into one that was there before.
fn ensure_target(project: &Project) -> Result<()> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut ask = Command::new(rustc);
    ask.args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(&project.root);
    if Path::new(process::stdout_of(&mut ask)?.trim()).is_dir() {
        return Ok(());
    }
    if !process::is_installed("rustup") {
        bail!("this Rust cannot build for browsers: install its standard library for {TARGET}");
    }
    let mut rustup = Command::new("rustup");
    rustup
        .args(["target", "add", TARGET])
        .current_dir(&project.root);
    process::run_to_stderr(&mut rustup)
}

/// Shrinks a module in place.
fn optimize(npm: &Npm, variant: Variant, module: &Path) -> Result<()> {
    eprintln!("shrinking the {} module with wasm-opt", variant.name());
    let start = Instant::now();
    let smaller = module.with_extension("smaller");
    let mut optimizer = Command::new(npm.tool("wasm-opt"));
    optimizer
        .arg("-Oz")
        .args(variant.optimizer_features())
        .arg(module)
        .arg("-o")
        .arg(&smaller);
    process::run_to_stderr(&mut optimizer)?;
    fs::rename(&smaller, module).with_context(|| format!("replacing {}", module.display()))?;
    eprintln!("wasm-opt took {}", readable(start.elapsed()));
    Ok(())
}
