//! Tests of what files, flags and presets make together, for every family.

use std::fs;

use super::*;
use crate::config::pgan::PganConfig;
use crate::config::pix2pix::{Pix2pixFlags, Pix2pixRun};
use crate::config::pix2pixhd::Pix2pixHdRun;
use crate::config::spade::{SpadeFlags, SpadeRun};

#[test]
fn flags_win_over_the_file_and_the_file_over_the_preset() {
    let given = Raw {
        run: RunFlags {
            epochs: Some(6),
            ..RunFlags::default()
        },
        own: Pix2pixFlags {
            ngf: Some(4),
            ..Pix2pixFlags::default()
        },
    };
    let file =
        Raw::parse("ngf = 8\nndf = 9\nsteps = 3\nbatch_size = 2\n", "pix2pix").expect("TOML");
    let edges = Pix2pixRun::PRESETS
        .iter()
        .find(|preset| preset.name == "edges");
    let preset = Raw::parse(edges.expect("edges").toml, "pix2pix").expect("a preset");
    let merged = given
        .or(file)
        .and_then(|raw| raw.or(preset))
        .expect("merged");
    let Raw { run, own } = merged;
    assert_eq!(
        (own.ngf, own.ndf, run.batch_size),
        (Some(4), Some(9), Some(2))
    );
    assert_eq!(
        (run.steps, run.epochs, run.n_epochs),
        (None, Some(6), Some(15))
    );
}

#[test]
fn an_unknown_name_in_the_file_is_told_with_its_place() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), "ngf = 8\nngff = 9\n").expect("written");
    let error = Raw::<Pix2pixFlags>::read(file.path(), "pix2pix").expect_err("unknown");
    let error = format!("{error:#}");
    assert!(
        error.contains("line 2") && error.contains("ngff"),
        "{error}"
    );
}

#[test]
fn a_file_for_another_family_is_refused() {
    let error = Raw::<SpadeFlags>::parse("family = \"pgan\"\n", "spade").expect_err("another");
    let error = error.to_string();
    assert!(error.contains("spade") && error.contains("pgan"), "{error}");
}

/// Every preset is a valid file, whose config gives itself after a round through TOML.
fn check_presets<C: FamilyConfig>(beside: &str) {
    for preset in C::PRESETS {
        let raw = Raw::<C::Flags>::parse(preset.toml, C::NAME).expect(preset.name);
        let beside = Raw::parse(beside, C::NAME).expect("TOML");
        let raw = beside.or(raw).expect("merged");
        let (run, own) = raw.config::<C>().expect(preset.name);
        let again = Raw {
            run: run.to_flags(),
            own: own.to_flags(),
        };
        let toml = again.to_toml(C::NAME).expect("TOML");
        let read = Raw::<C::Flags>::parse(&toml, C::NAME).expect("its own TOML");
        assert_eq!(read.config::<C>().expect("valid"), (run, own), "{toml}");
    }
}

#[test]
fn every_preset_is_valid_and_survives_toml() {
    check_presets::<Pix2pixRun>("data = \"d\"\n");
    check_presets::<Pix2pixHdRun>("data = \"d\"\n");
    check_presets::<PganConfig>("data = \"d\"\n");
}

#[test]
fn every_preset_of_spade_is_valid_and_survives_toml() {
    // `custom` takes folders of its own, and the others refuse them.
    for preset in SpadeRun::PRESETS {
        let folders = match preset.name {
            "custom" => "label_dir = \"l\"\nimage_dir = \"i\"\ninstance_dir = \"n\"\n",
            _ => "data = \"d\"\n",
        };
        let raw = Raw::<SpadeFlags>::parse(preset.toml, "spade").expect(preset.name);
        let raw = Raw::parse(folders, "spade")
            .expect("TOML")
            .or(raw)
            .expect("merged");
        let (run, own) = raw.config::<SpadeRun>().expect(preset.name);
        let again = Raw {
            run: run.to_flags(),
            own: own.to_flags(),
        };
        let toml = again.to_toml("spade").expect("TOML");
        let read = Raw::<SpadeFlags>::parse(&toml, "spade").expect("its own TOML");
        assert_eq!(
            read.config::<SpadeRun>().expect("valid"),
            (run, own),
            "{toml}"
        );
    }
}
