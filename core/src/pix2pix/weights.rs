//! State-dict keys of the original authors (spec 2.9), and the architecture that keys and shapes
//! tell of.

use super::{Architecture, Generator, GeneratorConfig, UnetGenerator, Upsampling, upsampling_of};
use crate::layers::{NormKind, PatchDiscriminator};
use crate::state_dict::{AuthorsKeys, HasShape, Named};
use crate::{Error, Result};

impl AuthorsKeys for Generator {
    fn authors_key(&self, path: &[String]) -> String {
        // The first name is the enum's variant.
        match self {
            Self::Unet(unet) => unet_key(unet, &path[1..]),
            Self::Resnet(resnet) => {
                let module = resnet.sequential_key(&path[1..]);
                format!("model.{module}.{}", leaf(path))
            }
        }
    }
}

/// Prefix of the block at `depth`: every block sits in the one outside it, at index 1 of the
/// outermost and at index 3 of the others.
fn unet_prefix(depth: usize) -> String {
    match depth {
        0 => "model.model".to_owned(),
        _ => format!("model.model.1.model{}", ".3.model".repeat(depth - 1)),
    }
}

/// `path`: `levels`, depth, field, then the rest.
fn unet_key(unet: &UnetGenerator, path: &[String]) -> String {
    let depth: usize = path[1].parse().expect("an index into levels");
    let innermost = depth == unet.levels.len() - 1;
    let index = match (path[2].as_str(), depth, innermost) {
        ("down", 0, _) => 0,
        ("down", _, _) => 1,
        ("down_norm", _, _) => 2,
        ("up", 0, _) | ("up", _, true) => 3,
        ("up_norm", _, true) => 4,
        ("up", _, false) => 5,
        _ => 6,
    };
    format!("{}.{index}.{}", unet_prefix(depth), leaf(path))
}

/// Key of the weight that doubles height and width at `depth`.
pub(super) fn unet_up_key(depth: usize, num_downs: usize) -> String {
    let end = depth == 0 || depth == num_downs - 1;
    format!("{}.{}.weight", unet_prefix(depth), if end { 3 } else { 5 })
}

fn leaf(path: &[String]) -> &str {
    path.last().map_or("", String::as_str)
}

impl AuthorsKeys for PatchDiscriminator {
    fn authors_key(&self, path: &[String]) -> String {
        let layer: usize = path[1].parse().expect("an index into layers");
        let norm = usize::from(path[2] == "norm");
        let pixel = self.is_pixel();
        // Sequential: conv, LReLU, then conv, norm, LReLU for each inner layer.
        let index = if layer == 0 { 0 } else { 3 * layer - 1 } + norm;
        format!(
            "{}.{index}.{}",
            if pixel { "net" } else { "model" },
            leaf(path)
        )
    }
}

/// Reads the architecture of a generator from keys and shapes.
///
/// Whether a U-Net has dropout layers leaves no trace in its weights; `unet_dropout` says it.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for, and what the file seems to be instead.
pub fn infer_generator<T: HasShape>(
    dict: &Named<T>,
    unet_dropout: bool,
) -> Result<GeneratorConfig> {
    if dict.contains_key("model.model.0.weight") {
        infer_unet(dict, unet_dropout)
    } else if dict
        .get("model.1.weight")
        .is_some_and(|tensor| tensor.shape().len() == 4)
    {
        infer_resnet(dict)
    } else {
        let first = dict
            .keys()
            .next()
            .map_or("no keys at all".to_owned(), |key| format!("{key:?} first"));
        let hint = match ["model.0.weight", "net.0.weight"]
            .iter()
            .any(|key| dict.contains_key(*key))
        {
            true => "; this looks like a PatchGAN discriminator, not a generator",
            false => "",
        };
        Err(no_generator(format!(
            "expected the key model.model.0.weight (U-Net) or model.1.weight (ResNet), found {first}{hint}"
        )))
    }
}

fn no_generator(message: String) -> Error {
    Error::Inference {
        family: "pix2pix generator",
        message,
    }
}

/// Shape of a convolution's weight: four axes, none of them empty.
fn convolution<T: HasShape>(dict: &Named<T>, key: &str) -> Result<[usize; 4]> {
    let tensor = dict
        .get(key)
        .ok_or_else(|| no_generator(format!("the key {key} is missing")))?;
    match <[usize; 4]>::try_from(tensor.shape()) {
        Ok(shape) if shape.iter().all(|&n| n > 0) => Ok(shape),
        _ => Err(no_generator(format!(
            "{key}: expected four axes, found {:?}",
            tensor.shape()
        ))),
    }
}

/// Batch norm has weights of its own; instance norm shows as a bias of the convolution before it.
fn infer_norm<T>(dict: &Named<T>, norm: &str, conv: &str) -> NormKind {
    if dict.contains_key(&format!("{norm}.weight")) {
        NormKind::Batch
    } else if dict.contains_key(&format!("{conv}.bias")) {
        NormKind::Instance
    } else {
        NormKind::None
    }
}

