use super::*;
use crate::layers::{Mode, WeightInit, initialize};
use crate::spade::*;
use crate::state_dict::StateDict;
use crate::state_dict::{StateTensor, load_state_dict, state_dict, state_keys};
use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

/// Key and shape of every entry. Nothing is read, and lazy parameters stay unmade.
fn shapes<M: AuthorsKeys>(network: &M) -> Vec<(String, Vec<usize>)> {
    struct Shapes(Vec<Vec<usize>>);
    impl ModuleVisitor for Shapes {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.lazy_shape().to_vec());
        }
    }
    let mut shapes = Shapes(Vec::new());
    network.visit(&mut shapes);
    state_keys(network).into_iter().zip(shapes.0).collect()
}

/// Parameters, and state entries as PyTorch counts them: with `num_batches_tracked`.
fn counts<M: AuthorsKeys>(network: &M) -> (usize, usize) {
    let shapes = shapes(network);
    let buffer = |key: &str| {
        ["running_mean", "running_var", "weight_u", "weight_v"]
            .iter()
            .any(|name| key.ends_with(name))
    };
    let parameters = shapes.iter().filter(|(key, _)| !buffer(key));
    let norms = shapes
        .iter()
        .filter(|(key, _)| key.ends_with("running_mean"));
    (
        parameters
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum(),
        shapes.len() + norms.count(),
    )
}

fn generator(input_channels: usize, spade: SpadeArchitecture) -> GeneratorConfig {
    GeneratorConfig {
        architecture: Architecture::Spade(spade),
        input_channels,
        ..GeneratorConfig::default()
    }
}

fn init(config: &GeneratorConfig) -> Generator {
    config.init(&Device::flex()).expect("a valid config")
}

#[test]
fn generators_have_the_parameters_and_entries_of_spec_9_1() {
    let coco = SpadeArchitecture::default();
    let count = |channels, spade| counts(&init(&generator(channels, spade)));
    assert_eq!(count(184, coco), (97_480_899, 234));
    assert_eq!(count(151, coco), (96_492_483, 234));
    let city = SpadeArchitecture {
        upsampling: Upsampling::More,
        crop_size: 512,
        aspect_ratio: 2.0,
        ..coco
    };
    assert_eq!(count(36, city), (93_048_003, 234));
    let instance = SpadeArchitecture {
        norm: "spectralspadeinstance3x3".parse().expect("a norm"),
        ..coco
    };
    assert_eq!(count(184, instance), (97_480_899, 180));
    let most = SpadeArchitecture {
        upsampling: Upsampling::Most,
        crop_size: 512,
        ..coco
    };
    assert_eq!(count(184, most).0, 98_515_043);
    let latent = SpadeArchitecture {
        latent_channels: Some(256),
        ..coco
    };
    assert_eq!(count(184, latent), (112_626_883, 234));
}

#[test]
fn discriminators_and_encoders_have_those_of_spec_9_1() {
    let device = Device::flex();
    let count = |input_channels| {
        let config = DiscriminatorConfig {
            input_channels,
            ..DiscriminatorConfig::default()
        };
        counts(&config.init(&device).expect("a valid config"))
    };
    assert_eq!(count(187), (5_904_514, 26));
    assert_eq!(count(154), (5_836_930, 26));
    assert_eq!(count(39), (5_601_410, 26));
    let encoder = EncoderConfig::default()
        .init(&device)
        .expect("a valid config");
    assert_eq!(counts(&encoder), (10_463_424, 22));
}

#[test]
fn a_generator_is_read_back_from_its_keys() {
    for norm in [
        "spectralspadesyncbatch3x3",
        "spadeinstance5x5",
        "spectralspadeinstance1x1",
    ] {
        for upsampling in [Upsampling::Normal, Upsampling::More, Upsampling::Most] {
            for (latent_channels, aspect_ratio) in [(None, 1.0), (Some(5), 1.0), (Some(7), 2.0)] {
                let spade = SpadeArchitecture {
                    norm: norm.parse().expect(norm),
                    upsampling,
                    crop_size: 256,
                    aspect_ratio,
                    latent_channels,
                };
                let config = GeneratorConfig {
                    base_channels: 2,
                    output_channels: 1,
                    ..generator(4, spade)
                };
                let hint = Hint {
                    // What the keys tell needs no hint.
                    upsampling: match upsampling {
                        Upsampling::Most => Upsampling::Normal,
                        other => other,
                    },
                    crop_size: 256,
                    aspect_ratio,
                };
                let dict = state_dict(&init(&config));
                assert_eq!(infer_generator(&dict, hint).expect("a generator"), config);
                assert!(load_state_dict(init(&config), &dict).is_ok());
            }
        }
    }
}

#[test]
fn a_latent_tells_the_crop_size() {
    let spade = SpadeArchitecture {
        upsampling: Upsampling::More,
        crop_size: 512,
        aspect_ratio: 2.0,
        latent_channels: Some(3),
        ..SpadeArchitecture::default()
    };
    let config = GeneratorConfig {
        base_channels: 1,
        ..generator(2, spade)
    };
    let dict = state_dict(&init(&config));
    let hint = Hint {
        upsampling: Upsampling::More,
        crop_size: 256,
        aspect_ratio: 2.0,
    };
    assert_eq!(infer_generator(&dict, hint).expect("512 pixels"), config);
    // 32 pixels are no square.
    let square = Hint {
        aspect_ratio: 1.0,
        ..hint
    };
    let error = infer_generator(&dict, square).unwrap_err().to_string();
    assert!(error.contains("starts with 32 pixels"), "{error}");
}

