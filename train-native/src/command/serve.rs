//! `underpaint serve`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use underpaint_serve::{Error, Listen, Site};

use crate::config::CONFIG_FILE;

/// Where `cargo xtask studio` puts the studio of this source folder.
const BUILT_FROM_SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/dist/studio");

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Folder of bundles, or one bundle
    #[arg(long, value_name = "DIR")]
    models: PathBuf,
    #[command(flatten)]
    listen: Listen,
    /// Folder of the built studio [default: studio/ beside this program, else what cargo xtask
    /// studio has built]
    #[arg(long, value_name = "DIR")]
    studio: Option<PathBuf>,
}

impl ServeArgs {
    /// Serves until Ctrl-C.
    pub fn run(self) -> Result<ExitCode> {
        let site = Site {
            studio: match self.studio {
                Some(folder) => folder,
                None => find_studio(&[beside_program(), Some(BUILT_FROM_SOURCE.into())])?,
            },
            models: Some(self.models),
        };
        match underpaint_serve::serve(&site, &self.listen) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(Error::NoBundles { folder }) => Err(no_bundles(&folder)),
            Err(error) => Err(error.into()),
        }
    }
}

fn beside_program() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.canonicalize().ok()?;
    Some(program.parent()?.join("studio"))
}

/// The first of these folders that holds a page.
fn find_studio(candidates: &[Option<PathBuf>]) -> Result<PathBuf> {
    let mut folders = candidates.iter().flatten();
    let found = folders.find(|folder| folder.join("index.html").is_file());
    found.cloned().context(
        "the studio is not built: build it with `cargo xtask studio`, \
         or name the folder of a built one with --studio",
    )
}

/// Says what `folder` holds instead of bundles, and how to make some of it.
fn no_bundles(folder: &Path) -> anyhow::Error {
    let runs = runs_in(folder);
    let Some(run) = runs.first() else {
        let folder = folder.to_owned();
        return Error::NoBundles { folder }.into();
    };
    let name = run.file_name().unwrap_or_default().display();
    let others = match runs.len() - 1 {
        0 => String::new(),
        1 => " (and the same for the other run)".to_owned(),
        others => format!(" (and the same for the other {others} runs)"),
    };
    anyhow!(
        "{}: expected model bundles, found training runs; export them first:\n  \
         underpaint export {} --output bundles/{name}{others}\n  \
         underpaint serve --models bundles",
        folder.display(),
        run.display()
    )
}

/// `folder` itself if it is a run, else the runs in it, by name.
fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let is_run = |folder: &Path| folder.join(CONFIG_FILE).is_file();
    if is_run(folder) {
        return vec![folder.to_owned()];
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<_> = entries.map(|entry| entry.path()).collect();
    runs.retain(|path| is_run(path));
    runs.sort();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_run(folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(CONFIG_FILE), "").unwrap();
    }

    #[test]
    fn a_folder_of_runs_is_answered_with_how_to_export_them() {
        let folder = tempfile::tempdir().unwrap();
        write_run(&folder.path().join("facades"));
        write_run(&folder.path().join("maps"));
        let message = no_bundles(folder.path()).to_string();
        let facades = folder.path().join("facades");
        let command = format!(
            "underpaint export {} --output bundles/facades",
            facades.display()
        );
        assert!(message.contains(&command), "{message}");
        assert!(message.contains("the other run)"), "{message}");
        let message = no_bundles(&facades).to_string();
        assert!(message.contains(&command), "{message}");
        assert!(!message.contains("other"), "{message}");
    }

    #[test]
    fn a_folder_of_neither_is_answered_with_what_a_bundle_is() {
        let folder = tempfile::tempdir().unwrap();
        let message = no_bundles(folder.path()).to_string();
        assert!(message.contains("manifest.json"), "{message}");
    }

    #[test]
    fn the_first_built_studio_is_taken_and_none_is_an_error_that_says_how_to_build_it() {
        let folder = tempfile::tempdir().unwrap();
        let unbuilt = folder.path().join("unbuilt");
        let built = folder.path().join("built");
        fs::create_dir_all(&built).unwrap();
        fs::write(built.join("index.html"), "").unwrap();
        let found = find_studio(&[None, Some(unbuilt.clone()), Some(built.clone())]).unwrap();
        assert_eq!(found, built);
        let message = find_studio(&[None, Some(unbuilt)]).unwrap_err().to_string();
        assert!(message.contains("cargo xtask studio"), "{message}");
    }
}
