use super::*;
use crate::data::decode::{IdDepth, read_ids, write_label_map_png};
use proptest::prelude::*;

fn map(width: usize, ids: &[u16]) -> LabelMap {
    LabelMap {
        width,
        height: ids.len() / width,
        ids: ids.to_vec(),
    }
}

fn ids(labels: &LabelMap, connectivity: Connectivity, numbering: &Numbering) -> Vec<u16> {
    number(labels, connectivity, numbering).unwrap().0.ids
}

#[test]
fn parts_are_numbered_by_their_first_pixel_and_corners_count_where_asked() {
    let labels = map(3, &[7, 0, 7, 0, 7, 0, 7, 7, 0]);
    let four = [0, 1, 2, 3, 4, 5, 4, 4, 5];
    assert_eq!(ids(&labels, Connectivity::Four, &Numbering::Running), four);
    let eight = [0, 1, 0, 1, 0, 1, 0, 0, 1];
    assert_eq!(
        ids(&labels, Connectivity::Eight, &Numbering::Running),
        eight
    );
}

#[test]
fn things_follow_the_rule_of_cityscapes_and_stuff_keeps_its_label() {
    let labels = map(4, &[26, 7, 26, 90, 7, 7, 26, 0]);
    let things = Numbering::of_things([26]).unwrap();
    let expected = [26_000, 7, 26_001, 90, 7, 7, 26_001, 0];
    assert_eq!(ids(&labels, Connectivity::Four, &things), expected);
    let expected = [26_000, 7_000, 26_001, 90, 7_000, 7_000, 26_001, 0];
    let (found, summary) = number(&labels, Connectivity::Four, &Numbering::PerClass).unwrap();
    assert_eq!(found.ids, expected);
    let told = summary.to_string();
    assert_eq!(
        told,
        "1 instance maps, 3 instances; as one instance each: classes 0, 90"
    );
    for label in [0, 65] {
        let error = Numbering::of_things([26, label]).unwrap_err().to_string();
        assert!(
            error.contains("1 to 64") && error.ends_with(&label.to_string()),
            "{error}"
        );
    }
}

#[test]
fn ids_that_do_not_suffice_are_an_error() {
    // A line of which every other pixel is of class 5: 1001 parts.
    let line: Vec<u16> = (0..2001).map(|x| if x % 2 == 0 { 5 } else { 0 }).collect();
    let per_class = number(&map(2001, &line), Connectivity::Four, &Numbering::PerClass);
    assert_eq!(per_class.unwrap_err(), NumberingProblem::TooMany(Some(5)));
    let checks: Vec<u16> = (0..257u32 * 257).map(|i| (i % 2) as u16).collect();
    let running = number(&map(257, &checks), Connectivity::Four, &Numbering::Running);
    assert_eq!(running.unwrap_err(), NumberingProblem::TooMany(None));
    let large = number(&map(1, &[1000]), Connectivity::Four, &Numbering::PerClass);
    assert_eq!(large.unwrap_err(), NumberingProblem::LargeLabel(1000));
}

#[test]
fn maps_are_written_in_sixteen_bits_under_their_names_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let options = InstanceOptions {
        labels: place.path().join("labels"),
        output: place.path().join("inst"),
        connectivity: Connectivity::Four,
        numbering: Numbering::Running,
    };
    std::fs::create_dir_all(options.labels.join("sub")).unwrap();
    let file = options.labels.join("sub/a.png");
    write_label_map_png(&file, &map(2, &[3, 4, 4, 3])).unwrap();
    let summary = write_instances(&options, &|_, _| {}).unwrap();
    assert_eq!((summary.maps, summary.instances), (1, 4));
    let (found, depth) = read_ids(&options.output.join("sub/a.png")).unwrap();
    assert_eq!((found.ids, depth), (vec![0, 1, 2, 3], IdDepth::Word));
    // Nothing is left of a set with a map that cannot be numbered.
    std::fs::remove_dir_all(&options.output).unwrap();
    write_label_map_png(&options.labels.join("b.png"), &map(1, &[1000])).unwrap();
    let things = InstanceOptions {
        numbering: Numbering::PerClass,
        ..options
    };
    let error = write_instances(&things, &|_, _| {})
        .unwrap_err()
        .to_string();
    assert!(error.contains("b.png") && error.contains("1000"), "{error}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}

/// The smallest index that each pixel can be reached from, spread until nothing changes.
fn reachable_from(labels: &LabelMap, connectivity: Connectivity) -> Vec<usize> {
    let mut from: Vec<usize> = (0..labels.ids.len()).collect();
    let reach = |a: usize, b: usize| {
        let (ax, ay, bx, by) = (
            a % labels.width,
            a / labels.width,
            b % labels.width,
            b / labels.width,
        );
        let (dx, dy) = (ax.abs_diff(bx), ay.abs_diff(by));
        match connectivity {
            Connectivity::Four => dx + dy == 1,
            Connectivity::Eight => dx.max(dy) == 1,
        }
    };
    loop {
        let before = from.clone();
        for a in 0..from.len() {
            for b in 0..from.len() {
                if reach(a, b) && labels.ids[a] == labels.ids[b] {
                    from[a] = from[a].min(from[b]);
                }
            }
        }
        if from == before {
            return from;
        }
    }
}

proptest! {
    #[test]
    fn pixels_share_an_id_where_and_only_where_they_are_connected(
        width in 1usize..9,
        pixels in prop::collection::vec(1u16..4, 8..64),
        eight in any::<bool>(),
        per_class in any::<bool>(),
    ) {
        let height = pixels.len() / width;
        let labels = map(width, &pixels[..width * height]);
        let connectivity = if eight { Connectivity::Eight } else { Connectivity::Four };
        let numbering = if per_class { Numbering::PerClass } else { Numbering::Running };
        let found = ids(&labels, connectivity, &numbering);
        let from = reachable_from(&labels, connectivity);
        for a in 0..found.len() {
            for b in 0..found.len() {
                prop_assert_eq!(found[a] == found[b], from[a] == from[b]);
            }
            prop_assert!(!per_class || found[a] / 1000 == labels.ids[a]);
        }
    }
}
