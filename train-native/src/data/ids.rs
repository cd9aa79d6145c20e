//! What the ids of a label map's file mean to a network.

use std::path::Path;
use std::sync::Arc;

use crate::data::decode::LabelMap;
use crate::data::error::DataError;
use crate::data::remap::Remap;

/// The raw id that means "unknown" where a data set has such pixels.
pub(crate) const UNKNOWN_ID: u16 = 255;

/// From the ids of a file to channels of the one-hot label map.
///
/// In this order: the table of the user, ADE20K's shift, the channel of unknown pixels.
///
/// Source: model specification 4.6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdRules {
    /// Table of old ids and new ones.
    remap: Option<Arc<Remap>>,
    /// Whether 1 becomes 0, 2 becomes 1, …, and 0 "unknown".
    ade_shift: bool,
    /// The channel of unknown pixels, if they have one.
    unknown: Option<u16>,
}

impl IdRules {
    /// Rules for `num_classes` classes.
    ///
    /// # Errors
    /// What [`Remap::read`] can give, and [`DataError::InvalidSetting`] for a shift without a channel to shift to.
    pub fn new(
        remap: Option<&Path>,
        num_classes: usize,
        dont_care: bool,
        ade_shift: bool,
    ) -> Result<Self, DataError> {
        if ade_shift && !dont_care {
            return Err(DataError::InvalidSetting {
                setting: "ade_shift",
                expected:
                    "a channel for unknown pixels (contain_dontcare_label), which id 0 goes to"
                        .into(),
                found: "none".into(),
            });
        }
        Ok(Self {
            remap: remap.map(Remap::read).transpose()?.map(Arc::new),
            ade_shift,
            // More classes than ids are refused elsewhere.
            unknown: dont_care.then(|| u16::try_from(num_classes).unwrap_or(u16::MAX)),
        })
    }

    /// The id after the user's table, before anything else.
    #[must_use]
    pub fn remapped(&self, id: u16) -> u16 {
        self.remap.as_ref().map_or(id, |remap| remap.id(id))
    }

    /// The channel of a raw id.
    #[must_use]
    pub fn channel(&self, id: u16) -> u16 {
        let id = self.remapped(id);
        match self.unknown {
            Some(unknown) if id == UNKNOWN_ID || (self.ade_shift && id == 0) => unknown,
            _ if self.ade_shift => id.wrapping_sub(1),
            _ => id,
        }
    }

    /// Puts channels in the place of raw ids.
    pub fn apply(&self, labels: &mut LabelMap) {
        if *self != Self::default() {
            labels.ids.iter_mut().for_each(|id| *id = self.channel(*id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ade20k_shifts_classes_down_and_what_is_other_to_the_end() {
        let rules = IdRules::new(None, 150, true, true).unwrap();
        let channels = [0, 1, 2, 150, 255, 151].map(|id| rules.channel(id));
        assert_eq!(channels, [150, 0, 1, 149, 150, 150]);
        let plain = IdRules::new(None, 150, true, false).unwrap();
        assert_eq!(
            [0, 1, 150, 255].map(|id| plain.channel(id)),
            [0, 1, 150, 150]
        );
        let refused = IdRules::new(None, 150, false, true).unwrap_err();
        assert!(refused.to_string().contains("contain_dontcare_label"));
    }

    #[test]
    fn the_table_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.txt");
        std::fs::write(&path, "3 0\n4 dont_care\n5 1").unwrap();
        let rules = IdRules::new(Some(&path), 2, true, false).unwrap();
        let mut labels = LabelMap {
            width: 4,
            height: 1,
            ids: vec![3, 4, 5, 255],
        };
        rules.apply(&mut labels);
        assert_eq!(labels.ids, [0, 2, 1, 2]);
        let shifted = IdRules::new(Some(&path), 2, true, true).unwrap();
        assert_eq!([3, 5, 4].map(|id| shifted.channel(id)), [2, 0, 2]);
    }
}
