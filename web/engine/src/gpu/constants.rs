//! Packs on the device.

use half::f16;
use underpaint_plan::{Plan, WeightSource};

use super::Device;
use crate::pack::{Packed, pack};
use crate::program::Packing;
use crate::{Error, Result};

/// A pack's buffers.
#[derive(Debug, Clone)]
pub struct Constants {
    /// Matrices, one after the other; vectors and planes as they are.
    pub weights: wgpu::Buffer,
    /// What is added, where a pack has that.
    pub bias: Option<wgpu::Buffer>,
    /// Whether the matrices are f16.
    pub half: bool,
}

/// Bytes that are uploaded before the device is waited for, so that copies of them are let go.
const FLIGHT: u64 = 32 << 20;
/// Numbers that are turned into bytes at once.
pub const PIECE: usize = 1 << 18;

/// Uploads packs, one at a time.
pub struct Uploader<'a> {
    device: &'a Device,
    in_flight: u64,
}

impl<'a> Uploader<'a> {
    /// For a device.
    pub const fn new(device: &'a Device) -> Self {
        Self {
            device,
            in_flight: 0,
        }
    }

    /// Makes a pack's numbers and uploads them. Matrices become f16 where that changes no number.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] if a tensor is missing, or what the device says.
    pub async fn upload(
        &mut self,
        packing: &Packing,
        plan: &Plan,
        source: &dyn WeightSource,
    ) -> Result<Constants> {
        let Packed { matrices, bias, .. } = pack(packing, plan, source)?;
        let half = has_matrices(packing) && matrices.iter().all(|matrix| exact(matrix));
        let numbers: usize = matrices.iter().map(Vec::len).sum();
        let weights = self.buffer(numbers * if half { 2 } else { 4 }).await?;
        let mut at = 0;
        for matrix in matrices {
            for piece in matrix.chunks(PIECE) {
                let bytes = if half { halves(piece) } else { floats(piece) };
                self.write(&weights, at, &bytes).await?;
                at += bytes.len() as u64;
            }
        }
        let bias = if bias.is_empty() {
            None
        } else {
            let buffer = self.buffer(bias.len() * 4).await?;
            self.write(&buffer, 0, &floats(&bias)).await?;
            Some(buffer)
        };
        Ok(Constants {
            weights,
            bias,
            half,
        })
    }

    /// Waits for what was uploaded.
    pub async fn finish(self) -> Result<()> {
        self.device.queue.submit([]);
        self.device.done().await
    }

    async fn buffer(&self, bytes: usize) -> Result<wgpu::Buffer> {
        let bytes = bytes.max(16).next_multiple_of(16) as u64;
        let largest = self.device.bounds.binding.min(self.device.bounds.buffer);
        if bytes > largest {
            return Err(Error::TooLarge {
                what: "the weights of one layer".into(),
                needed: bytes,
                available: largest,
            });
        }
        let create = || {
            self.device.handle.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        self.device.guarded(create).await
    }

    async fn write(&mut self, buffer: &wgpu::Buffer, at: u64, bytes: &[u8]) -> Result<()> {
        self.device.queue.write_buffer(buffer, at, bytes);
        self.in_flight += bytes.len() as u64;
        if self.in_flight >= FLIGHT {
            self.in_flight = 0;
            self.device.queue.submit([]);
            self.device.done().await?;
        }
        Ok(())
    }
}

const fn has_matrices(packing: &Packing) -> bool {
    matches!(
        packing,
        Packing::Kernel { .. } | Packing::LabelKernel { .. } | Packing::Matrix { .. }
    )
}

/// Whether every number is an f16.
fn exact(numbers: &[f32]) -> bool {
    let exact = |number: &f32| {
        // Most others have more digits.
        number.to_bits() & 0xfff == 0
            && f16::from_f32(*number).to_f32().to_bits() == number.to_bits()
    };
    numbers.iter().all(exact)
}

/// Numbers as a device stores them.
pub fn floats(numbers: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

fn halves(numbers: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 2);
    for &number in numbers {
        bytes.extend(f16::from_f32(number).to_le_bytes());
    }
    bytes
}
