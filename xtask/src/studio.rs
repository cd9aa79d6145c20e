//! `cargo xtask studio` builds the painting studio, `cargo xtask demo` also serves it. Neither needs
//! libtorch or builds anything for training.

use std::path::PathBuf;

use anyhow::Result;
use underpaint_serve::{Listen, Site};

use crate::npm::Npm;
use crate::process;
use crate::project::Project;
use crate::stages::Stages;
use crate::wasm::{self, Variant};

/// Options of `cargo xtask studio`.
#[derive(clap::Args)]
pub struct Args {
    /// Shrink the WebAssembly modules with wasm-opt (takes minutes), for publishing
    #[arg(long)]
    release: bool,
}

/// Options of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct DemoArgs {
    #[command(flatten)]
    listen: Listen,
    /// Only build
    #[arg(long, conflicts_with_all = ["host", "port", "open"])]
    no_serve: bool,
}

/// Builds the studio and says where it is.
///
/// # Errors
/// The failing step's.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    println!("{}", build(project, &Variant::ALL, args.release)?.display());
    Ok(())
}

/// Builds the studio and serves it, with the demo model, until Ctrl-C. Of the module only the build
/// that runs everywhere is made, where it has to be made: half the wait for the first picture.
///
/// # Errors
/// The failing step's; that the port is taken.
pub fn demo(project: &Project, args: &DemoArgs) -> Result<()> {
    let studio = build(project, &Variant::ONE, false)?;
    if args.no_serve {
        println!("{}", studio.display());
        return Ok(());
    }
    let site = Site {
        studio,
        models: None,
    };
    eprintln!("\nCtrl-C stops the server");
    Ok(underpaint_serve::serve(&site, &args.listen)?)
}

/// Builds module and page, each only as far as something has changed. Returns the studio's folder.
fn build(project: &Project, variants: &[Variant], shrink: bool) -> Result<PathBuf> {
    // Said now, rather than after minutes of compiling.
    let npm = Npm::find(project)?;
    let mut stages = Stages::default();
    stages.add("installing www's packages", || npm.install());
    stages.add(
        "building the WebAssembly module (minutes the first time)",
        || wasm::build(project, &npm, variants, shrink),
    );
    stages.add("building the studio", || {
        process::run_to_stderr(&mut npm.script("build"))
    });
    stages.run()?;
    Ok(npm.www.join("dist/studio"))
}
