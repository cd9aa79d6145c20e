//! Takes out what is of no use, folds into each convolution what only scales or shifts it, and numbers
//! the rest.

use underpaint_plan::weight::{BinaryNode, Node};
use underpaint_plan::{
    Expression, ExpressionId, Input, Operand, Operation, Plan, Statistics, Step, ValueId, Weight,
    WeightId,
};

use super::draft::Draft;

/// The plan that a draft has become.
pub fn finish(mut draft: Draft, outputs: Vec<ValueId>) -> Plan {
    loop {
        sweep(&mut draft, &outputs);
        if !fold_all(&mut draft, &outputs) {
            break;
        }
    }
    numbered(draft, &outputs)
}

/// Keeps the steps that outputs depend on.
fn sweep(draft: &mut Draft, outputs: &[ValueId]) {
    let mut used = vec![false; draft.values.len()];
    outputs.iter().for_each(|output| used[output.0] = true);
    for step in draft.steps.iter().rev() {
        if used[step.output.0] {
            step.operation
                .inputs()
                .iter()
                .for_each(|v| used[v.0] = true);
        }
    }
    draft.steps.retain(|step| used[step.output.0]);
}

/// Folds steps into those before them that nobody else reads, and says whether there were any.
fn fold_all(draft: &mut Draft, outputs: &[ValueId]) -> bool {
    let mut uses = vec![0; draft.values.len()];
    let read = draft.steps.iter().flat_map(|step| step.operation.inputs());
    read.chain(outputs.iter().copied())
        .for_each(|value| uses[value.0] += 1);
    let mut folded = false;
    for index in 0..draft.steps.len() {
        let inputs = draft.steps[index].operation.inputs();
        let maker = |&input: &ValueId| {
            let before = draft.steps[..index]
                .iter()
                .rposition(|step| step.output == input);
            before.filter(|_| uses[input.0] == 1)
        };
        if let Some(before) = inputs.first().and_then(maker) {
            folded |= fold(draft, before, index);
        }
    }
    folded
}

/// Folds one step into the one before it, whose result only it reads.
fn fold(draft: &mut Draft, before: usize, index: usize) -> bool {
    let shape = draft.shape(draft.steps[index].output);
    let inner = draft.steps[before].operation.clone();
    let folded = match draft.steps[index].operation.clone() {
        Operation::Affine { scale, shift, .. } => scaled(draft, &inner, scale, shift),
        Operation::Add {
            right: Operand::Weight(bias),
            ..
        } => biased(draft, &inner, bias, shape.channels, shape.pixels()),
        Operation::Reshape { .. } => match inner {
            Operation::Linear { .. } | Operation::Reshape { .. } => Some(inner),
            Operation::Affine { .. } | Operation::Activation { .. } => {
                return reshape_first(draft, before, index);
            }
            _ => None,
        },
        _ => None,
    };
    let Some(folded) = folded else {
        return false;
    };
    draft.steps[index].operation = folded;
    // What nobody reads any more would count as a reader until the next sweep.
    draft.steps[before].operation = Operation::Concat { inputs: Vec::new() };
    true
}

/// Pointwise functions do not mind in which shape the numbers are.
fn reshape_first(draft: &mut Draft, before: usize, index: usize) -> bool {
    let (middle, shape) = (
        draft.steps[before].output,
        draft.shape(draft.steps[index].output),
    );
    let input = draft.steps[before].operation.inputs()[0];
    let mut pointwise = draft.steps[before].operation.clone();
    if let Operation::Affine { input, .. } | Operation::Activation { input, .. } = &mut pointwise {
        *input = middle;
    }
    draft.values[middle.0] = shape;
    draft.steps[before].operation = Operation::Reshape { input };
    draft.steps[index].operation = pointwise;
    true
}

/// A convolution or a linear layer times a number, and shifted.
fn scaled(draft: &mut Draft, inner: &Operation, scale: f32, shift: f32) -> Option<Operation> {
    let mut inner = inner.clone();
    let outputs = outputs_of(draft, &inner)?;
    let (weight, bias) = parts(&mut inner)?;
    let Weight { shape, value } = draft.weights[weight.0].clone();
    let value = draft.expressions.scalar(BinaryNode::Mul, value, scale);
    *weight = draft.weight(value, &shape);
    if bias.is_some() || shift != 0.0 {
        let value = match *bias {
            Some(bias) => draft.weights[bias.0].value,
            None => draft.expressions.fill(0.0, &[outputs]),
        };
        let value = draft.expressions.scalar(BinaryNode::Mul, value, scale);
        let value = draft.expressions.scalar(BinaryNode::Add, value, shift);
        *bias = Some(draft.weight(value, &[outputs]));
    }
    Some(inner)
}

/// A convolution or a linear layer without a bias, and a constant that can be one.
fn biased(
    draft: &mut Draft,
    inner: &Operation,
    constant: WeightId,
    channels: usize,
    pixels: usize,
) -> Option<Operation> {
    let mut inner = inner.clone();
    let outputs = outputs_of(draft, &inner)?;
    let Weight { shape, value } = draft.weights[constant.0].clone();
    let fits = match inner {
        // Its outputs are all numbers of all channels.
        Operation::Linear { .. } => shape.iter().product::<usize>() == channels * pixels,
        _ => shape == [channels, 1, 1],
    };
    let (_, bias) = parts(&mut inner)?;
    if !fits || bias.is_some() {
        return None;
    }
    *bias = Some(draft.weight(value, &[outputs]));
    Some(inner)
}

fn parts(operation: &mut Operation) -> Option<(&mut WeightId, &mut Option<WeightId>)> {
    match operation {
        Operation::Conv2d { weight, bias, .. }
        | Operation::ConvTranspose2d { weight, bias, .. }
        | Operation::Linear { weight, bias, .. } => Some((weight, bias)),
        _ => None,
    }
}

