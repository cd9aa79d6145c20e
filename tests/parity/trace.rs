//! Whole training runs: losses of every step and the weights at the end.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::Device;
use underpaint::family::pix2pix::{Pix2pix, Pix2pixConfig};
use underpaint::import::read_state_dict;
use underpaint::trainer::AdamConfig;
use underpaint_core::layers::WeightInit;
use underpaint_core::loss::GanMode;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use crate::network::{discriminator_config, generator_config, tensor};

const FLAGS: [&str; 17] = [
    "steps",
    "fakes",
    "batch_size",
    "input_nc",
    "output_nc",
    "ngf",
    "ndf",
    "netG",
    "netD",
    "n_layers_D",
    "norm",
    "use_dropout",
    "gan_mode",
    "lambda_L1",
    "lr",
    "beta1",
    "fakes_stride",
];
/// Elements above which the final weights are stored as every seventh.
const SPARSE_ABOVE: usize = 500;

pub fn check(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&FLAGS)?;
    let mut family = Pix2pix::new(config(&flags)?, device)?;
    let weights = |network: &str| read_state_dict(&fixture.weight_file(network)?);
    family.load_weights(&weights("G")?, &weights("D")?)?;
    let (a, b) = (fixture.tensor("A")?, fixture.tensor("B")?);
    let (steps, batch_size) = (flags.count("steps")?, flags.count_or("batch_size", 1)?);
    let rates = rates(fixture, &flags, steps)?;
    let training = device.clone().autodiff();
    let (mut losses, mut fakes) = (Vec::new(), Vec::new());
    for (number, rate) in rates.into_iter().enumerate() {
        let [condition, real] =
            [&a, &b].map(|all| tensor(&rows(all, number * batch_size, batch_size), &training));
        let step = family.step_tensors(condition, real, rate, number as u64 + 1);
        losses.push(
            step.losses
                .iter()
                .map(|(_, value)| *value)
                .collect::<Vec<_>>(),
        );
        fakes.push(step.fake);
    }
    let expected = fixture.tensor("losses")?;
    let columns = expected
        .shape
        .last()
        .copied()
        .context("losses have no columns")?;
    for (number, (found, expected)) in losses
        .iter()
        .zip(expected.values.chunks(columns))
        .enumerate()
    {
        let atol = fixture.entry("tolerance")["losses"]["atol_per_step"][number].as_f64();
        let atol = atol.map_or_else(|| fixture.tolerance("losses"), Ok)?;
        compare(
            &format!("losses of step {}", number + 1),
            found,
            expected,
            atol,
        )?;
    }
    for name in fixture.tensor_names("output") {
        match name.as_str() {
            "losses" | "lr" => {}
            _ if name.starts_with("fakes") => check_fakes(fixture, &name, &fakes)?,
            _ => bail!("tensor {name} is not known to this harness"),
        }
    }
    let networks = [
        ("G", state_dict(family.generator())),
        ("D", state_dict(family.discriminator())),
    ];
    check_final(fixture, &networks)
}

fn config(flags: &Flags<'_>) -> Result<Pix2pixConfig> {
    Ok(Pix2pixConfig {
        generator: generator_config(flags)?,
        discriminator: discriminator_config(flags)?,
        gan_mode: match flags.text_or("gan_mode", "vanilla")? {
            "vanilla" => GanMode::Vanilla,
            "lsgan" => GanMode::Lsgan,
            "wgangp" => GanMode::Wgangp,
            other => bail!("gan_mode {other}: not known to this harness"),
        },
        l1_weight: flags.number_or("lambda_L1", 100.0)?,
        pool_size: 0,
        adam: AdamConfig {
            beta1: flags.number_or("beta1", 0.5)?,
            beta2: 0.999,
        },
        init: WeightInit::default(),
        seed: 0,
    })
}

/// Learning rate of every step: the stored ones, or the flag.
fn rates(fixture: &Fixture, flags: &Flags<'_>, steps: usize) -> Result<Vec<f64>> {
    if !fixture
        .tensor_names("output")
        .iter()
        .any(|name| name == "lr")
    {
        return Ok(vec![flags.number_or("lr", 2e-4)?; steps]);
    }
    let stored = fixture.tensor("lr")?.values;
    ensure!(
        stored.len() == steps,
        "{} learning rates for {steps} steps",
        stored.len()
    );
    Ok(stored)
}

/// A batch: rows from `first`, wrapping around.
pub fn rows(all: &Golden, first: usize, count: usize) -> Golden {
    let size: usize = all.shape[1..].iter().product();
    let start = first % all.shape[0];
    let values = all
        .values
        .iter()
        .copied()
        .cycle()
        .skip(start * size)
        .take(count * size)
        .collect();
    let mut shape = all.shape.clone();
    shape[0] = count;
    Golden { shape, values }
}

fn check_fakes(fixture: &Fixture, name: &str, fakes: &[burn::tensor::Tensor<4>]) -> Result<()> {
    let stride = match name.strip_prefix("fakes_stride") {
        Some(stride) => stride.parse()?,
        None if name == "fakes" => 1,
        None => bail!("tensor {name} is not known to this harness"),
    };
    let found = fakes.iter().flat_map(|fake| {
        let shape = fake.dims();
        let values: Vec<f64> = fake.to_data().iter::<f64>().collect();
        strided(&values, &shape, stride)
    });
    let found: Vec<f64> = found.collect();
    compare(
        name,
        &found,
        &fixture.tensor(name)?.values,
        fixture.tolerance(name)?,
    )
}

/// Compares the weights of networks, by their name in the fixture, with those that its final file
/// holds.
pub fn check_final(fixture: &Fixture, networks: &[(&str, StateDict)]) -> Result<()> {
    let tolerances = fixture.entry("final_weight_tolerance");
    for (name, expected) in fixture.tensors(fixture.text("final_file")?)? {
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let (network, key) = name.split_once('/').with_context(|| name.clone())?;
        let dict = networks.iter().find(|(known, _)| *known == network);
        let (_, dict) =
            dict.with_context(|| format!("network {network} is not known to this harness"))?;
        let tolerance = &tolerances[name.as_str()];
        // Its gradient is rounding noise only, which Adam turns into whole steps.
        if tolerance["skip"].as_bool() == Some(true) {
            continue;
        }
        let atol = tolerance["atol"]
            .as_f64()
            .with_context(|| format!("no tolerance of {name}"))?;
        let found = &dict
            .get(key)
            .with_context(|| format!("no weight {name}"))?
            .values;
        let every = if found.len() > SPARSE_ABOVE { 7 } else { 1 };
        let found: Vec<f64> = found
            .iter()
            .step_by(every)
            .map(|&value| f64::from(value))
            .collect();
        compare(&name, &found, &expected.values, atol)?;
    }
    Ok(())
}
