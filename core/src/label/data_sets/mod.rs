//! Names, colours and groups of the classes of data sets that people use.
//!
//! Names and colours are facts of the data sets; each file says where they are published. Groups are our own.

mod ade20k;
mod cityscapes;
mod coco_stuff;
mod facades;
mod group;
mod group_colors;

use std::fmt;
use std::str::FromStr;

use super::{LabelClass, Palette};
pub use group::Group;

/// A class of a table: its name, its group, and its colour.
struct Entry {
    name: &'static str,
    group: Group,
    color: [u8; 3],
}

/// `code` is the colour as `0xRRGGBB`.
const fn entry(name: &'static str, group: Group, code: u32) -> Entry {
    Entry {
        name,
        group,
        color: [(code >> 16) as u8, (code >> 8) as u8, code as u8],
    }
}

/// A data set whose classes are known by name, with one of the ways in which its label maps count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownPalette {
    /// Cityscapes: 34 ids, and the licence plate as the 35th.
    Cityscapes,
    /// ADE20K's scene parsing as SPADE trains on it: the ids of its label maps, where 0 is what has no class and 1 to 150
    /// are the classes. With 150 classes and a channel for the id 255, that channel is the class 150, too.
    Ade20k,
    /// ADE20K with 1 taken from every id: 0 to 149 are the classes, 255 is what has none.
    Ade20kShifted,
    /// COCO-Stuff: the ids 0 to 181 of its label maps; 255 is what has no class.
    CocoStuff,
    /// CMP facades: the ids of its label maps, 1 to 12; 0 does not occur. Of 12 classes, the first is 0.
    Facades,
}

impl KnownPalette {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Cityscapes,
        Self::Ade20k,
        Self::Ade20kShifted,
        Self::CocoStuff,
        Self::Facades,
    ];

    /// The name to choose it by, as in `--palette coco-stuff`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cityscapes => "cityscapes",
            Self::Ade20k => "ade20k",
            Self::Ade20kShifted => "ade20k-shifted",
            Self::CocoStuff => "coco-stuff",
            Self::Facades => "facades",
        }
    }

    /// The data set's name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cityscapes => "Cityscapes",
            Self::Ade20k => "ADE20K",
            Self::Ade20kShifted => "ADE20K, ids less 1",
            Self::CocoStuff => "COCO-Stuff",
            Self::Facades => "CMP facades",
        }
    }

    /// Number of classes of a model for it, without the channel for pixels of no class: what `label_nc` is in the
    /// authors' recipes.
    pub fn num_classes(self) -> usize {
        match self {
            Self::Cityscapes => 35,
            Self::Ade20k | Self::Ade20kShifted => 150,
            Self::CocoStuff => 182,
            Self::Facades => 13,
        }
    }

    /// The data set that a model of so many classes was most likely trained on: the one whose `label_nc` it is.
    ///
    /// 12 and 13 are CMP facades, 151 is ADE20K with its 0. A guess, to be shown as one.
    pub fn likely_for(num_classes: usize) -> Option<Self> {
        match num_classes {
            35 => Some(Self::Cityscapes),
            150 | 151 => Some(Self::Ade20k),
            182 => Some(Self::CocoStuff),
            12 | 13 => Some(Self::Facades),
            _ => None,
        }
    }

    /// Every class that the data set has, by the ids of its label maps.
    pub fn palette(self) -> Palette {
        match self {
            Self::Cityscapes => of_entries(0, &cityscapes::CLASSES),
            Self::Ade20k => with_nothing("other", &ade20k::CLASSES),
            Self::Ade20kShifted => of_entries(0, &ade20k::CLASSES),
            Self::CocoStuff => coco_stuff_palette(),
            Self::Facades => with_nothing("unlabeled", &facades::CLASSES),
        }
    }

    /// The classes of a model that has `num_classes` of them; fewer where the data set has fewer, and those beyond are
    /// left out.
    pub fn palette_of(self, num_classes: usize) -> Palette {
        let mut palette = match (self, num_classes) {
            (Self::Facades, 12) => of_entries(0, &facades::CLASSES),
            _ => self.palette(),
        };
        palette.classes.truncate(num_classes);
        palette
    }
}

impl fmt::Display for KnownPalette {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for KnownPalette {
    type Err = String;

    /// By [`name`](Self::name), without regard to case; `coco` is COCO-Stuff too.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim().to_lowercase().replace('_', "-");
        let wanted = if wanted == "coco" {
            "coco-stuff"
        } else {
            &wanted
        };
        let found = Self::ALL.into_iter().find(|known| known.name() == wanted);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("expected one of {names}, found {text:?}")
        })
    }
}

/// The palette of the data set that a model of so many classes was most likely trained on.
///
/// See [`KnownPalette::likely_for`].
pub fn palette_for(num_classes: usize) -> Option<Palette> {
    KnownPalette::likely_for(num_classes).map(|known| known.palette_of(num_classes))
}

fn of_entries(first: u16, entries: &[Entry]) -> Palette {
    let classes = (first..).zip(entries).map(|(id, entry)| LabelClass {
        id,
        name: entry.name.to_owned(),
        color: entry.color,
        group: Some(entry.group.name().to_owned()),
    });
    Palette {
        classes: classes.collect(),
    }
}

/// Classes from 1, and a black 0 for what has no class.
fn with_nothing(name: &str, entries: &[Entry]) -> Palette {
    let nothing = LabelClass {
        id: 0,
        name: name.to_owned(),
        color: [0; 3],
        group: Some(Group::Other.name().to_owned()),
    };
    let mut palette = of_entries(1, entries);
    palette.classes.insert(0, nothing);
    palette
}

fn coco_stuff_palette() -> Palette {
    let groups = coco_stuff::CLASSES.map(|(_, group)| group);
    let colors = group_colors::colors_of_groups(&groups);
    let classes = (0..).zip(&coco_stuff::CLASSES).zip(colors);
    let classes = classes.map(|((id, (name, group)), color)| LabelClass {
        id,
        name: (*name).to_owned(),
        // Among the grounds, which are brown, snow would be taken for earth.
        color: if *name == "snow" { SNOW } else { color },
        group: Some(group.name().to_owned()),
    });
    Palette {
        classes: classes.collect(),
    }
}

/// The colour of snow where the data set has none.
const SNOW: [u8; 3] = [232, 240, 247];

#[cfg(test)]
mod tests;
