//! Planes of another size: picked pixels, and weighted sums of picked pixels.

use burn::backend::ir::{InterpolateModeIr, InterpolateOpIr, SelectOpIr};
use underpaint_plan::{Operand, Operation, Shape, ValueId};

use super::{Lowered, Lowering, Outcome, axes, planes_of};

/// Where each pixel of an axis comes from: two pixels and the share of the second.
struct Blend {
    low: Vec<usize>,
    high: Vec<usize>,
    share: Vec<f32>,
}

impl Lowering<'_> {
    /// Rows or columns picked by constant numbers.
    pub fn select(&mut self, op: &SelectOpIr) -> Outcome {
        let input = self.expect_value(&op.tensor)?;
        let (from, to) = (planes_of(&op.tensor)?, planes_of(&op.out)?);
        let indices = self.expect_constant(&op.indices)?;
        let Some(indices) = self.draft.expressions.values(indices) else {
            return Err("which are picked is not known without weights".into());
        };
        let indices: Vec<usize> = indices.iter().map(|&index| index as usize).collect();
        let (rows, columns) = match op.dim {
            2 => (indices, (0..from.width).collect()),
            3 => ((0..from.height).collect(), indices),
            axis => return Err(format!("picks along axis {axis}, not rows or columns")),
        };
        self.picked(input, rows, columns, to)
    }

    /// Of whole planes.
    pub fn interpolate(&mut self, op: &InterpolateOpIr) -> Outcome {
        let input = self.expect_value(&op.x)?;
        let (from, to) = (planes_of(&op.x)?, planes_of(&op.out)?);
        if axes(&op.x).len() != 4 || from.is_empty() || to.is_empty() {
            return Err(String::new());
        }
        let sides = [(from.height, to.height), (from.width, to.width)];
        match op.options.mode {
            InterpolateModeIr::Nearest => {
                let [rows, columns] = sides.map(|(from, to)| nearest(from, to, 0.0));
                self.picked(input, rows, columns, to)
            }
            InterpolateModeIr::NearestExact => {
                let [rows, columns] = sides.map(|(from, to)| nearest(from, to, 0.5));
                self.picked(input, rows, columns, to)
            }
            InterpolateModeIr::Bilinear => {
                let corners = op.options.align_corners;
                let [rows, columns] = sides.map(|(from, to)| bilinear(from, to, corners));
                Ok(Lowered::Value(self.blended(input, rows, columns, to)))
            }
            InterpolateModeIr::Bicubic | InterpolateModeIr::Lanczos3 => Err(String::new()),
        }
    }

    fn picked(
        &mut self,
        input: ValueId,
        rows: Vec<usize>,
        columns: Vec<usize>,
        to: Shape,
    ) -> Outcome {
        let from = self.draft.shape(input);
        let inside = |picked: &[usize], side: usize| picked.iter().all(|&index| index < side);
        if !inside(&rows, from.height) || !inside(&columns, from.width) {
            return Err("picks beyond the last row or column".into());
        }
        let step = Operation::Resize {
            input,
            rows,
            columns,
        };
        Ok(Lowered::Value(self.draft.step(step, to)))
    }

    /// First over rows, then over columns: the same sum of four pixels, in another order.
    fn blended(&mut self, input: ValueId, rows: Blend, columns: Blend, to: Shape) -> ValueId {
        let from = self.draft.shape(input);
        let middle = Shape::new(from.channels, to.height, from.width);
        let all_columns: Vec<usize> = (0..from.width).collect();
        let by_rows = self.axis_blended(input, &rows, middle, [1, to.height, 1], |picked| {
            (picked, all_columns.clone())
        });
        let all_rows: Vec<usize> = (0..to.height).collect();
        self.axis_blended(by_rows, &columns, to, [1, 1, to.width], |picked| {
            (all_rows.clone(), picked)
        })
    }

    fn axis_blended(
        &mut self,
        input: ValueId,
        blend: &Blend,
        shape: Shape,
        weight_shape: [usize; 3],
        sources: impl Fn(Vec<usize>) -> (Vec<usize>, Vec<usize>),
    ) -> ValueId {
        let mut half = |picked: &[usize], shares: Vec<f32>| {
            let (rows, columns) = sources(picked.to_vec());
            let pick = Operation::Resize {
                input,
                rows,
                columns,
            };
            let picked = self.draft.step(pick, shape);
            let shares = self.draft.expressions.constant(shares, &weight_shape);
            self.draft.with_constant(picked, shares, weight_shape, true)
        };
        if blend.share.iter().all(|&share| share == 0.0) {
            return half(&blend.low, vec![1.0; blend.low.len()]);
        }
        let low = half(
            &blend.low,
            blend.share.iter().map(|share| 1.0 - share).collect(),
        );
        let high = half(&blend.high, blend.share.clone());
        let sum = Operation::Add {
            left: low,
            right: Operand::Value(high),
        };
        self.draft.step(sum, shape)
    }
}

/// `floor((target + offset) * from / to)`.
fn nearest(from: usize, to: usize, offset: f64) -> Vec<usize> {
    let ratio = from as f64 / to as f64;
    let source = |target: usize| ((target as f64 + offset) * ratio).floor() as usize;
    (0..to).map(|target| source(target).min(from - 1)).collect()
}

fn bilinear(from: usize, to: usize, align_corners: bool) -> Blend {
    let place = |target: usize| {
        let target = target as f64;
        let place = match align_corners {
            true => target * (from as f64 - 1.0) / (to as f64 - 1.0).max(1.0),
            false => (target + 0.5) * (from as f64 / to as f64) - 0.5,
        };
        place.clamp(0.0, from as f64 - 1.0)
    };
    let low: Vec<usize> = (0..to)
        .map(|target| place(target).floor() as usize)
        .collect();
    Blend {
        high: low.iter().map(|&low| (low + 1).min(from - 1)).collect(),
        share: (0..to)
            .map(|target| (place(target) - place(target).floor()) as f32)
            .collect(),
        low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_the_top_left_rule() {
        assert_eq!(nearest(2, 4, 0.0), [0, 0, 1, 1]);
        assert_eq!(nearest(5, 2, 0.0), [0, 2]);
        assert_eq!(nearest(3, 7, 0.0), [0, 0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn bilinear_has_half_pixel_centres() {
        let blend = bilinear(2, 4, false);
        assert_eq!(blend.low, [0, 0, 0, 1]);
        assert_eq!(blend.high, [1, 1, 1, 1]);
        assert_eq!(blend.share, [0.0, 0.25, 0.75, 0.0]);
    }
}
