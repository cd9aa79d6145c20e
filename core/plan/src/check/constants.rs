//! Shapes of constants and of the expressions that they are made of.

use super::{Checked, about, product};
use crate::{ExpressionId, Plan, Result, WeightId, weight::Node};

/// A constant has as many numbers as its expression.
pub fn constant(plan: &Plan, id: WeightId) -> Result<()> {
    let checked = || {
        let weight = &plan.weights[id.0];
        let Some(expression) = plan.expressions.get(weight.value.0) else {
            return Err(format!("there is no expression {}", weight.value.0));
        };
        if product(&weight.shape)? != product(&expression.shape)? {
            let (expected, found) = (&weight.shape, &expression.shape);
            return Err(format!(
                "expected {expected:?}, found an expression of {found:?}"
            ));
        }
        Ok(())
    };
    checked().map_err(|problem| about(format_args!("constant {}", id.0), problem))
}

/// An expression has the shape that its node gives.
pub fn expression(plan: &Plan, id: ExpressionId) -> Result<()> {
    let checked = || {
        let expression = plan.expression(id);
        if let Some(later) = expression
            .node
            .operands()
            .iter()
            .find(|operand| **operand >= id)
        {
            return Err(format!(
                "it uses expression {}, which is not before it",
                later.0
            ));
        }
        let size = product(&expression.shape)?;
        let Some(shape) = shape_of(plan, &expression.node)? else {
            return match (&expression.node, size) {
                (Node::Constant(values), size) if values.len() != size => {
                    let (shape, found) = (&expression.shape, values.len());
                    Err(format!(
                        "expected {size} numbers for {shape:?}, found {found}"
                    ))
                }
                (Node::Reshape(of), size) if product(&plan.expression(*of).shape)? != size => {
                    let (from, to) = (&plan.expression(*of).shape, &expression.shape);
                    Err(format!("{from:?} cannot become {to:?}"))
                }
                (Node::Slice(of, start), _) => {
                    slice(&plan.expression(*of).shape, start, &expression.shape)
                }
                _ => Ok(()),
            };
        };
        if shape != expression.shape {
            let found = &expression.shape;
            return Err(format!("expected {shape:?}, found {found:?}"));
        }
        Ok(())
    };
    checked().map_err(|problem| about(format_args!("expression {}", id.0), problem))
}

/// The shape that follows from a node alone; none where the node leaves it open.
fn shape_of(plan: &Plan, node: &Node) -> Checked<Option<Vec<usize>>> {
    let shape = |id: &ExpressionId| plan.expression(*id).shape.as_slice();
    Ok(Some(match node {
        Node::Source(_)
        | Node::Constant(_)
        | Node::Fill(_)
        | Node::Reshape(_)
        | Node::Slice(..) => {
            return Ok(None);
        }
        Node::Permute(of, axes) => permute(shape(of), axes)?,
        Node::Repeat(of, times) => repeat(shape(of), times)?,
        Node::Concat(of, axis) => concat(&of.iter().map(shape).collect::<Vec<_>>(), *axis)?,
        Node::Matmul(left, right) => matmul(shape(left), shape(right))?,
        Node::Binary(_, left, right) => broadcast(shape(left), shape(right))?,
        Node::Scalar(_, of, _) | Node::Unary(_, of) => shape(of).to_vec(),
        Node::Reduce(_, of, axis) => {
            let mut reduced = shape(of).to_vec();
            let missing = || format!("{:?} has no axis {axis}", shape(of));
            *reduced.get_mut(*axis).ok_or_else(missing)? = 1;
            reduced
        }
    }))
}

fn permute(shape: &[usize], axes: &[usize]) -> Checked<Vec<usize>> {
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..shape.len()) {
        return Err(format!("{axes:?} is no order of the axes of {shape:?}"));
    }
    Ok(axes.iter().map(|axis| shape[*axis]).collect())
}

fn repeat(shape: &[usize], times: &[usize]) -> Checked<Vec<usize>> {
    let problem = || format!("{shape:?} cannot be repeated {times:?} times");
    if shape.len() != times.len() {
        return Err(problem());
    }
    let axes = shape
        .iter()
        .zip(times)
        .map(|(axis, times)| axis.checked_mul(*times));
    axes.collect::<Option<Vec<_>>>().ok_or_else(problem)
}

fn slice(shape: &[usize], start: &[usize], part: &[usize]) -> Checked {
    let inside = |((whole, start), part): ((&usize, &usize), &usize)| {
        start.checked_add(*part).is_some_and(|end| end <= *whole)
    };
    let ranks = shape.len() == start.len() && shape.len() == part.len();
    match ranks && shape.iter().zip(start).zip(part).all(inside) {
        true => Ok(()),
        false => Err(format!(
            "{part:?} from {start:?} on is not inside {shape:?}"
        )),
    }
}

fn concat(shapes: &[&[usize]], axis: usize) -> Checked<Vec<usize>> {
    let problem = || format!("{shapes:?} do not fit along axis {axis}");
    let mut result = shapes.first().ok_or_else(problem)?.to_vec();
    if axis >= result.len() {
        return Err(problem());
    }
    for shape in &shapes[1..] {
        let same = |other: usize| other == axis || shape[other] == result[other];
        if shape.len() != result.len() || !(0..shape.len()).all(same) {
            return Err(problem());
        }
        result[axis] = result[axis].checked_add(shape[axis]).ok_or_else(problem)?;
    }
    Ok(result)
}

fn matmul(left: &[usize], right: &[usize]) -> Checked<Vec<usize>> {
    let problem = || format!("{left:?} and {right:?} cannot be multiplied as matrices");
    let ([left_batch @ .., rows, inner], [right_batch @ .., found, columns]) = (left, right) else {
        return Err(problem());
    };
    if inner != found {
        return Err(problem());
    }
    let mut shape = broadcast(left_batch, right_batch).map_err(|_| problem())?;
    shape.extend([*rows, *columns]);
    Ok(shape)
}

fn broadcast(left: &[usize], right: &[usize]) -> Checked<Vec<usize>> {
    let problem = || format!("{left:?} and {right:?} do not fit");
    let axis = |(left, right): (&usize, &usize)| match (*left, *right) {
        (left, right) if left == right || right == 1 => Some(left),
        (1, right) => Some(right),
        _ => None,
    };
    let axes = left.iter().zip(right).map(axis).collect::<Option<Vec<_>>>();
    axes.filter(|axes| axes.len() == left.len() && axes.len() == right.len())
        .ok_or_else(problem)
}
