//! What is asked for: by variables, because the test program's arguments are Cargo's and libtest's.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::formats::{FORMATS, Format};

/// What CI runs.
const DEFAULT_SEED: u64 = 1;
/// A child's job, as `FORMAT SEED FROM TO`.
pub const JOB: &str = "UNDERPAINT_FUZZ_JOB";

/// What a run is to try.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which damage is done.
    pub seed: u64,
    /// How long to go on with each format; else each has a number of inputs.
    pub time: Option<Duration>,
    /// This input alone.
    pub iteration: Option<u64>,
    /// Where inputs that should have been refused are put.
    pub findings: PathBuf,
}

impl Settings {
    /// Reads `UNDERPAINT_FUZZ_SEED`, `…_SECONDS`, `…_ITERATION` and `…_FINDINGS`.
    ///
    /// # Errors
    /// Naming the variable that is no number.
    pub fn of_environment() -> Result<Self, String> {
        let findings = env::var_os("UNDERPAINT_FUZZ_FINDINGS").map(PathBuf::from);
        Ok(Self {
            seed: number("UNDERPAINT_FUZZ_SEED")?.unwrap_or(DEFAULT_SEED),
            time: number("UNDERPAINT_FUZZ_SECONDS")?.map(Duration::from_secs),
            iteration: number("UNDERPAINT_FUZZ_ITERATION")?,
            findings: findings
                .unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz")),
        })
    }
}

fn number<T: FromStr>(name: &str) -> Result<Option<T>, String> {
    let Ok(text) = env::var(name) else {
        return Ok(None);
    };
    let number = text.parse();
    number
        .map(Some)
        .map_err(|_| format!("{name}: expected a number, found {text:?}"))
}

/// The inputs that a child process is to try.
pub struct Job {
    /// What they are files of.
    pub format: &'static Format,
    /// The run's.
    pub seed: u64,
    /// The first input.
    pub from: u64,
    /// The one behind the last.
    pub to: u64,
}

impl Job {
    /// The job of this process, if it is a child.
    pub fn of_environment() -> Option<Self> {
        let text = env::var(JOB).ok()?;
        let mut words = text.split(' ');
        let name = words.next()?;
        let mut number = || words.next()?.parse().ok();
        Some(Self {
            format: FORMATS.iter().find(|format| format.name == name)?,
            seed: number()?,
            from: number()?,
            to: number()?,
        })
    }

    /// What [`of_environment`](Self::of_environment) reads.
    pub fn to_variable(&self) -> String {
        let Self {
            format,
            seed,
            from,
            to,
        } = self;
        format!("{} {seed} {from} {to}", format.name)
    }
}
