//! Runs of tiny networks.

use super::*;
use crate::data::SampleInput;
use underpaint_core::pgan::{Criterion, DiscriminatorConfig, GeneratorConfig, Growth};
use underpaint_core::state_dict::state_dict;

/// Three scales of two, three and more steps, fading over two of them.
fn config() -> PganTrainConfig {
    PganTrainConfig {
        generator: GeneratorConfig {
            depths: vec![4, 3, 2],
            latent_dim: 5,
            ..GeneratorConfig::default()
        },
        discriminator: DiscriminatorConfig {
            depths: vec![4, 3, 2],
            ..DiscriminatorConfig::default()
        },
        growth: Growth {
            first_scale: 0,
            iterations: vec![2, 3, 9],
            alpha_jumps: vec![0, 2, 2],
            alpha_jump_sizes: vec![1, 1, 1],
        },
        seed: 7,
        ..PganTrainConfig::default()
    }
}

fn pgan(config: PganTrainConfig) -> Pgan {
    Pgan::new(config, &Device::flex()).expect("a valid config")
}

/// Pictures as a loader gives them for a step.
fn samples(side: usize) -> Vec<Sample> {
    let sample = |index: usize| {
        let value = |pixel: usize| ((pixel * 7 + index * 13) as f32).sin();
        Sample {
            name: format!("picture-{index}"),
            input: SampleInput::Unconditional,
            instances: None,
            features: None,
            target: PixelsF32 {
                channels: 3,
                height: side,
                width: side,
                data: (0..3 * side * side).map(value).collect(),
            },
        }
    };
    (0..4).map(sample).collect()
}

fn step(pgan: &mut Pgan, step: u64) -> Losses {
    let side = pgan.resolution(step).expect("a side");
    let moment = Moment {
        step,
        epoch: 1,
        learning_rate: 0.001,
    };
    pgan.step(&samples(side), moment).expect("a step")
}

#[test]
fn a_run_grows_at_its_steps_and_names_its_losses() {
    let mut pgan = pgan(config());
    for (number, side) in [(1, 4), (2, 4), (3, 8), (4, 8), (5, 8), (6, 16), (7, 16)] {
        assert_eq!(pgan.resolution(number), Some(side));
        let losses = step(&mut pgan, number);
        let names: Vec<String> = losses.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names, pgan.loss_names());
        assert!(losses.iter().all(|(_, value)| value.is_finite()));
        assert_eq!(pgan.generator().config().resolution(), side);
        assert_eq!(pgan.average().config().resolution(), side);
        assert_eq!(pgan.discriminator().config().resolution(), side);
    }
}

#[test]
fn growing_keeps_weights_starts_optimisers_anew_and_copies_the_generator() {
    let mut pgan = pgan(config());
    (1..=2).for_each(|number| drop(step(&mut pgan, number)));
    let trained = state_dict(pgan.generator());
    assert_ne!(state_dict(pgan.average()), trained);
    pgan.grow().expect("a second scale");
    let grown = state_dict(pgan.generator());
    for (key, tensor) in &trained {
        assert_eq!(grown[key], *tensor, "{key}");
    }
    assert_eq!(state_dict(pgan.average()), grown);
    let state = pgan.state();
    assert_eq!(state.counters["generator_adam"], 0);
    assert!(state.files["discriminator_adam"].is_empty());
    pgan.grow().expect("a third scale");
    assert!(pgan.grow().is_err());
}

#[test]
fn a_resumed_run_is_the_run_itself() {
    // Before a scale change, within a fade, and after it.
    for stop in [2, 4, 7] {
        let mut whole = pgan(config());
        (1..=stop).for_each(|number| drop(step(&mut whole, number)));
        let mut resumed = pgan(config());
        resumed.load(whole.state().into()).expect("loaded");
        let shown = |pgan: &Pgan| {
            let samples = samples(4);
            pgan.generate(&samples.iter().collect::<Vec<_>>())
                .expect("pictures")
        };
        assert_eq!(shown(&whole), shown(&resumed));
        for number in stop + 1..=stop + 3 {
            assert_eq!(step(&mut whole, number), step(&mut resumed, number));
        }
        let read = |pgan: &Pgan| pgan.state().read().expect("read");
        assert_eq!(read(&whole), read(&resumed));
        assert_eq!(whole.state().counters, resumed.state().counters);
    }
}

