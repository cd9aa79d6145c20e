use super::*;
use image::{GrayImage, ImageBuffer, Luma, RgbImage};
use tempfile::TempDir;

/// A tree with two frames of train in two cities, one of val, and files that do not matter.
fn tree() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for (split, city, frame) in [
        ("train", "aachen", "aachen_000000_000019"),
        ("train", "bochum", "bochum_000000_000313"),
        ("val", "munster", "munster_000000_000019"),
    ] {
        write_frame(place.path(), split, city, frame);
    }
    let city = place.path().join("raw/gtFine/train/aachen");
    fs::write(city.join("aachen_000000_000019_gtFine_polygons.json"), "{}").unwrap();
    let color = city.join("aachen_000000_000019_gtFine_color.png");
    RgbImage::new(4, 2).save(color).unwrap();
    place
}

fn write_frame(place: &Path, split: &str, city: &str, frame: &str) {
    let folder = |tree: &str| {
        let folder = place.join("raw").join(tree).join(split).join(city);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    let photo = folder("leftImg8bit").join(format!("{frame}_leftImg8bit.png"));
    RgbImage::new(4, 2).save(photo).unwrap();
    let ground = folder("gtFine");
    let labels = GrayImage::from_pixel(4, 2, Luma([26]));
    labels
        .save(ground.join(format!("{frame}_gtFine_labelIds.png")))
        .unwrap();
    let instances = ImageBuffer::<Luma<u16>, _>::from_pixel(4, 2, Luma([26_001]));
    instances
        .save(ground.join(format!("{frame}_gtFine_instanceIds.png")))
        .unwrap();
}

fn flatten(place: &Path, transfer: Transfer) -> Result<CityscapesReport, DataError> {
    let options = CityscapesOptions {
        root: place.join("raw"),
        output: place.join("flat"),
        splits: None,
        transfer,
    };
    flatten_cityscapes(&options, &|_, _| {})
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn labels_and_instances_come_into_their_own_folders() {
    for transfer in [Transfer::Copy, Transfer::Link] {
        let place = tree();
        let report = flatten(place.path(), transfer).unwrap();
        let told = report.to_string();
        assert!(
            told.contains("train: 2 frames (a partial data set: the whole one has 2975)"),
            "{told}"
        );
        assert_eq!(report.problems().count(), 0);
        let flat = place.path().join("flat");
        let folders = [
            "train_img",
            "train_inst",
            "train_label",
            "val_img",
            "val_inst",
            "val_label",
        ];
        assert_eq!(names(&flat), folders);
        assert_eq!(
            names(&flat.join("train_label")),
            [
                "aachen_000000_000019_gtFine_labelIds.png",
                "bochum_000000_000313_gtFine_labelIds.png"
            ]
        );
        assert_eq!(
            names(&flat.join("val_img")),
            ["munster_000000_000019_leftImg8bit.png"]
        );
        let file = flat.join("train_inst/bochum_000000_000313_gtFine_instanceIds.png");
        let source = "raw/gtFine/train/bochum/bochum_000000_000313_gtFine_instanceIds.png";
        assert_eq!(
            fs::read(&file).unwrap(),
            fs::read(place.path().join(source)).unwrap()
        );
        assert_eq!(file.is_symlink(), transfer == Transfer::Link);
        assert_eq!(names(place.path()), ["flat", "raw"], "no draft is left");
    }
}

#[test]
fn a_frame_that_is_not_whole_is_listed_and_left_out() {
    let place = tree();
    let ground = place.path().join("raw/gtFine/train");
    fs::remove_file(ground.join("aachen/aachen_000000_000019_gtFine_instanceIds.png")).unwrap();
    // Labels where instances should be.
    let labels = ground.join("bochum/bochum_000000_000313_gtFine_labelIds.png");
    fs::copy(
        &labels,
        ground.join("bochum/bochum_000000_000313_gtFine_instanceIds.png"),
    )
    .unwrap();
    let report = flatten(place.path(), Transfer::Copy).unwrap();
    assert_eq!(report.splits[0].frames, 0);
    let told = report.to_string();
    for part in [
        "2 left out",
        "aachen_000000_000019_leftImg8bit.png has no partner",
        "*/aachen_000000_000019_gtFine_instanceIds.png",
        "expected 16-bit gray instance ids, found 8-bit Grayscale",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(report.splits[1].frames, 1);
}

#[test]
fn nothing_is_written_over_and_no_other_tree_is_taken() {
    let place = tree();
    fs::create_dir(place.path().join("flat")).unwrap();
    fs::write(place.path().join("flat/mine"), b"").unwrap();
    let error = flatten(place.path(), Transfer::Copy)
        .unwrap_err()
        .to_string();
    assert!(error.contains("flat holds mine"), "{error}");
    assert_eq!(names(&place.path().join("flat")), ["mine"]);
    fs::remove_dir_all(place.path().join("flat")).unwrap();
    let options = CityscapesOptions {
        root: place.path().join("raw"),
        output: place.path().join("flat"),
        splits: Some(vec![Split::Test]),
        transfer: Transfer::Copy,
    };
    let error = flatten_cityscapes(&options, &|_, _| {})
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("test") && error.contains("train, val"),
        "{error}"
    );
    fs::rename(
        place.path().join("raw/gtFine"),
        place.path().join("raw/other"),
    )
    .unwrap();
    let error = flatten(place.path(), Transfer::Copy)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("gtFine") && error.contains("leftImg8bit, other"),
        "{error}"
    );
    assert_eq!(names(place.path()), ["raw"]);
}
