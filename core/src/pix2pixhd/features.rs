//! Features of instances, gathered over a data set, clustered, and drawn from again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kmeans::kmeans;
use crate::state_dict::{StateDict, StateTensor};
use crate::{Error, Result};

/// From this id on, an instance map holds `1000 * label + number` (Cityscapes).
const FIRST_NUMBERED_ID: u32 = 1000;
/// Regions count in parts of the picture of this size.
const BLOCKS: usize = 32;
/// Smaller regions are left out of the clusters: 1/64 of the picture.
const SMALLEST_RATIO: f32 = 0.5;
/// Prefix of a label's entry in a state dict.
const ENTRY: &str = "label_";

/// The feature of one instance in one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionFeature {
    /// As many values as the encoder has feature channels, in `[-1, 1]`.
    pub feature: Vec<f32>,
    /// Size of the instance in 32nds of the picture.
    pub ratio: f32,
}

/// Features of instances by label.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionFeatures {
    /// In the order in which the pictures came.
    pub by_label: BTreeMap<u32, Vec<RegionFeature>>,
}

/// Typical features of every label: what a picture is drawn with when no picture is encoded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeatureClusters {
    /// For every label its centres, at least one, all of one length.
    pub centres: BTreeMap<u32, Vec<Vec<f32>>>,
}

/// The label of an instance id.
fn label_of(id: u32) -> u32 {
    match id {
        0..FIRST_NUMBERED_ID => id,
        _ => id / FIRST_NUMBERED_ID,
    }
}

impl RegionFeatures {
    /// Adds the instances of one picture: the feature at the middle one of each instance's pixels.
    ///
    /// # Shapes
    ///
    /// - `features`: `[channels, height, width]`, flattened, averaged over instances
    /// - `instance_map`: `[height, width]`, flattened
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the features are not as many as the pixels.
    ///
    /// Source: pix2pixHD `encode_features` (spec 3.5).
    pub fn add(&mut self, features: &[f32], channels: usize, instance_map: &[u16]) -> Result<()> {
        let pixels = instance_map.len();
        if features.len() != channels * pixels {
            return Err(Error::Shape {
                what: "features of a picture".into(),
                expected: format!("{channels} times the {pixels} pixels of its instance map"),
                found: vec![features.len()],
            });
        }
        let mut regions: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (pixel, &id) in instance_map.iter().enumerate() {
            regions.entry(id).or_default().push(pixel);
        }
        let block = (pixels / BLOCKS).max(1);
        for (id, region) in regions {
            let middle = region[region.len() / 2];
            let value = |channel: usize| features[channel * pixels + middle];
            let rows = self.by_label.entry(label_of(id.into())).or_default();
            rows.push(RegionFeature {
                feature: (0..channels).map(value).collect(),
                ratio: region.len() as f32 / block as f32,
            });
        }
        Ok(())
    }

    /// Number of instances of all labels.
    pub fn len(&self) -> usize {
        self.by_label.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One tensor per label, `label_{id}`: `[instances, channels + 1]`, the sizes last, as the original's
    /// `features.npy` has them.
    pub fn to_state_dict(&self) -> StateDict {
        let entry = |(label, rows): (&u32, &Vec<RegionFeature>)| {
            let width = rows.first()?.feature.len() + 1;
            let row = |row: &RegionFeature| [row.feature.as_slice(), &[row.ratio]].concat();
            let tensor = StateTensor {
                shape: vec![rows.len(), width],
                values: rows.iter().flat_map(row).collect(),
            };
            Some((format!("{ENTRY}{label}"), tensor))
        };
        self.by_label.iter().filter_map(entry).collect()
    }

    /// Reads what [`to_state_dict`](Self::to_state_dict) gave.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] naming the first entry that holds no instances of `channels` features.
    pub fn from_state_dict(dict: &StateDict, channels: usize) -> Result<Self> {
        let mut all = Self::default();
        for (key, tensor) in dict {
            let label = key.strip_prefix(ENTRY).and_then(|id| id.parse().ok());
            let (Some(label), [_, width]) = (label, &tensor.shape[..]) else {
                return Err(Error::Weights(format!(
                    "features: expected keys like label_26 with two axes, found {key} of the shape {:?}",
                    tensor.shape
                )));
            };
            if *width != channels + 1 {
                return Err(Error::Weights(format!(
                    "features: {key}: expected {channels} features and a size, found {width} numbers"
                )));
            }
            let row = |row: &[f32]| RegionFeature {
                feature: row[..channels].to_vec(),
                ratio: row[channels],
            };
            let rows = tensor.values.chunks_exact(*width).map(row);
            all.by_label.insert(label, rows.collect());
        }
        Ok(all)
    }

    /// At most `count` typical features of every label (`n_clusters`; 10 in the original), of regions
    /// larger than 1/64 of their picture. The original's seed is 0.
    pub fn cluster(&self, count: usize, seed: u64) -> FeatureClusters {
        let centres = |(label, rows): (&u32, &Vec<RegionFeature>)| {
            let large = rows.iter().filter(|row| row.ratio > SMALLEST_RATIO);
            let rows: Vec<Vec<f32>> = large.map(|row| row.feature.clone()).collect();
            let centres = kmeans(&rows, count, seed);
            (!centres.is_empty()).then_some((*label, centres))
        };
        FeatureClusters {
            centres: self.by_label.iter().filter_map(centres).collect(),
        }
    }
}

impl FeatureClusters {
    /// Number of values of a feature; `None` where there are no clusters at all.
    pub fn channels(&self) -> Option<usize> {
        let centres = self.centres.values().find_map(|centres| centres.first());
        centres.map(Vec::len)
    }

