//! What a plan is.

use crate::{Expression, ExpressionId, Step, Weight, WeightId};

/// Channels, height and width of a value: one picture, always.
///
/// A row of numbers (a latent) is so many channels of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of planes.
    pub channels: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

impl Shape {
    /// A shape.
    #[must_use]
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }

    /// Height times width.
    #[must_use]
    pub const fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Numbers in all.
    #[must_use]
    pub const fn len(self) -> usize {
        self.channels * self.pixels()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Place of a value in [`Plan::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

/// What is given to a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// "condition", "latent", …
    pub name: String,
    /// The value that it becomes.
    pub value: ValueId,
    /// How many of its first channels are the one-hot encoding of a label map: at every pixel one of
    /// them at most is 1, the others are 0. The channels after them are free.
    pub one_hot: usize,
}

/// A generator's forward pass for one size of picture.
///
/// Steps are in an order in which they can be run: every value is the output of exactly one step
/// before its first use, or an input.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Shape of each value.
    pub values: Vec<Shape>,
    /// What is given to it.
    pub inputs: Vec<Input>,
    /// What is done.
    pub steps: Vec<Step>,
    /// What comes out.
    pub outputs: Vec<ValueId>,
    /// Constants that steps refer to.
    pub weights: Vec<Weight>,
    /// What those are made of. An expression refers only to expressions before it.
    pub expressions: Vec<Expression>,
}

impl Plan {
    /// Shape of a value.
    ///
    /// # Panics
    ///
    /// If the plan has no such value.
    #[must_use]
    pub fn shape(&self, value: ValueId) -> Shape {
        self.values[value.0]
    }

    /// A constant.
    ///
    /// # Panics
    ///
    /// If the plan has no such constant.
    #[must_use]
    pub fn weight(&self, weight: WeightId) -> &Weight {
        &self.weights[weight.0]
    }

    /// An expression.
    ///
    /// # Panics
    ///
    /// If the plan has no such expression.
    #[must_use]
    pub fn expression(&self, expression: ExpressionId) -> &Expression {
        &self.expressions[expression.0]
    }
}
