//! The check at the start of a run.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::data::augment::{AugmentOptions, Preprocess};
use crate::data::check::{CheckReport, Severity};
use crate::data::decode::{LabelMap, Picture, write_label_map_png, write_picture_png};
use crate::data::error::Size;
use crate::data::paired::Direction;
use crate::data::source::{CheckOptions, DataSource, InputSpec, Layout};
use crate::data::unconditional::FaceCrop;

fn write_ids(path: &Path, side: usize, ids: &[u16]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let ids = ids.iter().copied().cycle().take(side * side).collect();
    let map = LabelMap {
        width: side,
        height: side,
        ids,
    };
    write_label_map_png(path, &map).unwrap();
}

fn write_photo(path: &Path, width: usize, height: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = Picture {
        width,
        height,
        channels: 3,
        pixels: vec![50; width * height * 3],
    };
    write_picture_png(path, &picture).unwrap();
}

fn labelled(root: &Path, num_classes: usize, instances: bool) -> DataSource {
    DataSource {
        root: root.to_path_buf(),
        layout: Layout::Flat {
            instances,
            features: false,
        },
        augment: AugmentOptions {
            preprocess: Preprocess::None,
            ..AugmentOptions::default()
        },
        input: InputSpec::Labels {
            num_classes,
            dont_care: false,
            ade_shift: false,
        },
        output_channels: 3,
        max_size: None,
        remap: None,
    }
}

/// Two samples of eight pixels square.
fn two_samples() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for name in ["1.png", "2.png"] {
        write_ids(&root.path().join("train_label").join(name), 8, &[0, 1, 2]);
        write_ids(&root.path().join("train_inst").join(name), 8, &[7, 1000]);
        write_photo(&root.path().join("train_img").join(name), 8, 8);
    }
    root
}

fn messages(report: &CheckReport) -> String {
    report
        .findings
        .iter()
        .map(|finding| finding.message.clone() + "\n")
        .collect()
}

#[test]
fn sizes_that_do_not_fit_the_networks_are_found_before_the_first_step() {
    let root = tempfile::tempdir().unwrap();
    for (name, side) in [("1", 100), ("2", 100), ("4", 80), ("5", 96)] {
        write_photo(
            &root.path().join(format!("train/{name}.png")),
            2 * side,
            side,
        );
    }
    let mut source = labelled(root.path(), 1, false);
    source.layout = Layout::Pairs {
        direction: Direction::AtoB,
    };
    source.input = InputSpec::Picture { channels: 3 };
    source.augment = AugmentOptions {
        preprocess: Preprocess::Crop,
        crop_size: 96,
        ..AugmentOptions::default()
    };
    let options = CheckOptions {
        fits: &|size: Size| match size.width % 32 {
            0 => Ok(()),
            _ => Err("sides must be multiples of 32".into()),
        },
        ..CheckOptions::files_only(false)
    };
    let report = source.check("train", &options);
    assert_eq!(report.final_sizes["96x96"], 3);
    assert_eq!(report.count(Severity::Error), 1, "{report}");
    for part in [
        "4.png (80x80)",
        "80x80 after the transformation does not fit (1 samples",
        "smaller than the cut-out of 96x96",
        "multiples of 32",
    ] {
        assert!(
            messages(&report).contains(part),
            "{part} missing in {report}"
        );
    }
    let batches = CheckOptions {
        batch_size: 2,
        ..CheckOptions::files_only(false)
    };
    let report = source.check("train", &batches);
    for part in [
        "a batch of 2",
        "96x96",
        "1.png (3 samples)",
        "found 1 samples of 1 other sizes",
        "80x80 in",
        "4.png (80x80)",
    ] {
        assert!(
            messages(&report).contains(part),
            "{part} missing in {report}"
        );
    }
    source.max_size = Some(2);
    assert!(source.check("train", &batches).is_ok());
}

/// AB pictures of these sizes in `train`.
fn pairs_of(sizes: impl IntoIterator<Item = (usize, usize)>) -> (tempfile::TempDir, DataSource) {
    let root = tempfile::tempdir().unwrap();
    for (number, (width, height)) in sizes.into_iter().enumerate() {
        write_photo(
            &root.path().join(format!("train/{number:03}.png")),
            width,
            height,
        );
    }
    let source = DataSource {
        layout: Layout::Pairs {
            direction: Direction::AtoB,
        },
        input: InputSpec::Picture { channels: 3 },
        ..labelled(root.path(), 1, false)
    };
    (root, source)
}

