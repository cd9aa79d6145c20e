//! What both engines run: few operations over planes in memory.
//!
//! Planes lie as rows of pixels of channels (NHWC), channels in groups of four, with a border around
//! them where a convolution reads across the edge, so that its inner loop tests nothing.
//!
//! Numbers that are in a plane only to fill a group of four are 0, and stay 0: packed weights have
//! zeros there.

use underpaint_plan::{Activation, PadMode, Shape, Sides, WeightId};

/// Place of a buffer in [`Program::buffers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufferId(pub usize);

/// Place of packed constants in [`Program::packs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackId(pub usize);

/// Place of a plane of label codes in [`Program::labels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelsId(pub usize);

/// Where the numbers of a [`View`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Written and read while a program runs.
    Buffer(BufferId),
    /// Constants: a [`Packing::Plane`].
    Pack(PackId),
}

/// Planes in memory. Pixel `(y, x)` of the inside, from `-border` to beyond its last, has its first
/// channel at `((y + border.top) * row_pixels() + x + border.left) * pixel_stride + channel_offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct View {
    /// Where.
    pub place: Place,
    /// Channels with those that fill groups of four: a multiple of 4.
    pub channels: usize,
    /// Rows inside.
    pub height: usize,
    /// Columns inside.
    pub width: usize,
    /// Rows and columns around it.
    pub border: Sides,
    /// Numbers from one pixel to the next: a multiple of 4, more than `channels` where several planes
    /// lie side by side (a concatenation).
    pub pixel_stride: usize,
    /// Of the first channel in a pixel: a multiple of 4.
    pub channel_offset: usize,
}

impl View {
    /// Pixels of a row, border and all.
    #[must_use]
    pub const fn row_pixels(&self) -> usize {
        self.border.left + self.width + self.border.right
    }

    /// Rows, border and all.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.border.top + self.height + self.border.bottom
    }

    /// Numbers that its buffer holds at least.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows() * self.row_pixels() * self.pixel_stride
    }

    /// Whether it has no pixels.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Place of the first channel of pixel `(y, x)` of the inside; negative coordinates are in the
    /// border.
    ///
    /// # Panics
    ///
    /// If the pixel lies before the border.
    #[must_use]
    pub fn at(&self, y: isize, x: isize) -> usize {
        let row = usize::try_from(y + self.border.top as isize).expect("inside the border");
        let column = usize::try_from(x + self.border.left as isize).expect("inside the border");
        (row * self.row_pixels() + column) * self.pixel_stride + self.channel_offset
    }
}

/// Which channels of the network lie in which of a view: parts one after the other, each filled to a
/// multiple of four.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lanes {
    /// Channels of each part.
    pub parts: Vec<usize>,
}

impl Lanes {
    /// One part.
    #[must_use]
    pub fn of(channels: usize) -> Self {
        Self {
            parts: vec![channels],
        }
    }

    /// Channels in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.next_multiple_of(4)).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For each channel in memory the channel of the network, none where it only fills a group.
    #[must_use]
    pub fn channels(&self) -> Vec<Option<usize>> {
        let mut lanes = Vec::with_capacity(self.len());
        let mut first = 0;
        for &part in &self.parts {
            lanes.extend((first..first + part).map(Some));
            lanes.resize(lanes.len().next_multiple_of(4), None);
            first += part;
        }
        lanes
    }
}

/// Which pixel of a view each pixel of an output is made of, border and all: output row `i` (counted
/// from the first row of the border) takes row `rows[i]` of the inside; [`Gather::NONE`] is zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gather {
    /// One for each row of the output with its border.
    pub rows: Vec<u32>,
    /// One for each column.
    pub columns: Vec<u32>,
}

impl Gather {
    /// No pixel: zeros.
    pub const NONE: u32 = u32::MAX;
}

/// A view as an operation reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Operand {
    /// What is read.
    pub view: View,
    /// Which pixel for which.
    pub gather: Gather,
}

/// A factor and a summand for every channel in memory: `channels` factors, then `channels` summands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vector {
    /// What a [`Operation::Statistics`] has written.
    Buffer(BufferId),
    /// Constants: a [`Packing::Affine`].
    Pack(PackId),
}

/// One step of an [`Apply`], done to every number.
#[derive(Debug, Clone, PartialEq)]
pub enum Pointwise {
    /// `v * factor[channel] + summand[channel]`.
    Affine(Vector),
    /// `v * (1 + g) + b`: `g` in the first half of the operand's channels, `b` in the second.
    Modulate(Operand),
    /// `v + o`.
    Add(Operand),
    /// `v * o`.
    Mul(Operand),
    /// `v * scale + shift`, the same for all. Where `shift` is not 0, also in channels that only fill
    /// a group: no weight looks at them.
    Scalar {
        /// The factor.
        scale: f32,
        /// What is added.
        shift: f32,
    },
    /// A function.
    Activation(Activation),
}

