//! Composes a scene: draws the kind of landscape, the sky, the light and the camera from a seed.

use super::arrange;
use super::buildings::House;
use super::canvas::Camera;
use super::class::Class;
use super::color::{lerp, smoothstep};
use super::light::{Light, SunDisc};
use super::noise::Stream;
use super::scatter::{Kind, Standing};
use super::sky::{Clouds, Heap};
use super::water::Surface;
use super::world::{Blob, Range, World};

/// Everything the painters need for one scene.
#[derive(Clone, Debug)]
pub(super) struct Composition {
    pub(super) world: World,
    pub(super) light: Light,
    pub(super) clouds: Clouds,
    pub(super) houses: Vec<House>,
    /// Single trees and boulders; woods and plants are scattered by cover.
    pub(super) things: Vec<Standing>,
    pub(super) surface: Surface,
}

/// A scene while it is being composed.
pub(super) struct Draft {
    pub(super) random: Stream,
    pub(super) world: World,
    pub(super) houses: Vec<House>,
    pub(super) things: Vec<Standing>,
    pub(super) waves: f32,
}

/// Composes the scene of a seed.
pub(super) fn compose(seed: u64) -> Composition {
    let mut draft = Draft::new(seed);
    arrange::arrange(&mut draft);
    draft.finish()
}

impl Draft {
    fn new(seed: u64) -> Self {
        let mut random = Stream::new(seed);
        let camera = Camera {
            horizon: random.range(0.30, 0.60),
            height: random.range(11.0, 21.0),
            focal: random.range(0.8, 1.0),
        };
        let world = World {
            camera,
            base: Class::Meadow,
            hills: random.range(8.0, 45.0),
            swells: random.range(0.6, 2.6),
            beach: -9.0,
            ranges: Vec::new(),
            blobs: Vec::new(),
            coast: None,
            river: None,
            road: None,
            woods: None,
            fields: None,
            seed: random.seed(),
        };
        Self {
            random,
            world,
            houses: Vec::new(),
            things: Vec::new(),
            waves: 0.15,
        }
    }

    /// World place of a flat view point: `u` from the middle, `v` below the horizon.
    pub(super) fn spot(&self, u: f32, v: f32) -> (f32, f32) {
        let camera = &self.world.camera;
        let z = camera.focal * camera.height / v;
        (u * z / camera.focal, z)
    }

    /// `class` with a probability, else the `other`.
    pub(super) fn either(&mut self, class: Class, probability: f32, other: Class) -> Class {
        if self.random.chance(probability) {
            class
        } else {
            other
        }
    }

    /// Room below the horizon, in picture heights.
    pub(super) fn room(&self) -> f32 {
        1.0 - self.world.camera.horizon
    }

    /// Adds a mountain range that stands `share` of the picture high.
    pub(super) fn range(&mut self, distance: f32, share: f32, foot: Class, alpine: f32) {
        let height = share * distance / self.world.camera.focal;
        let snow_line = if self.random.chance(alpine) {
            self.random.range(0.36, 0.75)
        } else {
            2.0
        };
        self.push_range(distance, height, foot, snow_line, None);
    }

    /// Adds a single massif.
    pub(super) fn massif(&mut self, distance: f32, share: f32, foot: Class, alpine: f32) {
        let height = 1.35 * share * distance / self.world.camera.focal;
        let u = self.random.range(-0.32, 0.32);
        let half_width = self.random.range(1.3, 2.2) * height;
        let snow_line = if self.random.chance(alpine) {
            self.random.range(0.4, 0.7)
        } else {
            2.0
        };
        let middle = u * distance / self.world.camera.focal;
        self.push_range(
            distance,
            height,
            foot,
            snow_line,
            Some((middle, half_width)),
        );
    }

    fn push_range(
        &mut self,
        distance: f32,
        height: f32,
        foot: Class,
        snow_line: f32,
        massif: Option<(f32, f32)>,
    ) {
        let random = &mut self.random;
        let rough = random.unit();
        let half_depth = distance * random.range(0.26, 0.36);
        self.world.ranges.push(Range {
            distance,
            half_depth,
            height,
            massif,
            roughness: 1.0 - 0.75 * rough * rough,
            tree_line: random.range(0.16, 0.40),
            snow_line,
            foot,
            seed: random.seed(),
        });
    }

    /// Adds a blob of cover.
    pub(super) fn blob(&mut self, cover: Class, at: (f32, f32), half: (f32, f32), ragged: f32) {
        let seed = self.random.seed();
        self.world.blobs.push(Blob {
            u: at.0,
            v: at.1,
            half_width: half.0,
            half_height: half.1,
            ragged,
            cover,
            seed,
        });
    }

    /// Stands a tree or a boulder at a flat view point, if that is dry open ground.
    pub(super) fn stand(&mut self, kind: Kind, u: f32, v: f32, height: f32) {
        let (x, z) = self.spot(u, v);
        let relief = self.world.relief(x, z);
        let dry = relief.height > 0.25 || (kind == Kind::Boulder && relief.water < 0.05);
        if !dry {
            return;
        }
        self.things.push(Standing {
            kind,
            x,
            z,
            ground: relief.height.max(-0.3),
            height,
            seed: self.random.seed(),
        });
    }

    /// Stands a group of one kind around a flat view point.
    pub(super) fn group(&mut self, kind: Kind, at: (f32, f32), count: usize, tall: (f32, f32)) {
        for _ in 0..count {
            let u = at.0 + self.random.range(-0.11, 0.11);
            let v = at.1 * self.random.range(0.8, 1.25);
            let height = self.random.range(tall.0, tall.1);
            self.stand(kind, u, v, height);
        }
    }

