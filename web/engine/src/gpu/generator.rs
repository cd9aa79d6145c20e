//! A program on a device.

use std::cell::Cell;
use std::collections::BTreeSet;

use underpaint_plan::{Plan, WeightSource};

use super::Device;
use super::constants::{Constants, PIECE, Uploader, floats, numbers};
use super::fit::Needs;
use super::kernel::Kernel;
use super::lower::lower;
use super::memory::{Buffers, Step};
use super::wait;
use crate::host::{self, Given};
use crate::identity::{Identity, identities};
use crate::program::{Output, Place, Program, View};
use crate::{Error, Result};

/// How far loading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Weights go to the device.
    Weights {
        /// Bytes that are there, as f32.
        done: u64,
        /// Of so many.
        of: u64,
    },
    /// Kernels are compiled.
    Kernels {
        /// That are ready.
        done: usize,
        /// Of so many.
        of: usize,
    },
}

/// A program with its weights and its memory on a device.
#[derive(Debug)]
pub struct Generator {
    device: Device,
    program: Program,
    packs: Vec<Constants>,
    /// What each of those is made of.
    identities: Vec<Identity>,
    /// None after a failure to replace.
    loaded: Option<Loaded>,
    /// Of the last run, as they lie in memory.
    outputs: Vec<Vec<f32>>,
}

/// Multiplications with sums of one submission: a twentieth of a second on a fast device, a second on
/// a slow one (guess).
const WORK: u64 = 1 << 36;

#[derive(Debug)]
struct Loaded {
    buffers: Buffers,
    steps: Vec<Step>,
    /// Whether somebody gave up waiting for a picture: outputs are mapped still.
    mapped: Cell<bool>,
}

impl Generator {
    /// Packs and uploads a program's weights, one at a time, compiles its kernels and makes room for
    /// its planes. Program and weights come from the same plan.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] before anything is done, if the device does not allow it;
    /// [`Error::OutOfMemory`], [`Error::Device`] or [`Error::Lost`] as the device says; [`Error::Plan`]
    /// if a tensor is missing or of another shape.
    pub async fn new(
        device: &Device,
        program: Program,
        plan: &Plan,
        source: &dyn WeightSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let mut generator = Self {
            device: device.clone(),
            program: empty(),
            packs: Vec::new(),
            identities: Vec::new(),
            loaded: None,
            outputs: Vec::new(),
        };
        generator.replace(program, plan, source, progress).await?;
        Ok(generator)
    }

