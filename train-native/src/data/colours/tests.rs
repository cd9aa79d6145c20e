//! Folders of maps, converted.

use std::path::Path;

use image::{DynamicImage, GrayImage, Luma, Rgb as Pixel, RgbImage, RgbaImage};

use super::*;
use crate::data::decode::read_label_map;

const SKY: Rgb = [70, 130, 180];
const GRASS: Rgb = [0, 200, 0];
const BLACK: Rgb = [0, 0, 0];

fn write(path: &Path, picture: impl Into<DynamicImage>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.into().save(path).unwrap();
}

/// A picture of one row for every list of colours.
fn coloured(path: &Path, colours: &[Rgb]) {
    let picture = RgbImage::from_fn(colours.len() as u32, 2, |x, _| Pixel(colours[x as usize]));
    write(path, picture);
}

fn grey(path: &Path, values: &[u8]) {
    let picture = GrayImage::from_fn(values.len() as u32, 2, |x, _| Luma([values[x as usize]]));
    write(path, picture);
}

fn options(root: &Path) -> LabelsOptions {
    LabelsOptions {
        input: root.join("in"),
        output: Some(root.join("data/train_label")),
        palette_file: Some(root.join("data/palette.json")),
        colours: None,
        matching: Match::default(),
        others: None,
        compact: false,
    }
}

fn table(root: &Path, text: &str) -> Option<ColourTable> {
    let path = root.join("colours.txt");
    std::fs::write(&path, text).unwrap();
    Some(ColourTable::read(&path).unwrap())
}

fn convert(options: &LabelsOptions) -> LabelsSummary {
    convert_labels(options, &|_, _| {}).unwrap()
}

fn refused(options: &LabelsOptions) -> String {
    let error = convert_labels(options, &|_, _| {}).unwrap_err().to_string();
    let output = options.output.as_ref().unwrap();
    assert!(!output.exists(), "{error}: nothing may be left");
    error.replace('\\', "/")
}

/// The first row of a map.
fn ids(options: &LabelsOptions, name: &str) -> Vec<u16> {
    let map = read_label_map(&options.output.as_ref().unwrap().join(name)).unwrap();
    map.ids[..map.width].to_vec()
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} missing in {text}");
    }
}

#[test]
fn colours_are_found_and_numbered_the_same_in_every_map_and_order() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    coloured(&options.input.join("a.png"), &[SKY, SKY, GRASS, SKY]);
    coloured(
        &options.input.join("city/b.bmp"),
        &[BLACK, GRASS, GRASS, GRASS],
    );
    let summary = convert(&options);
    assert_eq!(ids(&options, "a.png"), [2, 2, 1, 2]);
    assert_eq!(ids(&options, "city/b.png"), [0, 1, 1, 1]);
    assert_eq!(
        (summary.maps, summary.num_classes, summary.kind),
        (2, 3, Some(FoundKind::Colours))
    );
    let found: Vec<_> = summary
        .entries
        .iter()
        .map(|entry| (entry.id, entry.pixels, entry.files))
        .collect();
    assert_eq!(found, [(0, 2, 1), (1, 8, 2), (2, 6, 1)]);
    has(
        &summary.to_string(),
        &["#4682b4 (70, 130, 180)", "37.50 %", "2 maps: colours"],
    );
    // The palette gives other folders the same ids.
    let palette = root.path().join("data/palette.json");
    let again = LabelsOptions {
        input: root.path().join("val"),
        output: Some(root.path().join("data/val_label")),
        colours: Some(ColourTable::read(&palette).unwrap()),
        ..options.clone()
    };
    coloured(&again.input.join("c.png"), &[SKY, SKY]);
    assert_eq!(convert(&again).num_classes, 3);
    assert_eq!(ids(&again, "c.png"), [2, 2]);
}

#[test]
fn without_an_output_nothing_is_written() {
    let root = tempfile::tempdir().unwrap();
    coloured(&root.path().join("in/a.png"), &[SKY, GRASS]);
    let look = LabelsOptions {
        output: None,
        ..options(root.path())
    };
    assert_eq!(convert(&look).entries.len(), 2);
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
}

