//! Buffers of a program, and launches bound to them.

use super::Device;
use super::constants::Constants;
use super::launch::{Launch, Memory, Window};
use super::lower::Lowered;
use super::pipeline::Pipeline;
use crate::program::Program;
use crate::{Error, Result};

/// What lies on the device for a program, except its weights.
#[derive(Debug)]
pub struct Buffers {
    pub slots: Vec<wgpu::Buffer>,
    pub labels: Vec<wgpu::Buffer>,
    /// One for each output.
    pub readbacks: Vec<wgpu::Buffer>,
    tables: wgpu::Buffer,
    scratch: wgpu::Buffer,
}

/// A launch, ready to be dispatched.
#[derive(Debug)]
pub struct Step {
    pub pipeline: wgpu::ComputePipeline,
    pub group: wgpu::BindGroup,
    pub groups: [u32; 3],
    /// Multiplications with sums.
    pub work: u64,
}

impl Buffers {
    /// Allocates them.
    pub async fn new(device: &Device, program: &Program, lowered: &Lowered) -> Result<Self> {
        use wgpu::BufferUsages as Usage;
        let storage = Usage::STORAGE | Usage::COPY_DST;
        let create = |bytes: u64, usage: Usage| {
            device.handle.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.max(16).next_multiple_of(16),
                usage,
                mapped_at_creation: false,
            })
        };
        let buffers = device
            .guarded(|| {
                let slots = program.slot_sizes.iter();
                let labels = program.labels.iter().map(|labels| {
                    let codes = labels.gather.rows.len() * labels.gather.columns.len();
                    create(4 * codes as u64, storage)
                });
                let outputs = program.outputs.iter();
                let readback = Usage::MAP_READ | Usage::COPY_DST;
                Self {
                    slots: slots
                        .map(|&size| create(4 * size as u64, storage | Usage::COPY_SRC))
                        .collect(),
                    labels: labels.collect(),
                    readbacks: outputs
                        .map(|output| create(4 * output.view.len() as u64, readback))
                        .collect(),
                    tables: create(4 * lowered.tables.len() as u64, storage),
                    scratch: create(lowered.scratch, Usage::STORAGE),
                }
            })
            .await?;
        let tables: Vec<u8> = lowered
            .tables
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        device.queue.write_buffer(&buffers.tables, 0, &tables);
        Ok(buffers)
    }

    fn of<'a>(&'a self, memory: Memory, packs: &'a [Constants]) -> Option<&'a wgpu::Buffer> {
        match memory {
            Memory::Slot(slot) => self.slots.get(slot),
            Memory::Weights(pack) => packs.get(pack).map(|pack| &pack.weights),
            Memory::Bias(pack) => packs.get(pack)?.bias.as_ref(),
            Memory::Labels(labels) => self.labels.get(labels),
            Memory::Tables => Some(&self.tables),
            Memory::Scratch => Some(&self.scratch),
        }
    }

    /// Binds launches; their parameters go into one buffer.
    pub async fn steps(
        &self,
        device: &Device,
        packs: &[Constants],
        launches: &[Launch],
    ) -> Result<Vec<Step>> {
        let alignment = device
            .handle
            .limits()
            .min_uniform_buffer_offset_alignment
            .max(16) as usize;
        let mut bytes: Vec<u8> = Vec::new();
        let mut placed = Vec::with_capacity(launches.len());
        let mut pipelines = Vec::with_capacity(launches.len());
        for launch in launches {
            bytes.resize(bytes.len().next_multiple_of(alignment), 0);
            let start = bytes.len();
            bytes.extend(launch.parameters.iter().flat_map(|word| word.to_le_bytes()));
            bytes.resize(bytes.len().next_multiple_of(16), 0);
            placed.push((start as u64, (bytes.len() - start) as u64));
            pipelines.push(device.pipeline(&launch.kernel).await?);
        }
        let create = || {
            device.handle.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.len().max(16) as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let parameters = device.guarded(create).await?;
        device.queue.write_buffer(&parameters, 0, &bytes);
        let bind = || {
            let launches = launches.iter().zip(&pipelines).zip(&placed);
            let steps = launches.map(|((launch, pipeline), place)| {
                self.step(device, packs, launch, pipeline, (&parameters, *place))
            });
            steps.collect::<Result<Vec<_>>>()
        };
        device.guarded(bind).await?
    }

    fn step(
        &self,
        device: &Device,
        packs: &[Constants],
        launch: &Launch,
        pipeline: &Pipeline,
        (parameters, (start, size)): (&wgpu::Buffer, (u64, u64)),
    ) -> Result<Step> {
        let mut entries = vec![binding(0, parameters, start, size)];
        for (place, window) in launch.windows.iter().enumerate() {
            let missing = || Error::Input("a program whose step has no operand".into());
            let buffer = self.of(window.memory, packs).ok_or_else(missing)?;
            let Window { start, end, .. } = *window;
            let end = if end == 0 { buffer.size() } else { end };
            entries.push(binding(place + 1, buffer, start, end - start));
        }
        let group = device.handle.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.layout,
            entries: &entries,
        });
        Ok(Step {
            pipeline: pipeline.pipeline.clone(),
            group,
            groups: launch.groups,
            work: launch.work,
        })
    }
}

fn binding(place: usize, buffer: &wgpu::Buffer, start: u64, size: u64) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding: place as u32,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer,
            offset: start,
            size: std::num::NonZeroU64::new(size),
        }),
    }
}
