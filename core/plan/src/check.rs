//! Whether a plan is consistent: what an engine may rely on.

mod constants;
mod shapes;
#[cfg(test)]
mod tests;

pub(crate) use constants::{constant, expression};

use crate::{Error, ExpressionId, Plan, Result, Shape, ValueId, WeightId};

impl Plan {
    /// Whether the plan makes sense: every value is written once and before it is used, every number of a
    /// value, a constant or an expression exists, and all shapes fit together.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with the first contradiction, and what was expected.
    pub fn check(&self) -> Result<()> {
        for (id, shape) in self.values.iter().enumerate() {
            count(*shape).map_err(|problem| about(format_args!("value {id}"), problem))?;
        }
        for id in 0..self.expressions.len() {
            expression(self, ExpressionId(id))?;
        }
        for id in 0..self.weights.len() {
            constant(self, WeightId(id))?;
        }
        let mut written = vec![false; self.values.len()];
        for input in &self.inputs {
            let place = format!("input {}", input.name);
            write(&mut written, input.value).map_err(|problem| about(&place, problem))?;
            let channels = self.shape(input.value).channels;
            if input.one_hot > channels {
                let problem = format!("{} one-hot channels of {channels}", input.one_hot);
                return Err(about(place, problem));
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            let place = format!("step {index} ({})", step.operation.name());
            let checked = step
                .operation
                .inputs()
                .iter()
                .try_for_each(|value| read(&written, *value));
            checked
                .and_then(|()| write(&mut written, step.output))
                .and_then(|()| shapes::step(self, step))
                .map_err(|problem| about(place, problem))?;
        }
        for output in &self.outputs {
            read(&written, *output).map_err(|problem| about("outputs", problem))?;
        }
        match written.iter().position(|written| !written) {
            Some(value) => Err(about(
                format_args!("value {value}"),
                "it is written by no step".into(),
            )),
            None => Ok(()),
        }
    }
}

fn about(place: impl std::fmt::Display, problem: String) -> Error {
    Error::Invalid(format!("{place}: {problem}"))
}

/// What is wrong, to be prefixed with where.
type Checked<T = ()> = std::result::Result<T, String>;

/// How many numbers a value has: some, and no more than can be addressed as `f32`.
fn count(shape: Shape) -> Checked<usize> {
    product(&[shape.channels, shape.height, shape.width])
}

fn product(shape: &[usize]) -> Checked<usize> {
    let size = shape
        .iter()
        .try_fold(1_usize, |size, axis| size.checked_mul(*axis));
    match size.filter(|size| *size <= isize::MAX as usize / std::mem::size_of::<f64>()) {
        None => Err(format!("{shape:?} is too large")),
        Some(0) => Err(format!("{shape:?} has no numbers")),
        Some(size) => Ok(size),
    }
}

fn write(written: &mut [bool], value: ValueId) -> Checked {
    match written.get_mut(value.0) {
        None => Err(format!("there is no value {}", value.0)),
        Some(true) => Err(format!("value {} is written a second time", value.0)),
        Some(place) => {
            *place = true;
            Ok(())
        }
    }
}

fn read(written: &[bool], value: ValueId) -> Checked {
    match written.get(value.0) {
        None => Err(format!("there is no value {}", value.0)),
        Some(false) => Err(format!("value {} is used before it is written", value.0)),
        Some(true) => Ok(()),
    }
}
