//! Composes a scene: draws the camera, the kind of landscape, the sky and the light from a seed.

use crate::arrange::arrange;
use crate::buildings::House;
use crate::color::{lerp, smoothstep};
use crate::draft::Draft;
use crate::light::{Light, SunDisc};
use crate::mood::Mood;
use crate::scatter::Standing;
use crate::sky::{Clouds, Heap};
use crate::water::Surface;
use crate::world::World;

/// Everything the painters need for one scene.
#[derive(Clone, Debug)]
pub(crate) struct Composition {
    pub(crate) world: World,
    pub(crate) light: Light,
    pub(crate) clouds: Clouds,
    pub(crate) houses: Vec<House>,
    /// Single trees and boulders; woods and plants are scattered by cover.
    pub(crate) things: Vec<Standing>,
    pub(crate) surface: Surface,
}

/// Composes the scene of a seed.
pub(crate) fn compose(seed: u64) -> Composition {
    let mut draft = Draft::new(seed);
    arrange(&mut draft);
    draft.finish()
}

/// The scene of a seed in a mood.
pub(crate) fn compose_in(seed: u64, mood: Option<Mood>) -> Composition {
    let mut composition = compose(seed);
    if let Some(mood) = mood {
        composition.light = mood.light(&composition.light, composition.world.seed);
    }
    composition
}

impl Draft {
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
