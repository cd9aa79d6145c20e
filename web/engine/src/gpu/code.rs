//! The kernels' code.

use std::fmt::Write as _;

use super::kernel::{Kernel, Link};
use super::winograd;

impl Kernel {
    /// Its code.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Registers {
                pixels,
                vectors,
                half,
                split,
            } => registers(*pixels, *vectors, *half, *split),
            Self::Tile {
                pixels,
                lanes,
                half,
                split,
            } => tile([*pixels, *lanes], *half, *split),
            Self::Winograd { deep, half, split } => winograd::code(*deep, *half, *split),
            Self::SplitMerge => [CONVOLUTION, ACTIVATE, include_str!("wgsl/merge.wgsl")].concat(),
            Self::LabelConvolution { half } => {
                let weights = weights(*half);
                [include_str!("wgsl/labels.wgsl"), ACTIVATE, weights].concat()
            }
            Self::ExpandLabels => include_str!("wgsl/expand.wgsl").to_owned(),
            Self::Linear { half } => {
                let weights = weights(*half);
                [include_str!("wgsl/linear.wgsl"), ACTIVATE, weights].concat()
            }
            Self::AveragePool => include_str!("wgsl/pool.wgsl").to_owned(),
            Self::StatisticsPart => statistics(STATISTICS_PART, false),
            Self::StatisticsWhole => statistics(STATISTICS_PART, true),
            Self::StatisticsMerge => statistics(include_str!("wgsl/statistics_merge.wgsl"), true),
            Self::PixelNorm => include_str!("wgsl/pixel_norm.wgsl").to_owned(),
            Self::Border => include_str!("wgsl/border.wgsl").to_owned(),
            Self::Apply(links) => apply(links),
        }
    }
}

const CONVOLUTION: &str = include_str!("wgsl/convolution.wgsl");
const STATISTICS_PART: &str = include_str!("wgsl/statistics_part.wgsl");

/// Done last. A slope of 1 is no activation, 0 is `max(x, 0)`; `tanh` overflows on some devices.
const ACTIVATE: &str = "
fn activate(v: vec4f) -> vec4f {
  if (p.tanh != 0u) { return tanh(clamp(v, vec4f(-15.0), vec4f(15.0))); }
  return max(v, vec4f()) + p.slope * min(v, vec4f());
}
";

const fn weights(half: bool) -> &'static str {
    if half {
        "
@group(0) @binding(2) var<storage, read> w: array<vec2u>;
fn weight(i: u32) -> vec4f { let v = w[i]; return vec4f(unpack2x16float(v.x), unpack2x16float(v.y)); }
"
    } else {
        "
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
fn weight(i: u32) -> vec4f { return w[i]; }
"
    }
}

/// Where a convolution's sums go: with bias and activation, or as they are.
const fn sink(split: bool) -> &'static str {
    if split {
        "@group(0) @binding(3) var<storage, read_write> o: array<vec4f>;\n"
    } else {
        "@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> o: array<vec4f>;\n"
    }
}

/// What all kernels for convolutions begin with.
pub(super) fn head(half: bool, split: bool) -> String {
    let activate = if split { "" } else { ACTIVATE };
    [CONVOLUTION, weights(half), sink(split), activate].concat()
}

/// Lines of code with `P` and so on replaced by numbers.
#[derive(Default)]
pub(super) struct Lines(pub(super) String);

impl Lines {
    pub(super) fn add(&mut self, line: &str, numbers: &[(&str, usize)]) {
        let mut line = line.to_owned();
        for (name, number) in numbers {
            line = line.replace(name, &number.to_string());
        }
        self.0.push_str(&line);
        self.0.push('\n');
    }
}

