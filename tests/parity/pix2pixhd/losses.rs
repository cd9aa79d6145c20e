//! All losses of one iteration and their gradients.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use underpaint::import::read_state_dict;
use underpaint_core::label::Instances;
use underpaint_core::loss::{
    GanMode, GanTarget, feature_matching_loss, multiscale_adversarial_loss,
};
use underpaint_core::pix2pixhd::{discriminator_input, generator_input};
use underpaint_core::state_dict::{AuthorsKeys, load_state_dict};
use underpaint_tests::{Fixture, Flags};

use super::pass::{Pass, TRAINING, check_counts, mode};
use super::{
    condition_config, discriminator_config, encoder_config, flags, generator_config, input,
    instances, stored_instances,
};
use crate::network::tensor;

/// The original's `--no_lsgan`.
pub fn gan_mode(flags: &Flags<'_>) -> GanMode {
    match flags.switch("no_lsgan") {
        true => GanMode::Vanilla,
        false => GanMode::Lsgan,
    }
}

/// Weight of the feature matching loss; 0 where it is left out.
pub fn feature_matching_weight(flags: &Flags<'_>) -> Result<f64> {
    match flags.switch("no_ganFeat_loss") {
        true => Ok(0.0),
        false => flags.number_or("lambda_feat", 10.0),
    }
}

fn network<M: AuthorsKeys>(fixture: &Fixture, name: &str, network: M) -> Result<M> {
    let weights = read_state_dict(&fixture.weight_file(name)?)?;
    check_counts(fixture, name, &weights)?;
    Ok(load_state_dict(network, &weights)?)
}

pub fn losses(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let device = device.clone().autodiff();
    let config = condition_config(&flags)?;
    let mut pass = Pass::default();
    let add = |pass: &mut Pass, name: &str, tensor: &Tensor<4>| pass.add(name, TRAINING, tensor);

    let label = fixture.tensor("label")?;
    let (real, mode) = (tensor(&fixture.tensor("image")?, &device), mode(TRAINING)?);
    let stored = stored_instances(fixture)?;
    let regions = stored.map(|map| instances(&map, &device)).transpose()?;
    let map = regions.as_ref().map(Instances::numbers);
    let condition = config.encode(input(&config, &label, &device)?, map)?;
    add(&mut pass, "encoded_input", &condition);

    let generator = network(fixture, "G", generator_config(&flags)?.init(&device)?)?;
    let discriminator = network(fixture, "D", discriminator_config(&flags)?.init(&device)?)?;
    let encoder = match config.feature_channels {
        0 => None,
        _ => Some(network(
            fixture,
            "E",
            encoder_config(&flags)?.init(&device)?,
        )?),
    };
    let regions = match flags.switch("label_feat") {
        true => Some(instances(&label, &device)?),
        false => regions,
    };
    let features = match (&encoder, regions) {
        (None, _) => None,
        (Some(encoder), Some(regions)) => Some(encoder.forward(real.clone(), &regions, mode)),
        (Some(_), None) => bail!("features without instances"),
    };
    if let Some(features) = &features {
        add(&mut pass, "feat_map", features);
    }
    let fake = generator.forward(generator_input(condition.clone(), features), mode);
    add(&mut pass, "fake_image", &fake);

    let judge = |picture: Tensor<4>| {
        discriminator.forward(discriminator_input(condition.clone(), picture), mode)
    };
    let gan = |scales: &[_], target| multiscale_adversarial_loss(scales, target, gan_mode(&flags));
    let (on_detached, on_real, on_fake) = (judge(fake.clone().detach()), judge(real), judge(fake));
    let d_fake = gan(&on_detached, GanTarget::Fake);
    let d_real = gan(&on_real, GanTarget::Real);
    let g_gan = gan(&on_fake, GanTarget::Fooled);
    let share = 4.0 / (flags.count_or("n_layers_D", 3)? + 1) as f64;
    let share = share / flags.count_or("num_D", 2)? as f64 * feature_matching_weight(&flags)?;
    let g_feat = feature_matching_loss(&on_fake, &on_real) * share;
    for (name, loss) in [
        ("loss_G_GAN", &g_gan),
        ("loss_G_GAN_Feat", &g_feat),
        ("loss_D_real", &d_real),
        ("loss_D_fake", &d_fake),
    ] {
        pass.add(name, TRAINING, loss);
    }
    // What the generator's losses leave in the discriminator is not part of its gradient.
    let mut gradients = ((d_fake + d_real) * 0.5).backward();
    pass.add_gradients("gradD", TRAINING, &discriminator, &mut gradients);
    let mut gradients = (g_gan + g_feat).backward();
    pass.add_gradients("gradG", TRAINING, &generator, &mut gradients);
    if let Some(encoder) = &encoder {
        pass.add_gradients("gradE", TRAINING, encoder, &mut gradients);
    }
    pass.compare_all(fixture)
}
