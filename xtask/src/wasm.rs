//! `cargo xtask wasm`: the browser package, made without a tool that has to be installed beside
//! Rust and Node.js.
//!
//! `wasm-bindgen-cli-support` is the library behind the wasm-bindgen program; taking it from
//! `Cargo.lock` rules out the version mismatch that the separate program is known for.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::notices;
use crate::npm::Npm;
use crate::process;
use crate::project::{self, Project, sha256};
use crate::stages::readable;
use crate::wasm_contents::Contents;

/// The package's name as a file.
const MODULE: &str = "underpaint_web";
/// Its crate.
const PACKAGE: &str = "underpaint-web";
/// Licences of the crates in it, in the package.
const NOTICES: &str = "THIRD-PARTY.txt";
/// What cargo calls browsers.
const TARGET: &str = "wasm32-unknown-unknown";
/// Cargo profile of the module.
const PROFILE: &str = "wasm";
/// How wasm-opt shrinks. Names the features of the module, because a stripped one no longer does.
const WASM_OPT: &str = "-Oz --enable-simd --enable-bulk-memory --enable-bulk-memory-opt \
    --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals \
    --enable-multivalue --enable-reference-types";
/// What a package was made from, in the package.
const STAMP: &str = ".made-from";

/// Options of `cargo xtask wasm`.
#[derive(clap::Args)]
pub struct Args {
    /// Shrink the module with wasm-opt (npm package binaryen; minutes for a full module)
    #[arg(long)]
    release: bool,
    /// Print which crates fill the module
    #[arg(long)]
    by_crate: bool,
}

/// Turns a cargo command into one for browsers: the target and the one CPU feature, SIMD, that
/// every browser with WebGPU has and that is several times faster than without.
pub fn for_wasm32(cargo: &mut Command) -> &mut Command {
    cargo.env("CARGO_BUILD_TARGET", TARGET).env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        "-C target-feature=+simd128",
    )
}

/// Builds `www/pkg` and prints how large it is.
///
/// # Errors
/// Those of [`build`]; when Node.js is missing.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    build(project, &Npm::find(project)?, args.release)?;
    print_sizes(&project.root)?;
    if args.by_crate {
        let built = built(project);
        let module = fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
        Contents::of(&module)?.print();
    }
    Ok(())
}

/// Builds `www/pkg`, replacing what is there only when everything has worked. Cargo decides what is
/// compiled anew; a package that was made from the same module stays as it is, also where it has
/// been shrunk and that was not asked for.
///
/// # Errors
/// When a build step fails, or npm fails with `shrink`.
pub fn build(project: &Project, npm: &Npm, shrink: bool) -> Result<()> {
    let built = compile(project)?;
    let module = fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
    let stamp = Stamp {
        module: sha256(&module),
        shrunk: shrink,
    };
    let destination = npm.www.join("pkg");
    let held = fs::read_to_string(destination.join(STAMP)).unwrap_or_default();
    if stamp.is_satisfied_by(&held) {
        eprintln!("{} is current", project::short(&destination, &project.root));
        return Ok(());
    }

    let work = tempfile::Builder::new()
        .prefix(".pkg-unfinished-")
        .tempdir_in(&npm.www)
        .with_context(|| format!("making a folder in {}", npm.www.display()))?;
    let package = work.path().join("pkg");
    bind(&built, &package)?;
    fs::write(
        package.join(NOTICES),
        notices::of(project, PACKAGE, TARGET)?,
    )
    .context("writing the notices of the module's crates")?;
    if shrink {
        optimize(npm, &package.join(format!("{MODULE}_bg.wasm")))?;
    }
    fs::write(package.join(STAMP), stamp.to_text()).context("writing the package's stamp")?;
    if destination.exists() {
        fs::remove_dir_all(&destination)
            .with_context(|| format!("removing {}", destination.display()))?;
    }
    fs::rename(&package, &destination)
        .with_context(|| format!("moving the package to {}", destination.display()))
}

/// What decides what a package looks like.
struct Stamp {
    /// SHA-256 of what cargo has built.
    module: String,
    /// Whether wasm-opt has been at it.
    shrunk: bool,
}

