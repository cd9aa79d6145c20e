//! Speed: of a device, of convolutions on it, of a generator's steps.
//!
//! Clocks are given, in seconds: there is none that all platforms have.

use std::collections::BTreeMap;

use underpaint_plan::weight::Node;
use underpaint_plan::{Expression, ExpressionId, Plan, Sides, Tensor, Weight, WeightId};

use super::kernel::Access;
use super::pipeline::compile;
use super::tune::{Choice, Tuning};
use super::{Device, Generator};
use crate::Result;
use crate::program::{
    BufferId, Convolution, Lanes, Operation, PackId, Packing, Phase, Place, Program, View,
};

/// Tells the time.
pub type Clock<'a> = &'a mut dyn FnMut() -> f64;

/// A convolution with a square kernel that keeps the size of its planes where its stride is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Channels that it reads.
    pub inputs: usize,
    /// Channels that it writes.
    pub outputs: usize,
    /// Rows and columns of the output.
    pub size: [usize; 2],
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
}

impl Layer {
    /// Additions and multiplications.
    #[must_use]
    pub fn operations(&self) -> f64 {
        let sum = self.inputs * self.kernel * self.kernel;
        2.0 * (sum * self.outputs * self.size[0] * self.size[1]) as f64
    }
}

/// Repeats something until it has taken a fifth of a second at least; seconds of one.
async fn repeat(clock: Clock<'_>, mut run: impl AsyncFnMut(usize) -> Result<()>) -> Result<f64> {
    run(1).await?;
    let mut times = 1;
    loop {
        let start = clock();
        run(times).await?;
        let taken = clock() - start;
        if taken > 0.2 || times >= 1 << 12 {
            return Ok(taken / times as f64);
        }
        times = if taken > 0.02 {
            (times as f64 * 0.25 / taken).ceil() as usize
        } else {
            times * 8
        };
    }
}

/// Operations a second of a convolution, in 10⁹; by the kernel that is chosen, or by another. `half`
/// keeps weights as f16.
///
/// # Errors
///
/// What the device says.
pub async fn convolution(
    device: &Device,
    layer: &Layer,
    choice: Option<Choice>,
    half: bool,
    clock: Clock<'_>,
) -> Result<f64> {
    let tuning = Tuning {
        force: choice,
        ..device.tuning
    };
    let device = device.with(device.bounds, tuning);
    let (program, plan) = program_of(layer, half);
    let nothing = BTreeMap::<String, Tensor>::new();
    let generator = Generator::new(&device, program, &plan, &nothing, &mut |_| {}).await?;
    let seconds = repeat(clock, async |times| generator.again(None, times).await).await?;
    Ok(layer.operations() / seconds / 1e9)
}

/// Seconds of each launch of a generator, with its kernel's name.
///
/// # Errors
///
/// What the device says.
pub async fn steps(generator: &Generator, clock: Clock<'_>) -> Result<Vec<(String, f64)>> {
    let mut steps = Vec::new();
    for (step, kernel) in generator.kernels()?.iter().enumerate() {
        generator.again(Some(step), 1).await?;
        let start = clock();
        generator.again(Some(step), 4).await?;
        steps.push((format!("{kernel:?}"), (clock() - start) / 4.0));
    }
    Ok(steps)
}

fn program_of(layer: &Layer, half: bool) -> (Program, Plan) {
    let reach = |axis: usize| (layer.size[axis] - 1) * layer.stride + layer.kernel;
    let view = |buffer: usize, channels: usize, height: usize, width: usize| {
        let channels = channels.next_multiple_of(4);
        View {
            place: Place::Buffer(BufferId(buffer)),
            channels,
            height,
            width,
            border: Sides::default(),
            pixel_stride: channels,
            channel_offset: 0,
        }
    };
    let input = view(0, layer.inputs, reach(0), reach(1));
    let output = view(1, layer.outputs, layer.size[0], layer.size[1]);
    let taps: Vec<usize> = (0..layer.kernel).collect();
    let phase = Phase {
        kernel_rows: taps.clone(),
        kernel_columns: taps.clone(),
        input_start: [0, 0],
        output_start: [0, 0],
        output_size: layer.size,
    };
    let program = Program {
        buffers: vec![input.len(), output.len()],
        slots: vec![0, 1],
        slot_sizes: vec![input.len(), output.len()],
        packs: vec![Packing::Kernel {
            parts: vec![(WeightId(0), None)],
            transposed: false,
            input: Lanes::of(layer.inputs),
            phases: vec![[taps.clone(), taps]],
        }],
        labels: Vec::new(),
        inputs: Vec::new(),
        operations: vec![Operation::Convolution(Convolution {
            input,
            output,
            kernel: PackId(0),
            phases: vec![phase],
            input_step: [layer.stride; 2],
            output_step: [1, 1],
            activation: None,
        })],
        outputs: Vec::new(),
    };
    let shape = vec![layer.outputs, layer.inputs, layer.kernel, layer.kernel];
    let plan = Plan {
        values: Vec::new(),
        inputs: Vec::new(),
        steps: Vec::new(),
        outputs: Vec::new(),
        weights: vec![Weight {
            shape: shape.clone(),
            value: ExpressionId(0),
        }],
        // One is an f16, the other is not.
        expressions: vec![Expression {
            shape,
            node: Node::Fill(if half { 0.0625 } else { 0.1 }),
        }],
    };
    (program, plan)
}

