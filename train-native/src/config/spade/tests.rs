//! Tests of the settings.

use super::*;
use crate::config::{Raw, RunFlags};

fn given(own: SpadeFlags) -> Raw<SpadeFlags> {
    Raw {
        run: RunFlags {
            data: Some("somewhere".into()),
            ..RunFlags::default()
        },
        own,
    }
}

fn config(own: SpadeFlags) -> (RunConfig, SpadeRun) {
    given(own).config().expect("valid")
}

fn error(own: SpadeFlags) -> String {
    let error = given(own).config::<SpadeRun>().expect_err("wrong");
    format!("{error:#}")
}

fn mode(mode: DatasetMode) -> SpadeFlags {
    SpadeFlags {
        dataset_mode: Some(mode),
        ..SpadeFlags::default()
    }
}

#[test]
fn channels_of_every_data_set_are_those_of_spec_4_1() {
    for (dataset_mode, channels) in [
        (DatasetMode::Coco, 184),
        (DatasetMode::Ade20k, 151),
        (DatasetMode::Cityscapes, 36),
        (DatasetMode::Facades, 13),
    ] {
        let (_, own) = config(mode(dataset_mode));
        assert_eq!(own.model.generator.input_channels, channels);
    }
    let (run, own) = config(SpadeFlags::default());
    assert_eq!(own.model, SpadeTrainConfig::default());
    assert_eq!((run.adam.beta1, run.adam.beta2), (0.0, 0.9));
}

#[test]
fn a_data_set_that_is_known_names_its_classes() {
    let named = |flags: SpadeFlags| {
        let palette = config(flags).1.known_palette()?;
        Some((palette.classes.len(), palette.classes[1].name.clone()))
    };
    let of = |count, name: &str| Some((count, name.to_owned()));
    assert_eq!(named(mode(DatasetMode::Coco)), of(182, "bicycle"));
    assert_eq!(named(mode(DatasetMode::Ade20k)), of(150, "wall"));
    assert_eq!(named(mode(DatasetMode::Cityscapes)), of(35, "ego vehicle"));
    assert_eq!(named(mode(DatasetMode::Facades)), of(13, "background"));
    let shifted = SpadeFlags {
        ade_shift: Some(true),
        ..mode(DatasetMode::Ade20k)
    };
    assert_eq!(named(shifted), of(150, "building"));
    // Another data set in the same folders.
    let other = SpadeFlags {
        label_nc: Some(15),
        ..mode(DatasetMode::Coco)
    };
    assert_eq!(named(other), None);
}

#[test]
fn without_ttur_adam_is_the_usual_one() {
    let (run, own) = config(SpadeFlags {
        no_ttur: Some(true),
        ..SpadeFlags::default()
    });
    assert_eq!((run.adam.beta1, run.adam.beta2), (0.5, 0.999));
    assert_eq!(own.model.time_scale, TimeScale::One);
}

#[test]
fn the_mindspore_rates_are_those_of_one_rate() {
    let rates = |generator, discriminator| SpadeFlags {
        generator_lr: Some(generator),
        discriminator_lr: Some(discriminator),
        ..SpadeFlags::default()
    };
    assert_eq!(config(rates(1e-4, 4e-4)).0.schedule.learning_rate, 2e-4);
    assert!(error(rates(1e-4, 1e-4)).contains("4 times --G_lr"));
}

#[test]
fn folders_of_ones_own_are_asked_for_and_refused_elsewhere() {
    assert!(error(mode(DatasetMode::Custom)).contains("--label-dir"));
    let folders = |mode| SpadeFlags {
        label_dir: Some("l".into()),
        image_dir: Some("i".into()),
        dataset_mode: Some(mode),
        ..SpadeFlags::default()
    };
    assert!(error(folders(DatasetMode::Custom)).contains("--instance-dir"));
    assert!(error(folders(DatasetMode::Coco)).contains("custom"));
    let shift = SpadeFlags {
        ade_shift: Some(true),
        ..mode(DatasetMode::Coco)
    };
    assert!(error(shift).contains("--ade-shift"));
}

#[test]
fn styles_make_an_encoder_at_any_crop() {
    let style = SpadeFlags {
        use_vae: Some(true),
        ngf: Some(4),
        ..SpadeFlags::default()
    };
    let (_, own) = config(style.clone());
    assert_eq!(
        own.model.encoder.map(|encoder| encoder.latent_channels),
        Some(256)
    );
    let small = SpadeFlags {
        crop_size: Some(128),
        ..style
    };
    let (_, own) = config(small);
    assert!(own.model.encoder.is_some());
}

#[test]
fn a_smaller_crop_is_loaded_smaller() {
    let (_, own) = config(SpadeFlags {
        crop_size: Some(64),
        ..SpadeFlags::default()
    });
    assert_eq!(own.augment.load_size, 72);
}
