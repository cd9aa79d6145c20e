//! What several kinds of landscape are arranged from.

use crate::class::Class;
use crate::draft::Draft;
use crate::scatter::Kind;
use crate::world::{Course, Fields, Woods};

/// One to three ranges behind each other, higher with distance.
pub(crate) fn backdrop(draft: &mut Draft, tallest: f32, foot: Class, alpine: f32) {
    if draft.random.chance(0.18) {
        let distance = draft.random.range(3000.0, 6500.0);
        return draft.massif(distance, tallest, foot, alpine);
    }
    let count = 1 + draft.random.below(3);
    for i in 0..count {
        let part = (i + 1) as f32 / count as f32;
        let distance = draft.random.range(1700.0, 2300.0) * (1.0 + 1.25 * i as f32);
        let share = tallest * part * draft.random.range(0.75, 1.05);
        draft.range(distance, share, foot, alpine);
    }
}

pub(crate) fn tallest(draft: &mut Draft) -> f32 {
    (draft.world.camera.horizon * draft.random.range(0.45, 1.0)).min(0.36)
}

pub(crate) fn woods(draft: &mut Draft, threshold: f32, near: f32, broad: f32) {
    draft.world.woods = Some(Woods {
        threshold,
        scale: draft.random.range(110.0, 300.0),
        near,
        far: 2600.0,
        broad,
        seed: draft.random.seed(),
    });
}

pub(crate) fn course(draft: &mut Draft, width: f32, spread: f32, end: f32) -> Course {
    Course {
        offset: draft.random.range(-0.16, 0.16),
        swing: draft.random.range(0.06, 0.22),
        turns: draft.random.range(1.4, 3.4),
        phase: draft.random.range(0.0, 6.3),
        width,
        spread,
        end,
    }
}

pub(crate) fn boulders(draft: &mut Draft, groups: usize) {
    for _ in 0..groups {
        let u = draft.random.range(-0.5, 0.5);
        let v = draft.room() * draft.random.range(0.3, 0.95);
        let count = 1 + draft.random.below(4);
        draft.group(Kind::Boulder, (u, v), count, (1.0, 4.2));
    }
}

pub(crate) fn lone_trees(draft: &mut Draft, groups: usize, conifers: f32) {
    for _ in 0..groups {
        let u = draft.random.range(-0.5, 0.5);
        let v = draft.room() * draft.random.range(0.16, 0.8);
        let kind = if draft.random.chance(conifers) {
            Kind::Conifer
        } else {
            Kind::Broadleaf
        };
        let count = if draft.random.chance(0.5) {
            1
        } else {
            2 + draft.random.below(4)
        };
        draft.group(kind, (u, v), count, (8.0, 15.0));
    }
}

pub(crate) fn flower_beds(draft: &mut Draft, count: usize) {
    for _ in 0..count {
        let room = draft.room();
        let v = room * draft.random.range(0.35, 1.0);
        let u = draft.random.range(-0.5, 0.5);
        let half = (
            draft.random.range(0.10, 0.4),
            room * draft.random.range(0.06, 0.2),
        );
        draft.blob(Class::Flowers, (u, v), half, 0.7);
    }
}

pub(crate) fn patchwork(draft: &mut Draft) {
    draft.world.fields = Some(Fields {
        near: 5.0,
        far: 3000.0,
        scale: draft.random.range(35.0, 80.0),
        angle: draft.random.range(-0.6, 0.6),
        ripe: draft.random.range(0.3, 0.55),
        flowers: draft.random.range(0.0, 0.15),
        seed: draft.random.seed(),
    });
}
