//! Tests that cross crates, in one binary.

mod cli;
#[cfg(all(feature = "tch", target_os = "linux"))]
mod npu_software;
