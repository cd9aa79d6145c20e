//! Whether the machine is quiet enough for times to mean something.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

/// How long others are watched.
const WATCHED: Duration = Duration::from_secs(2);
/// Cores that others may use: more, and a side's threads wait for one another.
const ALLOWED_CORES: f64 = 0.2;

/// Refuses a machine on which other programs run, unless `anyway`: threads of one side that wait for
/// each other while something else has the core turn 100 ms into 2 s.
///
/// # Errors
/// Saying how much of the machine is in use. Systems without `/proc/stat` count as quiet.
pub fn refuse(anyway: bool) -> Result<()> {
    let Some(before) = Counters::read() else {
        return Ok(());
    };
    thread::sleep(WATCHED);
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let used = Counters::read().map_or(0.0, |after| after.share_since(&before)) * cores as f64;
    if used <= ALLOWED_CORES {
        return Ok(());
    }
    let average = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let average = average.split(' ').next().unwrap_or_default();
    let told = format!(
        "other programs use {used:.1} of {cores} cores (load average {average}): wall times would be \
         theirs as well"
    );
    if anyway {
        eprintln!("{told}; CPU times count");
        return Ok(());
    }
    bail!("{told}; wait until it is quiet, or measure with --anyway and read the CPU times");
}

/// Time of all cores since the system's start, in its own unit.
#[derive(Debug, PartialEq)]
struct Counters {
    all: u64,
    idle: u64,
}

impl Counters {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: `cpu`, then user, nice, system, idle, waiting for disks, and more.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let fields: Vec<u64> = line
            .split_whitespace()
            .take(8)
            .map(|field| field.parse().ok())
            .collect::<Option<_>>()?;
        Some(Self {
            all: fields.iter().sum(),
            idle: fields.get(3)? + fields.get(4)?,
        })
    }

    fn share_since(&self, before: &Self) -> f64 {
        let all = self.all.saturating_sub(before.all);
        let idle = self.idle.saturating_sub(before.idle);
        all.saturating_sub(idle) as f64 / all.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_idle_is_used() {
        let before = Counters::parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2").unwrap();
        assert_eq!(
            before,
            Counters {
                all: 1000,
                idle: 850
            }
        );
        let after = Counters::parse("cpu  160 0 70 900 70 0 0 0 0 0\n").unwrap();
        assert!((after.share_since(&before) - 0.4).abs() < 1e-12);
        assert_eq!(Counters::parse("intr 5"), None);
        assert_eq!(Counters::parse("cpu  1 2 x"), None);
    }
}
