//! Which colours, values or indices the maps of a folder hold, and which ids they get.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::convert::{Converter, Match};
use super::source::{Pixels, SourceMap};
use super::{ColourTable, Counts, LabelsSummary, Rgb, colour_in_words, palette_of};
use crate::data::error::DataError;

/// More colours than that are no classes.
const MOST_COLOURS: usize = 256;
/// Colours that a map can have before nobody counts on.
const MOST_COUNTED: usize = 4096;
/// Share of the pixels below which a colour is hardly a class.
const RARE: f64 = 0.0002;
/// Colours that are told where there are too many.
const TOLD_COLOURS: usize = 12;

/// What kind of maps a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// One colour for every class.
    Colours,
    /// 0 and 255 only.
    Mask,
    /// Grey values that are ids.
    Values,
    /// Grey values, numbered anew.
    CompactValues,
    /// Indices of a palette, which are ids.
    Indices,
}

impl fmt::Display for FoundKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Colours => "colours; ids in the order of red, then green, then blue",
            Self::Mask => "masks of 0 and 255, which become 0 and 1",
            Self::Values => "grey values, which are kept as ids",
            Self::CompactValues => "grey values, numbered 0, 1, 2, …",
            Self::Indices => "palette pictures, whose indices are kept as ids",
        })
    }
}

/// An id with what it stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundEntry {
    /// The id in the maps that are written.
    pub id: u16,
    /// What the class is called.
    pub name: String,
    /// Its colour, where it is known.
    pub colour: Option<Rgb>,
    /// Pixels in all maps.
    pub pixels: u64,
    /// Maps in which it occurs.
    pub files: usize,
}

/// What the maps of a folder hold.
#[derive(Debug, Default)]
pub(super) struct Survey {
    folder: PathBuf,
    /// Of pixels with three channels, and of indices by the colours of their palette.
    colours: BTreeMap<Rgb, Counts>,
    /// Of pixels with one channel, and of three equal ones.
    values: BTreeMap<u16, Counts>,
    /// Colours of indices; none where files disagree.
    palette: BTreeMap<u16, Option<Rgb>>,
    /// Whether a map holds a colour that is no grey.
    coloured: Option<PathBuf>,
    /// Whether a map has a palette.
    indexed: bool,
    /// A map with more colours than anyone counts.
    endless: Option<PathBuf>,
    /// A map whose format has changed its colours.
    jpeg: Option<PathBuf>,
}

impl Survey {
    /// Looks at all maps.
    ///
    /// # Errors
    /// What reading a map can give.
    pub fn of(
        folder: &Path,
        files: &[PathBuf],
        step: &(dyn Fn() + Sync),
    ) -> Result<Self, DataError> {
        let surveys = files.par_iter().map(|path| {
            let survey = Self::of_map(path, &SourceMap::read(path)?);
            step();
            Ok(survey)
        });
        let surveys: Vec<Self> = surveys.collect::<Result<_, DataError>>()?;
        let mut all = Self {
            folder: folder.to_path_buf(),
            ..Self::default()
        };
        surveys.into_iter().for_each(|one| all.add(one));
        Ok(all)
    }

    fn of_map(path: &Path, map: &SourceMap) -> Self {
        let mut survey = Self {
            jpeg: map.is_jpeg.then(|| path.to_path_buf()),
            ..Self::default()
        };
        match &map.pixels {
            Pixels::Values(values) => survey.count_values(values.iter().copied()),
            Pixels::Indices(indices, colours) => {
                survey.indexed = true;
                survey.count_values(indices.iter().copied());
                survey.count_colours(path, colours);
                for (index, colour) in indices.iter().zip(colours) {
                    survey.palette.entry(*index).or_insert(Some(*colour));
                }
                // Colours of a palette are names for indices, however many.
                survey.coloured = None;
            }
            Pixels::Colours(colours) => {
                survey.count_colours(path, colours);
                if survey.coloured.is_none() {
                    survey.count_values(colours.iter().map(|colour| u16::from(colour[0])));
                }
            }
        }
        survey
    }

    fn count_values(&mut self, values: impl Iterator<Item = u16>) {
        let mut counts = vec![0u64; usize::from(u16::MAX) + 1];
        values.for_each(|value| counts[usize::from(value)] += 1);
        let there = (0..=u16::MAX).zip(counts).filter(|(_, pixels)| *pixels > 0);
        self.values = there
            .map(|(value, pixels)| (value, Counts { pixels, files: 1 }))
            .collect();
    }

