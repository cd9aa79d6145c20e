//! Each kind of mistake is found, and says what was expected.

use crate::fixture::{V0, V1, W0, W1, one_constant, one_step};
use crate::weight::{BinaryNode, Node, ReduceNode};
use crate::{Activation, ExpressionId, Input, Operand, Operation, PadMode, Plan, Shape, Sides};
use crate::{Statistics, Step, ValueId, WeightId};

const SIDE: Shape = Shape::new(2, 4, 4);

fn relu(input: ValueId) -> Operation {
    let function = Activation::Relu;
    Operation::Activation { input, function }
}

fn message(plan: &Plan) -> String {
    plan.check().expect_err("a mistake").to_string()
}

fn assert_says(plan: &Plan, words: &str) {
    let message = message(plan);
    assert!(message.contains(words), "{message}");
}

/// A step from [`SIDE`] to `output`.
fn step(operation: Operation, output: Shape, constants: &[&[usize]]) -> Plan {
    let zeros: Vec<_> = constants
        .iter()
        .map(|shape| vec![0.0; shape.iter().product()])
        .collect();
    let constants: Vec<_> = constants
        .iter()
        .zip(&zeros)
        .map(|(shape, zeros)| (*shape, &zeros[..]))
        .collect();
    one_step(operation, &[SIDE], output, &constants)
}

#[test]
fn a_sound_plan_passes() {
    assert_eq!(step(relu(V0), SIDE, &[]).check(), Ok(()));
}

#[test]
fn values_are_written_once_and_before_use() {
    let plan = step(relu(V0), SIDE, &[]);
    let mut twice = plan.clone();
    twice.steps.push(Step {
        operation: relu(V0),
        output: V1,
    });
    assert_says(
        &twice,
        "step 1 (Activation): value 1 is written a second time",
    );
    let mut input = plan.clone();
    input.inputs.push(Input {
        name: "again".into(),
        value: V0,
        one_hot: 0,
    });
    assert_says(&input, "input again: value 0 is written a second time");
    assert_says(
        &step(relu(V1), SIDE, &[]),
        "value 1 is used before it is written",
    );
    let mut output = plan.clone();
    output.values.push(SIDE);
    output.outputs = vec![ValueId(2)];
    assert_says(&output, "outputs: value 2 is used before it is written");
    output.outputs = vec![V1];
    assert_says(&output, "value 2: it is written by no step");
}

#[test]
fn every_number_exists() {
    assert_says(&step(relu(ValueId(9)), SIDE, &[]), "there is no value 9");
    let mut plan = step(relu(V0), SIDE, &[]);
    plan.outputs = vec![ValueId(7)];
    assert_says(&plan, "outputs: there is no value 7");
    plan.steps[0].output = ValueId(8);
    assert_says(&plan, "there is no value 8");
    plan.inputs[0].value = ValueId(6);
    assert_says(&plan, "there is no value 6");
    let right = Operand::Weight(WeightId(5));
    assert_says(
        &step(Operation::Add { left: V0, right }, SIDE, &[]),
        "there is no constant 5",
    );
    let mut plan = step(relu(V0), SIDE, &[&[1]]);
    plan.weights[0].value = ExpressionId(4);
    assert_says(&plan, "constant 0: there is no expression 4");
}

#[test]
fn sizes_do_not_overflow() {
    let huge = Shape::new(usize::MAX, 2, usize::MAX);
    assert_says(&step(relu(V0), huge, &[]), "value 1: [");
    assert_says(&step(relu(V0), Shape::new(0, 1, 1), &[]), "has no numbers");
    let pad = |mode| {
        let sides = Sides::all(usize::MAX);
        step(
            Operation::Pad {
                input: V0,
                mode,
                sides,
            },
            SIDE,
            &[],
        )
    };
    assert_says(&pad(PadMode::Edge), "is too large");
    let stride = [usize::MAX; 2];
    let operation = Operation::ConvTranspose2d {
        input: V0,
        weight: W0,
        bias: None,
        stride,
        padding: [usize::MAX; 2],
        output_padding: [0, 0],
    };
    assert_says(&step(operation, SIDE, &[&[2, 2, 1, 1]]), "does not fit");
    let start = [usize::MAX; 3];
    assert_says(
        &step(Operation::Slice { input: V0, start }, SIDE, &[]),
        "is not inside 2x4x4",
    );
    let repeated = one_constant(&[
        (&[2], Node::Fill(0.0)),
        (&[2], Node::Repeat(ExpressionId(0), vec![usize::MAX])),
    ]);
    assert_says(&repeated, "cannot be repeated");
    assert_says(
        &one_constant(&[(&[usize::MAX, 2], Node::Fill(0.0))]),
        "is too large",
    );
}