#[test]
fn masks_become_0_and_1_whatever_their_channels() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    grey(&options.input.join("grey.png"), &[0, 255, 255]);
    coloured(&options.input.join("rgb.png"), &[[255; 3], BLACK, BLACK]);
    grey(&options.input.join("empty.png"), &[0, 0, 0]);
    write(
        &options.input.join("alpha.png"),
        RgbaImage::from_fn(3, 2, |x, _| {
            image::Rgba([[0, 0, 0, 255], [255; 4], [255; 4]][x as usize])
        }),
    );
    // White stays white when a JPEG is flat.
    write(
        &options.input.join("flat.jpg"),
        RgbImage::from_pixel(16, 16, Pixel([255; 3])),
    );
    let summary = convert(&options);
    assert_eq!(
        (summary.num_classes, summary.kind),
        (2, Some(FoundKind::Mask))
    );
    assert_eq!(ids(&options, "grey.png"), [0, 1, 1]);
    assert_eq!(ids(&options, "rgb.png"), [1, 0, 0]);
    assert_eq!(ids(&options, "empty.png"), [0, 0, 0]);
    assert_eq!(ids(&options, "alpha.png"), [0, 1, 1]);
    assert_eq!(ids(&options, "flat.png"), [1; 16]);
    let palette = summary.palette.unwrap();
    assert_eq!(palette.classes[1].color, [255; 3]);
}

#[test]
fn grey_values_are_kept_or_numbered() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    coloured(&options.input.join("a.png"), &[[3; 3], [7; 3], [255; 3]]);
    grey(&options.input.join("b.png"), &[0, 7, 7]);
    let kept = convert(&options);
    assert_eq!(
        (ids(&options, "a.png"), kept.num_classes),
        (vec![3, 7, 255], 256)
    );
    assert!(
        !root.path().join("data/palette.json").exists(),
        "no colours, no palette"
    );
    let compact = LabelsOptions {
        output: Some(root.path().join("compact")),
        palette_file: None,
        compact: true,
        ..options
    };
    assert_eq!(convert(&compact).num_classes, 4);
    assert_eq!(ids(&compact, "a.png"), [1, 2, 3]);
    assert_eq!(ids(&compact, "b.png"), [0, 2, 2]);
}

/// A palette picture with indices 1, 2, 1.
fn indexed(path: &Path, palette: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, 3, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.to_vec());
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[1, 2, 1]).unwrap();
}

#[test]
fn palette_pictures_keep_their_indices_unless_colours_say_otherwise() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    indexed(
        &options.input.join("a.png"),
        &[9, 9, 9, 70, 130, 180, 0, 200, 0],
    );
    let summary = convert(&options);
    assert_eq!(
        (ids(&options, "a.png"), summary.num_classes),
        (vec![1, 2, 1], 3)
    );
    assert_eq!(summary.palette.unwrap().classes[2].color, GRASS);
    let by_colour = LabelsOptions {
        output: Some(root.path().join("by_colour")),
        palette_file: None,
        colours: table(root.path(), "grass 0 200 0\nsky 70 130 180\n"),
        ..options.clone()
    };
    convert(&by_colour);
    assert_eq!(ids(&by_colour, "a.png"), [1, 0, 1]);
    // Beside coloured maps, colours are what they have in common.
    coloured(&options.input.join("b.png"), &[SKY, GRASS, SKY]);
    let mixed = LabelsOptions {
        output: Some(root.path().join("mixed")),
        palette_file: None,
        ..options
    };
    convert(&mixed);
    assert_eq!(ids(&mixed, "a.png"), ids(&mixed, "b.png"));
}

#[test]
fn a_colour_of_no_class_is_refused_with_file_place_and_colour() {
    let root = tempfile::tempdir().unwrap();
    let strict = LabelsOptions {
        colours: table(
            root.path(),
            "# label:color_rgb:parts:actions\nsky:70,130,180::\ngrass:0,200,0::\n",
        ),
        ..options(root.path())
    };
    coloured(&strict.input.join("a.png"), &[SKY, [70, 131, 178], GRASS]);
    coloured(&strict.input.join("b.png"), &[SKY, [9, 9, 9], [9, 9, 9]]);
    has(
        &refused(&strict),
        &[
            "in/a.png",
            "x=1, y=0",
            "#4683b2 (70, 131, 178)",
            "colours.txt",
            "in/b.png",
            "#090909",
            "--nearest",
        ],
    );
    let tolerant = LabelsOptions {
        matching: Match { tolerance: 2 },
        ..strict.clone()
    };
    let error = refused(&tolerant);
    has(&error, &["in/b.png", "4 pixels"]);
    assert!(!error.contains("a.png"), "{error}");
    let rest = LabelsOptions {
        others: Some(255),
        ..tolerant
    };
    let summary = convert(&rest);
    assert_eq!(ids(&rest, "a.png"), [0, 0, 1]);
    assert_eq!(ids(&rest, "b.png"), [0, 255, 255]);
    assert_eq!((summary.num_classes, summary.near), (2, 6));
    let palette = summary.palette.unwrap();
    assert_eq!(
        palette
            .classes
            .iter()
            .map(|class| class.name.as_str())
            .collect::<Vec<_>>(),
        ["sky", "grass"]
    );
}