/// How many numbers a bias has.
fn outputs_of(draft: &Draft, operation: &Operation) -> Option<usize> {
    match operation {
        Operation::Conv2d { weight, .. } | Operation::Linear { weight, .. } => {
            Some(draft.weights[weight.0].shape[0])
        }
        Operation::ConvTranspose2d { weight, .. } => Some(draft.weights[weight.0].shape[1]),
        _ => None,
    }
}

/// New numbers for what is left, in the order of first use; for expressions in their own order.
fn numbered(draft: Draft, outputs: &[ValueId]) -> Plan {
    let mut values = Numbers::new(draft.values.len());
    let mut weights = Numbers::new(draft.weights.len());
    let inputs = draft.inputs.iter().map(|input| Input {
        value: ValueId(values.number(input.value.0)),
        ..input.clone()
    });
    let inputs = inputs.collect();
    let steps = draft.steps.iter().map(|step| {
        let mut operation = step.operation.clone();
        values_of(&mut operation, &mut |value| {
            value.0 = values.number(value.0)
        });
        weights_of(&mut operation, &mut |weight| {
            weight.0 = weights.number(weight.0)
        });
        let output = ValueId(values.number(step.output.0));
        Step { operation, output }
    });
    let steps = steps.collect();
    let outputs = outputs
        .iter()
        .map(|output| ValueId(values.number(output.0)));
    let outputs = outputs.collect();
    let kept: Vec<Weight> = weights
        .kept
        .iter()
        .map(|&old| draft.weights[old].clone())
        .collect();
    let (expressions, weights) = numbered_expressions(draft.expressions.all, kept);
    Plan {
        values: values.kept.iter().map(|&old| draft.values[old]).collect(),
        inputs,
        steps,
        outputs,
        weights,
        expressions,
    }
}

fn numbered_expressions(
    all: Vec<Expression>,
    mut weights: Vec<Weight>,
) -> (Vec<Expression>, Vec<Weight>) {
    let mut used = vec![false; all.len()];
    weights
        .iter()
        .for_each(|weight| used[weight.value.0] = true);
    for (index, expression) in all.iter().enumerate().rev() {
        if used[index] {
            let operands = expression.node.operands();
            operands.iter().for_each(|operand| used[operand.0] = true);
        }
    }
    let mut new = vec![ExpressionId(0); all.len()];
    let mut kept = Vec::new();
    for (index, mut expression) in all.into_iter().enumerate() {
        if used[index] {
            operands_of(&mut expression.node, &mut |operand| {
                *operand = new[operand.0]
            });
            new[index] = ExpressionId(kept.len());
            kept.push(expression);
        }
    }
    weights
        .iter_mut()
        .for_each(|weight| weight.value = new[weight.value.0]);
    (kept, weights)
}

/// New numbers, given out in order.
struct Numbers {
    new: Vec<Option<usize>>,
    kept: Vec<usize>,
}

impl Numbers {
    fn new(count: usize) -> Self {
        Self {
            new: vec![None; count],
            kept: Vec::new(),
        }
    }

    fn number(&mut self, old: usize) -> usize {
        *self.new[old].get_or_insert_with(|| {
            self.kept.push(old);
            self.kept.len() - 1
        })
    }
}

fn values_of(operation: &mut Operation, change: &mut impl FnMut(&mut ValueId)) {
    match operation {
        Operation::Conv2d { input, .. }
        | Operation::ConvTranspose2d { input, .. }
        | Operation::Linear { input, .. }
        | Operation::AvgPool2d { input, .. }
        | Operation::Norm { input, .. }
        | Operation::PixelNorm { input, .. }
        | Operation::Pad { input, .. }
        | Operation::Slice { input, .. }
        | Operation::Resize { input, .. }
        | Operation::Reshape { input }
        | Operation::Affine { input, .. }
        | Operation::Activation { input, .. } => change(input),
        Operation::Concat { inputs } => inputs.iter_mut().for_each(change),
        Operation::Add { left, right } | Operation::Mul { left, right } => {
            change(left);
            if let Operand::Value(right) = right {
                change(right);
            }
        }
    }
}

fn weights_of(operation: &mut Operation, change: &mut impl FnMut(&mut WeightId)) {
    match operation {
        Operation::Conv2d { weight, bias, .. }
        | Operation::ConvTranspose2d { weight, bias, .. }
        | Operation::Linear { weight, bias, .. } => {
            change(weight);
            bias.iter_mut().for_each(change);
        }
        Operation::Norm {
            statistics,
            scale,
            shift,
            ..
        } => {
            if let Statistics::Running { mean, variance } = statistics {
                change(mean);
                change(variance);
            }
            scale.iter_mut().chain(shift).for_each(change);
        }
        Operation::Add {
            right: Operand::Weight(weight),
            ..
        }
        | Operation::Mul {
            right: Operand::Weight(weight),
            ..
        } => change(weight),
        _ => {}
    }
}

fn operands_of(node: &mut Node, change: &mut impl FnMut(&mut ExpressionId)) {
    match node {
        Node::Source(_) | Node::Constant(_) | Node::Fill(_) => {}
        Node::Reshape(of)
        | Node::Permute(of, _)
        | Node::Repeat(of, _)
        | Node::Slice(of, _)
        | Node::Scalar(_, of, _)
        | Node::Unary(_, of)
        | Node::Reduce(_, of, _) => change(of),
        Node::Concat(of, _) => of.iter_mut().for_each(change),
        Node::Matmul(left, right) | Node::Binary(_, left, right) => {
            change(left);
            change(right);
        }
    }
}
