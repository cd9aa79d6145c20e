//! Moves pixels and does pointwise work on the way, some pixels at a time, which stay in the
//! first-level cache from one step of the chain to the next.

use underpaint_plan::Activation;

use super::plane::Plane;
use super::pointwise;
use super::room::Room;
use super::simd::{F32x4, Quad};
use crate::program::{Apply, Gather, Operand, Pointwise};

/// Groups of numbers that go through the chain at a time.
const SEGMENT: usize = 512;

/// Runs it.
pub fn apply(operation: &Apply, room: &Room<'_>, output: &mut [Quad]) {
    let view = &operation.output;
    let channels = view.channels / 4;
    let (pixel, offset) = (view.pixel_stride / 4, view.channel_offset / 4);
    let columns = view.row_pixels();
    let source = Reader::of(&operation.source, room);
    let chain = operation.chain.iter().map(|step| Link::of(step, room));
    let chain: Vec<Link<'_>> = chain.collect();
    let segment = (SEGMENT / channels.max(1)).clamp(1, columns.max(1));
    let mut scratch = vec![[0.0; 4]; segment * channels];
    for row in 0..view.rows() {
        for first in (0..columns).step_by(segment) {
            let stretch = Stretch {
                row,
                first,
                pixels: segment.min(columns - first),
                channels,
            };
            let target = &mut output[(row * columns + first) * pixel..];
            if pixel == channels {
                let numbers = &mut target[..stretch.pixels * channels];
                stretch.run(&source, &chain, numbers);
            } else {
                let numbers = &mut scratch[..stretch.pixels * channels];
                stretch.run(&source, &chain, numbers);
                // The last pixel may end before its stride does.
                let target = target.chunks_mut(pixel);
                for (to, from) in target.zip(numbers.chunks_exact(channels)) {
                    to[offset..][..channels].copy_from_slice(from);
                }
            }
        }
    }
}

/// Some pixels of a row of the output.
struct Stretch {
    row: usize,
    first: usize,
    pixels: usize,
    channels: usize,
}

impl Stretch {
    fn run(&self, source: &Reader<'_>, chain: &[Link<'_>], numbers: &mut [Quad]) {
        let mut nothing = false;
        source.runs(self, |first, pixels, quads| {
            let target = &mut numbers[first * self.channels..][..pixels * self.channels];
            match quads {
                Some(quads) => target.copy_from_slice(quads),
                None => {
                    target.fill([0.0; 4]);
                    nothing = true;
                }
            }
        });
        for link in chain {
            link.run(self, numbers);
        }
        if nothing {
            source.runs(self, |first, pixels, quads| {
                if quads.is_none() {
                    let target = &mut numbers[first * self.channels..];
                    target[..pixels * self.channels].fill([0.0; 4]);
                }
            });
        }
    }
}

/// A step of the chain with what it reads at hand.
enum Link<'a> {
    Affine(&'a [Quad]),
    Modulate(Reader<'a>),
    Add(Reader<'a>),
    Mul(Reader<'a>),
    Scalar(F32x4, F32x4),
    Activation(Activation),
}

impl<'a> Link<'a> {
    fn of(step: &'a Pointwise, room: &Room<'a>) -> Self {
        match step {
            Pointwise::Affine(vector) => Self::Affine(room.vector(*vector)),
            Pointwise::Modulate(operand) => Self::Modulate(Reader::of(operand, room)),
            Pointwise::Add(operand) => Self::Add(Reader::of(operand, room)),
            Pointwise::Mul(operand) => Self::Mul(Reader::of(operand, room)),
            Pointwise::Scalar { scale, shift } => {
                Self::Scalar(F32x4::splat(*scale), F32x4::splat(*shift))
            }
            Pointwise::Activation(function) => Self::Activation(*function),
        }
    }

    fn run(&self, stretch: &Stretch, numbers: &mut [Quad]) {
        let channels = stretch.channels;
        match self {
            Self::Affine(vector) => {
                let factors = &vector[..channels];
                let summands = &vector[channels..][..channels];
                for pixel in numbers.chunks_exact_mut(channels) {
                    let vector = factors.iter().zip(summands);
                    for (quad, (factor, summand)) in pixel.iter_mut().zip(vector) {
                        let (factor, summand) = (F32x4::load(factor), F32x4::load(summand));
                        F32x4::load(quad).times_plus(factor, summand).store(quad);
                    }
                }
            }
            Self::Modulate(reader) => reader.runs(stretch, |first, pixels, quads| {
                let Some(quads) = quads else { return };
                let target = &mut numbers[first * channels..][..pixels * channels];
                let pairs = quads.chunks_exact(2 * channels);
                for (pixel, pair) in target.chunks_exact_mut(channels).zip(pairs) {
                    let (factors, summands) = pair.split_at(channels);
                    let pair = factors.iter().zip(summands);
                    for (quad, (factor, summand)) in pixel.iter_mut().zip(pair) {
                        let number = F32x4::load(quad);
                        let sum = number.plus(F32x4::load(summand));
                        number.times_plus(F32x4::load(factor), sum).store(quad);
                    }
                }
            }),
            Self::Add(reader) => reader.runs(stretch, |first, pixels, quads| {
                let Some(quads) = quads else { return };
                let target = &mut numbers[first * channels..][..pixels * channels];
                pointwise::zip(target, quads, F32x4::plus);
            }),
            Self::Mul(reader) => reader.runs(stretch, |first, pixels, quads| {
                let target = &mut numbers[first * channels..][..pixels * channels];
                match quads {
                    Some(quads) => pointwise::zip(target, quads, F32x4::times),
                    None => target.fill([0.0; 4]),
                }
            }),
            Self::Scalar(scale, shift) => {
                pointwise::map(numbers, |x| x.times_plus(*scale, *shift));
            }
            Self::Activation(function) => pointwise::activate(*function, numbers),
        }
    }
}

/// Reads an operand in runs of pixels that lie one after the other.
struct Reader<'a> {
    quads: &'a [Quad],
    plane: Plane,
    gather: &'a Gather,
    /// For each column of the output how many from it on are read together.
    lengths: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn of(operand: &'a Operand, room: &Room<'a>) -> Self {
        let plane = Plane::of(&operand.view);
        let columns = &operand.gather.columns;
        let together = plane.pixel == plane.channels;
        let mut lengths = vec![1; columns.len()];
        for place in (1..columns.len()).rev() {
            let (before, after) = (columns[place - 1], columns[place]);
            let next = if before == Gather::NONE {
                after == Gather::NONE
            } else {
                // After the last of all would come the number that means none.
                together && after != Gather::NONE && before + 1 == after
            };
            if next {
                lengths[place - 1] = lengths[place] + 1;
            }
        }
        Self {
            quads: room.place(operand.view.place),
            plane,
            gather: &operand.gather,
            lengths,
        }
    }

    /// Calls with the first of a few pixels of the stretch, how many they are, and their numbers, none
    /// where they are zeros.
    fn runs(&self, stretch: &Stretch, mut each: impl FnMut(usize, usize, Option<&[Quad]>)) {
        let row = self.gather.rows[stretch.row];
        if row == Gather::NONE {
            return each(0, stretch.pixels, None);
        }
        let mut place = 0;
        while place < stretch.pixels {
            let at = stretch.first + place;
            let pixels = self.lengths[at].min(stretch.pixels - place);
            let column = self.gather.columns[at];
            let quads = (column != Gather::NONE).then(|| {
                let first = self.plane.at(row as usize, column as usize);
                &self.quads[first..][..pixels * self.plane.channels]
            });
            each(place, pixels, quads);
            place += pixels;
        }
    }
}
