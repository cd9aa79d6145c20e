//! A procedural painter of landscapes with label maps: an endless, licence-free data set.
//!
//! For a seed, [`paint`] makes a landscape "photo" and the label map that belongs to it;
//! [`scene_seed`] numbers the scenes of a data set. Everything is defined in metres and unit
//! coordinates, so one seed is one scene at any resolution. Nothing here reads or writes files.
//!
//! Reading order: `world` (height field, water level, covers), `draft` (a scene while it is being
//! composed), `pieces`, `wild` and `settled` (kinds of landscape, put together on a draft), `arrange`
//! (draws one of them), `compose` (a whole scene with its light), `mood` (another light for it). [`paint`] then goes from back to
//! front: sky, terrain, rocks, trees and houses, water with its mirror image, and a last finish.

#![warn(missing_docs)]

mod arrange;
mod buildings;
mod canvas;
mod class;
mod color;
mod compose;
mod draft;
mod finish;
mod ground;
mod light;
mod mood;
mod noise;
mod pieces;
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

pub use class::{CLASSES, LandscapeClass, class_color};
pub use mood::{Mood, UnknownMood};
pub use scene::{Scene, paint, paint_in, scene_mood, scene_seed};
