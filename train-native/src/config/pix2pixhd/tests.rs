//! Tests of the settings.

use super::*;
use crate::config::{Raw, RunFlags};

fn given(own: Pix2pixHdFlags) -> Raw<Pix2pixHdFlags> {
    Raw {
        run: RunFlags {
            data: Some("somewhere".into()),
            ..RunFlags::default()
        },
        own,
    }
}

fn config(own: Pix2pixHdFlags) -> (RunConfig, Pix2pixHdRun) {
    given(own).config().expect("valid")
}

fn error(own: Pix2pixHdFlags) -> String {
    let error = given(own).config::<Pix2pixHdRun>().expect_err("wrong");
    format!("{error:#}")
}

#[test]
fn defaults_are_those_of_the_paper() {
    let (run, own) = config(Pix2pixHdFlags::default());
    assert_eq!(own.model, Pix2pixHdTrainConfig::default());
    assert_eq!(
        (run.schedule.policy, run.schedule.n_epochs),
        (LrPolicy::LinearNonzero, 100)
    );
    assert_eq!(own.augment.multiple, 16);
}

#[test]
fn features_make_an_encoder_unless_they_come_from_files() {
    let learnt = Pix2pixHdFlags {
        instance_feat: Some(true),
        ..Pix2pixHdFlags::default()
    };
    let (run, own) = config(learnt.clone());
    assert!(own.model.encoder.is_some());
    assert_eq!(own.model.generator.input_channels, 39);
    let Layout::Flat {
        instances,
        features,
    } = own.source(&run).layout
    else {
        panic!("flat folders");
    };
    assert_eq!((instances, features), (true, false));
    let (run, own) = config(Pix2pixHdFlags {
        load_features: Some(true),
        no_instance: Some(true),
        ..learnt
    });
    assert!(own.model.encoder.is_none());
    let files = Layout::Flat {
        instances: false,
        features: true,
    };
    assert_eq!(own.source(&run).layout, files);
}

#[test]
fn what_does_not_go_together_is_named() {
    let on = Some(true);
    let default = Pix2pixHdFlags::default;
    let both = Pix2pixHdFlags {
        instance_feat: on,
        label_feat: on,
        ..default()
    };
    assert!(error(both).contains("--label-feat"));
    let nothing_to_load = Pix2pixHdFlags {
        load_features: on,
        ..default()
    };
    assert!(error(nothing_to_load).contains("--load-features"));
    let global = Pix2pixHdFlags {
        niter_fix_global: Some(3),
        ..default()
    };
    assert!(error(global).contains("--net-g local"));
    let none = Pix2pixHdFlags {
        norm: Some(NormKind::None),
        ..default()
    };
    assert!(error(none).contains("norm"));
}

#[test]
fn sizes_that_no_network_takes_are_told_with_the_multiple() {
    let (_, own) = config(Pix2pixHdFlags {
        no_vgg_loss: Some(true),
        ..Pix2pixHdFlags::default()
    });
    assert!(own.check_size(Size::new(1024, 512)).is_ok());
    let error = format!(
        "{:#}",
        own.check_size(Size::new(1000, 512)).expect_err("odd")
    );
    assert!(
        error.contains("multiples of 16") && error.contains("--load-size"),
        "{error}"
    );
}
