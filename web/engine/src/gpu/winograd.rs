//! The code of Winograd's kernel: convolutions 3x3 with steps of 1, with sixteen products for every four
//! output pixels instead of 36.
//!
//! Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section
//! 4.1: F(2x2, 3x3), as the CPU engine has it. F(4x4, 3x3) saves more, but its error was 16 times as large
//! (256 channels in f32: 8e-6 of the largest number; 5e-7 for this, 1.4e-6 for the plain convolution).
//!
//! All in one kernel. Three (pixels transformed, sixteen matrix products, transformed back) read or write
//! nine numbers for every number of the planes on both sides: on a device that does 40 operations for a
//! byte of its memory that takes 1.4 times as long as the arithmetic that is left of 256 channels, all
//! of what was saved. Here planes are read and written as by the other kernels, and there are no others.
//!
//! A workgroup makes 32 tiles of two by two pixels by 32 channels. For every group of four input
//! channels 128 invocations transform its pixels, 128 its kernel (f16 or f32, as it is: nothing else
//! of it is kept, and nothing is rounded), then all of them multiply, each at one place of the tiles, 8
//! tiles by 8 channels in registers, as in [`Kernel::Tile`](super::kernel::Kernel::Tile). In the end
//! products go through workgroup memory a quarter at a time, and back to pixels.

use super::code::{Lines, head};

/// Tiles of two by two pixels of a workgroup.
pub const TILES: usize = 32;
/// Groups of four output channels of a workgroup.
pub const LANES: usize = 8;
/// Invocations of a workgroup.
pub const INVOCATIONS: u32 = 256;
/// Bytes of workgroup memory for each group of four input channels.
pub const GROUP_MEMORY: u32 = 16 << 10;

/// Of a kernel that takes `deep` groups of four input channels at once.
pub fn code(deep: usize, half: bool, split: bool) -> String {
    let mut begin = Lines::default();
    for tile in 0..8 {
        begin.add("var c$T_0 = vec4f(); var c$T_1 = vec4f();", &[("$T", tile)]);
    }
    // One half of a workgroup loads pixels, the other the kernel; or all of it one after the other.
    let (pixels, others) = if deep == 1 {
        ("if (local < 128u)", "else")
    } else {
        ("", "")
    };
    let main = include_str!("wgsl/winograd.wgsl")
        .replace("PIXELS", pixels)
        .replace("OTHERS", others)
        .replace("DEPTH", &deep.to_string())
        .replace("STORE", if split { PARTIAL } else { WHOLE })
        .replace("BEGIN", &begin.0)
        .replace("COMPUTE", &compute().0)
        .replace("END", &end().0);
    head(half, split) + &main
}

const PARTIAL: &str =
    "  o[split * p.partials + f.partial + (y * f.width + x) * p.lanes + n] = sum;";
const WHOLE: &str =
    "  o[f.output + y * p.output_row + x * p.output_pixel + n] = activate(sum + bias[n]);";

/// Products of eight tiles and two lanes, four channels of each.
fn compute() -> Lines {
    let mut compute = Lines::default();
    for tile in 0..8 {
        let line = if tile % 2 == 0 {
            "let a$T = held[a_even + q + 4u * $Tu];"
        } else {
            "let a$T = held[a_odd + q + 4u * $Tu];"
        };
        compute.add(line, &[("$T", tile)]);
    }
    for channel in 0..4 {
        compute.add(
            "let w$K_0 = held[w_even + q + 8u * $Ku]; let w$K_1 = held[w_odd + q + 8u * $Ku];",
            &[("$K", channel)],
        );
        for tile in 0..8 {
            compute.add(
                "c$T_0 = fma(vec4f(a$T[$K]), w$K_0, c$T_0); c$T_1 = fma(vec4f(a$T[$K]), w$K_1, c$T_1);",
                &[("$T", tile), ("$K", channel)],
            );
        }
    }
    compute
}

/// Four times a quarter of the products; they are where [`compute`] has read them.
fn end() -> Lines {
    let mut end = Lines::default();
    end.add(
        "let by_place = place * 64u + tm * 8u + tn;
        let even = by_place + 32u * odd; let uneven = by_place + 32u - 32u * odd;
        for (var quarter = 0u; quarter < 4u; quarter++) {
          switch (quarter) {",
        &[],
    );
    for quarter in 0..4 {
        let case = if quarter < 3 {
            "case $Qu: {"
        } else {
            "default: {"
        };
        end.add(case, &[("$Q", quarter)]);
        end.add(
            "held[even + 4u * odd] = c$A_0; held[even + 4u - 4u * odd] = c$A_1;
            held[uneven + 4u * odd] = c$B_0; held[uneven + 4u - 4u * odd] = c$B_1; }",
            &[("$A", 2 * quarter), ("$B", 2 * quarter + 1)],
        );
    }
    end.add(
        "} workgroupBarrier();
        finish(f, split, local, t0 + 8u * quarter, n0, across, count);
        workgroupBarrier(); }",
        &[],
    );
    end
}
