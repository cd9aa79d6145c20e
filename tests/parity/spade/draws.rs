//! What the steps of a training run are given.

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint::family::spade::Noise;
use underpaint_tests::{Fixture, Flags, Golden};

/// Inputs that every run has, or may have.
const INPUTS: [&str; 3] = ["label", "inst", "image"];

/// A batch: rows from `first`, wrapping around.
pub fn rows(all: &Golden, first: usize, count: usize) -> Golden {
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

/// The encoder's draws that a fixture holds: for every step those of the generator's picture, then
/// those of the discriminator's.
pub struct Draws {
    values: [Vec<f64>; 2],
    shape: [usize; 2],
}

impl Draws {
    /// Those of a fixture with an encoder.
    pub fn open(fixture: &Fixture, flags: &Flags<'_>) -> Result<Option<Self>> {
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
            let name = names
                .iter()
                .find(|name| name.to_uppercase().ends_with(letter));
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

    /// Those of a step, counted from 0.
    pub fn of_step(&self, number: usize, device: &Device) -> Noise {
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
