//! Kinds of classes, under which palettes of many classes are shown.

use serde::{Deserialize, Serialize};

/// What kind of thing a class is.
///
/// Palettes sort their classes into these; the names in manifests are [`name`](Self::name)'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Sky, clouds, fog.
    Sky,
    /// Seas, rivers, pools, fountains.
    Water,
    /// What one stands on out of doors, mountains among it.
    Ground,
    /// Trees, grass, flowers.
    Plants,
    /// Buildings and other structures, and the parts that one sees from outside.
    Buildings,
    /// Walls, floors, ceilings, windows and doors, as one sees them inside.
    Interior,
    /// Lights, signs and posts beside a road.
    Street,
    /// People.
    People,
    /// Animals.
    Animals,
    /// Everything that drives, flies or swims.
    Vehicles,
    /// Furniture.
    Furniture,
    /// Appliances, lamps, crockery.
    Household,
    /// Food.
    Food,
    /// Clothes, bags.
    Clothing,
    /// Things to play with.
    Sport,
    /// What things are made of.
    Materials,
    /// Other things.
    Things,
    /// No thing at all: the unlabelled, the rim of a picture.
    Other,
}

impl Group {
    /// Every group, in the order in which palettes show them.
    pub const ALL: [Self; 18] = [
        Self::Sky,
        Self::Water,
        Self::Ground,
        Self::Plants,
        Self::Buildings,
        Self::Interior,
        Self::Street,
        Self::People,
        Self::Animals,
        Self::Vehicles,
        Self::Furniture,
        Self::Household,
        Self::Food,
        Self::Clothing,
        Self::Sport,
        Self::Materials,
        Self::Things,
        Self::Other,
    ];

    /// Its name in manifests, lower-case English.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sky => "sky",
            Self::Water => "water",
            Self::Ground => "ground",
            Self::Plants => "plants",
            Self::Buildings => "buildings",
            Self::Interior => "interior",
            Self::Street => "street",
            Self::People => "people",
            Self::Animals => "animals",
            Self::Vehicles => "vehicles",
            Self::Furniture => "furniture",
            Self::Household => "household",
            Self::Food => "food",
            Self::Clothing => "clothing",
            Self::Sport => "sport",
            Self::Materials => "materials",
            Self::Things => "things",
            Self::Other => "other",
        }
    }
}
