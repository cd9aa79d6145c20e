//! Landscapes without people, or nearly: each function arranges one on a draft.

use crate::class::Class;
use crate::draft::Draft;
use crate::pieces::{
    backdrop, boulders, course, flower_beds, lone_trees, patchwork, tallest, woods,
};
use crate::scatter::Kind;
use crate::world::Coast;

pub(crate) fn alpine_lake(draft: &mut Draft) {
    let high = tallest(draft).max(0.2);
    backdrop(draft, high, Class::Forest, 0.85);
    let room = draft.room();
    let v = room * draft.random.range(0.25, 0.5);
    let half_height = v * draft.random.range(0.55, 0.85);
    let u = draft.random.range(-0.15, 0.15);
    let half_width = draft.random.range(0.4, 0.8);
    draft.blob(Class::Water, (u, v), (half_width, half_height), 0.35);
    draft.waves = draft.random.range(0.0, 0.25);
    let threshold = draft.random.range(-0.35, 0.1);
    woods(draft, threshold, 60.0, 0.2);
    if draft.random.chance(0.4) {
        flower_beds(draft, 2);
    }
    let rocks = draft.random.below(5);
    boulders(draft, rocks);
    lone_trees(draft, 3, 0.8);
    if draft.random.chance(0.25) {
        draft.house(0.28, room * 0.3, 1.2);
    }
}

/// Draws a coast line; returns on which side the sea lies, from -1 (left) to 1.
fn coast(draft: &mut Draft) -> f32 {
    let side = draft.random.range(-0.9, 0.9);
    let away: f32 = draft.random.range(0.25, 1.0);
    let length = (side * side + away * away).sqrt();
    draft.world.coast = Some(Coast {
        u: draft.random.range(-0.12, 0.12),
        v: draft.room() * draft.random.range(0.3, 0.7),
        toward: (side / length, -away / length),
        ragged: draft.random.range(0.05, 0.22),
        seed: draft.random.seed(),
    });
    side
}

pub(crate) fn seaside(draft: &mut Draft) {
    draft.world.camera.horizon = draft.random.range(0.28, 0.58);
    draft.world.hills = draft.random.range(4.0, 30.0);
    let room = draft.room();
    let side = coast(draft);
    draft.waves = draft.random.range(0.55, 1.0);
    draft.world.beach = draft.random.range(1.2, 5.0);
    draft.world.base = draft.either(Class::Sand, 0.45, Class::Meadow);
    if draft.random.chance(0.55) {
        let share = draft.random.range(0.04, 0.2);
        let foot = draft.either(Class::Forest, 0.6, Class::Meadow);
        let distance = draft.random.range(1500.0, 5000.0);
        draft.massif(distance, share, foot, 0.1);
    }
    let rocks = 1 + draft.random.below(5);
    boulders(draft, rocks);
    if draft.random.chance(0.4) {
        let u = draft.random.range(-0.4, 0.4);
        draft.blob(Class::Rock, (u, room * 0.6), (0.16, room * 0.1), 0.6);
    }
    if draft.world.base == Class::Meadow {
        woods(draft, 0.15, 90.0, 0.6);
        lone_trees(draft, 2, 0.3);
    }
    if draft.random.chance(0.35) {
        let u = -side.signum() * draft.random.range(0.1, 0.35);
        draft.house(u, room * 0.45, 1.2);
    }
}

pub(crate) fn desert(draft: &mut Draft) {
    draft.world.base = Class::Sand;
    draft.world.swells = draft.random.range(2.0, 8.0);
    draft.world.hills = draft.random.range(15.0, 60.0);
    if draft.random.chance(0.75) {
        let high = tallest(draft) * 0.65;
        backdrop(draft, high, Class::Sand, 0.05);
    }
    let room = draft.room();
    for _ in 0..1 + draft.random.below(3) {
        let (u, v) = (
            draft.random.range(-0.5, 0.5),
            room * draft.random.range(0.12, 0.6),
        );
        let half = (
            draft.random.range(0.08, 0.25),
            v * draft.random.range(0.2, 0.4),
        );
        draft.blob(Class::Rock, (u, v), half, 0.7);
    }
    boulders(draft, 3);
    if draft.random.chance(0.35) {
        let (u, v) = (
            draft.random.range(-0.3, 0.3),
            room * draft.random.range(0.3, 0.6),
        );
        draft.blob(Class::Water, (u, v), (0.3, v * 0.35), 0.4);
        draft.group(Kind::Broadleaf, (u, v * 0.6), 6, (7.0, 11.0));
    }
    if draft.random.chance(0.4) {
        draft.world.road = Some(course(draft, 7.0, 0.004, 3000.0));
    }
}

