//! pix2pixHD: networks, what they see, losses and training runs.

mod features;
mod losses;
mod network;
mod pass;
mod trace;

use anyhow::{Result, bail, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use underpaint_core::label::Instances;
use underpaint_core::layers::NormKind;
use underpaint_core::pix2pixhd::{
    Architecture, ConditionConfig, DiscriminatorConfig, EncoderConfig, GeneratorConfig, Input,
    InputKind,
};
use underpaint_tests::{Fixture, Flags, Golden};

use crate::network::tensor;

pub use features::features;
pub use losses::losses;
pub use network::{discriminator, encode_input, encoder, generator};
pub use trace::trace;

/// Every option of the original that its networks and its training depend on, and what fixtures say of
/// themselves.
const FLAGS: [&str; 46] = [
    "norm",
    "label_nc",
    "input_nc",
    "output_nc",
    "netG",
    "netD",
    "netE",
    "netG_input_nc",
    "netD_input_nc",
    "ngf",
    "ndf",
    "nef",
    "n_downsample_global",
    "n_blocks_global",
    "n_blocks_local",
    "n_local_enhancers",
    "n_downsample_E",
    "feat_num",
    "num_D",
    "n_layers_D",
    "getIntermFeat",
    "use_sigmoid",
    "no_instance",
    "instance_feat",
    "label_feat",
    "no_ganFeat_loss",
    "no_vgg_loss",
    "no_lsgan",
    "lambda_feat",
    "lr",
    "beta1",
    "niter",
    "niter_decay",
    "niter_fix_global",
    "pool_size",
    "batchSize",
    "steps",
    "steps_per_epoch",
    "use_schedule",
    "save_switch",
    "n_clusters",
    "stale",
    "modes",
    "grad",
    "stride",
    "held",
];

fn flags(fixture: &Fixture) -> Result<Flags<'_>> {
    fixture.flags(&FLAGS)
}

fn norm(flags: &Flags<'_>) -> Result<NormKind> {
    match flags.text_or("norm", "instance")? {
        "batch" => Ok(NormKind::Batch),
        "instance" => Ok(NormKind::Instance),
        other => bail!("norm {other}: not known to this harness"),
    }
}

/// What the networks see, with the original's defaults.
fn condition_config(flags: &Flags<'_>) -> Result<ConditionConfig> {
    let features = flags.switch("instance_feat") || flags.switch("label_feat");
    Ok(ConditionConfig {
        input: match flags.count_or("label_nc", 35)? {
            0 => InputKind::Picture {
                channels: flags.count_or("input_nc", 3)?,
            },
            num_classes => InputKind::Labels { num_classes },
        },
        edges: !flags.switch("no_instance"),
        feature_channels: match features {
            true => flags.count_or("feat_num", 3)?,
            false => 0,
        },
    })
}

fn generator_config(flags: &Flags<'_>) -> Result<GeneratorConfig> {
    let channels = condition_config(flags)?.generator_channels();
    Ok(GeneratorConfig {
        architecture: match flags.text_or("netG", "global")? {
            "global" => Architecture::Global,
            "local" => Architecture::Local {
                num_enhancers: flags.count_or("n_local_enhancers", 1)?,
                num_blocks: flags.count_or("n_blocks_local", 3)?,
            },
            other => bail!("netG {other}: not known to this harness"),
        },
        input_channels: flags.count_or("netG_input_nc", channels)?,
        output_channels: flags.count_or("output_nc", 3)?,
        base_channels: flags.count_or("ngf", 64)?,
        num_downs: flags.count_or("n_downsample_global", 4)?,
        num_blocks: flags.count_or("n_blocks_global", 9)?,
        norm: norm(flags)?,
    })
}

fn discriminator_config(flags: &Flags<'_>) -> Result<DiscriminatorConfig> {
    let output = flags.count_or("output_nc", 3)?;
    let channels = condition_config(flags)?.discriminator_channels(output);
    let features = match flags.value("getIntermFeat").as_bool() {
        Some(features) => features,
        None => !flags.switch("no_ganFeat_loss"),
    };
    Ok(DiscriminatorConfig {
        input_channels: flags.count_or("netD_input_nc", channels)?,
        base_channels: flags.count_or("ndf", 64)?,
        num_layers: flags.count_or("n_layers_D", 3)?,
        num_scales: flags.count_or("num_D", 2)?,
        norm: norm(flags)?,
        intermediate_features: features,
    })
}

fn encoder_config(flags: &Flags<'_>) -> Result<EncoderConfig> {
    Ok(EncoderConfig {
        image_channels: flags.count_or("output_nc", 3)?,
        feature_channels: flags.count_or("feat_num", 3)?,
        base_channels: flags.count_or("nef", 16)?,
        num_downs: flags.count_or("n_downsample_E", 4)?,
        norm: norm(flags)?,
    })
}

/// Label maps or pictures.
fn input(config: &ConditionConfig, golden: &Golden, device: &Device) -> Result<Input> {
    Ok(match config.input {
        InputKind::Labels { .. } => {
            let ids: Vec<i32> = golden.values.iter().map(|&id| id as i32).collect();
            let data = TensorData::new(ids, golden.shape.clone());
            Input::Labels(Tensor::<4, Int>::from_data(data, device))
        }
        InputKind::Picture { .. } => Input::Picture(tensor(golden, device)),
    })
}

/// The instance maps of a fixture, if it has any, as they are stored.
fn stored_instances(fixture: &Fixture) -> Result<Option<Golden>> {
    let inputs = fixture.tensor_names("input");
    match inputs.iter().any(|name| name == "inst") {
        true => fixture.tensor("inst").map(Some),
        false => Ok(None),
    }
}

fn instances(golden: &Golden, device: &Device) -> Result<Instances> {
    let [batch, channels, height, width] = golden.shape[..] else {
        bail!("an instance map of shape {:?}", golden.shape);
    };
    ensure!(channels == 1, "an instance map of {channels} channels");
    let ids: Vec<i64> = golden.values.iter().map(|&id| id as i64).collect();
    Ok(Instances::from_ids(&ids, [batch, height, width], device)?)
}
