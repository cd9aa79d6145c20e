//! A procedural painter of landscapes with label maps: an endless, licence-free data set.
//!
//! For a seed, [`paint`] makes a landscape "photo" and the label map that belongs to it;
//! [`synthesize`] writes whole data sets. Scenes are composed in `compose` as a small world
//! (height field, water level, covers, things standing about) that the other rooms paint from
//! back to front: sky, terrain, rocks, trees and houses, water with its mirror image, and a
//! last finish. Everything is defined in metres and unit coordinates, so one seed is one scene
//! at any resolution.

mod arrange;
mod buildings;
mod canvas;
mod class;
mod color;
mod compose;
mod finish;
mod ground;
mod light;
mod noise;
mod rocks;
mod scatter;
mod scene;
mod settled;
mod sky;
mod terrain;
mod vegetation;
mod water;
mod wild;
mod world;
mod write;

pub use class::{CLASSES, LandscapeClass, class_color};
pub use scene::{Scene, paint};
pub use write::{MIN_SIZE, SynthesizeError, SynthesizeOptions, SynthesizeSummary, synthesize};
