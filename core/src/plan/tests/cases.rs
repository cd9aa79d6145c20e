//! Small models of every family and configuration.

use crate::bundle::tests::manifest_of;
use crate::bundle::{InputKind, Manifest, ModelConfig, NormDefault, OutputKind, TestTime};
use crate::label::Palette;
use crate::layers::NormKind;
use crate::plan::Request;
use crate::{pgan, pix2pix, pix2pixhd, spade};

pub const PER_IMAGE: TestTime = TestTime {
    statistics: NormDefault::Batch,
    dropout: false,
};
pub const RUNNING: TestTime = TestTime {
    statistics: NormDefault::Running,
    dropout: false,
};
pub const DROPPING: TestTime = TestTime {
    statistics: NormDefault::Batch,
    dropout: true,
};

/// A model and what is asked of it.
#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    pub manifest: Manifest,
    pub request: Request,
}

impl Case {
    pub fn new(name: &'static str, model: ModelConfig, size: [usize; 2], mode: TestTime) -> Self {
        let manifest = manifest(model);
        let request = Request {
            test_time: mode,
            seed: 5,
            ..Request::of_size(&manifest, size)
        };
        Self {
            name,
            manifest,
            request,
        }
    }

    fn fading(name: &'static str, model: ModelConfig, alpha: f64, scale: Option<usize>) -> Self {
        let mut case = Self::new(name, model, [0, 0], PER_IMAGE);
        (case.request.alpha, case.request.scale) = (alpha, scale);
        case
    }
}

/// A manifest of a model that takes labels, pictures or latents.
pub fn manifest(model: ModelConfig) -> Manifest {
    let input = match model.condition_channels() {
        0 => InputKind::Latent {
            channels: model.latent_channels().unwrap_or(0),
            attributes: Vec::new(),
        },
        channels => InputKind::Labels {
            num_classes: channels - 1,
            classes: Palette::numbered(channels - 1).classes,
            dont_care: false,
            edges: true,
        },
    };
    let mut manifest = manifest_of(pix2pix::GeneratorConfig::default(), input);
    manifest.output = OutputKind {
        channels: model.output_channels(),
        ..manifest.output
    };
    manifest.model = model;
    manifest
}

pub fn pix2pix(architecture: &str, norm: NormKind, dropout: bool) -> ModelConfig {
    ModelConfig::Pix2pix {
        generator: pix2pix::GeneratorConfig {
            architecture: architecture.parse().expect(architecture),
            input_channels: 5,
            base_channels: 4,
            norm,
            dropout,
            ..pix2pix::GeneratorConfig::default()
        },
    }
}

pub fn pix2pixhd(local: bool, norm: NormKind, features: bool) -> ModelConfig {
    let feature_channels = if features { 3 } else { 0 };
    let encoder = pix2pixhd::EncoderConfig {
        base_channels: 2,
        num_downs: 2,
        norm,
        ..pix2pixhd::EncoderConfig::default()
    };
    ModelConfig::Pix2pixhd {
        generator: pix2pixhd::GeneratorConfig {
            architecture: match local {
                true => pix2pixhd::Architecture::Local {
                    num_enhancers: 1,
                    num_blocks: 1,
                },
                false => pix2pixhd::Architecture::Global,
            },
            input_channels: 4 + feature_channels,
            base_channels: 4,
            num_downs: 2,
            num_blocks: 2,
            norm,
            ..pix2pixhd::GeneratorConfig::default()
        },
        feature_channels,
        encoder: features.then_some(encoder),
    }
}

pub fn spade(norm: &str, upsampling: &str, latent: bool) -> ModelConfig {
    let architecture = spade::SpadeArchitecture {
        norm: norm.parse().expect(norm),
        upsampling: upsampling.parse().expect(upsampling),
        crop_size: if upsampling == "most" { 128 } else { 64 },
        aspect_ratio: 1.0,
        latent_channels: latent.then_some(6),
    };
    let encoder = spade::EncoderConfig {
        base_channels: 2,
        latent_channels: 6,
        ..spade::EncoderConfig::default()
    };
    ModelConfig::Spade {
        generator: spade::GeneratorConfig {
            architecture: spade::Architecture::Spade(architecture),
            input_channels: 4,
            base_channels: 2,
            ..spade::GeneratorConfig::default()
        },
        encoder: latent.then_some(encoder),
    }
}

pub fn spade_resnet(norm: &str) -> ModelConfig {
    ModelConfig::Spade {
        generator: spade::GeneratorConfig {
            architecture: spade::Architecture::Pix2pixHd(spade::ResnetArchitecture {
                norm: norm.parse().expect(norm),
                num_downs: 2,
                num_blocks: 1,
                ..spade::ResnetArchitecture::default()
            }),
            input_channels: 4,
            base_channels: 4,
            ..spade::GeneratorConfig::default()
        },
        encoder: None,
    }
}

