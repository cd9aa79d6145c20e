//! Tests of the settings.

use super::*;
use crate::config::{Length, Raw, RunFlags};

fn given(own: PganFlags) -> Raw<PganFlags> {
    Raw {
        run: RunFlags {
            data: Some("somewhere".into()),
            ..RunFlags::default()
        },
        own,
    }
}

fn config(own: PganFlags) -> (RunConfig, PganConfig) {
    given(own).config().expect("valid")
}

fn error(own: PganFlags) -> String {
    let error = given(own).config::<PganConfig>().expect_err("wrong");
    format!("{error:#}")
}

#[test]
fn a_run_is_as_long_as_its_scales() {
    let (run, own) = config(PganFlags::default());
    assert_eq!(run.length, Length::Steps(48_000 + 5 * 96_000));
    assert_eq!(own.model.num_scales(), 6);
    let (run, own) = config(PganFlags {
        depths: Some(vec![8, 8, 4]),
        iterations: Some(vec![5, 7]),
        start_scale: Some(8),
        ..PganFlags::default()
    });
    assert_eq!(run.length, Length::Steps(14));
    assert_eq!(own.model.growth.at(1, 3).scale, 1);
}

#[test]
fn batches_by_scale_end_with_the_last_number() {
    let (run, own) = config(PganFlags {
        depths: Some(vec![8; 4]),
        batch_sizes: Some(vec![16, 4]),
        ..PganFlags::default()
    });
    let sizes: Vec<usize> = (0..4).map(|scale| own.model.batch_size(scale)).collect();
    assert_eq!(sizes, [16, 4, 4, 4]);
    assert_eq!(own.largest_batch(&run), 16);
}

#[test]
fn what_makes_no_sense_is_named() {
    let default = PganFlags::default;
    let start_scale = |side| PganFlags {
        start_scale: Some(side),
        ..default()
    };
    assert!(error(start_scale(12)).contains("--start-scale"));
    assert!(error(start_scale(256)).contains("128"));
    let depths = PganFlags {
        depths: Some(vec![8, 0]),
        ..default()
    };
    assert!(error(depths).contains("--depths"));
    let mut epochs = given(default());
    epochs.run.epochs = Some(3);
    let error = epochs
        .config::<PganConfig>()
        .expect_err("epochs")
        .to_string();
    assert!(error.contains("--epochs"), "{error}");
}

#[test]
fn the_originals_switches_are_ours_the_other_way_round() {
    let off = PganFlags {
        mini_batch_std_dev: Some(false),
        per_channel_normalization: Some(false),
        ..PganFlags::default()
    };
    let (_, found) = config(off.clone());
    assert!(!found.model.discriminator.minibatch_stddev && !found.model.generator.pixel_norm);
    let flags = found.to_flags();
    assert_eq!(
        (flags.no_minibatch_stddev, flags.mini_batch_std_dev),
        (Some(true), None)
    );
    // Ours wins.
    let (_, found) = config(PganFlags {
        no_pixel_norm: Some(false),
        ..off
    });
    assert!(found.model.generator.pixel_norm);
}
