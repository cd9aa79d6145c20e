//! `cargo xtask wasm`: the browser package, made without a tool that has to be installed beside
//! Rust and Node.js.
//!
//! `wasm-bindgen-cli-support` is the library behind the wasm-bindgen program; taking it from
//! `Cargo.lock` rules out the version mismatch that the separate program is known for.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::process;
use crate::project::{self, Project};
use crate::stages::readable;

/// The package's name as a file.
const MODULE: &str = "underpaint_web";

/// Options of `cargo xtask wasm`.
#[derive(clap::Args)]
pub struct Args {
    /// Shrink the module with wasm-opt -Oz (npm package binaryen; minutes for a full module)
    #[arg(long)]
    release: bool,
}

/// Turns a cargo command into one for browsers: the target and the one CPU feature, SIMD, that
/// every browser with WebGPU has and that is several times faster than without.
pub fn for_wasm32(cargo: &mut Command) -> &mut Command {
    cargo
        .env("CARGO_BUILD_TARGET", "wasm32-unknown-unknown")
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "-C target-feature=+simd128",
        )
}

/// Builds `www/pkg`, replacing what is there only when everything has worked.
///
/// # Errors
/// When a build step fails, or npm is missing with `--release`.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let www = project.root.join("www");
    let mut build = project.cargo();
    build.args(["build", "--release", "-p", "underpaint-web"]);
    process::run(for_wasm32(&mut build))?;
    let built = project
        .target
        .join("wasm32-unknown-unknown/release")
        .join(MODULE)
        .with_extension("wasm");

    let work = tempfile::Builder::new()
        .prefix(".pkg-unfinished-")
        .tempdir_in(&www)
        .with_context(|| format!("making a folder in {}", www.display()))?;
    let package = work.path().join("pkg");
    bind(&built, &package)?;
    let module = package.join(format!("{MODULE}_bg.wasm"));
    if args.release {
        optimize(&www, &module)?;
    }
    let destination = www.join("pkg");
    if destination.exists() {
        fs::remove_dir_all(&destination)
            .with_context(|| format!("removing {}", destination.display()))?;
    }
    fs::rename(&package, &destination)
        .with_context(|| format!("moving the package to {}", destination.display()))?;
    print_sizes(&destination, &project.root)
}

fn bind(built: &Path, package: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(built)
        .typescript(true)
        .remove_producers_section(true)
        .remove_name_section(true)
        // Without arguments, `init()` then loads the module that lies beside the script.
        .omit_default_module_path(false);
    bindgen.web(true)?;
    bindgen
        .generate(package)
        .with_context(|| format!("wasm-bindgen on {}", built.display()))
}

fn optimize(www: &Path, module: &Path) -> Result<()> {
    let wasm_opt = www.join("node_modules/.bin/wasm-opt");
    if !wasm_opt.exists() {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(www);
        process::run_to_stderr(&mut npm).context("installing www's development packages")?;
    }
    eprintln!("wasm-opt -Oz (about 5 minutes for a module of 20 MB)");
    let start = Instant::now();
    let smaller = module.with_extension("smaller");
    let mut optimizer = Command::new(&wasm_opt);
    optimizer.arg("-Oz").arg(module).arg("-o").arg(&smaller);
    process::run_to_stderr(&mut optimizer)?;
    fs::rename(&smaller, module).with_context(|| format!("replacing {}", module.display()))?;
    eprintln!("wasm-opt took {}", readable(start.elapsed()));
    Ok(())
}

fn print_sizes(package: &Path, root: &Path) -> Result<()> {
    println!("{:<36}{:>12}{:>12}", "file", "bytes", "gzip");
    for name in [format!("{MODULE}_bg.wasm"), format!("{MODULE}.js")] {
        let path = package.join(name);
        let reading = || format!("reading {}", path.display());
        let bytes = fs::metadata(&path).with_context(reading)?.len();
        let compressed =
            gzip_size(&mut File::open(&path).with_context(reading)?).with_context(reading)?;
        println!(
            "{:<36}{bytes:>12}{compressed:>12}",
            project::short(&path, root).to_string()
        );
    }
    Ok(())
}

/// Bytes after gzip at its best level, as a web server would send them.
fn gzip_size(input: &mut impl io::Read) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(Counter(0), Compression::best());
    io::copy(input, &mut encoder)?;
    Ok(encoder.finish()?.0)
}

struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn gzip_size_counts_compressed_bytes() {
        let size = gzip_size(&mut io::repeat(7).take(100_000)).unwrap();
        assert!((20..1000).contains(&size), "{size}");
    }
}
