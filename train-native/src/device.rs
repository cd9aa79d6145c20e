//! The only place that names devices.
//!
//! A device is chosen by name at run time and never by `Device::default()`, which changes with the
//! features compiled in.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, bail};
use burn::tensor::Device;
use underpaint_core::ops::Precision;

/// Name of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceName {
    /// burn's pure Rust backend, always there.
    #[default]
    Cpu,
    /// libtorch on the CPU (feature `tch`).
    LibtorchCpu,
    /// libtorch on a CUDA GPU (feature `tch`, and a libtorch with CUDA).
    LibtorchCuda(usize),
    /// libtorch on an Apple GPU (feature `tch`).
    LibtorchMps,
    /// An Ascend NPU (feature `tch`, Linux, and Ascend's software: docs/npu.md), by its number among those
    /// that this process sees; a process uses one.
    Npu(usize),
    /// The best GPU that Vulkan, Metal or DirectX 12 offers (feature `wgpu`).
    Wgpu,
    /// A CUDA GPU through burn's own kernels (feature `cuda`).
    Cuda(usize),
}

impl DeviceName {
    /// The device of a process among several of its machine: each takes a GPU of its own, from the named
    /// one on.
    #[must_use]
    pub fn of_local_rank(self, local_rank: usize) -> Self {
        match self {
            Self::LibtorchCuda(first) => Self::LibtorchCuda(first + local_rank),
            Self::Npu(first) => Self::Npu(first + local_rank),
            Self::Cuda(first) => Self::Cuda(first + local_rank),
            other => other,
        }
    }

    /// Whether libtorch computes there.
    #[must_use]
    pub fn is_libtorch(self) -> bool {
        !matches!(self, Self::Cpu | Self::Wgpu | Self::Cuda(_))
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::LibtorchCpu => f.write_str("libtorch-cpu"),
            Self::LibtorchCuda(index) => write!(f, "libtorch-cuda:{index}"),
            Self::LibtorchMps => f.write_str("libtorch-mps"),
            Self::Npu(index) => write!(f, "npu:{index}"),
            Self::Wgpu => f.write_str("wgpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "expected cpu, libtorch-cpu, libtorch-cuda:N, libtorch-mps, npu:N, wgpu or cuda:N, \
                 found {text:?}"
            )
        };
        let (name, index) = match text.split_once(':') {
            Some((name, index)) => (name, Some(index.parse::<usize>().map_err(|_| unknown())?)),
            None => (text, None),
        };
        match (name, index) {
            ("cpu", None) => Ok(Self::Cpu),
            ("libtorch-cpu", None) => Ok(Self::LibtorchCpu),
            ("libtorch-cuda", index) => Ok(Self::LibtorchCuda(index.unwrap_or(0))),
            ("libtorch-mps", None) => Ok(Self::LibtorchMps),
            ("npu", index) => Ok(Self::Npu(index.unwrap_or(0))),
            ("wgpu", None) => Ok(Self::Wgpu),
            ("cuda", index) => Ok(Self::Cuda(index.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

/// The Cargo feature that a device needs and this build lacks.
fn missing_feature(name: DeviceName) -> Option<&'static str> {
    match name {
        DeviceName::Cpu => None,
        DeviceName::LibtorchCpu
        | DeviceName::LibtorchCuda(_)
        | DeviceName::LibtorchMps
        | DeviceName::Npu(_) => (!cfg!(feature = "tch")).then_some("tch"),
        DeviceName::Wgpu => (!cfg!(feature = "wgpu")).then_some("wgpu"),
        DeviceName::Cuda(_) => (!cfg!(feature = "cuda")).then_some("cuda"),
    }
}

/// Checks that networks can compute in `precision` on a device.
///
/// # Errors
///
/// Naming both, if they cannot.
pub fn check_precision(precision: Precision, name: DeviceName) -> Result<()> {
    if precision != Precision::F32 && !name.is_libtorch() {
        bail!(
            "--precision {precision}: device {name} computes in f32; expected one of libtorch's \
             devices, such as libtorch-cuda:0"
        );
    }
    Ok(())
}

/// Opens a device.
///
/// # Errors
///
/// If it was not compiled in, naming the Cargo feature, or if the machine does not have it, naming
/// the driver or library.
pub fn open(name: DeviceName) -> Result<Device> {
    if let Some(feature) = missing_feature(name) {
        let set_up = match feature {
            "tch" => " with libtorch set up: eval \"$(cargo xtask libtorch --print-env)\"",
            _ => "",
        };
        bail!(
            "device {name} is not in this build: build with --features {feature}{set_up}; \
             `underpaint devices` lists what is there"
        );
    }
    backends::open(name)
}

/// Lets libtorch compute with that many threads on the CPU; does nothing without it.
pub fn set_threads(count: usize) {
    #[cfg(feature = "tch")]
    tch::set_num_threads(i32::try_from(count).unwrap_or(i32::MAX));
    #[cfg(not(feature = "tch"))]
    let _ = count;
}

/// Largest number of bytes that tensors took at one time, on devices whose allocators count it.
pub fn peak_memory(name: DeviceName) -> Option<u64> {
    #[cfg(feature = "tch")]
    {
        use underpaint_torch::memory::{Accelerator, device_peak};
        match name {
            DeviceName::LibtorchCuda(index) => device_peak(Accelerator::Cuda(index)),
            DeviceName::Npu(index) => device_peak(Accelerator::Npu(index)),
            _ => None,
        }
    }
    #[cfg(not(feature = "tch"))]
    {
        let _ = name;
        None
    }
}

/// One line of `underpaint devices`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceStatus {
    /// Name to give to `--device`.
    pub name: DeviceName,
    /// Why it cannot be used; `None` if it can.
    pub problem: Option<String>,
}

/// Every kind of device, and whether it can be used here.
pub fn list() -> Vec<DeviceStatus> {
    let mut names = vec![DeviceName::Cpu, DeviceName::LibtorchCpu];
    names.extend((0..backends::libtorch_gpus().max(1)).map(DeviceName::LibtorchCuda));
    names.push(DeviceName::LibtorchMps);
    let npus = backends::npus();
    names.extend((0..npus.max(1)).map(DeviceName::Npu));
    names.extend([DeviceName::Wgpu, DeviceName::Cuda(0)]);
    let status = |name| DeviceStatus {
        name,
        problem: match name {
            // A process opens one of them, which leaves the others as good as they were counted.
            DeviceName::Npu(index) if (1..npus).contains(&index) => None,
            _ => open(name).err().map(|error| format!("{error:#}")),
        },
    };
    names.into_iter().map(status).collect()
}

#[allow(
    deprecated,
    reason = "burn-tch is what burn is pinned for: DECISIONS.md, 1"
)]
mod backends {
    use super::{Device, DeviceName, Result};
    #[cfg(feature = "tch")]
    use anyhow::Context;
    #[cfg(any(feature = "tch", feature = "wgpu", feature = "cuda"))]
    use anyhow::bail;