    /// Builds a house at a flat view point, if the ground is dry and free.
    pub(super) fn house(&mut self, u: f32, v: f32, scale: f32) {
        let (x, z) = self.spot(u, v);
        let relief = self.world.relief(x, z);
        let crowded = self
            .houses
            .iter()
            .any(|h| (h.x - x).powi(2) + (h.z - z).powi(2) < (h.length * 1.1 + 6.0).powi(2));
        let length = self.random.range(10.0, 16.0) * scale;
        let corners = [-0.6, 0.0, 0.6];
        let blocked = corners.iter().any(|side| {
            let place = (x + side * length, z);
            let there = self.world.relief(place.0, place.1);
            there.height < 0.4 || self.world.cover(place.0, place.1, &there, 0.9) == Class::Road
        });
        if crowded || blocked {
            return;
        }
        let floors = if self.random.chance(0.4) { 2.0 } else { 1.0 };
        let depth = length * self.random.range(0.6, 0.8);
        let turn = self.random.range(0.25, 0.7);
        self.houses.push(House {
            x,
            z,
            ground: relief.height - 0.1,
            yaw: if self.random.chance(0.5) { turn } else { -turn },
            length,
            depth,
            wall: (0.4 + 3.0 * floors) * scale.sqrt(),
            roof: depth * self.random.range(0.42, 0.62),
            seed: self.random.seed(),
        });
    }

    fn finish(mut self) -> Composition {
        let world = &self.world;
        self.things
            .retain(|thing| world.off_road(thing.x, thing.z) > 0.2);
        let camera = self.world.camera;
        let (mut clouds, overcast) = self.clouds();
        let sun = if clouds.layer > 0.0 { None } else { self.sun() };
        if let Some(sun) = &sun {
            clouds.heaps.retain(|heap| !heap.hides(sun));
        }
        let warmth = match sun {
            Some(sun) => smoothstep(0.75, 0.12, (camera.horizon - sun.v) / camera.horizon),
            None => self.random.unit().powi(3) * 0.4,
        };
        let visibility = self.random.range(7_500.0, 13_000.0);
        let surface = Surface {
            waves: self.waves,
            shallow: self.world.beach > 0.0,
            seed: self.random.seed(),
        };
        Composition {
            light: Light::new(sun, warmth, overcast, visibility),
            world: self.world,
            clouds,
            houses: self.houses,
            things: self.things,
            surface,
        }
    }

    fn sun(&mut self) -> Option<SunDisc> {
        if !self.random.chance(0.44) {
            return None;
        }
        let horizon = self.world.camera.horizon;
        let high = self.random.unit().powf(0.85);
        let u = if self.random.chance(0.65) {
            self.random.range(0.08, 0.5)
        } else {
            self.random.range(0.5, 0.92)
        };
        let radius = self.random.range(0.026, 0.062);
        let above_land = self.skyline(u) + radius * self.random.range(-0.6, 1.5);
        let v = (horizon * lerp(0.92, 0.15, high)).min(above_land - radius);
        (v > radius).then_some(SunDisc { u, v, radius })
    }

    /// Row of the highest land at column `u`: a sun hidden behind it would light a scene without
    /// showing in its labels.
    fn skyline(&self, u: f32) -> f32 {
        let camera = &self.world.camera;
        (0..160)
            .map(|i| {
                let z = 60.0 * 1.035f32.powi(i);
                let height = self.world.relief(camera.world_x(u, z), z).height;
                camera.row(height.max(0.0), z)
            })
            .fold(camera.horizon, f32::min)
    }

    /// Clouds, and how far they dim the light.
    fn clouds(&mut self) -> (Clouds, f32) {
        let mut clouds = Clouds {
            heaps: Vec::new(),
            layer: 0.0,
            seed: self.random.seed(),
        };
        let kind = self.random.unit();
        if kind < 0.14 {
            return (clouds, 0.0);
        }
        if kind < 0.24 {
            clouds.layer = self.random.range(0.62, 0.95);
            let overcast = smoothstep(0.55, 0.95, clouds.layer);
            return (clouds, overcast);
        }
        if kind < 0.40 {
            clouds.layer = self.random.range(0.28, 0.5);
        }
        let count = 1 + self.random.below(6);
        for _ in 0..count {
            let heap = self.heap();
            clouds.heaps.push(heap);
        }
        (clouds, 0.0)
    }

    /// One heap; heaps near the horizon are smaller.
    fn heap(&mut self) -> Heap {
        let horizon = self.world.camera.horizon;
        let height = self.random.range(0.05, 0.95);
        let size = lerp(1.0, 0.35, height) * self.random.range(0.6, 1.3);
        let random = &mut self.random;
        Heap {
            u: random.range(-0.05, 1.05),
            v: horizon * height,
            half_width: random.range(0.10, 0.26) * size,
            half_height: random.range(0.055, 0.12) * size,
            seed: random.seed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_sun_makes_warm_light() {
        let suns: Vec<(f32, f32)> = (0..400)
            .map(compose)
            .filter_map(|c| {
                let sun = c.light.sun?;
                Some((sun.v / c.world.camera.horizon, c.light.warmth))
            })
            .collect();
        assert!(suns.len() > 40);
        assert!(suns.iter().all(|&(low, warmth)| low < 0.8 || warmth > 0.7));
        assert!(suns.iter().all(|&(low, warmth)| low > 0.3 || warmth < 0.2));
    }
}
