//! Surveys the world on a grid that widens with distance, casts shadows across it and finds what
//! the camera sees of it.

use crate::canvas::{Camera, Canvas};
use crate::color::{lerp, smoothstep};
use crate::light::Light;
use crate::world::{Relief, World};

/// Distance that the survey reaches, in metres.
const REACH: f32 = 15_000.0;
/// Rows of the survey between the camera and `REACH`, at geometrically growing distances.
const STEPS: usize = 600;

/// The surveyed height field: one column per canvas column, one row per distance.
pub(crate) struct Terrain {
    columns: usize,
    distances: Vec<f32>,
    relief: Vec<Relief>,
    /// 1 in the open, 0 in the shadow of other terrain.
    lit: Vec<f32>,
    camera: Camera,
}

/// A visible place of the terrain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) x: f32,
    pub(crate) z: f32,
    pub(crate) relief: Relief,
    pub(crate) normal: [f32; 3],
    pub(crate) lit: f32,
}

impl Terrain {
    /// Samples the world for a canvas of `columns` columns.
    pub(crate) fn survey(world: &World, light: &Light, columns: usize) -> Self {
        let camera = world.camera;
        let first = 0.55 * camera.ground_distance(1.0);
        let ratio = (REACH / first).powf(1.0 / (STEPS - 1) as f32);
        let distances: Vec<f32> = (0..STEPS).map(|i| first * ratio.powi(i as i32)).collect();
        let mut relief = Vec::with_capacity(STEPS * columns);
        for &z in &distances {
            relief.extend((0..columns).map(|column| {
                let u = (column as f32 + 0.5) / columns as f32;
                world.relief(camera.world_x(u, z), z)
            }));
        }
        let mut terrain = Self {
            columns,
            distances,
            relief,
            lit: Vec::new(),
            camera,
        };
        terrain.cast_shadows(light);
        terrain
    }

    /// Sweeps every row of the survey from the light's side, carrying the shadow's edge along.
    fn cast_shadows(&mut self, light: &Light) {
        let drop_per_metre = light.toward[1] / light.toward[0].abs();
        self.lit = vec![1.0; self.relief.len()];
        for (step, &z) in self.distances.iter().enumerate() {
            let spacing = z / (self.camera.focal * self.columns as f32);
            let soft = 0.6 + 0.012 * z;
            let mut edge = f32::MIN;
            for k in 0..self.columns {
                let column = if light.side() < 0.0 {
                    k
                } else {
                    self.columns - 1 - k
                };
                let at = step * self.columns + column;
                let height = self.relief[at].height.max(0.0);
                edge = (edge - drop_per_metre * spacing).max(height);
                self.lit[at] = 1.0 - smoothstep(0.0, soft, edge - height);
            }
        }
    }

    /// Finds for every sample the survey position it shows (`f32::NAN` for sky) and writes the
    /// distances into the canvas.
    pub(crate) fn project(&self, canvas: &mut Canvas) -> Vec<f32> {
        let side = canvas.side;
        let mut seen = vec![f32::NAN; side * side];
        for column in 0..side {
            let mut top = side;
            let mut last_row = side as f32 * 4.0;
            for (step, &z) in self.distances.iter().enumerate() {
                let height = self.relief[step * self.columns + column].height.max(0.0);
                let row = self.camera.row(height, z) * side as f32;
                while top > 0 && (top as f32 - 0.5) > row {
                    let middle = top as f32 - 0.5;
                    let part = ((last_row - middle) / (last_row - row).max(1e-3)).clamp(0.0, 1.0);
                    let at = (step as f32 - 1.0 + part).max(0.0);
                    top -= 1;
                    let index = canvas.index(column, top);
                    seen[index] = at;
                    canvas.depth[index] = self.distance(at);
                }
                last_row = row;
            }
        }
        seen
    }

    fn distance(&self, at: f32) -> f32 {
        let step = (at as usize).min(STEPS - 2);
        lerp(
            self.distances[step],
            self.distances[step + 1],
            at - step as f32,
        )
    }

    /// The place at a survey position of a column.
    pub(crate) fn place(&self, column: usize, at: f32) -> Place {
        let step = (at as usize).min(STEPS - 2);
        let part = at - step as f32;
        let z = self.distance(at);
        let u = (column as f32 + 0.5) / self.columns as f32;
        let (near, far) = (
            self.relief[step * self.columns + column],
            self.relief[(step + 1) * self.columns + column],
        );
        let owner = if near.rise > far.rise { near } else { far };
        Place {
            x: self.camera.world_x(u, z),
            z,
            relief: Relief {
                height: lerp(near.height, far.height, part),
                rise: lerp(near.rise, far.rise, part),
                range: owner.range,
                water: lerp(near.water, far.water, part),
            },
            normal: self.normal(column, step, u, z),
            lit: lerp(
                self.lit[step * self.columns + column],
                self.lit[(step + 1) * self.columns + column],
                part,
            ),
        }
    }

    fn normal(&self, column: usize, step: usize, u: f32, z: f32) -> [f32; 3] {
        let reach = (self.columns / 256).max(1);
        let (left, right) = (
            column.saturating_sub(reach),
            (column + reach).min(self.columns - 1),
        );
        let height = |s: usize, c: usize| self.relief[s * self.columns + c].height;
        let run = (right - left) as f32 * z / (self.camera.focal * self.columns as f32);
        let slope_x = (height(step, right) - height(step, left)) / run;
        let (low, high) = (step.saturating_sub(1), (step + 2).min(STEPS - 1));
        let along_ray = (height(high, column) - height(low, column))
            / (self.distances[high] - self.distances[low]);
        let slope_z = along_ray - slope_x * (u - 0.5) / self.camera.focal;
        let length = (slope_x * slope_x + slope_z * slope_z + 1.0).sqrt();
        [-slope_x / length, 1.0 / length, -slope_z / length]
    }
}
