//! Debian packages that tests need, installed where that is possible without asking.

use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Whether packages can be installed: as root, where there is `apt-get`.
pub fn can_install() -> bool {
    let root = process::stdout_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && process::is_installed("apt-get")
}

/// Installs packages.
///
/// # Errors
/// When apt-get fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    eprintln!("installing Debian's {names} (once)");
    let install = format!("install --yes --no-install-recommends {names}");
    for words in ["update", &install] {
        let mut apt = Command::new("apt-get");
        apt.args(words.split_whitespace())
            .env("DEBIAN_FRONTEND", "noninteractive");
        process::run_to_stderr(&mut apt).with_context(|| format!("installing {names}"))?;
    }
    Ok(())
}
