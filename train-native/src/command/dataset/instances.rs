//! `underpaint dataset instances`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::progress_bar;
use crate::data::instances::{Connectivity, InstanceOptions, Numbering, write_instances};

#[derive(Debug, Args)]
pub(super) struct InstancesArgs {
    /// Folder of label maps
    #[arg(long, value_name = "DIR")]
    labels: PathBuf,
    /// Folder to write 16-bit instance maps to
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Pixels that touch: 4 by an edge, 8 by an edge or a corner
    #[arg(long, value_name = "N", default_value = "4", value_parser = ["4", "8"])]
    connectivity: String,
    /// Classes that consist of things, with commas between them: their parts get label * 1000 + n, as in
    /// Cityscapes, and all other classes keep their label as id
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        conflicts_with = "per_class"
    )]
    things: Option<Vec<u16>>,
    /// Number the parts of every class by that rule, as far as 16 bits hold it (classes 1 to 64)
    /// [default: 0, 1, 2, … over all parts, which is enough for edges and says nothing of the class]
    #[arg(long)]
    per_class: bool,
}

pub(super) fn run(args: InstancesArgs) -> Result<ExitCode> {
    let numbering = match (args.things, args.per_class) {
        (Some(things), _) => Numbering::of_things(things)?,
        (None, true) => Numbering::PerClass,
        (None, false) => Numbering::Running,
    };
    let options = InstanceOptions {
        labels: args.labels,
        output: args.output,
        connectivity: match args.connectivity.as_str() {
            "8" => Connectivity::Eight,
            _ => Connectivity::Four,
        },
        numbering,
    };
    let bar = progress_bar("maps")?;
    let summary = write_instances(&options, &|done, all| bar.show(done, all))?;
    bar.finish();
    println!("{summary}, in {}", options.output.display());
    Ok(ExitCode::SUCCESS)
}
