//! Ctrl-C and kill -9 at any moment.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::families_train::ALL;
use super::{DEADLINE, Place, Running, UNET_64, file_names, train_command};

impl Running {
    /// As Ctrl-C in a terminal.
    fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success());
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }
}

/// Rows of the log so far; none before there is one.
fn rows(place: &Place, run: &str) -> usize {
    let log = std::fs::read_to_string(place.path(&format!("{run}/losses.csv")));
    log.map_or(0, |text| text.lines().count().saturating_sub(1))
}

/// Waits for that many rows, or for the end of the command.
fn wait_for_rows(place: &Place, run: &str, count: usize, running: &mut Running) {
    let started = Instant::now();
    while rows(place, run) < count && !running.has_ended() {
        assert!(started.elapsed() < DEADLINE, "{run} makes no steps");
        sleep(Duration::from_millis(1));
    }
}

/// SplitMix64: moments that differ from each other and are the same every time.
pub(super) fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

#[test]
fn ctrl_c_saves_and_says_how_to_go_on_and_going_on_is_exact() {
    let place = Place::with_landscapes(3, 1);
    let mut running = place.start(&train_command("run", "--steps 1000000"));
    wait_for_rows(&place, "run", 3, &mut running);
    running.interrupt();
    let finished = running.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stderr.contains("underpaint train --resume run"),
        "{finished:?}"
    );
    let done = rows(&place, "run");
    assert!(
        place
            .newest_checkpoint("run")
            .ends_with(&format!("step-{done:08}")),
        "the step it was in is saved"
    );
    let total = done + 4;
    place.run(&format!("train --resume run --steps {total} --quiet"));
    place.train("whole", &format!("--steps {total}"));
    assert_eq!(place.losses("run"), place.losses("whole"));
    assert!(place.checkpoint("run") == place.checkpoint("whole"));
}

#[test]
fn ctrl_c_while_resumed_saves_too() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 2");
    let mut running = place.start("train --resume run --steps 1000000");
    wait_for_rows(&place, "run", 5, &mut running);
    running.interrupt();
    let finished = running.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("--resume run"), "{finished:?}");
    let done = rows(&place, "run");
    place.run(&format!("train --resume run --steps {} --quiet", done + 1));
}

#[test]
fn two_processes_never_train_one_run() {
    let place = Place::with_landscapes(2, 0);
    let mut running = place.start(&train_command("run", "--steps 1000000 --save-every 2"));
    wait_for_rows(&place, "run", 3, &mut running);
    let second = "train --resume run --steps 1000001 --quiet";
    place.fails(second, &["run", "another process"]);
    let used = train_command("run", "--steps 3");
    place.fails(&used, &["already holds a run"]);
    drop(running);
    let done = rows(&place, "run");
    place.run(&format!("train --resume run --steps {} --quiet", done + 1));
}

/// Kills a run again and again, at moments drawn from `seed`, until it has come to its end.
fn killed_again_and_again(place: &Place, start: &str, seed: u64) -> u32 {
    let mut state = seed;
    let mut kills = 0;
    loop {
        // A run that was killed before it wrote its config is none yet.
        let command = match place.path("run/config.toml").exists() {
            true => "train --resume run --quiet".to_owned(),
            false => start.to_owned(),
        };
        let mut running = place.start(&command);
        if kills < 7 {
            match kills {
                // While it starts.
                0 => sleep(Duration::from_millis(random(&mut state) % 100)),
                // Between its first trace and its first step.
                1 => {
                    while !place.path("run").exists() && !running.has_ended() {
                        sleep(Duration::from_micros(200));
                    }
                }
                _ => {
                    let more = 1 + (random(&mut state) % 6) as usize;
                    wait_for_rows(place, "run", rows(place, "run") + more, &mut running);
                    sleep(Duration::from_micros(random(&mut state) % 9000));
                }
            }
            if !running.has_ended() {
                running.child.kill().expect("killed");
                kills += 1;
                drop(running);
                continue;
            }
        }
        let finished = running.wait();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        return kills;
    }
}

fn assert_survives_kills(command: impl Fn(&str, &str) -> String, seed: u64) {
    let place = Place::with_landscapes(4, 1);
    let often = "--steps 60 --save-every 3 --sample-every 4";
    place.run(&command("whole", often));
    let kills = killed_again_and_again(&place, &command("run", often), seed);
    assert!(kills >= 4, "killed {kills} times only");
    place.assert_same_run("run", "whole", &format!("{kills} kills"));
    for folder in ["", "/checkpoints", "/samples"] {
        let names = |run: &str| file_names(&place.path(&format!("{run}{folder}")));
        assert_eq!(names("run"), names("whole"), "leftovers in run{folder}");
    }
}

fn pix2pix_survives_kills(arguments: &str, seed: u64) {
    let command = |run: &str, more: &str| train_command(run, &format!("{more} {arguments}"));
    assert_survives_kills(command, seed);
}

#[test]
fn a_run_killed_at_any_moment_ends_as_if_it_had_not_been() {
    pix2pix_survives_kills(&format!("--pool-size 2 {UNET_64}"), 1);
}

#[test]
fn so_does_one_with_label_maps_and_batches() {
    pix2pix_survives_kills("--label-nc 15 --batch-size 3", 2);
}

#[test]
fn so_does_one_of_every_family() {
    for (seed, tiny) in (3..).zip(ALL) {
        assert_survives_kills(|run, more| tiny.command(run, more), seed);
    }
}
