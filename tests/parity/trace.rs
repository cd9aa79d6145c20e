//! Whole training runs: losses of every step and the weights at the end.

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::tensor::{Device, Tensor};
use underpaint::family::pix2pix::{Pix2pix, Pix2pixConfig};
use underpaint::import::read_state_dict;
use underpaint::optimiser::AdamConfig;
use underpaint_core::layers::WeightInit;
use underpaint_core::loss::GanMode;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use crate::network::{discriminator_config, generator_config, tensor};
use crate::schedule;

const FLAGS: [&str; 31] = [
    "steps",
    "fakes",
    "batch_size",
    "input_nc",
    "output_nc",
    "direction",
    "ngf",
    "ndf",
    "netG",
    "netD",
    "n_layers_D",
    "norm",
    "use_dropout",
    "no_dropout",
    "gan_mode",
    "lambda_L1",
    "pool_size",
    "init_type",
    "init_gain",
    "lr",
    "beta1",
    "use_schedule",
    "steps_per_epoch",
    "lr_policy",
    "lr_decay_iters",
    "n_epochs",
    "n_epochs_decay",
    "niter",
    "niter_decay",
    "epoch_count",
    "fakes_stride",
];
/// Elements above which the final weights are stored as every seventh.
const SPARSE_ABOVE: usize = 500;

/// Runs the steps of a fixture.
///
/// Of a fixture with `BtoA` it is open whether its tensors `A` and `B` are the data set's halves or
/// what the direction has made of them, condition and target: the run must be right for one of both.
/// Which half is which in a data set is for other fixtures to say.
pub fn check(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = fixture.flags(&FLAGS)?;
    let mut problem = None;
    for pair in pairs(fixture, &flags)? {
        match run(fixture, &flags, &pair, device) {
            Ok(()) => return Ok(()),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    Err(problem.unwrap_or_else(|| anyhow!("A and B have other channels than the generator")))
}

/// The run on these conditions and targets.
fn run(fixture: &Fixture, flags: &Flags<'_>, pair: &[Golden; 2], device: &Device) -> Result<()> {
    let (steps, batch_size) = (flags.count("steps")?, flags.count_or("batch_size", 1)?);
    let config = config(flags)?;
    ensure!(
        config.pool_size == 0 || steps * batch_size <= config.pool_size,
        "a pool that fills in a run, with draws of its own, is not known to this harness"
    );
    let mut family = Pix2pix::new(config, device)?;
    let weights = |network: &str| read_state_dict(&fixture.weight_file(network)?);
    family.load_weights(&weights("G")?, &weights("D")?)?;
    let training = device.clone().autodiff();
    let (mut losses, mut fakes) = (Vec::new(), Vec::new());
    for (number, rate) in rates(fixture, flags, steps)?.into_iter().enumerate() {
        let batch = |all| tensor(&rows(all, number * batch_size, batch_size), &training);
        let [condition, real] = pair.each_ref().map(batch);
        let step = family.step_tensors(condition, real, rate, number as u64 + 1)?;
        let values = step.losses.iter().map(|(_, value)| *value);
        losses.push(values.collect::<Vec<_>>());
        fakes.push(step.fake);
    }
    check_losses(fixture, &losses)?;
    for name in fixture.tensor_names("output") {
        match name.as_str() {
            "losses" | "lr" => {}
            _ => check_fakes(fixture, &name, &fakes)?,
        }
    }
    let networks = [
        ("G", state_dict(family.generator())),
        ("D", state_dict(family.discriminator())),
    ];
    check_final(fixture, &networks)
}

/// Conditions and targets of all samples, in the orders that the direction allows and the channels of
/// what the generator takes and gives.
fn pairs(fixture: &Fixture, flags: &Flags<'_>) -> Result<Vec<[Golden; 2]>> {
    let (a, b) = (fixture.tensor("A")?, fixture.tensor("B")?);
    let mut pairs = match flags.text_or("direction", "AtoB")? {
        "AtoB" => vec![[a, b]],
        "BtoA" => vec![[b.clone(), a.clone()], [a, b]],
        other => bail!("direction {other}: not known to this harness"),
    };
    let channels = [flags.count("input_nc")?, flags.count("output_nc")?];
    pairs.retain(|pair| pair.each_ref().map(|all| all.shape[1]) == channels);
    Ok(pairs)
}

fn check_losses(fixture: &Fixture, losses: &[Vec<f64>]) -> Result<()> {
    let expected = fixture.tensor("losses")?;
    let columns = expected.shape.last().copied();
    let columns = columns.context("losses have no columns")?;
    ensure!(
        expected.values.len() == columns * losses.len(),
        "losses of shape {:?} for {} steps",
        expected.shape,
        losses.len()
    );
    let rows = expected.values.chunks(columns);
    for (number, (found, expected)) in losses.iter().zip(rows).enumerate() {
        let atol = fixture.entry("tolerance")["losses"]["atol_per_step"][number].as_f64();
        let atol = atol.map_or_else(|| fixture.tolerance("losses"), Ok)?;
        let what = format!("losses of step {}", number + 1);
        compare(&what, found, expected, atol)?;
    }
    Ok(())
}

fn config(flags: &Flags<'_>) -> Result<Pix2pixConfig> {
    ensure!(
        !flags.switch("use_dropout"),
        "a run with dropout draws masks that are not known to this harness"
    );
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
        pool_size: flags.count_or("pool_size", 0)?,
        adam: AdamConfig {
            beta1: flags.number_or("beta1", 0.5)?,
            beta2: 0.999,
        },
        init: WeightInit::default(),
        seed: 0,
    })
}

