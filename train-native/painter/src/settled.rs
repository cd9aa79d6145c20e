//! Tended landscapes, and the loose patches of someone who tries out brushes.

use crate::class::Class;
use crate::draft::Draft;
use crate::pieces::{
    backdrop, boulders, course, flower_beds, lone_trees, patchwork, tallest, woods,
};

pub(crate) fn flower_meadows(draft: &mut Draft) {
    let high = tallest(draft) * 0.8;
    if draft.random.chance(0.8) {
        backdrop(draft, high, Class::Forest, 0.5);
    }
    draft.world.swells = draft.random.range(1.0, 5.0);
    draft.world.hills = draft.random.range(20.0, 90.0);
    let beds = 2 + draft.random.below(4);
    flower_beds(draft, beds);
    let threshold = draft.random.range(0.0, 0.35);
    woods(draft, threshold, 90.0, 0.6);
    lone_trees(draft, 3, 0.25);
    if draft.random.chance(0.25) {
        boulders(draft, 2);
    }
    if draft.random.chance(0.3) {
        let (u, v) = (draft.random.range(-0.35, 0.35), draft.room() * 0.3);
        draft.house(u, v, 1.2);
    }
}

pub(crate) fn farmland(draft: &mut Draft) {
    if draft.random.chance(0.6) {
        let high = tallest(draft) * 0.5;
        backdrop(draft, high, Class::Forest, 0.3);
    }
    draft.world.hills = draft.random.range(25.0, 95.0);
    draft.world.swells = draft.random.range(1.0, 4.0);
    patchwork(draft);
    woods(draft, 0.32, 120.0, 0.75);
    lone_trees(draft, 4, 0.1);
    if draft.random.chance(0.5) {
        let width = draft.random.range(5.0, 8.0);
        draft.world.road = Some(course(draft, width, 0.004, 1500.0));
    }
    for _ in 0..draft.random.below(4) {
        let (u, v) = (
            draft.random.range(-0.45, 0.45),
            draft.room() * draft.random.range(0.15, 0.5),
        );
        draft.house(u, v, 1.15);
    }
}

pub(crate) fn village(draft: &mut Draft) {
    draft.world.swells = draft.random.range(0.4, 1.6);
    if draft.random.chance(0.75) {
        let high = tallest(draft) * 0.75;
        backdrop(draft, high, Class::Forest, 0.5);
    }
    let width = draft.random.range(5.5, 8.5);
    let mut road = course(draft, width, 0.006, 1800.0);
    road.swing *= 0.6;
    draft.world.road = Some(road);
    if draft.random.chance(0.4) {
        patchwork(draft);
    }
    woods(draft, 0.25, 110.0, 0.7);
    let room = draft.room();
    let scale = draft.random.range(0.95, 1.35);
    for _ in 0..4 + draft.random.below(8) {
        let v = room * draft.random.range(0.14, 0.6);
        let u = draft.random.range(-0.5, 0.5);
        draft.house(u, v, scale);
    }
    lone_trees(draft, 5, 0.2);
    if draft.random.chance(0.4) {
        flower_beds(draft, 2);
    }
}

/// What someone paints who tries out brushes: round patches of anything on a plain ground.
pub(crate) fn loose_patches(draft: &mut Draft) {
    const GROUNDS: [Class; 4] = [Class::Meadow, Class::Meadow, Class::Sand, Class::Field];
    draft.world.base = GROUNDS[draft.random.below(GROUNDS.len())];
    draft.world.hills = draft.random.range(0.0, 25.0);
    if draft.random.chance(0.55) {
        plain_mountains(draft);
    }
    for _ in 0..2 + draft.random.below(6) {
        patch(draft);
    }
    if draft.random.chance(0.4) {
        draft.world.road = Some(course(draft, 7.0, 0.01, 1500.0));
    }
    let (trees, rocks) = (draft.random.below(5), draft.random.below(3));
    lone_trees(draft, trees, 0.4);
    boulders(draft, rocks);
    for _ in 0..draft.random.below(3) {
        let u = draft.random.range(-0.4, 0.4);
        let v = draft.room() * draft.random.range(0.15, 0.6);
        draft.house(u, v, 1.3);
    }
}

/// Mountains as a brush makes them: often smooth in outline.
fn plain_mountains(draft: &mut Draft) {
    let high = tallest(draft) * 0.8;
    let foot = draft.either(Class::Forest, 0.5, Class::Meadow);
    if draft.random.chance(0.5) {
        let distance = draft.random.range(1500.0, 5000.0);
        draft.massif(distance, high, foot, 0.5);
    } else {
        backdrop(draft, high, foot, 0.5);
    }
    let smooth = draft.random.unit();
    for range in &mut draft.world.ranges {
        range.roughness *= smooth;
    }
}

/// One round patch of anything.
fn patch(draft: &mut Draft) {
    const COVERS: [Class; 9] = [
        Class::Water,
        Class::Flowers,
        Class::Forest,
        Class::Tree,
        Class::Sand,
        Class::Rock,
        Class::Field,
        Class::Meadow,
        Class::Snow,
    ];
    let cover = COVERS[draft.random.below(COVERS.len())];
    let u = draft.random.range(-0.48, 0.48);
    let v = draft.room() * draft.random.range(0.12, 1.0);
    let half_width = draft.random.range(0.06, 0.3);
    let half_height = (half_width * draft.random.range(0.35, 1.0)).min(v * 0.8);
    let ragged = if draft.random.chance(0.5) { 0.0 } else { 0.5 };
    draft.blob(cover, (u, v), (half_width, half_height), ragged);
}
