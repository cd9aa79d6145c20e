//! `underpaint dataset cityscapes`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use underpaint_core::label::KnownPalette;

use super::{exit, progress_bar};
use crate::data::cityscapes::{CityscapesOptions, Split, Transfer, flatten_cityscapes};
use crate::data::labelled::write_palette_if_none;

#[derive(Debug, Args)]
pub(super) struct CityscapesArgs {
    /// Folder with the raw data set: gtFine/ and leftImg8bit/
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Folder to write: {split}_img, {split}_label and {split}_inst, and palette.json, which names the classes
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Which splits, with commas between them [default: those that are there]
    #[arg(long, value_name = "SPLITS", value_delimiter = ',')]
    split: Option<Vec<SplitName>>,
    /// Copy the files (the default)
    #[arg(long, conflicts_with = "link")]
    copy: bool,
    /// Link to the files instead of copying them
    #[arg(long)]
    link: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SplitName {
    Train,
    Val,
    Test,
}

/// Exit code 1 says that a frame was left out.
pub(super) fn run(args: CityscapesArgs) -> Result<ExitCode> {
    let split = |name| match name {
        SplitName::Train => Split::Train,
        SplitName::Val => Split::Val,
        SplitName::Test => Split::Test,
    };
    let options = CityscapesOptions {
        root: args.root,
        output: args.output,
        splits: args
            .split
            .map(|names| names.into_iter().map(split).collect()),
        transfer: match args.link {
            true => Transfer::Link,
            false => Transfer::Copy,
        },
    };
    let bar = progress_bar("frames")?;
    let report = flatten_cityscapes(&options, &|done, all| bar.show(done, all))?;
    bar.finish();
    write_palette_if_none(&options.output, KnownPalette::Cityscapes)?;
    print!("{report}");
    Ok(exit(report.problems().next().is_none()))
}
