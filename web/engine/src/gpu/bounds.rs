//! What a device allows.

/// Limits of a device, as far as programs meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the largest buffer.
    pub buffer: u64,
    /// Bytes of a buffer that a kernel can see at once.
    pub binding: u64,
    /// What they begin at a multiple of.
    pub alignment: u64,
    /// Storage buffers that a kernel can see.
    pub storage_buffers: u32,
    /// Bytes of workgroup memory.
    pub group_memory: u32,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Workgroups of a dispatch along each axis.
    pub groups: u32,
}

impl From<&wgpu::Limits> for Bounds {
    fn from(limits: &wgpu::Limits) -> Self {
        Self {
            buffer: limits.max_buffer_size,
            // Indices of numbers are 32 bits wide.
            binding: limits.max_storage_buffer_binding_size.min(1 << 33),
            alignment: u64::from(limits.min_storage_buffer_offset_alignment.max(16)),
            storage_buffers: limits.max_storage_buffers_per_shader_stage,
            group_memory: limits.max_compute_workgroup_storage_size,
            invocations: limits.max_compute_invocations_per_workgroup,
            groups: limits.max_compute_workgroups_per_dimension,
        }
    }
}

impl Default for Bounds {
    /// What every WebGPU device allows.
    fn default() -> Self {
        Self {
            buffer: 256 << 20,
            binding: 128 << 20,
            alignment: 256,
            storage_buffers: 8,
            group_memory: 16384,
            invocations: 256,
            groups: 65535,
        }
    }
}