#[test]
fn many_files_of_many_sizes_are_told_in_a_few_lines() {
    let (_root, source) = pairs_of((0..40).map(|number| (24 + 8 * (number % 20), 12)));
    let options = CheckOptions {
        fits: &|_| Err("too small".into()),
        batch_size: 2,
        ..CheckOptions::files_only(false)
    };
    let report = source.check("train", &options);
    // Eight sizes, the rest, and the batch.
    assert_eq!(report.count(Severity::Error), 10, "{report}");
    for part in [
        "more samples of 12 other sizes",
        "000.png (12x12), ",
        "and 11 more sizes",
    ] {
        assert!(
            messages(&report).contains(part),
            "{part} missing in {report}"
        );
    }
    assert_eq!(report.final_sizes.values().sum::<usize>(), 40);
}

#[test]
fn every_mode_is_judged_by_the_size_that_the_loader_gives() {
    use rand::SeedableRng;
    let sizes = [(64, 32), (80, 40), (200, 60), (48, 70)];
    let (_root, mut source) = pairs_of(sizes);
    let all_rules = [
        crate::data::augment::PreprocessRules::Pix2pix,
        crate::data::augment::PreprocessRules::Pix2pixHd,
        crate::data::augment::PreprocessRules::Spade,
    ];
    for (name, preprocess) in Preprocess::NAMES {
        for rules in all_rules {
            source.augment = AugmentOptions {
                preprocess,
                rules,
                load_size: 48,
                crop_size: 36,
                ..AugmentOptions::default()
            };
            if source.augment.validate().is_err() {
                continue;
            }
            let dataset = source.open("train").unwrap();
            let mut loaded = std::collections::BTreeMap::new();
            for index in 0..sizes.len() {
                let mut rng = crate::data::SampleRng::seed_from_u64(1);
                let size = dataset.load(index, &mut rng).unwrap().input.size();
                *loaded.entry(size.to_string()).or_default() += 1;
            }
            let report = source.check("train", &CheckOptions::files_only(false));
            assert_eq!(report.final_sizes, loaded, "{name}, {rules:?}");
        }
    }
}

#[test]
fn what_the_cut_out_fills_up_is_told() {
    let (_root, mut source) = pairs_of([(80, 40), (128, 64)]);
    source.augment = AugmentOptions {
        preprocess: Preprocess::Crop,
        rules: crate::data::augment::PreprocessRules::Spade,
        crop_size: 64,
        ..AugmentOptions::default()
    };
    let report = source.check("train", &CheckOptions::files_only(false));
    assert!(report.is_ok() && report.final_sizes["64x64"] == 2);
    for part in [
        "1 samples are smaller than the cut-out of 64x64",
        "000.png (40x40)",
    ] {
        assert!(
            messages(&report).contains(part),
            "{part} missing in {report}"
        );
    }
}

/// Warnings of the check of AB pictures, or of pictures alone.
fn warned(source: &DataSource) -> String {
    let report = source.check("train", &CheckOptions::files_only(false));
    assert!(report.is_ok(), "{report}");
    report
        .warnings()
        .map(|line| line.to_owned() + "\n")
        .collect()
}

#[test]
fn pictures_that_are_no_pairs_are_suspected() {
    let (root, source) = pairs_of([(64, 32), (64, 64), (60, 80), (96, 64)]);
    let told = warned(&source);
    for part in [
        "2 of 4 AB pictures",
        "001.png (64x64)",
        "32x64",
        "dataset combine",
    ] {
        assert!(told.contains(part), "{part} missing in {told}");
    }
    std::fs::remove_dir_all(root.path().join("train")).unwrap();
    for name in ["A/1", "A/2", "B/3"] {
        write_photo(&root.path().join(format!("train/{name}.png")), 64, 32);
    }
    let told = warned(&source);
    assert!(
        told.contains("folders A (2 pictures) and B (1 pictures)"),
        "{told}"
    );
}

#[test]
fn label_maps_that_nobody_reads_are_suspected() {
    let (root, mut source) = pairs_of([(64, 32)]);
    assert_eq!(warned(&source), "");
    write_ids(&root.path().join("trainannot/000.png"), 8, &[1]);
    for part in ["trainannot", "--image-dir", "--label-nc"] {
        let told = warned(&source);
        assert!(told.contains(part), "{part} missing in {told}");
    }
    // The other layout of the same data set is no accident.
    std::fs::remove_dir_all(root.path().join("trainannot")).unwrap();
    write_ids(&root.path().join("train_label/000.png"), 8, &[1]);
    write_photo(&root.path().join("train_img/000.png"), 8, 8);
    assert_eq!(warned(&source), "");
    source.layout = Layout::Pictures {
        crop: FaceCrop::None,
    };
    source.input = InputSpec::Nothing;
    source.augment.crop_size = 8;
    source.root = root.path().join("faces");
    write_photo(&root.path().join("faces/images/1.png"), 8, 8);
    write_photo(&root.path().join("faces/masks/1.png"), 8, 8);
    let told = warned(&source);
    assert!(told.contains("masks: 1 of 2 pictures"), "{told}");
    write_photo(&root.path().join("faces_labels/1.png"), 8, 8);
    let told = warned(&source);
    assert!(told.contains("faces_labels, which looks like"), "{told}");
}

