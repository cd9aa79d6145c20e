//! Whole training runs: losses of every step and the weights at the end.

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use underpaint::family::spade::{Noise, RateFactors, Spade, SpadeTrainConfig};
use underpaint::import::read_state_dict;
use underpaint::trainer::AdamConfig;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use super::loss::gan_mode;
use super::{discriminator_config, encoder_config, generator_config, ids, layout};
use crate::network::tensor;

/// Elements above which the final weights are stored as every seventh.
const SPARSE_ABOVE: usize = 500;
/// Inputs that every run has, or may have.
const INPUTS: [&str; 3] = ["label", "inst", "image"];

/// Runs the steps of a fixture.
pub fn trace(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let mut run = Run::open(fixture, &flags, device)?;
    let steps = flags.count("steps")?;
    let mut losses = Vec::new();
    for number in 0..steps {
        losses.push(run.step(fixture, &flags, number, device)?);
    }
    check_losses(fixture, &losses)?;
    for name in fixture.tensor_names("output") {
        match name.as_str() {
            "losses" => {}
            "lr" => {
                let found: Vec<f64> = run.rates.concat();
                let expected = fixture.tensor("lr")?.values;
                compare("lr", &found, &expected, fixture.tolerance("lr")?)?;
            }
            _ if name.starts_with("generated_last") => run.check_generated(fixture, &name)?,
            _ => bail!("tensor {name} is not known to this harness"),
        }
    }
    run.check_final(fixture)
}

struct Run {
    family: Spade,
    /// Learning rates of both sides in every step so far.
    rates: Vec<Vec<f64>>,
    discriminator_steps: usize,
    /// The picture of the generator's last update.
    fake: Option<Tensor<4>>,
    noise: Option<NoiseSource>,
}

impl Run {
    fn open(fixture: &Fixture, flags: &Flags<'_>, device: &Device) -> Result<Self> {
        let mut family = Spade::new(config(flags)?, device)?;
        let weights = |network: &str| read_state_dict(&fixture.weight_file(network)?);
        let encoder = match flags.switch("use_vae") {
            true => Some(weights("E")?),
            false => None,
        };
        family.load_weights(&weights("G")?, &weights("D")?, encoder.as_ref())?;
        Ok(Self {
            family,
            rates: Vec::new(),
            discriminator_steps: flags.count_or("D_steps_per_G", 1)?,
            fake: None,
            noise: NoiseSource::open(fixture, flags)?,
        })
    }

    fn step(
        &mut self,
        fixture: &Fixture,
        flags: &Flags<'_>,
        number: usize,
        device: &Device,
    ) -> Result<Vec<(&'static str, f64)>> {
        let training = device.clone().autodiff();
        let batch = flags.count_or("batchSize", 1)?;
        let input = |name: &str| -> Result<Golden> {
            Ok(rows(&fixture.tensor(name)?, number * batch, batch))
        };
        let label_map = ids(&input("label")?, &training);
        let layout = layout(flags)?;
        let instances: Option<Tensor<4, Int>> = match layout.edges {
            true => Some(ids(&input("inst")?, &training)),
            false => None,
        };
        let segmentation = layout.encode(label_map, instances)?;
        let real = tensor(&input("image")?, &training);
        let noise = self
            .noise
            .as_ref()
            .map(|noise| noise.of_step(number, &training));
        let rate = learning_rate(fixture, flags, number)?;
        self.rates.push(self.family.learning_rates(rate).to_vec());
        let step = self
            .family
            .step_tensors(segmentation, real, noise, rate, number as u64 + 1);
        if number.is_multiple_of(self.discriminator_steps) {
            self.fake = Some(step.fake);
        }
        Ok(step.losses)
    }

    fn check_generated(&self, fixture: &Fixture, name: &str) -> Result<()> {
        let stride = match name.strip_prefix("generated_last") {
            Some("") => 1,
            Some(rest) => rest
                .trim_start_matches("_stride")
                .parse()
                .context(name.to_owned())?,
            None => bail!("tensor {name} is not known to this harness"),
        };
        let expected = fixture.tensor(name)?;
        let fake = self.fake.clone().context("nothing was generated")?;
        let fake = fake.narrow(0, 0, expected.shape[0]);
        let values: Vec<f64> = fake.to_data().iter::<f64>().collect();
        let found = strided(&values, &fake.dims(), stride);
        compare(name, &found, &expected.values, fixture.tolerance(name)?)
    }

