//! Which family a state dict is of, by its keys.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::hints::{Naming, Setting};
use crate::checkpoint::failure::{Failure, Result, bail};
use crate::state_dict::{HasShape, Named, distinct};

/// Family of a weight file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyName {
    /// pix2pix (pytorch-CycleGAN-and-pix2pix).
    Pix2pix,
    /// pix2pixHD.
    Pix2pixhd,
    /// SPADE / GauGAN.
    Spade,
    /// Progressive GAN (pytorch_GAN_zoo).
    Pgan,
}

impl FamilyName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pix2pix, Self::Pix2pixhd, Self::Spade, Self::Pgan];

    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pix2pix => "pix2pix",
            Self::Pix2pixhd => "pix2pixhd",
            Self::Spade => "spade",
            Self::Pgan => "pgan",
        }
    }

    /// Whether its generators have keys that begin with this module.
    pub(super) fn has_module(self, module: &str) -> bool {
        match self {
            Self::Pix2pix | Self::Pix2pixhd => is_resnet_module(module),
            Self::Spade => {
                let blocks = ["head_", "G_middle_", "up_"];
                let others = ["fc", "conv_img", "model"];
                others.contains(&module) || blocks.iter().any(|block| module.starts_with(block))
            }
            Self::Pgan => {
                let modules = ["formatLayer", "groupScale0", "scaleLayers", "toRGBLayers"];
                modules.contains(&module)
            }
        }
    }
}

/// `model`, and `model1_1`, `model1_2` and so on of enhancers.
fn is_resnet_module(module: &str) -> bool {
    let Some(rest) = module.strip_prefix("model") else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    rest.is_empty()
        || rest
            .split_once('_')
            .is_some_and(|(number, part)| digits(number) && digits(part))
}

impl fmt::Display for FamilyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pix2pix => "pix2pix",
            Self::Pix2pixhd => "pix2pixHD",
            Self::Spade => "SPADE",
            Self::Pgan => "Progressive GAN",
        })
    }
}

impl FromStr for FamilyName {
    type Err = Failure;

    fn from_str(word: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|family| family.word() == word) {
            Some(family) => Ok(family),
            None => bail!("expected pix2pix, pix2pixhd, spade or pgan, found {word:?}"),
        }
    }
}

/// The family that has generators with keys like these; of two that share them, either.
pub(super) fn generator_family(keys: &BTreeSet<&str>) -> Option<FamilyName> {
    let starts = |prefix: &str| {
        let mut after = keys.range(prefix..);
        after.next().is_some_and(|key| key.starts_with(prefix))
    };
    let blocks = || keys.iter().any(|key| key.contains(".conv_block."));
    if starts("formatLayer.") {
        Some(FamilyName::Pgan)
    } else if keys.contains("fc.weight") && starts("head_0.") || starts("model.1.0.") && blocks() {
        Some(FamilyName::Spade)
    } else if keys.contains("model.model.0.weight") && starts("model.model.1.model.") {
        Some(FamilyName::Pix2pix)
    } else if keys.contains("model.1.weight") && blocks() {
        Some(FamilyName::Pix2pixhd)
    } else {
        None
    }
}

/// The family that has encoders with keys like these.
pub(super) fn encoder_family(keys: &BTreeSet<&str>) -> Option<FamilyName> {
    if keys.contains("fc_mu.weight") {
        Some(FamilyName::Spade)
    } else if keys.contains("model.1.weight") && keys.contains("model.4.weight") {
        let blocks = keys.iter().any(|key| key.contains(".conv_block."));
        (!blocks).then_some(FamilyName::Pix2pixhd)
    } else {
        None
    }
}

/// Whether keys look like those of a discriminator of one of the families.
fn is_discriminator(keys: &BTreeSet<&str>) -> bool {
    let firsts = [
        "model.0.weight",
        "net.0.weight",
        "scale0_layer0.0.weight",
        "layer0.0.weight",
        "discriminator_0.model0.0.weight",
        "decisionLayer.module.weight",
    ];
    firsts.iter().any(|first| keys.contains(first))
}

