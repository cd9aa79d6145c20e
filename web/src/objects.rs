//! Objects of a label map and their looks, for models that take features.

use underpaint_core::bundle::Manifest;
use underpaint_core::pix2pixhd::{FeatureClusters, ObjectFeatures, ObjectKey, object_features};

use crate::error::{Result, WebError};

/// A label map with the objects in it.
#[derive(Debug, Clone)]
pub struct Maps {
    /// `[height, width]`, flattened: classes.
    pub ids: Vec<u16>,
    /// The same: numbers of objects. Every class is one where there are none.
    pub instances: Option<Vec<u16>>,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Maps {
    /// The feature map: every object with the look that was chosen for it, else with one that the seed
    /// draws.
    ///
    /// # Shapes
    ///
    /// Result: `[feature_channels, height, width]`, flattened.
    pub fn features(&self, manifest: &Manifest, seed: u32, chosen: &ObjectFeatures) -> Vec<f32> {
        let none = FeatureClusters::default();
        let clusters = manifest.clusters.as_ref().unwrap_or(&none);
        let channels = manifest.model.feature_channels();
        let instances = self.instances.as_deref();
        clusters.paint(&self.ids, instances, channels, u64::from(seed), chosen)
    }

    /// What an encoder says of every pixel, averaged over each object: rows of class, number and feature.
    pub fn looks(&self, pixel_features: &[f32]) -> Vec<f32> {
        let looks = object_features(pixel_features, &self.ids, self.instances.as_deref());
        let row = |(key, feature): (ObjectKey, Vec<f32>)| {
            let key = [key.label, key.instance].map(f32::from);
            key.into_iter().chain(feature)
        };
        looks.into_iter().flat_map(row).collect()
    }
}

/// The looks that are chosen: `objects` holds pairs of class and number, `looks` as many features.
///
/// # Errors
///
/// [`WebError::BadInput`] if they are not as many as they should be, or what is no number.
pub fn chosen_looks(objects: &[u16], looks: &[f32], channels: usize) -> Result<ObjectFeatures> {
    let count = objects.len() / 2;
    if objects.len() != 2 * count || looks.len() != count * channels {
        return Err(WebError::BadInput(format!(
            "looks: expected {channels} numbers for each of {count} objects, found {}",
            looks.len()
        )));
    }
    if let Some(number) = looks.iter().find(|number| !number.is_finite()) {
        let message = format!("looks: expected numbers, found {number}");
        return Err(WebError::BadInput(message));
    }
    let keys = objects.chunks_exact(2).map(|pair| ObjectKey {
        label: pair[0],
        instance: pair[1],
    });
    Ok(keys
        .zip(looks.chunks_exact(channels).map(<[f32]>::to_vec))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_named_by_object_and_counted() {
        let chosen = chosen_looks(&[7, 1, 26, 3], &[0.5, 0.25, -1.0, 1.0], 2).expect("two looks");
        let key = ObjectKey {
            label: 26,
            instance: 3,
        };
        assert_eq!(chosen[&key], [-1.0, 1.0]);
        assert!(chosen_looks(&[7, 1, 26], &[0.5, 0.25], 2).is_err());
        assert!(chosen_looks(&[7, 1], &[0.5], 2).is_err());
        let told = chosen_looks(&[7, 1], &[0.5, f32::NAN], 2).unwrap_err();
        assert!(told.to_string().contains("found NaN"));
    }

    #[test]
    fn looks_of_a_photo_come_as_rows() {
        let maps = Maps {
            ids: vec![4, 4, 9],
            instances: Some(vec![0, 0, 2]),
            width: 3,
            height: 1,
        };
        assert_eq!(maps.looks(&[1.0, 3.0, 5.0]), [4.0, 0.0, 2.0, 9.0, 2.0, 5.0]);
    }
}
