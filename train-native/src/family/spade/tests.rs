use super::*;
use crate::data::{InstanceMap, PixelsF32, Sample, SampleInput};
use crate::family::{Family, Moment};
use crate::trainer::schedule::TimeScale;
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::{InitKind, WeightInit};
use underpaint_core::loss::GanMode;
use underpaint_core::perceptual::Vgg19;
use underpaint_core::spade::{
    Architecture, ConvNorm, DiscriminatorConfig, EncoderConfig, GeneratorConfig, SpadeArchitecture,
};
use underpaint_core::state_dict::state_dict;

const RATE: f64 = 1e-3;
const HEIGHT: usize = 32;

fn config(side: usize, latent_channels: Option<usize>) -> SpadeTrainConfig {
    let semantics = SemanticLayout {
        num_classes: 2,
        dont_care: true,
        edges: true,
    };
    let spade = SpadeArchitecture {
        norm: "spectralspadesyncbatch1x1".parse().expect("a norm"),
        crop_size: side,
        // A low picture is a cheap one.
        aspect_ratio: side as f64 / HEIGHT as f64,
        latent_channels,
        ..SpadeArchitecture::default()
    };
    SpadeTrainConfig {
        semantics,
        generator: GeneratorConfig {
            architecture: Architecture::Spade(spade),
            input_channels: 4,
            output_channels: 3,
            base_channels: 1,
        },
        discriminator: DiscriminatorConfig {
            input_channels: 7,
            base_channels: 2,
            num_layers: 3,
            num_scales: 2,
            norm: ConvNorm::default(),
        },
        encoder: latent_channels.map(|latent_channels| EncoderConfig {
            base_channels: 1,
            latent_channels,
            ..EncoderConfig::default()
        }),
        ..SpadeTrainConfig::default()
    }
}

fn family(config: &SpadeTrainConfig) -> Spade {
    Spade::new(config.clone(), &Device::flex()).expect("a valid config")
}

fn sample(side: usize, number: usize) -> Sample {
    let ids = |modulus: usize| (0..HEIGHT * side).map(move |i| ((i / 9 + number) % modulus) as u16);
    Sample {
        name: format!("{number}"),
        input: SampleInput::Labels {
            width: side,
            height: HEIGHT,
            // Two classes, and pixels of none.
            ids: ids(3).map(|id| if id == 2 { 255 } else { id }).collect(),
        },
        instances: Some(InstanceMap {
            width: side,
            height: HEIGHT,
            ids: ids(5).collect(),
        }),
        features: None,
        target: PixelsF32 {
            channels: 3,
            height: HEIGHT,
            width: side,
            data: (0..3 * HEIGHT * side)
                .map(|i| ((i * 7 + number) % 20) as f32 / 10.0 - 1.0)
                .collect(),
        },
    }
}

fn run(family: &mut Spade, side: usize, steps: std::ops::RangeInclusive<u64>) -> Vec<Losses> {
    let step = |step| {
        let samples = [
            sample(side, step as usize),
            sample(side, step as usize + 40),
        ];
        let moment = Moment {
            step,
            epoch: 1,
            learning_rate: RATE,
        };
        family.step(&samples, moment).expect("a step")
    };
    steps.map(step).collect()
}

/// Largest change of a parameter.
fn moved(before: &StateDict, after: &StateDict) -> f64 {
    let parameters = before.iter().filter(|(key, _)| {
        !["running_mean", "running_var", "weight_u", "weight_v"]
            .iter()
            .any(|buffer| key.ends_with(buffer))
    });
    let changes = parameters.flat_map(|(key, before)| {
        let pairs = before.values.iter().zip(&after[key].values);
        pairs.map(|(a, b)| f64::from((a - b).abs()))
    });
    changes.fold(0.0, f64::max)
}

#[test]
fn the_two_sides_learn_at_their_own_rates() {
    for (time_scale, expected) in [(TimeScale::Two, [0.5, 2.0]), (TimeScale::One, [1.0, 1.0])] {
        let config = SpadeTrainConfig {
            time_scale,
            ..config(32, None)
        };
        let mut family = family(&config);
        let before = [
            state_dict(family.generator()),
            state_dict(family.discriminator()),
        ];
        run(&mut family, 32, 1..=1);
        let after = [
            state_dict(family.generator()),
            state_dict(family.discriminator()),
        ];
        for side in 0..2 {
            // Adam's first step is the learning rate wherever there is a gradient.
            let factor = moved(&before[side], &after[side]) / RATE;
            assert!(
                (factor / expected[side] - 1.0).abs() < 0.01,
                "{side}: {factor}"
            );
        }
    }
}

#[test]
fn the_generator_rests_between_its_steps_and_keeps_its_losses() {
    let config = SpadeTrainConfig {
        discriminator_steps: 2,
        feature_matching_weight: 0.0,
        ..config(32, None)
    };
    let mut family = family(&config);
    let first = run(&mut family, 32, 1..=1).remove(0);
    assert_eq!(family.loss_names(), ["GAN", "D_Fake", "D_real"]);
    let before = [
        state_dict(family.generator()),
        state_dict(family.discriminator()),
    ];
    let second = run(&mut family, 32, 2..=2).remove(0);
    let after = [
        state_dict(family.generator()),
        state_dict(family.discriminator()),
    ];
    assert_eq!(moved(&before[0], &after[0]), 0.0);
    assert!(moved(&before[1], &after[1]) > 0.0);
    assert_ne!(before[0], after[0], "running statistics move all the same");
    assert_eq!((first[0], first.len()), (second[0], second.len()));
    assert_ne!(first[1], second[1]);
}

