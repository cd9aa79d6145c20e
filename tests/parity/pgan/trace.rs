//! Whole runs, over one or several scales.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use underpaint::family::pgan::{Draws, Pgan, PganTrainConfig};
use underpaint::import::read_state_dict;
use underpaint_core::pgan::{Generator, Growth, fade_real};
use underpaint_core::state_dict::{AuthorsKeys, StateDict, state_dict};
use underpaint_tests::{Fixture, Flags, Golden, compare};

use super::{NETWORK_FLAGS, counts, described, tensor, values};

const FLAGS: [&str; 6] = [
    "batch",
    "start_scale",
    "stage_steps",
    "iterAlphaJump",
    "alphaJumpVals",
    "lr",
];
/// The columns of the stored losses; a loss that a run has not counts 0.
const LOSSES: [&str; 5] = ["D_real", "D_fake", "D_gradient", "D_drift", "G_fake"];
/// Elements above which the final weights are stored as every seventh.
const SPARSE_ABOVE: usize = 500;

pub fn check(fixture: &Fixture, device: &Device) -> Result<()> {
    let known = [&NETWORK_FLAGS[..], &FLAGS[..]].concat();
    let flags = fixture.flags(&known)?;
    let mut run = Run::new(fixture, &flags, device)?;
    for (stage, steps) in counts(flags.value("stage_steps"))?.into_iter().enumerate() {
        if stage > 0 {
            run.grow(stage)?;
        }
        run.stage(stage, steps)?;
    }
    run.check()
}

struct Run<'a> {
    fixture: &'a Fixture,
    device: Device,
    pgan: Pgan,
    /// Iterations at which alpha changes and what it becomes, by scale.
    jumps: Vec<Vec<(usize, f64)>>,
    batch: usize,
    learning_rate: f64,
    latents: Golden,
    shares: Golden,
    /// Of every step.
    losses: Vec<Vec<f64>>,
    /// Of every step.
    alphas: Vec<f64>,
    /// Real pictures of the last stage's step 1, as the discriminator got them.
    blended: Vec<f64>,
}

impl<'a> Run<'a> {
    fn new(fixture: &'a Fixture, flags: &Flags<'_>, device: &Device) -> Result<Self> {
        let described = described(flags)?;
        let config = PganTrainConfig {
            growth: Growth {
                first_scale: flags.count_or("start_scale", 0)?,
                ..Growth::default()
            },
            criterion: described.criterion,
            penalty_weight: described.penalty_weight,
            drift_weight: described.drift_weight,
            real_penalty_weight: described.real_penalty_weight,
            generator: described.generator,
            discriminator: described.discriminator,
            ..PganTrainConfig::default()
        };
        let mut pgan = Pgan::new(config, device)?;
        let weights = |network: &str| read_state_dict(&fixture.weight_file(network)?);
        pgan.load_weights(&weights("G")?, &weights("D")?)?;
        Ok(Self {
            fixture,
            device: device.clone().autodiff(),
            pgan,
            jumps: jumps(flags)?,
            batch: flags.count("batch")?,
            learning_rate: flags.number_or("lr", 0.001)?,
            latents: fixture.tensor("z")?,
            shares: fixture.tensor("gp_epsilons")?,
            losses: Vec::new(),
            alphas: Vec::new(),
            blended: Vec::new(),
        })
    }

    /// Adds a scale with the stored weights; the others stay as they were trained.
    fn grow(&mut self, stage: usize) -> Result<()> {
        self.pgan.grow()?;
        let generator = self.with_new(self.pgan.generator(), &format!("Gnew_stage{stage}"))?;
        let discriminator =
            self.with_new(self.pgan.discriminator(), &format!("Dnew_stage{stage}"))?;
        self.pgan.load_weights(&generator, &discriminator)
    }

