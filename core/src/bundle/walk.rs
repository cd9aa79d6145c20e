//! Latents made of latents: on the way from one to another, and near one.

use super::{Manifest, ModelConfig};
use crate::pgan::noise_numbers;
use crate::{Error, Result};

/// Below this sine of the angle between two latents a straight line is as good as an arc, and safer.
const SMALLEST_SINE: f64 = 1e-6;

impl Manifest {
    /// The latent on the way from one to another: at 0 the first, at 1 the second, both to the bit.
    ///
    /// Styles of SPADE lie on the straight line between the two. Random numbers of a Progressive GAN,
    /// whose first layer looks at their direction only, turn evenly from one direction to the other
    /// (along the great circle), their length changing evenly; a straight line would hurry through its
    /// middle and pass where no latent is drawn. The one-hot part of class-conditional models goes
    /// straight.
    ///
    /// # Shapes
    ///
    /// - `from`, `to`: `[latent_channels]`
    /// - `share`: 0 to 1
    /// - result: `[latent_channels]`
    ///
    /// # Errors
    ///
    /// [`Error::Input`] for a model without latents, latents of another length, and a share that is not
    /// from 0 to 1.
    ///
    /// Source: Shoemake 1985, "Animating rotation with quaternion curves", section 3.3; spec 5.2.
    pub fn latent_between(&self, from: &[f32], to: &[f32], share: f32) -> Result<Vec<f32>> {
        self.check_latent("between", from)?;
        self.check_latent("between", to)?;
        check_share("between", share)?;
        if share == 0.0 || share == 1.0 {
            return Ok(if share == 0.0 { from } else { to }.to_vec());
        }
        let share = f64::from(share);
        let random = match &self.model {
            ModelConfig::Pgan { .. } => from.len() - self.model.latent_classes(),
            _ => 0,
        };
        let [from, to] = [from, to].map(|latent| latent.split_at(random));
        let mut latent = on_the_arc(from.0, to.0, share);
        latent.extend(on_the_line(from.1, to.1, share));
        Ok(latent)
    }

    /// A neighbour of a latent: `sqrt(1 - step²)` of it, and `step` of the noise that the seed draws.
    /// Neighbours of latents from N(0, 1) are from N(0, 1) again; at 0 it is the latent itself, at 1 the
    /// latent of the seed. The classes of class-conditional models stay.
    ///
    /// # Shapes
    ///
    /// - `latent`: `[latent_channels]`
    /// - `step`: 0 to 1
    /// - result: `[latent_channels]`
    ///
    /// # Errors
    ///
    /// As [`latent_between`](Self::latent_between).
    pub fn latent_near(&self, latent: &[f32], seed: u64, step: f32) -> Result<Vec<f32>> {
        self.check_latent("near", latent)?;
        check_share("near", step)?;
        let random = latent.len() - self.model.latent_classes();
        let step = f64::from(step);
        let kept = (1.0 - step * step).max(0.0).sqrt();
        let (numbers, classes) = latent.split_at(random);
        let noise = noise_numbers(1, random, seed);
        let moved = numbers.iter().zip(noise).map(|(&number, noise)| {
            let moved = kept * f64::from(number) + step * f64::from(noise);
            moved as f32
        });
        Ok(moved.chain(classes.iter().copied()).collect())
    }

    /// Checks that numbers are a latent of this model.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model has no latents, or `latent` another length or what is no number;
    /// `what` is named.
    pub fn check_latent(&self, what: &str, latent: &[f32]) -> Result<()> {
        let Some(expected) = self.model.latent_channels() else {
            return Err(Error::Input(format!("{what}: this model has no latents")));
        };
        if latent.len() != expected {
            let found = latent.len();
            return Err(Error::Input(format!(
                "{what}: expected a latent of {expected} numbers, found {found}"
            )));
        }
        match latent.iter().find(|number| !number.is_finite()) {
            None => Ok(()),
            Some(number) => Err(Error::Input(format!(
                "{what}: expected a latent of numbers, found {number}"
            ))),
        }
    }
}

fn check_share(what: &str, share: f32) -> Result<()> {
    if (0.0..=1.0).contains(&share) {
        return Ok(());
    }
    Err(Error::Input(format!(
        "{what}: expected a share from 0 to 1, found {share}"
    )))
}

fn on_the_line(from: &[f32], to: &[f32], share: f64) -> Vec<f32> {
    let pairs = from.iter().zip(to);
    let value = |(&from, &to): (&f32, &f32)| {
        ((1.0 - share) * f64::from(from) + share * f64::from(to)) as f32
    };
    pairs.map(value).collect()
}

