//! Where a generated picture differs from the real one: the mean difference class by class.

use serde::{Deserialize, Serialize};
use underpaint_core::label::LabelClass;

use crate::data::decode::Picture;

/// The difference over all pixels of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassDifference {
    /// Id in label maps.
    pub id: u16,
    /// The class's name; its number where it has none.
    pub name: String,
    /// Its pixels in all pictures.
    pub pixels: u64,
    /// Mean absolute difference over them on the [0, 1] scale (bytes / 255).
    pub l1: f64,
}

/// Adds up differences by class, picture after picture.
#[derive(Debug, Clone, Default)]
pub struct DifferenceByClass {
    /// Pixels and the sum of their channels' mean differences, by id.
    sums: std::collections::BTreeMap<u16, (u64, f64)>,
}

impl DifferenceByClass {
    /// Takes a picture in.
    ///
    /// # Panics
    ///
    /// Unless both pictures have the same size and channels, and there is an id for every pixel.
    pub fn add(&mut self, image: &Picture, reference: &Picture, ids: &[u16]) {
        let channels = image.channels;
        assert_eq!(image.pixels.len(), reference.pixels.len());
        assert_eq!(ids.len() * channels, image.pixels.len());
        let pixels = image.pixels.chunks_exact(channels);
        let pixels = pixels.zip(reference.pixels.chunks_exact(channels));
        for ((one, other), id) in pixels.zip(ids) {
            let pairs = one.iter().zip(other);
            let difference: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
            let (count, sum) = self.sums.entry(*id).or_default();
            *count += 1;
            *sum += f64::from(difference) / channels as f64 / 255.0;
        }
    }

    /// Every class that occurred, in the order of ids. `classes` names them.
    #[must_use]
    pub fn differences(&self, classes: &[LabelClass]) -> Vec<ClassDifference> {
        let name = |id: u16| {
            let known = classes.iter().find(|class| class.id == id);
            known.map_or_else(|| id.to_string(), |class| class.name.clone())
        };
        let sums = self.sums.iter();
        sums.map(|(&id, &(pixels, sum))| ClassDifference {
            id,
            name: name(id),
            pixels,
            l1: sum / pixels as f64,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_means_over_the_pixels_of_a_class() {
        let picture = |pixels: Vec<u8>| Picture {
            width: 3,
            height: 1,
            channels: 1,
            pixels,
        };
        let mut all = DifferenceByClass::default();
        let ids = [7, 2, 7];
        all.add(&picture(vec![10, 20, 30]), &picture(vec![10, 71, 81]), &ids);
        all.add(&picture(vec![0, 0, 0]), &picture(vec![0, 51, 0]), &ids);
        let sky = LabelClass {
            id: 7,
            ..underpaint_core::label::Palette::numbered(8).classes[7].clone()
        };
        let found = all.differences(&[LabelClass {
            name: "sky".into(),
            ..sky
        }]);
        let numbers: Vec<(u16, &str, u64)> = found
            .iter()
            .map(|class| (class.id, class.name.as_str(), class.pixels))
            .collect();
        assert_eq!(numbers, [(2, "2", 2), (7, "sky", 4)]);
        assert!((found[0].l1 - 0.2).abs() < 1e-12);
        assert!((found[1].l1 - 0.05).abs() < 1e-12);
    }
}