/// Moves pixels and does pointwise work on the way: `output = chain(source)`, for every pixel of the
/// output with its border. Where `source.gather` says none, the output is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Apply {
    /// What is read.
    pub source: Operand,
    /// What is done, in order.
    pub chain: Vec<Pointwise>,
    /// What is written. Its border is written too.
    pub output: View,
}

/// One residue class of the output pixels of a convolution: all of them for an ordinary one, those
/// with the same remainders by the stride for a transposed one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phase {
    /// Rows of the kernel that take part, in the order of the input rows that they meet.
    pub kernel_rows: Vec<usize>,
    /// Columns of the kernel, likewise.
    pub kernel_columns: Vec<usize>,
    /// Row and column of the input (of the inside; negative in the border) that the first of those
    /// meet at the phase's first output pixel.
    pub input_start: [isize; 2],
    /// First output pixel.
    pub output_start: [usize; 2],
    /// Rows and columns of output pixels.
    pub output_size: [usize; 2],
}

/// A convolution or a transposed one. For output pixel `(i, j)` of a phase:
///
/// `output[output_start + (i, j) * output_step] = activation(bias + Σ over kernel_rows r, kernel_columns
/// c, channels k of input[input_start + (i, j) * input_step + (r's place, c's place), k] * weight)`
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    /// Its border is as large as the kernel reaches, and filled.
    pub input: View,
    /// Only the inside is written.
    pub output: View,
    /// A [`Packing::Kernel`] with the same phases.
    pub kernel: PackId,
    /// At least one; together they cover the output.
    pub phases: Vec<Phase>,
    /// Input rows and columns from one output pixel of a phase to the next.
    pub input_step: [usize; 2],
    /// Output rows and columns from one output pixel of a phase to the next.
    pub output_step: [usize; 2],
    /// Done last.
    pub activation: Option<Activation>,
}

/// A convolution over a label map that is read as its one-hot encoding: every output pixel is the sum
/// of one row of numbers for each place of the kernel, which the label code there chooses.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelConvolution {
    /// What is read. Its planes have a border as large as the kernel reaches.
    pub labels: LabelsId,
    /// Only the inside is written.
    pub output: View,
    /// A [`Packing::LabelKernel`].
    pub kernel: PackId,
    /// Rows and columns of the kernel.
    pub kernel_size: [usize; 2],
    /// Row and column of the label plane (of all of it, border and all) at output pixel (0, 0).
    pub start: [usize; 2],
    /// Label rows and columns from one output pixel to the next.
    pub step: [usize; 2],
    /// Done last.
    pub activation: Option<Activation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A convolution or a transposed one.
    Convolution(Convolution),
    /// A convolution over labels.
    LabelConvolution(LabelConvolution),
    /// A label map as its one-hot encoding, with the switch behind the classes; all of the output is
    /// written, border and all.
    ExpandLabels {
        /// What is read: planes as large as the output with its border.
        labels: LabelsId,
        /// What is written.
        output: View,
    },
    /// A matrix times all numbers of the input, inside only.
    Linear {
        /// Without a border, and alone in its buffer.
        input: View,
        /// Without a border, and alone in its buffer.
        output: View,
        /// A [`Packing::Matrix`].
        matrix: PackId,
        /// Done last.
        activation: Option<Activation>,
    },
    /// Average pooling of the inside.
    AveragePool {
        /// Only its inside is read.
        input: View,
        /// Only its inside is written.
        output: View,
        /// Rows and columns.
        kernel: [usize; 2],
        /// Rows and columns.
        stride: [usize; 2],
        /// Rows and columns of zeros on all sides.
        padding: [usize; 2],
        /// Whether those count.
        count_include_pad: bool,
    },
    /// What normalises each channel: with mean `m` and biased variance `v` of the inside, factor
    /// `f = scale / sqrt(v + epsilon)` and summand `shift - m * f`.
    Statistics {
        /// Only its inside is read.
        input: View,
        /// `2 * channels` numbers, as a [`Vector`] has them.
        output: BufferId,
        /// A [`Packing::Affine`] of scale and shift.
        affine: PackId,
        /// Added to the variance.
        epsilon: f32,
    },
    /// Divides every pixel by `sqrt(Σ over channels of x² / divisor + epsilon)`.
    PixelNorm {
        /// Only its inside is read.
        input: View,
        /// Only its inside is written.
        output: View,
        /// Channels of the network.
        divisor: usize,
        /// Added to the mean.
        epsilon: f32,
    },
    /// Moves pixels and does pointwise work.
    Apply(Apply),
    /// Fills the border of a view from its inside.
    Border {
        /// What is read and written.
        view: View,
        /// With what.
        mode: PadMode,
    },
}

