//! `dataset labels`: from coloured maps and masks to a run, and what is told where they are met.

use image::{GrayImage, Luma, Rgb, RgbImage};

use super::{Place, file_names};

const SKY: [u8; 3] = [70, 130, 180];
const GRASS: [u8; 3] = [0, 200, 0];

/// Two photos of 32 pixels with coloured maps, sky above grass.
fn coloured(place: &Place) {
    for (name, horizon) in [("1", 8), ("2", 20)] {
        place.draw(&format!("data/train_img/{name}.png"), 32, 32, 3);
        place.write(&format!("masks/train/{name}.png"), "");
        let map = RgbImage::from_fn(32, 32, |_, y| Rgb(if y < horizon { SKY } else { GRASS }));
        map.save(place.path(&format!("masks/train/{name}.png")))
            .expect("saved");
    }
}

fn ids(place: &Place, name: &str) -> Vec<u8> {
    let map = image::open(place.path(name)).expect("a picture");
    assert_eq!(map.color(), image::ColorType::L8, "8 bits, one channel");
    let mut ids = map.to_luma8().into_raw();
    ids.dedup();
    ids
}

#[test]
fn coloured_maps_become_a_data_set_that_trains() {
    let place = Place::empty();
    coloured(&place);
    let looked = place.run("dataset labels --input masks/train");
    for part in [
        "2 maps: colours",
        "#4682b4 (70, 130, 180)",
        "43.75 %",
        "--output",
    ] {
        assert!(looked.stdout.contains(part), "{part}: {looked:?}");
    }
    assert_eq!(file_names(&place.path("data")), ["train_img"]);
    let made = place.run("dataset labels --input masks/train --output data/train_label");
    for part in [
        "2 maps of ids for 2 classes (--label-nc 2)",
        "data/palette.json",
        "underpaint train pix2pix --data data --label-nc 2",
    ] {
        assert!(made.stdout.contains(part), "{part}: {made:?}");
    }
    assert_eq!(ids(&place, "data/train_label/1.png"), [1, 0]);
    place.run("dataset check --images data/train_img --labels data/train_label --label-nc 2");
    place.train("run", "--label-nc 2 --steps 1");
    // Names and colours go along with the run.
    assert_eq!(
        place.json("run/palette.json")["classes"][1]["color"][2],
        180
    );
    place.fails(
        "dataset labels --input masks/train --output data/train_label",
        &["data/train_label holds "],
    );
}

#[test]
fn cvats_labelmap_gives_names_and_ids_in_its_order() {
    let place = Place::empty();
    coloured(&place);
    place.write(
        "labelmap.txt",
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsky:70,130,180::\ngrass:0,200,0::\n",
    );
    let made =
        place.run("dataset labels --input masks/train --output ids/own --colours labelmap.txt");
    assert!(made.stdout.contains("--label-nc 3"), "{made:?}");
    assert!(made.stdout.contains("--label-dir ids/own"), "{made:?}");
    assert_eq!(ids(&place, "ids/own/2.png"), [1, 2]);
    assert_eq!(
        place.json("ids/palette.json")["classes"][2]["name"],
        "grass"
    );
    place.write("labelmap.txt", "sky 70 130 180\ngrass 0 200 9\n");
    place.fails(
        "dataset labels --input masks/train --output other --colours labelmap.txt",
        &[
            "masks/train/1.png",
            "x=0, y=8",
            "#00c800 (0, 200, 0)",
            "768 pixels",
            "--nearest",
        ],
    );
    assert!(!place.path("other").exists());
    let near = "dataset labels --input masks/train --colors labelmap.txt --output";
    place.run(&format!("{near} near/a --nearest"));
    place.run(&format!("{near} tolerant/a --tolerance 9"));
    place.run(&format!("{near} rest/a --others 255"));
    for folder in ["near", "tolerant"] {
        assert_eq!(ids(&place, &format!("{folder}/a/1.png")), [0, 1]);
    }
    assert_eq!(ids(&place, "rest/a/1.png"), [0, 255]);
    for (arguments, parts) in [
        ("--nearest", ["--colours", "--nearest"]),
        ("--colours none.txt", ["none.txt", "read"]),
        (
            "--colours labelmap.txt --compact",
            ["--compact", "--colours"],
        ),
        ("--colours data/train_img/1.png", ["1.png", "expected text"]),
    ] {
        place.fails(
            &format!("dataset labels --input masks/train --output new {arguments}"),
            &parts,
        );
        assert!(!place.path("new").exists());
    }
}

/// The command between backticks in a message.
fn told_command(text: &str) -> String {
    let start = text.find("`underpaint dataset labels --input");
    let start = start.expect("a command") + "`underpaint ".len();
    let end = text[start..].find('`').expect("its end") + start;
    text[start..end].to_owned()
}

#[test]
fn training_and_checking_tell_the_command_that_works() {
    let place = Place::empty();
    coloured(&place);
    std::fs::rename(place.path("masks/train"), place.path("data/train_label")).expect("moved");
    let check = "dataset check --images data/train_img --labels data/train_label --label-nc 2";
    let train =
        "train pix2pix --data data --config tiny.toml --output run --label-nc 2 --steps 1 --quiet";
    let told = [
        place
            .fails(check, &["coloured map", "train_label/1.png"])
            .stdout,
        place
            .fails(train, &["coloured map", "train_label/1.png"])
            .stderr,
    ];
    assert!(!place.path("run").exists());
    let commands = told.map(|text| told_command(&text));
    assert!(
        commands[0].contains("--input data/train_label "),
        "{commands:?}"
    );
    place.run(&commands[1]);
    std::fs::remove_dir_all(place.path("data/train_label")).expect("removed");
    std::fs::rename(
        place.path("data/train_label_ids"),
        place.path("data/train_label"),
    )
    .expect("moved");
    place.run(check);
    place.run(train);
}

#[test]
fn masks_of_0_and_255_are_told_and_become_two_classes() {
    let place = Place::empty();
    coloured(&place);
    for name in ["1", "2"] {
        let file = format!("data/train_label/{name}.png");
        place.write(&file, "");
        let mask = GrayImage::from_fn(32, 32, |x, _| Luma([if x < 9 { 255 } else { 0 }]));
        mask.save(place.path(&file)).expect("saved");
    }
    let labelled = "dataset check --images data/train_img --labels data/train_label";
    let open = place.run(labelled);
    assert!(
        open.stdout.contains("masks rather than label maps"),
        "{open:?}"
    );
    assert!(
        !open.stdout.contains("suggested number of classes: 1"),
        "{open:?}"
    );
    let told = place.fails(
        &format!("{labelled} --label-nc 2"),
        &["mask of 0 and 255", "2 in"],
    );
    place.run(&told_command(&told.stdout));
    assert_eq!(ids(&place, "data/train_label_ids/1.png"), [1, 0].repeat(32));
    place.run("dataset check --images data/train_img --labels data/train_label_ids --label-nc 2");
}
