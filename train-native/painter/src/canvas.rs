//! The supersampled canvas that every painter works on, and the camera that looks at the world.

use crate::class::Class;
use crate::color::Rgb;

/// Samples per final pixel along each axis.
pub(crate) const SUPERSAMPLE: usize = 2;

/// Depth of the sky: farther than any terrain.
pub(crate) const SKY_DEPTH: f32 = 1e9;

/// Square grid of samples with colour (linear light), class and depth (metres).
pub(crate) struct Canvas {
    /// Samples along one side.
    pub(crate) side: usize,
    pub(crate) color: Vec<Rgb>,
    pub(crate) class: Vec<Class>,
    pub(crate) depth: Vec<f32>,
    /// How deep in cast shadow a sample already is, 0..1.
    shadow: Vec<f32>,
    /// How deep shadows are, 0 none .. 1.
    pub(crate) shadow_depth: f32,
}

impl Canvas {
    pub(crate) fn new(size: u32) -> Self {
        let side = size as usize * SUPERSAMPLE;
        Self {
            side,
            color: vec![Rgb::BLACK; side * side],
            class: vec![Class::Sky; side * side],
            depth: vec![SKY_DEPTH; side * side],
            shadow: vec![0.0; side * side],
            shadow_depth: 1.0,
        }
    }

    /// Width of a sample in unit coordinates.
    pub(crate) fn sample_width(&self) -> f32 {
        1.0 / self.side as f32
    }

    pub(crate) fn index(&self, column: usize, row: usize) -> usize {
        row * self.side + column
    }

    /// Unit coordinate of the middle of a column or row.
    pub(crate) fn unit(&self, index: usize) -> f32 {
        (index as f32 + 0.5) / self.side as f32
    }

    /// Columns (or rows) whose middles lie in the unit interval.
    pub(crate) fn span(&self, low: f32, high: f32) -> std::ops::Range<usize> {
        let side = self.side as f32;
        let first = (low * side - 0.5).ceil().clamp(0.0, side) as usize;
        let last = (high * side + 0.5).floor().clamp(0.0, side) as usize;
        first..last.max(first)
    }

    /// Calls `visit(index, u, v)` for every sample in a unit rectangle.
    pub(crate) fn for_each_in(
        &mut self,
        columns: (f32, f32),
        rows: (f32, f32),
        mut visit: impl FnMut(&mut Self, usize, f32, f32),
    ) {
        let columns = self.span(columns.0, columns.1);
        for row in self.span(rows.0, rows.1) {
            let v = self.unit(row);
            for column in columns.clone() {
                let index = self.index(column, row);
                let u = self.unit(column);
                visit(self, index, u, v);
            }
        }
    }

    /// Puts an opaque sample of an object at `depth`, unless something nearer is there.
    pub(crate) fn put(&mut self, index: usize, depth: f32, class: Class, color: Rgb) {
        if depth <= self.depth[index] {
            self.depth[index] = depth;
            self.class[index] = class;
            self.color[index] = color;
            self.shadow[index] = 0.0;
        }
    }

    /// Darkens a sample to a shadow of `strength` (0..1); shadows that overlap do not add up.
    pub(crate) fn cast_shadow(&mut self, index: usize, strength: f32) {
        let strength = strength * self.shadow_depth;
        let tint = |strength| Rgb::WHITE.mix(Rgb::new(0.47, 0.52, 0.64), strength);
        let before = self.shadow[index];
        if strength > before {
            let (old, new) = (tint(before), tint(strength));
            let ratio = Rgb::new(new.r / old.r, new.g / old.g, new.b / old.b);
            self.color[index] = self.color[index] * ratio;
            self.shadow[index] = strength;
        }
    }
}

/// A level camera above the origin that looks along +z. Metres in the world, unit coordinates
/// (0..1, v down) on the picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Camera {
    /// Row of the horizon.
    pub(crate) horizon: f32,
    /// Height above the water level.
    pub(crate) height: f32,
    /// Focal length in picture widths.
    pub(crate) focal: f32,
}

impl Camera {
    /// Row at which a point of height `h` at distance `z` appears.
    pub(crate) fn row(&self, h: f32, z: f32) -> f32 {
        self.horizon + self.focal * (self.height - h) / z
    }

    /// Column at which a point appears.
    pub(crate) fn column(&self, x: f32, z: f32) -> f32 {
        0.5 + self.focal * x / z
    }

    /// World x of a column at distance `z`.
    pub(crate) fn world_x(&self, u: f32, z: f32) -> f32 {
        (u - 0.5) * z / self.focal
    }

    /// World height of a row at distance `z`.
    pub(crate) fn world_height(&self, v: f32, z: f32) -> f32 {
        self.height - (v - self.horizon) * z / self.focal
    }

    /// Distance at which flat ground at water level appears on row `v` (below the horizon).
    pub(crate) fn ground_distance(&self, v: f32) -> f32 {
        self.focal * self.height / (v - self.horizon).max(1e-4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_shadows_are_no_darker_than_one() {
        let mut canvas = Canvas::new(1);
        canvas.color[0] = Rgb::WHITE;
        canvas.cast_shadow(0, 1.0);
        let once = canvas.color[0];
        canvas.cast_shadow(0, 1.0);
        assert_eq!(canvas.color[0], once);
    }

    #[test]
    fn nearer_things_cover_farther_ones() {
        let mut canvas = Canvas::new(1);
        canvas.put(0, 10.0, Class::House, Rgb::WHITE);
        canvas.put(0, 20.0, Class::Rock, Rgb::BLACK);
        assert_eq!(canvas.class[0], Class::House);
    }
}
