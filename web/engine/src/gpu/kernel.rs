//! The kernels.
//!
//! Sizes are parameters, never part of the code, so that a whole network needs few pipelines: compiling
//! them takes longer than a picture.

/// A kernel: what is different between two of these is compiled twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kernel {
    /// A convolution in registers: each invocation makes so many pixels of so many groups of four
    /// channels.
    Registers {
        /// Pixels.
        pixels: usize,
        /// Groups of four channels.
        vectors: usize,
        /// Weights are f16.
        half: bool,
        /// Sums of a part of the weights, for [`Kernel::SplitMerge`].
        split: bool,
    },
    /// A convolution in workgroup memory: so many pixels by so many channels, each invocation 8 by 8.
    Tile {
        /// Pixels: 64 or 128.
        pixels: usize,
        /// Groups of four channels: 8 or 16.
        lanes: usize,
        /// Weights are f16.
        half: bool,
        /// Sums of a part of the weights, for [`Kernel::SplitMerge`].
        split: bool,
    },
    /// A convolution 3x3 with steps of 1 in workgroup memory, by Winograd's transform.
    Winograd {
        /// Groups of four input channels that are taken at once, each with 16 KiB of workgroup memory.
        deep: usize,
        /// Weights are f16.
        half: bool,
        /// Sums of a part of the channels, for [`Kernel::SplitMerge`].
        split: bool,
    },
    /// Adds the sums of a convolution's parts, its bias and its activation.
    SplitMerge,
    /// A convolution over label codes.
    LabelConvolution {
        /// Weights are f16.
        half: bool,
    },
    /// Label codes as one-hot channels.
    ExpandLabels,
    /// A matrix times a vector.
    Linear {
        /// Weights are f16.
        half: bool,
    },
    /// Average pooling.
    AveragePool,
    /// Mean and sum of squared deviations of pieces of a plane.
    StatisticsPart,
    /// Those of the whole plane, from those of its pieces.
    StatisticsMerge,
    /// Both at once.
    StatisticsWhole,
    /// Normalises pixels.
    PixelNorm,
    /// Fills borders.
    Border,
    /// Moves pixels and does pointwise work.
    Apply(Vec<Link>),
}

/// One step of an [`Kernel::Apply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// A factor and a summand for each channel.
    Affine,
    /// `v * (1 + g) + b`.
    Modulate,
    /// A sum.
    Add,
    /// A product.
    Mul,
    /// A factor and a summand.
    Scalar,
    /// A slope for the negative side.
    Slope,
    /// Hyperbolic tangent.
    Tanh,
}

impl Link {
    /// Whether it reads memory.
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Affine | Self::Modulate | Self::Add | Self::Mul)
    }
}

/// How a kernel uses a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes it, or both.
    Write,
}

impl Kernel {
    /// How it uses the bindings after the first, which are its parameters.
    #[must_use]
    pub fn access(&self) -> Vec<Access> {
        use Access::{Read, Write};
        match self {
            Self::Registers { split: false, .. }
            | Self::Tile { split: false, .. }
            | Self::Winograd { split: false, .. } => vec![Read, Read, Read, Write],
            Self::Registers { .. }
            | Self::Tile { .. }
            | Self::Winograd { .. }
            | Self::StatisticsMerge
            | Self::StatisticsWhole
            | Self::SplitMerge => vec![Read, Read, Write],
            Self::LabelConvolution { .. } | Self::Linear { .. } => vec![Read, Read, Read, Write],
            Self::ExpandLabels | Self::AveragePool | Self::StatisticsPart | Self::PixelNorm => {
                vec![Read, Write]
            }
            Self::Border => vec![Write],
            Self::Apply(links) => {
                let mut access = vec![Read, Read, Write];
                access.extend(links.iter().filter(|link| link.reads()).map(|_| Read));
                access
            }
        }
    }
}
