//! Whole training runs: losses of every step, the weights at the end, and what they generate.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor};
use underpaint::family::Moment;
use underpaint::family::pix2pixhd::{
    Batch, FeatureRegions, Features, Pix2pixHd, Pix2pixHdTrainConfig,
};
use underpaint::import::read_state_dict;
use underpaint::optimiser::AdamConfig;
use underpaint_core::label::Instances;
use underpaint_core::pix2pixhd::generator_input;
use underpaint_core::state_dict::{StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare, strided};

use super::losses::{feature_matching_weight, gan_mode};
use super::pass::{TRAINING, mode};
use super::{
    condition_config, discriminator_config, encoder_config, flags, generator_config, input,
    instances, stored_instances,
};
use crate::network::tensor;
use crate::schedule;
use crate::trace::{check_final, rows};

/// Columns of the losses.
const COLUMNS: [&str; 4] = ["G_GAN", "G_GAN_Feat", "D_real", "D_fake"];

/// Runs the steps of a fixture.
pub fn trace(fixture: &Fixture, device: &Device) -> Result<()> {
    if fixture.name.contains("stale") || flags(fixture)?.switch("stale") {
        // What the original does after `niter_fix_global`, which is not to be matched (spec B-23).
        return Ok(());
    }
    let run = Run::open(fixture)?;
    let mut family = run.family(device)?;
    let (mut losses, mut networks) = (Vec::new(), Vec::new());
    for number in 0..run.flags.count("steps")? {
        if run.switches_at(number)? {
            networks.extend(states(&family, "_at_switch"));
        }
        let batch = run.batch(number, device)?;
        losses.push(family.step_tensors(batch, run.moment(number)?)?.losses);
    }
    run.check_losses(&losses)?;
    networks.extend(states(&family, ""));
    check_final(fixture, &networks)?;
    for name in fixture.tensor_names("output") {
        match name.as_str() {
            "losses" | "lr" | "epoch" => {}
            _ if name.contains("stale") => {}
            _ if name.starts_with("fake_after") => run.check_fake(&name, &family, device)?,
            _ => bail!("tensor {name} is not known to this harness"),
        }
    }
    Ok(())
}

/// The weights of all networks, by their names in a fixture and what is added to those.
fn states(family: &Pix2pixHd, added: &str) -> Vec<(String, StateDict)> {
    let encoder = family.encoder().map(|encoder| ("E", state_dict(encoder)));
    let networks = [
        ("G", state_dict(family.generator())),
        ("D", state_dict(family.discriminator())),
    ];
    let all = networks.into_iter().chain(encoder);
    all.map(|(name, dict)| (format!("{name}{added}"), dict))
        .collect()
}

/// A fixture and what its runs learn from.
struct Run<'a> {
    fixture: &'a Fixture,
    flags: Flags<'a>,
    label: Golden,
    image: Golden,
    instances: Option<Golden>,
    /// One for every step.
    rates: Vec<f64>,
}

impl<'a> Run<'a> {
    fn open(fixture: &'a Fixture) -> Result<Self> {
        let flags = flags(fixture)?;
        Ok(Self {
            label: fixture.tensor("label")?,
            image: fixture.tensor("image")?,
            instances: stored_instances(fixture)?,
            rates: rates(fixture, &flags)?,
            fixture,
            flags,
        })
    }

    fn config(&self) -> Result<Pix2pixHdTrainConfig> {
        let flags = &self.flags;
        let condition = condition_config(flags)?;
        Ok(Pix2pixHdTrainConfig {
            condition,
            generator: generator_config(flags)?,
            discriminator: discriminator_config(flags)?,
            encoder: match condition.feature_channels {
                0 => None,
                _ => Some(encoder_config(flags)?),
            },
            feature_regions: self.regions(),
            gan_mode: gan_mode(flags),
            feature_matching_weight: feature_matching_weight(flags)?,
            epochs_coarse_fixed: flags.count_or("niter_fix_global", 0)? as u64,
            pool_size: flags.count_or("pool_size", 0)?,
            adam: AdamConfig {
                beta1: flags.number_or("beta1", 0.5)?,
                beta2: 0.999,
            },
            ..Pix2pixHdTrainConfig::default()
        })
    }

    fn regions(&self) -> FeatureRegions {
        match self.flags.switch("label_feat") {
            true => FeatureRegions::Labels,
            false => FeatureRegions::Instances,
        }
    }

    fn family(&self, device: &Device) -> Result<Pix2pixHd> {
        let config = self.config()?;
        let shown = self.flags.count("steps")? * self.batch_size()?;
        ensure!(
            config.pool_size == 0 || shown <= config.pool_size,
            "a pool that fills in a run, with draws of its own, is not known to this harness"
        );
        let weights = |network: &str| read_state_dict(&self.fixture.weight_file(network)?);
        let encoder = match config.encoder {
            Some(_) => Some(weights("E")?),
            None => None,
        };
        let mut family = Pix2pixHd::new(config, device)?;
        family.load_weights(&weights("G")?, &weights("D")?, encoder.as_ref())?;
        Ok(family)
    }

    fn batch_size(&self) -> Result<usize> {
        self.flags.count_or("batchSize", 1)
    }

    fn batch(&self, number: usize, device: &Device) -> Result<Batch> {
        let size = self.batch_size()?;
        self.rows(number * size, size, &device.clone().autodiff())
    }

