//! How people's files lie in folders: hidden files, halves in two folders, folders of any names, files of other kinds.

use serde_json::Value;

use super::{Place, file_names};

fn check(place: &Place, arguments: &str, code: i32) -> (Value, String) {
    let finished = place
        .start(&format!("dataset check {arguments} --json"))
        .wait();
    assert_eq!(finished.code, Some(code), "{finished:?}");
    let report: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("findings").iter();
    let told = findings.map(|finding| format!("{}: {}\n", finding["severity"], finding["message"]));
    let told = told.collect();
    (report, told)
}

/// Gray ids as a file of any format, by its name.
fn ids(place: &Place, name: &str, ids: &[u16; 4]) {
    let map = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(32, 32, |x, y| {
        image::Luma([ids[(x / 16 + y / 16 * 2) as usize]])
    });
    place.write(name, "");
    map.save(place.path(name)).expect("saved");
}

/// Copies what `data` has of a picture into other folders.
fn copy(place: &Place, from: &str, to: &str) {
    place.write(to, place.read(from));
}

#[test]
fn hidden_files_and_folders_are_read_nowhere() {
    let place = Place::with_landscapes(3, 2);
    let counted = |place: &Place| {
        let labelled = "--images data/train_img --labels data/train_label";
        ["--pairs data", "--layout pix2pixhd --root data", labelled].map(|arguments| {
            let (report, told) = check(place, arguments, 0);
            assert!(!told.contains("left out"), "{told}");
            report["files"].as_u64().expect("a count")
        })
    };
    let before = counted(&place);
    for folder in ["train", "val", "train_label", "train_img", "val_label"] {
        for hidden in [
            ".ipynb_checkpoints",
            "@eaDir",
            "__MACOSX",
            ".git/a",
            "#recycle",
        ] {
            place.write(
                &format!("data/{folder}/{hidden}/1-checkpoint.png"),
                "broken",
            );
        }
        for hidden in [
            "._00000.png",
            ".DS_Store",
            "Thumbs.db",
            "desktop.ini",
            "00000.png~",
        ] {
            place.write(&format!("data/{folder}/{hidden}"), "broken");
        }
    }
    assert_eq!(counted(&place), before);
    place.train("run", "--steps 2");
    place.run("evaluate --run run");
    place.run("generate --model run --input data/val --half left --output made");
    assert_eq!(file_names(&place.path("made")), ["00003.png", "00004.png"]);
    place.run("dataset instances --labels data/train_label --output inst");
    assert_eq!(file_names(&place.path("inst")).len(), 3);
    for side in ["a", "b"] {
        copy(
            &place,
            "data/train_img/00000.png",
            &format!("{side}/train/1.png"),
        );
        place.write(&format!("{side}/train/@eaDir/2.png"), "broken");
        place.write(&format!("{side}/.git/2.png"), "broken");
    }
    place.run("dataset combine --a a --b b --output joined");
    assert_eq!(file_names(&place.path("joined")), ["train"]);
}

#[test]
fn pictures_beside_the_folders_of_phases_are_checked_too() {
    let place = Place::with_landscapes(2, 1);
    copy(&place, "data/train/00000.png", "data/whole.png");
    let (report, told) = check(&place, "--pairs data", 0);
    assert_eq!(report["files"], 4);
    assert!(
        told.contains("1 pictures lie beside the folders train, val"),
        "{told}"
    );
    place.write("data/broken.png", "text");
    let (_, told) = check(&place, "--pairs data", 1);
    assert!(told.contains("data/broken.png"), "{told}");
    assert_eq!(check(&place, "--pairs data --phase val", 0).0["files"], 1);
}