pub(crate) fn forest_edge(draft: &mut Draft) {
    if draft.random.chance(0.5) {
        let high = tallest(draft) * 0.7;
        backdrop(draft, high, Class::Forest, 0.5);
    }
    let broad = if draft.random.chance(0.5) { 0.15 } else { 0.8 };
    let near = draft.random.range(40.0, 90.0);
    let threshold = draft.random.range(-0.5, -0.15);
    woods(draft, threshold, near, broad);
    let u = draft.random.range(-0.25, 0.25);
    let room = draft.room();
    draft.blob(Class::Meadow, (u, room * 0.8), (0.4, room * 0.5), 0.5);
    if draft.random.chance(0.5) {
        draft.world.road = Some(course(draft, 6.0, 0.006, 900.0));
    }
    if draft.random.chance(0.5) {
        flower_beds(draft, 2);
    }
    if draft.random.chance(0.3) {
        draft.house(u, room * 0.45, 1.2);
    }
}

pub(crate) fn river_valley(draft: &mut Draft) {
    let high = tallest(draft);
    backdrop(draft, high, Class::Forest, 0.6);
    let width = draft.random.range(10.0, 22.0);
    let spread = draft.random.range(0.03, 0.09);
    draft.world.river = Some(course(draft, width, spread, 1600.0));
    draft.waves = draft.random.range(0.1, 0.4);
    if draft.random.chance(0.5) {
        draft.world.beach = draft.random.range(0.5, 0.9);
    }
    let threshold = draft.random.range(-0.1, 0.25);
    woods(draft, threshold, 80.0, 0.45);
    if draft.random.chance(0.4) {
        patchwork(draft);
    }
    if draft.random.chance(0.5) {
        flower_beds(draft, 2);
    }
    boulders(draft, 2);
    lone_trees(draft, 3, 0.4);
}

pub(crate) fn high_pass(draft: &mut Draft) {
    let high = tallest(draft).max(0.25);
    let foot = draft.either(Class::Meadow, 0.5, Class::Forest);
    backdrop(draft, high, foot, 0.9);
    let room = draft.room();
    for _ in 0..2 + draft.random.below(4) {
        let (u, v) = (
            draft.random.range(-0.5, 0.5),
            room * draft.random.range(0.2, 1.0),
        );
        let half = (
            draft.random.range(0.1, 0.35),
            v * draft.random.range(0.15, 0.35),
        );
        let snowy = draft.random.chance(0.3);
        draft.blob(
            if snowy { Class::Snow } else { Class::Rock },
            (u, v),
            half,
            0.8,
        );
    }
    boulders(draft, 5);
    if draft.random.chance(0.4) {
        let v = room * 0.35;
        draft.blob(Class::Water, (0.1, v), (0.25, v * 0.3), 0.4);
    }
    lone_trees(draft, 2, 1.0);
    if draft.random.chance(0.4) {
        draft.world.road = Some(course(draft, 5.5, 0.004, 1200.0));
    }
}

pub(crate) fn winter(draft: &mut Draft) {
    draft.world.base = Class::Snow;
    let high = tallest(draft);
    backdrop(draft, high, Class::Forest, 1.0);
    woods(draft, 0.1, 80.0, 0.0);
    lone_trees(draft, 4, 1.0);
    let room = draft.room();
    if draft.random.chance(0.4) {
        let v = room * 0.4;
        draft.blob(Class::Water, (-0.05, v), (0.4, v * 0.5), 0.4);
    }
    if draft.random.chance(0.5) {
        draft.world.road = Some(course(draft, 6.0, 0.004, 1200.0));
    }
    if draft.random.chance(0.5) {
        draft.house(0.2, room * 0.35, 1.2);
    }
    boulders(draft, 1);
}
