use super::*;
use crate::data::{InstanceMap, SampleInput};
use burn::tensor::{Distribution, Int, TensorData};
use underpaint_core::layers::NormKind;
use underpaint_core::perceptual::Vgg19;
use underpaint_core::pix2pixhd::{
    Architecture, ConditionConfig, DiscriminatorConfig, EncoderConfig, GeneratorConfig, InputKind,
};
use underpaint_core::state_dict::{StateTensor, state_dict};

const SIDE: usize = 16;
const RATE: f64 = 1e-3;

/// Two enhancers, an encoder, two epochs for the finest enhancer alone.
fn config() -> Pix2pixHdTrainConfig {
    Pix2pixHdTrainConfig {
        condition: ConditionConfig {
            input: InputKind::Labels { num_classes: 3 },
            edges: true,
            feature_channels: 2,
        },
        generator: GeneratorConfig {
            architecture: Architecture::Local {
                num_enhancers: 2,
                num_blocks: 1,
            },
            input_channels: 6,
            base_channels: 1,
            num_downs: 1,
            num_blocks: 1,
            ..GeneratorConfig::default()
        },
        discriminator: DiscriminatorConfig {
            input_channels: 7,
            base_channels: 2,
            num_layers: 1,
            ..DiscriminatorConfig::default()
        },
        encoder: Some(EncoderConfig {
            feature_channels: 2,
            base_channels: 2,
            num_downs: 1,
            ..EncoderConfig::default()
        }),
        epochs_coarse_fixed: 2,
        pool_size: 2,
        ..Pix2pixHdTrainConfig::default()
    }
}

fn family(config: &Pix2pixHdTrainConfig) -> Pix2pixHd {
    Pix2pixHd::new(config.clone(), &Device::flex()).expect("a valid config")
}

fn sample(number: usize) -> Sample {
    let ids = |modulus| (0..SIDE * SIDE).map(move |i| ((i / 5 + number) % modulus) as u16);
    Sample {
        name: format!("{number}"),
        input: SampleInput::Labels {
            width: SIDE,
            height: SIDE,
            ids: ids(3).collect(),
        },
        instances: Some(InstanceMap {
            width: SIDE,
            height: SIDE,
            ids: ids(7).map(|id| 1000 * id).collect(),
        }),
        features: None,
        target: PixelsF32 {
            channels: 3,
            height: SIDE,
            width: SIDE,
            data: (0..3 * SIDE * SIDE)
                .map(|i| ((i * 7 + number) % 20) as f32 / 10.0 - 1.0)
                .collect(),
        },
    }
}

/// Two steps an epoch.
fn run(family: &mut Pix2pixHd, steps: std::ops::RangeInclusive<u64>) -> Vec<Losses> {
    let step = |step: u64| {
        let samples = [sample(step as usize), sample(step as usize + 40)];
        let moment = Moment {
            step,
            epoch: step.div_ceil(2),
            learning_rate: RATE,
        };
        family.step(&samples, moment).expect("a step")
    };
    steps.map(step).collect()
}

fn weights(family: &Pix2pixHd) -> [StateDict; 3] {
    let encoder = family.encoder().map(state_dict);
    [
        state_dict(family.generator()),
        state_dict(family.discriminator()),
        encoder.unwrap_or_default(),
    ]
}

/// Top-level modules of which a weight has moved.
fn moved(before: &StateDict, after: &StateDict) -> Vec<String> {
    let changed = before
        .iter()
        .filter(|(key, tensor)| after[*key] != **tensor);
    let mut modules: Vec<String> = changed
        .map(|(key, _)| key.split('.').next().unwrap_or(key).to_owned())
        .collect();
    modules.dedup();
    modules
}

