use std::path::Path;

use rand::SeedableRng;

use super::*;
use crate::data::augment::{Preprocess, PreprocessRules};
use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};
use crate::data::{Sample, SampleInput, SampleRng};

const SIDE: usize = 4;

fn write_ids(root: &Path, name: &str, ids: &[u16]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let ids: Vec<u16> = ids.iter().copied().cycle().take(SIDE * SIDE).collect();
    let (width, height) = (SIDE, SIDE);
    write_label_map_png(&path, &LabelMap { width, height, ids }).unwrap();
}

fn write_photo(root: &Path, name: &str, pixels: &[u8]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let length = SIDE * SIDE * 3;
    let picture = Picture {
        width: SIDE,
        height: SIDE,
        channels: 3,
        pixels: pixels.iter().copied().cycle().take(length).collect(),
    };
    write_picture_png(&path, &picture).unwrap();
}

fn labels(num_classes: usize, dont_care: bool) -> InputSpec {
    InputSpec::Labels {
        num_classes,
        dont_care,
        ade_shift: false,
    }
}

fn source(root: &Path, layout: Layout, input: InputSpec) -> DataSource {
    DataSource {
        root: root.to_path_buf(),
        layout,
        augment: AugmentOptions {
            preprocess: Preprocess::None,
            rules: PreprocessRules::Spade,
            flip: false,
            ..AugmentOptions::default()
        },
        input,
        output_channels: 3,
        max_size: None,
        remap: None,
    }
}

fn flat(instances: bool, features: bool) -> Layout {
    Layout::Flat {
        instances,
        features,
    }
}

fn sample(source: &DataSource, phase: &str) -> Sample {
    let dataset = source.open(phase).unwrap();
    dataset.load(0, &mut SampleRng::seed_from_u64(1)).unwrap()
}

fn ids(sample: &Sample) -> &[u16] {
    match &sample.input {
        SampleInput::Labels { ids, .. } => ids,
        other => panic!("a label map gives labels, found {other:?}"),
    }
}

#[test]
fn flat_folders_give_labels_instances_and_features() {
    let root = tempfile::tempdir().unwrap();
    write_ids(root.path(), "train_label/1.png", &[0, 1, 2]);
    write_ids(root.path(), "train_inst/1.png", &[33_001, 7]);
    write_photo(root.path(), "train_img/1.png", &[255, 0, 0]);
    write_photo(root.path(), "train_feat/1.png", &[0, 255, 51]);
    let found = sample(
        &source(root.path(), flat(true, true), labels(3, false)),
        "train",
    );
    assert_eq!(found.name, "1");
    assert_eq!(ids(&found)[..4], [0, 1, 2, 0]);
    assert_eq!(found.instances.unwrap().ids[..3], [33_001, 7, 33_001]);
    let features = found.features.unwrap();
    assert_eq!((features.channels, features.width), (3, SIDE));
    let planes: Vec<f32> = features
        .data
        .chunks(SIDE * SIDE)
        .map(|plane| plane[5])
        .collect();
    assert_eq!(planes[..2], [-1.0, 1.0]);
    assert!((planes[2] + 0.6).abs() < 1e-6);
    let plain = sample(
        &source(root.path(), flat(false, false), labels(3, false)),
        "train",
    );
    assert!(plain.instances.is_none() && plain.features.is_none());
}

#[test]
fn features_are_resized_by_nearest_neighbour_and_follow_crop_and_flip() {
    let root = tempfile::tempdir().unwrap();
    write_ids(
        root.path(),
        "train_label/1.png",
        &(0..16).collect::<Vec<_>>(),
    );
    write_photo(root.path(), "train_img/1.png", &[0]);
    let pixels: Vec<u8> = (0..16).flat_map(|id| [id * 10, 0, 0]).collect();
    write_photo(root.path(), "train_feat/1.png", &pixels);
    let mut source = source(root.path(), flat(false, true), labels(16, false));
    source.augment = AugmentOptions {
        preprocess: Preprocess::ResizeAndCrop,
        load_size: 9,
        crop_size: 7,
        ..source.augment
    };
    source.augment.flip = true;
    let dataset = source.open("train").unwrap();
    for seed in 0..20 {
        let found = dataset
            .load(0, &mut SampleRng::seed_from_u64(seed))
            .unwrap();
        let features = found.features.as_ref().unwrap();
        let red = features.data[..49]
            .iter()
            .map(|value| ((value + 1.0) * 127.5).round() as u16);
        let from_features: Vec<u16> = red.map(|value| value / 10).collect();
        assert_eq!(from_features, ids(&found));
    }
}

#[test]
fn pictures_as_inputs_may_have_instances() {
    let root = tempfile::tempdir().unwrap();
    write_photo(root.path(), "train_A/1.png", &[0]);
    write_photo(root.path(), "train_B/1.png", &[255]);
    write_ids(root.path(), "train_inst/1.png", &[5]);
    let picture = InputSpec::Picture { channels: 1 };
    let found = sample(&source(root.path(), flat(true, false), picture), "train");
    let SampleInput::Image(image) = &found.input else {
        panic!("a picture")
    };
    assert_eq!(
        (image.channels, image.data[0], found.target.data[0]),
        (1, -1.0, 1.0)
    );
    assert_eq!(found.instances.unwrap().ids[0], 5);
}

