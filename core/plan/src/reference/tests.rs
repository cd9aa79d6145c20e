//! Every operation against numbers computed by hand, or its definition.

mod convolutions;

use crate::fixture::{V0, V1, W0, W1, counting, one_step, source, tensor};
use crate::{Activation, Operand, Operation, PadMode, Plan, Shape, Sides, Statistics, Tensor};

fn given(shape: Shape, values: &[f32]) -> Tensor {
    tensor(&[shape.channels, shape.height, shape.width], values)
}

fn run(plan: &Plan, inputs: &[Vec<f32>]) -> Vec<f32> {
    let shapes = plan.inputs.iter().map(|input| plan.shape(input.value));
    let inputs: Vec<_> = shapes
        .zip(inputs)
        .map(|(shape, values)| given(shape, values))
        .collect();
    let mut outputs = super::run(plan, &source(&[]), &inputs).unwrap();
    outputs.remove(0).values
}

/// One step over `0, 1, 2, …`.
fn step(
    operation: Operation,
    from: Shape,
    to: Shape,
    constants: &[(&[usize], &[f32])],
) -> Vec<f32> {
    run(
        &one_step(operation, &[from], to, constants),
        &[counting(from)],
    )
}

fn assert_close(found: &[f32], expected: &[f32]) {
    let close = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-6;
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(close),
        "expected {expected:?}, found {found:?}"
    );
}

#[test]
fn linear_is_a_matrix_and_a_bias() {
    let operation = Operation::Linear {
        input: V0,
        weight: W0,
        bias: Some(W1),
    };
    let constants: [(&[usize], &[f32]); 2] = [(&[2, 2], &[1., 2., 3., 4.]), (&[2], &[10., 20.])];
    // [0 1] in: 2 + 10, 4 + 20.
    let result = step(
        operation,
        Shape::new(2, 1, 1),
        Shape::new(1, 1, 2),
        &constants,
    );
    assert_eq!(result, [12., 24.]);
}

#[test]
fn average_pooling_counts_padding_or_not() {
    let pool = |count_include_pad| Operation::AvgPool2d {
        input: V0,
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
        count_include_pad,
    };
    let side = Shape::new(1, 3, 3);
    // The first window holds 0 1 3 4.
    let one = Shape::new(1, 2, 2);
    assert_eq!(step(pool(false), side, one, &[]), [2., 3., 5., 6.]);
    let counted = [8. / 9., 12. / 9., 20. / 9., 24. / 9.];
    assert_close(&step(pool(true), side, one, &[]), &counted);
}

#[test]
fn norm_per_image_uses_the_channel_itself() {
    let operation = Operation::Norm {
        input: V0,
        statistics: Statistics::PerImage,
        scale: Some(W0),
        shift: Some(W1),
        epsilon: 0.75,
    };
    let shape = Shape::new(2, 1, 2);
    // Both channels have variance 0.25 and, with ε, a deviation of 1.
    let result = step(
        operation,
        shape,
        shape,
        &[(&[2], &[1., 2.]), (&[2], &[0., 5.])],
    );
    assert_close(&result, &[-0.5, 0.5, 4., 6.]);
}

#[test]
fn norm_with_running_statistics_uses_constants() {
    let operation = Operation::Norm {
        input: V0,
        statistics: Statistics::Running {
            mean: W0,
            variance: W1,
        },
        scale: None,
        shift: None,
        epsilon: 0.0,
    };
    let shape = Shape::new(2, 1, 1);
    let result = step(
        operation,
        shape,
        shape,
        &[(&[2], &[1., 0.]), (&[2], &[4., 0.25])],
    );
    assert_close(&result, &[-0.5, 2.]);
}

#[test]
fn pixel_norm_divides_by_the_length_of_a_pixel() {
    let operation = Operation::PixelNorm {
        input: V0,
        epsilon: 0.5,
    };
    let shape = Shape::new(2, 1, 2);
    // Pixels (0, 2) and (1, 3): sqrt(2 + ½), sqrt(5 + ½).
    let (first, second) = (2.5_f32.sqrt(), 5.5_f32.sqrt());
    let expected = [0., 1. / second, 2. / first, 3. / second];
    assert_close(&step(operation, shape, shape, &[]), &expected);
}

#[test]
fn pads_with_zeros_mirrors_or_edges() {
    let pad = |mode| {
        let sides = Sides {
            top: 0,
            bottom: 1,
            left: 2,
            right: 1,
        };
        let operation = Operation::Pad {
            input: V0,
            mode,
            sides,
        };
        step(operation, Shape::new(1, 2, 3), Shape::new(1, 3, 6), &[])
    };
    #[rustfmt::skip]
    assert_eq!(pad(PadMode::Zero), [0., 0., 0., 1., 2., 0.,  0., 0., 3., 4., 5., 0.,  0., 0., 0., 0., 0., 0.]);
    #[rustfmt::skip]
    assert_eq!(pad(PadMode::Edge), [0., 0., 0., 1., 2., 2.,  3., 3., 3., 4., 5., 5.,  3., 3., 3., 4., 5., 5.]);
    #[rustfmt::skip]
    assert_eq!(pad(PadMode::Reflect), [2., 1., 0., 1., 2., 1.,  5., 4., 3., 4., 5., 4.,  2., 1., 0., 1., 2., 1.]);
}

