//! Runs programs on the CPU, on one thread, four numbers at a time.
//!
//! # Reading order
//!
//! 1. [`Generator`]: weights, memory, a run.
//! 2. `room`, `memory`, `plane`, `simd`: where numbers are, and what a register holds.
//! 3. `gemm`, `convolution`, `winograd`: where the time goes.
//! 4. `labels`, `linear`, `reduce`, `apply`, `border`: the other operations.

mod apply;
mod border;
mod convolution;
mod fit;
mod gemm;
mod labels;
mod linear;
mod memory;
mod plane;
mod pointwise;
mod reduce;
mod room;
mod run;
mod simd;
#[cfg(test)]
mod tests;
mod winograd;

pub use fit::{BYTES_AVAILABLE, bytes_needed};

use std::collections::BTreeMap;

use underpaint_plan::{Plan, Tensor, WeightSource};

use crate::host::{self, Given};
use crate::identity::{Identity, identities};
use crate::program::{Output, PackId, Program};
use crate::{Error, Result};
use memory::Memory;
use room::Pack;

/// A program with its weights and its memory.
#[derive(Debug)]
pub struct Generator {
    program: Program,
    packs: Vec<Pack>,
    /// What each of those is made of.
    identities: Vec<Identity>,
    memory: Vec<Memory>,
    labels: Vec<Vec<u32>>,
}

impl Generator {
    /// Packs a program's weights, one at a time, and makes room for its planes. Both come from the
    /// same plan.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if a tensor is missing or of another shape, [`Error::OutOfMemory`].
    pub fn new(program: Program, plan: &Plan, source: &dyn WeightSource) -> Result<Self> {
        let mut generator = Self {
            program,
            packs: Vec::new(),
            identities: Vec::new(),
            memory: Vec::new(),
            labels: Vec::new(),
        };
        generator.fill(plan, source)?;
        Ok(generator)
    }

    /// The same network for another size of picture: weights that are packed in the same way are not
    /// read again. After an error it can only be replaced again.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn replace(
        &mut self,
        program: Program,
        plan: &Plan,
        source: &dyn WeightSource,
    ) -> Result<()> {
        self.program = program;
        self.fill(plan, source)
    }

    fn fill(&mut self, plan: &Plan, source: &dyn WeightSource) -> Result<()> {
        // Before anything new needs room.
        self.memory.clear();
        self.labels.clear();
        let old = std::mem::take(&mut self.identities);
        let packs = std::mem::take(&mut self.packs);
        let mut old: Vec<_> = old.into_iter().zip(packs).collect();
        let new = identities(&self.program.packs, plan);
        old.retain(|(identity, _)| new.contains(identity));
        for (place, identity) in new.into_iter().enumerate() {
            let pack = PackId(place);
            let place = old.iter().position(|(known, _)| *known == identity);
            self.packs.push(match place {
                Some(place) => old.swap_remove(place).1,
                None => Pack::of(&self.program, pack, plan, source)?,
            });
            self.identities.push(identity);
        }
        let sizes = self.program.slot_sizes.iter();
        self.memory = sizes
            .map(|&size| Memory::zeros(size))
            .collect::<Result<_>>()?;
        Ok(())
    }

    /// Takes the constants of a plan that differs from the one before in nothing but numbers that the
    /// network made itself, such as dropout masks of another seed.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if it differs in more than that; nothing is changed then.
    pub fn update_constants(&mut self, plan: &Plan) -> Result<()> {
        let none: BTreeMap<String, Tensor> = BTreeMap::new();
        let new = identities(&self.program.packs, plan);
        let mut changed = Vec::new();
        for (place, identity) in new.iter().enumerate() {
            if *identity != self.identities[place] {
                let pack = Pack::of(&self.program, PackId(place), plan, &none)?;
                changed.push((place, pack));
            }
        }
        for (place, pack) in changed {
            self.packs[place] = pack;
        }
        self.identities = new;
        Ok(())
    }

    /// Runs the program.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if the inputs are not what the program takes, [`Error::OutOfMemory`], also if
    /// [`replace`](Self::replace) failed before.
    pub fn run(&mut self, inputs: &[Given<'_>]) -> Result<()> {
        if self.memory.len() != self.program.slot_sizes.len() {
            let message = "expected a generator, found one that could not be replaced";
            return Err(Error::OutOfMemory(message.into()));
        }
        host::check(&self.program, inputs)?;
        self.take_inputs(inputs)?;
        for place in 0..self.program.operations.len() {
            self.step(place)?;
        }
        Ok(())
    }

    /// The program that it runs.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// An output as planes, `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If the program has no such output.
    #[must_use]
    pub fn planes(&self, output: usize) -> Vec<f32> {
        let (output, numbers) = self.output(output);
        host::planes_of(output, numbers)
    }

    /// An output in `[-1, 1]` as RGBA, `[height, width, 4]`.
    ///
    /// # Panics
    ///
    /// If the program has no such output.
    #[must_use]
    pub fn rgba(&self, output: usize) -> Vec<u8> {
        let (output, numbers) = self.output(output);
        host::rgba_of(output, numbers)
    }

    /// What an output is, and its numbers as they lie in memory.
    ///
    /// # Panics
    ///
    /// If the program has no such output.
    #[must_use]
    pub fn output(&self, output: usize) -> (&Output, &[f32]) {
        let output = &self.program.outputs[output];
        (output, self.memory[self.slot(output.view.place)].numbers())
    }
}
