//! `dataset`: synthesize, check, combine.

use serde_json::Value;
use underpaint_core::label::KnownPalette;

use super::{Place, file_names, picture, size_of};

#[test]
fn landscapes_have_pairs_labels_photos_and_a_palette() {
    let place = Place::empty();
    let synthesize = "dataset synthesize landscapes --count 5 --val 2 --size 48 --seed 3 --output";
    let finished = place.run(&format!("{synthesize} one"));
    assert!(
        finished.stderr.contains("3 scenes") && finished.stderr.contains("2 held out"),
        "{finished:?}"
    );
    assert_eq!(
        file_names(&place.path("one")),
        [
            "palette.json",
            "train",
            "train_img",
            "train_label",
            "val",
            "val_img",
            "val_label"
        ]
    );
    assert_eq!(
        file_names(&place.path("one/train")),
        ["00000.png", "00001.png", "00002.png"]
    );
    assert_eq!(
        file_names(&place.path("one/val_label")),
        ["00003.png", "00004.png"]
    );
    assert_eq!(size_of(&place.path("one/train/00000.png")), (96, 48));
    assert_eq!(size_of(&place.path("one/train_img/00000.png")), (48, 48));
    place.run(&format!("{synthesize} two"));
    for folder in ["train", "train_label", "val", "val_img"] {
        assert!(place.tree(&format!("one/{folder}")) == place.tree(&format!("two/{folder}")));
    }
    place.run("dataset synthesize landscapes --count 5 --val 2 --size 48 --seed 4 --output three");
    assert!(place.tree("three/train") != place.tree("one/train"));
    place.fails(&format!("{synthesize} one"), &["one"]);
    place.fails(
        "dataset synthesize landscapes --count 0 --output four",
        &["at least 1 scene", "0"],
    );
    place.fails(
        "dataset synthesize landscapes --count 2 --val 3 --output four",
        &["3", "2"],
    );
    place.fails(
        "dataset synthesize landscapes --count 2 --size 3 --output four",
        &["3"],
    );
    assert!(!place.path("four").exists());
}

fn check(place: &Place, arguments: &str, code: i32) -> Value {
    let finished = place
        .start(&format!("dataset check {arguments} --json"))
        .wait();
    assert_eq!(finished.code, Some(code), "{finished:?}");
    serde_json::from_str(&finished.stdout).expect("JSON")
}

fn messages(report: &Value) -> String {
    let findings = report["findings"].as_array().expect("findings").iter();
    let line = |finding: &Value| format!("{}: {}\n", finding["severity"], finding["message"]);
    findings.map(line).collect()
}

#[test]
fn a_good_data_set_passes_the_check() {
    let place = Place::with_landscapes(3, 2);
    let report = check(&place, "--pairs data", 0);
    assert_eq!(report["files"], 5);
    assert_eq!(report["sizes"]["64x32"], 5);
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    assert_eq!(check(&place, "--pairs data --phase val", 0)["files"], 2);
    let labelled = "--images data/train_img --labels data/train_label";
    let report = check(&place, labelled, 0);
    assert_eq!(report["files"], 6);
    let counted: u64 = report["labels"]["histogram"]
        .as_object()
        .expect("a histogram")
        .values()
        .map(|count| count.as_u64().expect("a count"))
        .sum();
    assert_eq!(counted, 3 * 32 * 32);
    check(&place, &format!("{labelled} --label-nc 15"), 0);
    let finished = place.run("dataset check --pairs data");
    assert!(
        finished.stdout.contains("5") && finished.stdout.contains("64x32"),
        "{finished:?}"
    );
}

