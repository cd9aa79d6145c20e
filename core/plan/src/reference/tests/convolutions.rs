//! Convolutions against hand-computed numbers and, for odd sizes and strides, against their definitions.

use super::{assert_close, run, step};
use crate::fixture::{V0, W0, W1, one_step};
use crate::{Operation, Shape, Sides};

/// Numbers in [-1, 1) that look random and are always the same.
fn noise(len: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn convolution_by_hand() {
    let operation = Operation::Conv2d {
        input: V0,
        weight: W0,
        bias: Some(W1),
        stride: [1, 1],
        padding: Sides {
            top: 0,
            bottom: 0,
            left: 1,
            right: 0,
        },
    };
    let constants: [(&[usize], &[f32]); 2] = [(&[1, 1, 2, 2], &[1., 2., 3., 4.]), (&[1], &[100.])];
    // Rows 0 1 and 2 3 with a column of zeros before them.
    let result = step(
        operation,
        Shape::new(1, 2, 2),
        Shape::new(1, 1, 2),
        &constants,
    );
    assert_eq!(
        result,
        [100. + 2. * 0. + 4. * 2., 100. + 2. * 1. + 3. * 2. + 4. * 3.]
    );
}

#[test]
fn transposed_convolution_by_hand() {
    let operation = Operation::ConvTranspose2d {
        input: V0,
        weight: W0,
        bias: Some(W1),
        stride: [2, 2],
        padding: [0, 0],
        output_padding: [0, 1],
    };
    let constants: [(&[usize], &[f32]); 2] = [(&[1, 1, 1, 2], &[10., 100.]), (&[1], &[0.5])];
    // Pixels 0 and 1 add 10 and 100 times themselves at columns 0 and 2; one column more on the right.
    let result = step(
        operation,
        Shape::new(1, 1, 2),
        Shape::new(1, 1, 5),
        &constants,
    );
    assert_eq!(result, [0.5, 0.5, 10.5, 100.5, 0.5]);
}

/// A case for both kinds: 3 channels in, 6 out, 5 × 7 pixels.
struct Case {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Sides,
    output_padding: [usize; 2],
}

const INPUT: Shape = Shape::new(3, 5, 7);
const OUT: usize = 6;

impl Case {
    fn cases() -> Vec<Self> {
        let case = |kernel, stride, padding, output_padding| Self {
            kernel,
            stride,
            padding,
            output_padding,
        };
        let uneven = Sides {
            top: 2,
            bottom: 1,
            left: 0,
            right: 3,
        };
        vec![
            case([3, 3], [1, 1], Sides::all(1), [0, 0]),
            case([4, 4], [2, 2], Sides::all(1), [0, 0]),
            case([3, 3], [2, 2], Sides::all(1), [1, 1]),
            case([5, 2], [1, 3], uneven, [0, 2]),
            case([1, 1], [2, 2], Sides::all(0), [1, 0]),
        ]
    }

    fn weights(&self) -> Vec<f32> {
        noise(INPUT.channels * OUT * self.kernel[0] * self.kernel[1])
    }

    /// Every place `(input row, kernel row)` that meets `row`, and the same for columns.
    fn meets(
        &self,
        axis: usize,
        place: usize,
        length: usize,
        before: usize,
    ) -> Vec<(usize, usize)> {
        let taps = 0..self.kernel[axis];
        let source = |tap: usize| (place * self.stride[axis] + tap).checked_sub(before);
        taps.filter_map(|tap| Some((source(tap)?, tap)))
            .filter(|(source, _)| *source < length)
            .collect()
    }
}

#[test]
fn convolution_is_its_definition() {
    for case in Case::cases() {
        let Case {
            kernel,
            stride,
            padding,
            ..
        } = case;
        let rows = (INPUT.height + padding.top + padding.bottom - kernel[0]) / stride[0] + 1;
        let columns = (INPUT.width + padding.left + padding.right - kernel[1]) / stride[1] + 1;
        let output = Shape::new(OUT, rows, columns);
        let (weights, numbers, bias) = (case.weights(), noise(INPUT.len()), noise(OUT));
        let mut expected = Vec::new();
        for (out, bias) in bias.iter().enumerate() {
            for y in 0..rows {
                for x in 0..columns {
                    let mut sum = *bias;
                    for channel in 0..INPUT.channels {
                        for (iy, ky) in case.meets(0, y, INPUT.height, padding.top) {
                            for (ix, kx) in case.meets(1, x, INPUT.width, padding.left) {
                                let kernel = ((out * INPUT.channels + channel) * kernel[0] + ky)
                                    * kernel[1]
                                    + kx;
                                let pixel = (channel * INPUT.height + iy) * INPUT.width + ix;
                                sum += weights[kernel] * numbers[pixel];
                            }
                        }
                    }
                    expected.push(sum);
                }
            }
        }
        let operation = Operation::Conv2d {
            input: V0,
            weight: W0,
            bias: Some(W1),
            stride,
            padding,
        };
        let shape = [OUT, INPUT.channels, kernel[0], kernel[1]];
        let plan = one_step(
            operation,
            &[INPUT],
            output,
            &[(&shape, &weights), (&[OUT], &bias)],
        );
        assert_close_sums(&run(&plan, &[numbers]), &expected);
    }
}

#[test]
fn transposed_convolution_is_its_definition_by_scatter() {
    for case in Case::cases() {
        let Case {
            kernel,
            stride,
            output_padding,
            ..
        } = case;
        let padding = [case.padding.top.min(1), case.padding.left];
        let side = |length: usize, axis: usize| {
            (length - 1) * stride[axis] + kernel[axis] + output_padding[axis] - 2 * padding[axis]
        };
        let output = Shape::new(OUT, side(INPUT.height, 0), side(INPUT.width, 1));
        let (weights, numbers) = (case.weights(), noise(INPUT.len()));
        let mut expected = vec![0.0; output.len()];
        for (pixel, number) in numbers.iter().enumerate() {
            let (channel, iy, ix) = (
                pixel / INPUT.pixels(),
                pixel / INPUT.width % INPUT.height,
                pixel % INPUT.width,
            );
            for out in 0..OUT {
                for ky in 0..kernel[0] {
                    for kx in 0..kernel[1] {
                        let y = (iy * stride[0] + ky)
                            .checked_sub(padding[0])
                            .filter(|y| *y < output.height);
                        let x = (ix * stride[1] + kx)
                            .checked_sub(padding[1])
                            .filter(|x| *x < output.width);
                        if let Some((y, x)) = y.zip(x) {
                            let tap = ((channel * OUT + out) * kernel[0] + ky) * kernel[1] + kx;
                            expected[(out * output.height + y) * output.width + x] +=
                                weights[tap] * number;
                        }
                    }
                }
            }
        }
        let operation = Operation::ConvTranspose2d {
            input: V0,
            weight: W0,
            bias: None,
            stride,
            padding,
            output_padding,
        };
        let shape = [INPUT.channels, OUT, kernel[0], kernel[1]];
        let plan = one_step(operation, &[INPUT], output, &[(&shape, &weights)]);
        assert_close_sums(&run(&plan, &[numbers]), &expected);
    }
}

/// Up to 75 products of numbers below 1, summed here in single precision.
fn assert_close_sums(found: &[f32], expected: &[f32]) {
    let scale = |numbers: &[f32]| {
        numbers
            .iter()
            .map(|number| number / 10.0)
            .collect::<Vec<_>>()
    };
    assert_close(&scale(found), &scale(expected));
}
