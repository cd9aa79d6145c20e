//! `generate` on folders: batches, bad files, going on where it ended, and tiles.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::{Place, RECORD, UNET_64, file_names};

/// A run, and `in` with twelve pictures of two sizes.
fn with_pictures(arguments: &str) -> Place {
    let place = Place::with_landscapes(2, 1);
    place.train("run", &format!("--steps 4 --lr 0.002 {arguments}"));
    for number in 0..12 {
        let side = [32, 48][number as usize % 2];
        place.draw(&format!("in/{number:02}.png"), side, 32, number);
    }
    place
}

fn set_age(place: &Place, name: &str, seconds: u64) {
    let file = File::options().write(true).open(place.path(name));
    let time = SystemTime::now() - Duration::from_secs(seconds);
    file.expect("a file").set_modified(time).expect("set");
}

#[test]
fn batches_make_the_pictures_that_one_by_one_makes() {
    let place = with_pictures(UNET_64);
    let generate = "generate --model run --input in --output";
    place.run(&format!("{generate} one"));
    let told = place.run(&format!("{generate} batch --batch 5"));
    assert!(
        told.stderr.contains("12 pictures in batch") && told.stderr.contains("a second"),
        "{told:?}"
    );
    assert_eq!(file_names(&place.path("batch")).len(), 12);
    for name in file_names(&place.path("one")) {
        let open = |folder: &str| {
            let path = place.path(&format!("{folder}/{name}"));
            image::open(path).expect("a picture").to_rgb8()
        };
        let (one, batch) = (open("one"), open("batch"));
        let pairs = one.as_raw().iter().zip(batch.as_raw());
        let largest = pairs.map(|(a, b)| a.abs_diff(*b)).max();
        // Rounding of the last bits may move a number over the edge between two bytes.
        assert!(largest <= Some(1), "{name}: {largest:?}");
    }
    place.fails(
        &format!("{generate} none --batch 0"),
        &["--batch", "found 0"],
    );
}

#[test]
fn one_bad_file_does_not_end_it_and_the_exit_status_tells() {
    let place = with_pictures("");
    place.write("in/03.png", "no picture");
    place.write("in/07.png", "");
    let finished = place.fails(
        "generate --model run --input in --output out --batch 4",
        &[
            "10 pictures in out",
            "2 of 12 inputs failed",
            "03.png",
            "07.png",
        ],
    );
    assert_eq!(finished.code, Some(1));
    assert_eq!(file_names(&place.path("out")).len(), 10);
    // The second time the others are there, and are still among the inputs.
    place.fails(
        "generate --model run --input in --output out --batch 4",
        &["10 were there already", "2 of 12 inputs failed"],
    );
    for (arguments, found) in [
        ("--input in --output out.png", "name of a file out.png"),
        ("--input in --output in/00.png", "file in/00.png"),
        (
            "--input nowhere --output out",
            "nowhere: expected a picture",
        ),
    ] {
        place.fails(
            &format!("generate --model run {arguments}"),
            &["expected", found],
        );
    }
    assert!(!place.path("out.png").exists());
}

#[test]
fn bad_labels_are_the_fault_of_their_file_alone() {
    let place = Place::with_landscapes(2, 3);
    place.train("run", "--steps 1 --label-nc 15");
    let label = |value| image::GrayImage::from_pixel(32, 32, image::Luma([value]));
    label(15)
        .save(place.path("data/val_label/z.png"))
        .expect("saved");
    place.fails(
        "generate --model run --input data/val_label --output out --batch 4",
        &[
            "3 pictures in out",
            "1 of 4 inputs failed",
            "z.png",
            "label 15",
        ],
    );
    place.fails(
        "generate --model run --input data/val_label/z.png --output z.png",
        &["z.png", "label 15"],
    );
}