#[test]
fn convolutions_fit() {
    let conv = |stride, padding, weight: &[usize], bias: &[usize], output| {
        let operation = Operation::Conv2d {
            input: V0,
            weight: W0,
            bias: Some(W1),
            stride,
            padding: Sides::all(padding),
        };
        step(operation, output, &[weight, bias])
    };
    let half = Shape::new(3, 2, 2);
    assert_eq!(conv([2, 2], 1, &[3, 2, 4, 4], &[3], half).check(), Ok(()));
    let wrong = conv([1, 1], 1, &[3, 2, 4, 4], &[3], half);
    assert_says(
        &wrong,
        "step 0 (Conv2d): expected an output 3x3x3, found 3x2x2",
    );
    assert_says(
        &conv([2, 2], 1, &[3, 5, 4, 4], &[3], half),
        "a kernel of four axes with 2 on axis 1",
    );
    assert_says(
        &conv([2, 2], 1, &[3, 2, 4], &[3], half),
        "a kernel of four axes",
    );
    assert_says(
        &conv([2, 2], 1, &[3, 2, 4, 4], &[4], half),
        "expected constant 1 of [3], found [4]",
    );
    assert_says(
        &conv([0, 2], 1, &[3, 2, 4, 4], &[3], half),
        "expected a kernel and a stride",
    );
    assert_says(
        &conv([2, 2], 0, &[3, 2, 5, 5], &[3], half),
        "a kernel of 5 is larger than 4",
    );
}

#[test]
fn transposed_convolutions_fit() {
    let conv = |output_padding, weight: &[usize], output| {
        let operation = Operation::ConvTranspose2d {
            input: V0,
            weight: W0,
            bias: None,
            stride: [2, 2],
            padding: [1, 1],
            output_padding,
        };
        step(operation, output, &[weight])
    };
    assert_eq!(
        conv([1, 1], &[2, 3, 3, 3], Shape::new(3, 8, 8)).check(),
        Ok(())
    );
    assert_says(
        &conv([0, 0], &[2, 3, 3, 3], Shape::new(3, 8, 8)),
        "expected an output 3x7x7",
    );
    assert_says(
        &conv([2, 2], &[2, 3, 3, 3], Shape::new(3, 9, 9)),
        "an output padding below the stride",
    );
    assert_says(
        &conv([1, 1], &[3, 2, 3, 3], Shape::new(3, 8, 8)),
        "with 2 on axis 0",
    );
}

