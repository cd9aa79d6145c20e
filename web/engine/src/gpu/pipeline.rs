//! Kernels, compiled.

use super::Device;
use super::kernel::{Access, Kernel};
use crate::Result;

/// A compiled kernel.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// It.
    pub pipeline: wgpu::ComputePipeline,
    /// What its bind groups are made for.
    pub layout: wgpu::BindGroupLayout,
}

impl Device {
    /// Whether a kernel is compiled already.
    pub(super) fn has(&self, kernel: &Kernel) -> bool {
        self.pipelines.borrow().contains_key(kernel)
    }

    /// A kernel's pipeline; compiles it if nobody has.
    ///
    /// # Errors
    ///
    /// [`Error::Device`](crate::Error::Device) if the device does not take it, or what ended the device.
    pub(super) async fn pipeline(&self, kernel: &Kernel) -> Result<Pipeline> {
        if let Some(pipeline) = self.pipelines.borrow().get(kernel) {
            return Ok(pipeline.clone());
        }
        let compile = || compile(&self.handle, &kernel.access(), kernel.code());
        let pipeline = self.guarded(compile).await?;
        let mut pipelines = self.pipelines.borrow_mut();
        pipelines.insert(kernel.clone(), pipeline.clone());
        Ok(pipeline)
    }
}

/// Compiles code whose first binding is uniform, the others storage.
pub(super) fn compile(device: &wgpu::Device, access: &[Access], code: String) -> Pipeline {
    let entry = |binding: usize, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    };
    let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform)];
    for (place, access) in access.iter().enumerate() {
        let read_only = *access == Access::Read;
        entries.push(entry(
            place + 1,
            wgpu::BufferBindingType::Storage { read_only },
        ));
    }
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(code.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            // Kernels write what they read later.
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    });
    Pipeline { pipeline, layout }
}
