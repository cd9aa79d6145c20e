//! Node.js and npm, which check, build and test the page around the module.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::{Project, sha256};

/// Where an installation keeps which `package-lock.json` it was made from. `npm ci` begins by
/// removing the folder, so an interrupted one leaves none.
const STAMP: &str = "node_modules/.underpaint-lock";

/// The npm package in `www`, on a machine that can build it.
pub struct Npm {
    /// Absolute path of the package.
    pub www: PathBuf,
}

impl Npm {
    /// Looks for a Node.js that is new enough, and for npm.
    ///
    /// # Errors
    /// When one is missing or too old, saying what to install.
    pub fn find(project: &Project) -> Result<Self> {
        if !process::is_installed("node") {
            bail!(
                "Node.js is not installed: the studio is built with it; install 20.19 or newer, \
                 with npm, from https://nodejs.org"
            );
        }
        let version = process::stdout_of(Command::new("node").arg("--version"))?;
        let version = version.trim();
        if !is_supported(version) {
            bail!(
                "Node.js {version} is too old to build the studio: expected 20.19 or newer, \
                 or 22.12 or newer (https://nodejs.org)"
            );
        }
        if !process::is_installed(program()) {
            bail!("npm is not installed beside Node.js: install it (Debian: apt-get install npm)");
        }
        Ok(Self {
            www: project.root.join("www"),
        })
    }

    /// Installs exactly what `package-lock.json` says, unless that has been done.
    ///
    /// # Errors
    /// When npm fails or files cannot be read or written.
    pub fn install(&self) -> Result<()> {
        self.install_in(&self.www)
    }

    /// The same for another folder with a `package-lock.json`.
    ///
    /// # Errors
    /// When npm fails or files cannot be read or written.
    pub fn install_in(&self, folder: &Path) -> Result<()> {
        let lock = folder.join("package-lock.json");
        let bytes = fs::read(&lock).with_context(|| format!("reading {}", lock.display()))?;
        let wanted = sha256(&bytes);
        let stamp = folder.join(STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        let mut npm = Command::new(program());
        npm.args(["ci", "--no-audit", "--no-fund"])
            // Tests drive the system's Chromium.
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(folder);
        process::run_to_stderr(&mut npm)
            .with_context(|| format!("installing the packages of {}", folder.display()))?;
        fs::write(&stamp, wanted).with_context(|| format!("writing {}", stamp.display()))
    }

    /// A script of `package.json`.
    pub fn script(&self, name: &str) -> Command {
        let mut npm = Command::new(program());
        npm.args(["run", "--silent", name]).current_dir(&self.www);
        npm
    }

    /// A program that one of the installed packages brings along.
    pub fn tool(&self, name: &str) -> PathBuf {
        let extension = if cfg!(windows) { "cmd" } else { "" };
        self.www
            .join("node_modules/.bin")
            .join(name)
            .with_extension(extension)
    }
}

fn program() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// Whether vite runs on a Node.js of this version, such as `v20.19.0`: `^20.19.0 || >=22.12.0`.
fn is_supported(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return false;
    };
    matches!((major, minor), (20, 19..) | (22, 12..) | (23.., 0_u32..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_vite_refuses_are_refused_before_a_long_build() {
        for version in ["v20.19.0", "v20.20.2", "v22.12.1", "v24.0.0", "v100.1.0"] {
            assert!(is_supported(version), "{version}");
        }
        for version in ["v18.20.4", "v20.18.3", "v21.7.0", "v22.11.0", "", "nightly"] {
            assert!(!is_supported(version), "{version}");
        }
    }

    #[test]
    fn an_installation_from_the_same_lock_file_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let npm = Npm {
            www: folder.path().to_owned(),
        };
        fs::write(folder.path().join("package-lock.json"), "{}").unwrap();
        fs::create_dir(folder.path().join("node_modules")).unwrap();
        fs::write(folder.path().join(STAMP), sha256(b"{}")).unwrap();
        // There is no package.json: npm would fail.
        npm.install().unwrap();
    }
}