#[test]
fn the_coarse_layers_wait_and_then_all_begin_with_a_fresh_optimiser() {
    let mut family = family(&config());
    let [before, _, encoder] = weights(&family);
    run(&mut family, 1..=4);
    let [after, _, encoder_after] = weights(&family);
    assert_eq!(moved(&before, &after), ["model2_1", "model2_2"]);
    assert_eq!(moved(&encoder, &encoder_after), ["model"]);
    assert_eq!(family.state().counters["generator_adam"], 4);
    run(&mut family, 5..=5);
    let state = family.state();
    assert_eq!(state.counters["generator_adam"], 1);
    assert_eq!(state.counters["encoder_adam"], 1);
    assert_eq!(state.counters["discriminator_adam"], 5);
    let [last, ..] = weights(&family);
    let all = ["model", "model1_1", "model1_2", "model2_1", "model2_2"];
    assert_eq!(moved(&after, &last), all);
    // Adam's first step is the learning rate, whatever the gradient: the moments are fresh.
    let key = "model2_2.5.bias";
    let steps = after[key].values.iter().zip(&last[key].values);
    for (before, after) in steps {
        let step = f64::from((before - after).abs());
        assert!((step / RATE - 1.0).abs() < 0.01, "{step}");
    }
}

#[test]
fn a_resumed_run_repeats_the_run_on_either_side_of_the_switch() {
    for stop in [3, 5] {
        let mut family = family(&config());
        run(&mut family, 1..=stop);
        let mut resumed = self::family(&Pix2pixHdTrainConfig {
            seed: 0,
            ..config()
        });
        resumed.load(family.state().into()).expect("its own state");
        let rest = stop + 1..=stop + 3;
        assert_eq!(run(&mut family, rest.clone()), run(&mut resumed, rest));
        assert_eq!(weights(&family), weights(&resumed));
        assert_eq!(family.state().counters, resumed.state().counters);
    }
}

#[test]
fn a_state_without_the_encoder_or_the_switch_is_refused() {
    let mut family = family(&config());
    let mut state = family.state();
    state.files.remove("encoder");
    assert!(family.load(state.into()).is_err());
    let mut state = family.state();
    state.counters.remove(ALL_LAYERS);
    assert!(family.load(state.into()).is_err());
}

#[test]
fn losses_that_are_left_out_have_no_name() {
    let names = |config: &Pix2pixHdTrainConfig| {
        let mut family = family(config);
        let losses = run(&mut family, 1..=1).remove(0);
        let names: Vec<String> = losses.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names, family.loss_names());
        names
    };
    let all = ["G_GAN", "G_GAN_Feat", "D_real", "D_fake"];
    assert_eq!(names(&config()), all);
    let config = Pix2pixHdTrainConfig {
        feature_matching_weight: 0.0,
        discriminator: DiscriminatorConfig {
            intermediate_features: false,
            ..config().discriminator
        },
        ..config()
    };
    assert_eq!(names(&config), ["G_GAN", "D_real", "D_fake"]);
}

#[test]
fn the_perceptual_loss_moves_the_generator_alone() {
    let device = Device::flex();
    let vgg = Vgg19::new(&device);
    let values = |shape: &[usize]| {
        let shape: [usize; 1] = [shape.iter().product()];
        let values = Tensor::<1>::random(shape, Distribution::Normal(0.0, 0.05), &device);
        values.into_data().iter::<f32>().collect()
    };
    device.seed(1);
    let mut dict = state_dict(&vgg);
    for tensor in dict.values_mut() {
        *tensor = StateTensor {
            values: values(&tensor.shape),
            shape: tensor.shape.clone(),
        };
    }
    let loss = PerceptualLoss::new(Vgg19::from_state_dict(dict, &device).expect("VGG"));
    let mut plain = family(&config());
    let mut guided = family(&config()).with_perceptual_loss(loss);
    run(&mut plain, 1..=1);
    let losses = run(&mut guided, 1..=1).remove(0);
    assert_eq!(losses[2].0, "G_VGG");
    assert!(losses[2].1 > 0.0);
    let ([generator, judge, _], [guided, guided_judge, _]) = (weights(&plain), weights(&guided));
    assert_ne!(generator, guided);
    assert_eq!(judge, guided_judge);
}