#[test]
fn a_pix2pixhd_generator_is_read_back_from_its_keys_and_generates() {
    for (norm, block_kernel, first_kernel, num_downs) in [
        ("spectralinstance", 3, 7, 4),
        ("instance", 3, 7, 2),
        ("spectralbatch", 5, 5, 1),
        ("none", 3, 7, 2),
        ("spectralnone", 1, 3, 1),
    ] {
        let resnet = ResnetArchitecture {
            norm: norm.parse().expect(norm),
            num_downs,
            num_blocks: 2,
            block_kernel,
            first_kernel,
        };
        let config = GeneratorConfig {
            architecture: Architecture::Pix2pixHd(resnet),
            input_channels: 5,
            output_channels: 1,
            base_channels: 2,
        };
        let network = init(&config);
        let dict = state_dict(&network);
        assert_eq!(infer_generator(&dict, Hint::default()).expect(norm), config);
        let shape = [1, 5, 64, 32];
        assert!(config.check_input(shape).is_ok());
        let network = initialize(network, WeightInit::default(), 1);
        let segmentation = Tensor::ones(shape, &Device::flex());
        let picture = network.forward(segmentation, None, Mode::TRAIN);
        assert_eq!(picture.dims(), [1, 1, 64, 32]);
    }
}

#[test]
fn a_pix2pixhd_generator_has_the_keys_of_a_nested_sequential() {
    let resnet = ResnetArchitecture {
        norm: "spectralinstance".parse().expect("a norm"),
        ..ResnetArchitecture::default()
    };
    let config = GeneratorConfig {
        architecture: Architecture::Pix2pixHd(resnet),
        base_channels: 1,
        ..GeneratorConfig::default()
    };
    let keys = state_keys(&init(&config));
    for key in [
        "model.1.0.weight_orig",
        "model.3.0.weight_u",
        "model.9.0.weight_v",
        "model.11.conv_block.1.0.weight_orig",
        "model.19.conv_block.4.0.weight_orig",
        "model.20.0.weight_orig",
        "model.26.0.weight_orig",
        "model.29.weight",
        "model.29.bias",
    ] {
        assert!(keys.iter().any(|found| found == key), "{key}");
    }
    assert!(!keys.iter().any(|key| key.ends_with("0.bias")));
}

#[test]
fn discriminators_and_encoders_are_read_back_from_their_keys() {
    let device = Device::flex();
    for norm in [
        "spectralinstance",
        "instance",
        "spectralbatch",
        "batch",
        "spectralnone",
        "none",
    ] {
        let norm: ConvNorm = norm.parse().expect(norm);
        let discriminator = DiscriminatorConfig {
            input_channels: 5,
            base_channels: 2,
            num_layers: 3,
            num_scales: 3,
            norm,
        };
        let dict = state_dict(&discriminator.init(&device).expect("a valid config"));
        assert_eq!(infer_discriminator(&dict).expect("one"), discriminator);
        let encoder = EncoderConfig {
            base_channels: 1,
            latent_channels: 3,
            norm,
            ..EncoderConfig::default()
        };
        let dict = state_dict(&encoder.init(&device).expect("a valid config"));
        assert_eq!(infer_encoder(&dict).expect("one"), encoder);
    }
}

#[test]
fn norms_decide_about_nesting_and_biases() {
    let keys = |norm: &str| {
        let config = DiscriminatorConfig {
            input_channels: 3,
            base_channels: 1,
            num_layers: 2,
            num_scales: 1,
            norm: norm.parse().expect(norm),
        };
        let network = config.init(&Device::flex()).expect("a valid config");
        let inner = |key: &String| key.contains("model1");
        let mut keys: Vec<String> = state_keys(&network).into_iter().filter(inner).collect();
        keys.sort();
        keys.into_iter()
            .map(|key| key.trim_start_matches("discriminator_0.model1.").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys("instance"), ["0.0.weight"]);
    assert_eq!(
        keys("spectralinstance"),
        ["0.0.weight_orig", "0.0.weight_u", "0.0.weight_v"]
    );
    assert_eq!(keys("none"), ["0.bias", "0.weight"]);
    let batch = [
        "0.0.weight",
        "0.1.bias",
        "0.1.running_mean",
        "0.1.running_var",
        "0.1.weight",
    ];
    assert_eq!(keys("batch"), batch);
}

#[test]
fn another_network_is_recognised_as_such() {
    let tensor = StateTensor {
        shape: vec![1],
        values: vec![0.0],
    };
    let dict = |key: &str| StateDict::from([(key.to_owned(), tensor.clone())]);
    let discriminator = dict("discriminator_0.model0.0.weight");
    let error = infer_generator(&discriminator, Hint::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("looks like a SPADE discriminator"),
        "{error}"
    );
    let error = infer_encoder(&dict("model.1.weight"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("expected the key fc_mu.weight"), "{error}");
    // An encoder for crops of 128 pixels has five layers.
    let mut small = dict("layer1.0.weight_orig");
    small.extend(dict("fc_mu.weight"));
    let error = infer_encoder(&small).unwrap_err().to_string();
    assert!(error.contains("below 256"), "{error}");
}
