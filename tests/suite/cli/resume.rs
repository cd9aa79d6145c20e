//! `train --resume`: a run in two parts is the run in one, bit for bit, on the CPU.

use super::{Place, UNET_64, file_names};

/// Ten steps at once, and five and five.
fn assert_resumes_exactly(place: &Place, arguments: &str) {
    let arguments = format!("{arguments} --sample-every 5 --seed 11");
    place.train("whole", &format!("{arguments} --steps 10"));
    place.train("parts", &format!("{arguments} --steps 5"));
    place.run("train --resume parts --steps 10 --quiet");
    place.assert_same_run("parts", "whole", &arguments);
}

#[test]
fn with_dropout_and_flips() {
    let place = Place::with_landscapes(4, 1);
    assert_resumes_exactly(&place, UNET_64);
    place.train(
        "dry",
        &format!("{UNET_64} --no-dropout --seed 11 --steps 10"),
    );
    assert_ne!(
        place.losses("dry"),
        place.losses("whole"),
        "there is dropout"
    );
}

#[test]
fn without_dropout_or_shuffling() {
    assert_resumes_exactly(
        &Place::with_landscapes(4, 1),
        "--no-dropout --serial-batches --no-flip",
    );
}

#[test]
fn in_the_middle_of_an_epoch_of_uneven_batches() {
    // Epochs of a batch of two and a batch of one: the cut after step 5 lies within the third.
    assert_resumes_exactly(&Place::with_landscapes(3, 0), "--batch-size 2 --workers 3");
}

#[test]
fn at_the_end_of_an_epoch() {
    assert_resumes_exactly(&Place::with_landscapes(5, 1), "--workers 1");
}

#[test]
fn with_a_pool_of_earlier_pictures() {
    let place = Place::with_landscapes(4, 0);
    assert_resumes_exactly(&place, "--pool-size 3");
    let pool = place.weights(&format!(
        "{}/image_pool.safetensors",
        place.newest_checkpoint("whole")
    ));
    assert!(!pool.is_empty(), "the pool is in the checkpoint");
}

#[test]
fn with_a_pool_smaller_than_the_batch() {
    assert_resumes_exactly(
        &Place::with_landscapes(4, 0),
        "--pool-size 3 --batch-size 4",
    );
}

#[test]
fn with_label_maps() {
    assert_resumes_exactly(&Place::with_landscapes(4, 1), "--label-nc 15");
}

#[test]
fn with_a_resnet_and_its_dropout() {
    assert_resumes_exactly(
        &Place::with_landscapes(3, 1),
        "--net-g resnet_2blocks --norm instance",
    );
}

#[test]
fn with_least_squares_and_a_pixel_discriminator() {
    assert_resumes_exactly(
        &Place::with_landscapes(3, 1),
        "--gan-mode lsgan --net-d pixel",
    );
}

#[test]
fn while_the_rate_decays() {
    let place = Place::with_landscapes(2, 0);
    assert_resumes_exactly(&place, "--n-epochs 2 --n-epochs-decay 3");
    let rates = place.column("whole", "lr");
    assert!(rates[9] < rates[0] / 2.0, "{rates:?}");
}

#[test]
fn while_the_plateau_policy_counts() {
    let place = Place::with_landscapes(1, 2);
    // At this rate nothing gets better, so that the rate falls after the seventh epoch, which the
    // second part knows from the first alone.
    assert_resumes_exactly(&place, "--lr-policy plateau --lr 0.00000001");
    let rates = place.column("whole", "lr");
    assert!((rates[7] / rates[0] - 0.2).abs() < 1e-6, "{rates:?}");
}

#[test]
fn in_many_parts() {
    let place = Place::with_landscapes(3, 0);
    place.train("whole", "--steps 8 --batch-size 2");
    place.train("parts", "--steps 1 --batch-size 2");
    for steps in [2, 3, 6, 8] {
        place.run(&format!("train --resume parts --steps {steps} --quiet"));
    }
    place.column("parts", "step");
    assert_eq!(place.losses("parts"), place.losses("whole"));
    let (found, expected) = (place.checkpoint("parts"), place.checkpoint("whole"));
    assert!(found == expected, "the last checkpoints differ");
}

