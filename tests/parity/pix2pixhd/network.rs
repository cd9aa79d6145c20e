//! Forward passes and gradients of the networks, and what they see.

use anyhow::{Context, Result, ensure};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use underpaint::import::read_state_dict;
use underpaint_core::bundle::ModelConfig;
use underpaint_core::label::edges_from_instances;
use underpaint_core::pix2pixhd::{
    GeneratorConfig, infer_discriminator, infer_encoder, infer_generator,
};
use underpaint_core::state_dict::{StateDict, load_state_dict};
use underpaint_tests::{Fixture, Flags};

use super::pass::{Pass, check_counts, mode, modes};
use super::{
    condition_config, discriminator_config, encoder_config, flags, generator_config, input,
    instances, stored_instances,
};
use crate::network::tensor;
use crate::runner::Route;

/// The mean square.
fn square(x: &Tensor<4>) -> Tensor<1> {
    (x.clone() * x.clone()).mean()
}

pub fn generator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let config = generator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("G")?)?;
    let inferred = infer_generator(&weights)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?} from the keys, the flags say {config:?}"
    );
    check_counts(fixture, "G", &weights)?;
    let (plain, device) = (device, device.clone().autodiff());
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = load_state_dict(config.init(&device)?, &weights)?;
        let input = tensor(&fixture.tensor("input")?, &device).require_grad();
        config.check_input(input.dims())?;
        let output = network.forward(input.clone(), mode(&name)?);
        pass.add("output", &name, &output);
        let mut gradients = square(&output).backward();
        let gradient = input.grad_remove(&mut gradients);
        let gradient = gradient.context("no gradient of the input")?;
        pass.add("grad_input", &name, &gradient);
        pass.add_gradients("grad", &name, &network, &mut gradients);
        pass.add_state(&name, &network);
    }
    pass.compare_all(fixture)?;
    for route in Route::ALL {
        use_generator(fixture, &flags, &config, &weights, route, plain)?;
    }
    Ok(())
}

/// Runs a generator as it is used.
fn use_generator(
    fixture: &Fixture,
    flags: &Flags<'_>,
    config: &GeneratorConfig,
    weights: &StateDict,
    route: Route,
    device: &Device,
) -> Result<()> {
    let mut used = Pass::default();
    for name in modes(flags)? {
        let model = ModelConfig::Pix2pixhd {
            generator: config.clone(),
            feature_channels: 0,
            encoder: None,
        };
        let inputs = tensor(&fixture.tensor("input")?, device).into();
        let picture = route.generate(model, weights, &name, inputs, device)?;
        used.add("output", &name, &picture);
    }
    used.compare(fixture, |name| name.starts_with("output"))
        .context(route.told())
}

pub fn discriminator(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let config = discriminator_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("D")?)?;
    let inferred = infer_discriminator(&weights)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?} from the keys, the flags say {config:?}"
    );
    check_counts(fixture, "D", &weights)?;
    let device = device.clone().autodiff();
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = load_state_dict(config.init(&device)?, &weights)?;
        let input = tensor(&fixture.tensor("input")?, &device).require_grad();
        config.check_input(input.dims())?;
        let mut scales = network.forward(input.clone(), mode(&name)?);
        if !config.intermediate_features {
            // The original gives the prediction alone, and keeps its sigmoid only here.
            for scale in &mut scales {
                scale.drain(..scale.len() - 1);
                if flags.switch("use_sigmoid") || flags.switch("no_lsgan") {
                    scale[0] = sigmoid(scale[0].clone());
                }
            }
        }
        for (scale, features) in scales.iter().enumerate() {
            for (layer, feature) in features.iter().enumerate() {
                pass.add(&format!("scale{scale}_out{layer}"), &name, feature);
            }
            let prediction = features.last().context("no layers")?;
            // Names that it may have as the only output of its scale.
            for only in ["out", "pred", "prediction"] {
                pass.add(&format!("scale{scale}_{only}"), &name, prediction);
            }
            pass.add(&format!("scale{scale}"), &name, prediction);
        }
        let predictions = scales.iter().filter_map(|features| features.last());
        let sum = predictions.map(square).reduce(|sum, loss| sum + loss);
        let mut gradients = sum.context("no scales")?.backward();
        let gradient = input.grad_remove(&mut gradients);
        let gradient = gradient.context("no gradient of the input")?;
        pass.add("grad_input", &name, &gradient);
        pass.add_gradients("grad", &name, &network, &mut gradients);
        pass.add_state(&name, &network);
    }
    pass.compare_all(fixture)
}

pub fn encoder(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let config = encoder_config(&flags)?;
    let weights = read_state_dict(&fixture.weight_file("E")?)?;
    let inferred = infer_encoder(&weights)?;
    ensure!(
        inferred == config,
        "inferred {inferred:?} from the keys, the flags say {config:?}"
    );
    check_counts(fixture, "E", &weights)?;
    let device = device.clone().autodiff();
    let regions = instances(&fixture.tensor("inst")?, &device)?;
    let mut pass = Pass::default();
    for name in modes(&flags)? {
        let network = || Ok::<_, anyhow::Error>(load_state_dict(config.init(&device)?, &weights)?);
        let golden = fixture.tensor("input")?;
        let picture = tensor(&golden, &device);
        config.check_input(picture.dims())?;
        pass.add(
            "raw",
            &name,
            &network()?.pixel_features(picture, mode(&name)?),
        );
        let (network, picture) = (network()?, tensor(&golden, &device).require_grad());
        let pooled = network.forward(picture.clone(), &regions, mode(&name)?);
        pass.add("pooled", &name, &pooled);
        let mut gradients = square(&pooled).backward();
        let gradient = picture.grad_remove(&mut gradients);
        let gradient = gradient.context("no gradient of the input")?;
        pass.add("grad_input", &name, &gradient);
        pass.add_gradients("grad", &name, &network, &mut gradients);
        pass.add_state(&name, &network);
    }
    pass.compare_all(fixture)
}

pub fn encode_input(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = flags(fixture)?;
    let config = condition_config(&flags)?;
    let labels = input(&config, &fixture.tensor("label")?, device)?;
    let map = stored_instances(fixture)?;
    let map = map.map(|map| instances(&map, device)).transpose()?;
    let map = map.map(|instances| instances.numbers());
    let mut pass = Pass::default();
    if let Some(map) = &map {
        pass.add("edge", "", &edges_from_instances(map.clone()));
    }
    pass.add("encoded", "", &config.encode(labels, map)?);
    pass.compare_all(fixture)
}
