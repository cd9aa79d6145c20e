//! Ranks of one machine average in memory that they share.

use std::fs;

use super::super::families_train::{PGAN, SPADE};
use super::{Place, Running, launch, process, train_command, wait_for_rows, with_environment};

/// Whether both ranks see two pieces of such memory: their own and the other's.
fn assert_shared(running: &Running, shared: bool) {
    for rank in [0, 1] {
        let maps = fs::read_to_string(format!("/proc/{}/maps", process(&running.child, rank)));
        let maps = maps.expect("the rank lives");
        let pieces = maps.matches("memfd:underpaint-gradients").count();
        assert_eq!(pieces, if shared { 2 } else { 0 }, "rank {rank}: {maps}");
    }
}

#[test]
fn shared_memory_and_messages_give_the_same_bits() {
    let place = Place::with_landscapes(4, 1);
    for (run, variable) in [("shared", "1"), ("sent", "0")] {
        let arguments = "--device libtorch-cpu --ngf 8 --ndf 8 --steps 30 --sample-every 30";
        let command = launch(2, &train_command(run, arguments));
        let words: Vec<&str> = command.split_whitespace().collect();
        let program = env!("CARGO_BIN_EXE_underpaint-under-test");
        let environment = [("UNDERPAINT_SHARED_MEMORY", variable)];
        let mut running = with_environment(&place, program, &words, &environment);
        wait_for_rows(&place, run, 1, &mut running);
        assert_shared(&running, run == "shared");
        let finished = running.wait();
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    place.assert_same_run("shared", "sent", "pix2pix");
}

/// SPADE has two networks on their way at once, and the Progressive GAN's grow.
#[test]
fn so_do_networks_that_share_a_loss_and_networks_that_grow() {
    let place = Place::with_landscapes(6, 1);
    for (tiny, more) in [(SPADE, "--use-vae"), (PGAN, "")] {
        let name = tiny.name();
        let runs = [("shared", "1"), ("sent", "0")].map(|(kind, variable)| {
            let run = format!("{name}-{kind}");
            let arguments = format!("--device libtorch-cpu --steps 6 --sample-every 6 {more}");
            let command = launch(2, &tiny.command(&run, &arguments));
            let words: Vec<&str> = command.split_whitespace().collect();
            let program = env!("CARGO_BIN_EXE_underpaint-under-test");
            let environment = [("UNDERPAINT_SHARED_MEMORY", variable)];
            let finished = with_environment(&place, program, &words, &environment).wait();
            assert_eq!(finished.code, Some(0), "{finished:?}");
            run
        });
        place.assert_same_run(&runs[0], &runs[1], name);
    }
}
