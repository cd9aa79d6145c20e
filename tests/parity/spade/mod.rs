//! SPADE: generators, blocks, discriminators, encoders, losses and training runs.

mod draws;
mod loss;
mod network;
mod pass;
mod trace;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use underpaint_core::label::SemanticLayout;
use underpaint_core::spade::{
    Architecture, ConvNorm, DiscriminatorConfig, EncoderConfig, GeneratorConfig,
    ResnetArchitecture, SpadeArchitecture,
};
use underpaint_tests::{Fixture, Flags, Golden};

pub use loss::losses;
pub use network::{block, discriminator, encoder, formula_generator, generator};
pub use trace::trace;

/// Every option of the original that its networks and its training depend on.
const FLAGS: [&str; 52] = [
    "norm_G",
    "norm_D",
    "norm_E",
    "label_nc",
    "contain_dontcare_label",
    "no_instance",
    "semantic_nc",
    "output_nc",
    "ngf",
    "ndf",
    "nef",
    "n_layers_D",
    "num_D",
    "netD_subarch",
    "netG",
    "netD",
    "netE",
    "crop_size",
    "aspect_ratio",
    "num_upsampling_layers",
    "use_vae",
    "z_dim",
    "gan_mode",
    "no_ganFeat_loss",
    "no_vgg_loss",
    "lambda_feat",
    "lambda_vgg",
    "lambda_kld",
    "lr",
    "beta1",
    "beta2",
    "no_TTUR",
    "init_type",
    "init_variance",
    "niter",
    "niter_decay",
    "D_steps_per_G",
    "resnet_n_downsample",
    "resnet_n_blocks",
    "resnet_kernel_size",
    "resnet_initial_kernel_size",
    "fin",
    "fout",
    "acts",
    "modes",
    "steps",
    "steps_per_epoch",
    "use_schedule",
    "batchSize",
    "stride_train",
    "stride_eval",
    "isTrain",
];

fn flags(fixture: &Fixture) -> Result<Flags<'_>> {
    let flags = fixture.flags(&FLAGS)?;
    for (flag, only) in [
        ("netD", "multiscale"),
        ("netD_subarch", "n_layer"),
        ("netE", "conv"),
    ] {
        let found = flags.text_or(flag, only)?;
        ensure!(found == only, "{flag} {found}: not known to this harness");
    }
    Ok(flags)
}

fn layout(flags: &Flags<'_>) -> Result<SemanticLayout> {
    let layout = SemanticLayout {
        num_classes: flags.count("label_nc")?,
        dont_care: flags.switch("contain_dontcare_label"),
        edges: !flags.switch("no_instance"),
    };
    let channels = flags.count_or("semantic_nc", layout.channels())?;
    ensure!(
        channels == layout.channels(),
        "{layout:?} has not {channels} channels"
    );
    Ok(layout)
}

fn generator_config(flags: &Flags<'_>) -> Result<GeneratorConfig> {
    let architecture = match flags.text_or("netG", "spade")? {
        "spade" => Architecture::Spade(SpadeArchitecture {
            norm: flags
                .text_or("norm_G", "spectralspadesyncbatch3x3")?
                .parse()?,
            upsampling: flags.text_or("num_upsampling_layers", "normal")?.parse()?,
            crop_size: flags.count("crop_size")?,
            aspect_ratio: flags.number_or("aspect_ratio", 1.0)?,
            latent_channels: match flags.switch("use_vae") {
                true => Some(flags.count_or("z_dim", 256)?),
                false => None,
            },
        }),
        "pix2pixhd" => Architecture::Pix2pixHd(ResnetArchitecture {
            norm: flags.text_or("norm_G", "instance")?.parse()?,
            num_downs: flags.count_or("resnet_n_downsample", 4)?,
            num_blocks: flags.count_or("resnet_n_blocks", 9)?,
            block_kernel: flags.count_or("resnet_kernel_size", 3)?,
            first_kernel: flags.count_or("resnet_initial_kernel_size", 7)?,
        }),
        other => bail!("netG {other}: not known to this harness"),
    };
    Ok(GeneratorConfig {
        architecture,
        input_channels: layout(flags)?.channels(),
        output_channels: flags.count_or("output_nc", 3)?,
        base_channels: flags.count("ngf")?,
    })
}

fn discriminator_config(flags: &Flags<'_>) -> Result<DiscriminatorConfig> {
    Ok(DiscriminatorConfig {
        input_channels: layout(flags)?.channels() + flags.count_or("output_nc", 3)?,
        base_channels: flags.count("ndf")?,
        num_layers: flags.count_or("n_layers_D", 4)?,
        num_scales: flags.count_or("num_D", 2)?,
        norm: conv_norm(flags, "norm_D")?,
    })
}

fn encoder_config(flags: &Flags<'_>) -> Result<EncoderConfig> {
    Ok(EncoderConfig {
        image_channels: flags.count_or("output_nc", 3)?,
        base_channels: flags.count("ngf")?,
        latent_channels: flags.count_or("z_dim", 256)?,
        norm: conv_norm(flags, "norm_E")?,
    })
}

fn conv_norm(flags: &Flags<'_>, key: &str) -> Result<ConvNorm> {
    Ok(flags.text_or(key, "spectralinstance")?.parse()?)
}

/// Stored ids of rank 4 on a device, of whatever number type.
fn ids(golden: &Golden, device: &Device) -> Tensor<4, Int> {
    let values: Vec<i64> = golden.values.iter().map(|&value| value as i64).collect();
    Tensor::from_data(TensorData::new(values, golden.shape.clone()), device)
}

/// What a generator sees of a fixture's label map (and instance map), or its stored segmentation.
fn segmentation(fixture: &Fixture, flags: &Flags<'_>, device: &Device) -> Result<Tensor<4>> {
    let inputs = fixture.tensor_names("input");
    let has = |name: &str| inputs.iter().any(|input| input == name);
    if let Some(stored) = ["seg", "input", "input_semantics"]
        .iter()
        .find(|name| has(name))
    {
        return Ok(crate::network::tensor(&fixture.tensor(stored)?, device));
    }
    let label_map = ids(&fixture.tensor("label").context("no segmentation")?, device);
    let instances = match has("inst") {
        true => Some(ids(&fixture.tensor("inst")?, device)),
        false => None,
    };
    Ok(layout(flags)?.encode(label_map, instances)?)
}
