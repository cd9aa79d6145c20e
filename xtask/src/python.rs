//! Python, used for two things only: fetching wheels from PyPI with pip, and running what others
//! compute: PyTorch as the peer of benchmarks, ONNX Runtime for exported graphs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// A `python -m pip` command.
///
/// # Errors
/// When no Python 3 or no pip is installed, saying what to install.
pub fn pip() -> Result<Command> {
    let python = python3()?;
    let has_pip = Command::new(python)
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_pip {
        bail!(
            "`{python}` has no pip, which fetches wheels from PyPI: install it \
             (Debian: apt-get install python3-pip)"
        );
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip"]);
    Ok(pip)
}

/// The Python of a virtual environment at `folder` with `packages` in it, made if it is not there
/// yet. An environment that already holds the packages is used as it is.
///
/// # Errors
/// When Python is missing, cannot make environments, or pip fails.
pub fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let complete = folder.join(".underpaint-packages");
    let wanted = packages.join("\n");
    if python.is_file() && fs::read_to_string(&complete).is_ok_and(|held| held == wanted) {
        return Ok(python);
    }
    eprintln!(
        "making the Python environment {} ({})",
        folder.display(),
        packages.join(", ")
    );
    if !python.is_file() {
        let mut venv = Command::new(python3()?);
        venv.args(["-m", "venv"]).arg(folder);
        process::run_to_stderr(&mut venv)
            .context("making a virtual environment (Debian: apt-get install python3-venv)")?;
    }
    let mut install = Command::new(&python);
    install
        .args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(packages);
    process::run_to_stderr(&mut install)?;
    fs::write(&complete, wanted).with_context(|| format!("writing {}", complete.display()))?;
    Ok(python)
}

fn python3() -> Result<&'static str> {
    ["python3", "python"]
        .into_iter()
        .find(|name| process::is_installed(name))
        .context(
            "no Python 3 found: install it with pip \
             (Debian: apt-get install python3 python3-pip python3-venv)",
        )
}
