//! Small plans for tests.

use crate::{
    Expression, ExpressionId, Input, Operation, Plan, Shape, Step, Tensor, ValueId, Weight,
};
use crate::{WeightId, weight::Node};
use std::collections::BTreeMap;

/// A plan of one step: inputs are the values from 0 on, its output is the value after them.
pub fn one_step(
    operation: Operation,
    inputs: &[Shape],
    output: Shape,
    constants: &[(&[usize], &[f32])],
) -> Plan {
    let input = |id| Input {
        name: format!("input{id}"),
        value: ValueId(id),
        one_hot: 0,
    };
    let expression = |(shape, values): &(&[usize], &[f32])| Expression {
        shape: shape.to_vec(),
        node: Node::Constant(values.to_vec()),
    };
    let weight = |(id, (shape, _)): (usize, &(&[usize], &[f32]))| Weight {
        shape: shape.to_vec(),
        value: ExpressionId(id),
    };
    let output_id = ValueId(inputs.len());
    Plan {
        values: inputs.iter().copied().chain([output]).collect(),
        inputs: (0..inputs.len()).map(input).collect(),
        steps: vec![Step {
            operation,
            output: output_id,
        }],
        outputs: vec![output_id],
        weights: constants.iter().enumerate().map(weight).collect(),
        expressions: constants.iter().map(expression).collect(),
    }
}

/// A plan without steps whose one constant, of the last expression's shape, is made by these.
pub fn one_constant(expressions: &[(&[usize], Node)]) -> Plan {
    let expression = |(shape, node): &(&[usize], Node)| Expression {
        shape: shape.to_vec(),
        node: node.clone(),
    };
    let last = expressions.len() - 1;
    Plan {
        values: Vec::new(),
        inputs: Vec::new(),
        steps: Vec::new(),
        outputs: Vec::new(),
        weights: vec![Weight {
            shape: expressions[last].0.to_vec(),
            value: ExpressionId(last),
        }],
        expressions: expressions.iter().map(expression).collect(),
    }
}

pub fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor {
        shape: shape.to_vec(),
        values: values.to_vec(),
    }
}

pub fn source(tensors: &[(&str, &[usize], &[f32])]) -> BTreeMap<String, Tensor> {
    let entry = |(key, shape, values): &(&str, &[usize], &[f32])| {
        ((*key).to_owned(), tensor(shape, values))
    };
    tensors.iter().map(entry).collect()
}

/// `0, 1, 2, …`, as many as a shape has.
pub fn counting(shape: Shape) -> Vec<f32> {
    (0..shape.len()).map(|number| number as f32).collect()
}

/// The first constant.
pub const W0: WeightId = WeightId(0);
/// The second.
pub const W1: WeightId = WeightId(1);
/// The first value.
pub const V0: ValueId = ValueId(0);
/// The second.
pub const V1: ValueId = ValueId(1);