#[test]
fn pictures_of_16_bits_with_low_values_are_suspected_and_dark_ones_of_8_bits_are_not() {
    let (root, source) = pairs_of([(64, 32)]);
    let write = |name: &str, value: u16| {
        let picture = image::ImageBuffer::from_pixel(64, 32, image::Luma([value]));
        picture.save(root.path().join("train").join(name)).unwrap();
    };
    write("bright.png", 4096);
    write("black.png", 0);
    let dark = image::GrayImage::from_pixel(64, 32, image::Luma([3]));
    dark.save(root.path().join("train/dark.png")).unwrap();
    assert_eq!(warned(&source), "");
    write("camera.png", 4095);
    write("byte.tif", 255);
    let told = warned(&source);
    for part in ["2 pictures of 16 bits", "byte.tif", "4095 of 65535"] {
        assert!(told.contains(part), "{part} missing in {told}");
    }
}

#[test]
fn coloured_maps_and_masks_are_told_with_the_command_that_converts_them() {
    let root = two_samples();
    let source = labelled(root.path(), 2, false);
    let options = CheckOptions::files_only(true);
    for name in ["1.png", "2.png"] {
        write_ids(&root.path().join("train_label").join(name), 8, &[0, 255]);
    }
    let report = source.check("train", &options);
    let told = messages(&report).replace('\\', "/");
    let folder = root
        .path()
        .join("train_label")
        .display()
        .to_string()
        .replace('\\', "/");
    let command = format!("`underpaint dataset labels --input {folder} --output {folder}_ids`");
    for part in ["mask of 0 and 255", "2 in", &command] {
        assert!(told.contains(part), "{part} missing in {told}");
    }
    assert_eq!(
        told.matches("dataset labels").count(),
        1,
        "once is enough: {told}"
    );
    assert!(report.labels.as_ref().unwrap().is_mask);
    assert!(
        report.to_string().contains("masks rather than label maps"),
        "{report}"
    );
    // As classes 0 and 255 of many they are read, which is said.
    let many = labelled(root.path(), 256, false).check("train", &options);
    assert!(many.is_ok() && messages(&many).contains(&command), "{many}");
    for name in ["1.png", "2.png"] {
        write_photo(&root.path().join("train_label").join(name), 8, 8);
    }
    let told = messages(&source.check("train", &options));
    for part in [
        "RGB colours",
        "coloured map (as are 2",
        &command,
        "--colours FILE",
    ] {
        assert!(told.contains(part), "{part} missing in {told}");
    }
    // Another id beside them: 255 is "don't care", and these are label maps.
    for name in ["1.png", "2.png"] {
        write_ids(&root.path().join("train_label").join(name), 8, &[0, 1, 255]);
    }
    let told = messages(&source.check("train", &options));
    assert!(
        told.contains("--contain-dontcare-label") && !told.contains("dataset labels"),
        "{told}"
    );
}

#[test]
fn instance_maps_are_counted_and_compared_with_their_label_maps() {
    let root = two_samples();
    let source = labelled(root.path(), 3, true);
    let options = CheckOptions::files_only(true);
    let report = source.check("train", &options);
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.files, 6);
    let instances = report.instances.as_ref().unwrap();
    assert_eq!(
        (instances.max_id, instances.fewest, instances.most),
        (1000, 2, 2)
    );
    assert!(
        report
            .to_string()
            .contains("16-bit gray (2 files); largest id 1000"),
        "{report}"
    );
    write_ids(&root.path().join("train_inst/2.png"), 9, &[1]);
    write_photo(&root.path().join("train_img/1.png"), 8, 9);
    let told = messages(&source.check("train", &options));
    for part in [
        "train_inst/2.png: expected 8x8",
        "found 9x9",
        "train_label/1.png: expected 8x9",
    ] {
        assert!(
            told.replace('\\', "/").contains(part),
            "{part} missing in {told}"
        );
    }
}

