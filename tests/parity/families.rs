//! Small networks of every family, with what each can have: the kinds of norm, encoders, an image pool,
//! the perceptual loss, growth. Without dropout, whose masks trials beside each other would draw from one
//! stream; `suite` trains with it.

use anyhow::{Context, Result};
use burn::tensor::Device;
use underpaint::data::{InstanceMap, PixelsF32, Sample, SampleInput};
use underpaint::family::Family;
use underpaint::family::pgan::{Pgan, PganTrainConfig};
use underpaint::family::pix2pix::{Pix2pix, Pix2pixConfig};
use underpaint::family::pix2pixhd::{Pix2pixHd, Pix2pixHdTrainConfig};
use underpaint::family::spade::{Spade, SpadeTrainConfig};
use underpaint::optimiser::AdamConfig;
use underpaint_core::label::SemanticLayout;
use underpaint_core::layers::{NormKind, PatchDiscriminatorConfig, WeightInit};
use underpaint_core::loss::{GanMode, PerceptualLoss};
use underpaint_core::perceptual::Vgg19;
use underpaint_core::state_dict::{StateTensor, state_dict};
use underpaint_core::{pgan, pix2pix, pix2pixhd, spade};

/// A family to train for a few steps.
pub struct Case {
    pub name: &'static str,
    pub build: fn(&Device) -> Result<Box<dyn Family>>,
    /// Of a step, from 1.
    pub samples: fn(u64) -> Vec<Sample>,
    pub steps: u64,
    pub learning_rate: f64,
}

const SIDE: usize = 32;
/// Of [`SCENES`].
const SCENE_SIDE: usize = 2 * SIDE;
const CLASSES: usize = 4;

pub const CASES: [Case; 8] = [
    case("pix2pix_unet_batch_norm", unet, pictures),
    case("pix2pix_resnet_instance_norm_pool", resnet, pictures),
    case("pix2pixhd_global", global, labels),
    case("pix2pixhd_local_encoder", local, labels),
    case("spade", |device| spade_family(device, None, SIDE), labels),
    case(
        "spade_vae_vgg",
        |device| spade_family(device, Some(6), SIDE),
        labels,
    ),
    Case {
        steps: 7,
        ..case(
            "pgan_growing",
            |device| pgan_family(device, growing()),
            scales,
        )
    },
    Case {
        steps: 2,
        ..case(
            "pgan_logistic",
            |device| pgan_family(device, logistic()),
            scales,
        )
    },
];

/// The SPADEs at twice the size, where their first norm is over more than two pixels: the difference of two
/// is what 16 bits round away.
pub const SCENES: [Case; 2] = [
    case(
        "spade_scenes",
        |device| spade_family(device, None, SCENE_SIDE),
        scenes,
    ),
    case(
        "spade_vae_vgg_scenes",
        |device| spade_family(device, Some(6), SCENE_SIDE),
        scenes,
    ),
];

const fn case(
    name: &'static str,
    build: fn(&Device) -> Result<Box<dyn Family>>,
    samples: fn(u64) -> Vec<Sample>,
) -> Case {
    Case {
        name,
        build,
        samples,
        steps: 3,
        learning_rate: 2e-4,
    }
}

fn pixels(side: usize, number: usize) -> PixelsF32 {
    let value = |pixel: usize| ((pixel * 7 + number * 13) as f32 * 0.37).sin();
    PixelsF32 {
        channels: 3,
        height: side,
        width: side,
        data: (0..3 * side * side).map(value).collect(),
    }
}

fn two(step: u64, sample: impl Fn(usize) -> Sample) -> Vec<Sample> {
    let number = step as usize;
    vec![sample(number), sample(number + 40)]
}

fn sample(input: SampleInput, number: usize) -> Sample {
    Sample {
        name: format!("{number}"),
        input,
        instances: None,
        features: None,
        target: pixels(SIDE, number),
    }
}

/// [`labels`] twice as large.
fn scenes(step: u64) -> Vec<Sample> {
    let mut samples = labels(step);
    samples.iter_mut().for_each(double);
    samples
}