    /// The same network for another size of picture: weights that are packed in the same way are not
    /// read again, kernels that are there are not compiled again. A program that the device does not
    /// allow changes nothing; after another error it can only be replaced again.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub async fn replace(
        &mut self,
        program: Program,
        plan: &Plan,
        source: &dyn WeightSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        self.device.check()?;
        let device = self.device.clone();
        Needs::of(&program, plan, &device.bounds, &device.tuning)?;
        // Before anything new needs room.
        self.release();
        self.program = program;
        self.upload(plan, source, progress).await?;
        let half: Vec<bool> = self.packs.iter().map(|pack| pack.half).collect();
        let lowered = lower(&self.program, &device.bounds, &device.tuning, &half)?;
        let kernels: BTreeSet<&Kernel> = lowered.launches.iter().map(|one| &one.kernel).collect();
        let new: Vec<_> = kernels.into_iter().filter(|one| !device.has(one)).collect();
        for (done, kernel) in new.iter().enumerate() {
            let of = new.len();
            progress(Progress::Kernels { done, of });
            device.pipeline(kernel).await?;
        }
        let done = new.len();
        progress(Progress::Kernels { done, of: done });
        let buffers = Buffers::new(&device, &self.program, &lowered).await?;
        let steps = buffers
            .steps(&device, &self.packs, &lowered.launches)
            .await?;
        self.loaded = Some(Loaded {
            buffers,
            steps,
            mapped: Cell::new(false),
        });
        Ok(())
    }

    /// Lets the memory of planes go at once, not when somebody collects it.
    fn release(&mut self) {
        self.outputs.clear();
        if let Some(loaded) = self.loaded.take() {
            let buffers = &loaded.buffers;
            for buffer in buffers.slots.iter().chain(&buffers.readbacks) {
                buffer.destroy();
            }
        }
    }

    async fn upload(
        &mut self,
        plan: &Plan,
        source: &dyn WeightSource,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<()> {
        let old = std::mem::take(&mut self.identities);
        let packs = std::mem::take(&mut self.packs);
        let mut old: Vec<_> = old.into_iter().zip(packs).collect();
        let new = identities(&self.program.packs, plan);
        old.retain(|(identity, _)| new.contains(identity));
        let mut missing = 0;
        for (packing, identity) in self.program.packs.iter().zip(&new) {
            if !old.iter().any(|(known, _)| known == identity) {
                missing += bytes_of(numbers(packing, plan)?);
            }
        }
        let mut done = 0;
        let mut uploader = Uploader::new(&self.device);
        for (packing, identity) in self.program.packs.iter().zip(new) {
            let known = old.iter().find(|(known, _)| *known == identity);
            let pack = if let Some((_, pack)) = known {
                pack.clone()
            } else {
                let pack = uploader.upload(packing, plan, source).await?;
                done += bytes_of(numbers(packing, plan)?);
                progress(Progress::Weights {
                    done: done.min(missing),
                    of: missing,
                });
                old.push((identity.clone(), pack.clone()));
                pack
            };
            self.packs.push(pack);
            self.identities.push(identity);
        }
        uploader.finish().await
    }

    /// Takes the constants of a plan that differs from the one before in nothing but numbers that the
    /// network made itself, such as dropout masks of another seed.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if it differs in more than that, or what the device says.
    pub async fn update_constants(&mut self, plan: &Plan) -> Result<()> {
        let none = std::collections::BTreeMap::<String, underpaint_plan::Tensor>::new();
        let new = identities(&self.program.packs, plan);
        let mut packs = self.packs.clone();
        let mut uploader = Uploader::new(&self.device);
        for (place, packing) in self.program.packs.iter().enumerate() {
            if self.identities.get(place) != Some(&new[place]) {
                packs[place] = uploader.upload(packing, plan, &none).await?;
            }
        }
        uploader.finish().await?;
        let half: Vec<bool> = packs.iter().map(|pack| pack.half).collect();
        let device = &self.device;
        let lowered = lower(&self.program, &device.bounds, &device.tuning, &half)?;
        if let Some(loaded) = &mut self.loaded {
            let steps = loaded.buffers.steps(device, &packs, &lowered.launches);
            loaded.steps = steps.await?;
        }
        self.packs = packs;
        self.identities = new;
        Ok(())
    }

    /// Runs the program: one submission, then its outputs are read back.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the inputs are not what the program takes, or what the device says.
    pub async fn run(&mut self, inputs: &[Given<'_>]) -> Result<()> {
        self.device.check()?;
        let Some(loaded) = &self.loaded else {
            let message = "expected a generator, found one that could not be replaced";
            return Err(Error::OutOfMemory(message.into()));
        };
        host::check(&self.program, inputs)?;
        if loaded.mapped.take() {
            let unmap = || {
                loaded
                    .buffers
                    .readbacks
                    .iter()
                    .for_each(wgpu::Buffer::unmap)
            };
            // Some may not be, which does no harm.
            let _ = self.device.guarded(unmap).await;
        }
        self.give(loaded, inputs)?;
        self.device.guarded(|| self.submit(loaded)).await?;
        let outputs = self.read(loaded).await?;
        self.device.check()?;
        self.outputs = outputs;
        Ok(())
    }

    /// Writes inputs into their planes.
    fn give(&self, loaded: &Loaded, inputs: &[Given<'_>]) -> Result<()> {
        let queue = &self.device.queue;
        for (input, given) in self.program.inputs.iter().zip(inputs) {
            let Some(view) = input.view else { continue };
            if !alone(&view) {
                let message = format!("input {}: expected planes alone in memory", input.name);
                return Err(Error::Input(message));
            }
            let mut numbers = vec![0.0; view.len()];
            host::write_view(input, &view, given, &mut numbers);
            if let Some(slot) = self
                .slot(&view)
                .and_then(|slot| loaded.buffers.slots.get(slot))
            {
                let mut at = 0;
                for piece in numbers.chunks(PIECE) {
                    queue.write_buffer(slot, at, &floats(piece));
                    at += 4 * piece.len() as u64;
                }
            }
        }
        for (labels, buffer) in self.program.labels.iter().zip(&loaded.buffers.labels) {
            let input = &self.program.inputs[labels.input];
            let codes = host::codes_of(input, &inputs[labels.input], labels.codes)?;
            let plane = host::gathered(labels, input, &codes);
            let bytes: Vec<u8> = plane.iter().flat_map(|code| code.to_le_bytes()).collect();
            queue.write_buffer(buffer, 0, &bytes);
        }
        Ok(())
    }

    /// Runs all launches, or only one of them, so many times in one submission, and waits.
    pub(super) async fn again(&self, only: Option<usize>, times: usize) -> Result<()> {
        let Some(loaded) = &self.loaded else {
            return Ok(());
        };
        let submit = || {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.device.handle.create_command_encoder(&descriptor);
            for _ in 0..times {
                let steps = match only {
                    Some(step) => &loaded.steps[step..=step],
                    None => &loaded.steps[..],
                };
                dispatch(&mut encoder, steps);
            }
            self.device.queue.submit([encoder.finish()]);
        };
        self.device.guarded(submit).await?;
        self.device.done().await
    }

    /// What its launches run, in order.
    pub(super) fn kernels(&self) -> Result<Vec<Kernel>> {
        let half: Vec<bool> = self.packs.iter().map(|pack| pack.half).collect();
        let (bounds, tuning) = (&self.device.bounds, &self.device.tuning);
        let lowered = lower(&self.program, bounds, tuning, &half)?;
        Ok(lowered
            .launches
            .into_iter()
            .map(|launch| launch.kernel)
            .collect())
    }

    /// One submission, or several where the work of one could take seconds: drivers take what does not
    /// end for a device that hangs.
    fn submit(&self, loaded: &Loaded) {
        let mut rest = &loaded.steps[..];
        loop {
            let descriptor = wgpu::CommandEncoderDescriptor::default();
            let mut encoder = self.device.handle.create_command_encoder(&descriptor);
            let mut work = 0;
            let fits = |step: &&Step| {
                work += step.work;
                work <= WORK
            };
            let count = rest.iter().take_while(fits).count().max(1);
            let (now, then) = rest.split_at(count.min(rest.len()));
            dispatch(&mut encoder, now);
            rest = then;
            if rest.is_empty() {
                self.copy(&mut encoder, loaded);
                self.device.queue.submit([encoder.finish()]);
                return;
            }
            self.device.queue.submit([encoder.finish()]);
        }
    }

    /// Copies outputs to where they can be read.
    fn copy(&self, encoder: &mut wgpu::CommandEncoder, loaded: &Loaded) {
        for (output, readback) in self.program.outputs.iter().zip(&loaded.buffers.readbacks) {
            if let Some(slot) = self.slot(&output.view) {
                let slot = &loaded.buffers.slots[slot];
                let bytes = 4 * output.view.len() as u64;
                encoder.copy_buffer_to_buffer(slot, 0, readback, 0, bytes);
            }
        }
    }

    async fn read(&self, loaded: &Loaded) -> Result<Vec<Vec<f32>>> {
        let mut signals = Vec::new();
        loaded.mapped.set(true);
        for readback in &loaded.buffers.readbacks {
            let (sender, signal) = wait::signal();
            let range = readback.slice(..);
            range.map_async(wgpu::MapMode::Read, move |result| {
                sender.send(result.is_ok());
            });
            signals.push(signal);
        }
        self.device.poll()?;
        let mut outputs = Vec::new();
        let readbacks = loaded.buffers.readbacks.iter().zip(&self.program.outputs);
        for ((readback, output), signal) in readbacks.zip(signals) {
            let mapped = signal.await;
            self.device.check()?;
            let view = mapped.then(|| readback.slice(..).get_mapped_range().ok());
            let Some(bytes) = view.flatten() else {
                let message = "the picture cannot be read back";
                return Err(Error::Device(message.into()));
            };
            let (numbers, _) = bytes.as_chunks();
            let numbers = numbers.iter().map(|number| f32::from_le_bytes(*number));
            outputs.push(numbers.take(output.view.len()).collect());
            drop(bytes);
            readback.unmap();
        }
        loaded.mapped.set(false);
        Ok(outputs)
    }

    fn slot(&self, view: &View) -> Option<usize> {
        match view.place {
            Place::Buffer(buffer) => self.program.slots.get(buffer.0).copied(),
            Place::Pack(_) => None,
        }
    }

    /// The program that it runs.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// The device that it runs on.
    #[must_use]
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// Dispatches of a run.
    #[must_use]
    pub fn dispatches(&self) -> usize {
        self.loaded.as_ref().map_or(0, |loaded| loaded.steps.len())
    }

    /// What a run leaves that is dropped while it waits.
    #[cfg(test)]
    pub(super) async fn map_and_forget(&self) {
        if let Some(loaded) = &self.loaded {
            loaded.mapped.set(true);
            loaded.buffers.readbacks[0].map_async(wgpu::MapMode::Read, .., |_| {});
        }
    }

    /// Whether all matrices of weights lie on the device as f16.
    #[cfg(test)]
    pub(super) fn keeps_half(&self) -> bool {
        let packs = self.packs.iter().filter(|pack| pack.bias.is_some());
        packs.into_iter().all(|pack| pack.half)
    }

    /// An output of the last run as planes, `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If there was no run, or the program has no such output.
    #[must_use]
    pub fn planes(&self, output: usize) -> Vec<f32> {
        let (output, numbers) = self.output(output);
        host::planes_of(output, numbers)
    }

    /// An output of the last run in `[-1, 1]` as RGBA, `[height, width, 4]`.
    ///
    /// # Panics
    ///
    /// If there was no run, or the program has no such output.
    #[must_use]
    pub fn rgba(&self, output: usize) -> Vec<u8> {
        let (output, numbers) = self.output(output);
        host::rgba_of(output, numbers)
    }

    /// What an output is, and its numbers as they lie in memory.
    ///
    /// # Panics
    ///
    /// If there was no run, or the program has no such output.
    #[must_use]
    pub fn output(&self, output: usize) -> (&Output, &[f32]) {
        (&self.program.outputs[output], &self.outputs[output])
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.release();
    }
}

/// All in one pass.
fn dispatch(encoder: &mut wgpu::CommandEncoder, steps: &[Step]) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    for step in steps {
        pass.set_pipeline(&step.pipeline);
        pass.set_bind_group(0, &step.group, &[]);
        let [x, y, z] = step.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}

fn bytes_of([matrix, bias]: [usize; 2]) -> u64 {
    4 * (matrix + bias) as u64
}

/// Whether a view is all that its pixels hold.
fn alone(view: &View) -> bool {
    view.channel_offset == 0
        && view.pixel_stride == view.channels
        && view.len() == view.height * view.width * view.channels
}

const fn empty() -> Program {
    Program {
        buffers: Vec::new(),
        slots: Vec::new(),
        slot_sizes: Vec::new(),
        packs: Vec::new(),
        labels: Vec::new(),
        inputs: Vec::new(),
        operations: Vec::new(),
        outputs: Vec::new(),
    }
}
