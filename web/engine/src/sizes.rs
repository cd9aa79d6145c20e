//! How many numbers packed weights are, from the plan alone.

use underpaint_plan::{Plan, Weight, WeightId};

use crate::program::Packing;
use crate::{Error, Result};

/// Numbers of the matrices and of the bias that a packing becomes.
///
/// # Errors
///
/// [`Error::Input`] if the plan has no such constant.
pub fn numbers(packing: &Packing, plan: &Plan) -> Result<[usize; 2]> {
    let axis = |weight: WeightId, axis: usize| {
        let shape = &weight_of(plan, weight)?.shape;
        Ok::<_, Error>(shape.get(axis).copied().unwrap_or(1))
    };
    let lanes = |parts: &[(WeightId, Option<WeightId>)], output: usize| {
        let mut lanes = 0;
        for (weight, _) in parts {
            lanes += axis(*weight, output)?.next_multiple_of(4);
        }
        Ok::<_, Error>(lanes)
    };
    Ok(match packing {
        Packing::Kernel {
            parts,
            transposed,
            input,
            phases,
        } => {
            let lanes = lanes(parts, usize::from(*transposed))?;
            let taps = phases
                .iter()
                .map(|[rows, columns]| rows.len() * columns.len());
            [taps.sum::<usize>() * input.len() * lanes, lanes]
        }
        Packing::LabelKernel { parts, codes } => {
            let lanes = lanes(parts, 0)?;
            let taps = match parts.first() {
                Some((weight, _)) => axis(*weight, 2)? * axis(*weight, 3)?,
                None => 0,
            };
            [taps * codes.count() * lanes, lanes]
        }
        Packing::Matrix {
            input: (shape, lanes),
            output,
            ..
        } => {
            let columns = output.channels.next_multiple_of(4) * output.pixels();
            [shape.pixels() * lanes.len() * columns, columns]
        }
        Packing::Affine { lanes, .. } => [2 * lanes.len(), 0],
        Packing::Plane { shape, .. } => [shape.channels.next_multiple_of(4) * shape.pixels(), 0],
    })
}

fn weight_of(plan: &Plan, weight: WeightId) -> Result<&Weight> {
    let missing = || {
        Error::Input(format!(
            "a program of another plan: no constant {}",
            weight.0
        ))
    };
    plan.weights.get(weight.0).ok_or_else(missing)
}