    /// Paints every instance with a feature of its label, which `choose` chooses as the original does:
    /// it is asked once for every instance, in the order of the ids, with the number of centres of its
    /// label, and answers with the number of one of them. Where the label has none, which `choose` sees
    /// as 0, the answer does not count, and 0 is painted (spec B-2).
    ///
    /// # Shapes
    ///
    /// - `instance_map`: `[height, width]`, flattened
    /// - result: `[channels, height, width]`, flattened
    pub fn sample_with(
        &self,
        instance_map: &[u16],
        channels: usize,
        mut choose: impl FnMut(usize) -> usize,
    ) -> Vec<f32> {
        let mut ids = instance_map.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let chosen = |id: &u16| {
            let centres = self.centres.get(&label_of((*id).into()));
            let centres = centres.map_or(&[][..], Vec::as_slice);
            centres.get(choose(centres.len()))
        };
        let chosen: Vec<Option<&Vec<f32>>> = ids.iter().map(chosen).collect();
        let value = |channel: usize, id: u16| {
            let place = ids.partition_point(|other| *other < id);
            let feature = chosen[place].and_then(|feature| feature.get(channel));
            feature.copied().unwrap_or(0.0)
        };
        (0..channels)
            .flat_map(|channel| instance_map.iter().map(move |&id| (channel, id)))
            .map(|(channel, id)| value(channel, id))
            .collect()
    }

    /// Checks that every label with typical features has one at least, of `channels` numbers.
    ///
    /// # Errors
    ///
    /// What is wrong, naming the label.
    pub fn check(&self, channels: usize) -> std::result::Result<(), String> {
        for (label, centres) in &self.centres {
            let fits = |centre: &Vec<f32>| {
                centre.len() == channels && centre.iter().all(|value| value.is_finite())
            };
            if centres.is_empty() || !centres.iter().all(fits) {
                return Err(format!(
                    "label {label}: expected one feature at least, of {channels} numbers each"
                ));
            }
        }
        Ok(())
    }

    /// One tensor per label, `label_{id}`: `[centres, channels]`. What a file holds.
    pub fn to_state_dict(&self) -> StateDict {
        let entry = |(label, centres): (&u32, &Vec<Vec<f32>>)| {
            let tensor = StateTensor {
                shape: vec![centres.len(), centres[0].len()],
                values: centres.concat(),
            };
            (format!("{ENTRY}{label}"), tensor)
        };
        let filled = self
            .centres
            .iter()
            .filter(|(_, centres)| !centres.is_empty());
        filled.map(entry).collect()
    }

