//! What a plan of a bundle is given, without a device: labels checked, latents drawn.

use super::{InputKind, LatentAttribute, Manifest};
use crate::label::{check_labels, edge_marks};
use crate::pgan::{draw_classes, noise_numbers, one_hot_numbers};
use crate::{Error, Result};

/// A label map as a generator reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenLabels {
    /// `[height, width]`, flattened: ids of one-hot channels.
    pub ids: Vec<u16>,
    /// `[height, width]`, flattened, 0 or 1: edges between instances, where the model marks those.
    pub edges: Option<Vec<u8>>,
}

impl Manifest {
    /// Checks a label map, and finds the edges between instances where the model marks those.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[height, width]`, flattened, in `0..num_classes`; 255 where the model has a channel
    ///   for pixels of no class
    /// - `instances`: `[height, width]`, flattened, any ids; edges between classes are marked where
    ///   there are none
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the model takes no label maps or a map is not of that size;
    /// [`Error::LabelRange`] for the first id that is no class.
    pub fn given_labels(
        &self,
        ids: &[u16],
        instances: Option<&[u16]>,
        height: usize,
        width: usize,
    ) -> Result<GivenLabels> {
        let Some(layout) = self.input.layout() else {
            let taken = match self.input {
                InputKind::Latent { .. } => "latents",
                _ => "pictures",
            };
            return Err(Error::Input(format!(
                "this model takes {taken}, found labels"
            )));
        };
        check_size("label map", ids.len(), 1, height, width)?;
        let ids: Vec<u16> = ids.iter().map(|&id| layout.label(id)).collect();
        check_labels(&ids, width, layout.num_labels())?;
        let instances = instances.unwrap_or(&ids);
        check_size("instance map", instances.len(), 1, height, width)?;
        let edges = layout.edges.then(|| edge_marks(instances, width));
        Ok(GivenLabels { ids, edges })
    }

    /// What a class-conditional generator can be asked for; none of another.
    pub fn attributes(&self) -> Vec<LatentAttribute> {
        let count = self.model.latent_classes();
        match &self.input {
            _ if count == 0 => Vec::new(),
            InputKind::Latent { attributes, .. } if !attributes.is_empty() => attributes.clone(),
            _ => vec![LatentAttribute::numbered(count)],
        }
    }

    /// Latents that a seed draws, N(0, 1), for these classes.
    ///
    /// # Shapes
    ///
    /// - `classes`: one of each attribute, as [`choose_classes`](super::choose_classes) finds them;
    ///   drawn where there is none
    /// - result: `[count, latent_channels]`, flattened; no channels for a model without latents
    ///
    /// # Panics
    ///
    /// If there are more or fewer entries than attributes, or an attribute has no such class.
    pub fn draw_latents(&self, count: usize, seed: u64, classes: &[Option<usize>]) -> Vec<f32> {
        let one_hot = self.model.latent_classes();
        let channels = self.model.latent_channels().unwrap_or(0) - one_hot;
        let noise = noise_numbers(count, channels, seed);
        if one_hot == 0 {
            return noise;
        }
        let attributes = self.attributes();
        assert_eq!(classes.len(), attributes.len(), "one of each attribute");
        let counts: Vec<usize> = attributes.iter().map(|one| one.classes.len()).collect();
        let mut rows = draw_classes(count, &counts, seed);
        for row in &mut rows {
            for (class, wanted) in row.iter_mut().zip(classes) {
                *class = wanted.unwrap_or(*class);
            }
        }
        let hot = one_hot_numbers(&rows, &counts);
        let rows = noise.chunks_exact(channels).zip(hot.chunks_exact(one_hot));
        rows.flat_map(|(noise, hot)| noise.iter().chain(hot).copied())
            .collect()
    }
}

/// The numbers of a style that is drawn from what SPADE's encoder says of a picture: [`reparameterize`]
/// with the noise of the seed.
///
/// # Shapes
///
/// - `mean`, `log_variance`: `[latent_channels]`
/// - result: likewise
///
/// [`reparameterize`]: crate::spade::reparameterize
pub fn draw_style(mean: &[f32], log_variance: &[f32], seed: u64) -> Vec<f32> {
    let noise = noise_numbers(1, mean.len(), seed);
    let pairs = mean.iter().zip(log_variance).zip(noise);
    pairs
        .map(|((mean, log_variance), noise)| mean + (log_variance * 0.5).exp() * noise)
        .collect()
}

/// Checks that a map has as many numbers as its size says.
pub(super) fn check_size(
    what: &str,
    found: usize,
    channels: usize,
    height: usize,
    width: usize,
) -> Result<()> {
    let expected = channels
        .checked_mul(height)
        .and_then(|values| values.checked_mul(width));
    match expected {
        Some(expected) if expected == found && found > 0 => Ok(()),
        _ => Err(Error::Input(format!(
            "{what}: expected {channels} * {height} * {width} values, at least one, found {found}"
        ))),
    }
}
