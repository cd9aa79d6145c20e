//! Operations that read label codes.

use super::memory::Memory;
use super::plane::Plane;
use super::pointwise;
use super::simd::{F32x4, Quad};
use crate::Result;
use crate::pack::Packed;
use crate::program::{Codes, LabelConvolution, View};

/// A packed label kernel.
#[derive(Debug)]
pub struct LabelKernel {
    rows: Memory,
    bias: Memory,
    codes: usize,
}

impl LabelKernel {
    /// Of what [`pack`](crate::pack::pack) has made.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(packed: &Packed, codes: Codes) -> Result<Self> {
        Ok(Self {
            rows: Memory::of(&packed.matrices[0])?,
            bias: Memory::of(&packed.bias)?,
            codes: codes.count(),
        })
    }
}

/// Groups of channels that are summed up at a time.
const GROUPS: usize = 8;

/// Runs it over a plane of codes of so many columns.
pub fn convolve(
    convolution: &LabelConvolution,
    kernel: &LabelKernel,
    (codes, columns): (&[u32], usize),
    output: &mut [Quad],
) {
    let to = Plane::of(&convolution.output);
    let [start_y, start_x] = convolution.start;
    let [step_y, step_x] = convolution.step;
    let [height, width] = convolution.kernel_size;
    // For each place of the kernel the row of numbers that its code chooses, here and one pixel back.
    let mut rows = vec![0; height * width];
    let mut before = Vec::new();
    for i in 0..to.height {
        before.clear();
        for j in 0..to.width {
            for y in 0..height {
                let first = (start_y + i * step_y + y) * columns + start_x + j * step_x;
                for (x, &code) in codes[first..][..width].iter().enumerate() {
                    let tap = y * width + x;
                    rows[tap] = (tap * kernel.codes + code as usize) * to.channels;
                }
            }
            let place = to.at(i, j);
            if rows == before {
                // Inside of an area all pixels are the same.
                let last = place - to.pixel;
                output.copy_within(last..last + to.channels, place);
            } else {
                let pixel = &mut output[place..][..to.channels];
                sum_rows(kernel, &rows, pixel);
                if let Some(function) = convolution.activation {
                    pointwise::activate(function, pixel);
                }
                before.clone_from(&rows);
            }
        }
    }
}

fn sum_rows(kernel: &LabelKernel, rows: &[usize], pixel: &mut [Quad]) {
    let numbers = kernel.rows.quads();
    let bias = kernel.bias.quads();
    let (groups, rest) = pixel.as_chunks_mut::<GROUPS>();
    let mut first = 0;
    for group in groups {
        let mut sums: [F32x4; GROUPS] =
            std::array::from_fn(|place| F32x4::load(&bias[first + place]));
        for row in rows {
            let row = &numbers[row + first..][..GROUPS];
            for (sum, quad) in sums.iter_mut().zip(row) {
                *sum = sum.plus(F32x4::load(quad));
            }
        }
        for (quad, sum) in group.iter_mut().zip(sums) {
            sum.store(quad);
        }
        first += GROUPS;
    }
    for quad in rest {
        let add = |sum: F32x4, row: &usize| sum.plus(F32x4::load(&numbers[row + first]));
        rows.iter().fold(F32x4::load(&bias[first]), add).store(quad);
        first += 1;
    }
}

/// Writes the one-hot encoding of codes, border and all.
pub fn expand(view: &View, codes: Codes, plane: &[u32], output: &mut [Quad]) {
    let channels = view.channels / 4;
    let pixels = output.chunks_exact_mut(view.pixel_stride / 4);
    for (pixel, &code) in pixels.zip(plane) {
        let pixel = &mut pixel[view.channel_offset / 4..][..channels];
        pixel.fill([0.0; 4]);
        let code = code as usize;
        let class = code % (codes.classes + 1);
        if class < codes.classes {
            pixel[class / 4][class % 4] = 1.0;
        }
        if code > codes.classes {
            pixel[codes.classes / 4][codes.classes % 4] = 1.0;
        }
    }
}
