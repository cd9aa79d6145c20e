use super::*;
use crate::state_dict::{state_dict, state_keys};
use burn::module::{ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

/// Parameters, and state entries as PyTorch counts them. Nothing is read, and lazy parameters stay
/// unmade.
fn counts<M: AuthorsKeys>(network: &M) -> (usize, usize) {
    struct Count(usize);
    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 += param.lazy_shape().num_elements();
        }
    }
    let mut count = Count(0);
    network.visit(&mut count);
    (count.0, state_keys(network).len())
}

fn generator(config: &GeneratorConfig) -> Generator {
    config.init(&Device::flex()).expect("a valid config")
}

#[test]
fn generators_have_the_parameters_and_entries_of_spec_9_1() {
    let count = |input_channels| {
        counts(&generator(&GeneratorConfig {
            input_channels,
            ..GeneratorConfig::default()
        }))
    };
    assert_eq!(count(36), (182_546_755, 56));
    assert_eq!(count(39), (182_556_163, 56));
    assert_eq!(count(3), (182_443_267, 56));
    let local = GeneratorConfig {
        architecture: Architecture::LOCAL,
        base_channels: 32,
        ..GeneratorConfig::default()
    };
    assert_eq!(counts(&generator(&local)), (182_857_059, 74));
}

#[test]
fn encoder_and_discriminators_have_the_parameters_and_entries_of_spec_9_1() {
    let encoder = EncoderConfig::default().init(&Device::flex());
    assert_eq!(counts(&encoder.expect("a valid config")), (788_803, 20));
    let discriminator = |num_scales| {
        let config = DiscriminatorConfig {
            num_scales,
            ..DiscriminatorConfig::default()
        };
        counts(&config.init(&Device::flex()).expect("a valid config"))
    };
    assert_eq!(discriminator(2), (5_603_202, 20));
    assert_eq!(discriminator(3), (8_404_803, 30));
}

#[test]
fn the_layers_of_spec_3_9_have_their_keys() {
    let local = generator(&GeneratorConfig {
        architecture: Architecture::LOCAL,
        base_channels: 1,
        ..GeneratorConfig::default()
    });
    let keys = state_keys(&local);
    for key in [
        "model.1.weight",
        "model.16.conv_block.5.bias",
        "model.34.weight",
        "model1_1.1.weight",
        "model1_1.4.bias",
        "model1_2.0.conv_block.1.weight",
        "model1_2.2.conv_block.5.weight",
        "model1_2.3.weight",
        "model1_2.7.bias",
    ] {
        assert!(keys.iter().any(|found| found == key), "{key}");
    }
    assert!(!keys.iter().any(|key| key.starts_with("model.38")));
}

#[test]
fn the_generator_is_read_back_from_the_keys() {
    let local = |num_enhancers, num_blocks| Architecture::Local {
        num_enhancers,
        num_blocks,
    };
    for architecture in [Architecture::Global, local(1, 3), local(3, 0), local(2, 1)] {
        for norm in [NormKind::Instance, NormKind::Batch] {
            for (num_downs, num_blocks) in [(0, 1), (1, 2), (4, 9)] {
                let config = GeneratorConfig {
                    architecture,
                    input_channels: 5,
                    output_channels: 1,
                    base_channels: 2,
                    num_downs,
                    num_blocks,
                    norm,
                };
                let inferred = infer_generator(&state_dict(&generator(&config)));
                assert_eq!(inferred.expect("a generator"), config);
            }
        }
    }
}

#[test]
fn encoder_and_discriminator_are_read_back_from_the_keys() {
    for norm in [NormKind::Instance, NormKind::Batch] {
        for num_downs in [0, 1, 4] {
            let config = EncoderConfig {
                feature_channels: 5,
                base_channels: 2,
                num_downs,
                norm,
                ..EncoderConfig::default()
            };
            let encoder = config.init(&Device::flex()).expect("a valid config");
            let inferred = infer_encoder(&state_dict(&encoder));
            assert_eq!(inferred.expect("an encoder"), config);
        }
        for (num_layers, num_scales) in [(1, 1), (3, 2), (4, 3)] {
            for intermediate_features in [true, false] {
                let config = DiscriminatorConfig {
                    input_channels: 6,
                    base_channels: 2,
                    num_layers,
                    num_scales,
                    norm,
                    intermediate_features,
                };
                let discriminator = config.init(&Device::flex()).expect("a valid config");
                let inferred = infer_discriminator(&state_dict(&discriminator));
                assert_eq!(inferred.expect("a discriminator"), config);
            }
        }
    }
}

#[test]
fn one_network_is_not_taken_for_another() {
    let device = Device::flex();
    let small = GeneratorConfig {
        base_channels: 1,
        ..GeneratorConfig::default()
    };
    let generator = state_dict(&generator(&small));
    let encoder = EncoderConfig::default()
        .init(&device)
        .expect("a valid config");
    let encoder = state_dict(&encoder);
    let discriminator = DiscriminatorConfig::default().init(&device);
    let discriminator = state_dict(&discriminator.expect("a valid config"));
    let message = |error: Error| error.to_string();
    let found = infer_generator(&encoder).map_err(message).unwrap_err();
    assert!(found.contains("looks like a pix2pixHD encoder"), "{found}");
    let found = infer_encoder(&generator).map_err(message).unwrap_err();
    assert!(found.contains("looks like a generator"), "{found}");
    let found = infer_generator(&discriminator)
        .map_err(message)
        .unwrap_err();
    assert!(
        found.contains("looks like a pix2pixHD discriminator"),
        "{found}"
    );
    let found = infer_discriminator(&generator)
        .map_err(message)
        .unwrap_err();
    assert!(found.contains("looks like a generator"), "{found}");
}
