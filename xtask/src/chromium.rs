//! The browser of the browser tests: the system's Chromium, from Debian's package where it is
//! missing and this program may install it.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::debian;

/// Names another Chromium.
pub const VARIABLE: &str = "UNDERPAINT_CHROMIUM";
/// What Chromium is called, in the order of preference.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Finds Chromium, or installs Debian's package (as root, where there is `apt-get`).
///
/// # Errors
/// When `UNDERPAINT_CHROMIUM` names no file, when apt-get fails, and when there is no Chromium and
/// no way to install it, saying how.
pub fn set_up() -> Result<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        if !path.is_file() {
            bail!(
                "{VARIABLE} is set to {}, but there is no such file",
                path.display()
            );
        }
        return Ok(path);
    }
    if let Some(path) = find() {
        return Ok(path);
    }
    if !debian::can_install() {
        bail!(
            "no Chromium for the browser tests: install it (Debian: apt-get install chromium), \
             name one with {VARIABLE}, or leave these tests out with --no-www"
        );
    }
    debian::install(&["chromium"])?;
    find().context("apt-get has installed chromium, but there is none on PATH")
}

fn find() -> Option<PathBuf> {
    let folders: Vec<_> = env::split_paths(&env::var_os("PATH")?).collect();
    let at = |name: &&str| {
        let mut paths = folders.iter().map(|folder| folder.join(name));
        paths.find(|path| path.is_file())
    };
    NAMES.iter().find_map(at)
}