    /// Reads what [`to_state_dict`](Self::to_state_dict) gave.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] naming the first entry that holds no centres, or other ones than the rest.
    pub fn from_state_dict(dict: &StateDict) -> Result<Self> {
        let mut clusters = Self::default();
        for (key, tensor) in dict {
            let problem = |expected: &str| {
                let found = &tensor.shape;
                Error::Weights(format!(
                    "feature clusters: {key}: expected {expected}, found the shape {found:?}"
                ))
            };
            let label = key.strip_prefix(ENTRY).and_then(|id| id.parse().ok());
            let label = label.ok_or_else(|| problem("a key like label_26"))?;
            let [count, channels] = tensor.shape[..] else {
                return Err(problem("two axes"));
            };
            let known = clusters.channels().unwrap_or(channels);
            if count == 0 || channels == 0 || channels != known {
                return Err(problem(&format!("at least one centre of {known} values")));
            }
            let centres = tensor.values.chunks_exact(channels).map(<[f32]>::to_vec);
            clusters.centres.insert(label, centres.collect());
        }
        Ok(clusters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 8 by 8 pixels: label 7 on the left half, two cars on the right, and one pixel of label 3.
    fn instance_map() -> Vec<u16> {
        let id = |pixel: usize| match (pixel % 8, pixel / 8) {
            (7, 7) => 3,
            (0..4, _) => 7,
            (_, 0..5) => 26_000,
            _ => 26_001,
        };
        (0..64).map(id).collect()
    }

    /// Channel 0 is the pixel's number, channel 1 its negative.
    fn features() -> Vec<f32> {
        let first = (0..64).map(|pixel| pixel as f32);
        first.clone().chain(first.map(|value| -value)).collect()
    }

    fn gathered() -> RegionFeatures {
        let mut regions = RegionFeatures::default();
        let added = regions.add(&features(), 2, &instance_map());
        added.expect("features for every pixel");
        regions
    }

    #[test]
    fn every_instance_gives_the_feature_at_its_middle_pixel_and_its_size() {
        let regions = gathered();
        let row = |feature: [f32; 2], ratio| RegionFeature {
            feature: feature.to_vec(),
            ratio,
        };
        // Pixel 16 of the 32 on the left is the first of row 4; of 20 pixels the tenth is in row 2.
        assert_eq!(regions.by_label[&7], [row([32.0, -32.0], 16.0)]);
        let cars = [row([22.0, -22.0], 10.0), row([53.0, -53.0], 5.5)];
        assert_eq!(regions.by_label[&26], cars);
        assert_eq!(regions.by_label[&3], [row([63.0, -63.0], 0.5)]);
        let mut short = RegionFeatures::default();
        assert!(short.add(&[0.0; 3], 1, &instance_map()).is_err());
    }

    #[test]
    fn gathered_features_survive_their_file() {
        let regions = gathered();
        let dict = regions.to_state_dict();
        assert_eq!(dict["label_26"].shape, [2, 3]);
        assert_eq!(dict["label_26"].values[..3], [22.0, -22.0, 10.0]);
        let again = RegionFeatures::from_state_dict(&dict, 2).expect("features");
        assert_eq!(again, regions);
        assert_eq!((again.len(), again.is_empty()), (4, false));
        let told = RegionFeatures::from_state_dict(&dict, 3).unwrap_err();
        assert!(told.to_string().contains("3 features and a size, found 3"));
        let dict = StateDict::from([("model.1.bias".to_owned(), dict["label_7"].clone())]);
        let told = RegionFeatures::from_state_dict(&dict, 2).unwrap_err();
        assert!(told.to_string().contains("found model.1.bias"));
    }

    #[test]
    fn small_regions_are_left_out_and_unknown_labels_are_drawn_as_zero() {
        let clusters = gathered().cluster(10, 0);
        assert_eq!(
            clusters.centres.keys().copied().collect::<Vec<_>>(),
            [7, 26]
        );
        let drawn = clusters.sample_with(&instance_map(), 2, |_| 0);
        assert_eq!([drawn[0], drawn[64]], [32.0, -32.0]);
        assert_eq!([drawn[63], drawn[127]], [0.0, 0.0]);
    }

    #[test]
    fn the_caller_chooses_for_every_instance_in_the_order_of_the_ids() {
        let clusters = gathered().cluster(10, 0);
        let mut asked = Vec::new();
        let drawn = clusters.sample_with(&instance_map(), 1, |count| {
            asked.push(count);
            count.saturating_sub(1)
        });
        // Ids 3, 7, 26000 and 26001; label 3 has no centres.
        assert_eq!(asked, [0, 1, 2, 2]);
        assert_eq!([drawn[0], drawn[63]], [32.0, 0.0]);
        let last = clusters.centres[&26][1][0];
        assert_eq!([drawn[7], drawn[60]], [last, last]);
    }

    #[test]
    fn clusters_survive_their_file_and_damaged_ones_are_refused() {
        let clusters = gathered().cluster(1, 0);
        let dict = clusters.to_state_dict();
        assert_eq!(dict["label_26"].shape, [1, 2]);
        let again = FeatureClusters::from_state_dict(&dict).expect("clusters");
        assert_eq!(again, clusters);
        let refused = |key: &str, shape: &[usize]| {
            let mut dict = dict.clone();
            let values = vec![0.0; shape.iter().product()];
            let shape = shape.to_vec();
            dict.insert(key.to_owned(), StateTensor { shape, values });
            FeatureClusters::from_state_dict(&dict).is_err()
        };
        assert!(refused("model.1.weight", &[1, 2]));
        assert!(refused("label_30", &[1, 3]));
        assert!(refused("label_30", &[0, 2]));
        assert!(refused("label_30", &[2]));
    }
}
