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
    entry("unlabeled", Other, 0x000000),
    entry("ego vehicle", Other, 0x000000),
    entry("rectification border", Other, 0x000000),
    entry("out of roi", Other, 0x000000),
    entry("static", Things, 0x000000),
    entry("dynamic", Things, 0x6f4a00),
    entry("ground", Ground, 0x510051),
    entry("road", Ground, 0x804080),
    entry("sidewalk", Ground, 0xf423e8),
    entry("parking", Ground, 0xfaaaa0),
    entry("rail track", Ground, 0xe6968c),
    entry("building", Buildings, 0x464646),
    entry("wall", Buildings, 0x66669c),
    entry("fence", Buildings, 0xbe9999),
    entry("guard rail", Buildings, 0xb4a5b4),
    entry("bridge", Buildings, 0x966464),
    entry("tunnel", Buildings, 0x96785a),
    entry("pole", Street, 0x999999),
    entry("polegroup", Street, 0x999999),
    entry("traffic light", Street, 0xfaaa1e),
    entry("traffic sign", Street, 0xdcdc00),
    entry("vegetation", Plants, 0x6b8e23),
    entry("terrain", Ground, 0x98fb98),
    entry("sky", Sky, 0x4682b4),
    entry("person", People, 0xdc143c),
    entry("rider", People, 0xff0000),
    entry("car", Vehicles, 0x00008e),
    entry("truck", Vehicles, 0x000046),
    entry("bus", Vehicles, 0x003c64),
    entry("caravan", Vehicles, 0x00005a),
    entry("trailer", Vehicles, 0x00006e),
    entry("train", Vehicles, 0x005064),
    entry("motorcycle", Vehicles, 0x0000e6),
    entry("bicycle", Vehicles, 0x770b20),
    entry("license plate", Vehicles, 0x00008e),
];
