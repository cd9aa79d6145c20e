use super::*;
use crate::config::{Length, Raw, RunFlags};
use crate::device::DeviceName;

type Given = Raw<Pix2pixFlags>;

fn flags() -> Given {
    Given {
        run: RunFlags {
            data: Some("somewhere".into()),
            ..RunFlags::default()
        },
        ..Given::default()
    }
}

fn run(flags: RunFlags) -> Given {
    Given {
        run: RunFlags {
            data: Some("somewhere".into()),
            ..flags
        },
        ..Given::default()
    }
}

fn own(own: Pix2pixFlags) -> Given {
    Given { own, ..flags() }
}

fn config(given: &Given) -> (RunConfig, Pix2pixRun) {
    given.config().expect("valid")
}

#[test]
fn defaults_are_those_of_the_paper() {
    let (run, own) = config(&flags());
    assert_eq!(own.model.generator, GeneratorConfig::default());
    assert_eq!((own.augment.load_size, own.augment.crop_size), (286, 256));
    assert_eq!((own.model.l1_weight, run.adam.beta1), (100.0, 0.5));
    assert_eq!(run.length, Length::Epochs(200));
}

#[test]
fn the_effective_config_survives_toml_and_gives_itself() {
    let classes = Given {
        run: RunFlags {
            steps: Some(7),
            device: Some(DeviceName::Cuda(1)),
            ..flags().run
        },
        own: Pix2pixFlags {
            label_nc: Some(13),
            ..Pix2pixFlags::default()
        },
    };
    let layers = Given {
        run: RunFlags {
            epochs: Some(5),
            ..flags().run
        },
        own: Pix2pixFlags {
            net_d: Some(DiscriminatorKind::NLayers),
            n_layers_d: Some(4),
            ..Pix2pixFlags::default()
        },
    };
    for given in [flags(), classes, layers] {
        let (run, own) = config(&given);
        let raw = Given {
            run: run.to_flags(),
            own: own.to_flags(),
        };
        let toml = raw.to_toml("pix2pix").expect("TOML");
        let read = Given::parse(&toml, "pix2pix").expect("flags");
        assert_eq!(config(&read), (run, own), "{toml}");
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let error = |given: Given| given.config::<Pix2pixRun>().expect_err("wrong").to_string();
    assert!(error(Given::default()).starts_with("--data"));
    let size = own(Pix2pixFlags {
        size: Some(100),
        ..Pix2pixFlags::default()
    });
    assert!(error(size).contains("multiple of 256"));
    let no_batch = run(RunFlags {
        batch_size: Some(0),
        ..RunFlags::default()
    });
    assert!(error(no_batch).contains("--batch-size"));
    let no_number = run(RunFlags {
        lr: Some(f64::NAN),
        ..RunFlags::default()
    });
    assert!(error(no_number).contains("--lr"));
    let no_epochs = run(RunFlags {
        lr_policy: Some(LrPolicy::Cosine),
        n_epochs: Some(0),
        ..RunFlags::default()
    });
    assert!(error(no_epochs).contains("--n-epochs"));
    let two_channels = own(Pix2pixFlags {
        output_nc: Some(2),
        ..Pix2pixFlags::default()
    });
    assert!(error(two_channels).contains("--output-nc"));
}

#[test]
fn steps_alone_keep_the_rate_and_epochs_alone_halve_the_run() {
    let schedule = |flags: RunFlags| config(&run(flags)).0.schedule;
    let constant = schedule(RunFlags {
        steps: Some(10),
        ..RunFlags::default()
    });
    assert_eq!(constant.policy, LrPolicy::Constant);
    let halved = schedule(RunFlags {
        epochs: Some(5),
        ..RunFlags::default()
    });
    assert_eq!(
        (halved.policy, halved.n_epochs, halved.n_epochs_decay),
        (LrPolicy::Linear, 3, 2)
    );
}

#[test]
fn a_config_from_before_there_were_families_is_one_of_pix2pix() {
    let old = "data = \"d\"\nnet_g = \"unet_32\"\nngf = 4\nsize = 32\nload_size = 36\nepochs = 3\n\
               n_epochs = 2\nn_epochs_decay = 1\ndevice = \"cpu\"\nno_dropout = false\n";
    let (run, own) = config(&Given::parse(old, "pix2pix").expect("flags"));
    assert_eq!((run.length, own.augment.crop_size), (Length::Epochs(3), 32));
}
