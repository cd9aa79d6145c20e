//! `underpaint dataset coco-instances`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::progress_bar;
use crate::data::coco::{CocoOptions, write_coco_instances};

#[derive(Debug, Args)]
pub(super) struct CocoInstancesArgs {
    /// COCO's annotations: instances_train2017.json or instances_val2017.json
    #[arg(long, value_name = "FILE")]
    annotations: PathBuf,
    /// Folder of label maps named after the pictures: 000000000139.png
    #[arg(long, value_name = "DIR")]
    labels: PathBuf,
    /// Folder to write instance maps to; good for edges, and for nothing else
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn run(args: CocoInstancesArgs) -> Result<ExitCode> {
    let options = CocoOptions {
        annotations: args.annotations,
        labels: args.labels,
        output: args.output,
    };
    eprintln!("reading {}", options.annotations.display());
    let bar = progress_bar("maps")?;
    let summary = write_coco_instances(&options, &|done, all| bar.show(done, all))?;
    bar.finish();
    println!("{summary}");
    Ok(ExitCode::SUCCESS)
}
