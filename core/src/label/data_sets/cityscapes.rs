//! Cityscapes: 34 ids and the licence plate.
//!
//! Names and colours are those of the data set's own definition, `cityscapesscripts/helpers/labels.py` of
//! cityscapesScripts (MIT). There the licence plate has the id -1; pix2pixHD and SPADE count 35 classes, so it is the last.

use super::group::Group::{
    Buildings, Ground, Other, People, Plants, Sky, Street, Things, Vehicles,
};
use super::{Entry, entry};

/// The classes in the order of their ids, 0 to 34.
pub(super) const CLASSES: [Entry; 35] = [
    entry("unlabeled", Other, 0x00_00_00),
    entry("ego vehicle", Other, 0x00_00_00),
    entry("rectification border", Other, 0x00_00_00),
    entry("out of roi", Other, 0x00_00_00),
    entry("static", Things, 0x00_00_00),
    entry("dynamic", Things, 0x6f_4a_00),
    entry("ground", Ground, 0x51_00_51),
    entry("road", Ground, 0x80_40_80),
    entry("sidewalk", Ground, 0xf4_23_e8),
    entry("parking", Ground, 0xfa_aa_a0),
    entry("rail track", Ground, 0xe6_96_8c),
    entry("building", Buildings, 0x46_46_46),
    entry("wall", Buildings, 0x66_66_9c),
    entry("fence", Buildings, 0xbe_99_99),
    entry("guard rail", Buildings, 0xb4_a5_b4),
    entry("bridge", Buildings, 0x96_64_64),
    entry("tunnel", Buildings, 0x96_78_5a),
    entry("pole", Street, 0x99_99_99),
    entry("polegroup", Street, 0x99_99_99),
    entry("traffic light", Street, 0xfa_aa_1e),
    entry("traffic sign", Street, 0xdc_dc_00),
    entry("vegetation", Plants, 0x6b_8e_23),
    entry("terrain", Ground, 0x98_fb_98),
    entry("sky", Sky, 0x46_82_b4),
    entry("person", People, 0xdc_14_3c),
    entry("rider", People, 0xff_00_00),
    entry("car", Vehicles, 0x00_00_8e),
    entry("truck", Vehicles, 0x00_00_46),
    entry("bus", Vehicles, 0x00_3c_64),
    entry("caravan", Vehicles, 0x00_00_5a),
    entry("trailer", Vehicles, 0x00_00_6e),
    entry("train", Vehicles, 0x00_50_64),
    entry("motorcycle", Vehicles, 0x00_00_e6),
    entry("bicycle", Vehicles, 0x77_0b_20),
    entry("license plate", Vehicles, 0x00_00_8e),
];
