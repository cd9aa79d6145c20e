//! CMP Facade Database (Tyleček and Šára, GCPR 2013): 12 classes.
//!
//! Names and their order are those of the data set's `label_names.txt`, colours those of its label pictures.

use super::group::Group::{Buildings, Other};
use super::{Entry, entry};

/// The classes 1 to 12 of the data set, from index 0.
pub(super) const CLASSES: [Entry; 12] = [
    entry("background", Other, 0x0000aa),
    entry("facade", Buildings, 0x0000ff),
    entry("window", Buildings, 0x0055ff),
    entry("door", Buildings, 0x00aaff),
    entry("cornice", Buildings, 0x00ffff),
    entry("sill", Buildings, 0x55ffaa),
    entry("balcony", Buildings, 0xaaff55),
    entry("blind", Buildings, 0xffff00),
    entry("deco", Buildings, 0xffaa00),
    entry("molding", Buildings, 0xff5500),
    entry("pillar", Buildings, 0xff0000),
    entry("shop", Buildings, 0xaa0000),
];
