//! Which ids a set of maps holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use underpaint_core::label::Palette;

use super::facts::Facts;

/// The id that many data sets use for "don't care".
const DONT_CARE: u16 = 255;

/// Classes printed for people; JSON has them all.
const PRINTED_ROWS: usize = 40;

/// Which ids a set of label maps holds, as they are after the user's table of ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LabelStatistics {
    /// Number of files by kind of samples (`"8-bit gray"`, `"16-bit gray"`, `"palette"`), each of one channel.
    pub kinds: BTreeMap<String, usize>,
    /// Number of pixels by id, over the whole set.
    pub histogram: BTreeMap<u16, u64>,
    /// Smallest id.
    pub min_id: u16,
    /// Largest id, a "don't care" 255 left out unless it is all there is.
    pub max_id: u16,
    /// `max_id + 1`: the smallest number of classes that fits.
    pub suggested_num_classes: usize,
    /// Pixels with id 255 where it looks like "don't care" (no id 254 beside it, none above).
    pub dont_care_pixels: u64,
    /// Whether those pixels have a channel of their own.
    pub dont_care_channel: bool,
    /// Ids below the number of classes (the one asked for, else the suggested one) that never occur.
    pub absent: Vec<u16>,
    /// Whether there are only 0 and 255: masks, which `dataset labels` makes label maps of.
    pub is_mask: bool,
    /// Names of the classes that were found, where a palette names them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<u16, String>,
    /// Ids that the palette has no class for, a "don't care" 255 left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outside: Option<Outside>,
}

/// Ids that are in label maps, but not in the palette that should name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// What the palette is of, for people.
    pub palette: String,
    /// The ids, ascending.
    pub ids: Vec<u16>,
}

impl LabelStatistics {
    /// Of a histogram; none of an empty one.
    pub(super) fn new(
        kinds: BTreeMap<String, usize>,
        histogram: BTreeMap<u16, u64>,
        num_classes: Option<usize>,
        dont_care_channel: bool,
    ) -> Option<Self> {
        let last = *histogram.keys().next_back()?;
        let is_mask = histogram.keys().eq(&[0, DONT_CARE]);
        let below = histogram.keys().rev().find(|id| **id < DONT_CARE).copied();
        let (max_id, dont_care) = match below {
            Some(below) if last == DONT_CARE && below < DONT_CARE - 1 => (below, true),
            _ => (last, false),
        };
        let suggested_num_classes = usize::from(max_id) + 1;
        let num_classes = num_classes.unwrap_or(suggested_num_classes);
        let classes = (0..=u16::MAX).take(num_classes);
        Some(Self {
            kinds,
            min_id: *histogram.keys().next()?,
            max_id,
            suggested_num_classes,
            dont_care_pixels: if dont_care { histogram[&DONT_CARE] } else { 0 },
            dont_care_channel,
            absent: classes.filter(|id| !histogram.contains_key(id)).collect(),
            is_mask,
            histogram,
            names: BTreeMap::new(),
            outside: None,
        })
    }

    /// Names the ids by a palette; `title` says whose it is.
    pub fn name(&mut self, palette: &Palette, title: &str) {
        let classes = palette.classes.iter();
        let classes = classes.filter(|class| self.histogram.contains_key(&class.id));
        self.names = classes
            .map(|class| (class.id, class.name.clone()))
            .collect();
        let is_outside = |id: &u16| {
            let dont_care = *id == DONT_CARE && self.dont_care_pixels > 0;
            !dont_care && !self.names.contains_key(id)
        };
        let ids: Vec<u16> = self.histogram.keys().copied().filter(is_outside).collect();
        self.outside = (!ids.is_empty()).then(|| Outside {
            palette: title.to_owned(),
            ids,
        });
    }
}

impl fmt::Display for LabelStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u64 = self.histogram.values().sum();
        let share = |pixels: u64| pixels as f64 * 100.0 / total as f64;
        let (kinds, first, last) = (counted(&self.kinds), self.min_id, self.max_id);
        writeln!(formatter, "label maps: {kinds}; ids {first} to {last}")?;
        writeln!(formatter, "label ids ({} different):", self.histogram.len())?;
        for (id, pixels) in self.histogram.iter().take(PRINTED_ROWS) {
            let share = share(*pixels);
            write!(formatter, "  {id:>5} {share:>7.3} % {pixels:>12} pixels")?;
            match self.names.get(id) {
                Some(name) => writeln!(formatter, "  {name}")?,
                None => writeln!(formatter)?,
            }
        }
        if let Some(more) = self.histogram.len().checked_sub(PRINTED_ROWS + 1) {
            writeln!(formatter, "  … and {} more", more + 1)?;
        }
        if let Some(Outside { palette, ids }) = &self.outside {
            writeln!(
                formatter,
                "ids that {palette} has no class for: {}",
                ranges(ids)
            )?;
        }
        if !self.absent.is_empty() {
            writeln!(formatter, "ids that never occur: {}", ranges(&self.absent))?;
        }
        if self.is_mask {
            return writeln!(
                formatter,
                "ids 0 and 255 only: masks rather than label maps; of two classes (--label-nc 2) once `underpaint dataset \
                 labels` has made them 0 and 1"
            );
        }
        let suggested = self.suggested_num_classes;
        writeln!(
            formatter,
            "suggested number of classes: {suggested} (--label-nc {suggested}: largest id + 1)"
        )?;
        if self.dont_care_pixels > 0 {
            let share = share(self.dont_care_pixels);
            write!(formatter, "id 255 ({share:.3} % of the pixels) ")?;
            if self.dont_care_channel {
                return writeln!(formatter, "has the channel of unknown pixels");
            }
            writeln!(
                formatter,
                "usually means \"don't care\": SPADE gives it a channel of its own (--contain-dontcare-label); in every \
                 family --remap FILE with the line `255 {suggested}` makes it a class"
            )?;
        }
        Ok(())
    }
}

