//! What plans are made of.

use std::collections::BTreeMap;

use underpaint_plan::{Operation, Plan, Statistics};

use super::cases::{
    Case, DROPPING, PER_IMAGE, RUNNING, generators, manifest, pix2pix, pix2pixhd, spade,
};
use crate::bundle::ModelConfig;
use crate::layers::NormKind;
use crate::plan::{Request, encoder, generator};
use crate::{pgan, pix2pix as pix2pix_family, pix2pixhd as hd, spade as spade_family};

fn plan_of(case: &Case) -> Plan {
    match generator(&case.manifest, &case.request) {
        Ok(plan) => plan,
        Err(error) => panic!("{}: {error}", case.name),
    }
}

fn counts(plan: &Plan) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for step in &plan.steps {
        *counts.entry(step.operation.name()).or_default() += 1;
    }
    counts
}

#[test]
fn every_configuration_becomes_a_consistent_plan_and_the_same_one_again() {
    for case in generators() {
        let plan = plan_of(&case);
        plan.check()
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(plan, plan_of(&case), "{}", case.name);
    }
}

#[test]
fn plans_know_nothing_of_batches_and_repeat_no_step() {
    for case in generators() {
        let plan = plan_of(&case);
        for (index, step) in plan.steps.iter().enumerate() {
            let again = plan.steps[..index].iter();
            let again = again.filter(|other| other.operation == step.operation);
            // A linear layer's output can be of any shape.
            let again = again.filter(|other| plan.shape(other.output) == plan.shape(step.output));
            assert_eq!(again.count(), 0, "{}: {step:?}", case.name);
            let reshape = matches!(step.operation, Operation::Reshape { .. });
            // Its slope is none that an engine knows: a sum, through which no reshape moves.
            assert!(
                !reshape || case.name == "pgan plain",
                "{}: {step:?}",
                case.name
            );
        }
    }
}

fn steps(model: ModelConfig, size: [usize; 2], mode: crate::bundle::TestTime) -> usize {
    let case = Case::new("full size", model, size, mode);
    let plan = plan_of(&case);
    plan.check().expect("a plan");
    println!("{} steps {:?}", plan.steps.len(), counts(&plan));
    plan.steps.len()
}

#[test]
fn full_sizes_have_few_steps() {
    let unet = || ModelConfig::Pix2pix {
        generator: pix2pix_family::GeneratorConfig {
            base_channels: 16,
            input_channels: 15,
            ..Default::default()
        },
    };
    assert_eq!(steps(unet(), [256, 256], PER_IMAGE), 52);
    assert_eq!(steps(unet(), [256, 256], RUNNING), 52);
    assert_eq!(steps(unet(), [256, 256], DROPPING), 55);
    let resnet = pix2pix("resnet_9blocks", NormKind::Instance, false);
    assert_eq!(steps(resnet, [256, 256], PER_IMAGE), 91);
    let local = ModelConfig::Pix2pixhd {
        generator: hd::GeneratorConfig {
            architecture: hd::Architecture::Local {
                num_enhancers: 1,
                num_blocks: 3,
            },
            base_channels: 32,
            ..Default::default()
        },
        feature_channels: 0,
        encoder: None,
    };
    assert_eq!(steps(local, [512, 1024], PER_IMAGE), 139);
    let spade = || ModelConfig::Spade {
        generator: spade_family::GeneratorConfig::default(),
        encoder: None,
    };
    assert!(steps(spade(), [256, 256], PER_IMAGE) <= 204);
    assert!(steps(spade(), [256, 256], RUNNING) <= 204);
    let pgan = ModelConfig::Pgan {
        generator: pgan::GeneratorConfig {
            depths: vec![512, 512, 512, 512, 256, 128, 64],
            ..Default::default()
        },
    };
    assert!(steps(pgan, [0, 0], PER_IMAGE) <= 67);
}

