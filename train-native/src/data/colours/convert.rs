//! Ids in the place of colours.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use underpaint_core::label::Palette;

use super::source::{Pixels, SourceMap};
use super::{ColourTable, Counts, Rgb, colour_in_words};
use crate::data::decode::LabelMap;
use crate::data::error::DataError;

/// Unknown colours of a file that are kept to be told.
const TOLD_COLOURS: usize = 5;
/// Files with unknown colours that are named.
const TOLD_FILES: usize = 5;

/// Which colours of a map count as one of a table: the nearest, if it is near enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Match {
    /// Largest difference in red, green and blue; 0 takes the very colours only, 255 any.
    pub tolerance: u8,
}

/// What the pixels of a map become.
#[derive(Debug, Clone)]
pub(super) enum Converter {
    /// The id of their colour.
    Colours(ByColour),
    /// The value or index in the file, by a table where they are numbered anew.
    Values(Option<BTreeMap<u16, u16>>),
}

/// Which colours become which ids.
#[derive(Debug, Clone)]
pub(super) struct ByColour {
    pub table: ColourTable,
    /// Which other colours count as one of the table.
    pub matching: Match,
    /// The id of all others.
    pub others: Option<u16>,
}

/// A colour that no class has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    pub colour: Rgb,
    pub x: usize,
    pub y: usize,
    pub pixels: u64,
}

/// What became of maps.
#[derive(Debug, Clone, Default)]
pub(super) struct Converted {
    pub maps: usize,
    /// By id.
    pub histogram: BTreeMap<u16, Counts>,
    /// Pixels whose colour is not exactly that of their class.
    pub near: u64,
    /// Colours of no class, in the order of their first pixels.
    pub unknown: Vec<Unknown>,
}

impl Converted {
    pub fn add(&mut self, other: Self) {
        self.maps += other.maps;
        self.near += other.near;
        for (id, counts) in other.histogram {
            self.histogram.entry(id).or_default().add(counts);
        }
    }
}

impl ByColour {
    /// The id of a colour, and whether the colour is that of the class.
    fn id(&self, colour: Rgb) -> Option<(u16, bool)> {
        let exact = self.table.id(colour).map(|id| (id, true));
        exact.or_else(|| {
            let near = self.table.nearest(colour, self.matching).or(self.others);
            near.map(|id| (id, false))
        })
    }

    /// An id for every colour; 0 where there is none, which [`Converted::unknown`] tells.
    fn ids_of(
        &self,
        colours: impl Iterator<Item = Rgb>,
        width: usize,
        converted: &mut Converted,
    ) -> Vec<u16> {
        // Few colours come again and again; those between two classes are looked up once.
        let mut known: HashMap<Rgb, Option<(u16, bool)>> = HashMap::new();
        let mut unknown: HashMap<Rgb, Unknown> = HashMap::new();
        let mut ids = Vec::new();
        for (place, colour) in colours.enumerate() {
            let found = *known.entry(colour).or_insert_with(|| self.id(colour));
            if let Some((id, is_exact)) = found {
                converted.near += u64::from(!is_exact);
                ids.push(id);
                continue;
            }
            ids.push(0);
            let entry = unknown.entry(colour).or_insert_with(|| Unknown {
                colour,
                x: place % width,
                y: place / width,
                pixels: 0,
            });
            entry.pixels += 1;
        }
        converted.unknown = unknown.into_values().collect();
        converted
            .unknown
            .sort_by_key(|unknown| (unknown.y, unknown.x));
        ids
    }
}

impl Converter {
    pub fn of_table(table: ColourTable, matching: Match, others: Option<u16>) -> Self {
        Self::Colours(ByColour {
            table,
            matching,
            others,
        })
    }

    /// The map of ids, and what became of the pixels; an id of 0 stands where [`Converted::unknown`] says more.
    ///
    /// # Errors
    /// [`DataError::Unusable`] for grey values that are no colours.
    pub fn convert(
        &self,
        path: &Path,
        map: &SourceMap,
    ) -> Result<(LabelMap, Converted), DataError> {
        let mut converted = Converted::default();
        let ids: Vec<u16> = match (self, &map.pixels) {
            (Self::Values(numbers), pixels) => values_of(pixels)
                .map(|value| match numbers {
                    Some(numbers) => numbers.get(&value).copied().unwrap_or(value),
                    None => value,
                })
                .collect(),
            (Self::Colours(by), Pixels::Colours(colours) | Pixels::Indices(_, colours)) => {
                by.ids_of(colours.iter().copied(), map.size.width, &mut converted)
            }
            (Self::Colours(by), Pixels::Values(values)) => {
                if let Some(place) = values.iter().position(|value| *value > 255) {
                    return Err(wide_value(path, values[place], place, map.size.width));
                }
                let colours = values.iter().map(|value| [*value as u8; 3]);
                by.ids_of(colours, map.size.width, &mut converted)
            }
        };
        let mut pixels: BTreeMap<u16, u64> = BTreeMap::new();
        for run in ids.chunk_by(|a, b| a == b) {
            *pixels.entry(run[0]).or_default() += run.len() as u64;
        }
        let counts = pixels.into_iter();
        converted.histogram = counts
            .map(|(id, pixels)| (id, Counts { pixels, files: 1 }))
            .collect();
        let labels = LabelMap {
            width: map.size.width,
            height: map.size.height,
            ids,
        };
        Ok((labels, converted))
    }

