//! What operations read: pieces of memory and constants.

use super::convolution::Kernel;
use super::labels::LabelKernel;
use super::linear::Matrix;
use super::memory::Memory;
use super::simd::Quad;
use super::winograd;
use crate::Result;
use crate::pack::pack;
use crate::program::{BufferId, PackId, Packing, Place, Program, Vector};
use underpaint_plan::{Plan, WeightSource};

/// Constants as the kernels of this engine read them.
#[derive(Debug)]
pub enum Pack {
    /// Of a convolution.
    Kernel(Kernel),
    /// Of a convolution 3x3 of many channels.
    Winograd(winograd::Kernel),
    /// Of a label convolution.
    LabelKernel(LabelKernel),
    /// Of a linear operation.
    Matrix(Matrix),
    /// A vector or a plane.
    Numbers(Memory),
}

impl Pack {
    /// Makes the numbers of a program's packing.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`](crate::Error::Plan) if a tensor is missing or of another shape,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn of(
        program: &Program,
        place: PackId,
        plan: &Plan,
        source: &dyn WeightSource,
    ) -> Result<Self> {
        let packing = &program.packs[place.0];
        let packed = pack(packing, plan, source)?;
        Ok(match packing {
            Packing::Kernel { .. } if winograd::suits(program, place) => {
                Self::Winograd(winograd::Kernel::of(&packed)?)
            }
            Packing::Kernel { .. } => Self::Kernel(Kernel::of(packed)?),
            Packing::LabelKernel { codes, .. } => {
                Self::LabelKernel(LabelKernel::of(&packed, *codes)?)
            }
            Packing::Matrix { .. } => Self::Matrix(Matrix::of(&packed)?),
            Packing::Affine { .. } | Packing::Plane { .. } => {
                Self::Numbers(Memory::of(&packed.matrices[0])?)
            }
        })
    }
}

/// Everything that an operation may read.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// For each buffer its piece of memory.
    pub slots: &'a [usize],
    /// The pieces of memory.
    pub memory: &'a [Memory],
    /// The constants.
    pub packs: &'a [Pack],
}

impl<'a> Room<'a> {
    /// A buffer, which may be longer than what is in it.
    pub fn buffer(&self, buffer: BufferId) -> &'a [Quad] {
        self.memory[self.slots[buffer.0]].quads()
    }

    /// A constant.
    pub fn pack(&self, pack: PackId) -> &'a Pack {
        &self.packs[pack.0]
    }

    /// What a view is in.
    pub fn place(&self, place: Place) -> &'a [Quad] {
        match place {
            Place::Buffer(buffer) => self.buffer(buffer),
            Place::Pack(pack) => self.numbers(pack),
        }
    }

    /// Factors and summands.
    pub fn vector(&self, vector: Vector) -> &'a [Quad] {
        match vector {
            Vector::Buffer(buffer) => self.buffer(buffer),
            Vector::Pack(pack) => self.numbers(pack),
        }
    }

    /// A constant that is a vector or a plane.
    pub fn numbers(&self, pack: PackId) -> &'a [Quad] {
        match self.pack(pack) {
            Pack::Numbers(numbers) => numbers.quads(),
            _ => panic!("a program reads constants as what they are packed as"),
        }
    }
}