    fn with_new<M: AuthorsKeys>(&self, network: &M, file: &str) -> Result<StateDict> {
        let mut dict = state_dict(network);
        let new = read_state_dict(&self.new_layers(file)?)?;
        let scale = self.pgan.scale();
        let added = [
            format!("scaleLayers.{}.", scale - 1),
            format!("toRGBLayers.{scale}."),
            format!("fromRGBLayers.{scale}."),
        ];
        let added = |key: &str| added.iter().any(|prefix| key.starts_with(prefix));
        for key in dict.keys().filter(|key| added(key)) {
            ensure!(new.contains_key(key), "{file}: no {key}");
        }
        for (key, tensor) in new {
            let place = dict
                .get_mut(&key)
                .with_context(|| format!("{file}: {key} is not known to this harness"))?;
            if added(&key) {
                *place = tensor;
            }
        }
        Ok(dict)
    }

    fn new_layers(&self, name: &str) -> Result<PathBuf> {
        let named = self.fixture.weight_file(name);
        let named = named.or_else(|_| self.fixture.weight_file(&format!("init_{name}")));
        let guesses = ["pth", "safetensors"]
            .map(|ending| self.fixture.folder.join(format!("init_{name}.{ending}")));
        named.or_else(|error| {
            let found = guesses.into_iter().find(|path| path.is_file());
            found.ok_or(error)
        })
    }

    fn stage(&mut self, stage: usize, steps: usize) -> Result<()> {
        let real = self.fixture.tensor(&format!("real_stage{stage}"))?;
        let jumps = self.jumps.get(self.pgan.scale()).cloned();
        let jumps = jumps.unwrap_or_default();
        let mut alpha = self.alphas.last().copied().unwrap_or(0.0);
        for iteration in 0..steps {
            let jump = jumps.iter().find(|(at, _)| *at == iteration);
            alpha = jump.map_or(alpha, |(_, value)| *value);
            let batch = rows(&real, iteration * self.batch, self.batch);
            let batch = tensor(&batch, &self.device);
            if iteration == 1 {
                self.blended = values(fade_real(batch.clone(), alpha));
            }
            let draws = self.draws(self.alphas.len());
            let rate = self.learning_rate;
            let step = self.pgan.step_tensors(batch, None, draws, alpha, rate)?;
            let column = |name: &&str| {
                let found = step.losses.iter().find(|(known, _)| known == name);
                found.map_or(0.0, |(_, value)| *value)
            };
            self.losses.push(LOSSES.iter().map(column).collect());
            self.alphas.push(alpha);
        }
        Ok(())
    }

    /// The stored draws of a step.
    fn draws(&self, step: usize) -> Draws {
        let latents = |which| tensor(&entry(&self.latents, &[step, which]), &self.device);
        Draws {
            discriminator_latents: latents(0),
            generator_latents: latents(1),
            share: tensor(&entry(&self.shares, &[step]), &self.device),
        }
    }

    fn check(&self) -> Result<()> {
        for name in self.fixture.tensor_names("input") {
            let known = name.starts_with("real_stage") || name == "z" || name == "gp_epsilons";
            ensure!(known, "tensor {name} is not known to this harness");
        }
        for name in self.fixture.tensor_names("output") {
            match name.as_str() {
                "losses" => self.check_losses()?,
                "alpha" => self.compare(&name, &self.alphas)?,
                "real_blended_step1_last_stage" => self.compare(&name, &self.blended)?,
                "G_out_final" => self.compare(&name, &self.pictures(self.pgan.generator()))?,
                "avgG_out_final" => self.compare(&name, &self.pictures(self.pgan.average()))?,
                _ => bail!("tensor {name} is not known to this harness"),
            }
        }
        self.check_final()
    }

    fn compare(&self, name: &str, found: &[f64]) -> Result<()> {
        let expected = self.fixture.tensor(name)?.values;
        compare(name, found, &expected, self.fixture.tolerance(name)?)
    }

    fn check_losses(&self) -> Result<()> {
        let expected = self.fixture.tensor("losses")?;
        let rows = expected.values.chunks(LOSSES.len());
        ensure!(
            expected.shape == [self.losses.len(), LOSSES.len()],
            "losses of shape {:?} for {} steps",
            expected.shape,
            self.losses.len()
        );
        for (number, (found, expected)) in self.losses.iter().zip(rows).enumerate() {
            let per_step = &self.fixture.entry("tolerance")["losses"]["atol_per_step"];
            let atol = per_step[number].as_f64();
            let atol = atol.map_or_else(|| self.fixture.tolerance("losses"), Ok)?;
            let what = format!("losses of step {}", number + 1);
            compare(&what, found, expected, atol)?;
        }
        Ok(())
    }

