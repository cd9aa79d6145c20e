//! Going on: the same ranks bit for bit, others with the same batches.

use super::super::UNET_64;
use super::super::families_train::{PGAN, SPADE};
use super::{Place, difference, launch, train_command};

#[test]
fn the_same_number_of_ranks_goes_on_bit_for_bit() {
    let place = Place::with_landscapes_of(64, 6, 1);
    // Dropout and a pool of earlier pictures are each rank's own.
    let arguments = format!("--device libtorch-cpu --pool-size 2 --sample-every 4 {UNET_64}");
    let train = |run: &str, steps: u64| {
        let arguments = format!("{arguments} --steps {steps}");
        place.run(&launch(2, &train_command(run, &arguments)));
    };
    train("whole", 8);
    train("parts", 4);
    place.run(&launch(2, "train --resume parts --steps 8 --quiet"));
    place.assert_same_run("parts", "whole", "two ranks");
    let pools = ["image_pool", "image_pool_rank1"];
    let pools = pools.map(|name| place.checkpoint("whole")[&format!("{name}.safetensors")].clone());
    assert_ne!(pools[0], pools[1]);
}

#[test]
fn so_do_other_families() {
    let place = Place::with_landscapes(6, 1);
    for (tiny, more) in [(SPADE, "--d-steps-per-g 2"), (PGAN, "")] {
        let name = tiny.name();
        let (whole, parts) = (format!("{name}-whole"), format!("{name}-parts"));
        let command = |run: &str, steps: u64| {
            let arguments =
                format!("--device libtorch-cpu --steps {steps} --sample-every 2 {more}");
            launch(2, &tiny.command(run, &arguments))
        };
        place.run(&command(&whole, 6));
        place.run(&command(&parts, 4));
        place.run(&launch(
            2,
            &format!("train --resume {parts} --steps 6 --quiet"),
        ));
        place.assert_same_run(&parts, &whole, name);
    }
}

#[test]
fn another_number_shares_the_same_batches_and_says_so() {
    let place = Place::with_landscapes(4, 1);
    let arguments = "--device libtorch-cpu --no-dropout --norm instance --seed 5";
    place.train("one", &format!("{arguments} --batch-size 2 --steps 8"));
    let two = format!("{arguments} --batch-size 1 --steps 4");
    place.run(&launch(2, &train_command("moved", &two)));
    let told = place.run("train --resume moved --steps 6 --quiet");
    assert!(told.stderr.contains("bits may differ"), "{told:?}");
    assert!(place.text("moved/config.toml").contains("batch_size = 2"));
    let told = place.run(&launch(2, "train --resume moved --steps 8 --quiet"));
    assert!(told.stderr.contains("bits may differ"), "{told:?}");
    let config = place.text("moved/config.toml");
    assert!(
        config.contains("batch_size = 1") && config.contains("ranks = 2"),
        "{config}"
    );
    let (worst, key) = difference(&place, "moved", "one", true);
    assert!(worst < 1e-4, "{worst} at {key}");
    place.fails(
        &launch(3, "train --resume moved --steps 9 --quiet"),
        &["batches of 2 samples", "3 ranks"],
    );
}