#[test]
fn soft_edges_and_jpeg_go_to_the_nearest_class() {
    let root = tempfile::tempdir().unwrap();
    let found = options(root.path());
    let halves = RgbImage::from_fn(64, 32, |x, y| {
        let edge = 30 + y % 5;
        Pixel(if x < edge { [255, 0, 0] } else { [0, 0, 255] })
    });
    write(&found.input.join("a.jpg"), halves.clone());
    has(&refused(&found), &["JPEG", "--colours FILE", "--nearest"]);
    let nearest = LabelsOptions {
        colours: table(root.path(), "red #ff0000\nblue #0000ff\n"),
        matching: Match { tolerance: 255 },
        ..found
    };
    assert!(convert(&nearest).near > 0);
    let expected: Vec<u16> = halves
        .rows()
        .next()
        .unwrap()
        .map(|pixel| u16::from(pixel.0[2] > 0))
        .collect();
    assert_eq!(ids(&nearest, "a.png"), expected);
}

#[test]
fn what_looks_like_soft_edges_is_told() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    let wide = RgbImage::from_fn(200, 200, |x, y| {
        Pixel(match (x, y) {
            (100, 0..=3) => [100 + y as u8, 60, 90],
            (0..100, _) => SKY,
            _ => GRASS,
        })
    });
    write(&options.input.join("a.png"), wide);
    has(
        &convert(&options).to_string(),
        &["note: 4 of 6 colours", "--nearest"],
    );
}

#[test]
fn what_cannot_be_converted_says_why() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    let noise = RgbImage::from_fn(64, 64, |x, y| Pixel([x as u8 * 3, y as u8 * 3, 7]));
    write(&options.input.join("photo.png"), noise);
    has(
        &refused(&options),
        &["4096 colours", "at most 256", "--colours FILE"],
    );
    let clear = RgbaImage::from_fn(3, 2, |x, _| {
        image::Rgba([1, 2, 3, if x == 2 { 0 } else { 255 }])
    });
    write(&options.input.join("photo.png"), clear);
    has(&refused(&options), &["photo.png", "opacity 0", "x=2, y=0"]);
    coloured(&options.input.join("photo.bmp"), &[SKY]);
    has(&refused(&options), &["photo.bmp", "photo.png", "same name"]);
    std::fs::remove_file(options.input.join("photo.bmp")).unwrap();
    std::fs::write(options.input.join("photo.png"), "text").unwrap();
    has(&refused(&options), &["photo.png", "cannot decode"]);
    let none = LabelsOptions {
        input: root.path().join("none"),
        ..options
    };
    has(&refused(&none), &["none"]);
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let root = tempfile::tempdir().unwrap();
    let first = options(root.path());
    coloured(&first.input.join("a.png"), &[SKY, GRASS]);
    let into = |output: &str| {
        let options = LabelsOptions {
            output: Some(root.path().join(output)),
            palette_file: None,
            ..first.clone()
        };
        convert_labels(&options, &|_, _| {})
            .unwrap_err()
            .to_string()
    };
    for output in ["in", "in/ids", "in/a/b"] {
        let error = into(output);
        has(&error, &["maps that are read"]);
    }
    assert_eq!(std::fs::read_dir(&first.input).unwrap().count(), 1);
    convert(&first);
    let before = std::fs::read(root.path().join("data/palette.json")).unwrap();
    has(
        &convert_labels(&first, &|_, _| {}).unwrap_err().to_string(),
        &["train_label holds a.png"],
    );
    // Another palette of another folder is no reason to lose this one.
    let other = LabelsOptions {
        input: root.path().join("other"),
        output: Some(root.path().join("data/val_label")),
        ..first
    };
    coloured(&other.input.join("b.png"), &[BLACK, GRASS]);
    has(
        &refused(&other),
        &["data/palette.json", "--colours FILE", "--palette FILE"],
    );
    assert_eq!(
        std::fs::read(root.path().join("data/palette.json")).unwrap(),
        before
    );
}

#[test]
fn progress_reaches_the_number_of_maps() {
    let root = tempfile::tempdir().unwrap();
    let options = options(root.path());
    for name in ["a.png", "b.png"] {
        coloured(&options.input.join(name), &[SKY]);
    }
    let seen = std::sync::Mutex::new(Vec::new());
    convert_labels(&options, &|done, all| {
        seen.lock().unwrap().push((done, all))
    })
    .unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [(1, 4), (2, 4), (3, 4), (4, 4)]);
}
