//! `underpaint`: parse, run, print the error chain.

use std::process::ExitCode;

use clap::Parser;
use underpaint::command::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