/// How many instances a set of instance maps holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceStatistics {
    /// Number of files by kind of samples.
    pub kinds: BTreeMap<String, usize>,
    /// Largest id of all.
    pub max_id: u16,
    /// Fewest different ids in a picture.
    pub fewest: usize,
    /// Most different ids in a picture.
    pub most: usize,
    /// Different ids in a picture on average.
    pub average: f64,
}

impl InstanceStatistics {
    /// Of decoded instance maps; none if there are none, or one is not decoded.
    pub(super) fn new<'a>(maps: impl Iterator<Item = &'a Facts> + Clone) -> Option<Self> {
        let found: Option<Vec<_>> = maps.clone().map(|facts| facts.instances).collect();
        let found = found.filter(|found| !found.is_empty())?;
        let counts = found.iter().map(|(_, count)| *count);
        Some(Self {
            kinds: kinds_of(maps),
            max_id: found.iter().map(|(largest, _)| *largest).max()?,
            fewest: counts.clone().min()?,
            most: counts.clone().max()?,
            average: counts.sum::<usize>() as f64 / found.len() as f64,
        })
    }
}

impl fmt::Display for InstanceStatistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "instance maps: {}; largest id {}; {} to {} different ids in a picture, {:.1} on average",
            counted(&self.kinds),
            self.max_id,
            self.fewest,
            self.most,
            self.average
        )
    }
}

/// Number of files by kind of samples.
pub(super) fn kinds_of<'a>(maps: impl Iterator<Item = &'a Facts>) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for kind in maps.filter_map(|facts| facts.kind) {
        *kinds.entry(kind.to_string()).or_default() += 1;
    }
    kinds
}

fn counted(kinds: &BTreeMap<String, usize>) -> String {
    let words = kinds
        .iter()
        .map(|(kind, count)| format!("{kind} ({count} files)"));
    words.collect::<Vec<_>>().join(", ")
}

/// `1, 4-7, 9`, cut after a line's worth.
fn ranges(ids: &[u16]) -> String {
    let mut words: Vec<String> = ids
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            [one] => one.to_string(),
            [] => String::new(),
        })
        .collect();
    if words.len() > PRINTED_ROWS {
        let more = words.len() - PRINTED_ROWS;
        words.truncate(PRINTED_ROWS);
        words.push(format!("… and {more} more"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(ids: &[u16], num_classes: Option<usize>) -> LabelStatistics {
        let histogram = ids.iter().map(|id| (*id, 1)).collect();
        LabelStatistics::new(BTreeMap::new(), histogram, num_classes, false).unwrap()
    }

    #[test]
    fn without_dont_care_the_largest_id_counts() {
        let suggested = |ids: &[u16]| statistics(ids, None).suggested_num_classes;
        let found = [
            suggested(&[0, 12]),
            suggested(&[255]),
            suggested(&[0, 254, 255]),
        ];
        assert_eq!(found, [13, 256, 256]);
        assert_eq!(suggested(&[0, 255, 33_001]), 33_002);
        assert!(LabelStatistics::new(BTreeMap::new(), BTreeMap::new(), None, false).is_none());
    }

    #[test]
    fn ids_that_never_occur_are_those_below_the_number_of_classes() {
        assert_eq!(statistics(&[1, 2, 5, 255], None).absent, [0, 3, 4]);
        let asked = statistics(&[1, 2, 5], Some(10));
        assert_eq!(asked.absent, [0, 3, 4, 6, 7, 8, 9]);
        assert!(
            asked.to_string().contains("never occur: 0, 3-4, 6-9\n"),
            "{asked}"
        );
    }

    #[test]
    fn ids_have_the_names_of_a_palette_and_those_without_are_told() {
        let known = underpaint_core::label::KnownPalette::Cityscapes;
        let mut found = statistics(&[7, 23, 40, 255], None);
        assert!(!found.to_string().contains("road"));
        found.name(&known.palette(), known.title());
        let text = found.to_string();
        for part in [
            "1 pixels  road\n",
            "1 pixels  sky\n",
            "ids that Cityscapes has no class for: 40\n",
        ] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
        // Where 255 is a class like any other, it is one that the palette does not have.
        let mut found = statistics(&[7, 254, 255], None);
        found.name(&known.palette(), known.title());
        assert_eq!(found.outside.unwrap().ids, [254, 255]);
        let mut found = statistics(&[7, 255], None);
        found.name(&known.palette(), known.title());
        assert_eq!(found.outside, None);
    }

    #[test]
    fn dont_care_is_explained_with_both_ways_out() {
        let text = statistics(&[0, 3, 255], None).to_string();
        for part in [
            "--contain-dontcare-label",
            "--remap",
            "`255 4`",
            "--label-nc 4",
        ] {
            assert!(text.contains(part), "{part} missing in {text}");
        }
    }
}