#[test]
fn slice_takes_a_part() {
    let operation = Operation::Slice {
        input: V0,
        start: [1, 1, 0],
    };
    assert_eq!(
        step(operation, Shape::new(2, 2, 2), Shape::new(1, 1, 2), &[]),
        [6., 7.]
    );
}

#[test]
fn concat_appends_channels() {
    let operation = Operation::Concat {
        inputs: vec![V1, V0],
    };
    let inputs = [Shape::new(1, 1, 2), Shape::new(2, 1, 2)];
    let plan = one_step(operation, &inputs, Shape::new(3, 1, 2), &[]);
    assert_eq!(
        run(&plan, &[vec![0., 1.], vec![2., 3., 4., 5.]]),
        [2., 3., 4., 5., 0., 1.]
    );
}

#[test]
fn resize_reads_rows_and_columns() {
    let operation = Operation::Resize {
        input: V0,
        rows: vec![0, 1, 1],
        columns: vec![1, 0],
    };
    let result = step(operation, Shape::new(1, 2, 2), Shape::new(1, 3, 2), &[]);
    assert_eq!(result, [1., 0., 3., 2., 3., 2.]);
}

#[test]
fn reshape_keeps_the_order() {
    let operation = Operation::Reshape { input: V0 };
    assert_eq!(
        step(operation, Shape::new(4, 1, 1), Shape::new(1, 2, 2), &[]),
        [0., 1., 2., 3.]
    );
}

#[test]
fn sums_and_products_of_values_and_constants() {
    let shape = Shape::new(2, 1, 2);
    let values = |operation| {
        let plan = one_step(operation, &[shape, shape], shape, &[]);
        run(&plan, &[counting(shape), vec![5., 6., 7., 8.]])
    };
    let right = Operand::Value(V1);
    assert_eq!(
        values(Operation::Add { left: V0, right }),
        [5., 7., 9., 11.]
    );
    assert_eq!(
        values(Operation::Mul { left: V0, right }),
        [0., 6., 14., 24.]
    );
    let right = Operand::Weight(W0);
    let scale: (&[usize], &[f32]) = (&[2, 1, 1], &[10., 100.]);
    assert_eq!(
        step(Operation::Mul { left: V0, right }, shape, shape, &[scale]),
        [0., 10., 200., 300.]
    );
    let columns: (&[usize], &[f32]) = (&[1, 1, 2], &[10., 100.]);
    assert_eq!(
        step(Operation::Add { left: V0, right }, shape, shape, &[columns]),
        [10., 101., 12., 103.]
    );
}

#[test]
fn pointwise_functions() {
    let shape = Shape::new(1, 1, 2);
    let affine = Operation::Affine {
        input: V0,
        scale: -2.,
        shift: 1.,
    };
    assert_eq!(step(affine, shape, shape, &[]), [1., -1.]);
    let function = |function| {
        let plan = one_step(
            Operation::Activation {
                input: V0,
                function,
            },
            &[shape],
            shape,
            &[],
        );
        run(&plan, &[vec![-2., 1.]])
    };
    assert_eq!(function(Activation::Relu), [0., 1.]);
    assert_eq!(function(Activation::LeakyRelu { slope: 0.25 }), [-0.5, 1.]);
    assert_close(&function(Activation::Tanh), &[-0.964_027_6, 0.761_594_2]);
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let shape = Shape::new(1, 1, 2);
    let plan = one_step(Operation::Reshape { input: V0 }, &[shape], shape, &[]);
    let message = |inputs: &[Tensor]| {
        super::run(&plan, &source(&[]), inputs)
            .unwrap_err()
            .to_string()
    };
    assert!(message(&[]).contains("expected 1 inputs, found 0"));
    let wrong = message(&[tensor(&[1, 2, 1], &[0., 0.])]);
    assert!(
        wrong.contains("input input0: expected [1, 1, 2], found [1, 2, 1]"),
        "{wrong}"
    );
}

#[test]
fn an_input_that_comes_out_and_a_value_used_twice_stay() {
    let shape = Shape::new(1, 1, 2);
    let add = Operation::Add {
        left: V0,
        right: Operand::Value(V0),
    };
    let mut plan = one_step(add, &[shape], shape, &[]);
    plan.outputs = vec![V1, V0, V1];
    let outputs = super::run(&plan, &source(&[]), &[given(shape, &[1., 2.])]).unwrap();
    let values: Vec<_> = outputs.into_iter().map(|output| output.values).collect();
    assert_eq!(values, [[2., 4.], [1., 2.], [2., 4.]]);
}
