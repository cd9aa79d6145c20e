//! A run: inputs to the device, launches, outputs back.

use super::Generator;
use super::constants::{PIECE, floats};
use super::generator::Loaded;
use super::kernel::Kernel;
use super::lower::lower;
use super::memory::Step;
use super::wait;
use crate::host::{self, Given};
use crate::program::{Place, View};
use crate::{Error, Result};

/// Multiplications with sums of one submission: a twentieth of a second on a fast device, a second on
/// a slow one (guess).
const WORK: u64 = 1 << 36;

impl Generator {
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
                // Browsers may say only after this that the device was lost.
                self.device.guarded(|| ()).await?;
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

    /// What a run leaves that is dropped while it waits.
    #[cfg(test)]
    pub(super) async fn map_and_forget(&self) {
        if let Some(loaded) = &self.loaded {
            loaded.mapped.set(true);
            loaded.buffers.readbacks[0].map_async(wgpu::MapMode::Read, .., |_| {});
        }
    }

    fn slot(&self, view: &View) -> Option<usize> {
        match view.place {
            Place::Buffer(buffer) => self.program.slots.get(buffer.0).copied(),
            Place::Pack(_) => None,
        }
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

/// Whether a view is all that its pixels hold.
fn alone(view: &View) -> bool {
    view.channel_offset == 0
        && view.pixel_stride == view.channels
        && view.len() == view.height * view.width * view.channels
}