    /// What the file of the table calls an id.
    pub fn name_of(&self, id: u16) -> String {
        match self {
            Self::Colours(by) => by.table.name(id).unwrap_or("(all others)").to_owned(),
            Self::Values(_) => format!("class {id}"),
        }
    }

    /// The colour of an id.
    pub fn colour_of(&self, id: u16) -> Option<Rgb> {
        match self {
            Self::Colours(by) => by.table.colour(id),
            Self::Values(_) => None,
        }
    }

    /// Names and colours of the ids, where colours are known.
    pub fn palette(&self) -> Option<Palette> {
        match self {
            Self::Colours(by) => Some(by.table.palette()),
            Self::Values(_) => None,
        }
    }

    /// What people should know about the table.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::Colours(by) => by.table.notes().to_vec(),
            Self::Values(_) => Vec::new(),
        }
    }

    /// How many classes a network needs: those of the table, or those up to the largest id that there is. The id of all
    /// others is none where it means "don't care".
    pub fn num_classes(&self, largest: Option<u16>) -> usize {
        match self {
            Self::Colours(by) => {
                let others = by.others.filter(|id| *id != crate::data::ids::UNKNOWN_ID);
                let ids = [by.table.largest_id(), others];
                ids.into_iter()
                    .flatten()
                    .max()
                    .map_or(0, |id| usize::from(id) + 1)
            }
            Self::Values(_) => largest.map_or(0, |id| usize::from(id) + 1),
        }
    }
}

/// The one channel of a map: values, indices, or that of three equal ones.
fn values_of(pixels: &Pixels) -> Box<dyn Iterator<Item = u16> + '_> {
    match pixels {
        Pixels::Values(values) | Pixels::Indices(values, _) => Box::new(values.iter().copied()),
        Pixels::Colours(colours) => Box::new(colours.iter().map(|colour| u16::from(colour[0]))),
    }
}

fn wide_value(path: &Path, value: u16, place: usize, width: usize) -> DataError {
    DataError::Unusable {
        path: path.to_path_buf(),
        expected: "colours, or grey of 8 bits".into(),
        found: format!(
            "16-bit gray with value {value} at x={}, y={}: is this map one of ids already?",
            place % width,
            place / width
        ),
    }
}

/// Says which colours of which files no class has.
pub(super) fn refuse_unknown(
    files: &[(PathBuf, Vec<Unknown>)],
    converter: &Converter,
) -> DataError {
    let (path, unknown) = &files[0];
    let (known, grey) = match converter {
        Converter::Colours(by) => (
            by.table.in_words(),
            files.iter().all(|(_, unknown)| unknown.iter().all(is_grey)),
        ),
        Converter::Values(_) => (String::new(), false),
    };
    let told = unknown.iter().take(TOLD_COLOURS).map(|unknown| {
        let Unknown {
            colour,
            x,
            y,
            pixels,
        } = unknown;
        format!(
            "{} at x={x}, y={y} ({pixels} pixels)",
            colour_in_words(*colour)
        )
    });
    let mut found = told.collect::<Vec<_>>().join(", ");
    if unknown.len() > TOLD_COLOURS {
        found += &format!(
            " and {} more colours in this file",
            unknown.len() - TOLD_COLOURS
        );
    }
    if files.len() > 1 {
        let others: Vec<String> = files[1..]
            .iter()
            .take(TOLD_FILES)
            .map(|(path, unknown)| {
                format!(
                    "{} ({})",
                    path.display(),
                    colour_in_words(unknown[0].colour)
                )
            })
            .collect();
        let more = (files.len() - 1).saturating_sub(TOLD_FILES);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        found += &format!(
            "; so it is in {} files in all: also {}{more}",
            files.len(),
            others.join(", ")
        );
    }
    let different: BTreeSet<Rgb> = files
        .iter()
        .flat_map(|(_, unknown)| unknown)
        .map(|unknown| unknown.colour)
        .collect();
    found += match (grey, different.len()) {
        (true, 1..=64) => ". Grey values that are ids already need no --colours",
        (_, 65..) => {
            ". So many colours come from soft edges or from JPEG: --nearest gives every pixel the class of the nearest colour"
        }
        _ => {
            ". Add the colour to the file; or --nearest takes the nearest colour, --tolerance N one at most N away, and \
             --others ID gives all others that id (255 is \"don't care\")"
        }
    };
    DataError::Unusable {
        path: path.clone(),
        expected: format!("a colour of {known}"),
        found,
    }
}

fn is_grey(unknown: &Unknown) -> bool {
    let [red, green, blue] = unknown.colour;
    red == green && green == blue
}
