//! From an authors' file to a model: which family its keys are of, and what they do not tell.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use clap::ValueEnum;
use underpaint_core::bundle::{InputKind, LatentAttribute, ModelConfig};
use underpaint_core::label::{Palette, SemanticLayout};
use underpaint_core::state_dict::{
    AuthorsKeys, StateDict, StateTensor, load_state_dict, state_dict,
};
use underpaint_core::{pgan, pix2pix, pix2pixhd, spade};

use super::tensors::as_networks_take_it;
use super::{Checkpoint, PganCheckpoint, pgan as settings};
use crate::model::{image_input, labels_input};

/// Family of a weight file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FamilyName {
    /// pix2pix (pytorch-CycleGAN-and-pix2pix)
    Pix2pix,
    /// pix2pixHD
    Pix2pixhd,
    /// SPADE / GauGAN
    Spade,
    /// Progressive GAN (pytorch_GAN_zoo)
    Pgan,
}

/// Which generator of a Progressive GAN checkpoint to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PganNetwork {
    /// The running average, which the authors generate with
    #[default]
    Average,
    /// The generator in training
    Generator,
}

/// What weights do not tell.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Whether a U-Net has dropout layers.
    pub dropout: bool,
    /// Whether a pix2pix model with 1 or 3 input channels takes label maps.
    pub labels: bool,
    /// Whether a pix2pixHD model takes pictures (`label_nc 0`).
    pub pictures: bool,
    /// How many input channels of a pix2pixHD model are features; `None` goes by the encoder.
    pub feature_channels: Option<usize>,
    /// Whether an input channel is for pixels of no class; `None` goes by the number of channels.
    pub dont_care: Option<bool>,
    /// Whether an input channel marks edges between instances; `None` goes by the number of channels.
    pub edges: Option<bool>,
    /// Names and colours of the classes.
    pub palette: Option<Palette>,
    /// What a SPADE generator's weights do not tell.
    pub spade: spade::Hint,
    /// Which generator of a Progressive GAN checkpoint to take.
    pub pgan: PganNetwork,
}

/// A generator that a file holds.
#[derive(Debug)]
pub struct Recognized {
    /// What it is.
    pub model: ModelConfig,
    /// What it takes.
    pub input: InputKind,
    /// Its weights, exactly those that the network has.
    pub weights: StateDict,
    /// Those of its encoder.
    pub encoder: Option<StateDict>,
}

/// Reads the architecture from keys and shapes, and loads the weights strictly.
///
/// # Errors
///
/// If the file is of no family, of another than `family`, or does not fit: listing every mismatch.
pub fn recognize(
    checkpoint: Checkpoint,
    encoder: Option<StateDict>,
    family: Option<FamilyName>,
    hints: &Hints,
) -> Result<Recognized> {
    let dict = match checkpoint {
        Checkpoint::Pgan(checkpoint) => {
            ensure!(
                family.is_none_or(|family| family == FamilyName::Pgan),
                "this is a checkpoint of Progressive GAN: --family pgan"
            );
            return pgan_checkpoint(*checkpoint, hints);
        }
        Checkpoint::StateDict(dict) => without_attribute(dict),
    };
    let family = match family {
        Some(family) => family,
        None => family_of(&dict)?,
    };
    if encoder.is_some() && matches!(family, FamilyName::Pix2pix | FamilyName::Pgan) {
        bail!("--encoder: models of this family have none");
    }
    match family {
        FamilyName::Pix2pix => pix2pix(&dict, hints),
        FamilyName::Pix2pixhd => pix2pixhd(&dict, encoder.as_ref(), hints),
        FamilyName::Spade => spade(&dict, encoder.as_ref(), hints),
        FamilyName::Pgan => {
            let dict = pgan::with_module_keys(dict);
            let generator = pgan::infer_generator(&dict)?;
            pgan_generator(generator, Vec::new(), &dict)
        }
    }
}

