//! A program on a device.

use std::cell::Cell;
use std::collections::BTreeSet;

use underpaint_plan::{Plan, WeightSource};

use super::Device;
use super::constants::{Constants, Uploader};
use super::fit::Needs;
use super::kernel::Kernel;
use super::lower::lower;
use super::memory::{Buffers, Step};
use crate::Result;
use crate::host;
use crate::identity::{Identity, identities};
use crate::program::{Output, Program};
use crate::sizes::numbers;

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
    pub(super) device: Device,
    pub(super) program: Program,
    pub(super) packs: Vec<Constants>,
    /// What each of those is made of.
    identities: Vec<Identity>,
    /// None after a failure to replace.
    pub(super) loaded: Option<Loaded>,
    /// Of the last run, as they lie in memory.
    pub(super) outputs: Vec<Vec<f32>>,
}

#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) buffers: Buffers,
    pub(super) steps: Vec<Step>,
    /// Whether somebody gave up waiting for a picture: outputs are mapped still.
    pub(super) mapped: Cell<bool>,
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
    ///
    /// [`Error::TooLarge`]: crate::Error::TooLarge
    /// [`Error::OutOfMemory`]: crate::Error::OutOfMemory
    /// [`Error::Device`]: crate::Error::Device
    /// [`Error::Lost`]: crate::Error::Lost
    /// [`Error::Plan`]: crate::Error::Plan
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
    /// [`Error::Plan`](crate::Error::Plan) if it differs in more than that, or what the device says.
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

fn bytes_of([matrix, bias]: [usize; 2]) -> u64 {
    4 * (matrix + bias) as u64
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
