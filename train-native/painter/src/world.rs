//! The world of a scene: a height field with water at level 0, and what covers it.
//!
//! `x` runs right, `z` away from the camera, both in metres. Some shapes are defined in the
//! *flat view*: `(u, v)` where flat ground at that place would appear, `u` from the middle of the
//! picture, `v` down from the horizon. A round blob there is a round blob of paint.

use crate::canvas::Camera;
use crate::class::Class;
use crate::color::{lerp, smoothstep};
use crate::noise::{cell, fbm, gradient, hash_unit, ridged};

/// A mountain range, or with `center_x` a single massif.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) distance: f32,
    /// Half of its extent away from the camera.
    pub(crate) half_depth: f32,
    pub(crate) height: f32,
    /// Middle and half width of a single massif.
    pub(crate) massif: Option<(f32, f32)>,
    /// 0 smooth humps .. 1 sharp ridges.
    pub(crate) roughness: f32,
    /// Relative heights (0..1 of `height`) where wood ends and snow begins.
    pub(crate) tree_line: f32,
    pub(crate) snow_line: f32,
    /// What grows below the tree line.
    pub(crate) foot: Class,
    pub(crate) seed: u32,
}

/// A warped ellipse in the flat view, holding one cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blob {
    pub(crate) u: f32,
    pub(crate) v: f32,
    pub(crate) half_width: f32,
    pub(crate) half_height: f32,
    /// How far noise pushes the outline, 0 for a clean ellipse.
    pub(crate) ragged: f32,
    pub(crate) cover: Class,
    pub(crate) seed: u32,
}

/// A sea (or big lake) on one side of a line in the flat view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coast {
    /// A point of the line.
    pub(crate) u: f32,
    pub(crate) v: f32,
    /// Unit vector toward the water.
    pub(crate) toward: (f32, f32),
    pub(crate) ragged: f32,
    pub(crate) seed: u32,
}

/// A road or river: `u = offset + swing * sin(turns * ln z + phase)` in the flat view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) offset: f32,
    pub(crate) swing: f32,
    pub(crate) turns: f32,
    pub(crate) phase: f32,
    /// Width in metres.
    pub(crate) width: f32,
    /// Extra width per metre of distance, so that a river stays visible far away.
    pub(crate) spread: f32,
    /// Distance at which it ends.
    pub(crate) end: f32,
}

/// Woods grow where noise exceeds a threshold, between two distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Woods {
    pub(crate) threshold: f32,
    pub(crate) scale: f32,
    pub(crate) near: f32,
    pub(crate) far: f32,
    /// Share of broad-leaved stands.
    pub(crate) broad: f32,
    pub(crate) seed: u32,
}

/// A patchwork of meadows, ripe fields and flower strips.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) near: f32,
    pub(crate) far: f32,
    pub(crate) scale: f32,
    pub(crate) angle: f32,
    /// Share of ripe fields and of flower fields.
    pub(crate) ripe: f32,
    pub(crate) flowers: f32,
    pub(crate) seed: u32,
}

/// Everything the terrain painters need to know.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) camera: Camera,
    /// Cover of land where nothing else is said.
    pub(crate) base: Class,
    /// Height of the hills far away, in metres.
    pub(crate) hills: f32,
    /// Height of the swells near the camera, in metres.
    pub(crate) swells: f32,
    /// Height up to which land beside water is sand, in metres.
    pub(crate) beach: f32,
    pub(crate) ranges: Vec<Range>,
    pub(crate) blobs: Vec<Blob>,
    pub(crate) coast: Option<Coast>,
    pub(crate) river: Option<Course>,
    pub(crate) road: Option<Course>,
    pub(crate) woods: Option<Woods>,
    pub(crate) fields: Option<Fields>,
    pub(crate) seed: u32,
}

/// Height of a place and what shaped it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Relief {
    /// Metres above the water level, negative under water.
    pub(crate) height: f32,
    /// Height of a range here, relative to its full height; 0 off the ranges.
    pub(crate) rise: f32,
    /// Which range.
    pub(crate) range: usize,
    /// How far inside water, in picture widths; negative on land.
    pub(crate) water: f32,
}

