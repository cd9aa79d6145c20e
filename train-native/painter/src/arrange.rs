//! Draws the kind of landscape.

use crate::draft::Draft;
use crate::settled;
use crate::wild;

/// A kind of landscape with the weight it is drawn with.
type Weighted = (f32, fn(&mut Draft));

/// Draws a kind of landscape and arranges it.
pub(crate) fn arrange(draft: &mut Draft) {
    let kinds: [Weighted; 11] = [
        (0.13, wild::alpine_lake),
        (0.13, wild::seaside),
        (0.11, settled::flower_meadows),
        (0.08, settled::farmland),
        (0.08, wild::desert),
        (0.07, wild::forest_edge),
        (0.09, settled::village),
        (0.08, wild::river_valley),
        (0.06, wild::high_pass),
        (0.04, wild::winter),
        (0.22, settled::loose_patches),
    ];
    let total: f32 = kinds.iter().map(|k| k.0).sum();
    let mut left = draft.random.unit() * total;
    for (weight, kind) in kinds {
        left -= weight;
        if left <= 0.0 {
            return kind(draft);
        }
    }
    settled::loose_patches(draft);
}