fn infer_unet<T: HasShape>(dict: &Named<T>, dropout: bool) -> Result<GeneratorConfig> {
    let [base_channels, input_channels, ..] = convolution(dict, "model.model.0.weight")?;
    let [_, output_channels, ..] = convolution(dict, "model.model.3.weight")?;
    if upsampling_of(dict) == Some(Upsampling::Nearest) {
        return Err(no_generator(
            "model.model.3.weight: expected a 4×4 kernel, found a 3×3 one, which is how `train pix2pix \
             --upsampling nearest` keeps it in checkpoints; `export RUN` makes a plain U-Net of the run"
                .into(),
        ));
    }
    let depth_of = |depth: &usize| dict.contains_key(&format!("{}.1.weight", unet_prefix(*depth)));
    let num_downs = 1 + (1..).take_while(depth_of).count();
    let inner = unet_prefix(1);
    let config = GeneratorConfig {
        architecture: Architecture::Unet { num_downs },
        input_channels,
        output_channels,
        base_channels,
        norm: infer_norm(dict, &format!("{inner}.2"), &format!("{inner}.1")),
        dropout,
        upsampling: Upsampling::Transposed,
    };
    config.validate().map(|()| config)
}

fn infer_resnet<T: HasShape>(dict: &Named<T>) -> Result<GeneratorConfig> {
    let [base_channels, input_channels, ..] = convolution(dict, "model.1.weight")?;
    let block_of =
        |index: &usize| dict.contains_key(&format!("model.{}.conv_block.1.weight", 10 + index));
    let num_blocks = (0..).take_while(block_of).count();
    let [output_channels, ..] = convolution(dict, &format!("model.{}.weight", num_blocks + 17))?;
    let dropout = convolution(dict, "model.10.conv_block.6.weight").is_ok();
    let config = GeneratorConfig {
        architecture: Architecture::Resnet { num_blocks },
        input_channels,
        output_channels,
        base_channels,
        norm: infer_norm(dict, "model.2", "model.1"),
        dropout,
        upsampling: Upsampling::Transposed,
    };
    config.validate().map(|()| config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::PatchDiscriminatorConfig;
    use crate::pix2pix::DiscriminatorKind;
    use crate::state_dict::state_dict;
    use burn::module::Module;
    use burn::tensor::Device;

    fn config(architecture: &str, norm: NormKind, dropout: bool) -> GeneratorConfig {
        GeneratorConfig {
            architecture: architecture.parse().expect(architecture),
            norm,
            dropout,
            ..GeneratorConfig::default()
        }
    }

    /// Parameters, and state entries as PyTorch counts them: with `num_batches_tracked`.
    fn counts<M: AuthorsKeys>(network: &M) -> (usize, usize) {
        let dict = state_dict(network);
        let buffers = |key: &String| key.ends_with("running_mean");
        let elements: usize = dict
            .iter()
            .filter(|(key, _)| !key.contains("running_"))
            .map(|(_, t)| t.values.len())
            .sum();
        (
            elements,
            dict.len() + dict.keys().filter(|key| buffers(key)).count(),
        )
    }

    #[test]
    fn parameter_counts_are_those_of_spec_9_1() {
        let device = Device::flex();
        let generator = |name, norm, dropout| {
            counts(
                &config(name, norm, dropout)
                    .init(&device)
                    .expect("a valid config"),
            )
        };
        assert_eq!(
            generator("unet_256", NormKind::Batch, true),
            (54_413_955, 82)
        );
        assert_eq!(
            generator("unet_256", NormKind::Instance, true),
            (54_409_603, 32)
        );
        assert_eq!(
            generator("unet_128", NormKind::Batch, true),
            (41_828_995, 70)
        );
        assert_eq!(
            generator("resnet_9blocks", NormKind::Instance, false),
            (11_378_179, 48)
        );
        assert_eq!(
            generator("resnet_9blocks", NormKind::Batch, true),
            (11_383_427, 140)
        );
        assert_eq!(
            generator("resnet_6blocks", NormKind::Batch, false),
            (7_841_411, 104)
        );
        let discriminator = |kind: DiscriminatorKind| {
            let config: PatchDiscriminatorConfig = kind.config(6, 64, 3, NormKind::Batch);
            counts(&config.init(&device).expect("a valid config"))
        };
        assert_eq!(discriminator(DiscriminatorKind::Basic), (2_768_705, 22));
        assert_eq!(discriminator(DiscriminatorKind::Pixel), (9_024, 9));
    }

    #[test]
    fn the_architecture_is_read_back_from_the_keys() {
        let device = Device::flex();
        for name in ["unet_64", "unet_256", "resnet_6blocks", "resnet_2blocks"] {
            for norm in [NormKind::Batch, NormKind::Instance, NormKind::None] {
                for dropout in [false, true] {
                    let config = GeneratorConfig {
                        base_channels: 2,
                        input_channels: 5,
                        output_channels: 1,
                        ..config(name, norm, dropout)
                    };
                    let generator = config.init(&device).expect("a valid config");
                    let inferred = infer_generator(&state_dict(&generator), dropout);
                    assert_eq!(inferred.expect("a generator"), config);
                    assert!(generator.num_params() > 0);
                }
            }
        }
    }

    #[test]
    fn a_discriminator_is_recognised_as_such() {
        let config = DiscriminatorKind::Basic.config(6, 4, 3, NormKind::Batch);
        let discriminator = config.init(&Device::flex()).expect("a valid config");
        let error = infer_generator(&state_dict(&discriminator), true)
            .unwrap_err()
            .to_string();
        assert!(error.contains("looks like a PatchGAN"), "{error}");
    }
}
