//! The steps that generators are made of.

use crate::{ValueId, WeightId};

/// One step: an operation and the value that it makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done.
    pub operation: Operation,
    /// What comes out.
    pub output: ValueId,
}

/// Numbers for the four sides of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sides {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the left.
    pub left: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Sides {
    /// The same on all sides.
    #[must_use]
    pub const fn all(amount: usize) -> Self {
        Self {
            top: amount,
            bottom: amount,
            left: amount,
            right: amount,
        }
    }
}

/// What stands in the added border of a [`Operation::Pad`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PadMode {
    /// 0.
    Zero,
    /// The picture mirrored at its edge pixels, which are not repeated.
    Reflect,
    /// The edge pixels repeated.
    Edge,
}

/// A pointwise function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu {
        /// Slope of the negative side, in `[0, 1]`.
        slope: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
}

/// What a [`Operation::Norm`] normalises with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// Mean and biased variance of each channel of the value itself.
    PerImage,
    /// Constants, `[channels]` each.
    Running {
        /// The means.
        mean: WeightId,
        /// The variances.
        variance: WeightId,
    },
}

/// The second operand of an addition or a multiplication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// A value of the same shape.
    Value(ValueId),
    /// A constant `[channels, height, width]`, each 1 where it is repeated.
    Weight(WeightId),
}

/// The operations, a closed set. Weights have PyTorch's layouts.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Cross-correlation with zero padding.
    Conv2d {
        /// `[in, height, width]`.
        input: ValueId,
        /// `[out, in, kernel height, kernel width]`.
        weight: WeightId,
        /// `[out]`.
        bias: Option<WeightId>,
        /// Rows and columns from one output pixel to the next.
        stride: [usize; 2],
        /// Zeros around the input.
        padding: Sides,
    },
    /// Transposed convolution: every input pixel adds its kernel at `stride` times its place. Sides
    /// become `(n - 1) * stride - 2 * padding + kernel + output_padding`.
    ConvTranspose2d {
        /// `[in, height, width]`.
        input: ValueId,
        /// `[in, out, kernel height, kernel width]`.
        weight: WeightId,
        /// `[out]`.
        bias: Option<WeightId>,
        /// Rows and columns.
        stride: [usize; 2],
        /// Rows and columns that are cut off on all sides.
        padding: [usize; 2],
        /// Rows and columns more at the bottom and the right.
        output_padding: [usize; 2],
    },
    /// `weight · x + bias`, `x` being the numbers of the input in the order `[channels, height,
    /// width]`, and the result of the same order, whatever the output's shape.
    Linear {
        /// Any shape.
        input: ValueId,
        /// `[numbers out, numbers in]`.
        weight: WeightId,
        /// `[numbers out]`.
        bias: Option<WeightId>,
    },
    /// Average pooling.
    AvgPool2d {
        /// Any shape.
        input: ValueId,
        /// Rows and columns.
        kernel: [usize; 2],
        /// Rows and columns.
        stride: [usize; 2],
        /// Rows and columns of zeros on all sides.
        padding: [usize; 2],
        /// Whether those zeros count in the average.
        count_include_pad: bool,
    },
    /// `(x - mean) / sqrt(variance + epsilon) * scale + shift`, each `[channels]`.
    Norm {
        /// Any shape.
        input: ValueId,
        /// Mean and variance.
        statistics: Statistics,
        /// 1 where absent.
        scale: Option<WeightId>,
        /// 0 where absent.
        shift: Option<WeightId>,
        /// Added to the variance.
        epsilon: f32,
    },
    /// Divides every pixel by `sqrt(mean over channels of x² + epsilon)`.
    PixelNorm {
        /// Any shape.
        input: ValueId,
        /// Added to the mean.
        epsilon: f32,
    },
    /// Adds a border.
    Pad {
        /// Any shape.
        input: ValueId,
        /// What stands there.
        mode: PadMode,
        /// How much.
        sides: Sides,
    },
    /// The part of the input, of the output's shape, that begins at this channel, row and column.
    Slice {
        /// Any shape.
        input: ValueId,
        /// Channel, row and column.
        start: [usize; 3],
    },
    /// The channels of several values, one after the other.
    Concat {
        /// Of the same height and width.
        inputs: Vec<ValueId>,
    },
    /// Row `i` and column `j` are the input's row `rows[i]` and column `columns[j]`.
    Resize {
        /// Any shape.
        input: ValueId,
        /// One for each row of the output.
        rows: Vec<usize>,
        /// One for each column of the output.
        columns: Vec<usize>,
    },
    /// The same numbers in the order `[channels, height, width]`, in another shape.
    Reshape {
        /// Any shape.
        input: ValueId,
    },
    /// Sum.
    Add {
        /// Any shape.
        left: ValueId,
        /// Of that shape.
        right: Operand,
    },
    /// Product, number by number.
    Mul {
        /// Any shape.
        left: ValueId,
        /// Of that shape.
        right: Operand,
    },
    /// `x * scale + shift`, the same for all numbers.
    Affine {
        /// Any shape.
        input: ValueId,
        /// The factor.
        scale: f32,
        /// What is added.
        shift: f32,
    },
    /// A pointwise function.
    Activation {
        /// Any shape.
        input: ValueId,
        /// Which.
        function: Activation,
    },
}