/// Constants as kernels read them; [`pack`](crate::pack) makes the numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Packing {
    /// Of a [`Convolution`]: for each phase a matrix `[kernel rows · kernel columns · input lanes,
    /// output lanes]`, and a bias `[output lanes]`.
    Kernel {
        /// Weight and bias of each part of the output, one after the other.
        parts: Vec<(WeightId, Option<WeightId>)>,
        /// Whether weights are `[in, out, …]` (transposed convolution), not `[out, in, …]`.
        transposed: bool,
        /// Of the input view.
        input: Lanes,
        /// Rows and columns of the kernel of each phase.
        phases: Vec<[Vec<usize>; 2]>,
    },
    /// Of a [`LabelConvolution`]: `[kernel rows · kernel columns · codes, output lanes]`, and a bias.
    LabelKernel {
        /// Weight and bias of each part of the output.
        parts: Vec<(WeightId, Option<WeightId>)>,
        /// How codes are read.
        codes: Codes,
    },
    /// Of a [`Operation::Linear`]: `[numbers of the input view, numbers of the output view]`, and a
    /// bias.
    Matrix {
        /// The weight, `[numbers out, numbers in]` in the order `[channels, height, width]`.
        weight: WeightId,
        /// The bias.
        bias: Option<WeightId>,
        /// Channels, height and width of the input, and its lanes.
        input: (Shape, Lanes),
        /// Channels, height and width of the output.
        output: Shape,
    },
    /// A [`Vector`]: `scale` and `shift` of each lane, 1 and 0 where absent, 0 and 0 in lanes that
    /// only fill a group.
    Affine {
        /// The factors.
        scale: Option<WeightId>,
        /// The summands.
        shift: Option<WeightId>,
        /// Running mean, variance and what is added to it, folded in.
        running: Option<(WeightId, WeightId, f32)>,
        /// Of the view that it is applied to.
        lanes: Lanes,
    },
    /// A constant `[channels, height, width]` as a view without a border, axes of length 1 repeated.
    Plane {
        /// The constant.
        weight: WeightId,
        /// What it is repeated to.
        shape: Shape,
    },
}

/// How a label code is read: `code % (classes + 1)` is the class, `classes` being none of them, and
/// `code / (classes + 1)` is the switch of the channel behind the classes, where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Codes {
    /// One-hot channels.
    pub classes: usize,
    /// Whether a channel that is 0 or 1 follows.
    pub switch: bool,
}

impl Codes {
    /// How many there are.
    #[must_use]
    pub const fn count(self) -> usize {
        (self.classes + 1) * if self.switch { 2 } else { 1 }
    }

    /// No class, switch off: a row of zeros.
    #[must_use]
    pub const fn none(self) -> usize {
        self.classes
    }
}

/// A plane of label codes that the host prepares before a program runs: u32 each, rows of the gather
/// by its columns, [`Gather::NONE`] being [`Codes::none`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// Which of the program's inputs.
    pub input: usize,
    /// Which pixel of it for which.
    pub gather: Gather,
    /// How its codes are read.
    pub codes: Codes,
}

/// What is given to a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// As in the plan.
    pub name: String,
    /// Channels, height and width.
    pub shape: Shape,
    /// Where its numbers are written, without a border, if anything reads them as numbers.
    pub view: Option<View>,
    /// How it is read where something reads it as labels, and nothing as numbers.
    pub codes: Option<Codes>,
}

/// What comes out: a view without a border, alone in its buffer.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Where it is.
    pub view: View,
    /// Channels, height and width.
    pub shape: Shape,
    /// Which channels lie where.
    pub lanes: Lanes,
}

/// A generator's forward pass as operations over buffers.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Numbers in each buffer, as many as its largest view.
    pub buffers: Vec<usize>,
    /// For each buffer the piece of memory that holds it. Buffers that are never needed at the same
    /// time share one; the buffers of one operation never do.
    pub slots: Vec<usize>,
    /// Numbers in each piece of memory.
    pub slot_sizes: Vec<usize>,
    /// Constants.
    pub packs: Vec<Packing>,
    /// Planes of label codes.
    pub labels: Vec<Labels>,
    /// What is given to it, as the plan's inputs.
    pub inputs: Vec<Input>,
    /// What is done, in order.
    pub operations: Vec<Operation>,
    /// What comes out, as the plan's outputs.
    pub outputs: Vec<Output>,
}
