//! Latents of the pictures that are made: drawn from a seed, of a style picture, or on the way between
//! two.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use underpaint_core::bundle::{Runner, choose_classes};
use underpaint_core::spade::reparameterize;

use super::GenerateArgs;
use super::inputs::{planes, style_planes};

/// Latents by number, on the host.
#[derive(Debug)]
pub(super) struct Latents {
    /// `[count, channels]`, flattened.
    numbers: Vec<f32>,
    /// 0 for a model without latents.
    channels: usize,
}

impl Latents {
    /// How many there are; none for a model without latents.
    pub fn count(&self) -> Option<usize> {
        self.numbers.len().checked_div(self.channels)
    }

    /// Those of these numbers, `[numbers, channels]`; none for a model without latents.
    pub fn of(&self, numbers: &[usize], device: &Device) -> Option<Tensor<2>> {
        if self.channels == 0 {
            return None;
        }
        let rows = numbers.iter().flat_map(|number| {
            let start = number * self.channels;
            self.numbers[start..start + self.channels].iter().copied()
        });
        let shape = [numbers.len(), self.channels];
        let data = TensorData::new(rows.collect::<Vec<f32>>(), shape);
        Some(Tensor::from_data(data, device))
    }
}

impl GenerateArgs {
    /// The latents of all pictures of an input.
    pub(super) fn latents(&self, runner: &Runner) -> Result<Latents> {
        let channels = runner.model().latent_channels().unwrap_or(0);
        let numbers = match (&self.frames.between, &self.frames.interpolate) {
            _ if channels == 0 => Vec::new(),
            (Some(ends), _) => {
                let ends = ends.iter().map(|end| self.end(runner, end));
                self.frames
                    .way(runner, &ends.collect::<Result<Vec<_>>>()?)?
            }
            (None, Some(path)) => {
                let drawn = self.drawn(runner, path.last() + 1)?;
                let point = |&number: &usize| {
                    let start = number * channels;
                    drawn[start..start + channels].to_vec()
                };
                let points: Vec<Vec<f32>> = path.points().iter().map(point).collect();
                self.frames.way(runner, &points)?
            }
            (None, None) => self.drawn(runner, self.frames.sheet().unwrap_or(self.count))?,
        };
        Ok(Latents { numbers, channels })
    }

    /// `count` latents one after the other: of the style picture, or drawn.
    fn drawn(&self, runner: &Runner, count: usize) -> Result<Vec<f32>> {
        let (drawn, classes) = match &self.style {
            Some(path) => (self.styles(runner, path, count)?, Vec::new()),
            None => {
                let classes = choose_classes(runner.attributes(), &self.class)?;
                let drawn = runner.latents_of_classes(count, self.runner.seed, &classes);
                (drawn, classes)
            }
        };
        if self.walk.given().is_none() {
            return Ok(drawn.into_data().iter().collect());
        }
        let mut walked = Vec::new();
        for number in 0..count {
            let one = drawn.clone().narrow(0, number, 1);
            let one = self.walk.walked(runner, one, &classes)?;
            walked.extend(one.into_data().iter::<f32>());
        }
        Ok(walked)
    }

    /// `count` draws from what the encoder says of a picture, `[count, channels]`.
    fn styles(&self, runner: &Runner, path: &Path, count: usize) -> Result<Tensor<2>> {
        let picture = planes(runner, &style_planes(runner.output_channels(), path)?);
        let told = runner.style_distribution(picture);
        let (mean, log_variance) = told.with_context(|| format!("{}", path.display()))?;
        let noise = runner.draw_latents(count, self.runner.seed);
        Ok(reparameterize(
            mean.repeat_dim(0, count),
            log_variance.repeat_dim(0, count),
            noise,
        ))
    }

    /// The latent at one end of --between: of a picture, or of a seed.
    fn end(&self, runner: &Runner, end: &str) -> Result<Vec<f32>> {
        let path = Path::new(end);
        let latent = match end.parse::<u64>() {
            _ if path.is_file() => {
                if !runner.model().has_encoder() {
                    bail!(
                        "--between: this model has no encoder that reads a style from a picture: expected \
                         seeds, found {end}"
                    );
                }
                self.styles(runner, path, 1)?
            }
            Ok(seed) => {
                let classes = choose_classes(runner.attributes(), &self.class)?;
                runner.latents_of_classes(1, seed, &classes)
            }
            Err(_) => bail!("--between: expected a picture or a seed, found {end}"),
        };
        Ok(latent.into_data().iter().collect())
    }
}

/// Scale 0 makes 4×4, every further one twice that.
pub(in crate::command) fn scale_of_side(side: usize) -> Result<usize> {
    if side < 4 || !side.is_power_of_two() {
        bail!("--scale: expected 4, 8, 16, … pixels, found {side}");
    }
    Ok(side.ilog2() as usize - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_powers_of_two_from_four() {
        let scales = [4, 8, 128].map(|side| scale_of_side(side).expect("a side"));
        assert_eq!(scales, [0, 1, 5]);
        assert!(
            [0, 1, 2, 12]
                .iter()
                .all(|&side| scale_of_side(side).is_err())
        );
    }

    #[test]
    fn latents_are_taken_by_number() {
        let latents = Latents {
            numbers: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            channels: 2,
        };
        assert_eq!(latents.count(), Some(3));
        let taken = latents.of(&[2, 0], &Device::flex()).expect("latents");
        let taken: Vec<f32> = taken.into_data().iter().collect();
        assert_eq!(taken, [4.0, 5.0, 0.0, 1.0]);
        let none = Latents {
            numbers: Vec::new(),
            channels: 0,
        };
        assert!(none.count().is_none() && none.of(&[0], &Device::flex()).is_none());
    }
}