#[test]
fn files_of_other_kinds_are_counted_by_ending() {
    let place = Place::with_landscapes(2, 0);
    copy(&place, "data/train/00000.png", "data/train/more.JFIF");
    for name in ["a.gif", "b.gif", "c.heic", "notes.txt"] {
        place.write(&format!("data/train/{name}"), "");
    }
    let words = "data/train: 4 files left out: .gif 2, .heic 1, .txt 1";
    let (report, told) = check(&place, "--pairs data", 0);
    assert_eq!(report["files"], 3);
    assert!(told.contains(words), "{told}");
    let train = "train pix2pix --data data --config tiny.toml --output run --steps 1";
    let finished = place.run(train);
    // A run tells the whole path.
    assert!(finished.stderr.contains(words), "{finished:?}");
    assert!(finished.stderr.contains("3 samples"), "{finished:?}");
    let (_, told) = check(&place, "--layout pictures --root data/train", 0);
    assert!(told.contains(words), "{told}");
}

/// Lays the halves of `data` out as two folders of every phase.
fn lay_apart(place: &Place, root: &str, [a, b]: [&str; 2]) {
    for phase in ["train", "val"] {
        for name in file_names(&place.path(&format!("data/{phase}"))) {
            let pair = image::open(place.path(&format!("data/{phase}/{name}")))
                .expect("a picture")
                .to_rgb8();
            for (folder, x) in [(a, 0), (b, 32)] {
                let folder = folder.replace("PHASE", phase);
                let path = format!("{root}/{folder}{name}");
                place.write(&path, "");
                let half = image::imageops::crop_imm(&pair, x, 0, 32, 32).to_image();
                half.save(place.path(&path)).expect("saved");
            }
        }
    }
}

#[test]
fn halves_in_two_folders_train_as_ab_pictures_do() {
    let place = Place::with_landscapes(4, 2);
    let layouts = [
        ["PHASE_A/", "PHASE_B/"],
        ["PHASEA/", "PHASEB/"],
        ["PHASE/A/", "PHASE/B/"],
    ];
    for direction in ["AtoB", "BtoA"] {
        let settings = format!("--direction {direction} --steps 3 --seed 5");
        place.train(&format!("joined{direction}"), &settings);
        for (number, folders) in layouts.into_iter().enumerate() {
            let root = format!("apart{number}");
            lay_apart(&place, &root, folders);
            let (report, told) = check(&place, &format!("--pairs {root}"), 0);
            assert_eq!((&report["files"], told.as_str()), (&12.into(), ""));
            let run = format!("run{number}{direction}");
            place.run(&format!(
                "train pix2pix --data {root} --config tiny.toml --output {run} --quiet {settings}"
            ));
            let context = format!("{folders:?} {direction}");
            place.assert_same_run(&run, &format!("joined{direction}"), &context);
        }
    }
    let evaluated = |run: &str| {
        place.run(&format!("evaluate --run {run} --json numbers.json"));
        place.json("numbers.json")["mean"].clone()
    };
    assert_eq!(evaluated("run1BtoA"), evaluated("joinedBtoA"));
    place.run("train --resume run2AtoB --steps 4 --quiet");
}

#[test]
fn pix2pixhd_takes_pictures_from_every_layout_of_halves() {
    let place = Place::with_landscapes(3, 1);
    let tiny = "--label-nc 0 --no-instance --ngf 4 --ndf 4 --n-downsample-global 1 --n-blocks-global 1 \
                --num-d 1 --n-layers-d 2 --resize-or-crop none --no-vgg-loss --steps 2 --quiet";
    for (number, folders) in [
        ["PHASE_A/", "PHASE_B/"],
        ["PHASEA/", "PHASEB/"],
        ["PHASE/A/", "PHASE/B/"],
    ]
    .into_iter()
    .enumerate()
    {
        let (root, run) = (format!("apart{number}"), format!("run{number}"));
        lay_apart(&place, &root, folders);
        let (report, _) = check(&place, &format!("--layout pix2pixhd --root {root}"), 0);
        assert_eq!(report["files"], 8, "{folders:?}");
        place.run(&format!(
            "train pix2pixhd --data {root} {tiny} --output {run}"
        ));
        place.run(&format!("evaluate --run {run}"));
        assert_eq!(place.losses(&run), place.losses("run0"), "{folders:?}");
    }
}