#[test]
fn other_operations_fit() {
    let linear = Operation::Linear {
        input: V0,
        weight: W0,
        bias: None,
    };
    assert_says(
        &step(linear, Shape::new(3, 1, 1), &[&[3, 31]]),
        "expected constant 0 of [3, 32]",
    );
    let pool = Operation::AvgPool2d {
        input: V0,
        kernel: [2, 2],
        stride: [2, 2],
        padding: [2, 2],
        count_include_pad: false,
    };
    assert_says(&step(pool, SIDE, &[]), "more than half of kernel");
    let statistics = Statistics::Running {
        mean: W0,
        variance: W1,
    };
    let norm = Operation::Norm {
        input: V0,
        statistics,
        scale: None,
        shift: None,
        epsilon: 0.0,
    };
    assert_says(
        &step(norm, SIDE, &[&[2], &[3]]),
        "expected constant 1 of [2], found [3]",
    );
    let pixel_norm = Operation::PixelNorm {
        input: V0,
        epsilon: 0.0,
    };
    assert_says(
        &step(pixel_norm, Shape::new(1, 4, 4), &[]),
        "expected an output 2x4x4",
    );
    let mirror = Operation::Pad {
        input: V0,
        mode: PadMode::Reflect,
        sides: Sides::all(4),
    };
    assert_says(
        &step(mirror, Shape::new(2, 12, 12), &[]),
        "cannot be mirrored",
    );
    let slice = Operation::Slice {
        input: V0,
        start: [0, 1, 0],
    };
    assert_says(
        &step(slice, SIDE, &[]),
        "2x4x4 from [0, 1, 0] on is not inside",
    );
    assert_says(
        &step(Operation::Concat { inputs: vec![] }, SIDE, &[]),
        "at least one input",
    );
    let twice = Operation::Concat {
        inputs: vec![V0, V0],
    };
    assert_says(&step(twice, SIDE, &[]), "expected an output 4x4x4");
    let resize = Operation::Resize {
        input: V0,
        rows: vec![0; 4],
        columns: vec![0, 1, 2, 4],
    };
    assert_says(
        &step(resize, SIDE, &[]),
        "row or column 4 is not inside 2x4x4",
    );
    let reshape = Operation::Reshape { input: V0 };
    assert_says(
        &step(reshape, Shape::new(2, 4, 5), &[]),
        "2x4x4 cannot become 2x4x5",
    );
    let right = Operand::Weight(W0);
    let add = Operation::Add { left: V0, right };
    assert_says(
        &step(add.clone(), SIDE, &[&[2, 1, 3]]),
        "a constant that repeats to [2, 4, 4]",
    );
    assert_says(
        &step(add, SIDE, &[&[2]]),
        "a constant that repeats to [2, 4, 4]",
    );
    let function = Activation::LeakyRelu { slope: f32::NAN };
    let leaky = Operation::Activation {
        input: V0,
        function,
    };
    assert_says(&step(leaky, SIDE, &[]), "expected a slope in [0, 1]");
    let other = Shape::new(2, 4, 5);
    let right = Operand::Value(V1);
    let sum = one_step(
        Operation::Mul { left: V0, right },
        &[SIDE, other],
        SIDE,
        &[],
    );
    assert_says(&sum, "2x4x4 and 2x4x5 are not of one shape");
    let joined = one_step(
        Operation::Concat {
            inputs: vec![V0, V1],
        },
        &[SIDE, other],
        SIDE,
        &[],
    );
    assert_says(&joined, "have other sides");
}

#[test]
fn one_hot_channels_exist() {
    let mut plan = step(relu(V0), SIDE, &[]);
    plan.inputs[0].one_hot = 3;
    assert_says(&plan, "input input0: 3 one-hot channels of 2");
}

#[test]
fn expressions_fit() {
    let e = ExpressionId;
    let of = |node| one_constant(&[(&[2, 3], Node::Fill(0.0)), (&[2, 3], node)]);
    assert_eq!(of(Node::Scalar(BinaryNode::Add, e(0), 1.0)).check(), Ok(()));
    assert_says(
        &of(Node::Reshape(e(1))),
        "expression 1: it uses expression 1, which is not before it",
    );
    assert_says(
        &of(Node::Constant(vec![0.0; 5])),
        "expected 6 numbers for [2, 3], found 5",
    );
    assert_says(
        &of(Node::Permute(e(0), vec![1, 0])),
        "expected [3, 2], found [2, 3]",
    );
    assert_says(
        &of(Node::Permute(e(0), vec![0, 0])),
        "is no order of the axes",
    );
    assert_says(&of(Node::Repeat(e(0), vec![1])), "cannot be repeated");
    assert_says(&of(Node::Slice(e(0), vec![0, 1])), "is not inside [2, 3]");
    assert_says(&of(Node::Concat(vec![e(0), e(0)], 0)), "expected [4, 3]");
    assert_says(&of(Node::Concat(vec![], 0)), "do not fit along axis 0");
    assert_says(&of(Node::Concat(vec![e(0)], 2)), "do not fit along axis 2");
    assert_says(
        &of(Node::Matmul(e(0), e(0))),
        "cannot be multiplied as matrices",
    );
    assert_says(
        &of(Node::Reduce(ReduceNode::Sum, e(0), 2)),
        "[2, 3] has no axis 2",
    );
    assert_says(
        &of(Node::Reduce(ReduceNode::Sum, e(0), 1)),
        "expected [2, 1]",
    );
    let other = one_constant(&[
        (&[2, 3], Node::Fill(0.0)),
        (&[3], Node::Fill(0.0)),
        (&[2, 3], Node::Binary(BinaryNode::Mul, e(0), e(1))),
    ]);
    assert_says(&other, "[2, 3] and [3] do not fit");
    let mut weight = one_constant(&[(&[2, 3], Node::Fill(0.0))]);
    weight.weights[0].shape = vec![5];
    assert_says(
        &weight,
        "constant 0: expected [5], found an expression of [2, 3]",
    );
    weight.expressions[0] = crate::Expression {
        shape: vec![6],
        node: Node::Reshape(e(0)),
    };
    assert!(weight.check().is_err());
}
