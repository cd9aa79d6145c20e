use super::*;
use crate::bundle::{InputKind, NormDefault, tests::manifest_of};
use crate::label::Palette;
use crate::pix2pix::{Architecture, GeneratorConfig};
use crate::state_dict::{StateDict, state_dict};
use crate::{pix2pixhd, spade};

fn runner() -> Runner {
    let config = GeneratorConfig {
        architecture: Architecture::Unet { num_downs: 5 },
        input_channels: 3,
        base_channels: 2,
        ..GeneratorConfig::default()
    };
    let device = Device::flex();
    let weights = state_dict(&config.init(&device).expect("a network"));
    let input = InputKind::Labels {
        num_classes: 3,
        classes: Palette::numbered(3).classes,
        dont_care: false,
        edges: false,
    };
    let manifest = manifest_of(config, input);
    let test_time = TestTime {
        statistics: NormDefault::Batch,
        dropout: true,
    };
    let weights = Weights {
        generator: &weights,
        encoder: None,
    };
    Runner::new(&manifest, weights, test_time, &device).expect("a runner")
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("f32")
}

#[test]
fn any_size_comes_back_as_it_went_in_and_a_seed_repeats() {
    let runner = runner();
    let ids: Vec<u16> = (0..33 * 50).map(|i| (i / 7 % 3) as u16).collect();
    let condition = || {
        runner
            .condition_from_labels(&ids, None, 33, 50)
            .expect("labels")
    };
    let picture = runner.run(condition(), 5).expect("a picture");
    assert_eq!(picture.dims(), [1, 3, 33, 50]);
    assert_eq!(
        values(picture),
        values(runner.run(condition(), 5).expect("again"))
    );
}

#[test]
fn wrong_inputs_are_told_apart() {
    let runner = runner();
    let told = |result: Result<Tensor<4>>| result.unwrap_err().to_string();
    assert_eq!(
        told(runner.condition_from_labels(&[0; 5], None, 2, 3)),
        "label map: expected 1 * 2 * 3 values, at least one, found 5"
    );
    assert_eq!(
        told(runner.condition_from_labels(&[0, 1, 2, 7], None, 2, 2)),
        "label 7 at x 1, y 1 is outside 0..3"
    );
    assert!(told(runner.condition_from_planes(vec![], 0, 4)).contains("at least one"));
    let condition = Tensor::zeros([1, 4, 32, 32], &Device::flex());
    assert_eq!(
        told(runner.run(condition, 0)),
        "input: expected shape [batch, 3, height, width], found [1, 4, 32, 32]"
    );
}

/// Weights that make another picture of every input.
fn drawn(zeros: StateDict) -> StateDict {
    let mut state = 7u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 / 65_536.0 - 0.5
    };
    let with_values = |(key, mut tensor): (String, crate::state_dict::StateTensor)| {
        tensor.values.iter_mut().for_each(|value| *value = draw());
        (key, tensor)
    };
    zeros.into_iter().map(with_values).collect()
}

/// A generator of three channels, what its network gives, and what `Runner` gives.
struct Case {
    runner: Runner,
    network: Network,
}

impl Case {
    fn new(model: ModelConfig, zeros: StateDict) -> Self {
        let (device, dict) = (Device::flex(), drawn(zeros));
        let mut manifest = manifest_of(
            GeneratorConfig::default(),
            InputKind::Image {
                channels: 3,
                value_range: [-1.0, 1.0],
                palette: Vec::new(),
            },
        );
        manifest.model = model;
        let weights = Weights {
            generator: &dict,
            encoder: None,
        };
        let test_time = TestTime {
            statistics: NormDefault::Batch,
            dropout: false,
        };
        Self {
            runner: Runner::new(&manifest, weights, test_time, &device).expect("a runner"),
            network: Network::load(&manifest.model, &dict, &device).expect("a network"),
        }
    }

    fn all() -> Vec<Self> {
        let device = Device::flex();
        let resnet = GeneratorConfig {
            architecture: Architecture::Resnet { num_blocks: 1 },
            base_channels: 2,
            norm: crate::layers::NormKind::Instance,
            dropout: false,
            ..GeneratorConfig::default()
        };
        let global = pix2pixhd::GeneratorConfig {
            input_channels: 3,
            base_channels: 2,
            num_downs: 3,
            num_blocks: 1,
            ..pix2pixhd::GeneratorConfig::default()
        };
        let local = pix2pixhd::GeneratorConfig {
            architecture: pix2pixhd::Architecture::Local {
                num_enhancers: 1,
                num_blocks: 1,
            },
            num_downs: 1,
            ..global.clone()
        };
        let hd = |generator: pix2pixhd::GeneratorConfig| {
            let zeros = state_dict(&generator.init(&device).expect("a network"));
            let model = ModelConfig::Pix2pixhd {
                generator,
                feature_channels: 0,
                encoder: None,
            };
            Self::new(model, zeros)
        };
        let baseline = spade::GeneratorConfig {
            architecture: spade::Architecture::Pix2pixHd(spade::ResnetArchitecture {
                num_downs: 2,
                num_blocks: 1,
                ..spade::ResnetArchitecture::default()
            }),
            input_channels: 3,
            base_channels: 2,
            ..spade::GeneratorConfig::default()
        };
        let zeros = state_dict(&baseline.init(&device).expect("a network"));
        let model = ModelConfig::Spade {
            generator: baseline,
            encoder: None,
        };
        let zeros_of_resnet = state_dict(&resnet.init(&device).expect("a network"));
        let resnet = ModelConfig::Pix2pix { generator: resnet };
        vec![
            Self::new(resnet, zeros_of_resnet),
            hd(global),
            hd(local),
            Self::new(model, zeros),
        ]
    }

    fn picture(height: usize, width: usize) -> Tensor<4> {
        let value = |i: usize| ((i * 37 % 101) as f32 / 50.0) - 1.0;
        let planes: Vec<f32> = (0..3 * height * width).map(value).collect();
        Tensor::from_data(
            TensorData::new(planes, [1, 3, height, width]),
            &Device::flex(),
        )
    }
}

#[test]
fn a_size_that_the_network_takes_is_not_padded() {
    for case in Case::all() {
        let multiple = case.runner.model().size_multiple();
        let smallest = case
            .runner
            .model()
            .smallest_side()
            .next_multiple_of(multiple);
        // The least size, and one whose sides are odd multiples above it.
        for (more, wider) in [(0, 0), (1, 2), (2, 5)] {
            let (height, width) = (smallest + more * multiple, smallest + wider * multiple);
            let picture = || Case::picture(height, width);
            let mode = case.runner.test_time.mode(0);
            let expected = values(case.network.forward(picture().into(), mode));
            let found = values(case.runner.run(picture(), 0).expect("a picture"));
            assert_eq!(
                found,
                expected,
                "{height} x {width}: {:?}",
                case.runner.model()
            );
        }
    }
}

#[test]
fn a_size_that_the_network_cannot_take_is_padded_no_further_than_it_must_be() {
    for case in Case::all() {
        let multiple = case.runner.model().size_multiple();
        let smallest = case.runner.model().smallest_side();
        for (height, width) in [(1, 1), (multiple, 3 * multiple), (smallest + 1, 5)] {
            let [tall, wide] = case.runner.padded_size([height, width]);
            assert!(tall < height + multiple || tall == smallest.next_multiple_of(multiple));
            assert!(wide < width + multiple || wide == smallest.next_multiple_of(multiple));
            let picture = case.runner.run(Case::picture(height, width), 0);
            assert_eq!(picture.expect("a picture").dims(), [1, 3, height, width]);
        }
    }
}