fn double(sample: &mut Sample) {
    let SampleInput::Labels { width, height, ids } = &mut sample.input else {
        return;
    };
    *ids = doubled(ids);
    (*height, *width) = (SCENE_SIDE, SCENE_SIDE);
    if let Some(map) = &mut sample.instances {
        map.ids = doubled(&map.ids);
        (map.height, map.width) = (SCENE_SIDE, SCENE_SIDE);
    }
    let target = &mut sample.target;
    let planes = target.data.chunks_exact(SIDE * SIDE);
    target.data = planes.flat_map(doubled).collect();
    (target.height, target.width) = (SCENE_SIDE, SCENE_SIDE);
}

/// Repeats every pixel of a plane.
fn doubled<T: Copy>(plane: &[T]) -> Vec<T> {
    let pixel = |at: usize| plane[at / SCENE_SIDE / 2 * SIDE + at % SCENE_SIDE / 2];
    (0..SCENE_SIDE * SCENE_SIDE).map(pixel).collect()
}

fn pictures(step: u64) -> Vec<Sample> {
    two(step, |number| {
        sample(SampleInput::Image(pixels(SIDE, number + 1000)), number)
    })
}

fn labels(step: u64) -> Vec<Sample> {
    let ids = |number: usize, modulus: usize| {
        let id = move |pixel: usize| ((pixel / 5 + number) % modulus) as u16;
        (0..SIDE * SIDE).map(id).collect::<Vec<u16>>()
    };
    two(step, |number| {
        let input = SampleInput::Labels {
            width: SIDE,
            height: SIDE,
            ids: ids(number, CLASSES),
        };
        Sample {
            instances: Some(InstanceMap {
                width: SIDE,
                height: SIDE,
                ids: ids(number, 7),
            }),
            ..sample(input, number)
        }
    })
}

/// Of a Progressive GAN that grows after the second and the fifth step.
fn scales(step: u64) -> Vec<Sample> {
    let side = match step {
        1..=2 => 4,
        3..=5 => 8,
        _ => 16,
    };
    let sample = |number| Sample {
        target: pixels(side, number),
        ..sample(SampleInput::Unconditional, number)
    };
    (0..4)
        .map(|index| sample(10 * step as usize + index))
        .collect()
}

fn pix2pix_family(
    device: &Device,
    architecture: pix2pix::Architecture,
    norm: NormKind,
    gan_mode: GanMode,
    pool_size: usize,
) -> Result<Box<dyn Family>> {
    let config = Pix2pixConfig {
        generator: pix2pix::GeneratorConfig {
            architecture,
            base_channels: 8,
            norm,
            dropout: false,
            ..pix2pix::GeneratorConfig::default()
        },
        discriminator: PatchDiscriminatorConfig {
            input_channels: 6,
            base_channels: 8,
            num_layers: 2,
            norm,
            pixel: false,
        },
        gan_mode,
        l1_weight: 100.0,
        pool_size,
        adam: AdamConfig {
            beta1: 0.5,
            beta2: 0.999,
        },
        init: WeightInit::default(),
        seed: 5,
    };
    Ok(Box::new(Pix2pix::new(config, device)?))
}

fn unet(device: &Device) -> Result<Box<dyn Family>> {
    let architecture = pix2pix::Architecture::Unet { num_downs: 5 };
    pix2pix_family(device, architecture, NormKind::Batch, GanMode::Vanilla, 0)
}

fn resnet(device: &Device) -> Result<Box<dyn Family>> {
    let architecture = pix2pix::Architecture::Resnet { num_blocks: 2 };
    pix2pix_family(device, architecture, NormKind::Instance, GanMode::Lsgan, 3)
}

fn pix2pixhd_config(
    architecture: pix2pixhd::Architecture,
    features: usize,
) -> Pix2pixHdTrainConfig {
    let condition = pix2pixhd::ConditionConfig {
        input: pix2pixhd::InputKind::Labels {
            num_classes: CLASSES,
        },
        edges: true,
        feature_channels: features,
    };
    Pix2pixHdTrainConfig {
        condition,
        generator: pix2pixhd::GeneratorConfig {
            architecture,
            input_channels: CLASSES + 1 + features,
            base_channels: 4,
            num_downs: 2,
            num_blocks: 2,
            ..pix2pixhd::GeneratorConfig::default()
        },
        discriminator: pix2pixhd::DiscriminatorConfig {
            input_channels: CLASSES + 1 + 3,
            base_channels: 8,
            num_layers: 2,
            ..pix2pixhd::DiscriminatorConfig::default()
        },
        seed: 3,
        ..Pix2pixHdTrainConfig::default()
    }
}

