//! Which pixel is made of which.

use underpaint_plan::PadMode;

use crate::program::{Gather, View};

impl Gather {
    /// Every pixel of itself.
    pub(super) fn identity(height: usize, width: usize) -> Self {
        Self {
            rows: (0..height as u32).collect(),
            columns: (0..width as u32).collect(),
        }
    }

    /// `self` after `outer`: pixel `i` of the result is what `self` has at `outer[i]`.
    pub(super) fn after(&self, outer: &Self) -> Self {
        Self {
            rows: compose(&self.rows, &outer.rows),
            columns: compose(&self.columns, &outer.columns),
        }
    }

    /// The same with the border of `view` around it.
    pub(super) fn bordered(&self, view: &View, mode: PadMode) -> Self {
        let rows = bordered(self.rows.len(), view.border.top, view.border.bottom, mode);
        let columns = bordered(
            self.columns.len(),
            view.border.left,
            view.border.right,
            mode,
        );
        self.after(&Self { rows, columns })
    }

    /// Whether some pixels are zeros.
    pub(super) fn has_none(&self) -> bool {
        let mut all = self.rows.iter().chain(&self.columns);
        all.any(|&index| index == Self::NONE)
    }
}

fn compose(inner: &[u32], outer: &[u32]) -> Vec<u32> {
    let at = |&index: &u32| inner.get(index as usize).copied().unwrap_or(Gather::NONE);
    outer.iter().map(at).collect()
}

/// For each index from `-before` to beyond `length` by `after` the index that stands there.
pub(super) fn bordered(length: usize, before: usize, after: usize, mode: PadMode) -> Vec<u32> {
    let last = length as isize - 1;
    let inside = |index: isize| match mode {
        PadMode::Zero if index < 0 || index > last => Gather::NONE,
        PadMode::Reflect if index < 0 => (-index) as u32,
        PadMode::Reflect if index > last => (2 * last - index) as u32,
        _ => index.clamp(0, last.max(0)) as u32,
    };
    (-(before as isize)..(length + after) as isize)
        .map(inside)
        .collect()
}

/// Every index of `0..length` equally often: what a mean over the pixels does not notice.
pub(super) fn is_even(indices: &[usize], length: usize) -> bool {
    let mut counts = vec![0; length];
    for &index in indices {
        counts[index] += 1;
    }
    counts.iter().all(|&count| count > 0 && count == counts[0])
}