    fn check_final(&self, fixture: &Fixture) -> Result<()> {
        let generator = state_dict(self.family.generator());
        let discriminator = state_dict(self.family.discriminator());
        let encoder = self.family.encoder().map(state_dict);
        for (name, expected) in fixture.tensors(fixture.text("final_file")?)? {
            let (network, key) = name.split_once('/').with_context(|| name.clone())?;
            let dict = match network {
                "G" => Some(&generator),
                "D" => Some(&discriminator),
                "E" => encoder.as_ref(),
                _ => None,
            };
            let dict = dict.with_context(|| format!("network {network}: not in this run"))?;
            if !key.ends_with("num_batches_tracked") {
                check_weight(fixture, &name, dict, key, &expected)?;
            }
        }
        Ok(())
    }
}

fn check_weight(
    fixture: &Fixture,
    name: &str,
    dict: &StateDict,
    key: &str,
    expected: &Golden,
) -> Result<()> {
    let tolerance = &fixture.entry("final_weight_tolerance")[name];
    // Its gradient is rounding noise only, which Adam turns into whole steps.
    if tolerance["skip"].as_bool() == Some(true) {
        return Ok(());
    }
    let atol = tolerance["atol"].as_f64();
    let atol = atol.with_context(|| format!("no tolerance of {name}"))?;
    let found = &dict
        .get(key)
        .with_context(|| format!("no weight {name}"))?
        .values;
    let every = if found.len() > SPARSE_ABOVE { 7 } else { 1 };
    let found = found.iter().step_by(every).map(|&value| f64::from(value));
    let found = found.collect::<Vec<_>>();
    compare(name, &found, &expected.values, atol)
}

fn config(flags: &Flags<'_>) -> Result<SpadeTrainConfig> {
    ensure!(
        flags.switch("no_vgg_loss"),
        "the perceptual loss in a run is not known to this harness"
    );
    let ttur = !flags.switch("no_TTUR");
    let betas = if ttur { [0.0, 0.9] } else { [0.5, 0.999] };
    Ok(SpadeTrainConfig {
        semantics: layout(flags)?,
        generator: generator_config(flags)?,
        discriminator: discriminator_config(flags)?,
        encoder: match flags.switch("use_vae") {
            true => Some(encoder_config(flags)?),
            false => None,
        },
        gan_mode: gan_mode(flags.text_or("gan_mode", "hinge")?)?,
        feature_matching_weight: match flags.switch("no_ganFeat_loss") {
            true => 0.0,
            false => flags.number_or("lambda_feat", 10.0)?,
        },
        divergence_weight: flags.number_or("lambda_kld", 0.05)?,
        discriminator_steps: flags.count_or("D_steps_per_G", 1)? as u64,
        rates: if ttur {
            RateFactors::TTUR
        } else {
            RateFactors::EQUAL
        },
        adam: AdamConfig {
            beta1: flags.number_or("beta1", betas[0])?,
            beta2: flags.number_or("beta2", betas[1])?,
        },
        ..SpadeTrainConfig::default()
    })
}

/// The schedule's learning rate in a step: that which the stored rate of the generator comes from.
fn learning_rate(fixture: &Fixture, flags: &Flags<'_>, number: usize) -> Result<f64> {
    if !fixture
        .tensor_names("output")
        .iter()
        .any(|name| name == "lr")
    {
        return flags.number_or("lr", 2e-4);
    }
    let stored = fixture.tensor("lr")?;
    let rate = stored
        .values
        .get(2 * number)
        .context("no learning rate of the step")?;
    // Stored in f32: the flag is exact where the rate has not fallen yet.
    let rate = if flags.switch("no_TTUR") {
        *rate
    } else {
        2.0 * rate
    };
    let flag = flags.number_or("lr", 2e-4)?;
    Ok(if (rate / flag - 1.0).abs() < 1e-6 {
        flag
    } else {
        rate
    })
}

/// A batch: rows from `first`, wrapping around.
fn rows(all: &Golden, first: usize, count: usize) -> Golden {
    let size: usize = all.shape[1..].iter().product();
    let values = all.values.iter().copied().cycle();
    let mut shape = all.shape.clone();
    let first = first % shape[0];
    shape[0] = count;
    Golden {
        values: values.skip(first * size).take(count * size).collect(),
        shape,
    }
}