/// The smallest run of every family that takes label maps.
const LABELLED: [(&str, &str); 3] = [
    ("pix2pix", "--config tiny.toml"),
    (
        "pix2pixhd",
        "--no-instance --ngf 4 --ndf 4 --n-downsample-global 1 --n-blocks-global 1 --num-d 1 --n-layers-d 2 \
         --resize-or-crop none --no-vgg-loss",
    ),
    (
        "spade",
        "--no-instance --crop-size 32 --load-size 36 --ngf 2 --ndf 4 --num-d 1 --n-layers-d 3 --no-vgg-loss",
    ),
];

#[test]
fn every_family_with_label_maps_trains_on_folders_of_any_names() {
    let place = Place::with_landscapes(3, 2);
    for (from, to) in [
        ("train_img", "photos"),
        ("train_label", "masks"),
        ("val_img", "other/photos"),
        ("val_label", "other/masks"),
    ] {
        for name in file_names(&place.path(&format!("data/{from}"))) {
            copy(
                &place,
                &format!("data/{from}/{name}"),
                &format!("{to}/{name}"),
            );
        }
    }
    copy(&place, "data/palette.json", "palette.json");
    let folders = "--images photos --labels masks --label-nc 15";
    for (family, tiny) in LABELLED {
        let run = format!("run_{family}");
        let train = format!("train {family} {tiny} --quiet");
        place.run(&format!("{train} {folders} --output {run} --steps 2"));
        let config = place.text(&format!("{run}/config.toml"));
        assert!(
            config.contains("photos") && config.contains("masks"),
            "{config}"
        );
        assert!(place.path(&format!("{run}/palette.json")).is_file());
        place.run(&format!("train --resume {run} --steps 3 --quiet"));
        place.run(&format!("evaluate --run {run} --json own.json"));
        assert_eq!(place.json("own.json")["count"], 3);
        let other = "--images other/photos --labels other/masks --json other.json";
        place.run(&format!("evaluate --run {run} {other}"));
        assert_eq!(place.json("other.json")["count"], 2);
        let moved = format!("train --resume {run} --steps 9 --data elsewhere");
        place.fails(&moved, &["--data", "--images", "--labels"]);
        place.fails(
            &format!("evaluate --run {run} --data data"),
            &["--data", "--images"],
        );
        place.fails(&format!("evaluate --run {run} --phase val"), &["--phase"]);
        let command = format!("{train} --output no");
        place.fails(
            &format!("{command} --images photos --label-nc 15"),
            &["label"],
        );
        place.fails(
            &format!("{command} {folders} --labels none"),
            &["none", "label maps"],
        );
        assert!(!place.path("no").exists());
    }
    let (family, tiny) = LABELLED[0];
    let command = format!("train {family} {tiny} --quiet --output no");
    let pictures = "--images photos --labels other/photos";
    place.fails(&format!("{command} {pictures}"), &["--label-nc", "0 where"]);
    place.fails(
        &format!("{command} {folders} --data data"),
        &["--data", "--labels"],
    );
    place.fails(&format!("{command} {folders} --phase val"), &["--phase"]);
    place.fails(
        &format!("{command} {folders} --direction BtoA"),
        &["--direction"],
    );
    let (family, tiny) = LABELLED[1];
    let tiny = tiny.replace("--no-instance", "");
    let command = format!("train {family} {tiny} --quiet --output no");
    let told = ["--instances", "--no-instance"];
    place.fails(&format!("{command} {folders}"), &told);
    place.run("dataset instances --labels masks --output inst");
    place.run(&format!(
        "train {family} {tiny} --quiet {folders} --instances inst --output with --steps 1"
    ));
    place.run("evaluate --run with");
    let other = "evaluate --run with --images other/photos --labels other/masks";
    place.fails(other, &["--instances"]);
}

