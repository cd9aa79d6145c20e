use super::*;
use crate::data::decode::{IdDepth, read_ids};
use std::fs;
use tempfile::TempDir;

/// A square from (x, y), two pixels wide, where the specification moves it to.
fn square(x: u32, y: u32) -> String {
    let (left, top, right, bottom) = (x + 1, y + 1, x + 3, y + 3);
    format!("[{left},{top},{right},{top},{right}.0,{bottom},{left},{bottom}]")
}

fn annotation(picture: u64, segmentation: &str, crowd: u8) -> String {
    format!(
        r#"{{"segmentation": {segmentation}, "area": 4.5, "iscrowd": {crowd}, "image_id": {picture},
            "bbox": [1, 2, 3.5, 4], "category_id": 3, "id": 900100000001}}"#
    )
}

/// Three pictures of 6 by 4 pixels: two objects and a crowd, none, and one that the file does not know.
fn place(annotations: &[String]) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let labels = place.path().join("labels");
    fs::create_dir(&labels).unwrap();
    for id in [139, 285, 632] {
        let map = LabelMap {
            width: 6,
            height: 4,
            ids: vec![200; 24],
        };
        write_label_map_png(&labels.join(format!("{id:012}.png")), &map).unwrap();
    }
    let json = format!(
        r#"{{"info": {{"year": 2017}}, "annotations": [{}],
            "images": [{{"license": 3, "file_name": "000000000139.jpg", "height": 4, "width": 6, "id": 139}},
                       {{"id": 285, "width": 6, "height": 4}}, {{"id": 7, "width": 1, "height": 1}}],
            "categories": [{{"id": 1, "name": "person"}}]}}"#,
        annotations.join(",")
    );
    fs::write(place.path().join("instances.json"), json).unwrap();
    place
}

fn make(place: &TempDir) -> Result<CocoSummary, DataError> {
    let options = CocoOptions {
        annotations: place.path().join("instances.json"),
        labels: place.path().join("labels"),
        output: place.path().join("inst"),
    };
    write_coco_instances(&options, &|_, _| {})
}

#[test]
fn objects_are_numbered_over_the_label_map_and_crowds_stay() {
    let two = format!("[{}, {}]", square(3, 0), square(4, 2));
    let place = place(&[
        annotation(139, &format!("[{}]", square(0, 0)), 0),
        annotation(7, "[[1, 2]]", 0),
        annotation(139, r#"{"counts": [3, 4], "size": [4, 6]}"#, 1),
        annotation(139, &two, 0),
    ]);
    let summary = make(&place).unwrap();
    let expected = CocoSummary {
        maps: 3,
        plain: 2,
        instances: 2,
        crowds: 1,
        wide: 0,
        unknown: 1,
    };
    assert_eq!(summary, expected);
    assert!(
        summary.to_string().contains("do not know 1 of"),
        "{summary}"
    );
    let (map, depth) = read_ids(&place.path().join("inst/000000000139.png")).unwrap();
    assert_eq!(depth, IdDepth::Byte);
    #[rustfmt::skip]
    let expected = [
        0, 0, 200, 1, 1, 200,
        0, 0, 200, 1, 1, 200,
        200, 200, 200, 200, 1, 1,
        200, 200, 200, 200, 1, 1,
    ];
    assert_eq!(map.ids, expected);
    let plain = read_ids(&place.path().join("inst/000000000632.png")).unwrap();
    assert!(plain.0.ids.iter().all(|id| *id == 200));
}

#[test]
fn more_than_256_objects_take_sixteen_bits() {
    let objects: Vec<String> = (0..300)
        .map(|_| annotation(139, &format!("[{}]", square(1, 1)), 0))
        .collect();
    let place = place(&objects);
    assert_eq!(make(&place).unwrap().wide, 1);
    let (map, depth) = read_ids(&place.path().join("inst/000000000139.png")).unwrap();
    assert_eq!((map.ids[7], depth), (299, IdDepth::Word));
    let (_, depth) = read_ids(&place.path().join("inst/000000000285.png")).unwrap();
    assert_eq!(depth, IdDepth::Byte);
}

#[test]
fn what_does_not_belong_together_is_told_and_nothing_is_written() {
    let check = |place: &TempDir, parts: &[&str]| {
        let error = make(place).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error}");
        }
        assert!(!place.path().join("inst").exists());
    };
    let place = place(&[]);
    let json = place.path().join("instances.json");
    let labels = |name: &str| place.path().join("labels").join(name);
    let whole = fs::read_to_string(&json).unwrap();
    fs::write(&json, whole.replace("\"width\": 6", "\"width\": 5")).unwrap();
    check(&place, &["000000000", "expected 5x4", "found 6x4"]);
    fs::write(&json, whole.replace("139", "138").replace("285", "284")).unwrap();
    check(&place, &["instances.json", "none for any of its 3"]);
    for (text, part) in [
        (&whole[..whole.len() / 2], "EOF"),
        ("[]", "sequence"),
        ("{\"images\": []}", "no \"images\" and \"annotations\""),
        (
            "{\"images\": [], \"annotations\": [{\"image_id\": 1}]}",
            "segmentation",
        ),
    ] {
        fs::write(&json, text).unwrap();
        check(&place, &["instances.json", "COCO's instances", part]);
    }
    fs::write(&json, &whole).unwrap();
    fs::rename(labels("000000000139.png"), labels("dog.png")).unwrap();
    check(&place, &["dog.png", "000000000139.png"]);
}
