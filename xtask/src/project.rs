//! Where this project's folders are: the checkout, cargo's output, and the cache that outlives
//! both.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::process;

/// The folders that commands work in. All paths are absolute.
pub struct Project {
    /// The workspace's top level.
    pub root: PathBuf,
    /// Where cargo builds (`CARGO_TARGET_DIR`, or `target` in the checkout).
    pub target: PathBuf,
    /// Downloads and virtual environments, kept when a checkout goes: `UNDERPAINT_CACHE`, else
    /// `~/.cache/underpaint`.
    pub cache: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Project {
    /// Asks cargo about the workspace that the current folder belongs to.
    ///
    /// # Errors
    /// When cargo fails, or no cache folder can be named because neither `UNDERPAINT_CACHE` nor
    /// `HOME` is set.
    pub fn locate() -> Result<Self> {
        let mut cargo = process::cargo();
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        let answer = process::stdout_of(&mut cargo)?;
        let metadata: Metadata =
            serde_json::from_str(&answer).context("reading cargo's metadata")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            cache: cache_folder()?,
        })
    }

    /// A cargo command that runs at the workspace's top level.
    pub fn cargo(&self) -> Command {
        let mut cargo = process::cargo();
        cargo.current_dir(&self.root);
        cargo
    }

    /// The `underpaint` program of the last release build.
    pub fn underpaint(&self) -> PathBuf {
        self.program("underpaint")
    }

    /// A program of the last release build.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target
            .join("release")
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}

fn cache_folder() -> Result<PathBuf> {
    let folder = match (env::var_os("UNDERPAINT_CACHE"), env::home_dir()) {
        (Some(folder), _) if !folder.is_empty() => PathBuf::from(folder),
        (_, Some(home)) => home.join(".cache").join("underpaint"),
        _ => bail!("no cache folder: set UNDERPAINT_CACHE to a folder for downloads (about 5 GB)"),
    };
    std::path::absolute(&folder).with_context(|| format!("cache folder {}", folder.display()))
}

/// `path` as seen from `base` where it lies below it, for shorter messages.
pub fn short<'a>(path: &'a Path, base: &Path) -> std::path::Display<'a> {
    path.strip_prefix(base).unwrap_or(path).display()
}

/// SHA-256 in lower-case hexadecimal, by which files are told to be the same.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
