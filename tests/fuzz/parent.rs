//! Starts children with limits, and keeps what ended one.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::child::PROGRESS;
use crate::formats::{Format, input};
use crate::settings::{JOB, Job, Settings};

/// Inputs of a child: starting one takes as long as some hundred inputs.
const BATCH: u64 = 4000;
/// An input takes milliseconds; on a machine that does other work, some of them seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a child may map, in KiB: 4 GiB. Pictures may take 1 GiB decoded, and are converted. libtorch alone
/// maps gigabytes that it never touches.
const MEMORY: &str = if cfg!(feature = "tch") {
    "16777216"
} else {
    "4194304"
};
/// Most findings of one format before it is left.
const ENOUGH: usize = 10;
/// As much of a child's last words as a finding shows.
const SHOWN: usize = 2000;

/// Tries a format's inputs.
///
/// # Errors
/// With every finding: what happened, where the input lies, and the command that repeats it.
pub fn run(format: &'static Format, settings: &Settings) -> Result<(), String> {
    let start = Instant::now();
    let (mut next, end) = match (settings.iteration, settings.time) {
        (Some(iteration), _) => (iteration, iteration + 1),
        (None, Some(_)) => (0, u64::MAX),
        (None, None) => (0, format.inputs),
    };
    let time_left = || settings.time.is_none_or(|time| start.elapsed() < time);
    let mut findings = Vec::new();
    while next < end && findings.len() < ENOUGH && (next == 0 || time_left()) {
        let job = Job {
            format,
            seed: settings.seed,
            from: next,
            to: end.min(next.saturating_add(BATCH)),
        };
        let until = settings.time.map(|time| start + time);
        match run_child(&job, until).map_err(|error| format!("a child process: {error}"))? {
            End::Done => next = job.to,
            End::TimeOver { tried } => {
                next = tried;
                break;
            }
            End::Finding { iteration, what } => {
                findings.push(keep(&job, iteration, &what, &settings.findings)?);
                next = iteration + 1;
            }
        }
    }
    eprintln!(
        "{}: {next} inputs of seed {}, {} findings",
        format.name,
        settings.seed,
        findings.len()
    );
    match findings.is_empty() {
        true => Ok(()),
        false => Err(findings.join("\n\n")),
    }
}

/// How a child ended.
enum End {
    Done,
    TimeOver { tried: u64 },
    Finding { iteration: u64, what: String },
}

fn run_child(job: &Job, until: Option<Instant>) -> io::Result<End> {
    let folder = tempfile::tempdir()?;
    let mut stderr = tempfile::tempfile()?;
    let mut child = limited(&env::current_exe()?)
        .current_dir(folder.path())
        .env(JOB, job.to_variable())
        .env("UNDERPAINT_CACHE", folder.path().join("cache"))
        // Each thread of many would reserve address space of its own.
        .env("MALLOC_ARENA_MAX", "2")
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr.try_clone()?)
        .spawn()?;
    let progress = folder.path().join(PROGRESS);
    let ended = watch(&mut child, &progress, until)?;
    let iteration = read_progress(&progress).unwrap_or(job.from);
    let what = match ended {
        Ended::By(status) if status.success() => return Ok(End::Done),
        Ended::TimeOver => return Ok(End::TimeOver { tried: iteration }),
        Ended::By(status) => format!("{status}: {}", last_words(&mut stderr)?),
        Ended::Hanging => format!("still not done after {} s", PATIENCE.as_secs()),
    };
    Ok(End::Finding { iteration, what })
}

/// This program under a limit of memory, where the system has one.
fn limited(program: &Path) -> Command {
    if !cfg!(unix) {
        return Command::new(program);
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v \"$1\"; exec \"$0\""]);
    shell.arg(program).arg(MEMORY);
    shell
}

enum Ended {
    By(ExitStatus),
    TimeOver,
    Hanging,
}

/// Waits for a child, and ends it where its time or one input's is over.
fn watch(child: &mut Child, progress: &Path, until: Option<Instant>) -> io::Result<Ended> {
    let mut last = (None, Instant::now());
    let ended = loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::By(status));
        }
        let now = read_progress(progress);
        if now != last.0 {
            last = (now, Instant::now());
        }
        if last.1.elapsed() > PATIENCE {
            break Ended::Hanging;
        }
        if until.is_some_and(|until| Instant::now() > until) {
            break Ended::TimeOver;
        }
        thread::sleep(Duration::from_millis(10));
    };
    child.kill()?;
    child.wait()?;
    Ok(ended)
}

fn read_progress(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.parse().ok()
}

fn last_words(stderr: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    stderr.rewind()?;
    stderr.read_to_end(&mut bytes)?;
    let from = bytes.len().saturating_sub(SHOWN);
    Ok(String::from_utf8_lossy(&bytes[from..]).trim().to_owned())
}

/// Writes the input where people find it, and says how to repeat it.
fn keep(job: &Job, iteration: u64, what: &str, folder: &PathBuf) -> Result<String, String> {
    let Job { format, seed, .. } = job;
    let input = input(format, *seed, iteration);
    let file = folder.join(format!("{}-{seed}-{iteration}-{}", format.name, input.name));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, &input.bytes))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(format!(
        "{}, input {iteration} of seed {seed}: {what}\n  the file: {}\n  again:    cargo xtask fuzz --format {} \
         --seed {seed} --iteration {iteration}",
        format.name,
        file.display(),
        format.name
    ))
}