#[test]
fn a_resumed_run_is_the_run_that_was_not_interrupted() {
    for (side, latent, discriminator_steps) in [(32, None, 2), (256, Some(3), 1)] {
        let config = SpadeTrainConfig {
            discriminator_steps,
            ..config(side, latent)
        };
        let mut through = family(&config);
        let expected = run(&mut through, side, 1..=4);
        let mut first = family(&config);
        let mut found = run(&mut first, side, 1..=2);
        let other_seed = SpadeTrainConfig { seed: 0, ..config };
        let mut second = family(&other_seed);
        run(&mut second, side, 9..=9);
        second.load(first.state().into()).expect("its own state");
        found.extend(run(&mut second, side, 3..=4));
        assert_eq!(found, expected);
        assert_eq!(
            state_dict(second.generator()),
            state_dict(through.generator())
        );
        let names: Vec<&str> = expected[0].iter().map(|(name, _)| *name).collect();
        assert_eq!(names, second.loss_names());
        assert_eq!(names.contains(&"KLD"), latent.is_some());
        assert!(expected.iter().flatten().all(|(_, loss)| loss.is_finite()));
    }
}

#[test]
fn the_encoder_learns_with_the_generator_and_generating_repeats() {
    let config = config(256, Some(3));
    let mut family = family(&config);
    let encoder = |family: &Spade| state_dict(family.encoder().expect("an encoder"));
    let before = encoder(&family);
    run(&mut family, 256, 1..=1);
    let after = encoder(&family);
    assert!((moved(&before, &after) / RATE - 0.5).abs() < 0.01);
    let sample = sample(256, 3);
    let generate = || family.generate(&[&sample]).expect("a picture");
    let picture = generate();
    assert_eq!(picture, generate());
    assert_eq!((picture[0].channels, picture[0].width), (3, 256));
    assert_eq!(encoder(&family), after);
}

#[test]
fn the_perceptual_loss_joins_once_it_has_its_network() {
    let config = SpadeTrainConfig {
        gan_mode: GanMode::Wgangp,
        ..config(32, None)
    };
    let vgg = Vgg19::new(&Device::flex());
    let vgg = initialize(
        vgg,
        WeightInit {
            kind: InitKind::Kaiming,
            ..config.init
        },
        1,
    );
    let mut family = family(&config).with_perceptual_loss(PerceptualLoss::new(vgg));
    let names = ["GAN", "GAN_Feat", "VGG", "D_Fake", "D_real"];
    assert_eq!(family.loss_names(), names);
    let losses = run(&mut family, 32, 1..=1).remove(0);
    let found: Vec<&str> = losses.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, names);
    assert!(losses[2].1 > 0.0 && losses[2].1.is_finite());

    // The weight is the config's.
    let silent = SpadeTrainConfig {
        feature_matching_weight: 0.0,
        perceptual_weight: 0.0,
        ..config
    };
    let mut silent = Spade::new(silent, &Device::flex()).expect("a valid config");
    silent.perceptual = family.perceptual.clone();
    let loss = run(&mut silent, 32, 1..=1).remove(0)[1];
    assert_eq!(loss, ("VGG", 0.0));
}

#[test]
fn parts_that_do_not_fit_are_told() {
    let error = |config: SpadeTrainConfig| match Spade::new(config, &Device::flex()) {
        Err(error) => format!("{error:#}"),
        Ok(_) => "none".to_owned(),
    };
    let plain = config(32, None);
    let mut narrow = plain.clone();
    narrow.discriminator.input_channels = 6;
    assert!(error(narrow).contains("the discriminator takes 6 channels"));
    let mut lonely = config(256, Some(3));
    lonely.encoder = None;
    assert!(error(lonely).contains("needs an encoder"));
    assert_eq!(error(config(128, Some(3))), "none");
    let mut unmapped = plain.clone();
    unmapped.semantics.edges = false;
    assert!(error(unmapped).contains("become 3 channels"));

    let mut family = family(&plain);
    let mut sample = sample(32, 1);
    let moment = Moment {
        step: 1,
        epoch: 1,
        learning_rate: RATE,
    };
    if let SampleInput::Labels { ids, .. } = &mut sample.input {
        ids[33] = 3;
    }
    let message = format!("{:#}", family.step(&[sample.clone()], moment).unwrap_err());
    assert!(message.contains("label 3 at x 1, y 1"), "{message}");
    sample.instances = None;
    if let SampleInput::Labels { ids, .. } = &mut sample.input {
        ids[33] = 0;
    }
    let message = format!("{:#}", family.step(&[sample], moment).unwrap_err());
    assert!(message.contains("expected an instance map"), "{message}");
}