fn check_losses(fixture: &Fixture, losses: &[Vec<(&'static str, f64)>]) -> Result<()> {
    let expected = fixture.tensor("losses")?;
    let names = columns(fixture)?;
    ensure!(
        expected.shape.last() == Some(&names.len()),
        "columns {names:?}"
    );
    for (number, row) in expected.values.chunks(names.len()).enumerate() {
        let found: Vec<f64> = names
            .iter()
            .map(|name| loss(&losses[number], name))
            .collect();
        let atol = fixture.entry("tolerance")["losses"]["atol_per_step"][number].as_f64();
        let atol = atol.map_or_else(|| fixture.tolerance("losses"), Ok)?;
        compare(&format!("losses of step {}", number + 1), &found, row, atol)?;
    }
    for (name, _) in &losses[0] {
        ensure!(
            names.iter().any(|column| column == name),
            "no column {name}"
        );
    }
    Ok(())
}

/// Losses that are left out are stored as 0.
fn loss(losses: &[(&'static str, f64)], name: &str) -> f64 {
    let found = losses.iter().find(|(found, _)| *found == name);
    found.map_or(0.0, |(_, value)| *value)
}

/// The columns of the losses, from their description: `… columns GAN, GAN_Feat, KLD (…), …`.
fn columns(fixture: &Fixture) -> Result<Vec<String>> {
    let text = fixture.entry("tensors")["losses"]["desc"]
        .as_str()
        .unwrap_or_default();
    let (_, list) = text
        .split_once("columns ")
        .context("no columns of the losses")?;
    let mut depth = 0;
    let plain = list.chars().filter(|&c| {
        depth += i32::from(c == '(');
        let inside = depth > 0;
        depth -= i32::from(c == ')');
        !inside
    });
    let plain: String = plain.collect();
    let column = |name: &str| {
        let name = name.split_whitespace().next().unwrap_or_default();
        match ["GAN", "GAN_Feat", "VGG", "KLD", "D_Fake", "D_real"].contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(anyhow!("column {name:?} is not known to this harness")),
        }
    };
    plain.split(',').map(column).collect()
}

/// The encoder's draws that a fixture holds: for every step those of the generator's picture, then
/// those of the discriminator's.
struct NoiseSource {
    values: [Vec<f64>; 2],
    shape: [usize; 2],
}

impl NoiseSource {
    fn open(fixture: &Fixture, flags: &Flags<'_>) -> Result<Option<Self>> {
        let mut names = fixture.tensor_names("input");
        names.retain(|name| !INPUTS.contains(&name.as_str()));
        if names.is_empty() {
            ensure!(
                !flags.switch("use_vae"),
                "a run with an encoder needs its draws"
            );
            return Ok(None);
        }
        let shape = [
            flags.count_or("batchSize", 1)?,
            flags.count_or("z_dim", 256)?,
        ];
        let (step, steps) = (shape[0] * shape[1], flags.count("steps")?);
        let side = |letter: &str| {
            let name = names.iter().find(|name| name.ends_with(letter));
            fixture
                .tensor(name.with_context(|| format!("inputs {names:?}: none ends in {letter}"))?)
        };
        let values = match names.as_slice() {
            [both] => {
                let all = fixture.tensor(both)?.values;
                ensure!(
                    all.len() == 2 * steps * step,
                    "{both}: {} values",
                    all.len()
                );
                let of = |first| {
                    all.chunks(step)
                        .skip(first)
                        .step_by(2)
                        .collect::<Vec<_>>()
                        .concat()
                };
                [of(0), of(1)]
            }
            [_, _] => [side("G")?.values, side("D")?.values],
            _ => bail!("inputs {names:?} are not known to this harness"),
        };
        for values in &values {
            ensure!(
                values.len() == steps * step,
                "{} draws for {steps} steps",
                values.len()
            );
        }
        Ok(Some(Self { values, shape }))
    }

    fn of_step(&self, number: usize, device: &Device) -> Noise {
        let count = self.shape[0] * self.shape[1];
        let [generator, discriminator] = [0, 1].map(|side: usize| {
            let values = &self.values[side][number * count..][..count];
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            Tensor::<2>::from_data(TensorData::new(values, self.shape), device)
        });
        Noise {
            generator,
            discriminator,
        }
    }
}
