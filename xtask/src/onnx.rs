//! ONNX Runtime, which runs the graphs that `underpaint export --format onnx` writes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::project::Project;
use crate::python;

/// What `tests/onnx/run.py` imports.
const PACKAGES: [&str; 4] = [
    "onnx==1.23.2",
    "onnxruntime==1.32.0",
    "numpy==2.4.6",
    "safetensors==0.8.0",
];

/// Where `tests/suite` looks for a Python with them.
const VARIABLE: &str = "UNDERPAINT_ONNX_PYTHON";

/// A Python with ONNX Runtime, made if it is not there yet (60 MB).
///
/// # Errors
/// When Python is missing, or PyPI cannot be reached.
pub fn set_up(project: &Project) -> Result<PathBuf> {
    python::environment(&project.cache.join("onnxruntime-1.32.0"), &PACKAGES)
}

/// Lets tests run graphs.
///
/// # Errors
/// As [`set_up`].
pub fn apply<'a>(project: &Project, tests: &'a mut Command) -> Result<&'a mut Command> {
    Ok(tests.env(VARIABLE, set_up(project)?))
}
