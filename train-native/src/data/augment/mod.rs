//! Geometry of a training sample: resize, crop, flip, and the step from bytes to [-1, 1].
//!
//! All maps of a sample go through the same transformation. Rules: model specification 1.2, and 2.5 (pix2pix), 3.8
//! (pix2pixHD), 4.6 (SPADE): the three mean nearly the same by the same mode, and [`PreprocessRules`] is where they
//! differ.

mod options;
mod preprocess;
mod region;
mod transform;

pub use options::AugmentOptions;
pub use preprocess::{Preprocess, PreprocessRules};
pub use region::Region;
pub use transform::{
    TransformParams, signed_from_picture, transform_features, transform_instances,
    transform_labels, transform_picture,
};
