//! `underpaint devices`.

use std::process::ExitCode;

use anyhow::Result;

use crate::device;

/// Lists devices, one a line, with the reason where one cannot be used.
pub fn run() -> Result<ExitCode> {
    for status in device::list() {
        match status.problem {
            None => println!("{:<16} ready", status.name.to_string()),
            Some(problem) => println!("{:<16} -  {problem}", status.name.to_string()),
        }
    }
    Ok(ExitCode::SUCCESS)
}