/// The state dict of a network that was the one attribute of a larger object, as Lightning's modules
/// have it: without the attribute's name (`net_g.`), which every key begins with.
///
/// Only where the keys are nobody's as they are: those of our networks may all begin with `model.`.
fn without_attribute(dict: StateDict) -> StateDict {
    let first = dict.keys().next().and_then(|key| key.split_once('.'));
    let Some((attribute, _)) = first.filter(|_| family_of(&dict).is_err()) else {
        return dict;
    };
    let prefix = format!("{attribute}.");
    let bare = |(key, tensor): (&String, &_)| {
        Some((
            key.strip_prefix(&prefix)?.to_owned(),
            StateTensor::clone(tensor),
        ))
    };
    let stripped: Option<StateDict> = dict.iter().map(bare).collect();
    match stripped.map(as_networks_take_it) {
        Some(stripped) if family_of(&stripped).is_ok() => stripped,
        _ => dict,
    }
}

/// The family whose keys these are.
fn family_of(dict: &StateDict) -> Result<FamilyName> {
    let has = |key: &str| dict.contains_key(key);
    let starts = |prefix: &str| dict.keys().any(|key| key.starts_with(prefix));
    if starts("formatLayer.") {
        Ok(FamilyName::Pgan)
    } else if has("fc.weight") && starts("head_0.") || starts("model.1.0.") {
        Ok(FamilyName::Spade)
    } else if has("model.model.0.weight") {
        Ok(FamilyName::Pix2pix)
    } else if has("model.1.weight") {
        // Both have ResNets; pix2pix's halves twice, and its third stage is a residual block.
        match starts("model1_1.") || !starts("model.10.conv_block.") {
            true => Ok(FamilyName::Pix2pixhd),
            false => Ok(FamilyName::Pix2pix),
        }
    } else {
        let keys: Vec<&str> = dict.keys().take(6).map(String::as_str).collect();
        bail!(
            "expected the weights of a generator, found keys of none: {} …; --family names the family \
             and tells what is missing",
            keys.join(", ")
        )
    }
}

/// Loads strictly, and gives back what the network holds: stray entries are gone.
fn strict<M: AuthorsKeys>(network: M, dict: &StateDict, what: &str) -> Result<StateDict> {
    let network = load_state_dict(network, dict).with_context(|| what.to_owned())?;
    Ok(state_dict(&network))
}

fn pix2pix(dict: &StateDict, hints: &Hints) -> Result<Recognized> {
    let generator = pix2pix::infer_generator(dict, hints.dropout)?;
    let what = format!("read as {}", generator.architecture);
    let weights = strict(generator.init(&Device::flex())?, dict, &what)?;
    let channels = generator.input_channels;
    let input = match hints.labels || ![1, 3].contains(&channels) {
        true => labels_input(
            layout(channels, hints, |_| (false, false))?,
            hints.palette.clone(),
        ),
        false => image_input(channels, hints.palette.clone()),
    };
    Ok(Recognized {
        model: ModelConfig::Pix2pix { generator },
        input,
        weights,
        encoder: None,
    })
}

fn pix2pixhd(dict: &StateDict, encoder: Option<&StateDict>, hints: &Hints) -> Result<Recognized> {
    let device = Device::flex();
    let generator = pix2pixhd::infer_generator(dict)?;
    let weights = strict(
        generator.init(&device)?,
        dict,
        "read as a pix2pixHD generator",
    )?;
    let config = encoder
        .map(pix2pixhd::infer_encoder)
        .transpose()
        .context("--encoder")?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            config.init(&device)?,
            dict,
            "read as pix2pixHD's encoder",
        )?),
        _ => None,
    };
    let encoded = config.as_ref().map_or(0, |config| config.feature_channels);
    let feature_channels = hints.feature_channels.unwrap_or(encoded);
    let model = ModelConfig::Pix2pixhd {
        generator,
        feature_channels,
        encoder: config,
    };
    model.validate()?;
    let channels = model.condition_channels();
    let input = match hints.pictures {
        true if hints.edges == Some(true) => {
            bail!(
                "--edges on: models that take pictures with edges are not supported; only label maps have edges"
            )
        }
        true => image_input(channels, hints.palette.clone()),
        // The authors mark edges unless --no_instance says otherwise.
        false => labels_input(
            layout(channels, hints, |_| (false, true))?,
            hints.palette.clone(),
        ),
    };
    Ok(Recognized {
        model,
        input,
        weights,
        encoder,
    })
}