#[test]
fn features_come_from_the_regions_that_the_config_names() {
    let encoded = |regions| {
        let config = Pix2pixHdTrainConfig {
            feature_regions: regions,
            ..config()
        };
        let batch = inputs::batch(&config, &[&sample(1)], &Device::flex()).expect("a batch");
        match batch.features {
            Features::Encoded(regions) => regions.count(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(encoded(FeatureRegions::Instances), 7);
    assert_eq!(encoded(FeatureRegions::Labels), 3);
}

#[test]
fn pictures_are_translated_as_label_maps_are() {
    let config = Pix2pixHdTrainConfig {
        condition: ConditionConfig {
            input: InputKind::Picture { channels: 3 },
            edges: false,
            feature_channels: 0,
        },
        generator: GeneratorConfig {
            input_channels: 3,
            norm: NormKind::Batch,
            ..config().generator
        },
        discriminator: DiscriminatorConfig {
            input_channels: 6,
            ..config().discriminator
        },
        encoder: None,
        ..config()
    };
    let picture = |number: usize| Sample {
        input: SampleInput::Image(sample(number + 9).target),
        instances: None,
        features: None,
        ..sample(number)
    };
    let mut family = family(&config);
    let moment = Moment {
        step: 1,
        epoch: 1,
        learning_rate: RATE,
    };
    family.step(&[picture(1)], moment).expect("a step");
    let pictures = [picture(2), picture(3)];
    let both: Vec<&Sample> = pictures.iter().collect();
    let together = family.generate(&both).expect("pictures");
    let alone = family.generate(&both[1..]).expect("a picture");
    let close = together[1].data.iter().zip(&alone[0].data);
    assert!(close.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
    assert!(family.generate(&[&sample(1)]).is_err());
}

#[test]
fn what_does_not_fit_is_named() {
    let refused = |config: Pix2pixHdTrainConfig| {
        let error = Pix2pixHd::new(config, &Device::flex()).err();
        format!("{:#}", error.expect("a refusal"))
    };
    let narrow = GeneratorConfig {
        input_channels: 4,
        ..config().generator
    };
    let error = refused(Pix2pixHdTrainConfig {
        generator: narrow,
        ..config()
    });
    assert!(error.contains("generator: expected 6 channels"), "{error}");
    let global = GeneratorConfig {
        architecture: Architecture::Global,
        ..config().generator
    };
    let error = refused(Pix2pixHdTrainConfig {
        generator: global,
        ..config()
    });
    assert!(error.contains("no finest enhancer"), "{error}");
    let mut family = family(&config());
    let mut lone = sample(1);
    lone.instances = None;
    let moment = Moment {
        step: 1,
        epoch: 1,
        learning_rate: RATE,
    };
    let error = format!(
        "{:#}",
        family.step(&[lone], moment).expect_err("no instances")
    );
    assert!(error.contains("expected an instance map"), "{error}");
}

#[test]
fn given_features_reach_the_generator() {
    let config = Pix2pixHdTrainConfig {
        encoder: None,
        ..config()
    };
    let mut family = family(&config);
    let device = Device::flex().autodiff();
    let labels = TensorData::new(vec![1i32; SIDE * SIDE], [1, 1, SIDE, SIDE]);
    let labels = Tensor::<4, Int>::from_data(labels, &device);
    let input = underpaint_core::pix2pixhd::Input::Labels(labels.clone());
    let condition = config.condition.encode(input, Some(labels)).expect("both");
    let mut step = |left: f32| {
        let half = |value| Tensor::full([1, 2, SIDE, SIDE / 2], value, &device);
        let batch = Batch {
            condition: condition.clone(),
            features: Features::Given(Tensor::cat(vec![half(left), half(-left)], 3)),
            real: Tensor::zeros([1, 3, SIDE, SIDE], &device),
        };
        let moment = Moment {
            step: 1,
            epoch: 1,
            learning_rate: 0.0,
        };
        family
            .step_tensors(batch, moment)
            .expect("a step")
            .fake
            .into_data()
    };
    assert_eq!(step(0.5), step(0.5));
    assert_ne!(step(0.5), step(-0.5));
    let error = inputs::batch(&config, &[&sample(1)], &Device::flex()).expect_err("no features");
    assert!(error.to_string().contains("features from files"), "{error}");
}