impl Blob {
    /// Above 0 inside; 1 in the middle. Takes a flat view point.
    fn inside(&self, u: f32, v: f32) -> f32 {
        let du = (u - self.u) / self.half_width;
        let dv = (v - self.v) / self.half_height;
        let round = 1.0 - du * du - dv * dv;
        if round < -1.5 || self.ragged <= 0.0 {
            return round;
        }
        round + self.ragged * fbm(du * 1.3, dv * 1.3, 3.0, self.seed)
    }
}

impl Course {
    /// Middle of the course at distance `z`, in metres.
    fn middle(&self, z: f32, focal: f32) -> f32 {
        (self.offset + self.swing * (self.turns * z.ln() + self.phase).sin()) * z / focal
    }

    /// Distance in metres from the middle, measured across the course, and along-course angle.
    pub(crate) fn across(&self, x: f32, z: f32, focal: f32) -> f32 {
        let middle = self.middle(z, focal);
        let slope = (self.middle(z * 1.01, focal) - middle) / (z * 0.01);
        (x - middle) / (1.0 + slope * slope).sqrt()
    }

    /// Half the width at distance `z`.
    pub(crate) fn half_width(&self, z: f32) -> f32 {
        0.5 * (self.width + self.spread * z)
    }
}

impl Range {
    /// Height of the range at a place, 0..1 of its full height.
    fn rise(&self, x: f32, z: f32) -> f32 {
        let across = (z - self.distance) / self.half_depth;
        let mut profile = 1.0 - across * across;
        if profile <= 0.0 {
            return 0.0;
        }
        let scale = self.half_depth * 1.1;
        if let Some((middle, half_width)) = self.massif {
            let along = (x - middle) / half_width;
            let reach = (along * along + across * across).sqrt();
            profile = (1.0 - reach).max(0.0) * 1.25;
        } else {
            let peaks = 0.5 + 0.75 * gradient(x / (scale * 1.25), self.distance, self.seed ^ 77);
            profile *= lerp(0.42, 1.0, peaks.clamp(0.0, 1.1));
        }
        if profile <= 0.0 {
            return 0.0;
        }
        let sharp = ridged(x / scale, z / scale, 2.0 + 4.5 * self.roughness, self.seed);
        let smooth = 0.5 + 0.5 * fbm(x / scale, z / scale, 2.0, self.seed);
        let detail = lerp(smooth, sharp * 1.15, 0.25 + 0.75 * self.roughness);
        profile * lerp(0.62, 1.0, detail) * (0.55 + 0.45 * detail)
    }
}

impl World {
    /// The flat view of a place.
    pub(crate) fn flat_view(&self, x: f32, z: f32) -> (f32, f32) {
        let scale = self.camera.focal / z;
        (x * scale, self.camera.height * scale)
    }

    /// The topmost blob of dry cover at a flat view point.
    fn patch(&self, u: f32, v: f32) -> Option<&Blob> {
        self.blobs
            .iter()
            .rev()
            .find(|b| b.cover != Class::Water && b.inside(u, v) > 0.0)
    }

    /// How far inside water a place is, in picture widths; negative on land. Roads cross lakes on
    /// dams.
    fn water(&self, x: f32, z: f32) -> f32 {
        let (u, v) = self.flat_view(x, z);
        let mut inside = -1.0f32;
        if let Some(coast) = self.coast {
            let line = (u - coast.u) * coast.toward.0 + (v - coast.v) * coast.toward.1;
            let noise = fbm(u * 4.0, z.ln() * 1.6, 4.0, coast.seed);
            inside = inside.max(line + coast.ragged * noise * v.min(0.25) * 2.0);
        }
        for blob in self.blobs.iter().filter(|b| b.cover == Class::Water) {
            let size = blob.half_height.min(blob.half_width);
            inside = inside.max(blob.inside(u, v) * size * 0.6);
        }
        if let Some(road) = self.road.filter(|r| z < r.end) {
            let beside = road.across(x, z, self.camera.focal).abs() - road.half_width(z) * 1.5;
            inside = inside.min(beside * self.camera.focal / z);
        }
        if let Some(river) = self.river.filter(|r| z < r.end) {
            let across = river.across(x, z, self.camera.focal).abs();
            let bank = 0.12 * river.width * gradient(x / 40.0, z / 40.0, self.seed ^ 3);
            inside = inside.max((river.half_width(z) + bank - across) * self.camera.focal / z);
        }
        inside
    }

