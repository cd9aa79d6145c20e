//! One run on several ranks: real processes, as `underpaint launch` starts them.

mod equal;
mod faults;
mod hosts;
mod memory;
mod resume;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use underpaint_core::state_dict::StateDict;

use super::families_train::Tiny;
use super::{Place, Running, distance, train_command};

/// For a failure to end all ranks: ten times what it takes, on a machine that does other things too.
const SECONDS: Duration = Duration::from_secs(30);
/// pix2pix on libtorch, where batch norms can be synchronised.
const PIX2PIX: &str = "--device libtorch-cpu --no-dropout";

/// `command` on that many ranks.
fn launch(ranks: usize, command: &str) -> String {
    format!("launch --nproc {ranks} -- {command}")
}

/// Rows of the log so far.
fn rows(place: &Place, run: &str) -> usize {
    let log = fs::read_to_string(place.path(&format!("{run}/losses.csv")));
    log.map_or(0, |text| text.lines().count().saturating_sub(1))
}

fn wait_for_rows(place: &Place, run: &str, count: usize, running: &mut Running) {
    let started = Instant::now();
    while rows(place, run) < count {
        assert!(
            running.child.try_wait().expect("a child").is_none(),
            "{run} ended after {} steps",
            rows(place, run)
        );
        assert!(started.elapsed() < 4 * SECONDS, "{run} makes no steps");
        sleep(Duration::from_millis(5));
    }
}

/// Process of a rank that `launcher` has started.
fn process(launcher: &Child, rank: usize) -> u32 {
    let launcher = format!("UNDERPAINT_LAUNCHER={}", launcher.id());
    let rank = format!("RANK={rank}");
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found = ids.find(|id| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let has = |what: &str| {
            environment
                .split(|&byte| byte == 0)
                .any(|v| v == what.as_bytes())
        };
        has(&launcher) && has(&rank)
    });
    found.expect("a process of that rank")
}

fn signal(name: &str, process: u32) {
    let status = Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(status.expect("kill").success());
}

/// Largest difference between two runs' weights after as many steps, and where it is. Biases in front
/// of an instance norm are left out: their true gradient is zero, and rounding moves them.
fn difference(place: &Place, found: &str, expected: &str, without_biases: bool) -> (f32, String) {
    let (mut worst, mut compared) = ((0.0, String::new()), 0);
    for name in place.checkpoint(expected).into_keys() {
        let network = name.strip_suffix(".safetensors").unwrap_or_default();
        if !["generator", "discriminator", "encoder", "average_generator"].contains(&network) {
            continue;
        }
        let of = |run: &str| -> StateDict {
            place.weights(&format!("{}/{name}", place.newest_checkpoint(run)))
        };
        let (found, expected) = (of(found), of(expected));
        for (key, tensor) in &expected {
            // A running mean follows the bias in front of its norm.
            let follows = key.ends_with(".bias") || key.ends_with(".running_mean");
            if without_biases && follows {
                continue;
            }
            let off = distance(&found[key], tensor);
            if off >= worst.0 {
                worst = (off, format!("{network} {key}"));
            }
            compared += 1;
        }
    }
    assert!(compared > 5, "{compared} tensors compared");
    worst
}

/// Whether a path is there.
fn exists(path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

/// Starts a program with environment of its own in the place's folder.
fn with_environment(
    place: &Place,
    program: &str,
    words: &[&str],
    environment: &[(&str, &str)],
) -> Running {
    let output = || tempfile::tempfile().expect("a file");
    let (stdout, stderr) = (output(), output());
    let child = Command::new(program)
        .args(words)
        .current_dir(place.folder.path())
        .env("UNDERPAINT_CACHE", place.path("cache"))
        .env("OMP_NUM_THREADS", "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().expect("a handle"))
        .stderr(stderr.try_clone().expect("a handle"))
        .spawn()
        .expect("the program starts");
    Running {
        arguments: words.join(" "),
        child,
        stdout,
        stderr,
    }
}
