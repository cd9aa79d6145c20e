//! Plans that take their pictures in another form.

use anyhow::{Context, Result, bail, ensure};
use underpaint_plan::weight::Node;
use underpaint_plan::{Expression, ExpressionId, Operation, Plan, Step, ValueId, Weight, WeightId};

/// The same network for an input in `[0, 1]` instead of `[-1, 1]`.
///
/// # Errors
///
/// If there is no such input.
pub fn from_unit(mut plan: Plan, input: &str) -> Result<Plan> {
    let new = ValueId(plan.values.len());
    let given = plan.inputs.iter_mut().find(|given| given.name == input);
    let given = given.with_context(|| format!("the network has no input {input}"))?;
    let signed = std::mem::replace(&mut given.value, new);
    plan.values.push(plan.shape(signed));
    let operation = Operation::Affine {
        input: new,
        scale: 2.0,
        shift: -1.0,
    };
    let step = Step {
        operation,
        output: signed,
    };
    plan.steps.insert(0, step);
    Ok(plan)
}

/// The same network for an input with further channels, whatever is in them, up to a multiple of
/// `multiple`. An input of three channels or fewer stays as it is: runtimes have kernels of their own for
/// pictures.
///
/// # Errors
///
/// If the channels do not end in convolutions alone.
pub fn pad_channels(mut plan: Plan, input: &str, multiple: usize) -> Result<Plan> {
    ensure!(multiple > 0, "--pad-channels: expected at least 1, found 0");
    let given = plan.inputs.iter().find(|given| given.name == input);
    let given = given
        .with_context(|| format!("the network has no input {input}"))?
        .value;
    let channels = plan.shape(given).channels;
    let more = channels.next_multiple_of(multiple) - channels;
    if channels <= 3 || more == 0 {
        return Ok(plan);
    }
    plan.values[given.0].channels += more;
    let mut padded = vec![given];
    for index in 0..plan.steps.len() {
        let Step { operation, output } = plan.steps[index].clone();
        if !operation
            .inputs()
            .iter()
            .any(|input| padded.contains(input))
        {
            continue;
        }
        match operation {
            Operation::Conv2d { weight, .. } => {
                let wider = widened(&mut plan, weight, more);
                if let Operation::Conv2d { weight, .. } = &mut plan.steps[index].operation {
                    *weight = wider;
                }
            }
            Operation::Pad { .. }
            | Operation::Resize { .. }
            | Operation::AvgPool2d { .. }
            | Operation::Activation { .. }
            | Operation::Affine { .. } => {
                plan.values[output.0].channels += more;
                padded.push(output);
            }
            _ => bail!(
                "--pad-channels: step {index} ({}) needs the channels of {input} as they are",
                operation.name()
            ),
        }
    }
    Ok(plan)
}

/// A kernel for so many input channels more, which weigh nothing.
fn widened(plan: &mut Plan, weight: WeightId, more: usize) -> WeightId {
    let Weight { shape, value } = plan.weight(weight).clone();
    let mut add = |shape: &[usize], node: Node| {
        plan.expressions.push(Expression {
            shape: shape.to_vec(),
            node,
        });
        ExpressionId(plan.expressions.len() - 1)
    };
    let [out, channels, height, width] = [0, 1, 2, 3].map(|axis| shape[axis]);
    let kernel = add(&shape, Node::Reshape(value));
    let zeros = add(&[out, more, height, width], Node::Fill(0.0));
    let shape = vec![out, channels + more, height, width];
    let value = add(&shape, Node::Concat(vec![kernel, zeros], 1));
    plan.weights.push(Weight { shape, value });
    WeightId(plan.weights.len() - 1)
}
