//! `underpaint dataset labels`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::progress_bar;
use crate::data::colours::{
    ColourTable, FoundKind, LabelsOptions, LabelsSummary, Match, convert_labels,
};
use crate::data::ids::UNKNOWN_ID;
use crate::data::labelled::PALETTE_FILE;

#[derive(Debug, Args)]
pub(super) struct LabelsArgs {
    /// Folder of maps: one colour for every class, masks of 0 and 255, or grey values in three channels
    #[arg(long, value_name = "DIR")]
    input: PathBuf,
    /// Folder to write maps of ids to, under the same names [default: only list the colours]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Which colour is which class [default: the colours that there are, in the order of red, green and blue]
    ///
    /// CVAT's labelmap.txt; lines of `name red green blue`, `red green blue
    /// name` or `name #rrggbb`, also with commas; a palette.json; or JSON:
    /// {"name": [r, g, b]}, {"#rrggbb": "name"}, [[r, g, b], …], or a list of
    /// objects with name and color (and id). Ids are those of the file, else
    /// 0, 1, 2, … in its order. Palette pictures go by their colours then.
    #[arg(long, alias = "colors", value_name = "FILE", verbatim_doc_comment)]
    colours: Option<PathBuf>,
    /// With --colours: every pixel gets the class of the nearest colour, for JPEG and soft edges
    #[arg(long, requires = "colours", conflicts_with = "tolerance")]
    nearest: bool,
    /// With --colours: colours that differ by at most that much in red, green and blue count as the file's (0 to 255)
    #[arg(long, value_name = "N", requires = "colours", default_value_t = 0)]
    tolerance: u8,
    /// With --colours: all other colours get this id; 255 means "don't care" [default: they are refused]
    #[arg(
        long,
        value_name = "ID",
        requires = "colours",
        conflicts_with = "nearest"
    )]
    others: Option<u16>,
    /// Number grey values 0, 1, 2, … instead of keeping them as ids
    #[arg(long, conflicts_with = "colours")]
    compact: bool,
    /// File to write names and colours of the classes to [default: palette.json beside the output's folder]
    #[arg(long, value_name = "FILE", requires = "output")]
    palette: Option<PathBuf>,
}

pub(super) fn run(args: LabelsArgs) -> Result<ExitCode> {
    let colours = args.colours.as_deref().map(ColourTable::read).transpose()?;
    let beside = args
        .output
        .as_ref()
        .map(|output| output.with_file_name(PALETTE_FILE));
    let options = LabelsOptions {
        input: args.input,
        output: args.output,
        palette_file: args.palette.or(beside),
        colours,
        matching: Match {
            tolerance: if args.nearest {
                u8::MAX
            } else {
                args.tolerance
            },
        },
        others: args.others,
        compact: args.compact,
    };
    let bar = progress_bar("maps")?;
    let summary = convert_labels(&options, &|done, all| bar.show(done, all))?;
    bar.finish();
    print!("{summary}");
    match &options.output {
        Some(output) => tell_next(&options, &summary, output),
        None => println!("nothing was written: --output DIR writes maps of these ids"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what was written, and how to train on it.
fn tell_next(options: &LabelsOptions, summary: &LabelsSummary, output: &Path) {
    let classes = summary.num_classes;
    println!(
        "{} maps of ids for {classes} classes (--label-nc {classes}), in {}",
        summary.maps,
        output.display()
    );
    if let (Some(_), Some(palette)) = (&summary.palette, &options.palette_file) {
        println!(
            "names and colours of the classes, to be edited: {}",
            palette.display()
        );
        if summary.kind == Some(FoundKind::Colours) {
            println!(
                "other folders of this data set get the same ids with --colours {}",
                palette.display()
            );
        }
    }
    println!("train with: {}", train_command(summary, output));
}

fn train_command(summary: &LabelsSummary, output: &Path) -> String {
    let has_unknown = summary.entries.iter().any(|entry| entry.id == UNKNOWN_ID)
        && summary.num_classes <= usize::from(UNKNOWN_ID);
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let classes = summary.num_classes;
    match name.strip_suffix("_label") {
        Some(phase) if !has_unknown => {
            let data = output
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let data = data.unwrap_or(Path::new("."));
            let phase = match phase {
                "train" => String::new(),
                phase => format!(" --phase {phase}"),
            };
            format!(
                "underpaint train pix2pix --data {}{phase} --label-nc {classes} --output RUN",
                data.display()
            )
        }
        _ => {
            let unknown = if has_unknown {
                " --contain-dontcare-label"
            } else {
                ""
            };
            format!(
                "underpaint train spade --dataset-mode custom --label-dir {} --image-dir PHOTOS --label-nc \
                 {classes}{unknown} --no-instance --output RUN",
                output.display()
            )
        }
    }
}
