//! Paints one composed scene from back to front.

use crate::canvas::Canvas;
use crate::compose::{Composition, compose_in};
use crate::finish;
use crate::ground;
use crate::mood::Mood;
use crate::noise::mix64;
use crate::rocks;
use crate::scatter::{self, Kind, Standing};
use crate::sky;
use crate::terrain::Terrain;
use crate::vegetation;
use crate::water;

/// A painted landscape and its label map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// Label ids, row by row, `width * height` of them, each an index into
    /// [`CLASSES`](crate::CLASSES).
    pub labels: Vec<u8>,
    /// RGB bytes, row by row, `width * height * 3` of them.
    pub pixels: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Paints the scene of a seed as a square of `size` pixels.
///
/// The same seed at another size is the same scene at another resolution. Sizes of 32 and more
/// make sense; smaller ones are painted too but show little.
pub fn paint(seed: u64, size: u32) -> Scene {
    paint_in(seed, size, None)
}

/// Paints the scene of a seed in a mood: the label map is that of [`paint`].
pub fn paint_in(seed: u64, size: u32, mood: Option<Mood>) -> Scene {
    let size = size.max(1);
    let composition = compose_in(seed, mood);
    let mut canvas = Canvas::new(size);
    canvas.shadow_depth = composition.light.weather.shadow;
    paint_on(&mut canvas, &composition);
    Scene {
        labels: finish::labels(&canvas),
        pixels: finish::develop(&canvas, composition.world.seed),
        width: size,
        height: size,
    }
}

/// Seed of scene `index` in the data set of a seed. It depends on nothing else: a larger data set begins
/// with the same scenes.
pub fn scene_seed(seed: u64, index: usize) -> u64 {
    mix64(mix64(seed) ^ (index as u64).wrapping_mul(0xD1B5_4A32_D192_ED03))
}

/// The mood of a scene where a data set has several: drawn by the scene's seed, so that the same scene
/// comes in the same mood; none where there are none.
pub fn scene_mood(seed: u64, moods: &[Mood]) -> Option<Mood> {
    let draw = mix64(seed ^ 0x6d6f_6f64) % moods.len().max(1) as u64;
    moods.get(draw as usize).copied()
}

fn paint_on(canvas: &mut Canvas, composition: &Composition) {
    let Composition { world, light, .. } = composition;
    let camera = &world.camera;
    sky::paint(canvas, camera, light, &composition.clouds);
    let terrain = Terrain::survey(world, light, canvas.side);
    let seen = terrain.project(canvas);
    ground::paint(canvas, &terrain, &seen, world, light);
    for house in &composition.houses {
        house.cast_shadow(canvas, camera, light);
    }
    let mut things = composition.things.clone();
    scatter::trees(world, &mut things);
    things.retain(|thing| {
        !composition
            .houses
            .iter()
            .any(|h| h.covers(thing.x, thing.z))
    });
    scatter::ground_plants(world, &mut things);
    things.sort_by(|a, b| b.z.total_cmp(&a.z));
    let mut houses = composition.houses.clone();
    houses.sort_by(|a, b| b.z.total_cmp(&a.z));
    let mut houses = houses.into_iter().peekable();
    for thing in &things {
        while let Some(house) = houses.next_if(|house| house.z >= thing.z) {
            house.paint(canvas, camera, light);
        }
        paint_thing(canvas, composition, thing);
    }
    for house in houses {
        house.paint(canvas, camera, light);
    }
    water::paint(canvas, camera, light, &terrain, &seen, &composition.surface);
    if light.weather.rain > 0.0 {
        sky::rain(canvas, light, composition.clouds.seed);
    }
}

fn paint_thing(canvas: &mut Canvas, composition: &Composition, thing: &Standing) {
    let light = &composition.light;
    let camera = &composition.world.camera;
    let shadow = match thing.kind {
        Kind::Conifer => 0.24,
        Kind::Broadleaf => 0.42,
        Kind::Boulder => 0.95,
        Kind::Tuft | Kind::Stalk | Kind::Bloom => 0.0,
    };
    if shadow > 0.0 && thing.z < 500.0 {
        vegetation::cast_shadow(canvas, camera, light, thing, shadow);
    }
    match thing.kind {
        Kind::Conifer => vegetation::conifer(canvas, camera, light, thing),
        Kind::Broadleaf => vegetation::broadleaf(canvas, camera, light, thing),
        Kind::Boulder => rocks::boulder(canvas, camera, light, thing),
        Kind::Tuft | Kind::Stalk => vegetation::blade(canvas, camera, light, thing),
        Kind::Bloom => vegetation::bloom(canvas, camera, light, thing),
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;
    use crate::CLASSES;

    #[test]
    fn a_seed_always_paints_the_same_scene() {
        assert_eq!(paint(5, 40), paint(5, 40));
        assert_ne!(paint(5, 40).pixels, paint(6, 40).pixels);
    }

    #[test]
    fn buffers_fit_the_size_and_labels_fit_the_palette() {
        for seed in 0..6 {
            let scene = paint(seed, 33);
            assert_eq!((scene.width, scene.height), (33, 33));
            assert_eq!(scene.labels.len(), 33 * 33);
            assert_eq!(scene.pixels.len(), 33 * 33 * 3);
            assert!(
                scene
                    .labels
                    .iter()
                    .all(|&id| usize::from(id) < CLASSES.len())
            );
        }
    }

    #[test]
    fn tiny_sizes_do_not_panic() {
        for size in [0, 1, 2, 7] {
            assert_eq!(paint(3, size).width, size.max(1));
        }
    }

    /// Share of 64² labels that agree with the 128² painting's label at the same place.
    fn agreement(seed: u64) -> f32 {
        let (small, large) = (paint(seed, 64), paint(seed, 128));
        let same = (0..64 * 64)
            .filter(|i| {
                let (x, y) = (i % 64, i / 64);
                small.labels[y * 64 + x] == large.labels[y * 2 * 128 + x * 2]
            })
            .count();
        same as f32 / (64.0 * 64.0)
    }

    #[test]
    fn another_size_is_the_same_scene_at_another_resolution() {
        let shares: Vec<f32> = (0..8u64).into_par_iter().map(agreement).collect();
        assert!(shares.iter().all(|&share| share > 0.85), "{shares:?}");
    }

    #[test]
    fn every_class_shows_in_a_good_share_of_scenes() {
        const SCENES: u64 = 100;
        let shown: Vec<Vec<bool>> = (0..SCENES)
            .into_par_iter()
            .map(|seed| {
                let labels = paint(seed, 48).labels;
                let count = |id| labels.iter().filter(|&&l| usize::from(l) == id).count();
                (0..CLASSES.len()).map(|id| count(id) >= 8).collect()
            })
            .collect();
        for (id, class) in CLASSES.iter().enumerate() {
            let scenes = shown.iter().filter(|scene| scene[id]).count();
            assert!(scenes >= 8, "{} shows in {scenes} of {SCENES}", class.name);
        }
    }
}
