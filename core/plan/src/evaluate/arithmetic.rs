//! What the nodes of an expression do, to tensors whose shapes have been checked.

use crate::{Tensor, weight::BinaryNode, weight::ReduceNode, weight::UnaryNode};
use std::rc::Rc;

/// Distance from one number to the next along each axis.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Reads numbers in another order: from `first` on, `strides[i]` further for every step along axis `i`.
fn view(values: &[f32], first: usize, shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let Some((&columns, outer)) = shape.split_last() else {
        return vec![values[first]];
    };
    let step = strides[outer.len()];
    let rows = outer.iter().product::<usize>();
    let mut result = Vec::with_capacity(rows * columns);
    let mut index = vec![0; outer.len()];
    for _ in 0..rows {
        let start = index.iter().zip(strides).map(|(i, s)| i * s).sum::<usize>() + first;
        result.extend((0..columns).map(|column| values[start + column * step]));
        for axis in (0..outer.len()).rev() {
            index[axis] += 1;
            if index[axis] < outer[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    result
}

pub fn permute(of: &Tensor, axes: &[usize]) -> Vec<f32> {
    let from = strides(&of.shape);
    let shape: Vec<_> = axes.iter().map(|axis| of.shape[*axis]).collect();
    let strides: Vec<_> = axes.iter().map(|axis| from[*axis]).collect();
    view(&of.values, 0, &shape, &strides)
}

pub fn repeat(of: &Tensor, times: &[usize]) -> Vec<f32> {
    // Every axis becomes two: which repetition, and where in it.
    let (mut shape, mut steps) = (Vec::new(), Vec::new());
    for ((len, times), stride) in of.shape.iter().zip(times).zip(strides(&of.shape)) {
        shape.extend([*times, *len]);
        steps.extend([0, stride]);
    }
    view(&of.values, 0, &shape, &steps)
}

pub fn slice(of: &Tensor, start: &[usize], shape: &[usize]) -> Vec<f32> {
    let strides = strides(&of.shape);
    let first = start
        .iter()
        .zip(&strides)
        .map(|(start, stride)| start * stride)
        .sum();
    view(&of.values, first, shape, &strides)
}

pub fn concat(parts: &[Rc<Tensor>], axis: usize) -> Vec<f32> {
    let outer = parts[0].shape[..axis].iter().product::<usize>();
    let mut result = Vec::with_capacity(parts.iter().map(|part| part.values.len()).sum());
    for row in 0..outer {
        for part in parts {
            let len = part.values.len() / outer;
            result.extend_from_slice(&part.values[row * len..(row + 1) * len]);
        }
    }
    result
}

/// Axes of length 1 repeated until the tensor has this shape.
fn broadcast(of: &Tensor, shape: &[usize]) -> Vec<f32> {
    let repeated = |((stride, len), wanted): ((usize, &usize), &usize)| match len == wanted {
        true => stride,
        false => 0,
    };
    let own = strides(&of.shape).into_iter().zip(&of.shape);
    let strides: Vec<_> = own.zip(shape).map(repeated).collect();
    view(&of.values, 0, shape, &strides)
}

pub fn matmul(left: &Tensor, right: &Tensor, shape: &[usize]) -> Vec<f32> {
    let batch_axes = shape.len() - 2;
    let (rows, columns) = (shape[batch_axes], shape[batch_axes + 1]);
    let inner = left.shape[batch_axes + 1];
    let spread = |of: &Tensor, last: [usize; 2]| {
        let shape: Vec<_> = shape[..batch_axes].iter().copied().chain(last).collect();
        (shape != of.shape).then(|| broadcast(of, &shape))
    };
    let (wide_left, wide_right) = (spread(left, [rows, inner]), spread(right, [inner, columns]));
    let left = wide_left.as_ref().unwrap_or(&left.values);
    let right = wide_right.as_ref().unwrap_or(&right.values);
    let batches = shape[..batch_axes].iter().product::<usize>();
    let mut result = Vec::with_capacity(batches * rows * columns);
    let mut sums = vec![0.0_f64; columns];
    for batch in 0..batches {
        let right = &right[batch * inner * columns..][..inner * columns];
        for row in 0..rows {
            sums.fill(0.0);
            let left = &left[(batch * rows + row) * inner..][..inner];
            for (factor, right) in left.iter().zip(right.chunks_exact(columns)) {
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum += f64::from(*factor) * f64::from(*right);
                }
            }
            result.extend(sums.iter().map(|sum| *sum as f32));
        }
    }
    result
}

pub fn binary(node: BinaryNode, left: Tensor, right: &Tensor, shape: &[usize]) -> Vec<f32> {
    let mut values = match left.shape == shape {
        true => left.values,
        false => broadcast(&left, shape),
    };
    if let [right] = right.values[..] {
        values
            .iter_mut()
            .for_each(|value| *value = apply(node, *value, right));
        return values;
    }
    let wide = (right.shape != shape).then(|| broadcast(right, shape));
    let right = wide.as_ref().unwrap_or(&right.values);
    for (value, right) in values.iter_mut().zip(right) {
        *value = apply(node, *value, *right);
    }
    values
}

pub fn apply(node: BinaryNode, left: f32, right: f32) -> f32 {
    match node {
        BinaryNode::Add => left + right,
        BinaryNode::Sub => left - right,
        BinaryNode::Mul => left * right,
        BinaryNode::Div => left / right,
    }
}

pub fn apply_unary(node: UnaryNode, value: f32) -> f32 {
    match node {
        UnaryNode::Sqrt => value.sqrt(),
        UnaryNode::Recip => value.recip(),
        UnaryNode::Exp => value.exp(),
        UnaryNode::Abs => value.abs(),
    }
}

pub fn reduce(node: ReduceNode, of: &Tensor, axis: usize) -> Vec<f32> {
    let len = of.shape[axis];
    let inner = of.shape[axis + 1..].iter().product::<usize>();
    let mut result = Vec::with_capacity(of.values.len() / len);
    for block in of.values.chunks_exact(len * inner) {
        result.extend((0..inner).map(|column| {
            let numbers = block[column..].iter().step_by(inner);
            let sum = numbers.map(|number| f64::from(*number)).sum::<f64>();
            match node {
                ReduceNode::Sum => sum as f32,
                ReduceNode::Mean => (sum / len as f64) as f32,
            }
        }));
    }
    result
}