fn registers(pixels: usize, vectors: usize, half: bool, split: bool) -> String {
    let mut begin = Lines::default();
    for pixel in 0..pixels {
        begin.add(
            "let m$P = min(first + $Pu, count - 1u); let y$P = m$P / f.width; let x$P = m$P % f.width;
            let b$P = f.input + y$P * p.step_row + x$P * p.step_pixel;",
            &[("$P", pixel)],
        );
        for vector in 0..vectors {
            begin.add("var c$P_$V = vec4f();", &[("$P", pixel), ("$V", vector)]);
        }
    }
    let mut body = Lines::default();
    for pixel in 0..pixels {
        body.add("let a$P = a[b$P + ai];", &[("$P", pixel)]);
    }
    for k in 0..4 {
        for vector in 0..vectors {
            let numbers = [("$V", vector), ("$K", k)];
            body.add("let w$K_$V = weight(wi + $Vu);", &numbers);
        }
        body.add("wi += p.lanes;", &[]);
        for pixel in 0..pixels {
            for vector in 0..vectors {
                body.add(
                    "c$P_$V = fma(vec4f(a$P[$K]), w$K_$V, c$P_$V);",
                    &[("$P", pixel), ("$V", vector), ("$K", k)],
                );
            }
        }
    }
    let mut end = Lines::default();
    for pixel in 0..pixels {
        let place = if split {
            "if (first + $Pu < count) { let t = split * p.partials + f.partial + m$P * p.lanes + n;"
        } else {
            "if (first + $Pu < count) { let t = f.output + y$P * p.output_row + x$P * p.output_pixel + n;"
        };
        end.add(place, &[("$P", pixel)]);
        for vector in 0..vectors {
            let store = if split {
                "o[t + $Vu] = c$P_$V;"
            } else {
                "o[t + $Vu] = activate(c$P_$V + bias[n + $Vu]);"
            };
            end.add(store, &[("$P", pixel), ("$V", vector)]);
        }
        end.add("}", &[]);
    }
    let main = include_str!("wgsl/registers.wgsl")
        .replace("VECTORS", &vectors.to_string())
        .replace("PIXELS", &pixels.to_string())
        .replace("BEGIN", &begin.0)
        .replace("LOOP", if split { SLICE } else { WHOLE })
        .replace("BODY", &body.0)
        .replace("END", &end.0);
    head(half, split) + &main
}

/// All weights of a phase, one after the other.
const WHOLE: &str = "
  var wi = f.weights + n;
  for (var r = 0u; r < f.rows; r++) { for (var c = 0u; c < f.columns; c++) {
    let tap = r * p.input_row + c * p.input_pixel;
    for (var ai = tap; ai < tap + f.run; ai++) {
BODY
    }
  } }";

/// A slice of them. What comes next is found without a division.
const SLICE: &str = "
  let begin = split * p.slice;
  let end = min(begin + p.slice, f.rows * f.columns * f.run);
  var wi = f.weights + 4u * begin * p.lanes + n;
  var k = begin % f.run;
  var c = (begin / f.run) % f.columns;
  var r = (begin / f.run) / f.columns;
  for (var i = begin; i < end; i++) {
    let ai = r * p.input_row + c * p.input_pixel + k;
BODY
    k++;
    if (k == f.run) { k = 0u; c++; if (c == f.columns) { c = 0u; r++; } }
  }";

/// The pixels that an invocation makes lie `DOWN` apart, its channels `ACROSS` groups apart: neighbours
/// read neighbouring places of workgroup memory.
fn tile([pixels, lanes]: [usize; 2], half: bool, split: bool) -> String {
    let mut begin = Lines::default();
    let threads = pixels / 8 * lanes / 2;
    // Four invocations load the four vectors of a pixel; every one of them loads so many pixels.
    let loads = 4 * pixels / threads;
    for load in 0..loads {
        begin.add(
            "let s$L = min(m0 + m + $Lu * (THREADS / 4u), count - 1u);
            let b$L = f.input + (s$L / f.width) * p.step_row + (s$L % f.width) * p.step_pixel;",
            &[("$L", load)],
        );
    }
    for pixel in 0..8 {
        for vector in 0..2 {
            begin.add("var c$P_$V = vec4f();", &[("$P", pixel), ("$V", vector)]);
        }
    }
    let mut load = Lines::default();
    for pixel in 0..loads {
        load.add(
            "pixels[q * PITCH + m + $Lu * (THREADS / 4u)] = select(vec4f(), a[b$L + offset], inside);",
            &[("$L", pixel)],
        );
    }
    // Rows beyond the slice meet zeros above.
    load.add(
        "for (var i = local; i < 16u * TN; i += THREADS) {
          let row = min(4u * k + i / TN, 4u * total - 1u);
          kernel[i] = weight(f.weights + row * p.lanes + min(n0 + i % TN, p.lanes - 1u));
        }",
        &[],
    );
    let mut compute = Lines::default();
    for pixel in 0..8 {
        compute.add(
            "let a$P = pixels[j * PITCH + tm + $Pu * DOWN];",
            &[("$P", pixel)],
        );
    }
    for k in 0..4 {
        for vector in 0..2 {
            compute.add(
                "let w$K_$V = kernel[(4u * j + $Ku) * TN + tn + $Vu * ACROSS];",
                &[("$K", k), ("$V", vector)],
            );
        }
        for pixel in 0..8 {
            for vector in 0..2 {
                compute.add(
                    "c$P_$V = fma(vec4f(a$P[$K]), w$K_$V, c$P_$V);",
                    &[("$P", pixel), ("$V", vector), ("$K", k)],
                );
            }
        }
    }
    let mut end = Lines::default();
    for pixel in 0..8 {
        let place = if split {
            "{ let m = m0 + tm + $Pu * DOWN; if (m < count) {
            let t = split * p.partials + f.partial + m * p.lanes;"
        } else {
            "{ let m = m0 + tm + $Pu * DOWN; if (m < count) {
            let t = f.output + (m / f.width) * p.output_row + (m % f.width) * p.output_pixel;"
        };
        end.add(place, &[("$P", pixel)]);
        for vector in 0..2 {
            let store = if split {
                "{ let n = n0 + tn + $Vu * ACROSS; if (n < p.lanes) { o[t + n] = c$P_$V; } }"
            } else {
                "{ let n = n0 + tn + $Vu * ACROSS; if (n < p.lanes) { o[t + n] = activate(c$P_$V + bias[n]); } }"
            };
            end.add(store, &[("$P", pixel), ("$V", vector)]);
        }
        end.add("} }", &[]);
    }
    let main = include_str!("wgsl/tile.wgsl")
        .replace("TILE", &pixels.to_string())
        .replace("LANES", &lanes.to_string())
        .replace("INVOCATIONS", &threads.to_string())
        .replace("BEGIN", &begin.0)
        .replace("LOAD", &load.0)
        .replace("COMPUTE", &compute.0)
        .replace("END", &end.0);
    head(half, split) + &main
}

