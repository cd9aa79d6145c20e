//! Whether one graph serves every size: plans are made for one.

use anyhow::{Result, bail};
use underpaint_plan::{Operand, Operation, Plan, Shape, Step};

/// How an axis of a resize maps to the axis that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AxisMap {
    /// Nothing changes.
    Same,
    /// Every place so many times.
    Repeat(usize),
    /// One of so many places, from the first on.
    Every(usize),
    /// Some other choice of places.
    Places,
}

impl AxisMap {
    /// Of the places that are read of an axis of this length.
    pub fn new(places: &[usize], length: usize) -> Self {
        let is = |expected: fn(usize, usize) -> usize, factor: usize| {
            let mut all = places.iter().enumerate();
            all.all(|(index, place)| *place == expected(index, factor))
        };
        if places.is_empty() || length == 0 {
            return Self::Places;
        }
        let repeat = places.len() / length;
        let every = length / places.len();
        if places.len() == length && is(|index, _| index, 1) {
            Self::Same
        } else if places.len() == repeat * length && is(|index, factor| index / factor, repeat) {
            Self::Repeat(repeat)
        } else if length == every * places.len() && is(|index, factor| index * factor, every) {
            Self::Every(every)
        } else {
            Self::Places
        }
    }
}

/// Checks that two plans of one network for different sizes become the same graph.
///
/// # Errors
///
/// With the first step whose operators hold a size.
pub fn check_free(plan: &Plan, other: &Plan) -> Result<()> {
    let inputs = |plan: &Plan| {
        plan.inputs
            .iter()
            .any(|input| plan.shape(input.value).pixels() > 1)
    };
    if !inputs(plan) {
        bail!("--dynamic: this network makes pictures of one size only");
    }
    let same = plan.weights == other.weights
        && plan.expressions == other.expressions
        && plan.steps.len() == other.steps.len();
    if !same {
        bail!(
            "--dynamic: this network has other weights or steps for other sizes; give --size instead"
        );
    }
    for (index, steps) in plan.steps.iter().zip(&other.steps).enumerate() {
        if !is_free([plan, other], [steps.0, steps.1]) {
            let (name, shape) = (steps.0.operation.name(), plan.shape(steps.0.output));
            bail!(
                "--dynamic: step {index} of this network ({name}, to {shape}) depends on the size of the \
                 picture; give --size instead"
            );
        }
    }
    Ok(())
}

/// Whether two steps become the same operators.
fn is_free(plans: [&Plan; 2], steps: [&Step; 2]) -> bool {
    let shapes = |index: usize| -> Vec<Shape> {
        let step: &Step = steps[index];
        let values = step.operation.inputs().into_iter().chain([step.output]);
        values.map(|value| plans[index].shape(value)).collect()
    };
    let (mine, theirs) = (shapes(0), shapes(1));
    let wired = steps[0].operation.inputs() == steps[1].operation.inputs()
        && steps[0].output == steps[1].output
        && mine
            .iter()
            .zip(&theirs)
            .all(|(mine, theirs)| mine.channels == theirs.channels);
    if !wired {
        return false;
    }
    let equal = steps[0].operation == steps[1].operation;
    if equal && mine == theirs {
        return true;
    }
    let sides = |shape: &Shape| [shape.height, shape.width];
    match (&steps[0].operation, &steps[1].operation) {
        (
            Operation::Resize { rows, columns, .. },
            Operation::Resize {
                rows: other_rows,
                columns: other_columns,
                ..
            },
        ) => {
            let maps = |rows: &[usize], columns: &[usize], from: &Shape| {
                [
                    AxisMap::new(rows, from.height),
                    AxisMap::new(columns, from.width),
                ]
            };
            let own = maps(rows, columns, &mine[0]);
            own == maps(other_rows, other_columns, &theirs[0]) && !own.contains(&AxisMap::Places)
        }
        (Operation::Slice { .. }, _) => {
            let channels_only = |shapes: &[Shape]| sides(&shapes[0]) == sides(&shapes[1]);
            equal && channels_only(&mine) && channels_only(&theirs)
        }
        (Operation::Linear { .. } | Operation::Reshape { .. }, _) => false,
        (
            Operation::Add {
                right: Operand::Weight(weight),
                ..
            }
            | Operation::Mul {
                right: Operand::Weight(weight),
                ..
            },
            _,
        ) => equal && plans[0].weight(*weight).shape[1..] == [1, 1],
        _ => equal,
    }
}
