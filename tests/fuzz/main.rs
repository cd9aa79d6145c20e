//! Damaged files through the entry points that people's files go through: `cargo xtask fuzz`.
//!
//! Whatever a file holds, it is read or refused with words: no panic, no hang, no memory without end,
//! and nothing half-written left. Every input follows from a format, a seed and a number, so that a
//! finding can be repeated. Inputs run in a child process with limits, so that one may end it.
//!
//! Reading order: `settings` (what is asked for), `parent` (children, limits, findings), `child` (one
//! input after the other), `formats` (what is read, and what must hold), `mutate` and `repack` (damage).

mod child;
mod formats;
mod mutate;
mod parent;
mod repack;
mod settings;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use formats::FORMATS;
use settings::{Job, Settings};

fn main() -> ExitCode {
    if let Some(job) = Job::of_environment() {
        child::run(&job);
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let settings = match Settings::of_environment() {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let trials = FORMATS.iter().map(|format| {
        let settings = settings.clone();
        let run = move || parent::run(format, &settings).map_err(Failed::from);
        Trial::test(format!("fuzz::{}", format.name), run)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
