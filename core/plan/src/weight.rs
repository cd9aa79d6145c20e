//! Constants: expressions over the tensors of a weight file, made into numbers when a model is loaded,
//! one at a time.

use crate::{Error, Plan, Result};
use std::collections::BTreeMap;

/// Place of a constant in [`Plan::weights`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WeightId(pub usize);

/// Place of an expression in [`Plan::expressions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExpressionId(pub usize);

/// A constant that steps use.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Its axes, as the step that uses it wants them.
    pub shape: Vec<usize>,
    /// How it is made; as many numbers, in that order.
    pub value: ExpressionId,
}

/// Numbers with axes, the last one fastest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensor {
    /// Its axes; none for a single number.
    pub shape: Vec<usize>,
    /// As many as the product of the axes.
    pub values: Vec<f32>,
}

/// How a constant is made. Every node knows its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Axes of the result.
    pub shape: Vec<usize>,
    /// What gives it.
    pub node: Node,
}

/// What an [`Expression`] does.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A tensor of the weight file, by its key.
    Source(String),
    /// Numbers that the network made itself: a mask drawn from a seed, an index.
    Constant(Vec<f32>),
    /// The same number everywhere.
    Fill(f32),
    /// The same numbers in another shape.
    Reshape(ExpressionId),
    /// Axis `i` of the result is axis `axes[i]` of what is given.
    Permute(ExpressionId, Vec<usize>),
    /// Each axis repeated so many times, as a whole.
    Repeat(ExpressionId, Vec<usize>),
    /// The part that begins there and is as large as the result.
    Slice(ExpressionId, Vec<usize>),
    /// Several, one after the other along an axis.
    Concat(Vec<ExpressionId>, usize),
    /// Matrix product over the last two axes; the axes before them broadcast.
    Matmul(ExpressionId, ExpressionId),
    /// Number by number; axes of length 1 broadcast.
    Binary(BinaryNode, ExpressionId, ExpressionId),
    /// With one number on the right.
    Scalar(BinaryNode, ExpressionId, f32),
    /// Number by number.
    Unary(UnaryNode, ExpressionId),
    /// Over one axis, which becomes 1 long.
    Reduce(ReduceNode, ExpressionId, usize),
}

/// Of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryNode {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient.
    Div,
}

/// Of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryNode {
    /// Square root.
    Sqrt,
    /// `1 / x`.
    Recip,
    /// `eˣ`.
    Exp,
    /// Absolute value.
    Abs,
}

/// Of many numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReduceNode {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
}

/// Where the tensors of a weight file come from: read one at a time, so that a model need not be in
/// memory twice.
pub trait WeightSource {
    /// The tensor with this key, as f32.
    ///
    /// # Errors
    ///
    /// [`Error::Weights`] if there is none or it cannot be read.
    fn read(&self, key: &str) -> Result<Tensor>;
}

impl WeightSource for BTreeMap<String, Tensor> {
    fn read(&self, key: &str) -> Result<Tensor> {
        let missing = || Error::Weights(format!("expected a tensor {key}, found none"));
        self.get(key).cloned().ok_or_else(missing)
    }
}

impl Plan {
    /// Keys of the weight file that an expression reads, in order, each once.
    ///
    /// # Panics
    ///
    /// If the plan has no such constant.
    #[must_use]
    pub fn keys_of(&self, weight: WeightId) -> Vec<&str> {
        let needed = self
            .needed_for(self.weight(weight).value)
            .unwrap_or_default();
        let mut keys = Vec::new();
        for id in needed {
            match &self.expression(id).node {
                Node::Source(key) if !keys.contains(&key.as_str()) => keys.push(key.as_str()),
                _ => {}
            }
        }
        keys
    }
}

impl Node {
    /// The expressions that it is made of.
    #[must_use]
    pub fn operands(&self) -> Vec<ExpressionId> {
        match self {
            Self::Source(_) | Self::Constant(_) | Self::Fill(_) => Vec::new(),
            Self::Reshape(of)
            | Self::Permute(of, _)
            | Self::Repeat(of, _)
            | Self::Slice(of, _)
            | Self::Scalar(_, of, _)
            | Self::Unary(_, of)
            | Self::Reduce(_, of, _) => vec![*of],
            Self::Concat(of, _) => of.clone(),
            Self::Matmul(left, right) | Self::Binary(_, left, right) => vec![*left, *right],
        }
    }
}
