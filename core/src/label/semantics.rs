//! What a generator sees of a label map and an instance map.

use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use super::{edges_from_instances, one_hot_from_labels};
use crate::{Error, Result};

/// Value that label maps of eight bits use for "don't care".
const UNKNOWN_LABEL: u16 = 255;

/// Which channels a label map becomes: the classes, then don't-care, then edges between instances.
///
/// Source: pix2pixHD and SPADE (spec 3.1, 4.1, 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SemanticLayout {
    /// Number of classes (`label_nc`).
    pub num_classes: usize,
    /// Whether there is a channel for pixels of no class (`contain_dontcare_label`), written as 255
    /// or as `num_classes`.
    pub dont_care: bool,
    /// Whether the last channel marks edges between instances (not `no_instance`).
    pub edges: bool,
}

impl Default for SemanticLayout {
    /// COCO-Stuff.
    fn default() -> Self {
        Self {
            num_classes: 182,
            dont_care: true,
            edges: true,
        }
    }
}

impl SemanticLayout {
    /// Channels in all (`semantic_nc`).
    pub fn channels(&self) -> usize {
        self.num_labels() + usize::from(self.edges)
    }

    /// Ids that a label map may hold: the classes, and `num_classes` for don't-care.
    pub fn num_labels(&self) -> usize {
        self.num_classes + usize::from(self.dont_care)
    }

    /// The id that an id of a file stands for: 255 is don't-care where there is such a channel and no
    /// class of that number.
    pub fn label(&self, id: u16) -> u16 {
        match id {
            UNKNOWN_LABEL if self.dont_care && self.num_classes <= usize::from(id) => {
                self.num_classes as u16
            }
            id => id,
        }
    }

    /// Encodes on the device.
    ///
    /// # Shapes
    ///
    /// - `label_map`: `[batch, 1, height, width]`, ids in `0..num_labels()` as [`label`](Self::label)
    ///   gives them; an id outside leaves its pixel without a class
    /// - `instance_map`: `[batch, 1, height, width]`, any ids; only needed for edges
    /// - result: `[batch, channels(), height, width]`, 0 or 1
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if edges are wanted and there are no instances.
    pub fn encode(
        &self,
        label_map: Tensor<4, Int>,
        instance_map: Option<Tensor<4, Int>>,
    ) -> Result<Tensor<4>> {
        let one_hot = one_hot_from_labels(label_map, self.num_labels());
        match (self.edges, instance_map) {
            (false, _) => Ok(one_hot),
            (true, Some(instances)) => Ok(Tensor::cat(
                vec![one_hot, edges_from_instances(instances)],
                1,
            )),
            (true, None) => Err(Error::Input(
                "this model marks edges between instances: expected an instance map beside every \
                 label map, found none"
                    .into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn map(ids: [i32; 3]) -> Tensor<4, Int> {
        Tensor::<1, Int>::from_data(ids, &Device::flex()).reshape([1, 1, 1, 3])
    }

    #[test]
    fn classes_come_first_then_dont_care_then_edges() {
        let layout = SemanticLayout {
            num_classes: 2,
            dont_care: true,
            edges: true,
        };
        assert_eq!(layout.channels(), 4);
        let labels = [1u16, 255, 0].map(|id| i32::from(layout.label(id)));
        let encoded = layout
            .encode(map(labels), Some(map([7, 7, 9])))
            .expect("both maps");
        let expected = [
            [0.0f32, 0.0, 1.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 1.0, 1.0],
        ];
        assert_eq!(
            encoded.into_data().iter::<f32>().collect::<Vec<_>>(),
            expected.concat()
        );
        assert!(layout.encode(map([0; 3]), None).is_err());
    }

    #[test]
    fn the_presets_have_the_channels_of_spec_4_1() {
        let channels = |num_classes, dont_care, edges| {
            SemanticLayout {
                num_classes,
                dont_care,
                edges,
            }
            .channels()
        };
        assert_eq!(SemanticLayout::default().channels(), 184);
        assert_eq!(channels(150, true, false), 151);
        assert_eq!(channels(35, false, true), 36);
        assert_eq!(channels(13, false, false), 13);
    }

    #[test]
    fn the_unknown_label_is_a_class_where_no_channel_is_kept_for_it() {
        let layout = SemanticLayout {
            num_classes: 300,
            ..SemanticLayout::default()
        };
        assert_eq!(layout.label(255), 255);
        let layout = SemanticLayout {
            dont_care: false,
            ..SemanticLayout::default()
        };
        assert_eq!(layout.label(255), 255);
    }
}