fn on_the_arc(from: &[f32], to: &[f32], share: f64) -> Vec<f32> {
    let dot = |one: &[f32], other: &[f32]| -> f64 {
        let pairs = one.iter().zip(other);
        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let lengths = [dot(from, from).sqrt(), dot(to, to).sqrt()];
    let cosine = dot(from, to) / (lengths[0] * lengths[1]);
    // No direction at all gives NaN here.
    let angle = cosine.clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    // Also for opposite ones, between which there is no shortest arc.
    if sine.is_nan() || sine < SMALLEST_SINE {
        return on_the_line(from, to, share);
    }
    let length = (1.0 - share) * lengths[0] + share * lengths[1];
    let part = |share: f64, of: f64| length * (share * angle).sin() / (sine * of);
    let (first, second) = (part(1.0 - share, lengths[0]), part(share, lengths[1]));
    let pairs = from.iter().zip(to);
    pairs
        .map(|(&from, &to)| (first * f64::from(from) + second * f64::from(to)) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::tests::manifest_of;
    use crate::bundle::{InputKind, LatentAttribute};
    use crate::pgan;

    /// Latents of three random numbers and two classes.
    fn growing() -> Manifest {
        let input = InputKind::Latent {
            channels: 5,
            attributes: vec![LatentAttribute::numbered(2)],
        };
        Manifest {
            model: ModelConfig::Pgan {
                generator: pgan::GeneratorConfig {
                    latent_dim: 3,
                    category_dim: 2,
                    ..pgan::GeneratorConfig::default()
                },
            },
            ..manifest_of(crate::pix2pix::GeneratorConfig::default(), input)
        }
    }

    #[test]
    fn a_growing_model_turns_evenly_and_its_classes_go_straight() {
        let manifest = growing();
        let (from, to) = ([2.0, 0.0, 0.0, 1.0, 0.0], [0.0, 4.0, 0.0, 0.0, 1.0]);
        let at = |share| {
            manifest
                .latent_between(&from, &to, share)
                .expect("two latents")
        };
        assert_eq!([at(0.0), at(1.0)], [from, to]);
        let third = at(1.0 / 3.0);
        // A third of a right angle; a third of the way from 2 to 4.
        let length = 2.0 + 2.0 / 3.0;
        let expected = [
            length * 0.75f32.sqrt(),
            length * 0.5,
            0.0,
            2.0 / 3.0,
            1.0 / 3.0,
        ];
        for (found, expected) in third.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{third:?}");
        }
        // Opposite ones have no shortest arc, and nothing has no direction.
        let back = [-2.0, 0.0, 0.0, 1.0, 0.0];
        for other in [back, [0.0, 0.0, 0.0, 1.0, 0.0], from] {
            let half = manifest.latent_between(&from, &other, 0.5);
            assert!(half.expect("numbers").iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn neighbours_lie_between_a_latent_and_that_of_the_seed() {
        let manifest = growing();
        let classes = [Some(1)];
        let latent = manifest.draw_latents(1, 3, &classes);
        let near = |step| manifest.latent_near(&latent, 8, step).expect("a latent");
        assert_eq!(near(0.0), latent);
        assert_eq!(near(1.0), manifest.draw_latents(1, 8, &classes));
        let moved = near(0.6);
        let other = manifest.draw_latents(1, 8, &classes);
        for place in 0..3 {
            let expected = 0.8 * latent[place] + 0.6 * other[place];
            assert!((moved[place] - expected).abs() < 1e-6);
        }
        assert_eq!(moved[3..], latent[3..]);
    }

    #[test]
    fn what_is_no_latent_of_the_model_is_told() {
        let manifest = growing();
        let told = |from: &[f32], share| {
            let found = manifest.latent_between(from, &[0.0; 5], share);
            found.unwrap_err().to_string()
        };
        let length = told(&[0.0; 4], 0.5);
        assert!(length.contains("5 numbers, found 4"), "{length}");
        assert!(told(&[0.0; 5], 1.5).contains("from 0 to 1, found 1.5"));
        assert!(told(&[f32::NAN; 5], 0.5).contains("found NaN"));
        let input = InputKind::Image {
            channels: 3,
            value_range: [-1.0, 1.0],
            palette: Vec::new(),
        };
        let other = manifest_of(crate::pix2pix::GeneratorConfig::default(), input);
        let none = other.latent_near(&[0.0], 1, 0.5).unwrap_err().to_string();
        assert!(none.contains("has no latents"), "{none}");
    }
}