impl Operation {
    /// The values that it reads, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<ValueId> {
        match self {
            Self::Conv2d { input, .. }
            | Self::ConvTranspose2d { input, .. }
            | Self::Linear { input, .. }
            | Self::AvgPool2d { input, .. }
            | Self::Norm { input, .. }
            | Self::PixelNorm { input, .. }
            | Self::Pad { input, .. }
            | Self::Slice { input, .. }
            | Self::Resize { input, .. }
            | Self::Reshape { input }
            | Self::Affine { input, .. }
            | Self::Activation { input, .. } => vec![*input],
            Self::Concat { inputs } => inputs.clone(),
            Self::Add { left, right } | Self::Mul { left, right } => match right {
                Operand::Value(right) => vec![*left, *right],
                Operand::Weight(_) => vec![*left],
            },
        }
    }

    /// The constants that it uses, in order.
    #[must_use]
    pub fn weights(&self) -> Vec<WeightId> {
        match self {
            Self::Conv2d { weight, bias, .. }
            | Self::ConvTranspose2d { weight, bias, .. }
            | Self::Linear { weight, bias, .. } => std::iter::once(*weight).chain(*bias).collect(),
            Self::Norm {
                statistics,
                scale,
                shift,
                ..
            } => {
                let own = match statistics {
                    Statistics::Running { mean, variance } => vec![*mean, *variance],
                    Statistics::PerImage => Vec::new(),
                };
                own.into_iter().chain(*scale).chain(*shift).collect()
            }
            Self::Add {
                right: Operand::Weight(weight),
                ..
            }
            | Self::Mul {
                right: Operand::Weight(weight),
                ..
            } => vec![*weight],
            _ => Vec::new(),
        }
    }

    /// Its name, as in a table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "Conv2d",
            Self::ConvTranspose2d { .. } => "ConvTranspose2d",
            Self::Linear { .. } => "Linear",
            Self::AvgPool2d { .. } => "AvgPool2d",
            Self::Norm { .. } => "Norm",
            Self::PixelNorm { .. } => "PixelNorm",
            Self::Pad { .. } => "Pad",
            Self::Slice { .. } => "Slice",
            Self::Concat { .. } => "Concat",
            Self::Resize { .. } => "Resize",
            Self::Reshape { .. } => "Reshape",
            Self::Add { .. } => "Add",
            Self::Mul { .. } => "Mul",
            Self::Affine { .. } => "Affine",
            Self::Activation { .. } => "Activation",
        }
    }
}