fn spade(dict: &StateDict, encoder: Option<&StateDict>, hints: &Hints) -> Result<Recognized> {
    let device = Device::flex();
    let generator = spade::infer_generator(dict, hints.spade)?;
    let weights = strict(generator.init(&device)?, dict, "read as a SPADE generator")?;
    let config = encoder
        .map(spade::infer_encoder)
        .transpose()
        .context("--encoder")?;
    let encoder = match (&config, encoder) {
        (Some(config), Some(dict)) => Some(strict(
            config.init(&device)?,
            dict,
            "read as SPADE's encoder",
        )?),
        _ => None,
    };
    // The data sets of the paper: COCO-Stuff, ADE20K, Cityscapes.
    let usual = |channels| match channels {
        184 => (true, true),
        151 => (true, false),
        36 => (false, true),
        _ => (false, false),
    };
    let layout = layout(generator.input_channels, hints, usual)?;
    let model = ModelConfig::Spade {
        generator,
        encoder: config,
    };
    model.validate()?;
    Ok(Recognized {
        model,
        input: labels_input(layout, hints.palette.clone()),
        weights,
        encoder,
    })
}

fn pgan_checkpoint(checkpoint: PganCheckpoint, hints: &Hints) -> Result<Recognized> {
    let dict = match hints.pgan {
        PganNetwork::Average => &checkpoint.average,
        PganNetwork::Generator => &checkpoint.generator,
    };
    let generator = settings::generator_config(&checkpoint.config, dict)?;
    let alpha = settings::alpha(&checkpoint.config)?;
    if alpha > 0.0 {
        eprintln!(
            "saved while {} pixels faded in: `generate --alpha {alpha}` shows it as it was",
            generator.resolution()
        );
    }
    let attributes = settings::class_attributes(&checkpoint.config, generator.category_dim)?;
    pgan_generator(generator, attributes, dict)
}

fn pgan_generator(
    generator: pgan::GeneratorConfig,
    attributes: Vec<LatentAttribute>,
    dict: &StateDict,
) -> Result<Recognized> {
    let network = generator.init(&Device::flex())?;
    let weights = strict(network, dict, "read as a Progressive GAN generator")?;
    let channels = generator.input_dim();
    Ok(Recognized {
        model: ModelConfig::Pgan { generator },
        input: InputKind::Latent {
            channels,
            attributes,
        },
        weights,
        encoder: None,
    })
}

/// How many of the channels are classes.
fn layout(
    channels: usize,
    hints: &Hints,
    usual: impl Fn(usize) -> (bool, bool),
) -> Result<SemanticLayout> {
    let (dont_care, edges) = usual(channels);
    let dont_care = hints.dont_care.unwrap_or(dont_care);
    let edges = hints.edges.unwrap_or(edges);
    let others = usize::from(dont_care) + usize::from(edges);
    let num_classes = channels.checked_sub(others).filter(|&count| count > 0);
    let num_classes = num_classes.with_context(|| {
        format!(
            "the generator takes {channels} channels, too few for classes beside {others} others"
        )
    })?;
    Ok(SemanticLayout {
        num_classes,
        dont_care,
        edges,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(keys: &[&str]) -> StateDict {
        let tensor = StateTensor {
            shape: vec![1],
            values: vec![0.0],
        };
        let entries = keys.iter().map(|key| ((*key).to_owned(), tensor.clone()));
        entries.collect()
    }

    #[test]
    fn the_name_of_an_attribute_goes_only_where_the_keys_are_nobodys_with_it() {
        let bare = dict(&["model.model.0.weight", "model.model.3.weight"]);
        for prefix in ["net_g.", "net_g._orig_mod.", "generator.module."] {
            let keys: Vec<String> = bare.keys().map(|key| format!("{prefix}{key}")).collect();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            assert_eq!(without_attribute(dict(&keys)), bare, "{prefix}");
        }
        assert_eq!(without_attribute(bare.clone()), bare);
        for others in [
            ["a.b", "a.c"],
            ["net_g.model.model.0.weight", "net_d.model.0.weight"],
        ] {
            assert_eq!(without_attribute(dict(&others)), dict(&others));
        }
    }
}
