//! The looks of the objects in a label map: chosen one by one, drawn from a seed, or read off a picture.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::FeatureClusters;

/// An object: the pixels with one label and one instance id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Its class.
    pub label: u16,
    /// Its id in the instance map; where there is none, the label again: every class is one object.
    pub instance: u16,
}

/// The features of objects, as many values each as the model has feature channels.
pub type ObjectFeatures = BTreeMap<ObjectKey, Vec<f32>>;

/// The object of every pixel.
fn keys<'a>(labels: &'a [u16], instances: Option<&'a [u16]>) -> impl Iterator<Item = ObjectKey> {
    let instances = instances.unwrap_or(labels);
    let pairs = labels.iter().zip(instances);
    pairs.map(|(&label, &instance)| ObjectKey { label, instance })
}

impl FeatureClusters {
    /// The typical feature that a seed draws for an object, all those of its label equally likely.
    /// Every object has a random stream of its own: what is drawn does not depend on what else is in
    /// the picture. `None` where its label has no typical features.
    pub fn drawn(&self, object: ObjectKey, seed: u64) -> Option<&[f32]> {
        let centres = self.centres.get(&u32::from(object.label))?;
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(u64::from(object.label) << 16 | u64::from(object.instance));
        // In 64 bits everywhere: a browser, which has 32, draws the same. Their bias is not to be seen.
        let place = stream.next_u64().checked_rem(centres.len() as u64)?;
        centres.get(place as usize).map(Vec::as_slice)
    }

    /// Paints every object with its feature: the chosen one, else the one that the seed draws, else 0
    /// (spec B-2).
    ///
    /// # Shapes
    ///
    /// - `labels`, `instances`: `[height, width]`, flattened, of one length
    /// - result: `[channels, height, width]`, flattened
    ///
    /// Source: pix2pixHD `sample_features` (spec 3.5); the original draws in the order of the ids.
    pub fn paint(
        &self,
        labels: &[u16],
        instances: Option<&[u16]>,
        channels: usize,
        seed: u64,
        chosen: &ObjectFeatures,
    ) -> Vec<f32> {
        let pixels = labels.len();
        let mut painted = vec![0.0; channels * pixels];
        let mut known: BTreeMap<ObjectKey, Option<&[f32]>> = BTreeMap::new();
        for (pixel, key) in keys(labels, instances).enumerate() {
            let feature = known.entry(key).or_insert_with(|| {
                let chosen = chosen.get(&key).map(Vec::as_slice);
                chosen.or_else(|| self.drawn(key, seed))
            });
            for (channel, &value) in feature.iter().copied().flatten().enumerate().take(channels) {
                painted[channel * pixels + pixel] = value;
            }
        }
        painted
    }
}

/// The mean feature of every object.
///
/// # Shapes
///
/// - `features`: `[channels, height, width]`, flattened, of every pixel
/// - `labels`, `instances`: `[height, width]`, flattened, of one length
///
/// Source: Wang et al. 2018 (<https://arxiv.org/abs/1711.11585>), section 3.4; spec 3.5.
pub fn object_features(
    features: &[f32],
    labels: &[u16],
    instances: Option<&[u16]>,
) -> ObjectFeatures {
    let pixels = labels.len();
    let channels = features.len().checked_div(pixels).unwrap_or(0);
    let mut sums: BTreeMap<ObjectKey, (usize, Vec<f64>)> = BTreeMap::new();
    for (pixel, key) in keys(labels, instances).enumerate() {
        let (count, sum) = sums.entry(key).or_insert_with(|| (0, vec![0.0; channels]));
        *count += 1;
        for (channel, sum) in sum.iter_mut().enumerate() {
            *sum += f64::from(features[channel * pixels + pixel]);
        }
    }
    let mean = |(key, (count, sum)): (ObjectKey, (usize, Vec<f64>))| {
        let mean = sum.into_iter().map(|sum| (sum / count as f64) as f32);
        (key, mean.collect())
    };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clusters() -> FeatureClusters {
        let centres = (0..4).map(|centre| vec![centre as f32, -1.0]).collect();
        FeatureClusters {
            centres: BTreeMap::from([(26, centres), (7, vec![vec![9.0, 8.0]])]),
        }
    }

    fn key(label: u16, instance: u16) -> ObjectKey {
        ObjectKey { label, instance }
    }

    #[test]
    fn objects_are_painted_as_chosen_as_drawn_or_with_nothing() {
        let labels = [7, 26, 26, 26, 3];
        let instances = [7, 1, 1, 2, 3];
        let chosen = ObjectFeatures::from([(key(26, 2), vec![0.5, 0.25])]);
        let clusters = clusters();
        let painted = clusters.paint(&labels, Some(&instances), 2, 5, &chosen);
        let drawn = clusters.drawn(key(26, 1), 5).expect("a label with centres");
        let first = drawn[0];
        assert_eq!(painted[..5], [9.0, first, first, 0.5, 0.0]);
        assert_eq!(painted[5..], [8.0, -1.0, -1.0, 0.25, 0.0]);
    }

    #[test]
    fn what_is_drawn_depends_on_seed_and_object_alone_and_never_changes() {
        let clusters = clusters();
        let alone = clusters.paint(&[26, 26], Some(&[4, 4]), 1, 5, &ObjectFeatures::new());
        let more = clusters.paint(&[7, 26, 26], Some(&[1, 2, 4]), 1, 5, &ObjectFeatures::new());
        assert_eq!(alone[0], more[2]);
        let draws = |seed| -> Vec<f32> {
            let draw = |instance| {
                clusters
                    .drawn(key(26, instance), seed)
                    .map_or(-1.0, |one| one[0])
            };
            (0..200).map(draw).collect()
        };
        assert_ne!(draws(1), draws(2));
        for centre in 0..4 {
            let count = draws(1)
                .iter()
                .filter(|&&drawn| drawn == centre as f32)
                .count();
            assert!((25..75).contains(&count), "{count} of centre {centre}");
        }
        // Links that share a seed would show something else.
        assert_eq!(draws(7)[..6], FIRST_DRAWS);
    }

    const FIRST_DRAWS: [f32; 6] = [0.0, 0.0, 0.0, 1.0, 2.0, 0.0];

    #[test]
    fn features_are_averaged_over_each_object() {
        let features = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0];
        let found = object_features(&features, &[1, 1, 2], None);
        let expected = [(key(1, 1), vec![2.0, 3.0]), (key(2, 2), vec![5.0, 6.0])];
        assert_eq!(found, ObjectFeatures::from(expected));
    }
}
