//! Boundaries between instances.

use burn::tensor::{Int, Tensor, ops::PadMode};

/// Edge map of an instance map: 1 where a pixel's id differs from its left, right, upper or lower
/// neighbour, so that both sides of a boundary are marked; nothing wraps at the border.
///
/// # Shapes
///
/// - `instance_map`: `[batch, 1, height, width]`, any ids
/// - result: `[batch, 1, height, width]`, 0 or 1
///
/// Source: pix2pixHD `get_edges` (spec 3.6).
pub fn edges_from_instances(instance_map: Tensor<4, Int>) -> Tensor<4> {
    let [batch, channels, height, width] = instance_map.dims();
    let window = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        instance_map
            .clone()
            .slice([0..batch, 0..channels, rows, columns])
    };
    let mut marks = Tensor::<4>::zeros([batch, channels, height, width], &instance_map.device());
    if width > 1 {
        let differs = window(0..height, 1..width)
            .not_equal(window(0..height, 0..width - 1))
            .float();
        marks = marks
            + differs
                .clone()
                .pad([(0, 0), (1, 0)], PadMode::Constant(0.0))
            + differs.pad([(0, 0), (0, 1)], PadMode::Constant(0.0));
    }
    if height > 1 {
        let differs = window(1..height, 0..width)
            .not_equal(window(0..height - 1, 0..width))
            .float();
        marks = marks
            + differs
                .clone()
                .pad([(1, 0), (0, 0)], PadMode::Constant(0.0))
            + differs.pad([(0, 1), (0, 0)], PadMode::Constant(0.0));
    }
    marks.clamp_max(1.0)
}

/// The same of one map in memory, for engines that run plans.
///
/// # Shapes
///
/// - `ids`: `[height, width]`, flattened
/// - result: likewise, 0 or 1
pub fn edge_marks<T: PartialEq>(ids: &[T], width: usize) -> Vec<u8> {
    let mut marks = vec![0; ids.len()];
    let mut mark = |a: usize, b: usize| {
        if ids[a] != ids[b] {
            marks[a] = 1;
            marks[b] = 1;
        }
    };
    for pixel in 0..ids.len() {
        if pixel % width != 0 {
            mark(pixel - 1, pixel);
        }
        if pixel >= width {
            mark(pixel - width, pixel);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn edge_map_marks_both_sides() {
        let instances = Tensor::<4, Int>::from_data([[[[1, 1, 2]]]], &Device::flex());
        let edges = edges_from_instances(instances).into_data();
        assert_eq!(edges.try_to_vec::<f32>().expect("f32"), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn edge_map_equals_a_loop_over_neighbours() {
        let (height, width) = (7, 5);
        let ids: Vec<i64> = (0..height * width)
            .map(|i| ((i * i * 7 + i) % 11 / 4) as i64)
            .collect();
        let instances = Tensor::<4, Int>::from_data(
            burn::tensor::TensorData::new(ids.clone(), [1, 1, height, width]),
            &Device::flex(),
        );
        let edges = edges_from_instances(instances)
            .into_data()
            .try_to_vec::<f32>()
            .expect("f32");
        let marks = edge_marks(&ids, width);
        let id = |y: i64, x: i64| ids[y as usize * width + x as usize];
        for y in 0..height as i64 {
            for x in 0..width as i64 {
                let marked = [(0, 1), (0, -1), (1, 0), (-1, 0)].iter().any(|(dy, dx)| {
                    let (ny, nx) = (y + dy, x + dx);
                    (0..height as i64).contains(&ny)
                        && (0..width as i64).contains(&nx)
                        && id(ny, nx) != id(y, x)
                });
                let at = y as usize * width + x as usize;
                assert_eq!(edges[at], f32::from(u8::from(marked)));
                assert_eq!(marks[at], u8::from(marked));
            }
        }
    }
}
