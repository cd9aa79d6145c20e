//! Whole training runs: losses of every step and the weights at the end.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::tensor::{Device, Int, Tensor};
use underpaint::family::Losses;
use underpaint::family::spade::{Spade, SpadeTrainConfig};
use underpaint::import::read_state_dict;
use underpaint::optimiser::AdamConfig;
use underpaint::trainer::schedule::TimeScale;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, read_tensors, strided};

use super::draws::{Draws, rows};
use super::loss::gan_mode;
use super::{discriminator_config, encoder_config, generator_config, ids, layout};
use crate::network::tensor;
use crate::schedule;

/// Elements above which the final weights are stored as every seventh.
const SPARSE_ABOVE: usize = 500;

/// Runs the steps of a fixture.
///
/// Where a value lies so close to a kink (of a leaky ReLU, say) that rounding decides on which side,
/// a run has two continuations, and the same PyTorch code takes one or the other with the number of
/// its threads. `branches` holds the continuation that a fixture of this kind lacks, made by
/// `tests/reference/spade.py`; either is right, at the fixture's own tolerances.
pub fn trace(fixture: &Fixture, device: &Device) -> Result<()> {
    let flags = super::flags(fixture)?;
    let mut run = Run::open(fixture, &flags, device)?;
    for number in 0..flags.count("steps")? {
        run.step(fixture, &flags, number, device)?;
    }
    let Err(error) = run.check(fixture, &Expected::of(fixture)?) else {
        return Ok(());
    };
    match Expected::on_the_other_branch(fixture)? {
        None => Err(error),
        Some(other) => run
            .check(fixture, &other)
            .with_context(|| format!("neither branch: {error:#}; the other one")),
    }
}

/// What a run should give.
struct Expected {
    /// Outputs by name, and final weights as `final/network/key`.
    tensors: BTreeMap<String, Golden>,
}

impl Expected {
    fn of(fixture: &Fixture) -> Result<Self> {
        let mut tensors: BTreeMap<String, Golden> =
            fixture.tensors("io.safetensors")?.into_iter().collect();
        for (name, golden) in fixture.tensors(fixture.text("final_file")?)? {
            tensors.insert(format!("final/{name}"), golden);
        }
        Ok(Self { tensors })
    }

    fn on_the_other_branch(fixture: &Fixture) -> Result<Option<Self>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity/spade/branches");
        let file = folder.join(format!("{}.safetensors", fixture.name));
        if !file.is_file() {
            return Ok(None);
        }
        let mut expected = Self::of(fixture)?;
        expected.tensors.extend(read_tensors(&file)?);
        Ok(Some(expected))
    }

    fn tensor(&self, name: &str) -> Result<&Golden> {
        self.tensors
            .get(name)
            .with_context(|| format!("no tensor {name}"))
    }
}

struct Run {
    family: Spade,
    /// Learning rates of both sides in every step so far.
    rates: Vec<Vec<f64>>,
    losses: Vec<Losses>,
    discriminator_steps: usize,
    /// The picture of the generator's last update.
    fake: Option<Tensor<4>>,
    draws: Option<Draws>,
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
            losses: Vec::new(),
            discriminator_steps: flags.count_or("D_steps_per_G", 1)?,
            fake: None,
            draws: Draws::open(fixture, flags)?,
        })
    }

    fn step(
        &mut self,
        fixture: &Fixture,
        flags: &Flags<'_>,
        number: usize,
        device: &Device,
    ) -> Result<()> {
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
            .draws
            .as_ref()
            .map(|draws| draws.of_step(number, &training));
        let rate = learning_rate(fixture, flags, number)?;
        self.rates.push(self.family.learning_rates(rate).to_vec());
        let step = self
            .family
            .step_tensors(segmentation, real, noise, rate, number as u64 + 1)?;
        if number.is_multiple_of(self.discriminator_steps) {
            self.fake = Some(step.fake);
        }
        self.losses.push(step.losses);
        Ok(())
    }

    fn check(&self, fixture: &Fixture, expected: &Expected) -> Result<()> {
        check_losses(fixture, &self.losses, expected.tensor("losses")?)?;
        for name in fixture.tensor_names("output") {
            let golden = expected.tensor(&name)?;
            match name.as_str() {
                "losses" => {}
                "lr" => {
                    let found: Vec<f64> = self.rates.concat();
                    compare("lr", &found, &golden.values, fixture.tolerance("lr")?)?;
                }
                _ => self.check_generated(fixture, &name, golden)?,
            }
        }
        self.check_final(fixture, expected)
    }

    fn check_generated(&self, fixture: &Fixture, name: &str, expected: &Golden) -> Result<()> {
        let stride = match name.strip_prefix("generated_last") {
            Some("") => 1,
            Some(rest) => rest
                .trim_start_matches("_stride")
                .parse()
                .context(name.to_owned())?,
            None => bail!("tensor {name} is not known to this harness"),
        };
        let fake = self.fake.clone().context("nothing was generated")?;
        let fake = fake.narrow(0, 0, expected.shape[0]);
        let values: Vec<f64> = fake.to_data().iter::<f64>().collect();
        let found = strided(&values, &fake.dims(), stride);
        compare(name, &found, &expected.values, fixture.tolerance(name)?)
    }

    fn check_final(&self, fixture: &Fixture, expected: &Expected) -> Result<()> {
        let generator = state_dict(self.family.generator());
        let discriminator = state_dict(self.family.discriminator());
        let encoder = self.family.encoder().map(state_dict);
        let finals = expected.tensors.iter();
        let finals =
            finals.filter_map(|(name, golden)| Some((name.strip_prefix("final/")?, golden)));
        for (name, golden) in finals {
            let (network, key) = name.split_once('/').with_context(|| name.to_owned())?;
            let dict = match network {
                "G" => Some(&generator),
                "D" => Some(&discriminator),
                "E" => encoder.as_ref(),
                _ => None,
            };
            let dict = dict.with_context(|| format!("network {network}: not in this run"))?;
            if !key.ends_with("num_batches_tracked") {
                check_weight(fixture, name, dict, key, golden)?;
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
    compare(name, &found.collect::<Vec<_>>(), &expected.values, atol)
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
        time_scale: TimeScale::from_ttur(ttur),
        adam: AdamConfig {
            beta1: flags.number_or("beta1", betas[0])?,
            beta2: flags.number_or("beta2", betas[1])?,
        },
        ..SpadeTrainConfig::default()
    })
}

/// The schedule's learning rate in a step: that which the stored rate of the generator comes from.
fn learning_rate(fixture: &Fixture, flags: &Flags<'_>, number: usize) -> Result<f64> {
    let own = schedule::rates_of_steps(flags, flags.count("steps")?, schedule::decay)?;
    if let Some(own) = own {
        // What comes of it for either network is compared with the stored rates.
        return Ok(own[number]);
    }
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

fn check_losses(fixture: &Fixture, losses: &[Losses], expected: &Golden) -> Result<()> {
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
fn loss(losses: &Losses, name: &str) -> f64 {
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