    /// Height of a place and what shaped it.
    pub(crate) fn relief(&self, x: f32, z: f32) -> Relief {
        let water = self.water(x, z);
        let mut relief = Relief {
            water,
            ..Relief::default()
        };
        let mut mountain = 0.0f32;
        for (index, range) in self.ranges.iter().enumerate() {
            let rise = range.rise(x, z);
            if rise * range.height > mountain {
                mountain = rise * range.height;
                relief.rise = rise;
                relief.range = index;
            }
        }
        let bank = smoothstep(0.0, 0.055, -water);
        let ground = if water > 0.0 {
            -water * 60.0
        } else {
            self.land(x, z) * bank
        };
        let is_lake = self.coast.is_none();
        let carve = if is_lake {
            smoothstep(0.0, -0.03, water)
        } else {
            1.0
        };
        relief.height = ground + mountain * carve;
        if is_lake && water > 0.0 {
            relief.rise = 0.0;
        }
        relief
    }

    /// 0 on the road .. 1 well beside it: mounds leave the road level.
    pub(crate) fn off_road(&self, x: f32, z: f32) -> f32 {
        self.road.filter(|r| z < r.end).map_or(1.0, |road| {
            let half = road.half_width(z);
            let across = road.across(x, z, self.camera.focal).abs();
            smoothstep(half * 1.15, half * 2.6, across)
        })
    }

    /// Dry ground away from water: swells nearby, hills farther off, outcrops.
    fn land(&self, x: f32, z: f32) -> f32 {
        let near = smoothstep(25.0, 110.0, z);
        let swell = 0.5 + 0.5 * fbm(x / 95.0, z / 95.0, 3.0, self.seed);
        let far = smoothstep(90.0, 900.0, z);
        let hill = (0.35 + fbm(x / 520.0, z / 520.0, 3.0, self.seed ^ 1)).max(0.0);
        let mut height = 1.0 + self.swells * near * swell + self.hills * far * hill;
        let (u, v) = self.flat_view(x, z);
        if let Some(blob) = self.patch(u, v) {
            let size = z * blob.half_width.min(blob.half_height * 2.0) / self.camera.focal;
            height += size * mound(blob, blob.inside(u, v), size, x, z) * self.off_road(x, z);
        }
        height
    }

    /// What covers a dry place; `slope` is the upward part of its normal.
    pub(crate) fn cover(&self, x: f32, z: f32, relief: &Relief, slope: f32) -> Class {
        if let Some(road) = self.road.filter(|r| z < r.end && relief.rise < 0.05)
            && road.across(x, z, self.camera.focal).abs() < road.half_width(z)
        {
            return Class::Road;
        }
        if relief.rise > 0.09 {
            return self.range_cover(x, z, relief, slope);
        }
        let (u, v) = self.flat_view(x, z);
        if let Some(blob) = self.patch(u, v) {
            return blob.cover;
        }
        let wet = relief.height + 0.35 * gradient(x / 6.0, z / 6.0, self.seed ^ 8);
        if wet < self.beach && relief.water > -0.12 {
            return Class::Sand;
        }
        self.woods_cover(x, z)
            .or_else(|| self.field_cover(x, z))
            .unwrap_or(self.base)
    }

