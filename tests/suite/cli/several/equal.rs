//! N ranks of batch b are one rank of batch N·b.

use super::super::families_train::{PIX2PIXHD, SPADE};
use super::{PIX2PIX, Place, Tiny, difference, launch, train_command};

/// Weights after ten steps.
const TOLERANCE: f32 = 1e-4;

const PGAN: Tiny = Tiny::new(
    "pgan",
    "--data data/train_img --depths 8,8,4 --iterations 4,4,90 --alpha-jumps 0,3,4 --alpha-size-jumps \
     0,1,1 --latent-dim 8",
);

/// Trains `one` as it is and `each` on two ranks, ten steps.
fn assert_equal(
    place: &Place,
    [one, each]: [&str; 2],
    command: impl Fn(&str, &str) -> String,
    without_biases: bool,
) {
    let steps = "--steps 10 --seed 3 --device libtorch-cpu";
    place.run(&command("one", &format!("{one} {steps}")));
    let told = place.run(&launch(2, &command("two", &format!("{each} {steps}"))));
    let (worst, key) = difference(place, "two", "one", without_biases);
    assert!(worst < TOLERANCE, "{worst} at {key}: {told:?}");
    let names = &place.losses("one")[0];
    assert_eq!(&place.losses("two")[0], names);
    for name in names.iter().skip(3) {
        let (found, expected) = (place.column("two", name), place.column("one", name));
        assert_eq!(found.len(), 10);
        for (a, b) in found.iter().zip(&expected) {
            let off = (a - b).abs() / b.abs().max(0.1);
            assert!(off < 1e-2, "{name}: {found:?} are not {expected:?}");
        }
    }
}

fn in_batches(tiny: &Tiny, place: &Place, more: &str, without_biases: bool) {
    let batches = [2, 1].map(|size| format!("--batch-size {size} {more}"));
    let command = |run: &str, arguments: &str| tiny.command(run, arguments);
    assert_equal(
        place,
        batches.each_ref().map(String::as_str),
        command,
        without_biases,
    );
}

#[test]
fn pix2pix_with_synchronised_norms_and_only_with_them() {
    let place = Place::with_landscapes(4, 1);
    let synchronised = "--no-dropout --sync-batch-norm --batch-size";
    let batches = [2, 1].map(|size| format!("{synchronised} {size}"));
    assert_equal(
        &place,
        batches.each_ref().map(String::as_str),
        train_command,
        false,
    );
    // What the comparison would say of statistics that every rank takes for itself.
    let local = format!("{PIX2PIX} --batch-size 1 --steps 10 --seed 3");
    place.run(&launch(2, &train_command("local", &local)));
    let (worst, key) = difference(&place, "local", "one", false);
    assert!(worst > 10.0 * TOLERANCE, "{worst} at {key}");
}

#[test]
fn pix2pixhd() {
    in_batches(&PIX2PIXHD, &Place::with_landscapes(4, 1), "", true);
}

#[test]
fn spade() {
    // At 32 pixels the first norm would be over two numbers, and what rounding makes of their difference.
    let large = "--crop-size 64 --load-size 72";
    let small = "--crop-size 32 --load-size 36";
    let arguments: &'static str = SPADE.arguments.replace(small, large).leak();
    let tiny = Tiny::new("spade", arguments);
    // SPADE's own weights begin at 0.005 here, and Adam without a first moment moves them by a whole rate in
    // every step: what rounding tells apart are other networks after ten.
    let rate = "--lr 0.00002 --init-type kaiming";
    let place = Place::with_landscapes(4, 1);
    in_batches(&tiny, &place, rate, true);
    // What the comparison would say of statistics that every rank takes for itself.
    let alone = "--batch-size 1 --steps 10 --seed 3 --device libtorch-cpu --sync-batch-norm false";
    place.run(&launch(
        2,
        &tiny.command("local", &format!("{rate} {alone}")),
    ));
    let (worst, key) = difference(&place, "local", "one", true);
    assert!(worst > 10.0 * TOLERANCE, "{worst} at {key}");
}

#[test]
fn pgan_through_a_growth() {
    let place = Place::with_landscapes(8, 1);
    // Groups of four for the spread of a batch.
    let command = |run: &str, arguments: &str| PGAN.command(run, arguments);
    assert_equal(
        &place,
        ["--batch-sizes 8", "--batch-sizes 4"],
        command,
        false,
    );
}

#[test]
fn pgan_one_by_one_where_nothing_looks_at_the_batch() {
    let place = Place::with_landscapes(4, 1);
    let batches = [
        "--no-minibatch-stddev --batch-sizes 2",
        "--no-minibatch-stddev --batch-sizes 1",
    ];
    assert_equal(
        &place,
        batches,
        |run, arguments| PGAN.command(run, arguments),
        false,
    );
}
