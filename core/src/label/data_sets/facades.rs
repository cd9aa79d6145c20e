//! CMP Facade Database (Tyleček and Šára, GCPR 2013): 12 classes.
//!
//! Names and their order are those of the data set's `label_names.txt`, colours those of its label pictures.

use super::group::Group::{Buildings, Other};
use super::{Entry, entry};

/// The classes 1 to 12 of the data set, from index 0.
pub(super) const CLASSES: [Entry; 12] = [
    entry("background", Other, 0x00_00_aa),
    entry("facade", Buildings, 0x00_00_ff),
    entry("window", Buildings, 0x00_55_ff),
    entry("door", Buildings, 0x00_aa_ff),
    entry("cornice", Buildings, 0x00_ff_ff),
    entry("sill", Buildings, 0x55_ff_aa),
    entry("balcony", Buildings, 0xaa_ff_55),
    entry("blind", Buildings, 0xff_ff_00),
    entry("deco", Buildings, 0xff_aa_00),
    entry("molding", Buildings, 0xff_55_00),
    entry("pillar", Buildings, 0xff_00_00),
    entry("shop", Buildings, 0xaa_00_00),
];