fn global(device: &Device) -> Result<Box<dyn Family>> {
    let config = pix2pixhd_config(pix2pixhd::Architecture::Global, 0);
    Ok(Box::new(Pix2pixHd::new(config, device)?))
}

/// Every epoch is a step here: all layers join in the second.
fn local(device: &Device) -> Result<Box<dyn Family>> {
    let architecture = pix2pixhd::Architecture::Local {
        num_enhancers: 1,
        num_blocks: 1,
    };
    let config = Pix2pixHdTrainConfig {
        encoder: Some(pix2pixhd::EncoderConfig {
            feature_channels: 2,
            base_channels: 4,
            num_downs: 1,
            ..pix2pixhd::EncoderConfig::default()
        }),
        epochs_coarse_fixed: 1,
        pool_size: 3,
        ..pix2pixhd_config(architecture, 2)
    };
    Ok(Box::new(Pix2pixHd::new(config, device)?))
}

/// Spectral norm in all networks; with a latent also an encoder and the perceptual loss.
fn spade_family(device: &Device, latent: Option<usize>, side: usize) -> Result<Box<dyn Family>> {
    let semantics = SemanticLayout {
        num_classes: CLASSES,
        dont_care: true,
        edges: true,
    };
    let architecture = spade::SpadeArchitecture {
        norm: "spectralspadesyncbatch3x3".parse().context("a norm")?,
        crop_size: side,
        latent_channels: latent,
        ..spade::SpadeArchitecture::default()
    };
    let config = SpadeTrainConfig {
        semantics,
        generator: spade::GeneratorConfig {
            architecture: spade::Architecture::Spade(architecture),
            input_channels: semantics.channels(),
            output_channels: 3,
            base_channels: 2,
        },
        discriminator: spade::DiscriminatorConfig {
            input_channels: semantics.channels() + 3,
            base_channels: 4,
            num_layers: 3,
            num_scales: 2,
            norm: spade::ConvNorm::default(),
        },
        encoder: latent.map(|latent_channels| spade::EncoderConfig {
            base_channels: 2,
            latent_channels,
            ..spade::EncoderConfig::default()
        }),
        seed: 11,
        ..SpadeTrainConfig::default()
    };
    let family = Spade::new(config, device)?;
    Ok(Box::new(match latent {
        None => family,
        Some(_) => family.with_perceptual_loss(PerceptualLoss::new(vgg(device)?)),
    }))
}

/// VGG-19 with weights that are no one's.
fn vgg(device: &Device) -> Result<Vgg19> {
    let mut dict = state_dict(&Vgg19::new(device));
    for (number, tensor) in dict.values_mut().enumerate() {
        let value = |index: usize| ((index * 31 + number * 17) as f32).sin() * 0.04;
        let count = tensor.shape.iter().product();
        *tensor = StateTensor {
            values: (0..count).map(value).collect(),
            shape: tensor.shape.clone(),
        };
    }
    Ok(Vgg19::from_state_dict(dict, device)?)
}

fn pgan_family(device: &Device, config: PganTrainConfig) -> Result<Box<dyn Family>> {
    Ok(Box::new(Pgan::new(config, device)?))
}

/// Three scales of two, three and more steps, fading over two of them.
fn growing() -> PganTrainConfig {
    PganTrainConfig {
        generator: pgan::GeneratorConfig {
            depths: vec![8, 6, 4],
            latent_dim: 5,
            ..pgan::GeneratorConfig::default()
        },
        discriminator: pgan::DiscriminatorConfig {
            depths: vec![8, 6, 4],
            ..pgan::DiscriminatorConfig::default()
        },
        growth: pgan::Growth {
            first_scale: 0,
            iterations: vec![2, 3, 9],
            alpha_jumps: vec![0, 2, 2],
            alpha_jump_sizes: vec![1, 1, 1],
        },
        seed: 7,
        ..PganTrainConfig::default()
    }
}

fn logistic() -> PganTrainConfig {
    PganTrainConfig {
        criterion: pgan::Criterion::Logistic,
        penalty_weight: 0.0,
        real_penalty_weight: 5.0,
        ..growing()
    }
}
