//! Water: the finished scene mirrored about the water level, broken by ripples.

use crate::canvas::{Camera, Canvas, SKY_DEPTH};
use crate::class::Class;
use crate::color::{Rgb, lerp, smoothstep};
use crate::light::Light;
use crate::noise::{fbm, gradient};
use crate::sky::gradient_at;
use crate::terrain::Terrain;

/// How the water of a scene behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surface {
    /// 0 mirror-like .. 1 open sea.
    pub(crate) waves: f32,
    /// Whether the ground near the shore shines through, as over sand.
    pub(crate) shallow: bool,
    pub(crate) seed: u32,
}

/// Marks a mirrored ray that leaves the picture at the top.
const ABOVE: i32 = -1;

/// Paints all samples of class water; must run after everything that can be mirrored.
pub(crate) fn paint(
    canvas: &mut Canvas,
    camera: &Camera,
    light: &Light,
    terrain: &Terrain,
    seen: &[f32],
    surface: &Surface,
) {
    let mirror = mirrored_rows(canvas, camera);
    let source = canvas.color.clone();
    for row in 0..canvas.side {
        for column in 0..canvas.side {
            let index = canvas.index(column, row);
            if canvas.class[index] != Class::Water {
                continue;
            }
            let place = terrain.place(column, seen[index]);
            let sample = Sample {
                canvas,
                camera,
                light,
                surface,
                mirror: &mirror,
                source: &source,
                column,
                row,
                shore: place.relief.water,
                depth: -place.relief.height,
            };
            let color = sample.color(place.z);
            canvas.color[index] = color;
        }
    }
}

/// For every water sample the row whose content it mirrors.
///
/// The mirrored ray of a sample on row `v` passes, at distance `z`, row
/// `h + 2 f c / z - (v - h)` (horizon `h`, focal length `f`, camera height `c`); going up the
/// column, it meets the first thing whose row it has reached. A thing whose row it has left far
/// below hangs over it, as a crown does over a river, and lets it pass.
fn mirrored_rows(canvas: &Canvas, camera: &Camera) -> Vec<i32> {
    let side = canvas.side;
    let mut mirror = vec![ABOVE; side * side];
    let horizon = camera.horizon * side as f32;
    let scale = 2.0 * camera.focal * camera.height * side as f32;
    let slack = 2.0 + 0.015 * side as f32;
    for column in 0..side {
        for row in 0..side {
            let index = canvas.index(column, row);
            if canvas.class[index] != Class::Water {
                continue;
            }
            let below = row as f32 + 0.5 - horizon;
            let water_depth = canvas.depth[index] * 0.99;
            let highest = (horizon - below - 1.0).max(0.0) as usize;
            mirror[index] = (highest.min(row)..row)
                .rev()
                .find(|&up| {
                    let at = canvas.index(column, up);
                    let depth = canvas.depth[at];
                    let over = horizon + scale / depth - below - (up as f32 + 0.5);
                    canvas.class[at] != Class::Water
                        && depth > water_depth
                        && (0.0..slack).contains(&over)
                })
                .map_or(ABOVE, |up| up as i32);
        }
    }
    mirror
}

struct Sample<'a> {
    canvas: &'a Canvas,
    camera: &'a Camera,
    light: &'a Light,
    surface: &'a Surface,
    mirror: &'a [i32],
    source: &'a [Rgb],
    column: usize,
    row: usize,
    /// Distance inside the water, picture widths.
    shore: f32,
    /// Depth of the water, metres.
    depth: f32,
}

