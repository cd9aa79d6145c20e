//! A scene while it is being composed, and what can be put into it.

use crate::buildings::House;
use crate::canvas::Camera;
use crate::class::Class;
use crate::noise::Stream;
use crate::scatter::{Kind, Standing};
use crate::world::{Blob, Range, World};

/// A scene while it is being composed.
pub(crate) struct Draft {
    pub(crate) random: Stream,
    pub(crate) world: World,
    pub(crate) houses: Vec<House>,
    pub(crate) things: Vec<Standing>,
    pub(crate) waves: f32,
}

impl Draft {
    /// An empty plain under the camera that the seed draws.
    pub(crate) fn new(seed: u64) -> Self {
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
    pub(crate) fn spot(&self, u: f32, v: f32) -> (f32, f32) {
        let camera = &self.world.camera;
        let z = camera.focal * camera.height / v;
        (u * z / camera.focal, z)
    }

    /// `class` with a probability, else the `other`.
    pub(crate) fn either(&mut self, class: Class, probability: f32, other: Class) -> Class {
        if self.random.chance(probability) {
            class
        } else {
            other
        }
    }

    /// Room below the horizon, in picture heights.
    pub(crate) fn room(&self) -> f32 {
        1.0 - self.world.camera.horizon
    }

    /// Adds a mountain range that stands `share` of the picture high.
    pub(crate) fn range(&mut self, distance: f32, share: f32, foot: Class, alpine: f32) {
        let height = share * distance / self.world.camera.focal;
        let snow_line = if self.random.chance(alpine) {
            self.random.range(0.36, 0.75)
        } else {
            2.0
        };
        self.push_range(distance, height, foot, snow_line, None);
    }

    /// Adds a single massif.
    pub(crate) fn massif(&mut self, distance: f32, share: f32, foot: Class, alpine: f32) {
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
    pub(crate) fn blob(&mut self, cover: Class, at: (f32, f32), half: (f32, f32), ragged: f32) {
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
    pub(crate) fn stand(&mut self, kind: Kind, u: f32, v: f32, height: f32) {
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
    pub(crate) fn group(&mut self, kind: Kind, at: (f32, f32), count: usize, tall: (f32, f32)) {
        for _ in 0..count {
            let u = at.0 + self.random.range(-0.11, 0.11);
            let v = at.1 * self.random.range(0.8, 1.25);
            let height = self.random.range(tall.0, tall.1);
            self.stand(kind, u, v, height);
        }
    }

    /// Builds a house at a flat view point, if the ground is dry and free.
    pub(crate) fn house(&mut self, u: f32, v: f32, scale: f32) {
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
}