/// What else decides for pix2pixHD, where keys do not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    /// The first of the flags that only pix2pixHD has.
    pub(super) flag: Option<&'static str>,
}

/// A family, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) family: FamilyName,
    pub(super) why: String,
    /// Another family that has such keys as well.
    pub(super) or: Option<FamilyName>,
}

/// The family of a generator's state dict.
///
/// # Errors
///
/// If the keys are those of no generator: naming some of them.
pub(super) fn settle<T: HasShape>(
    dict: &Named<T>,
    beside: Beside,
    naming: Naming,
) -> Result<Settled> {
    let keys = distinct(dict.keys().map(String::as_str));
    let settled = |family, why: &str| Settled {
        family,
        why: why.to_owned(),
        or: None,
    };
    let Some(family) = generator_family(&keys) else {
        let shown: Vec<&str> = keys.iter().take(6).copied().collect();
        let other = match encoder_family(&keys) {
            Some(family) => format!(
                "These look like those of {family}'s encoder, which {} takes beside a generator",
                naming.of(Setting::Encoder)
            ),
            None if is_discriminator(&keys) => {
                "These look like those of a discriminator, which makes no pictures".to_owned()
            }
            None => format!(
                "{} names the family and tells what is missing",
                naming.of(Setting::Family)
            ),
        };
        bail!(
            "expected the weights of a generator, found keys of none: {} …. {other}",
            shown.join(", ")
        )
    };
    if family != FamilyName::Pix2pixhd {
        return Ok(settled(family, "by its keys"));
    }
    // Both families have such ResNets. pix2pix's halves twice: its third stage is a residual block.
    let has = |key: &str| keys.contains(key);
    let axes = |key: &str| dict.get(key).map_or(0, |tensor| tensor.shape().len());
    let hd = FamilyName::Pix2pixhd;
    let pix2pix = FamilyName::Pix2pix;
    if has("model1_1.1.weight") {
        return Ok(settled(hd, "it has a local enhancer"));
    }
    if !has("model.10.conv_block.1.weight") {
        return Ok(settled(
            hd,
            "it does not halve twice, as pix2pix's ResNets do",
        ));
    }
    if axes("model.10.conv_block.6.weight") == 4 {
        return Ok(settled(pix2pix, "its residual blocks have dropout"));
    }
    if !has("model.1.bias") {
        return Ok(settled(pix2pix, "its convolutions have no bias"));
    }
    if has("model.2.weight") {
        return Ok(settled(
            hd,
            "it has batch norm after convolutions with a bias",
        ));
    }
    let block = |index: &usize| has(&format!("model.{}.conv_block.1.weight", 10 + index));
    let blocks = (0..).take_while(block).count();
    if ![6, 9].contains(&blocks) {
        let why = format!("it has {blocks} residual blocks, and pix2pix's ResNets 6 or 9");
        return Ok(settled(hd, &why));
    }
    match beside.flag {
        Some(flag) => Ok(settled(hd, &format!("{flag} is pix2pixHD's"))),
        None => Ok(Settled {
            or: Some(hd),
            ..settled(pix2pix, &format!("it halves twice and has {blocks} blocks"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::NormKind;
    use crate::state_dict::{StateDict, state_dict};
    use crate::{pix2pix, pix2pixhd};
    use burn::tensor::Device;

    fn hd(num_downs: usize, num_blocks: usize, norm: NormKind) -> StateDict {
        let config = pix2pixhd::GeneratorConfig {
            input_channels: 3,
            base_channels: 2,
            num_downs,
            num_blocks,
            norm,
            ..pix2pixhd::GeneratorConfig::default()
        };
        state_dict(&config.init(&Device::flex()).expect("a valid config"))
    }

    fn resnet(num_blocks: usize, norm: NormKind, dropout: bool) -> StateDict {
        let config = pix2pix::GeneratorConfig {
            architecture: pix2pix::Architecture::Resnet { num_blocks },
            base_channels: 2,
            norm,
            dropout,
            ..pix2pix::GeneratorConfig::default()
        };
        state_dict(&config.init(&Device::flex()).expect("a valid config"))
    }

    fn family(dict: &StateDict, flag: Option<&'static str>) -> FamilyName {
        settle(dict, Beside { flag }, Naming::Flags)
            .expect("a generator")
            .family
    }

    #[test]
    fn two_halvings_are_pix2pix_only_where_it_has_such_networks() {
        let (batch, instance) = (NormKind::Batch, NormKind::Instance);
        for (dict, expected) in [
            (hd(2, 3, instance), FamilyName::Pix2pixhd),
            (hd(2, 9, batch), FamilyName::Pix2pixhd),
            (hd(3, 9, instance), FamilyName::Pix2pixhd),
            (hd(2, 9, instance), FamilyName::Pix2pix),
            (resnet(6, instance, false), FamilyName::Pix2pix),
            (resnet(9, batch, true), FamilyName::Pix2pix),
            (resnet(2, batch, false), FamilyName::Pix2pix),
            (resnet(2, instance, true), FamilyName::Pix2pix),
        ] {
            assert_eq!(family(&dict, None), expected, "{:?}", dict.keys().next());
        }
        for flag in ["--encoder", "--edges", "--feature-channels"] {
            let found = settle(
                &hd(2, 9, instance),
                Beside { flag: Some(flag) },
                Naming::Flags,
            );
            let found = found.expect("a generator");
            assert_eq!(found.family, FamilyName::Pix2pixhd);
            assert!(found.why.contains(flag), "{found:?}");
            // Where the weights decide, no flag does.
            assert_eq!(
                family(&resnet(9, batch, true), Some(flag)),
                FamilyName::Pix2pix
            );
        }
        let open =
            settle(&hd(2, 9, instance), Beside::default(), Naming::Flags).expect("a generator");
        assert_eq!(open.or, Some(FamilyName::Pix2pixhd));
    }

    #[test]
    fn what_is_no_generator_is_told_by_what_it_looks_like() {
        let encoder = pix2pixhd::EncoderConfig::default();
        let encoder = encoder.init(&Device::flex()).expect("a valid config");
        let told = settle(&state_dict(&encoder), Beside::default(), Naming::Flags).unwrap_err();
        assert!(told.to_string().contains("pix2pixHD's encoder"), "{told}");
        let judge = pix2pix::DiscriminatorKind::Basic.config(6, 2, 3, NormKind::Batch);
        let judge = judge.init(&Device::flex()).expect("a valid config");
        let told = settle(&state_dict(&judge), Beside::default(), Naming::Flags).unwrap_err();
        assert!(told.to_string().contains("a discriminator"), "{told}");
        let told = settle(&StateDict::new(), Beside::default(), Naming::Flags).unwrap_err();
        assert!(told.to_string().contains("--family"), "{told}");
    }

    #[test]
    fn modules_of_a_family_are_told_from_others() {
        for (family, module, expected) in [
            (FamilyName::Pix2pix, "model", true),
            (FamilyName::Pix2pixhd, "model1_2", true),
            (FamilyName::Pix2pixhd, "model_ema", false),
            (FamilyName::Pix2pixhd, "model0", false),
            (FamilyName::Spade, "up_3", true),
            (FamilyName::Spade, "discriminator_0", false),
            (FamilyName::Pgan, "toRGBLayers", true),
            (FamilyName::Pgan, "fromRGBLayers", false),
        ] {
            assert_eq!(family.has_module(module), expected, "{family} {module}");
        }
        for family in FamilyName::ALL {
            assert_eq!(family.word().parse::<FamilyName>().expect("a word"), family);
        }
        assert!("cyclegan".parse::<FamilyName>().is_err());
    }
}