    fn count_colours(&mut self, path: &Path, colours: &[Rgb]) {
        for run in colours.chunk_by(|a, b| a == b) {
            let [red, green, blue] = run[0];
            if (red != green || green != blue) && self.coloured.is_none() {
                self.coloured = Some(path.to_path_buf());
            }
            let is_full = self.colours.len() >= MOST_COUNTED;
            if is_full && !self.colours.contains_key(&run[0]) {
                self.endless = Some(path.to_path_buf());
                continue;
            }
            let counts = self.colours.entry(run[0]).or_default();
            counts.pixels += run.len() as u64;
            counts.files = 1;
        }
    }

    fn add(&mut self, other: Self) {
        for (colour, counts) in other.colours {
            if self.colours.len() < MOST_COUNTED || self.colours.contains_key(&colour) {
                self.colours.entry(colour).or_default().add(counts);
            } else {
                self.endless.get_or_insert_with(|| self.folder.clone());
            }
        }
        for (value, counts) in other.values {
            self.values.entry(value).or_default().add(counts);
        }
        for (index, colour) in other.palette {
            let known = self.palette.entry(index).or_insert(colour);
            if *known != colour {
                *known = None;
            }
        }
        self.coloured = self.coloured.take().or(other.coloured);
        self.endless = self.endless.take().or(other.endless);
        self.jpeg = self.jpeg.take().or(other.jpeg);
        self.indexed |= other.indexed;
    }

    fn kind(&self, compact: bool) -> FoundKind {
        let is_mask = self.values.contains_key(&255)
            && self.values.keys().all(|value| [0, 255].contains(value));
        match (&self.coloured, self.indexed) {
            (Some(_), _) => FoundKind::Colours,
            (None, true) => FoundKind::Indices,
            (None, false) if is_mask => FoundKind::Mask,
            (None, false) if compact => FoundKind::CompactValues,
            (None, false) => FoundKind::Values,
        }
    }

    /// What the maps become.
    ///
    /// # Errors
    /// [`DataError::Unusable`] for more colours than classes can have, and for JPEG, whose colours are not those that
    /// someone drew.
    pub fn converter(&self, compact: bool) -> Result<Converter, DataError> {
        let kind = self.kind(compact);
        if self.jpeg.is_some() && kind != FoundKind::Mask {
            return Err(self.too_many());
        }
        match kind {
            FoundKind::Colours => {
                if self.endless.is_some() || self.colours.len() > MOST_COLOURS {
                    return Err(self.too_many());
                }
                let table = ColourTable::numbered(self.colours.keys().copied());
                Ok(Converter::of_table(table, Match::default(), None))
            }
            FoundKind::Values | FoundKind::Indices => Ok(Converter::Values(None)),
            FoundKind::Mask => Ok(Converter::Values(Some([(0, 0), (255, 1)].into()))),
            FoundKind::CompactValues => {
                let numbers = self.values.keys().copied().zip(0..);
                Ok(Converter::Values(Some(numbers.collect())))
            }
        }
    }

    /// What is told about it.
    pub fn summary(&self, converter: &Converter, maps: usize) -> LabelsSummary {
        let kind = self.kind(matches!(converter, Converter::Values(Some(_))));
        let entries: Vec<FoundEntry> = match converter {
            Converter::Colours(by) => {
                let entries = self.colours.iter().filter_map(|(colour, counts)| {
                    let id = by.table.id(*colour)?;
                    Some(entry(id, converter.name_of(id), Some(*colour), *counts))
                });
                entries.collect()
            }
            Converter::Values(numbers) => {
                let entries = self.values.iter().map(|(value, counts)| {
                    let id = numbers
                        .as_ref()
                        .and_then(|numbers| numbers.get(value))
                        .unwrap_or(value);
                    let (name, colour) = self.value_in_words(kind, *value, *id);
                    entry(*id, name, colour, *counts)
                });
                entries.collect()
            }
        };
        let known = entries
            .iter()
            .filter_map(|entry| Some((entry.id, (entry.name.clone(), entry.colour?))));
        let known: BTreeMap<u16, (String, Rgb)> = known.collect();
        LabelsSummary {
            maps,
            kind: Some(kind),
            num_classes: entries
                .iter()
                .map(|entry| usize::from(entry.id) + 1)
                .max()
                .unwrap_or(0),
            palette: (!known.is_empty()).then(|| palette_of(&known)),
            near: 0,
            notes: self.notes(kind),
            pixels: entries.iter().map(|entry| entry.pixels).sum(),
            entries,
        }
    }