#[test]
fn an_interrupted_folder_goes_on_where_it_ended() {
    let place = with_pictures("");
    let generate = "generate --model run --input in --output out";
    place.run(generate);
    let whole = place.tree("out");
    // As if it had been killed after five of them, with half of the sixth on the disk.
    for (number, name) in file_names(&place.path("out")).iter().enumerate() {
        match number {
            0..5 => {}
            5 => fs::rename(
                place.path(&format!("out/{name}")),
                place.path(&format!("out/.{name}.partial")),
            )
            .expect("renamed"),
            _ => fs::remove_file(place.path(&format!("out/{name}"))).expect("removed"),
        }
    }
    let told = place.run(generate);
    assert!(
        told.stderr.contains("7 pictures in out") && told.stderr.contains("5 were there already"),
        "{told:?}"
    );
    assert_eq!(place.tree("out"), whole);
    let told = place.run(generate);
    assert!(
        told.stderr.contains("0 pictures in out") && told.stderr.contains("12 were there"),
        "{told:?}"
    );
    let told = place.run(&format!("{generate} --again"));
    assert!(
        told.stderr.contains("12 pictures in out") && !told.stderr.contains("already"),
        "{told:?}"
    );
}

#[test]
fn pictures_of_other_settings_models_or_inputs_are_never_taken_for_done() {
    let place = with_pictures(UNET_64);
    let generate = "generate --model run --input in --output out";
    place.run(generate);
    let skipped = |arguments: &str| {
        let told = place.run(&format!("{generate} {arguments}"));
        let line = told
            .stderr
            .lines()
            .find(|line| line.contains("were there already"));
        line.map(|line| line.split(' ').next().expect("a number").to_owned())
    };
    assert_eq!(skipped("--batch 3"), Some("12".to_owned()));
    let old = place.tree("out");
    assert_eq!(skipped("--seed 3"), None, "another seed");
    assert_ne!(place.tree("out"), old);
    assert_eq!(skipped("--seed 3"), Some("12".to_owned()));
    // An input that was changed since.
    set_age(&place, "out/04.png", 100);
    set_age(&place, &format!("out/{RECORD}"), 200);
    set_age(&place, "in/04.png", 50);
    for name in (0..12).filter(|&name| name != 4) {
        set_age(&place, &format!("in/{name:02}.png"), 300);
    }
    assert_eq!(skipped("--seed 3"), Some("11".to_owned()));
    // Another model of the same name.
    fs::remove_dir_all(place.path("run")).expect("removed");
    place.train("run", &format!("--steps 4 --lr 0.01 {UNET_64}"));
    assert_eq!(skipped("--seed 3"), None, "another model");
}

#[test]
fn inputs_of_one_name_are_told_before_anything_is_written() {
    let place = with_pictures("");
    place.draw("in/03.jpg", 32, 32, 1);
    place.fails(
        "generate --model run --input in --output out",
        &["03.jpg", "03.png", "rename one"],
    );
    assert!(!place.path("out").exists());
}

#[test]
fn what_cannot_be_written_ends_it() {
    let place = with_pictures("");
    // A folder where a picture has to go.
    fs::create_dir_all(place.path("out/05.png/x")).expect("made");
    place.fails(
        "generate --model run --input in --output out",
        &["cannot write", "05.png"],
    );
}

#[test]
fn tiles_make_the_picture_that_is_made_at_once() {
    let place = Place::with_landscapes(2, 1);
    place.train("run", "--steps 4 --lr 0.002 --net-g resnet_1blocks");
    place.draw("in.png", 210, 170, 3);
    let generate = "generate --model run --input in.png --bn-stats running --dropout off --output";
    place.run(&format!("{generate} whole.png"));
    let told = place.run(&format!("{generate} tiles.png --tile 96"));
    assert!(told.stderr.contains("tiles of 96 pixels"), "{told:?}");
    let open = |name: &str| {
        let picture = image::open(place.path(name)).expect("a picture");
        picture.to_rgb8().into_raw()
    };
    let (whole, tiles) = (open("whole.png"), open("tiles.png"));
    let pairs = whole.iter().zip(&tiles);
    assert!(pairs.map(|(a, b)| a.abs_diff(*b)).max() <= Some(1));
    place.fails(
        "generate --model run --input in.png --output x.png --tile 96",
        &[
            "--tile",
            "mean and variance of the whole picture",
            "--bn-stats running",
        ],
    );
    place.fails(
        &format!("{generate} x.png --tile 32"),
        &["--tile", "expected", "found 32"],
    );
}