#[test]
fn every_bad_file_of_a_data_set_is_found_at_once() {
    let place = Place::with_landscapes(4, 1);
    let whole = place.read("data/train/00000.png");
    place.write("data/train/00000.png", &whole[..whole.len() / 2]);
    place.write("data/train/00001.png", "text");
    place.draw("data/train/00002.png", 65, 32, 1);
    place.draw("data/train/00003.png", 1, 32, 1);
    let report = check(&place, "--pairs data", 1);
    let told = messages(&report);
    for part in [
        "00000.png",
        "00001.png",
        "data/train/00002.png: expected an even width",
        "00003.png",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches("\"error\"").count(), 3, "{told}");
    assert_eq!(told.matches("\"warning\"").count(), 1, "{told}");

    place.draw("data/train_label/00000.png", 32, 32, 1);
    place.draw("data/train_img/00001.png", 31, 32, 1);
    std::fs::remove_file(place.path("data/train_img/00002.png")).expect("removed");
    let report = check(
        &place,
        "--images data/train_img --labels data/train_label --label-nc 2",
        1,
    );
    let told = messages(&report);
    for part in [
        "00000.png",
        "single-channel",
        "31x32",
        "has no partner",
        "expected ids 0..=1",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    place.fails("dataset check --pairs nothing", &["nothing"]);
    place.fails("dataset check --images data/train_img", &["--labels"]);
    place.fails("dataset check", &["--pairs"]);
}

#[test]
fn folders_a_and_b_become_pairs_that_train() {
    let place = Place::empty();
    for split in ["train", "val"] {
        for (name, seed) in [("1", 1), ("2", 5)] {
            for (side, shift) in [("a", 0), ("b", 3)] {
                place.draw(&format!("{side}/{split}/{name}.png"), 32, 32, seed + shift);
            }
        }
    }
    let finished = place.run("dataset combine --a a --b b --output data");
    assert!(
        finished
            .stdout
            .contains("train: 2 AB pictures written, 0 left out"),
        "{finished:?}"
    );
    assert_eq!(file_names(&place.path("data/train")), ["1.png", "2.png"]);
    let pair = image::open(place.path("data/train/2.png"))
        .expect("a picture")
        .to_rgb8();
    let [left, right] = [0, 32].map(|x| image::imageops::crop_imm(&pair, x, 0, 32, 32).to_image());
    assert!(left == picture(32, 32, 5) && right == picture(32, 32, 8));
    place.train("run", "--steps 2");
    place.run("evaluate --run run");
    // As the original spells it.
    place.run("dataset combine --fold_A a --fold_B b --fold_AB data2 --num_imgs 1");
    assert_eq!(file_names(&place.path("data2/val")), ["1.png"]);
}

#[test]
fn what_cannot_be_combined_is_left_out_and_told() {
    let place = Place::empty();
    for name in [
        "a/train/1.png",
        "b/train/1.png",
        "a/train/2.png",
        "a/train/3.png",
        "b/train/3.png",
    ] {
        place.draw(name, 16, 16, 1);
    }
    place.draw("b/train/3.png", 17, 16, 1);
    place.fails(
        "dataset combine --a a --b b --output data",
        &[
            "1 AB pictures written, 2 left out",
            "2.png has no partner",
            "3.png",
            "17x16",
        ],
    );
    assert_eq!(file_names(&place.path("data/train")), ["1.png"]);
    place.fails(
        "dataset combine --a nothing --b b --output other",
        &["nothing"],
    );
    place.fails(
        "dataset combine --a a --b nothing --output other",
        &["nothing"],
    );
}

#[test]
fn every_layout_is_checked_with_all_of_its_phases() {
    let place = Place::with_landscapes(3, 2);
    let report = check(&place, "--layout pix2pixhd --root data", 0);
    assert_eq!(report["files"], 10);
    assert_eq!(report["labels"]["kinds"]["8-bit gray"], 5);
    let only = check(&place, "--layout pix2pixhd --root data --phase val", 0);
    assert_eq!(only["files"], 4);
    let pictures = check(&place, "--layout pictures --root data/train_img", 0);
    assert_eq!(pictures["files"], 3);
    for (from, to) in [
        (
            "train_label/00000.png",
            "raw/gtFine/train/x/x_0_1_gtFine_labelIds.png",
        ),
        (
            "train_label/00001.png",
            "raw/gtFine/train/x/x_0_1_gtFine_instanceIds.png",
        ),
        (
            "train_img/00000.png",
            "raw/leftImg8bit/train/x/x_0_1_leftImg8bit.png",
        ),
        ("train_img/00000.png", "ade/images/ADE_train_1.jpg"),
        ("train_label/00000.png", "ade/annotations/ADE_train_1.png"),
    ] {
        place.write(to, place.read(&format!("data/{from}")));
    }
    let raw = "--layout cityscapes --root raw";
    assert_eq!(check(&place, raw, 0)["files"], 3);
    let without = check(&place, &format!("{raw} --no-instance"), 0);
    assert_eq!(
        (&without["files"], &without["instances"]),
        (&2.into(), &Value::Null)
    );
    let ade = check(&place, "--layout ade20k --root ade", 0);
    assert_eq!(ade["files"], 2);
    // Its layout says which data set it is.
    for (id, name) in ade["labels"]["names"].as_object().expect("names") {
        let id: usize = id.parse().expect("an id");
        assert_eq!(name, &KnownPalette::Ade20k.palette().classes[id].name);
    }
    assert_eq!(ade["labels"]["outside"], Value::Null);
    place.fails("dataset check --layout ade20k", &["--root"]);
    place.fails("dataset check --layout custom", &["--images", "--labels"]);
    place.fails(
        "dataset check --layout cityscapes --root data",
        &["gtFine", "data"],
    );
}

#[test]
fn ids_are_named_and_those_without_a_name_are_told() {
    let place = Place::empty();
    std::fs::create_dir_all(place.path("labels")).expect("a folder");
    place.draw("images/a.png", 4, 1, 1);
    let labels = image::GrayImage::from_raw(4, 1, vec![7, 23, 40, 255]).expect("four pixels");
    labels.save(place.path("labels/a.png")).expect("saved");
    let labelled = "dataset check --images images --labels labels";
    let plain = place.run(labelled).stdout;
    assert!(!plain.contains("road"), "{plain}");
    let named = place
        .run(&format!("{labelled} --palette cityscapes"))
        .stdout;
    for part in [
        "1 pixels  road\n",
        "1 pixels  sky\n",
        "ids that Cityscapes has no class for: 40\n",
    ] {
        assert!(named.contains(part), "{part} missing in {named}");
    }
    place.fails(
        &format!("{labelled} --palette nowhere"),
        &["--palette nowhere", "palette.json", "ade20k"],
    );
}

#[test]
fn a_table_of_ids_is_applied_before_ids_are_checked() {
    let place = Place::with_landscapes(2, 0);
    let labelled = "--images data/train_img --labels data/train_label";
    place.write("table.txt", "* 0");
    let report = check(
        &place,
        &format!("{labelled} --label-nc 1 --remap table.txt"),
        0,
    );
    assert_eq!(report["labels"]["max_id"], 0);
    place.write("table.txt", "* dont_care\n");
    let remapped = format!("{labelled} --label-nc 1 --remap table.txt");
    let told = messages(&check(&place, &remapped, 1));
    assert!(told.contains("--contain-dontcare-label"), "{told}");
    check(&place, &format!("{remapped} --contain-dontcare-label"), 0);
    place.write("table.txt", "1 2\nsea 3\n");
    place.fails(
        &format!("dataset check {remapped}"),
        &["table.txt, line 2", "sea"],
    );
}

/// Samples of a gray PNG, of 8 or 16 bits.
fn gray_samples(path: &std::path::Path) -> Vec<u16> {
    let picture = image::open(path).expect("a picture");
    picture.to_luma16().into_raw()
}

#[test]
fn instance_maps_are_made_of_label_maps_by_the_rule_asked_for() {
    let place = Place::with_landscapes(3, 0);
    let make = "dataset instances --labels data/train_label --output";
    let finished = place.run(&format!("{make} running"));
    assert!(finished.stdout.contains("3 instance maps"), "{finished:?}");
    place.run(&format!("{make} things --things 3,4 --connectivity 8"));
    place.run(&format!("{make} classes --per-class"));
    for folder in ["running", "things", "classes"] {
        assert_eq!(
            file_names(&place.path(folder)),
            file_names(&place.path("data/train_label"))
        );
    }
    let ids = gray_samples(&place.path("things/00000.png"));
    assert!(
        ids.iter().all(|id| *id < 15 || matches!(id / 1000, 3 | 4)),
        "{ids:?}"
    );
    assert!(gray_samples(&place.path("running/00000.png")).contains(&0));
    place.fails(&format!("{make} things"), &["things holds 0000"]);
    place.fails(
        &format!("{make} new --things 65"),
        &["things", "1 to 64", "65"],
    );
    place.fails(
        &format!("{make} new --things 3 --per-class"),
        &["--per-class"],
    );
    place.fails(&format!("{make} new --connectivity 6"), &["--connectivity"]);
    place.fails(
        "dataset instances --labels none --output new",
        &["none", "label maps"],
    );
    assert!(!place.path("new").exists());
}

#[test]
fn the_raw_tree_of_cityscapes_becomes_flat_folders() {
    let place = Place::empty();
    let frame = "aachen_000000_000019";
    place.draw(
        &format!("raw/leftImg8bit/train/aachen/{frame}_leftImg8bit.png"),
        8,
        4,
        1,
    );
    let ground = format!("raw/gtFine/train/aachen/{frame}_gtFine");
    for name in [
        format!("{ground}_labelIds.png"),
        format!("{ground}_instanceIds.png"),
    ] {
        place.write(&name, "");
    }
    let labels = image::GrayImage::from_pixel(8, 4, image::Luma([26]));
    labels
        .save(place.path(&format!("{ground}_labelIds.png")))
        .expect("saved");
    let instances =
        image::ImageBuffer::<image::Luma<u16>, _>::from_pixel(8, 4, image::Luma([26_001]));
    instances
        .save(place.path(&format!("{ground}_instanceIds.png")))
        .expect("saved");
    let finished = place.run("dataset cityscapes --root raw --output flat");
    assert!(
        finished
            .stdout
            .contains("train: 1 frames (a partial data set"),
        "{finished:?}"
    );
    assert_eq!(
        file_names(&place.path("flat")),
        ["palette.json", "train_img", "train_inst", "train_label"]
    );
    // The classes have their names from now on.
    let check = "dataset check --layout pix2pixhd --root flat";
    let report = place.run(check).stdout;
    assert!(report.contains("pixels  car\n"), "{report}");
    let inst = place.path(&format!("flat/train_inst/{frame}_gtFine_instanceIds.png"));
    assert_eq!(gray_samples(&inst)[0], 26_001);
    place.run("dataset cityscapes --root raw --output linked --split train --link");
    place.fails(
        "dataset cityscapes --root raw --output flat",
        &["flat holds palette.json"],
    );
    place.fails(
        "dataset cityscapes --root raw --output new --split val",
        &["val", "train"],
    );
    place.fails(
        "dataset cityscapes --root flat --output new",
        &["leftImg8bit"],
    );
    // A frame without instances is left out, and none is left.
    std::fs::remove_file(place.path(&format!("{ground}_instanceIds.png"))).expect("removed");
    let told = ["has no partner", "_gtFine_instanceIds.png"];
    place.fails("dataset cityscapes --root raw --output new", &told);
    assert!(!place.path("new").exists());
}

#[test]
fn polygons_of_coco_are_painted_over_label_maps() {
    let place = Place::with_landscapes(2, 0);
    let json = r#"{"images": [{"id": 1, "width": 32, "height": 32}], "annotations": [
        {"image_id": 1, "iscrowd": 0, "segmentation": [[1, 1, 9, 1, 9, 9, 1, 9]]}]}"#;
    place.write("instances.json", json);
    let make =
        "dataset coco-instances --annotations instances.json --labels data/train_label --output";
    let finished = place.run(&format!("{make} inst"));
    assert!(
        finished.stdout.contains("2 instance maps with 1 instances"),
        "{finished:?}"
    );
    let (labels, painted) = (place.path("data/train_label"), place.path("inst"));
    let read = |folder: &std::path::Path, name: &str| gray_samples(&folder.join(name));
    assert_eq!(read(&labels, "00000.png"), read(&painted, "00000.png"));
    let ids = read(&painted, "00001.png");
    assert!((0..64).all(|i| ids[i / 8 * 32 + i % 8] == 0));
    assert_eq!(ids[8..32], read(&labels, "00001.png")[8..32]);
    place.write("instances.json", "{}");
    place.fails(&format!("{make} new"), &["instances.json", "annotations"]);
    assert!(!place.path("new").exists());
}