impl Stamp {
    /// Three lines: the module, the code here that makes a package of it, and how.
    fn to_text(&self) -> String {
        let how = if self.shrunk { "shrunk" } else { "plain" };
        let code = sha256(include_bytes!("wasm.rs"));
        format!("{}\n{code}\n{how}\n", self.module)
    }

    /// Whether a package with the stamp `held` is as good as one with this.
    fn is_satisfied_by(&self, held: &str) -> bool {
        let shrunk = Self {
            module: self.module.clone(),
            shrunk: true,
        };
        held == self.to_text() || held == shrunk.to_text()
    }
}

/// Returns what cargo has built.
fn compile(project: &Project) -> Result<PathBuf> {
    ensure_target(project)?;
    let mut build = project.cargo();
    build.args(["build", "--profile", PROFILE, "-p", PACKAGE]);
    process::run(for_wasm32(&mut build))?;
    Ok(built(project))
}

/// Where cargo leaves the module.
fn built(project: &Project) -> PathBuf {
    let folder = project.target.join(TARGET).join(PROFILE);
    folder.join(MODULE).with_extension("wasm")
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

fn optimize(npm: &Npm, module: &Path) -> Result<()> {
    npm.install()?;
    eprintln!("shrinking with wasm-opt (minutes for a full module)");
    let start = Instant::now();
    let smaller = module.with_extension("smaller");
    let mut optimizer = Command::new(npm.tool("wasm-opt"));
    optimizer
        .args(WASM_OPT.split_whitespace())
        .arg(module)
        .arg("-o")
        .arg(&smaller);
    process::run_to_stderr(&mut optimizer)?;
    fs::rename(&smaller, module).with_context(|| format!("replacing {}", module.display()))?;
    eprintln!("wasm-opt took {}", readable(start.elapsed()));
    Ok(())
}

fn print_sizes(root: &Path) -> Result<()> {
    eprintln!("compressing, to see how much is downloaded");
    println!(
        "{:<36}{:>12}{:>12}{:>12}",
        "file", "bytes", "gzip", "brotli"
    );
    for name in [format!("{MODULE}_bg.wasm"), format!("{MODULE}.js")] {
        let path = root.join("www/pkg").join(name);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        println!(
            "{:<36}{:>12}{:>12}{:>12}",
            project::short(&path, root).to_string(),
            bytes.len(),
            gzip_size(&bytes)?,
            brotli_size(&bytes)?
        );
    }
    Ok(())
}

/// Bytes after gzip at its best level, as a web server would send them.
fn gzip_size(bytes: &[u8]) -> io::Result<u64> {
    let mut encoder = GzEncoder::new(Counter(0), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.0)
}

/// Bytes after Brotli at its best level, as a web server would send them that compresses ahead.
fn brotli_size(bytes: &[u8]) -> io::Result<u64> {
    let best = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut counter = Counter(0);
    brotli::BrotliCompress(&mut &bytes[..], &mut counter, &best)?;
    Ok(counter.0)
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

    #[test]
    fn sizes_count_compressed_bytes() {
        let bytes = [7; 100_000];
        let gzip = gzip_size(&bytes).unwrap();
        let brotli = brotli_size(&bytes).unwrap();
        assert!((20..1000).contains(&gzip), "{gzip}");
        assert!((5..gzip).contains(&brotli), "{brotli}");
    }

    #[test]
    fn a_package_is_made_again_for_another_module_or_to_shrink_it() {
        let stamp = |module: &str, shrunk| Stamp {
            module: module.to_owned(),
            shrunk,
        };
        let plain = stamp("one", false).to_text();
        let shrunk = stamp("one", true).to_text();
        assert!(stamp("one", false).is_satisfied_by(&plain));
        assert!(stamp("one", false).is_satisfied_by(&shrunk));
        assert!(stamp("one", true).is_satisfied_by(&shrunk));
        assert!(!stamp("one", true).is_satisfied_by(&plain));
        assert!(!stamp("two", false).is_satisfied_by(&shrunk));
        assert!(!stamp("one", false).is_satisfied_by(""));
    }
}