#[test]
fn pictures_may_be_inputs_in_folders_of_any_names() {
    let place = Place::with_landscapes(3, 1);
    lay_apart(&place, "halves", ["PHASE_A/", "PHASE_B/"]);
    place.train("joined", "--steps 3");
    let folders = "--labels halves/train_A --images halves/train_B --label-nc 0";
    place.run(&format!(
        "train pix2pix --config tiny.toml --quiet {folders} --output run --steps 3"
    ));
    assert_eq!(place.losses("run"), place.losses("joined"));
    place.run("train --resume run --steps 4 --quiet");
    place.run("evaluate --run run --labels halves/val_A --images halves/val_B");
}

#[test]
fn label_ids_are_the_samples_of_any_format() {
    let place = Place::with_landscapes(1, 0);
    copy(&place, "data/train_img/00000.png", "img/1.png");
    let rows: String = (0..32)
        .map(|y| {
            (0..32)
                .map(|x| if (x + y) % 3 == 0 { "1 " } else { "4 " })
                .collect::<String>()
                + "\n"
        })
        .collect();
    place.write("pgm/1.pgm", format!("P2\n32 32\n5\n{rows}"));
    ids(&place, "tiff/1.tif", &[0, 1, 2, 4]);
    for folder in ["pgm", "tiff"] {
        let arguments = format!("--images img --labels {folder}");
        let (report, _) = check(&place, &arguments, 0);
        assert_eq!(report["labels"]["suggested_num_classes"], 5, "{folder}");
        check(&place, &format!("{arguments} --label-nc 5"), 0);
        check(&place, &format!("{arguments} --label-nc 4"), 1);
    }
    place.write(
        "pbm/1.pbm",
        format!("P1\n32 32\n{}", rows.replace('4', "0")),
    );
    let (report, told) = check(&place, "--images img --labels pbm", 1);
    assert!(
        told.contains("1.pbm") && told.contains("8-bit gray"),
        "{told}"
    );
    assert_eq!(report["labels"], Value::Null);
}

#[test]
fn instance_maps_are_never_label_maps() {
    let place = Place::with_landscapes(2, 0);
    for (number, name) in ["00000", "00001"].into_iter().enumerate() {
        let frame = format!("f{number}");
        let photo = format!("data/train_img/{name}.png");
        copy(&place, &photo, &format!("img/{frame}_leftImg8bit.png"));
        ids(
            &place,
            &format!("label/{frame}_gtFine_instanceIds.png"),
            &[7, 11, 26_000, 26_001],
        );
        ids(
            &place,
            &format!("nameless/{frame}.png"),
            &[7, 11, 26_000, 26_001],
        );
    }
    let (_, told) = check(&place, "--images img --labels label --label-nc 35", 1);
    assert!(told.contains("an instance map by its name"), "{told}");
    for classes in ["", "--label-nc 35"] {
        let (_, told) = check(
            &place,
            &format!("--images img --labels nameless {classes}"),
            1,
        );
        for part in ["nameless", "instance map", "_labelIds"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    for number in 0..2 {
        let frame = format!("f{number}_gtFine");
        place.draw(&format!("label/{frame}_color.png"), 32, 32, 1);
        place.write(&format!("label/{frame}_polygons.json"), "{}");
        ids(
            &place,
            &format!("label/{frame}_labelIds.png"),
            &[7, 11, 26, 26],
        );
        ids(
            &place,
            &format!("label/{frame}_labelTrainIds.png"),
            &[0, 2, 13, 13],
        );
    }
    let (report, told) = check(&place, "--images img --labels label --label-nc 35", 0);
    assert_eq!(
        (&report["files"], &report["labels"]["max_id"]),
        (&4.into(), &26.into())
    );
    assert!(
        told.contains("6 files of other kinds beside the label maps"),
        "{told}"
    );
    assert!(!told.contains("left out"), "{told}");
    place.run("dataset instances --labels label --output inst");
    assert_eq!(file_names(&place.path("inst")).len(), 2);
}