#[test]
fn ade20k_is_read_raw_or_shifted() {
    let root = tempfile::tempdir().unwrap();
    write_ids(
        root.path(),
        "annotations/training/ADE_train_1.png",
        &[0, 1, 150],
    );
    write_photo(root.path(), "images/training/ADE_train_1.jpg", &[9]);
    let mut source = source(root.path(), Layout::Ade20k, labels(150, true));
    assert_eq!(ids(&sample(&source, "train"))[..3], [0, 1, 150]);
    source.input = InputSpec::Labels {
        num_classes: 150,
        dont_care: true,
        ade_shift: true,
    };
    assert_eq!(ids(&sample(&source, "train"))[..3], [150, 0, 149]);
}

#[test]
fn a_table_of_ids_comes_before_everything_else() {
    let root = tempfile::tempdir().unwrap();
    write_ids(root.path(), "train_label/1.png", &[7, 8, 9]);
    write_photo(root.path(), "train_img/1.png", &[0]);
    let table = root.path().join("table.txt");
    std::fs::write(&table, "7 0\n8 1\n* dont_care").unwrap();
    let mut source = source(root.path(), flat(false, false), labels(2, true));
    source.remap = Some(table.clone());
    assert_eq!(ids(&sample(&source, "train"))[..3], [0, 1, 2]);
    assert!(
        source
            .check("train", &CheckOptions::files_only(true))
            .is_ok()
    );
    source.input = labels(2, false);
    let dataset = source.open("train").unwrap();
    let text = dataset
        .load(0, &mut SampleRng::seed_from_u64(1))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("label 255") && text.contains("--contain-dontcare-label"),
        "{text}"
    );
    let report = source.check("train", &CheckOptions::files_only(true));
    assert_eq!(report.findings[0].message, text);
    std::fs::write(&table, "7 x").unwrap();
    let text = source.open("train").map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("table.txt, line 1"), "{text}");
}

#[test]
fn pictures_alone_come_at_any_size() {
    let root = tempfile::tempdir().unwrap();
    for name in ["a/1.png", "b/2.png", ".thumbs/3.png"] {
        write_photo(root.path(), name, &[255]);
    }
    let layout = Layout::Pictures {
        crop: FaceCrop::None,
    };
    let mut source = source(root.path(), layout, InputSpec::Nothing);
    source.augment.crop_size = 8;
    let dataset = source.open("whatever").unwrap();
    assert_eq!((dataset.len(), dataset.name(1)), (2, "b/2".into()));
    let small = dataset.at_resolution(2).unwrap();
    let mut rng = SampleRng::seed_from_u64(1);
    for (dataset, side) in [(&dataset, 8), (&small, 2)] {
        let found = dataset.load(1, &mut rng).unwrap();
        assert_eq!(found.input, SampleInput::Unconditional);
        assert_eq!((found.target.width, found.target.height), (side, side));
    }
    source.max_size = Some(1);
    assert_eq!(source.open("train").unwrap().len(), 1);
    assert_eq!(source.held_out_phase("train"), None);
}

#[test]
fn folders_of_any_name_know_no_phases() {
    let root = tempfile::tempdir().unwrap();
    write_ids(root.path(), "masks/1.png", &[1]);
    write_photo(root.path(), "photos/1.png", &[0]);
    let layout = Layout::Custom {
        labels: root.path().join("masks"),
        images: root.path().join("photos"),
        instances: None,
    };
    let source = source(Path::new("."), layout, labels(2, false));
    assert_eq!(ids(&sample(&source, "train")), [1; 16]);
    assert_eq!(source.held_out_phase("train"), None);
    assert!(
        source
            .check("train", &CheckOptions::files_only(true))
            .is_ok()
    );
}

#[test]
fn the_held_out_phase_is_val_or_test_and_test_falls_back_to_val() {
    let root = tempfile::tempdir().unwrap();
    for phase in ["train", "test"] {
        write_ids(root.path(), &format!("{phase}_label/1.png"), &[1]);
        write_photo(root.path(), &format!("{phase}_img/1.png"), &[0]);
        write_photo(root.path(), &format!("{phase}/1.png"), &[0]);
    }
    let labelled = source(root.path(), flat(false, false), labels(2, false));
    let direction = Direction::AtoB;
    let picture = InputSpec::Picture { channels: 3 };
    let pairs = source(root.path(), Layout::Pairs { direction }, picture);
    for source in [&labelled, &pairs] {
        assert_eq!(source.held_out_phase("train"), Some("test"));
        assert_eq!(source.held_out_phase("test"), None);
    }
    write_ids(root.path(), "val_label/1.png", &[1]);
    assert_eq!(
        labelled.held_out_phase("train"),
        Some("test"),
        "val has no photos"
    );
    write_photo(root.path(), "val_img/1.png", &[0]);
    assert_eq!(labelled.held_out_phase("train"), Some("val"));
    std::fs::remove_dir_all(root.path().join("test_label")).unwrap();
    assert_eq!(sample(&labelled, "test").name, "1");
}

#[test]
fn layouts_and_inputs_that_do_not_go_together_are_refused() {
    let root = Path::new(".");
    let direction = Direction::AtoB;
    let crop = FaceCrop::None;
    let picture = InputSpec::Picture { channels: 3 };
    let cityscapes = Layout::Cityscapes { instances: true };
    for (layout, input, part) in [
        (Layout::Pairs { direction }, labels(3, false), "AB pictures"),
        (Layout::Pictures { crop }, picture, "no input"),
        (Layout::Ade20k, picture, "label_nc"),
        (cityscapes, InputSpec::Nothing, "label_nc"),
        (
            flat(false, false),
            InputSpec::Nothing,
            "label maps or pictures",
        ),
    ] {
        let source = source(root, layout, input);
        let text = source.open("train").map(|_| ()).unwrap_err().to_string();
        assert!(text.contains(part), "{part} missing in {text}");
        assert!(
            !source
                .check("train", &CheckOptions::files_only(true))
                .is_ok()
        );
    }
}
