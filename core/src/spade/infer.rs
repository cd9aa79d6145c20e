//! The networks that keys and shapes of a state dict tell of.

use super::{
    Architecture, ConvNorm, DiscriminatorConfig, EncoderConfig, GeneratorConfig, ParamFreeNorm,
    ResnetArchitecture, SpadeArchitecture, SpadeNormConfig, Upsampling,
};
use crate::layers::NormKind;
use crate::state_dict::{HasShape, Named};
use crate::{Error, Result};

/// What leaves no trace in a generator's weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hint {
    /// `normal` and `more` have the same weights.
    pub upsampling: Upsampling,
    /// Width of the pictures. A generator that starts from a latent tells how many pixels it starts
    /// with; where those are not the ones of this width, the width is computed from them.
    pub crop_size: usize,
    /// Width of the pictures over their height.
    pub aspect_ratio: f64,
}

impl Default for Hint {
    fn default() -> Self {
        Self {
            upsampling: Upsampling::Normal,
            crop_size: 256,
            aspect_ratio: 1.0,
        }
    }
}

/// Reads the architecture of a generator from keys and shapes; `hint` says what they do not.
///
/// # Errors
///
/// [`Error::Inference`] saying what was looked for, and what the file seems to be instead.
pub fn infer_generator<T: HasShape>(dict: &Named<T>, hint: Hint) -> Result<GeneratorConfig> {
    let file = File {
        family: "SPADE generator",
        dict,
    };
    if file.is_resnet() {
        return file.resnet();
    }
    let shared = "head_0.norm_0.mlp_shared.0.weight";
    if !dict.contains_key(shared) {
        return Err(file.not_one(shared));
    }
    let [_, input_channels, kernel, _] = file.weight(shared)?;
    let [widest, ..] = file.weight::<4>("head_0.norm_0.mlp_gamma.weight")?;
    let [output_channels, ..] = file.weight::<4>("conv_img.weight")?;
    let base_channels = widest / 16;
    let upsampling = match dict.contains_key("up_4.conv_0.bias") {
        true => Upsampling::Most,
        false if hint.upsampling == Upsampling::Most => {
            return Err(
                file.problem("upsampling `most` was asked for, but there is no up_4 in it".into())
            );
        }
        false => hint.upsampling,
    };
    let running = dict.contains_key("head_0.norm_0.param_free_norm.running_mean");
    let spade = SpadeArchitecture {
        norm: SpadeNormConfig {
            spectral: dict.contains_key("head_0.conv_0.weight_orig"),
            norm: match running {
                true => ParamFreeNorm::Batch,
                false => ParamFreeNorm::Instance,
            },
            kernel,
        },
        upsampling,
        crop_size: hint.crop_size,
        aspect_ratio: hint.aspect_ratio,
        latent_channels: None,
    };
    let config = GeneratorConfig {
        architecture: Architecture::Spade(file.with_latent(spade, widest)?),
        input_channels,
        output_channels,
        base_channels,
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
        family: "SPADE discriminator",
        dict,
    };
    let first = "discriminator_0.model0.0.weight";
    if !dict.contains_key(first) {
        return Err(file.not_one(first));
    }
    let [base_channels, input_channels, ..] = file.weight::<4>(first)?;
    let has = |prefix: String| dict.keys().any(|key| key.starts_with(&prefix));
    let config = DiscriminatorConfig {
        input_channels,
        base_channels,
        num_layers: (1..)
            .take_while(|n| has(format!("discriminator_0.model{n}.")))
            .count(),
        num_scales: (0..)
            .take_while(|n| has(format!("discriminator_{n}.")))
            .count(),
        norm: file.conv_norm("discriminator_0.model1.0"),
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
        family: "SPADE encoder",
        dict,
    };
    if !dict.contains_key("fc_mu.weight") {
        return Err(file.not_one("fc_mu.weight"));
    }
    let norm = file.conv_norm("layer1");
    let weight = |layer: usize| conv_weight(&format!("layer{layer}"), norm);
    if !dict.contains_key(&weight(6)) {
        return Err(file.problem(format!(
            "{} is missing: encoders of the original for crops below 256 pixels do not fit the \
             pictures that they see",
            weight(6)
        )));
    }
    let [base_channels, image_channels, ..] = file.weight::<4>(&weight(1))?;
    let [latent_channels, _] = file.weight("fc_mu.weight")?;
    let config = EncoderConfig {
        image_channels,
        base_channels,
        latent_channels,
        norm,
    };
    config.validate().map(|()| config)
}