    fn range_cover(&self, x: f32, z: f32, relief: &Relief, slope: f32) -> Class {
        let range = &self.ranges[relief.range];
        let scale = range.half_depth * 0.16;
        let wobble = fbm(x / scale, z / scale, 3.0, range.seed ^ 4);
        if relief.rise + 0.10 * wobble + 0.30 * (slope - 0.62) > range.snow_line {
            return Class::Snow;
        }
        if relief.rise + 0.09 * wobble + 0.25 * (0.8 - slope) < range.tree_line {
            return range.foot;
        }
        Class::Mountain
    }

    fn woods_cover(&self, x: f32, z: f32) -> Option<Class> {
        let woods = self.woods?;
        if z < woods.near || z > woods.far {
            return None;
        }
        let wander = 0.75 + 0.6 * gradient(x / z * 3.5, z / 300.0, woods.seed ^ 9);
        let edge = smoothstep(woods.near, woods.near * 1.8, z * wander);
        let density = fbm(x / woods.scale, z / (woods.scale * 1.3), 3.0, woods.seed);
        if density < woods.threshold + (1.0 - edge) * 0.6 {
            return None;
        }
        let stand = gradient(x / (woods.scale * 0.8), z / woods.scale, woods.seed ^ 2);
        let broad = 0.5 + 0.7 * stand < woods.broad;
        Some(if broad { Class::Tree } else { Class::Forest })
    }

    fn field_cover(&self, x: f32, z: f32) -> Option<Class> {
        let fields = self.fields?;
        if z < fields.near || z > fields.far {
            return None;
        }
        let (plot_x, plot_z, _) = self.plot(x, z, &fields);
        let share = hash_unit(plot_x, plot_z, fields.seed);
        if share < fields.ripe {
            Some(Class::Field)
        } else if share < fields.ripe + fields.flowers {
            Some(Class::Flowers)
        } else {
            None
        }
    }

    /// The plot of the patchwork a place lies in, and its position across the plot's rows (m).
    fn plot(&self, x: f32, z: f32, fields: &Fields) -> (i32, i32, f32) {
        let (sin, cos) = fields.angle.sin_cos();
        let bend = 0.25 * fields.scale * gradient(x / 260.0, z / 260.0, fields.seed ^ 6);
        let along = x * cos + z * sin + bend;
        let deep = -x * sin + z * cos + bend * 0.5;
        let plot_z = (deep / (fields.scale * 1.5)).floor() as i32;
        let shift = hash_unit(plot_z, 17, fields.seed) * fields.scale;
        let plot_x = ((along + shift) / fields.scale).floor() as i32;
        (plot_x, plot_z, along)
    }

    /// Position across the crop rows, and a tint in 0..1 that is constant over a plot.
    pub(crate) fn rows(&self, x: f32, z: f32) -> (f32, f32) {
        match self.fields {
            Some(fields) => {
                let (plot_x, plot_z, across) = self.plot(x, z, &fields);
                (across, hash_unit(plot_x, plot_z, fields.seed ^ 99))
            }
            None => (x * 0.94 + z * 0.34, 0.5),
        }
    }
}

/// How far the ground rises under a blob, relative to the blob's size.
fn mound(blob: &Blob, inside: f32, size: f32, x: f32, z: f32) -> f32 {
    match blob.cover {
        Class::Rock => {
            let block = (size * 0.5).max(2.5);
            let lump = cell(x / block, z / block, blob.seed);
            let tall = (lump.id & 255) as f32 / 255.0;
            let crag = smoothstep(0.0, 0.9, lump.edge) * (0.4 + 0.6 * tall);
            let rough = 0.04 * fbm(x * 3.0 / block, z * 3.0 / block, 2.0, blob.seed);
            smoothstep(0.0, 0.6, inside) * (0.06 + 0.13 * crag + rough)
        }
        Class::Snow | Class::Sand => {
            let drift = 0.5 + 0.5 * gradient(x / (size * 0.5), z / (size * 0.5), blob.seed);
            smoothstep(0.0, 0.6, inside) * (0.02 + 0.07 * drift)
        }
        _ => 0.0,
    }
}
