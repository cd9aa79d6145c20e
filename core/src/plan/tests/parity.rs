//! The plain interpreter against the network on burn's own CPU backend, with random weights.

use burn::tensor::{Device, Tensor, TensorData};
use underpaint_plan::{Plan, reference};

use super::cases::{Case, DROPPING, PER_IMAGE, RUNNING, generators, manifest, pix2pixhd, spade};
use crate::bundle::{DictWeights, Inputs, Manifest, ModelConfig, Runner, Weights};
use crate::layers::NormKind;
use crate::plan::{encoder, generator};
use crate::state_dict::{StateDict, StateTensor, state_dict};

/// Repeatable numbers in `[-0.5, 0.5)`.
struct Draw(u32);

impl Draw {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0 - 0.5
    }

    fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// Weights that make another picture of every input and keep numbers near 1, as training does:
/// variances positive, spectral norms not near 0.
fn drawn(zeros: StateDict) -> StateDict {
    let mut draw = Draw(11);
    let fill = |(key, tensor): (String, StateTensor)| {
        let fan_in: usize = tensor.shape.iter().skip(1).product();
        // Numbers of `draw` have the deviation sqrt(1 / 12).
        let he = (24.0 / fan_in as f32).sqrt();
        let (scale, shift) = match key.rsplit('.').next() {
            Some("running_var" | "weight_u" | "weight_v") => (1.0, 1.0),
            Some("weight_orig") => (1.0, 0.1),
            Some("running_mean") => (0.2, 0.0),
            Some("weight") if tensor.shape.len() > 1 => (he, 0.0),
            Some("weight") => (1.0, 1.0),
            _ => (1.0, 0.05),
        };
        let values = tensor.values.iter().map(|_| draw.next() * scale + shift);
        let values = values.collect();
        let shape = tensor.shape;
        (key, StateTensor { shape, values })
    };
    zeros.into_iter().map(fill).collect()
}

fn generator_weights(model: &ModelConfig) -> StateDict {
    let device = Device::flex();
    let zeros = match model {
        ModelConfig::Pix2pix { generator } => state_dict(&generator.init(&device).expect("it")),
        ModelConfig::Pix2pixhd { generator, .. } => {
            state_dict(&generator.init(&device).expect("it"))
        }
        ModelConfig::Spade { generator, .. } => state_dict(&generator.init(&device).expect("it")),
        ModelConfig::Pgan { generator } => state_dict(&generator.init(&device).expect("it")),
    };
    drawn(zeros)
}

fn encoder_weights(model: &ModelConfig) -> Option<StateDict> {
    let device = Device::flex();
    match model {
        ModelConfig::Pix2pixhd { encoder, .. } => {
            let encoder = encoder.as_ref()?.init(&device).expect("it");
            Some(drawn(state_dict(&encoder)))
        }
        ModelConfig::Spade { encoder, .. } => {
            let encoder = encoder.as_ref()?.init(&device).expect("it");
            Some(drawn(state_dict(&encoder)))
        }
        ModelConfig::Pix2pix { .. } | ModelConfig::Pgan { .. } => None,
    }
}

/// Random numbers for every input of a plan.
fn inputs_of(plan: &Plan) -> Vec<underpaint_plan::Tensor> {
    let mut draw = Draw(3);
    let input = |input: &underpaint_plan::Input| {
        let shape = plan.shape(input.value);
        underpaint_plan::Tensor {
            shape: vec![shape.channels, shape.height, shape.width],
            values: draw.numbers(shape.len()).iter().map(|x| 2.0 * x).collect(),
        }
    };
    plan.inputs.iter().map(input).collect()
}

fn tensor<const D: usize>(plan: &underpaint_plan::Tensor, axes: usize) -> Tensor<D> {
    let mut shape = vec![1];
    shape.extend(&plan.shape[..axes]);
    Tensor::from_data(TensorData::new(plan.values.clone(), shape), &Device::flex())
}

