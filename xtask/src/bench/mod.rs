//! `cargo xtask bench …`: the same work by Underpaint and by something people know, in one run on
//! one machine.

mod busy;
mod data;
mod generate;
mod scaling;
mod train;
mod web;

use anyhow::Result;

use crate::project::Project;

/// What can be measured.
#[derive(clap::Subcommand)]
pub enum Command {
    /// A family's training step with libtorch, against PyTorch eager and its best settings
    Train(train::Args),
    /// Decoding, resizing and cropping of training pictures, against Pillow
    Data(data::Args),
    /// A full-size generator of another family with libtorch, against PyTorch eager
    Generate(generate::Args),
    /// A step of one process against one of two ranks of a run, one thread each
    Scaling(scaling::Args),
    /// The generator in headless Chromium, against ONNX Runtime Web
    Web(web::Args),
}

/// Runs one benchmark.
///
/// # Errors
/// When a side cannot be built or run.
pub fn run(project: &Project, command: &Command) -> Result<()> {
    match command {
        Command::Train(args) => train::run(project, args),
        Command::Data(args) => data::run(project, args),
        Command::Generate(args) => generate::run(project, args),
        Command::Scaling(args) => scaling::run(project, args),
        Command::Web(args) => web::run(project, args),
    }
}
