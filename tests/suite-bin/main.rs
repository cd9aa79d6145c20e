//! `underpaint` for the tests in `suite/cli`, line for line what `train-native/src/main.rs` is.

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
