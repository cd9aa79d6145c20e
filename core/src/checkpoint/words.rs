//! What was recognised, in words.

use crate::bundle::{InputKind, Manifest, ModelConfig, SizeRule, list_attributes};
use crate::pix2pixhd;
use crate::spade::Architecture;

/// What was recognised, for people to check.
pub fn summary(manifest: &Manifest) -> String {
    let input = match &manifest.input {
        InputKind::Image { channels, .. } => format!("pictures of {channels} channels"),
        InputKind::Latent {
            channels,
            attributes,
        } => match manifest.model.latent_classes() {
            0 => format!("latents of {channels} numbers"),
            classes if attributes.is_empty() => format!(
                "latents of {} numbers and {classes} classes (their names are not in the file)",
                channels - classes
            ),
            classes => format!(
                "latents of {} numbers and {classes} classes ({})",
                channels - classes,
                list_attributes(attributes)
            ),
        },
        InputKind::Labels {
            num_classes,
            dont_care,
            edges,
            ..
        } => {
            let dont_care = if *dont_care { ", don't-care" } else { "" };
            let edges = if *edges {
                ", edges between instances"
            } else {
                ""
            };
            format!("label maps of {num_classes} classes{dont_care}{edges}")
        }
    };
    let SizeRule { height, width, .. } = manifest.size;
    format!(
        "{}; takes {input}; {width}x{height}",
        architecture(&manifest.model)
    )
}

/// The network in a few words, by the names of its originals.
pub fn architecture(model: &ModelConfig) -> String {
    match model {
        ModelConfig::Pix2pix { generator } => format!(
            "pix2pix {}, width {}, norm {:?}, dropout layers: {}",
            generator.architecture,
            generator.base_channels,
            generator.norm,
            if generator.dropout { "yes" } else { "no" },
        ),
        ModelConfig::Pix2pixhd {
            generator,
            feature_channels,
            ..
        } => format!(
            "pix2pixHD {}, {} halvings, {} blocks, width {}, norm {:?}, feature channels: {feature_channels}",
            match generator.architecture {
                pix2pixhd::Architecture::Global => "global".to_owned(),
                pix2pixhd::Architecture::Local { num_enhancers, .. } => {
                    format!("local with {num_enhancers} enhancers")
                }
            },
            generator.num_downs,
            generator.num_blocks,
            generator.base_channels,
            generator.norm,
        ),
        ModelConfig::Spade { generator, .. } => match &generator.architecture {
            Architecture::Spade(spade) => format!(
                "spade {}, {} doublings, width {}, {}",
                spade.norm,
                spade.upsampling,
                generator.base_channels,
                if spade.latent_channels.is_some() {
                    "VAE"
                } else {
                    "no VAE"
                },
            ),
            Architecture::Pix2pixHd(resnet) => format!(
                "spade with pix2pixHD's generator, {} halvings, {} blocks, width {}",
                resnet.num_downs, resnet.num_blocks, generator.base_channels
            ),
        },
        ModelConfig::Pgan { generator } => format!("pgan, depths {:?}", generator.depths),
    }
}
