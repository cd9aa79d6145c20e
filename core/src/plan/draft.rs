//! A plan while it is made: equal steps are one, and what does nothing is left out.

use underpaint_plan::{
    ExpressionId, Input, Operand, Operation, Shape, Step, ValueId, Weight, WeightId,
};

use super::expressions::Expressions;

/// Steps in the order in which they are found. Some may turn out to be of no use.
#[derive(Debug, Default)]
pub struct Draft {
    /// Shape of each value.
    pub values: Vec<Shape>,
    pub inputs: Vec<Input>,
    pub steps: Vec<Step>,
    pub weights: Vec<Weight>,
    pub expressions: Expressions,
}

impl Draft {
    pub fn shape(&self, value: ValueId) -> Shape {
        self.values[value.0]
    }

    pub fn value(&mut self, shape: Shape) -> ValueId {
        self.values.push(shape);
        ValueId(self.values.len() - 1)
    }

    /// The step that makes a value; none makes an input.
    pub fn maker(&self, value: ValueId) -> Option<&Operation> {
        let step = self.steps.iter().rfind(|step| step.output == value)?;
        Some(&step.operation)
    }

    /// A constant with the axes that a step wants; as many numbers as the expression has.
    pub fn weight(&mut self, value: ExpressionId, shape: &[usize]) -> WeightId {
        let weight = Weight {
            shape: shape.to_vec(),
            value: self.expressions.reshape(value, shape),
        };
        let found = self.weights.iter().position(|known| *known == weight);
        WeightId(found.unwrap_or_else(|| {
            self.weights.push(weight);
            self.weights.len() - 1
        }))
    }

    /// A step, or the value that it would only repeat.
    pub fn step(&mut self, operation: Operation, shape: Shape) -> ValueId {
        let operation = match self.simplified(operation, shape) {
            Ok(operation) => operation,
            Err(value) => return value,
        };
        let same = |step: &&Step| step.operation == operation && self.shape(step.output) == shape;
        if let Some(step) = self.steps.iter().find(same) {
            return step.output;
        }
        let output = self.value(shape);
        self.steps.push(Step { operation, output });
        output
    }

    /// The same result with fewer steps, or the value that it is.
    fn simplified(&self, operation: Operation, shape: Shape) -> Result<Operation, ValueId> {
        match operation {
            Operation::Affine {
                input,
                scale,
                shift,
            } => {
                if (scale, shift) == (1.0, 0.0) {
                    return Err(input);
                }
                if let Some(&Operation::Affine {
                    input,
                    scale: before,
                    shift: shifted,
                }) = self.maker(input)
                {
                    let merged = Operation::Affine {
                        input,
                        scale: before * scale,
                        shift: shifted * scale + shift,
                    };
                    return self.simplified(merged, shape);
                }
            }
            Operation::Reshape { input } => {
                if self.shape(input) == shape {
                    return Err(input);
                }
                if let Some(&Operation::Reshape { input }) = self.maker(input) {
                    return self.simplified(Operation::Reshape { input }, shape);
                }
            }
            Operation::Slice { input, .. } if self.shape(input) == shape => return Err(input),
            Operation::Pad { input, sides, .. } if sides == Default::default() => {
                return Err(input);
            }
            Operation::Concat { ref inputs } if inputs.len() == 1 => return Err(inputs[0]),
            Operation::Resize {
                input,
                rows,
                columns,
            } => return self.resize(input, rows, columns),
            _ => {}
        }
        Ok(operation)
    }

    /// Picking from what was picked is picking.
    fn resize(
        &self,
        input: ValueId,
        rows: Vec<usize>,
        columns: Vec<usize>,
    ) -> Result<Operation, ValueId> {
        if let Some(Operation::Resize {
            input,
            rows: row_sources,
            columns: column_sources,
        }) = self.maker(input)
        {
            let rows = rows.iter().map(|&row| row_sources[row]).collect();
            let columns = columns.iter().map(|&column| column_sources[column]);
            return self.resize(*input, rows, columns.collect());
        }
        let shape = self.shape(input);
        if rows.iter().copied().eq(0..shape.height) && columns.iter().copied().eq(0..shape.width) {
            return Err(input);
        }
        Ok(Operation::Resize {
            input,
            rows,
            columns,
        })
    }

    /// Adds or multiplies a constant of `[channels, height, width]`, each as long as the value's or 1.
    pub fn with_constant(
        &mut self,
        left: ValueId,
        constant: ExpressionId,
        shape: [usize; 3],
        product: bool,
    ) -> ValueId {
        let own = self.shape(left);
        let operation = match (self.expressions.uniform(constant), product) {
            (Some(value), true) => Operation::Affine {
                input: left,
                scale: value,
                shift: 0.0,
            },
            (Some(value), false) => Operation::Affine {
                input: left,
                scale: 1.0,
                shift: value,
            },
            (None, _) => {
                let right = Operand::Weight(self.weight(constant, &shape));
                match product {
                    true => Operation::Mul { left, right },
                    false => Operation::Add { left, right },
                }
            }
        };
        self.step(operation, own)
    }
}