fn assert_same(name: &str, found: &underpaint_plan::Tensor, expected: Vec<f32>) {
    assert_eq!(found.values.len(), expected.len(), "{name}");
    let least = expected.iter().copied().fold(f32::INFINITY, f32::min);
    let most = expected.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    assert!(
        most - least > 0.01,
        "{name}: a picture of one value says nothing"
    );
    let open = expected
        .iter()
        .filter(|value| value.abs() < 0.99 * most.max(-least));
    assert!(
        10 * open.count() > expected.len(),
        "{name}: tanh hides what it was given"
    );
    let differences = found
        .values
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs());
    let worst = differences.fold(0.0, f32::max);
    let scale = most.abs().max(least.abs()).max(1.0);
    println!("{name}: {worst:e} of {scale}");
    // Sums in double precision here, in single precision there; a norm can make more of that.
    assert!(worst <= 1e-4 * scale, "{name}: {worst} of {scale}");
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

fn runner(
    manifest: &Manifest,
    mode: crate::bundle::TestTime,
) -> (Runner, StateDict, Option<StateDict>) {
    let (dict, encoder) = (
        generator_weights(&manifest.model),
        encoder_weights(&manifest.model),
    );
    let weights = Weights {
        generator: &dict,
        encoder: encoder.as_ref(),
    };
    let runner = Runner::new(manifest, weights, mode, &Device::flex()).expect("a runner");
    (runner, dict, encoder)
}

fn check(case: &Case) {
    let plan = generator(&case.manifest, &case.request)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let (runner, dict, _) = runner(&case.manifest, case.request.test_time);
    let given = inputs_of(&plan);
    let mut inputs = Inputs {
        alpha: case.request.alpha,
        scale: case.request.scale,
        ..Inputs::default()
    };
    for (input, numbers) in plan.inputs.iter().zip(&given) {
        match input.name.as_str() {
            "condition" => inputs.condition = Some(tensor(numbers, 3)),
            "features" => inputs.features = Some(tensor(numbers, 3)),
            _ => inputs.latents = Some(tensor(numbers, 1)),
        }
    }
    let expected = values(runner.run(inputs, case.request.seed).expect("a picture"));
    let found = reference::run(&plan, &DictWeights(&dict), &given);
    let found = found.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    assert_same(case.name, &found[0], expected);
}

#[test]
fn a_plan_does_what_the_generator_does() {
    generators().iter().for_each(check);
}

#[test]
fn a_plan_does_what_the_encoder_does() {
    let picture = |plan: &Plan| tensor::<4>(&inputs_of(plan)[0], 3);
    for (size, mode) in [([13, 24], PER_IMAGE), ([16, 16], RUNNING)] {
        for norm in [NormKind::Instance, NormKind::Batch] {
            let manifest = manifest(pix2pixhd(false, norm, true));
            let plan = encoder(&manifest, size, mode).expect("a plan");
            let (runner, _, dict) = runner(&manifest, mode);
            let dict = dict.expect("an encoder");
            let found = reference::run(&plan, &DictWeights(&dict), &inputs_of(&plan));
            let expected = runner.pixel_features(picture(&plan)).expect("features");
            assert_same("features", &found.expect("a run")[0], values(expected));
        }
    }
    for (size, mode) in [([256, 256], PER_IMAGE), ([40, 300], DROPPING)] {
        let manifest = manifest(spade("spadeinstance3x3", "normal", true));
        let plan = encoder(&manifest, size, mode).expect("a plan");
        let (runner, _, dict) = runner(&manifest, mode);
        let dict = dict.expect("an encoder");
        let found = reference::run(&plan, &DictWeights(&dict), &inputs_of(&plan)).expect("a run");
        let (mean, variance) = runner.style_distribution(picture(&plan)).expect("a style");
        assert_same("mean", &found[0], values(mean));
        assert_same("log variance", &found[1], values(variance));
    }
}
