//! `underpaint plan`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use underpaint_core::plan::generator;

use super::request::RequestArgs;
use crate::model::Model;

/// Flags of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Bundle or run
    #[arg(value_name = "BUNDLE|RUN")]
    model: PathBuf,
    #[command(flatten)]
    request: RequestArgs,
}

impl PlanArgs {
    /// Prints.
    pub fn run(self) -> Result<ExitCode> {
        let manifest = Model::open(&self.model)?.manifest;
        let request = self.request.request(&manifest)?;
        let plan = generator(&manifest, &request).with_context(|| manifest.name.clone())?;
        self.request.is_seeded(&manifest, &request, &plan)?;
        println!("{plan}");
        Ok(ExitCode::SUCCESS)
    }
}