/// Learning rate of every step: our own schedule's, which the stored ones must equal; without a
/// schedule the stored ones, or the flag.
fn rates(fixture: &Fixture, flags: &Flags<'_>, steps: usize) -> Result<Vec<f64>> {
    let stored = fixture.tensor_names("output");
    let stored = match stored.iter().any(|name| name == "lr") {
        true => Some(fixture.tensor("lr")?.values),
        false => None,
    };
    if let Some(rates) = schedule::rates_of_steps(flags, steps, schedule::pix2pix)? {
        if let Some(stored) = stored {
            compare("lr", &rates, &stored, fixture.tolerance("lr")?)?;
        }
        return Ok(rates);
    }
    let rates = match stored {
        Some(stored) => stored,
        None => vec![flags.number_or("lr", 2e-4)?; steps],
    };
    ensure!(
        rates.len() == steps,
        "{} learning rates for {steps} steps",
        rates.len()
    );
    Ok(rates)
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

/// Pictures before each update: of all steps, or the first sample of the first or the last step.
fn check_fakes(fixture: &Fixture, name: &str, fakes: &[Tensor<4>]) -> Result<()> {
    let (what, stride) = match name.split_once("_stride") {
        Some((what, stride)) => (what, stride.parse().context("stride")?),
        None => (name, 1),
    };
    let first_sample = |fake: Option<&Tensor<4>>| -> Result<Vec<Tensor<4>>> {
        let fake = fake.context("no steps")?.clone();
        Ok(vec![fake.narrow(0, 0, 1)])
    };
    let fakes = match what {
        "fakes" => fakes.to_vec(),
        "fake_first" => first_sample(fakes.first())?,
        "fake_last" => first_sample(fakes.last())?,
        _ => bail!("tensor {name} is not known to this harness"),
    };
    let found = fakes.iter().flat_map(|fake| {
        let values: Vec<f64> = fake.to_data().iter::<f64>().collect();
        strided(&values, &fake.dims(), stride)
    });
    let (found, expected) = (found.collect::<Vec<_>>(), fixture.tensor(name)?);
    compare(name, &found, &expected.values, fixture.tolerance(name)?)
}

/// Compares the weights of networks, by their name in the fixture, with those that its final file
/// holds.
pub fn check_final<N: AsRef<str>>(fixture: &Fixture, networks: &[(N, StateDict)]) -> Result<()> {
    let tolerances = fixture.entry("final_weight_tolerance");
    for (name, expected) in fixture.tensors(fixture.text("final_file")?)? {
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let (network, key) = name.split_once('/').with_context(|| name.clone())?;
        let dict = networks.iter().find(|(known, _)| known.as_ref() == network);
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
