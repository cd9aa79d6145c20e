//! `cargo xtask quickstart`: from a fresh checkout to pictures, on this machine's CPU, with data that
//! Underpaint paints itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::libtorch::{self, Libtorch};
use crate::process;
use crate::project::Project;
use crate::stages::Stages;

/// Landscapes to learn from: how many, and their side in pixels.
const LANDSCAPES: &str = "--count 400 --size 128 --seed 1";
/// A small network and a few minutes on two cores. 15 is the number of kinds of things in a
/// landscape (`data/palette.json` names them).
const TRAINING: &str = "--label-nc 15 --net-g unet_128 --ngf 16 --ndf 16 \
    --size 128 --load-size 128 --seed 1 --steps 2000 --save-every 500 --sample-every 250";
/// Label maps that were not trained on, below the output folder.
const HELD_OUT: &str = "data/val_label";

/// Options of `cargo xtask quickstart`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for data, run, pictures and bundle; it must be new or empty
    #[arg(long, default_value = "underpaint-quickstart")]
    output: PathBuf,
    /// Train with libtorch, several times faster (fetches 900 MB once)
    #[arg(long)]
    libtorch: bool,
}

/// Runs the whole journey and says where everything is.
///
/// # Errors
/// When the output folder is not empty, and the first failing step's.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let output = std::path::absolute(&args.output).context("naming the output folder")?;
    prepare(&output)?;
    let journey = Journey {
        project,
        output: &output,
        libtorch: if args.libtorch {
            Some(libtorch::set_up(project)?)
        } else {
            None
        },
    };
    let device = if args.libtorch { "libtorch-cpu" } else { "cpu" };

    let mut stages = Stages::default();
    stages.add(
        "building underpaint (about ten minutes the first time)",
        || journey.build(),
    );
    stages.add("painting landscapes with their label maps", || {
        let command = format!("dataset synthesize landscapes {LANDSCAPES}");
        journey.underpaint(&command, &[("--output", "data")])
    });
    stages.add("training", || {
        let command = format!("train pix2pix --device {device} {TRAINING}");
        journey.underpaint(&command, &[("--data", "data"), ("--output", "run")])
    });
    stages.add("exporting a bundle", || {
        journey.underpaint("export", &[("", "run"), ("--output", "bundle")])
    });
    stages.add("painting pictures from held-out label maps", || {
        let paths = [
            ("--model", "bundle"),
            ("--input", HELD_OUT),
            ("--output", "pictures"),
        ];
        journey.underpaint("generate", &paths)
    });
    stages.add("comparing them with the real ones", || {
        let paths = [
            ("--run", "run"),
            ("--data", "data"),
            ("--json", "evaluation.json"),
        ];
        journey.underpaint("evaluate --phase val", &paths)
    });
    stages.run()?;
    println!(
        "\nheld-out pictures   {}",
        journey.path("pictures").display()
    );
    println!(
        "training, as a page {}",
        journey.path("run/index.html").display()
    );
    println!("model bundle        {}", journey.path("bundle").display());
    println!(
        "evaluation          {}",
        journey.path("evaluation.json").display()
    );
    Ok(())
}

struct Journey<'a> {
    project: &'a Project,
    output: &'a Path,
    libtorch: Option<Libtorch>,
}

impl Journey<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.output.join(name)
    }

    fn build(&self) -> Result<()> {
        let mut build = self.project.cargo();
        build.args(["build", "--release", "-p", "underpaint"]);
        if let Some(libtorch) = &self.libtorch {
            libtorch.apply_to(build.args(["--features", "tch"]));
        }
        process::run(&mut build)
    }

    /// Runs `underpaint` with the words of `command`, then each flag (or none) with a path below the
    /// output folder.
    fn underpaint(&self, command: &str, paths: &[(&str, &str)]) -> Result<()> {
        let mut program = Command::new(self.project.underpaint());
        program.args(command.split_whitespace());
        for (flag, name) in paths {
            program.args(flag.split_whitespace()).arg(self.path(name));
        }
        if let Some(libtorch) = &self.libtorch {
            libtorch.apply_to(&mut program);
        }
        eprintln!("{}", process::described(&program));
        process::run(&mut program)
    }
}

fn prepare(output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| format!("making {}", output.display()))?;
    let mut entries =
        fs::read_dir(output).with_context(|| format!("reading {}", output.display()))?;
    ensure!(
        entries.next().is_none(),
        "{} is not empty: remove it, or name another folder with --output",
        output.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_work_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        prepare(&folder.path().join("new")).unwrap();
        fs::write(folder.path().join("picture.png"), "").unwrap();
        let error = prepare(folder.path()).unwrap_err().to_string();
        assert!(error.contains("not empty"), "{error}");
    }
}