impl Sample<'_> {
    fn color(&self, z: f32) -> Rgb {
        let (u, v) = (self.canvas.unit(self.column), self.canvas.unit(self.row));
        let below = (v - self.camera.horizon).max(1e-3);
        let sample = self.canvas.sample_width();
        let waves = self.surface.waves;
        let rows = lerp(46.0, 30.0, waves);
        let octaves = ((below / rows) / sample).log2().clamp(0.0, 4.0);
        let (x, y) = (u * lerp(9.0, 15.0, waves), z.ln() * rows);
        let ripple = fbm(x, y, octaves, self.surface.seed);
        let calm = smoothstep(
            -0.5,
            0.4,
            gradient(u * 3.0, z.ln() * 5.0, self.surface.seed ^ 5),
        );
        let strength = lerp(0.35, 1.0, calm) * lerp(0.012, 0.05, waves) * (0.25 + below);
        let mirrored = self.mirrored(u, v, ripple * strength);

        let grazing = (1.0 - below / self.camera.focal).clamp(0.0, 1.0);
        let fresnel = lerp(0.36, 0.94, grazing.powi(3)) * lerp(1.0, 0.86, waves);
        let mut color = self.body().mix(mirrored, fresnel);
        color = color * (1.0 + ripple * lerp(0.10, 0.34, waves));
        color += self.glitter(u, x, y, octaves);
        self.light.through_air(self.foam(color, u, z), z * 0.8)
    }

    /// What the surface mirrors: a few wave slopes averaged, more apart on rough water.
    fn mirrored(&self, u: f32, v: f32, push: f32) -> Rgb {
        let spread = 0.004 + 0.02 * self.surface.waves;
        let pushes = [push, push * 0.5 - spread * 0.4, push * 0.5 + spread * 0.6];
        let sum = pushes
            .iter()
            .fold(Rgb::BLACK, |sum, &p| sum + self.mirrored_once(u, v, p));
        sum * (1.0 / pushes.len() as f32)
    }

    fn mirrored_once(&self, u: f32, v: f32, push: f32) -> Rgb {
        let side = self.canvas.side as i32;
        let row = (self.row as i32 + (push * side as f32) as i32).clamp(0, side - 1);
        let column = (self.column as i32 + (push * 0.35 * side as f32) as i32).clamp(0, side - 1);
        let moved = self.canvas.index(column as usize, row as usize);
        let (index, column) = if self.canvas.class[moved] == Class::Water {
            (moved, column as usize)
        } else {
            (self.canvas.index(self.column, self.row), self.column)
        };
        match self.mirror[index] {
            ABOVE => gradient_at(self.camera, self.light, u, 2.0 * self.camera.horizon - v),
            up => {
                let at = self.canvas.index(column, up as usize);
                if self.canvas.depth[at] < SKY_DEPTH {
                    return self.source[at] * 0.82;
                }
                let above = 2.0 * self.camera.horizon - v;
                let clear = gradient_at(self.camera, self.light, u, above);
                self.source[at].mix(clear, 0.55 * self.surface.waves) * 0.94
            }
        }
    }

    /// Colour of the water itself.
    fn body(&self) -> Rgb {
        let deep = Rgb::hex(0x1c4a66);
        let near = if self.surface.shallow {
            Rgb::hex(0x5fb3ac)
        } else {
            Rgb::hex(0x2d5f62)
        };
        let depth = smoothstep(
            0.0,
            if self.surface.shallow { 9.0 } else { 3.0 },
            self.depth,
        );
        let lightness = self.light.key * 0.55 + self.light.ambient * 0.75;
        near.mix(deep, depth) * lightness
    }

    /// Sparks under the sun.
    fn glitter(&self, u: f32, x: f32, y: f32, octaves: f32) -> Rgb {
        let Some(sun) = self.light.sun else {
            return Rgb::BLACK;
        };
        let spread = sun.radius * 1.3 + 0.05;
        let near = (-((u - sun.u) / spread).powi(2)).exp();
        let spark = fbm(x * 2.3, y * 1.4, octaves, self.surface.seed ^ 9);
        self.light.sparkle * (near * (0.10 + 1.3 * smoothstep(0.05, 0.55, spark)))
    }

    /// Foam along an open shore, a dark seam along a quiet one.
    fn foam(&self, color: Rgb, u: f32, z: f32) -> Rgb {
        if self.surface.waves < 0.5 {
            let seam = smoothstep(0.006, 0.0, self.shore);
            return color * (1.0 - 0.3 * seam);
        }
        let wash = gradient(u * 9.0, z.ln() * 4.0, self.surface.seed ^ 7);
        let lace = fbm(u * 70.0, z.ln() * 60.0, 3.0, self.surface.seed ^ 8);
        let edge = smoothstep(0.010 + 0.004 * wash, 0.002, self.shore);
        let middle = 0.026 + 0.010 * wash;
        let wave = smoothstep(0.005, 0.0, (self.shore - middle).abs()) * 0.6;
        let foam = (edge.max(wave) * (0.75 + 0.9 * lace)).clamp(0.0, 1.0);
        let white = self.light.key * 0.62 + self.light.ambient * 0.5;
        color.mix(white, foam * 0.85)
    }
}