fn statistics(main: &str, whole: bool) -> String {
    let (outputs, finish) = if whole {
        (
            "@group(0) @binding(2) var<storage, read> affine: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> o: array<vec4f>;\n",
            "let factor = affine[n] / sqrt(squares[local] / counts[local] + p.epsilon);
    o[n] = factor;
    o[p.lanes + n] = affine[p.lanes + n] - means[local] * factor;",
        )
    } else {
        (
            "@group(0) @binding(2) var<storage, read_write> o: array<vec4f>;\n",
            "let at = ((p.first + group.y) * p.lanes + n) * 3u;
    o[at] = means[local];
    o[at + 1u] = squares[local];
    o[at + 2u] = vec4f(counts[local]);",
        )
    };
    let main = main.replace("FINISH", finish);
    [include_str!("wgsl/statistics.wgsl"), outputs, &main].concat()
}

/// Blocks of eight parameters: of the output (two), of the source (two), of each link (two).
fn apply(links: &[Link]) -> String {
    let mut operands = String::new();
    let mut rows = String::new();
    let mut chain = String::new();
    let mut binding = 4;
    for (place, link) in links.iter().enumerate() {
        let (a, b) = (4 + 2 * place, 5 + 2 * place);
        if link.reads() {
            let _ = writeln!(
                operands,
                "@group(0) @binding({binding}) var<storage, read> t{place}: array<vec4f>;"
            );
            binding += 1;
        }
        let gathered = matches!(link, Link::Modulate | Link::Add | Link::Mul);
        if gathered {
            let _ = writeln!(rows, "let row{place} = tables[p[{a}].w + y];");
            let _ = writeln!(
                chain,
                "let column{place} = tables[p[{b}].x + x]; let some{place} = row{place} != NONE && column{place} != NONE;
                let at{place} = select(0u, p[{a}].x + row{place} * p[{a}].y + column{place} * p[{a}].z + n, some{place});
                let v{place} = select(vec4f(), t{place}[at{place}], some{place});"
            );
        }
        let code = match link {
            Link::Affine => "v = v * t#[n] + t#[lanes + n];",
            Link::Modulate => {
                "v = v * (1.0 + v#) + select(vec4f(), t#[at# + select(0u, lanes, some#)], some#);"
            }
            Link::Add => "v = v + v#;",
            Link::Mul => "v = v * v#;",
            Link::Scalar => "v = v * bitcast<f32>(p[@].x) + bitcast<f32>(p[@].y);",
            Link::Slope => "v = max(v, vec4f()) + bitcast<f32>(p[@].x) * min(v, vec4f());",
            Link::Tanh => "v = tanh(clamp(v, vec4f(-15.0), vec4f(15.0)));",
        };
        chain.push_str(
            &code
                .replace('#', &place.to_string())
                .replace('@', &a.to_string()),
        );
        chain.push('\n');
    }
    include_str!("wgsl/apply.wgsl")
        .replace("BLOCKS", &(4 + 2 * links.len()).to_string())
        .replace("OPERANDS", &operands)
        .replace("ROWS", &rows)
        .replace("CHAIN", &chain)
}
