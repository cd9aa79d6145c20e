//! State-dict keys of the original authors (spec 3.9), and the architecture that keys and shapes
//! tell of.

use super::{
    Architecture, Discriminator, DiscriminatorConfig, Encoder, EncoderConfig, Generator,
    GeneratorConfig, LocalEnhancer,
};
use crate::layers::{NormKind, ResnetTrunk};
use crate::state_dict::{AuthorsKeys, HasShape, Named};
use crate::{Error, Result};

/// Entries of an enhancer's `Sequential` that are in `model{n}_1`; the rest is `model{n}_2`.
const ENHANCER_SPLIT: usize = 7;

impl AuthorsKeys for Generator {
    fn authors_key(&self, path: &[String]) -> String {
        // The first name is the enum's variant.
        match self {
            Self::Global(global) => {
                format!("model.{}.{}", global.sequential_key(&path[1..]), leaf(path))
            }
            Self::Local(local) => format!("{}.{}", local_module(local, &path[1..]), leaf(path)),
        }
    }
}

fn local_module(local: &LocalEnhancer, path: &[String]) -> String {
    let count = local.enhancers.len();
    match path[0].as_str() {
        "global" => format!("model.{}", local.global.sequential_key(&path[1..], 0)),
        "head" => {
            let index = local.enhancers[count - 1].sequential_len() + 1 - ENHANCER_SPLIT;
            format!("model{count}_2.{index}")
        }
        _ => {
            let index: usize = path[1].parse().expect("an index into enhancers");
            enhancer_module(&local.enhancers[index], index + 1, &path[2..])
        }
    }
}

fn enhancer_module(enhancer: &ResnetTrunk, number: usize, path: &[String]) -> String {
    match path[0].as_str() {
        "stem" | "downs" => format!("model{number}_1.{}", enhancer.sequential_key(path, 0)),
        _ => {
            let index = enhancer.sequential_key(path, ENHANCER_SPLIT);
            format!("model{number}_2.{index}")
        }
    }
}

impl AuthorsKeys for Encoder {
    fn authors_key(&self, path: &[String]) -> String {
        let module = self.network.sequential_key(&path[1..]);
        format!("model.{module}.{}", leaf(path))
    }
}

impl AuthorsKeys for Discriminator {
    fn authors_key(&self, path: &[String]) -> String {
        // `path`: `multiscale`, `scales`, scale, `layers`, layer, `conv` or `norm`, then the rest.
        let index = |position: usize| path[position].parse::<usize>().expect("an index of a Vec");
        let (scale, layer, norm) = (index(2), index(4), usize::from(path[5] == "norm"));
        // The original's last sub-network sees the full size.
        let scale = self.multiscale.scales.len() - 1 - scale;
        if self.intermediate_features {
            return format!("scale{scale}_layer{layer}.{norm}.{}", leaf(path));
        }
        format!("layer{scale}.{}.{}", flat_index(layer) + norm, leaf(path))
    }
}

/// Index of a layer's convolution where all layers are one Sequential: conv, LReLU, then conv, norm,
/// LReLU for each inner layer.
fn flat_index(layer: usize) -> usize {
    if layer == 0 { 0 } else { 3 * layer - 1 }
}

fn leaf(path: &[String]) -> &str {
    path.last().map_or("", String::as_str)
}

/// Reads the architecture of a generator from keys and shapes.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for, and what the file seems to be instead.
pub fn infer_generator<T: HasShape>(dict: &Named<T>) -> Result<GeneratorConfig> {
    let file = File {
        family: "pix2pixHD generator",
        dict,
    };
    let [width, input_channels, ..] = file.first_convolution()?;
    let num_downs = file.downs(width);
    let first_block = 4 + 3 * num_downs;
    let num_blocks = file.blocks(|index| format!("model.{}", first_block + index));
    let num_enhancers = (1..)
        .take_while(|number| file.has(&format!("model{number}_1.1.weight")))
        .count();
    let (architecture, finest, head) = if num_enhancers == 0 {
        if num_blocks == 0 {
            return Err(file.problem(
                "there are no residual blocks; this looks like a pix2pixHD encoder, not a generator"
                    .into(),
            ));
        }
        let head = first_block + num_blocks + 3 * num_downs + 1;
        (
            Architecture::Global,
            "model.1.weight".to_owned(),
            format!("model.{head}.weight"),
        )
    } else {
        let blocks = file.blocks(|index| format!("model{num_enhancers}_2.{index}"));
        let architecture = Architecture::Local {
            num_enhancers,
            num_blocks: blocks,
        };
        let head = format!("model{num_enhancers}_2.{}.weight", blocks + 4);
        (
            architecture,
            format!("model{num_enhancers}_1.1.weight"),
            head,
        )
    };
    let config = GeneratorConfig {
        architecture,
        input_channels,
        output_channels: file.convolution(&head)?[0],
        base_channels: file.convolution(&finest)?[0],
        num_downs,
        num_blocks,
        norm: file.norm("model.2.weight"),
    };
    config.validate().map(|()| config)
}