    /// What a generator makes of the first latents of the run.
    fn pictures(&self, generator: &Generator) -> Vec<f64> {
        let latents = entry(&self.latents, &[0, 0]);
        let latents: Tensor<2> = tensor(&latents, &self.device.clone().without_autodiff());
        let alpha = self.alphas.last().copied().unwrap_or(0.0);
        values(generator.valid().forward(latents, alpha))
    }

    fn check_final(&self) -> Result<()> {
        let networks = [
            ("G", state_dict(self.pgan.generator())),
            ("D", state_dict(self.pgan.discriminator())),
            ("avgG", state_dict(self.pgan.average())),
        ];
        for (network, dict) in &networks {
            let count: usize = dict.values().map(|tensor| tensor.values.len()).sum();
            if let Some(expected) = self.fixture.expected_params(&format!("final_{network}")) {
                ensure!(
                    count == expected,
                    "{network}: expected {expected} parameters, found {count}"
                );
            }
        }
        let stored = self.fixture.tensors(self.fixture.text("final_file")?)?;
        for (name, expected) in stored {
            let (network, key) = name.split_once('/').with_context(|| name.clone())?;
            let dict = networks.iter().find(|(known, _)| *known == network);
            let (_, dict) =
                dict.with_context(|| format!("network {network} is not known to this harness"))?;
            let found = dict.get(key).with_context(|| format!("no weight {name}"))?;
            self.check_weight(&name, &found.values, &expected)?;
        }
        Ok(())
    }

    fn check_weight(&self, name: &str, found: &[f32], expected: &Golden) -> Result<()> {
        let tolerance = &self.fixture.entry("final_weight_tolerance")[name];
        // Its gradient is rounding noise only, which Adam turns into whole steps.
        if tolerance["skip"].as_bool() == Some(true) {
            return Ok(());
        }
        let atol = tolerance["atol"].as_f64();
        let atol = atol.with_context(|| format!("no tolerance of {name}"))?;
        let every = if found.len() > SPARSE_ABOVE { 7 } else { 1 };
        let found = found.iter().step_by(every);
        let found: Vec<f64> = found.map(|&value| f64::from(value)).collect();
        compare(name, &found, &expected.values, atol)
    }
}

fn jumps(flags: &Flags<'_>) -> Result<Vec<Vec<(usize, f64)>>> {
    let lists = |flag: &str| flags.value(flag).as_array().cloned().unwrap_or_default();
    let (iterations, alphas) = (lists("iterAlphaJump"), lists("alphaJumpVals"));
    ensure!(
        iterations.len() == alphas.len(),
        "iterAlphaJump and alphaJumpVals differ in length"
    );
    let scale = |(iterations, alphas): (&serde_json::Value, &serde_json::Value)| {
        let alphas = alphas.as_array().context("alphaJumpVals")?;
        let alphas = alphas.iter().map(|alpha| alpha.as_f64().context("alpha"));
        let iterations = counts(iterations)?.into_iter();
        iterations
            .zip(alphas)
            .map(|(iteration, alpha)| Ok((iteration, alpha?)))
            .collect()
    };
    iterations.iter().zip(&alphas).map(scale).collect()
}

/// A batch: rows from `first`, wrapping around.
fn rows(all: &Golden, first: usize, count: usize) -> Golden {
    let size: usize = all.shape[1..].iter().product();
    let start = first % all.shape[0];
    let values = all.values.iter().copied().cycle();
    let mut shape = all.shape.clone();
    shape[0] = count;
    Golden {
        shape,
        values: values.skip(start * size).take(count * size).collect(),
    }
}

/// `all[index[0], index[1], …]`.
fn entry(all: &Golden, index: &[usize]) -> Golden {
    let mut found = all.clone();
    for &index in index {
        let size: usize = found.shape[1..].iter().product();
        found.values = found.values[index * size..(index + 1) * size].to_vec();
        found.shape.remove(0);
    }
    found
}
