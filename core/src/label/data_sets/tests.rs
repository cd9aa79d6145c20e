use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn class(known: KnownPalette, id: usize) -> (String, [u8; 3], String) {
    let class = known.palette().classes.swap_remove(id);
    assert_eq!(usize::from(class.id), id);
    (class.name, class.color, class.group.expect("a group"))
}

fn named(known: KnownPalette, id: usize) -> String {
    class(known, id).0
}

#[test]
fn every_data_set_has_its_number_of_classes_with_names_and_groups() {
    let counts = KnownPalette::ALL.map(|known| known.palette().classes.len());
    assert_eq!(counts, [35, 151, 150, 182, 13]);
    let groups: BTreeSet<_> = Group::ALL.map(Group::name).into();
    for known in KnownPalette::ALL {
        let palette = known.palette();
        let names: BTreeSet<_> = palette.classes.iter().map(|class| &class.name).collect();
        assert_eq!(names.len(), palette.classes.len(), "{known}: a name twice");
        for (id, class) in (0..).zip(&palette.classes) {
            assert_eq!(class.id, id, "{known}");
            assert!(groups.contains(class.group.as_deref().unwrap_or_default()));
            assert!(!class.name.is_empty() && class.name.trim() == class.name);
        }
    }
}

// The four files of ids that the data sets' own tools print, at places that a shifted table would show.
#[test]
fn ids_are_those_of_the_data_sets() {
    use KnownPalette::{Ade20k, Ade20kShifted, Cityscapes, CocoStuff, Facades};
    let owned = |name: &str, color, group: &str| (name.to_owned(), color, group.to_owned());
    assert_eq!(class(Cityscapes, 0), owned("unlabeled", [0; 3], "other"));
    assert_eq!(
        class(Cityscapes, 7),
        owned("road", [128, 64, 128], "ground")
    );
    assert_eq!(class(Cityscapes, 23), owned("sky", [70, 130, 180], "sky"));
    assert_eq!(
        class(Cityscapes, 33),
        owned("bicycle", [119, 11, 32], "vehicles")
    );
    assert_eq!(
        class(Cityscapes, 34),
        owned("license plate", [0, 0, 142], "vehicles")
    );
    assert_eq!(class(Ade20k, 0), owned("other", [0; 3], "other"));
    assert_eq!(class(Ade20k, 3), owned("sky", [6, 230, 230], "sky"));
    assert_eq!(class(Ade20k, 150), owned("flag", [92, 0, 255], "things"));
    assert_eq!(named(Ade20kShifted, 0), "wall");
    assert_eq!(named(Ade20kShifted, 149), "flag");
    for (id, name) in [
        (0, "person"),
        (105, "clouds"),
        (123, "grass"),
        (154, "sea"),
        (156, "sky-other"),
        (168, "tree"),
        (181, "wood"),
    ] {
        assert_eq!(named(CocoStuff, id), name);
    }
    assert_eq!(class(Facades, 1), owned("background", [0, 0, 170], "other"));
    assert_eq!(class(Facades, 12), owned("shop", [170, 0, 0], "buildings"));
}

#[test]
fn colours_that_are_made_are_apart_and_in_their_groups() {
    let palette = KnownPalette::CocoStuff.palette();
    let mut by_color = BTreeMap::new();
    for class in &palette.classes {
        let other = by_color.insert(class.color, &class.name);
        assert_eq!(other, None, "{} has the colour of another", class.name);
        assert_ne!(class.color, [224, 224, 192], "the colour of no class");
    }
    let color = |name: &str| {
        let found = palette.classes.iter().find(|class| class.name == name);
        found
            .map(|class| class.color.map(i32::from))
            .expect("a class")
    };
    let ([r, g, b], [_, tree, _]) = (color("sky-other"), color("tree"));
    assert!(b > g && g > r, "sky is blue");
    assert!(
        color("tree").iter().all(|part| *part <= tree),
        "trees are green"
    );
}

#[test]
fn a_guess_goes_by_the_number_of_classes() {
    let guess = |count| KnownPalette::likely_for(count).map(KnownPalette::name);
    assert_eq!(
        [35, 150, 151, 182, 12, 13, 15, 0].map(guess),
        [
            Some("cityscapes"),
            Some("ade20k"),
            Some("ade20k"),
            Some("coco-stuff"),
            Some("facades"),
            Some("facades"),
            None,
            None
        ]
    );
    for count in [35, 150, 151, 182, 12, 13] {
        let palette = palette_for(count).expect("a palette");
        assert_eq!(palette.classes.len(), count);
    }
    assert_eq!(palette_for(15), None);
}

#[test]
fn facades_of_twelve_classes_begin_at_zero() {
    let first = |count| {
        KnownPalette::Facades.palette_of(count).classes[0]
            .name
            .clone()
    };
    assert_eq!([first(12), first(13)], ["background", "unlabeled"]);
}

#[test]
fn names_are_read_as_people_write_them() {
    for known in KnownPalette::ALL {
        assert_eq!(known.name().parse(), Ok(known));
        assert_eq!(known.to_string(), known.name());
    }
    assert_eq!("COCO_Stuff".parse(), Ok(KnownPalette::CocoStuff));
    assert_eq!("coco".parse(), Ok(KnownPalette::CocoStuff));
    let error = "voc".parse::<KnownPalette>().unwrap_err();
    assert!(
        error.contains("cityscapes, ade20k") && error.contains("\"voc\""),
        "{error}"
    );
}