#[test]
fn a_run_in_epochs_goes_on_to_more_epochs() {
    let place = Place::with_landscapes(3, 0);
    let schedule = "--n-epochs 2 --n-epochs-decay 2";
    place.train("whole", &format!("{schedule} --epochs 4"));
    place.train("parts", &format!("{schedule} --epochs 1"));
    place.run("train --resume parts --epochs 4 --quiet");
    assert_eq!(place.losses("parts"), place.losses("whole"));
    assert!(place.checkpoint("parts") == place.checkpoint("whole"));
    assert!(place.text("parts/config.toml").contains("epochs = 4"));
}

#[test]
fn a_data_set_that_has_moved_is_found_where_it_is() {
    let place = Place::with_landscapes(3, 1);
    place.train("whole", "--steps 4");
    place.train("parts", "--steps 2");
    std::fs::rename(place.path("data"), place.path("moved")).expect("moved");
    place.fails("train --resume parts --steps 4 --quiet", &["data/train"]);
    place.run("train --resume parts --steps 4 --data moved --quiet");
    assert_eq!(place.losses("parts"), place.losses("whole"));
    assert!(place.text("parts/config.toml").contains("moved\""));
    assert!(place.checkpoint("parts") == place.checkpoint("whole"));
}

#[test]
fn a_checkpoint_older_than_the_log_is_gone_on_from() {
    let place = Place::with_landscapes(3, 1);
    place.train("whole", "--steps 9 --save-every 3 --sample-every 2");
    place.train(
        "parts",
        "--steps 8 --save-every 3 --sample-every 2 --keep 3",
    );
    // As if the run had been killed after step 8 and before its checkpoint.
    std::fs::remove_dir_all(place.path("parts/checkpoints/step-00000008")).expect("removed");
    place.run("train --resume parts --steps 9 --quiet");
    place.assert_same_run("parts", "whole", "from step 6");
}

#[test]
fn leftovers_of_a_killed_save_are_cleared_away() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 2");
    place.write(
        "run/checkpoints/.unfinished-step-00000003/generator.safetensors",
        "half",
    );
    place.run("train --resume run --steps 3 --quiet");
    assert_eq!(
        file_names(&place.path("run/checkpoints")),
        ["step-00000002", "step-00000003"]
    );
}

#[test]
fn what_cannot_be_resumed_says_why() {
    let place = Place::with_landscapes(2, 0);
    place.fails(
        "train --resume nowhere --steps 5",
        &["nowhere", "not a run", "config.toml"],
    );
    place.fails("train", &["pix2pix", "--resume"]);
    place.train("run", "--steps 3");
    let done = ["run has done 3 of 3 steps", "--steps"];
    place.fails("train --resume run --quiet", &done);
    place.fails(
        "train --resume run --steps 2 --quiet",
        &["3 of 2 steps", "--steps"],
    );
    // None of that changed the run.
    place.run("train --resume run --steps 4 --quiet");
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_names_the_file() {
    let place = Place::with_landscapes(2, 0);
    place.train("run", "--steps 2 --pool-size 2");
    let folder = place.newest_checkpoint("run");
    let resume = "train --resume run --steps 4 --quiet";
    for name in place.checkpoint("run").into_keys() {
        let file = format!("{folder}/{name}");
        let whole = place.read(&file);
        if name != "state.json" {
            place.damage(&file);
            place.fails(resume, &[&file, "damaged", "SHA-256"]);
        }
        place.write(&file, &whole[..whole.len() / 2]);
        place.fails(resume, &[&file, "damaged"]);
        std::fs::remove_file(place.path(&file)).expect("removed");
        place.fails(resume, &[&file, "cannot read"]);
        place.write(&file, &whole);
    }
    assert_eq!(place.losses("run").len(), 3, "nothing was logged meanwhile");
    place.run(resume);
}

#[test]
fn with_nearest_upsampling() {
    assert_resumes_exactly(&Place::with_landscapes(4, 1), "--upsampling nearest");
}
