//! Fills borders.

use underpaint_plan::PadMode;

use super::simd::Quad;
use crate::program::View;

/// Fills the border of a view from its inside.
pub fn fill(view: &View, mode: PadMode, quads: &mut [Quad]) {
    let pixel = view.pixel_stride / 4;
    let channels = view.channels / 4;
    let offset = view.channel_offset / 4;
    let columns = view.row_pixels();
    let place = |row: usize, column: usize| (row * columns + column) * pixel + offset;
    let left = view.border.left;
    let inside = left..left + view.width;
    for row in 0..view.rows() {
        let source = source_of(row, view.border.top, view.height, mode);
        let inner_row = source == Some(row);
        for column in 0..columns {
            if inner_row && inside.contains(&column) {
                continue;
            }
            let target = place(row, column);
            match (source, source_of(column, left, view.width, mode)) {
                (Some(row), Some(column)) => {
                    let from = place(row, column);
                    quads.copy_within(from..from + channels, target);
                }
                _ => quads[target..][..channels].fill([0.0; 4]),
            }
        }
    }
}

/// Which row or column inside one in the border repeats; all counted with the border.
fn source_of(place: usize, before: usize, size: usize, mode: PadMode) -> Option<usize> {
    let last = size as isize - 1;
    let inside = place as isize - before as isize;
    let source = match mode {
        _ if (0..=last).contains(&inside) => inside,
        PadMode::Zero => return None,
        PadMode::Reflect if inside < 0 => -inside,
        PadMode::Reflect => 2 * last - inside,
        PadMode::Edge => inside.clamp(0, last),
    };
    // A border is smaller than what it mirrors; if it were not, its far part would repeat the edge.
    usize::try_from(source.clamp(0, last.max(0)) + before as isize).ok()
}
