//! Sizes that a run would trip over, found before its first step in every family; and what is read as something else than
//! was meant.

use super::{Place, file_names};

/// AB pictures of these sizes, numbered from 1.
fn pairs(place: &Place, phase: &str, sizes: &[(u32, u32)]) {
    for (number, (width, height)) in (1..).zip(sizes) {
        place.draw(
            &format!("data/{phase}/{number}.png"),
            *width,
            *height,
            number,
        );
    }
}

/// Training is refused before its first step and leaves nothing.
fn refused(place: &Place, arguments: &str, parts: &[&str]) {
    let found = place.fails(&format!("train {arguments} --output run --quiet"), parts);
    assert!(!place.path("run").exists(), "{found:?}");
}

const SMALL: &str = "pix2pix --data data --ngf 2 --ndf 2 --steps 8";

#[test]
fn pictures_smaller_than_the_crop_are_refused_by_name() {
    let place = Place::empty();
    pairs(
        &place,
        "train",
        &[(256, 128), (256, 128), (256, 128), (160, 80)],
    );
    let crop = format!("{SMALL} --net-g unet_64 --preprocess crop --size 128");
    let parts = [
        "80x80 after the transformation does not fit (1 samples",
        "data/train/4.png (80x80)",
        "smaller than the cut-out of 128x128",
        "multiples of 64",
        "--preprocess",
    ];
    refused(&place, &crop, &parts);
    // What the network can take the original takes, one by one.
    place.draw("data/train/4.png", 128, 64, 4);
    refused(
        &place,
        &format!("{crop} --batch-size 2"),
        &[
            "a batch of 2",
            "data/train/4.png (64x64)",
            "resize_and_crop",
        ],
    );
    place.run(&format!("train {crop} --output run --quiet"));
}

#[test]
fn held_out_pictures_are_judged_as_they_will_be_shown() {
    let place = Place::empty();
    pairs(&place, "train", &[(128, 64), (128, 64)]);
    pairs(&place, "val", &[(128, 64), (80, 40)]);
    let crop = format!("{SMALL} --net-g unet_32 --preprocess crop --size 64");
    refused(
        &place,
        &crop,
        &[
            "to be looked at while training",
            "data/val/2.png (40x40)",
            "multiples of 32",
        ],
    );
    place.draw("data/val/2.png", 64, 32, 1);
    place.run(&format!("train {crop} --output run --quiet"));
    // Going on is checked as well.
    place.draw("data/val/2.png", 80, 40, 1);
    place.fails("train --resume run --steps 9 --quiet", &["data/val/2.png"]);
    place.draw("data/val/2.png", 64, 32, 1);
    place.draw("data/train/2.png", 80, 40, 1);
    place.fails(
        "train --resume run --steps 9 --quiet",
        &["data/train/2.png (40x40)"],
    );
    // Files that no run looks at are none of its business.
    place.draw("data/train/2.png", 128, 64, 1);
    pairs(&place, "val", &[(64, 32); 4]);
    place.draw("data/val/9.png", 80, 40, 1);
    place.run("train --resume run --steps 9 --quiet");
}

#[test]
fn the_other_families_are_asked_what_they_can_take() {
    let place = Place::with_landscapes(2, 0);
    place.draw("data/train_img/00001.png", 40, 32, 1);
    image::GrayImage::new(40, 32)
        .save(place.path("data/train_label/00001.png"))
        .expect("saved");
    let hd = "pix2pixhd --data data --label-nc 15 --no-instance --no-vgg-loss --ngf 2 --ndf 2 --steps 2 --n-downsample-global 2 \
              --num-d 1";
    refused(
        &place,
        &format!("{hd} --resize-or-crop scale_width --load-size 32"),
        &[
            "32x25",
            "data/train_label/00001.png (40x32)",
            "multiples of 4",
            "--resize-or-crop",
        ],
    );
    refused(
        &place,
        &format!("{hd} --resize-or-crop none --batch-size 2"),
        &["a batch of 2", "40x32"],
    );
    let spade = "spade --dataset-mode facades --data data --label-nc 15 --no-instance --no-vgg-loss --ngf 2 --ndf 2 --steps 2 \
                 --batch-size 1 --crop-size 32";
    refused(
        &place,
        &format!("{spade} --preprocess-mode scale_width --load-size 32"),
        &["32x25", "multiples of 32", "--preprocess-mode"],
    );
    refused(
        &place,
        &format!("{spade} --preprocess-mode scale_shortside --load-size 40"),
        &["40x40", "multiples of 32"],
    );
    let none = format!("{spade} --preprocess-mode none --batch-size 2");
    // 40 is rounded to 32, the nearest multiple.
    place.run(&format!("train {none} --output rounded --quiet"));
    place.draw("data/train_img/00001.png", 64, 32, 1);
    image::GrayImage::new(64, 32)
        .save(place.path("data/train_label/00001.png"))
        .expect("saved");
    refused(&place, &none, &["a batch of 2", "64x32"]);
}

#[test]
fn the_check_of_a_data_set_knows_the_settings_of_a_run() {
    let place = Place::empty();
    pairs(&place, "train", &[(128, 64), (128, 64), (80, 40)]);
    place.run("dataset check --pairs data");
    let settings = "family = \"pix2pix\"\nnet_g = \"unet_32\"\nngf = 2\nndf = 2\npreprocess = \"crop\"\nsize = 64\n";
    place.write("settings.toml", settings);
    let check = "dataset check --config settings.toml --root data";
    place.fails(check, &["data/train/3.png (40x40)", "multiples of 32"]);
    place.fails("dataset check --config settings.toml", &["--data"]);
    place.fails("dataset check --root data", &["--root"]);
    place.draw("data/train/3.png", 64, 32, 1);
    place.run(check);
    place.write("settings.toml", format!("{settings}batch_size = 2\n"));
    place.fails(check, &["a batch of 2", "data/train/3.png (32x32)"]);
    place.draw("data/train/3.png", 128, 64, 1);
    place.run("train pix2pix --config settings.toml --data data --steps 1 --output run --quiet");
    place.run("dataset check --config run");
    place.draw("data/train/3.png", 64, 32, 1);
    place.fails("dataset check --config run", &["a batch of 2"]);
    assert_eq!(file_names(&place.path("run/checkpoints")).len(), 1);
}

#[test]
fn what_is_probably_something_else_is_told_by_check_and_train() {
    let place = Place::empty();
    pairs(&place, "train", &[(64, 64), (64, 64)]);
    place.draw("data/trainannot/1.png", 64, 64, 1);
    let checked = place.run("dataset check --pairs data --phase train");
    let train = "train pix2pix --data data --config tiny.toml --steps 1 --output";
    let trained = place.run(&format!("{train} run"));
    for part in [
        "2 of 2 AB pictures",
        "(64x64)",
        "trainannot, which looks like label maps",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {checked:?}");
        assert!(trained.stderr.contains(part), "{part}: {trained:?}");
    }
    let quiet = place.run(&format!("{train} other --quiet"));
    assert!(!quiet.stderr.contains("warning"), "{quiet:?}");
}