#[test]
fn inputs_are_those_of_the_model() {
    let names = |model: ModelConfig, one_hot| {
        let mut case = Case::new("inputs", model, [64, 64], PER_IMAGE);
        case.request.one_hot = one_hot;
        let plan = plan_of(&case);
        let inputs = plan.inputs.iter().map(|input| {
            let shape = plan.shape(input.value);
            let axes = [shape.channels, shape.height, shape.width];
            (input.name.clone(), axes, input.one_hot)
        });
        inputs.collect::<Vec<_>>()
    };
    let features = pix2pixhd(false, NormKind::Instance, true);
    assert_eq!(
        names(features, true),
        [
            ("condition".to_owned(), [4, 64, 64], 3),
            ("features".to_owned(), [3, 64, 64], 0),
        ]
    );
    let latent = spade("spadeinstance3x3", "normal", true);
    assert_eq!(
        names(latent, false),
        [
            ("condition".to_owned(), [4, 64, 64], 0),
            ("latents".to_owned(), [6, 1, 1], 0),
        ]
    );
}

#[test]
fn norms_are_steps_of_their_own_kind() {
    let norms = |norm, mode| {
        let case = Case::new("norms", pix2pix("unet_32", norm, false), [32, 32], mode);
        let plan = plan_of(&case);
        let norms = plan.steps.iter().filter_map(|step| match step.operation {
            Operation::Norm {
                statistics, scale, ..
            } => Some((statistics == Statistics::PerImage, scale.is_some())),
            _ => None,
        });
        norms.collect::<Vec<_>>()
    };
    // One a level but the outermost on the way up, one less on the way down.
    assert_eq!(norms(NormKind::Batch, PER_IMAGE), [(true, true); 7]);
    assert_eq!(norms(NormKind::Batch, RUNNING), [(false, true); 7]);
    assert_eq!(norms(NormKind::Instance, RUNNING), [(true, false); 7]);
    assert_eq!(norms(NormKind::None, PER_IMAGE), []);
}

#[test]
fn the_label_map_is_resized_once_for_each_size() {
    // `normal`: the start at 1/32 of the side, blocks there, at 1/16, … and at the full size.
    let model = spade("spadeinstance3x3", "normal", false);
    let case = Case::new("spade", model, [64, 64], PER_IMAGE);
    let plan = plan_of(&case);
    let condition = plan.inputs[0].value;
    let resized = plan.steps.iter().filter(
        |step| matches!(step.operation, Operation::Resize { input, .. } if input == condition),
    );
    let heights: Vec<usize> = resized.map(|step| plan.shape(step.output).height).collect();
    assert_eq!(heights, [2, 4, 8, 16, 32]);
}

#[test]
fn seeds_change_masks_and_nothing_else() {
    let model = pix2pix("unet_64", NormKind::Batch, true);
    let case = Case::new("dropout", model, [64, 64], DROPPING);
    let other = Request {
        seed: 6,
        ..case.request
    };
    let (plan, other) = (
        plan_of(&case),
        generator(&case.manifest, &other).expect("a plan"),
    );
    assert_ne!(plan, other);
    assert!(plan.same_but_constants(&other));
}

#[test]
fn encoders_have_plans_at_any_size() {
    let size = |model, size, mode| {
        let plan = encoder(&manifest(model), size, mode).expect("a plan");
        plan.check().expect("a consistent plan");
        let outputs = plan.outputs.iter().map(|&output| {
            let shape = plan.shape(output);
            [shape.channels, shape.height, shape.width]
        });
        outputs.collect::<Vec<_>>()
    };
    let features = || pix2pixhd(false, NormKind::Instance, true);
    assert_eq!(size(features(), [13, 24], PER_IMAGE), [[3, 13, 24]]);
    let latent = || spade("spadeinstance3x3", "normal", true);
    assert_eq!(size(latent(), [256, 256], RUNNING), [[6, 1, 1]; 2]);
    assert_eq!(size(latent(), [40, 300], PER_IMAGE), [[6, 1, 1]; 2]);
    let none = pix2pix("unet_32", NormKind::Batch, false);
    let error = encoder(&manifest(none), [32, 32], PER_IMAGE).unwrap_err();
    assert!(error.to_string().contains("no encoder"), "{error}");
}

#[test]
fn what_runner_refuses_has_no_plan() {
    let unet = manifest(pix2pix("unet_32", NormKind::Batch, false));
    assert!(generator(&unet, &Request::of_size(&unet, [0, 32])).is_err());
    let latent = manifest(spade("spadeinstance3x3", "normal", true));
    let error = generator(&latent, &Request::of_size(&latent, [32, 64])).unwrap_err();
    assert!(
        error.to_string().contains("height 64 and width 64"),
        "{error}"
    );
    // Nothing is left behind that the next one would stumble over.
    assert!(generator(&unet, &Request::of_size(&unet, [32, 32])).is_ok());
}