    /// Name and colour of a class that was a grey value or an index.
    fn value_in_words(&self, kind: FoundKind, value: u16, id: u16) -> (String, Option<Rgb>) {
        match (kind, value) {
            (FoundKind::Mask, 0) => ("background".into(), Some([0; 3])),
            (FoundKind::Mask, _) => ("mask".into(), Some([255; 3])),
            (FoundKind::Indices, _) => {
                let colour = self.palette.get(&value).copied().flatten();
                (format!("class {id}"), colour)
            }
            (FoundKind::CompactValues, _) => (
                format!("grey {value}"),
                u8::try_from(value).ok().map(|value| [value; 3]),
            ),
            _ => (format!("class {id}"), None),
        }
    }

    /// What looks like soft edges: many colours of hardly any pixels, or grey between the 0 and 255 of a mask.
    fn notes(&self, kind: FoundKind) -> Vec<String> {
        let share = |counts: &Counts, of: u64| counts.pixels as f64 / of.max(1) as f64;
        let advice = "soft edges make colours between those of the classes: write the classes' colours into a file, one `name \
                      red green blue` on a line, and give it as --colours FILE with --nearest";
        let note = match kind {
            FoundKind::Colours => {
                let total = self.colours.values().map(|counts| counts.pixels).sum();
                let rare = self
                    .colours
                    .values()
                    .filter(|counts| share(counts, total) < RARE)
                    .count();
                let many = rare >= 3 && rare * 3 >= self.colours.len();
                many.then(|| {
                    format!(
                        "{rare} of {} colours are those of hardly any pixels; {advice}",
                        self.colours.len()
                    )
                })
            }
            FoundKind::Values | FoundKind::CompactValues => {
                let total = self.values.values().map(|counts| counts.pixels).sum();
                let ends = [0, 255].map(|end| {
                    self.values
                        .get(&end)
                        .map_or(0.0, |counts| share(counts, total))
                });
                let soft = self.values.len() > 16
                    && ends.iter().all(|end| *end > 0.01)
                    && ends.iter().sum::<f64>() > 0.6;
                soft.then(|| {
                    format!("nearly all pixels are 0 or 255, so that these may be masks; {advice}")
                })
            }
            FoundKind::Mask | FoundKind::Indices => None,
        };
        note.into_iter().collect()
    }

    fn too_many(&self) -> DataError {
        let jpeg = self
            .jpeg
            .as_ref()
            .map(|path| format!(" (JPEG: {})", path.display()));
        let jpeg = jpeg.unwrap_or_default();
        let count = match self.endless {
            Some(_) => format!("more than {MOST_COUNTED}"),
            None => self.colours.len().to_string(),
        };
        let mut by_share: Vec<_> = self.colours.iter().collect();
        by_share.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.pixels));
        let total: u64 = self.colours.values().map(|counts| counts.pixels).sum();
        let told = by_share.iter().take(TOLD_COLOURS).map(|(colour, counts)| {
            let share = counts.pixels as f64 * 100.0 / total as f64;
            format!("{} {share:.2} %", colour_in_words(**colour))
        });
        let told: Vec<String> = told.collect();
        DataError::Unusable {
            path: self.folder.clone(),
            expected: format!("at most {MOST_COLOURS} colours, one for every class"),
            found: format!(
                "{count} colours{jpeg}. Soft edges and JPEG make colours between those of the classes: write the colours that \
                 are classes into a file, one `name red green blue` on a line, and give it as --colours FILE with \
                 --nearest. The most frequent colours: {}",
                told.join(", ")
            ),
        }
    }
}

fn entry(id: u16, name: String, colour: Option<Rgb>, counts: Counts) -> FoundEntry {
    FoundEntry {
        id,
        name,
        colour,
        pixels: counts.pixels,
        files: counts.files,
    }
}
