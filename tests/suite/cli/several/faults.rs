//! A rank that is killed, hangs or fails ends all, soon, by name, with the last checkpoint whole.

use std::time::Instant;

use super::super::signals::random;
use super::{
    Duration, PIX2PIX, Place, Running, SECONDS, exists, launch, process, rows, signal, sleep,
    train_command, wait_for_rows, with_environment,
};

const LONG: &str = "--steps 1000000 --save-every 3 --sample-every 1000000";

fn start(place: &Place, launch_flags: &str, arguments: &str) -> Running {
    let command = train_command("run", &format!("{PIX2PIX} {arguments}"));
    let words = format!("launch --nproc 2 {launch_flags} -- {command}");
    let words: Vec<&str> = words.split_whitespace().collect();
    let program = env!("CARGO_BIN_EXE_underpaint-under-test");
    with_environment(place, program, &words, &[("UNDERPAINT_RANK_TIMEOUT", "3")])
}

/// The launcher ends with an error that holds `parts`, and all its ranks with it.
fn assert_ends(mut running: Running, ranks: &[u32], parts: &[&str]) {
    let started = Instant::now();
    while running.child.try_wait().expect("a child").is_none() {
        assert!(started.elapsed() < SECONDS, "it goes on");
        sleep(Duration::from_millis(10));
    }
    let finished = running.wait();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    for part in parts {
        assert!(
            finished.stderr.contains(part),
            "expected {part:?}: {finished:?}"
        );
    }
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
    for rank in ranks {
        assert!(
            !exists(format!("/proc/{rank}").as_ref()),
            "process {rank} is still there"
        );
    }
}

fn processes(running: &Running) -> [u32; 2] {
    [0, 1].map(|rank| process(&running.child, rank))
}

#[test]
fn ranks_killed_at_random_end_all_and_leave_a_checkpoint_to_go_on_from() {
    let place = Place::with_landscapes(4, 1);
    let often = "--steps 40 --save-every 3 --sample-every 4";
    place.run(&launch(
        2,
        &train_command("whole", &format!("{PIX2PIX} {often}")),
    ));
    let mut state = 5;
    let mut running = start(&place, "", often);
    for kill in 0..4 {
        let more = 1 + (random(&mut state) % 3) as usize;
        wait_for_rows(&place, "run", rows(&place, "run") + more, &mut running);
        sleep(Duration::from_micros(random(&mut state) % 9000));
        let ranks = processes(&running);
        let killed = kill % 2;
        signal("-KILL", ranks[killed]);
        let named = format!("rank {killed} was lost");
        assert_ends(
            running,
            &ranks,
            &[&named, &format!("rank {killed} ended with signal: 9")],
        );
        let words = [
            "launch", "--nproc", "2", "--", "train", "--resume", "run", "--quiet",
        ];
        let program = env!("CARGO_BIN_EXE_underpaint-under-test");
        running = with_environment(&place, program, &words, &[]);
    }
    let finished = running.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    place.assert_same_run("run", "whole", "after four kills");
}

#[test]
fn a_rank_that_hangs_is_noticed_by_its_silence() {
    for hanging in [1, 0] {
        let place = Place::with_landscapes(4, 1);
        let mut running = start(&place, "", LONG);
        wait_for_rows(&place, "run", 4, &mut running);
        let ranks = processes(&running);
        signal("-STOP", ranks[hanging]);
        assert_ends(
            running,
            &ranks,
            &[&format!("rank {hanging} has not answered for 3 s")],
        );
        place.run("plan run");
    }
}

#[test]
fn a_rank_that_fails_says_why_on_all() {
    let place = Place::with_landscapes(4, 1);
    let mut running = start(&place, "", &format!("{LONG} --serial-batches --workers 1"));
    wait_for_rows(&place, "run", 4, &mut running);
    let ranks = processes(&running);
    // In order, the odd ones are those of rank 1.
    let mut names = super::super::file_names(&place.path("data/train"));
    names.retain(|name| name.ends_with(".png"));
    place.write(&format!("data/train/{}", names[1]), "no picture");
    assert_ends(
        running,
        &ranks,
        &["rank 1 failed", &names[1], "[0] error", "[1] error"],
    );
}

#[test]
fn the_launcher_goes_on_by_itself_as_often_as_it_may() {
    let place = Place::with_landscapes(4, 1);
    let often = "--steps 60 --save-every 3 --sample-every 4";
    place.run(&launch(
        2,
        &train_command("whole", &format!("{PIX2PIX} {often}")),
    ));
    let mut running = start(&place, "--restarts 2", often);
    for (count, killed) in [(4, 1), (12, 0)] {
        wait_for_rows(&place, "run", count, &mut running);
        let before = processes(&running)[killed];
        signal("-KILL", before);
        let started = Instant::now();
        // Until others are there.
        while exists(format!("/proc/{before}").as_ref()) {
            assert!(started.elapsed() < SECONDS, "it goes on");
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_millis(300));
    }
    let finished = running.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("(2 of 2)"), "{finished:?}");
    place.assert_same_run("run", "whole", "restarted twice");
}

#[test]
fn other_settings_and_other_data_are_refused_on_all_ranks() {
    let place = Place::with_landscapes(4, 1);
    let program = env!("CARGO_BIN_EXE_underpaint-under-test");
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener
            .local_addr()
            .expect("an address")
            .port()
            .to_string()
    };
    let command = |more: &str| train_command("run", &format!("{PIX2PIX} --steps 3 {more}"));
    let rank = |number: &str, more: &str| {
        let command = command(more);
        let words: Vec<&str> = command.split_whitespace().collect();
        let environment = [
            ("RANK", number),
            ("WORLD_SIZE", "2"),
            ("MASTER_ADDR", "127.0.0.1"),
            ("MASTER_PORT", &port),
        ];
        with_environment(&place, program, &words, &environment)
    };
    let ranks = [rank("0", ""), rank("1", "--lr 0.5")];
    for finished in ranks.map(Running::wait) {
        assert_eq!(finished.code, Some(1), "{finished:?}");
        for part in ["other settings than rank 0", "lr = 0.5"] {
            assert!(finished.stderr.contains(part), "{finished:?}");
        }
    }
}

#[test]
fn a_stop_is_agreed_on_and_saved() {
    let place = Place::with_landscapes(4, 1);
    let mut running = start(&place, "", LONG);
    wait_for_rows(&place, "run", 3, &mut running);
    // To one of them only.
    signal("-INT", processes(&running)[1]);
    let finished = running.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let done = rows(&place, "run");
    let newest = place.newest_checkpoint("run");
    assert!(
        newest.ends_with(&format!("step-{done:08}")),
        "{newest} after {done} steps"
    );
}

#[test]
fn launch_checks_what_it_is_told() {
    let place = Place::empty();
    for (command, parts) in [
        (
            "launch --nproc 2 -- plan x",
            &["expected train", "plan"][..],
        ),
        ("launch --nproc 0 -- train", &["--nproc"]),
        ("launch --nproc 2 -- train --frobnicate", &["--frobnicate"]),
        (
            "launch --nproc 1 --nodes 2 -- train --resume x",
            &["--address", "HOST:PORT"],
        ),
        (
            "launch --nproc 1 --nodes 2 --rank 2 --address a:1 -- train --resume x",
            &["--rank"],
        ),
        (
            "launch --nproc 1 --nodes 2 --address a -- train --resume x",
            &["HOST:PORT", "found a"],
        ),
    ] {
        place.fails(command, parts);
    }
}
