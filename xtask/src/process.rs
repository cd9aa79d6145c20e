//! Starting other programs, with errors that name the program and what to install.

use std::env;
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::stages::readable;

/// A cargo command without the variables that `cargo run` sets for xtask itself, which would
/// otherwise reach build scripts and make cargo believe that their surroundings had changed.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let of_xtask = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ];
        if of_xtask.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs a program with this one's output.
///
/// # Errors
/// When it is not installed or does not exit with 0.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| not_started(command, error))?;
    if !status.success() {
        bail!("failed ({status}): {}", described(command));
    }
    Ok(())
}

/// Runs a program that might never end, and ends it when its time is over.
///
/// # Errors
/// As [`run`], and when the time is over.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<()> {
    let deadline = Instant::now() + limit;
    let mut child = command
        .spawn()
        .map_err(|error| not_started(command, error))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!(
                "still running after {}: {}",
                readable(limit),
                described(command)
            );
        }
        thread::sleep(Duration::from_millis(100));
    };
    if !status.success() {
        bail!("failed ({status}): {}", described(command));
    }
    Ok(())
}

/// Runs a program whose own output is progress, keeping stdout free for what is meant to be read by
/// scripts.
///
/// # Errors
/// As [`run`].
pub fn run_to_stderr(command: &mut Command) -> Result<()> {
    run(command.stdout(Stdio::from(std::io::stderr())))
}

/// Runs a program and returns what it wrote to stdout; its stderr passes through.
///
/// # Errors
/// As [`run`], and when the output is not UTF-8.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, error))?;
    if !output.status.success() {
        bail!("failed ({}): {}", output.status, described(command));
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("output is not UTF-8: {}", described(command)))
}

/// Whether `program --version` can be run.
pub fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn not_started(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy().into_owned();
    let hint = match (error.kind(), program.as_str()) {
        (ErrorKind::NotFound, "npm") => ": not found; install Node.js 20.19 or newer",
        (ErrorKind::NotFound, _) => ": not found; install it or add it to PATH",
        _ => "",
    };
    anyhow::Error::new(error).context(format!("cannot start `{program}`{hint}"))
}

/// The command as a person would type it, for messages.
pub fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("underpaint-no-such-program")).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("underpaint-no-such-program"), "{message}");
        assert!(message.contains("not found"), "{message}");
    }

    #[test]
    fn a_failure_shows_the_whole_command() {
        let error = run(cargo()
            .arg("underpaint-no-such-command")
            .stderr(Stdio::null()))
        .unwrap_err();
        assert!(format!("{error:#}").contains("underpaint-no-such-command"));
    }
    #[cfg(unix)]
    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let start = Instant::now();
        let error = run_within(Duration::from_millis(200), Command::new("sleep").arg("60"));
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("still running after 0.2 s: sleep 60"),
            "{message}"
        );
        assert!(start.elapsed() < Duration::from_secs(30));
        run_within(Duration::from_secs(30), &mut Command::new("true")).unwrap();
    }
}