#[test]
fn a_checkpoint_of_another_growth_is_refused() {
    let mut grown = pgan(config());
    (1..=3).for_each(|number| drop(step(&mut grown, number)));
    let mut other = config();
    other.growth.iterations[0] = 10;
    let error = pgan(other)
        .load(grown.state().into())
        .expect_err("another growth");
    assert!(
        error.to_string().contains("scale 1 after step 3"),
        "{error}"
    );
}

#[test]
fn generated_pictures_are_of_the_scale_and_each_sample_has_its_own() {
    let mut pgan = pgan(config());
    (1..=3).for_each(|number| drop(step(&mut pgan, number)));
    let samples = samples(8);
    let all = pgan
        .generate(&samples.iter().collect::<Vec<_>>())
        .expect("pictures");
    let alone = pgan.generate(&[&samples[2]]).expect("a picture");
    assert_eq!([all[2].height, all[2].width], [8, 8]);
    assert!(all.iter().flat_map(|p| &p.data).all(|x| x.abs() <= 1.0));
    let pairs = all[2].data.iter().zip(&alone[0].data);
    assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-5));
    assert_ne!(all[1], all[2]);
}

#[test]
fn pictures_of_another_size_are_refused_with_the_size_that_is_needed() {
    let moment = Moment {
        step: 1,
        epoch: 1,
        learning_rate: 0.001,
    };
    let error = pgan(config()).step(&samples(8), moment).expect_err("8×8");
    assert!(error.to_string().contains("pictures of 4×4"), "{error}");
}

#[test]
fn every_criterion_and_penalty_takes_a_step_and_classes_too() {
    for criterion in [Criterion::Logistic, Criterion::Mse, Criterion::Dcgan] {
        let mut config = config();
        (config.criterion, config.generator.output) = (criterion, criterion.output());
        (config.penalty_weight, config.real_penalty_weight) = (0.0, 5.0);
        config.classification = Classification {
            class_counts: vec![2, 3],
            generator_weight: 1.0,
            discriminator_weight: 1.0,
        };
        config.generator.category_dim = 5;
        config.discriminator.category_dim = 5;
        let mut pgan = pgan(config);
        let before = state_dict(pgan.discriminator());
        let device = Device::flex().autodiff();
        let latents = || latents(&pgan.config.generator, &[2, 3], 4, 1, &device);
        let draws = Draws {
            discriminator_latents: latents(),
            generator_latents: latents(),
            share: Tensor::zeros([4], &device),
        };
        let classes = latents().narrow(1, 5, 5);
        let real = Tensor::ones([4, 3, 4, 4], &device);
        let step = pgan
            .step_tensors(real, Some(classes), draws, 0.0, 0.001)
            .expect("a step");
        let names: Vec<String> = step.losses.iter().map(|(name, _)| (*name).into()).collect();
        assert_eq!(names, pgan.loss_names());
        assert!(step.losses.iter().all(|(_, value)| value.is_finite()));
        let after = state_dict(pgan.discriminator());
        assert!(
            before
                .keys()
                .all(|key| !key.ends_with("weight") || before[key] != after[key])
        );
    }
}

#[test]
fn a_dead_discriminator_costs_its_penalty_and_stays_finite() {
    let mut pgan = pgan(config());
    let zeroed = |dict: StateDict| -> StateDict {
        let zero = |(key, mut tensor): (String, underpaint_core::state_dict::StateTensor)| {
            tensor.values.fill(0.0);
            (key, tensor)
        };
        dict.into_iter().map(zero).collect()
    };
    let generator = state_dict(pgan.generator());
    let discriminator = zeroed(state_dict(pgan.discriminator()));
    pgan.load_weights(&generator, &discriminator).expect("fits");
    let losses = step(&mut pgan, 1);
    let gradient = losses.iter().find(|(name, _)| *name == "D_gradient");
    // Four pictures whose gradient is zero, ten each.
    assert_eq!(gradient, Some(&("D_gradient", 40.0)));
    let weights = state_dict(pgan.discriminator());
    assert!(
        weights
            .values()
            .flat_map(|t| &t.values)
            .all(|x| x.is_finite())
    );
}
