//! Tries one input after the other, until one ends this process.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::panic;
use std::path::Path;
use std::process;

use crate::formats::{Case, input};
use crate::settings::Job;

/// File in the working folder that says which input is being tried.
pub const PROGRESS: &str = "progress";
/// Exit code of a child whose input broke a promise without a panic.
const BROKEN: i32 = 3;
/// Exit code of a panic, as Rust has it.
const PANICKED: i32 = 101;

/// Runs a job in the current folder.
pub fn run(job: &Job) {
    // A panic on another thread, or one that is caught, is a panic all the same.
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        tell(panic);
        process::exit(PANICKED);
    }));
    let mut progress = File::create(PROGRESS).expect("a writable folder");
    for iteration in job.from..job.to {
        progress.rewind().expect("a file");
        write!(progress, "{iteration:020}").expect("a writable folder");
        if let Err(broken) = try_input(job, iteration) {
            eprintln!("{broken}");
            process::exit(BROKEN);
        }
    }
}

fn try_input(job: &Job, iteration: u64) -> Result<(), String> {
    let input = input(job.format, job.seed, iteration);
    let folder = Path::new("case");
    if folder.exists() {
        fs::remove_dir_all(folder).expect("a writable folder");
    }
    fs::create_dir(folder).expect("a writable folder");
    for (name, bytes) in &input.beside {
        fs::write(folder.join(name), bytes).expect("a writable folder");
    }
    let path = folder.join(input.name);
    fs::write(&path, &input.bytes).expect("a writable folder");
    (job.format.check)(&Case {
        folder: folder.to_owned(),
        path,
        name: input.name,
        good: input.good,
        iteration,
    })
}