/// Reads the architecture of an encoder from keys and shapes.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for, and what the file seems to be instead.
pub fn infer_encoder<T: HasShape>(dict: &Named<T>) -> Result<EncoderConfig> {
    let file = File {
        family: "pix2pixHD encoder",
        dict,
    };
    let [base_channels, image_channels, ..] = file.first_convolution()?;
    let num_downs = file.downs(base_channels);
    if file.has(&format!("model.{}.conv_block.1.weight", 4 + 3 * num_downs)) {
        return Err(file.problem(
            "there are residual blocks; this looks like a generator, not an encoder".into(),
        ));
    }
    let head = format!("model.{}.weight", 5 + 6 * num_downs);
    let config = EncoderConfig {
        image_channels,
        feature_channels: file.convolution(&head)?[0],
        base_channels,
        num_downs,
        norm: file.norm("model.2.weight"),
    };
    config.validate().map(|()| config)
}

/// Reads the architecture of a discriminator from keys and shapes.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for, and what the file seems to be instead.
pub fn infer_discriminator<T: HasShape>(dict: &Named<T>) -> Result<DiscriminatorConfig> {
    let file = File {
        family: "pix2pixHD discriminator",
        dict,
    };
    let intermediate_features = file.has("scale0_layer0.0.weight");
    let conv = |scale: usize, layer: usize| match intermediate_features {
        true => format!("scale{scale}_layer{layer}.0.weight"),
        false => format!("layer{scale}.{}.weight", flat_index(layer)),
    };
    if !file.has(&conv(0, 0)) {
        return Err(file.not_one("scale0_layer0.0.weight or layer0.0.weight"));
    }
    let [base_channels, input_channels, ..] = file.convolution(&conv(0, 0))?;
    let num_layers = (0..).take_while(|layer| file.has(&conv(0, *layer))).count();
    let norm = match intermediate_features {
        true => "scale0_layer1.1.weight".to_owned(),
        false => format!("layer0.{}.weight", flat_index(1) + 1),
    };
    let config = DiscriminatorConfig {
        input_channels,
        base_channels,
        // The last two convolutions have stride 1.
        num_layers: num_layers.saturating_sub(2),
        num_scales: (0..).take_while(|scale| file.has(&conv(*scale, 0))).count(),
        norm: file.norm(&norm),
        intermediate_features,
    };
    config.validate().map(|()| config)
}

/// A state dict that is being understood.
struct File<'a, T> {
    family: &'static str,
    dict: &'a Named<T>,
}

impl<T: HasShape> File<'_, T> {
    fn problem(&self, message: String) -> Error {
        Error::Inference {
            family: self.family,
            message,
        }
    }

    /// `key` is what every file of this kind has.
    fn not_one(&self, key: &str) -> Error {
        let first = match self.dict.keys().next() {
            Some(key) => format!("{key:?} first"),
            None => "no keys at all".to_owned(),
        };
        let discriminators = ["scale0_layer0.0.weight", "layer0.0.weight"];
        let hint = if discriminators.iter().any(|key| self.has(key)) {
            "; this looks like a pix2pixHD discriminator"
        } else if self.has("model.1.weight") {
            "; this looks like a generator or an encoder"
        } else {
            ""
        };
        self.problem(format!("expected the key {key}, found {first}{hint}"))
    }

    fn has(&self, key: &str) -> bool {
        self.dict.contains_key(key)
    }

    /// Shape of a convolution's weight: four axes, none of them empty.
    fn convolution(&self, key: &str) -> Result<[usize; 4]> {
        let tensor = self.dict.get(key);
        let tensor = tensor.ok_or_else(|| self.problem(format!("the key {key} is missing")))?;
        match <[usize; 4]>::try_from(tensor.shape()) {
            Ok(shape) if shape.iter().all(|&n| n > 0) => Ok(shape),
            _ => Err(self.problem(format!(
                "{key}: expected four axes, found {:?}",
                tensor.shape()
            ))),
        }
    }

    /// What generators and encoders begin with.
    fn first_convolution(&self) -> Result<[usize; 4]> {
        if !self.has("model.1.weight") {
            return Err(self.not_one("model.1.weight"));
        }
        self.convolution("model.1.weight")
    }

    /// Number of convolutions after the first that double its `width`.
    fn downs(&self, width: usize) -> usize {
        let doubles = |index: &usize| {
            let key = format!("model.{}.weight", 4 + 3 * index);
            let shape = self.convolution(&key).ok();
            let below = width.checked_shl(*index as u32);
            shape.is_some_and(|[channels_out, channels_in, ..]| {
                Some(channels_in) == below && channels_out == 2 * channels_in
            })
        };
        (0..).take_while(doubles).count()
    }

    /// Number of residual blocks at these places.
    fn blocks(&self, place: impl Fn(usize) -> String) -> usize {
        (0..)
            .take_while(|index| self.has(&format!("{}.conv_block.1.weight", place(*index))))
            .count()
    }

    /// Only batch norm has weights.
    fn norm(&self, key: &str) -> NormKind {
        match self.has(key) {
            true => NormKind::Batch,
            false => NormKind::Instance,
        }
    }
}

#[cfg(test)]
#[path = "weights_tests.rs"]
mod tests;
