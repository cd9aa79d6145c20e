//! Beginning with the weights of another network.

use std::collections::BTreeSet;

use super::{AuthorsKeys, StateDict, load_state_dict, state_dict};
use crate::Result;

/// Takes over what fits: every weight of `dict` that `network` has under the same key with the same
/// shape. The rest of `network` keeps its values; the top-level modules that it belongs to are named,
/// sorted, so that a person can be told. None are named where everything fits, although `dict` may
/// hold more.
///
/// For training only: a network in use must be loaded whole
/// ([`load_state_dict`](crate::state_dict::load_state_dict)).
///
/// # Errors
///
/// [`Error::StateDict`](crate::Error::StateDict), which a network's own keys never give.
///
/// Source: pix2pixHD `load_network` (spec 3.7, `load_pretrain`).
pub fn merge_pretrained<M: AuthorsKeys>(network: M, dict: &StateDict) -> Result<(M, Vec<String>)> {
    let (merged, uninitialised) = merged_state_dict(&network, dict);
    Ok((load_state_dict(network, &merged)?, uninitialised))
}

/// As [`merge_pretrained`], without filling the network.
pub fn merged_state_dict<M: AuthorsKeys>(
    network: &M,
    dict: &StateDict,
) -> (StateDict, Vec<String>) {
    let mut merged = state_dict(network);
    let mut uninitialised = BTreeSet::new();
    for (key, own) in &mut merged {
        match dict.get(key) {
            Some(pretrained) if pretrained.shape == own.shape => *own = pretrained.clone(),
            _ => {
                let module = key.split('.').next().unwrap_or(key);
                uninitialised.insert(module.to_owned());
            }
        }
    }
    (merged, uninitialised.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::initialize;
    use crate::pix2pixhd::{
        Architecture, Discriminator, DiscriminatorConfig, Generator, GeneratorConfig, INIT,
    };
    use burn::tensor::Device;

    fn generator(architecture: Architecture, base_channels: usize, seed: u64) -> Generator {
        let config = GeneratorConfig {
            architecture,
            input_channels: 4,
            base_channels,
            num_downs: 1,
            num_blocks: 1,
            ..GeneratorConfig::default()
        };
        let generator = config.init(&Device::flex()).expect("a valid config");
        initialize(generator, INIT, seed)
    }

    fn discriminator(num_scales: usize, seed: u64) -> Discriminator {
        let config = DiscriminatorConfig {
            input_channels: 7,
            base_channels: 2,
            num_layers: 1,
            num_scales,
            ..DiscriminatorConfig::default()
        };
        let discriminator = config.init(&Device::flex()).expect("a valid config");
        initialize(discriminator, INIT, seed)
    }

    #[test]
    fn the_generator_of_512p_becomes_the_global_part_of_1024p() {
        let small = state_dict(&generator(Architecture::Global, 4, 1));
        let large = generator(Architecture::LOCAL, 2, 2);
        let before = state_dict(&large);
        let (merged, uninitialised) = merge_pretrained(large, &small).expect("a merge");
        assert_eq!(uninitialised, ["model1_1", "model1_2"]);
        for (key, tensor) in state_dict(&merged) {
            let source = if key.starts_with("model.") {
                &small
            } else {
                &before
            };
            assert_eq!(tensor, source[&key], "{key}");
        }
    }

    #[test]
    fn a_third_scale_starts_anew_above_the_two_of_512p() {
        let small = state_dict(&discriminator(2, 1));
        let (merged, uninitialised) =
            merge_pretrained(discriminator(3, 2), &small).expect("a merge");
        let expected = ["scale2_layer0", "scale2_layer1", "scale2_layer2"];
        assert_eq!(uninitialised, expected);
        let merged = state_dict(&merged);
        assert!(small.iter().all(|(key, tensor)| merged[key] == *tensor));
    }

    #[test]
    fn what_is_too_much_is_left_out_and_other_shapes_are_named() {
        let large = state_dict(&discriminator(3, 1));
        let (merged, uninitialised) =
            merge_pretrained(discriminator(2, 2), &large).expect("a merge");
        assert!(uninitialised.is_empty());
        assert!(
            state_dict(&merged)
                .iter()
                .all(|(key, tensor)| large[key] == *tensor)
        );
        let wide = state_dict(&generator(Architecture::Global, 8, 1));
        let (_, uninitialised) =
            merge_pretrained(generator(Architecture::Global, 4, 2), &wide).expect("a merge");
        assert_eq!(uninitialised, ["model"]);
    }
}