/// Key of the convolution's weight in the layer at `prefix`.
fn conv_weight(prefix: &str, norm: ConvNorm) -> String {
    let nested = if norm.conv_bias() { "" } else { ".0" };
    let name = if norm.spectral {
        "weight_orig"
    } else {
        "weight"
    };
    format!("{prefix}{nested}.{name}")
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
        let others = [
            ("head_0.norm_0.mlp_shared.0.weight", "a SPADE generator"),
            ("discriminator_0.model0.0.weight", "a SPADE discriminator"),
            ("fc_mu.weight", "a SPADE encoder"),
        ];
        let other = others.iter().find(|(key, _)| self.dict.contains_key(*key));
        let hint = other.map_or(String::new(), |(_, what)| {
            format!("; this looks like {what}")
        });
        self.problem(format!("expected the key {key}, found {first}{hint}"))
    }

    /// Shape of a weight, none of its axes empty.
    fn weight<const D: usize>(&self, key: &str) -> Result<[usize; D]> {
        let tensor = self.dict.get(key);
        let tensor = tensor.ok_or_else(|| self.problem(format!("the key {key} is missing")))?;
        match <[usize; D]>::try_from(tensor.shape()) {
            Ok(shape) if shape.iter().all(|&n| n > 0) => Ok(shape),
            _ => Err(self.problem(format!(
                "{key}: expected {D} axes, found {:?}",
                tensor.shape()
            ))),
        }
    }

    /// What the layer at `prefix` consists of: a lone convolution, or a Sequential with its norm.
    fn conv_norm(&self, prefix: &str) -> ConvNorm {
        let has = |name: &str| self.dict.contains_key(&format!("{prefix}.{name}"));
        let norm = match has("weight") || has("weight_orig") {
            true => NormKind::None,
            false if has("1.weight") => NormKind::Batch,
            false => NormKind::Instance,
        };
        ConvNorm {
            spectral: has("weight_orig") || has("0.weight_orig"),
            norm,
        }
    }

    /// A linear `fc` starts from a latent, and its length tells the number of pixels at the start.
    fn with_latent(&self, spade: SpadeArchitecture, widest: usize) -> Result<SpadeArchitecture> {
        let shape = self
            .dict
            .get("fc.weight")
            .map(|tensor| tensor.shape().len());
        if shape != Some(2) {
            return self.weight::<4>("fc.weight").map(|_| spade);
        }
        let [outputs, latent_channels] = self.weight("fc.weight")?;
        let pixels = outputs / widest;
        let doublings = spade.upsampling.doublings();
        let with_width = |crop_size: usize| SpadeArchitecture {
            crop_size,
            latent_channels: Some(latent_channels),
            ..spade
        };
        let hinted = std::iter::once(spade.crop_size);
        hinted
            .chain((1..=pixels).map(|width| width << doublings))
            .map(with_width)
            .find(|spade| spade.base_size().iter().product::<usize>() == pixels)
            .ok_or_else(|| {
                self.problem(format!(
                    "fc.weight starts with {pixels} pixels, which no width has at an aspect ratio \
                     of {}",
                    spade.aspect_ratio
                ))
            })
    }

    /// Whether it is a `pix2pixhd` generator: unlike pix2pix's and pix2pixHD's own, its second
    /// convolution is at index 3.
    fn is_resnet(&self) -> bool {
        let second = conv_weight("model.3", self.conv_norm("model.1"));
        self.weight::<4>(&second).is_ok()
    }

    fn resnet(&self) -> Result<GeneratorConfig> {
        let norm = self.conv_norm("model.1");
        let conv = |prefix: String| conv_weight(&prefix, norm);
        let has = |key: String| self.dict.contains_key(&key);
        let down = |level: &usize| has(conv(format!("model.{}", 3 + 2 * level)));
        let num_downs = (0..).take_while(down).count();
        let block =
            |index: usize| conv(format!("model.{}.conv_block.1", 3 + 2 * num_downs + index));
        let num_blocks = (0..).take_while(|index| has(block(*index))).count();
        let head = 3 + 2 * num_downs + num_blocks + 2 * num_downs + 1;
        let stem = conv("model.1".to_owned());
        let [base_channels, input_channels, first_kernel, _] = self.weight(&stem)?;
        let [_, _, block_kernel, _] = self.weight(&block(0))?;
        let [output_channels, ..] = self.weight::<4>(&format!("model.{head}.weight"))?;
        let resnet = ResnetArchitecture {
            norm,
            num_downs,
            num_blocks,
            block_kernel,
            first_kernel,
        };
        let config = GeneratorConfig {
            architecture: Architecture::Pix2pixHd(resnet),
            input_channels,
            output_channels,
            base_channels,
        };
        config.validate().map(|()| config)
    }
}