const PEAK: &str = "
@group(0) @binding(0) var<uniform> p: vec4f;
@group(0) @binding(1) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u) {
  var a = vec4f(f32(at.x)); var b = a + 1.0; var c = a + 2.0; var d = a + 3.0;
  var e = a + 4.0; var f = a + 5.0; var g = a + 6.0; var h = a + 7.0;
  let x = vec4f(p.x); let y = vec4f(p.y);
  for (var i = 0u; i < 512u; i++) {
    a = fma(a, x, y); b = fma(b, x, y); c = fma(c, x, y); d = fma(d, x, y);
    e = fma(e, x, y); f = fma(f, x, y); g = fma(g, x, y); h = fma(h, x, y);
  }
  o[at.x % 64u] = a + b + c + d + e + f + g + h;
}";

const STREAM: &str = "
@group(0) @binding(0) var<uniform> p: vec4f;
@group(0) @binding(1) var<storage, read_write> o: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  for (var i = 0u; i < 256u; i += 64u) {
    let at = group.x * 256u + i + local;
    o[at] = o[at] * p.x + p.y;
  }
}";

/// What a device can do at best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Additions and multiplications a second, in 10⁹.
    pub arithmetic: f64,
    /// Bytes that are read and written a second, in 10⁹.
    pub bandwidth: f64,
}

/// Measures a device.
///
/// # Errors
///
/// What the device says.
pub async fn peak(device: &Device, clock: Clock<'_>) -> Result<Peak> {
    let threads = if device.tuning.software {
        1 << 12
    } else {
        1 << 18
    };
    let bytes = if device.tuning.software {
        32 << 20
    } else {
        128 << 20
    };
    // Whole pieces of 256 groups of four numbers, one for a workgroup.
    let bytes = device.bounds.binding.min(bytes) / 4096 * 4096;
    let pieces = (bytes / 4096) as u32;
    let arithmetic = loop_of(device, PEAK, 1024, threads / 64, clock).await?;
    let bandwidth = loop_of(device, STREAM, bytes, pieces, clock).await?;
    Ok(Peak {
        arithmetic: f64::from(threads) * 512.0 * 64.0 / arithmetic / 1e9,
        bandwidth: 2.0 * bytes as f64 / bandwidth / 1e9,
    })
}

async fn loop_of(
    device: &Device,
    code: &str,
    bytes: u64,
    groups: u32,
    clock: Clock<'_>,
) -> Result<f64> {
    let make = || {
        let pipeline = compile(&device.handle, &[Access::Write], code.to_owned());
        let buffer = |size: u64, usage: wgpu::BufferUsages| {
            device.handle.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let uniform = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let parameters = buffer(16, uniform);
        let memory = buffer(bytes, wgpu::BufferUsages::STORAGE);
        let entry = |binding: u32, buffer: &wgpu::Buffer| (binding, buffer.clone());
        let entries = [entry(0, &parameters), entry(1, &memory)];
        let entries: Vec<_> = entries
            .iter()
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: *binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let group = device.handle.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        });
        (pipeline, parameters, group)
    };
    let (pipeline, parameters, group) = device.guarded(make).await?;
    let numbers = super::constants::floats(&[0.999, 0.001, 0.0, 0.0]);
    device.queue.write_buffer(&parameters, 0, &numbers);
    repeat(clock, async |times| {
        let submit = || {
            let mut encoder = device.handle.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline.pipeline);
            pass.set_bind_group(0, &group, &[]);
            for _ in 0..times {
                pass.dispatch_workgroups(groups, 1, 1);
            }
            drop(pass);
            device.queue.submit([encoder.finish()]);
        };
        device.guarded(submit).await?;
        device.done().await
    })
    .await
}