#[test]
fn a_second_check_reads_only_what_has_changed_and_judges_anew() {
    let root = two_samples();
    let mut source = labelled(root.path(), 3, true);
    let memory = root.path().join("memory.json");
    let options = CheckOptions {
        memory: Some(&memory),
        ..CheckOptions::files_only(false)
    };
    let first = source.check("train", &options);
    assert!(first.is_ok() && memory.is_file(), "{first}");
    let label = root.path().join("train_label/2.png");
    let changed = std::fs::metadata(&label).unwrap().modified().unwrap();
    let length = std::fs::metadata(&label).unwrap().len();
    // As long and as old as before: nobody looks into it.
    std::fs::write(&label, vec![0; length as usize]).unwrap();
    let file = std::fs::File::options().write(true).open(&label).unwrap();
    file.set_modified(changed).unwrap();
    drop(file);
    assert_eq!(source.check("train", &options), first);
    // Facts are kept, not verdicts.
    source.input = labelled(root.path(), 2, true).input;
    let report = source.check("train", &options);
    assert_eq!(report.count(Severity::Error), 2, "{report}");
    assert!(
        messages(&report).contains("label 2 at x=2, y=0"),
        "{report}"
    );
    let table = root.path().join("table.txt");
    std::fs::write(&table, "2 1").unwrap();
    source.remap = Some(table);
    assert!(source.check("train", &options).is_ok());
    // A file that has changed is read again.
    std::fs::write(&label, b"something else").unwrap();
    let report = source.check("train", &options);
    assert!(messages(&report).contains("cannot decode"), "{report}");
}

#[test]
fn a_damaged_memory_is_ignored_and_one_that_cannot_be_written_is_told() {
    let root = two_samples();
    let source = labelled(root.path(), 3, true);
    let memory = root.path().join("memory.json");
    std::fs::write(&memory, b"{\"version\":1,\"files\":").unwrap();
    let options = CheckOptions {
        memory: Some(&memory),
        ..CheckOptions::files_only(false)
    };
    assert!(source.check("train", &options).is_ok());
    assert!(std::fs::metadata(&memory).unwrap().len() > 100);
    let nowhere = root.path().join("no/memory.json");
    let options = CheckOptions {
        memory: Some(&nowhere),
        ..options
    };
    let report = source.check("train", &options);
    assert_eq!(
        (report.is_ok(), report.count(Severity::Warning)),
        (true, 1),
        "{report}"
    );
}

#[test]
fn progress_reaches_the_number_of_files() {
    let root = two_samples();
    let seen = Mutex::new(Vec::new());
    let options = CheckOptions {
        progress: &|done, all| seen.lock().unwrap().push((done, all)),
        ..CheckOptions::files_only(false)
    };
    assert!(
        labelled(root.path(), 3, true)
            .check("train", &options)
            .is_ok()
    );
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]);
}

#[test]
fn the_check_says_what_reading_says() {
    let root = two_samples();
    let source = labelled(root.path(), 2, false);
    let report = source.check("train", &CheckOptions::files_only(true));
    let dataset = source.open("train").unwrap();
    let mut rng = <crate::data::SampleRng as rand::SeedableRng>::seed_from_u64(1);
    let text = dataset.load(0, &mut rng).unwrap_err().to_string();
    assert_eq!(report.findings[0].message, text);
}

#[test]
fn pictures_for_the_celeba_crop_must_have_its_size() {
    let root = tempfile::tempdir().unwrap();
    write_photo(&root.path().join("1.png"), 178, 218);
    write_photo(&root.path().join("2.png"), 128, 128);
    let mut source = labelled(root.path(), 1, false);
    source.input = InputSpec::Nothing;
    source.layout = Layout::Pictures {
        crop: FaceCrop::Celeba,
    };
    source.augment.crop_size = 16;
    let report = source.check("", &CheckOptions::files_only(false));
    assert_eq!(report.final_sizes["16x16"], 2);
    let told = messages(&report);
    assert_eq!(report.count(Severity::Error), 1);
    assert!(told.contains("2.png") && told.contains("178x218"), "{told}");
}

#[test]
fn halves_that_become_different_sizes_are_an_error() {
    let root = tempfile::tempdir().unwrap();
    write_photo(&root.path().join("train/odd.png"), 101, 36);
    let mut source = labelled(root.path(), 1, false);
    source.layout = Layout::Pairs {
        direction: Direction::AtoB,
    };
    source.input = InputSpec::Picture { channels: 3 };
    let options = CheckOptions::files_only(false);
    assert!(!source.check("train", &options).is_ok());
    source.augment.preprocess = Preprocess::ResizeAndCrop;
    let report = source.check("train", &options);
    assert_eq!((report.is_ok(), report.count(Severity::Warning)), (true, 1));
}

#[test]
fn a_folder_that_is_missing_is_the_report() {
    let source = labelled(&PathBuf::from("nowhere"), 3, false);
    let report = source.check("train", &CheckOptions::files_only(false));
    assert!(report.to_string().contains("nowhere"), "{report}");
    assert!(!report.is_ok());
}