pub fn pgan(depths: &[usize], change: impl FnOnce(&mut pgan::GeneratorConfig)) -> ModelConfig {
    let mut generator = pgan::GeneratorConfig {
        depths: depths.to_vec(),
        latent_dim: 7,
        ..pgan::GeneratorConfig::default()
    };
    change(&mut generator);
    ModelConfig::Pgan { generator }
}

/// Every family in every configuration that changes its operations.
pub fn generators() -> Vec<Case> {
    use NormKind::{Batch, Instance, None};
    let as_it_is = |_: &mut pgan::GeneratorConfig| {};
    vec![
        Case::new(
            "unet batch",
            pix2pix("unet_32", Batch, false),
            [32, 64],
            PER_IMAGE,
        ),
        Case::new(
            "unet running",
            pix2pix("unet_32", Batch, false),
            [32, 32],
            RUNNING,
        ),
        Case::new(
            "unet dropout",
            pix2pix("unet_64", Batch, true),
            [64, 64],
            DROPPING,
        ),
        Case::new(
            "unet instance",
            pix2pix("unet_32", Instance, true),
            [64, 32],
            PER_IMAGE,
        ),
        Case::new(
            "unet no norm",
            pix2pix("unet_32", None, false),
            [32, 32],
            PER_IMAGE,
        ),
        Case::new(
            "unet padded",
            pix2pix("unet_32", Batch, false),
            [33, 50],
            PER_IMAGE,
        ),
        Case::new(
            "resnet",
            pix2pix("resnet_2blocks", Instance, false),
            [16, 24],
            PER_IMAGE,
        ),
        Case::new(
            "resnet batch",
            pix2pix("resnet_2blocks", Batch, true),
            [16, 12],
            DROPPING,
        ),
        Case::new(
            "resnet running",
            pix2pix("resnet_2blocks", Batch, true),
            [12, 12],
            RUNNING,
        ),
        Case::new(
            "resnet padded",
            pix2pix("resnet_1blocks", Instance, false),
            [9, 5],
            PER_IMAGE,
        ),
        Case::new(
            "hd global",
            pix2pixhd(false, Instance, false),
            [16, 24],
            PER_IMAGE,
        ),
        Case::new(
            "hd batch",
            pix2pixhd(false, Batch, false),
            [16, 16],
            RUNNING,
        ),
        Case::new(
            "hd local",
            pix2pixhd(true, Instance, false),
            [32, 40],
            PER_IMAGE,
        ),
        Case::new(
            "hd local batch",
            pix2pixhd(true, Batch, false),
            [32, 32],
            PER_IMAGE,
        ),
        Case::new(
            "hd features",
            pix2pixhd(false, Instance, true),
            [16, 16],
            PER_IMAGE,
        ),
        Case::new(
            "hd padded",
            pix2pixhd(true, Instance, true),
            [33, 21],
            PER_IMAGE,
        ),
        Case::new(
            "spade",
            spade("spectralspadesyncbatch3x3", "normal", false),
            [32, 64],
            PER_IMAGE,
        ),
        Case::new(
            "spade running",
            spade("spectralspadebatch3x3", "more", false),
            [64, 64],
            RUNNING,
        ),
        Case::new(
            "spade instance",
            spade("spadeinstance1x1", "most", false),
            [128, 128],
            PER_IMAGE,
        ),
        Case::new(
            "spade latent",
            spade("spectralspadeinstance5x5", "more", true),
            [64, 64],
            RUNNING,
        ),
        Case::new(
            "spade padded",
            spade("spadesyncbatch3x3", "normal", false),
            [40, 33],
            PER_IMAGE,
        ),
        Case::new(
            "spade hd",
            spade_resnet("spectralinstance"),
            [16, 16],
            PER_IMAGE,
        ),
        Case::new(
            "spade hd batch",
            spade_resnet("spectralbatch"),
            [16, 20],
            RUNNING,
        ),
        Case::new(
            "spade hd none",
            spade_resnet("spectralnone"),
            [14, 9],
            PER_IMAGE,
        ),
        Case::fading("pgan", pgan(&[8, 8, 6], as_it_is), 0.0, Option::None),
        Case::fading("pgan 4x4", pgan(&[8], as_it_is), 0.3, Option::None),
        Case::fading("pgan fading", pgan(&[8, 6, 4], as_it_is), 0.3, Option::None),
        Case::fading("pgan coarse", pgan(&[8, 6, 4], as_it_is), 0.0, Some(1)),
        Case::fading(
            "pgan coarse fading",
            pgan(&[8, 6, 4], as_it_is),
            1.0,
            Some(1),
        ),
        Case::fading(
            "pgan plain",
            pgan(&[4, 6], |config| {
                config.scaling = crate::layers::LayerScaling::Plain;
                config.pixel_norm = false;
                config.leaky_slope = 1.5;
                config.category_dim = 3;
                config.output = pgan::OutputActivation::Tanh;
            }),
            0.6,
            Option::None,
        ),
    ]
}