    pub(super) fn open(name: DeviceName) -> Result<Device> {
        match name {
            DeviceName::Cpu => Ok(Device::flex()),
            #[cfg(feature = "tch")]
            DeviceName::LibtorchCpu => Ok(burn_tch::LibTorchDevice::Cpu.into()),
            #[cfg(feature = "tch")]
            DeviceName::LibtorchCuda(index) => libtorch_cuda(index),
            #[cfg(feature = "tch")]
            DeviceName::LibtorchMps => {
                if !tch::utils::has_mps() {
                    bail!(
                        "device libtorch-mps: this libtorch has no Metal support (macOS on Apple silicon has)"
                    );
                }
                Ok(burn_tch::LibTorchDevice::Mps.into())
            }
            // burn and tch know no such device; the linker makes tch's Vulkan mean it.
            #[cfg(feature = "tch")]
            DeviceName::Npu(index) => {
                underpaint_torch::npu::start(index)
                    .with_context(|| format!("device npu:{index}"))?;
                Ok(burn_tch::LibTorchDevice::Vulkan.into())
            }
            #[cfg(feature = "wgpu")]
            DeviceName::Wgpu => {
                present(
                    burn::tensor::DeviceType::Wgpu,
                    0,
                    "a GPU driver for Vulkan, Metal or DirectX 12",
                )?;
                Ok(Device::wgpu(Default::default()))
            }
            #[cfg(feature = "cuda")]
            DeviceName::Cuda(index) => {
                present(
                    burn::tensor::DeviceType::Cuda,
                    index,
                    "the NVIDIA driver and CUDA toolkit",
                )?;
                Ok(Device::cuda(index))
            }
            #[cfg(not(all(feature = "tch", feature = "wgpu", feature = "cuda")))]
            other => anyhow::bail!("device {other} is not in this build"),
        }
    }

    #[cfg(feature = "tch")]
    pub(super) fn libtorch_gpus() -> usize {
        usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
    }

    #[cfg(not(feature = "tch"))]
    pub(super) fn libtorch_gpus() -> usize {
        0
    }

    #[cfg(feature = "tch")]
    pub(super) fn npus() -> usize {
        underpaint_torch::npu::count().unwrap_or(0)
    }

    #[cfg(not(feature = "tch"))]
    pub(super) fn npus() -> usize {
        0
    }

    #[cfg(feature = "tch")]
    fn libtorch_cuda(index: usize) -> Result<Device> {
        if !tch::utils::has_cuda() {
            bail!(
                "device libtorch-cuda:{index}: no CUDA in the libtorch at LIBTORCH, or no NVIDIA driver; \
                 `cargo xtask libtorch` sets up the CPU parts only: point LIBTORCH at a full libtorch 2.9"
            );
        }
        let found = libtorch_gpus();
        if index >= found {
            bail!(
                "device libtorch-cuda:{index}: this machine has {found} CUDA GPUs, numbered from 0"
            );
        }
        Ok(burn_tch::LibTorchDevice::Cuda(index).into())
    }

    /// Whether a runtime finds its device. cubecl panics when a driver is missing; that panic ends
    /// here, as the error it should have been.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    fn present(kind: burn::tensor::DeviceType, index: usize, needs: &str) -> Result<()> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let found = std::panic::catch_unwind(|| Device::enumerate(kind).iter().count());
        std::panic::set_hook(hook);
        match found {
            Ok(count) if index < count => Ok(()),
            _ => bail!("no such device on this machine: it needs {needs}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_round_trip_and_nonsense_does_not_parse() {
        for name in [
            "cpu",
            "libtorch-cpu",
            "libtorch-cuda:1",
            "libtorch-mps",
            "npu:7",
            "wgpu",
            "cuda:0",
        ] {
            assert_eq!(name.parse::<DeviceName>().expect(name).to_string(), name);
        }
        for name in ["gpu", "cpu:1", "cuda:x", "npu:", ""] {
            assert!(name.parse::<DeviceName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_cpu_is_always_there_and_a_missing_feature_is_named() {
        assert!(open(DeviceName::Cpu).is_ok());
        if !cfg!(feature = "cuda") {
            let error = open(DeviceName::Cuda(0))
                .expect_err("not compiled in")
                .to_string();
            assert!(error.contains("--features cuda"), "{error}");
        }
    }
}