    /// Samples from `first` on.
    fn rows(&self, first: usize, count: usize, device: &Device) -> Result<Batch> {
        let config = self.config()?;
        let label = rows(&self.label, first, count);
        let stored = self.instances.as_ref();
        let map = stored.map(|all| instances(&rows(all, first, count), device));
        let map = map.transpose()?;
        let condition = config.condition.encode(
            input(&config.condition, &label, device)?,
            map.as_ref().map(Instances::numbers),
        )?;
        let features = match (config.encoder, config.feature_regions) {
            (None, _) => Features::None,
            (Some(_), FeatureRegions::Labels) => Features::Encoded(instances(&label, device)?),
            (Some(_), FeatureRegions::Instances) => {
                Features::Encoded(map.context("features without instances")?)
            }
        };
        let real = tensor(&rows(&self.image, first, count), device);
        Ok(Batch {
            condition,
            features,
            real,
        })
    }

    fn moment(&self, number: usize) -> Result<Moment> {
        Ok(Moment {
            step: number as u64 + 1,
            epoch: (number / self.steps_per_epoch()?) as u64 + 1,
            learning_rate: self.rates[number],
        })
    }

    fn steps_per_epoch(&self) -> Result<usize> {
        let rows = self.label.shape[0] / self.batch_size()?;
        self.flags.count_or("steps_per_epoch", rows.max(1))
    }

    /// Whether the weights before step `number` are stored as those with which the epochs of
    /// `niter_fix_global` end.
    fn switches_at(&self, number: usize) -> Result<bool> {
        let fixed = self.flags.count_or("niter_fix_global", 0)?;
        let switch = fixed * self.steps_per_epoch()?;
        Ok(self.flags.switch("save_switch") && fixed > 0 && number == switch)
    }

    fn check_losses(&self, losses: &[Vec<(&'static str, f64)>]) -> Result<()> {
        let expected = self.fixture.tensor("losses")?;
        ensure!(
            expected.shape == [losses.len(), COLUMNS.len()],
            "losses of shape {:?}",
            expected.shape
        );
        let tolerance = &self.fixture.entry("tolerance")["losses"]["atol_per_step"];
        for (number, row) in expected.values.chunks(COLUMNS.len()).enumerate() {
            let found = COLUMNS.map(|column| {
                let found = losses[number].iter().find(|(name, _)| *name == column);
                // Losses that are left out are stored as 0.
                found.map_or(0.0, |(_, value)| *value)
            });
            let atol = tolerance[number].as_f64();
            let atol = atol.map_or_else(|| self.fixture.tolerance("losses"), Ok)?;
            compare(&format!("losses of step {}", number + 1), &found, row, atol)?;
        }
        Ok(())
    }

    /// What the trained generator makes of the first sample.
    fn check_fake(&self, name: &str, family: &Pix2pixHd, device: &Device) -> Result<()> {
        let batch = self.rows(0, 1, &device.clone().autodiff())?;
        let mode = mode(TRAINING)?;
        let features = match (&batch.features, family.encoder()) {
            (Features::Encoded(regions), Some(encoder)) => {
                Some(encoder.forward(batch.real, regions, mode))
            }
            _ => None,
        };
        let input = generator_input(batch.condition, features);
        let fake: Tensor<4> = family.generator().forward(input, mode);
        let stride = match name.strip_prefix("fake_after") {
            Some("") => 1,
            rest => {
                let stride = rest.and_then(|rest| rest.strip_prefix("_stride"));
                let stride = stride.with_context(|| format!("tensor {name} is not known"))?;
                stride.parse().context("stride")?
            }
        };
        let values: Vec<f64> = fake.to_data().iter::<f64>().collect();
        let found = strided(&values, &fake.dims(), stride);
        let expected = self.fixture.tensor(name)?.values;
        compare(name, &found, &expected, self.fixture.tolerance(name)?)
    }
}

/// Learning rate of every step, which both networks share: our own schedule's, which the stored one
/// must equal; without a schedule the stored one, or the flag.
fn rates(fixture: &Fixture, flags: &Flags<'_>) -> Result<Vec<f64>> {
    let (steps, flag) = (flags.count("steps")?, flags.number_or("lr", 2e-4)?);
    let own = schedule::rates_of_steps(flags, steps, schedule::decay)?;
    let outputs = fixture.tensor_names("output");
    if !outputs.iter().any(|name| name == "lr") {
        return Ok(own.unwrap_or_else(|| vec![flag; steps]));
    }
    let stored = fixture.tensor("lr")?;
    ensure!(
        stored.shape == [steps, 2],
        "learning rates of shape {:?}",
        stored.shape
    );
    if let Some(own) = own {
        let both: Vec<f64> = own.iter().flat_map(|&rate| [rate, rate]).collect();
        compare("lr", &both, &stored.values, fixture.tolerance("lr")?)?;
        return Ok(own);
    }
    let rate = |pair: &[f64]| {
        ensure!(pair[0] == pair[1], "two learning rates: {pair:?}");
        // Stored in f32: the flag is exact where the rate has not fallen yet.
        Ok(if (pair[0] / flag - 1.0).abs() < 1e-6 {
            flag
        } else {
            pair[0]
        })
    };
    stored.values.chunks(2).map(rate).collect()
}
