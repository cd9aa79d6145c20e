//! `cargo xtask test` (also `ci`): everything CI runs, cheapest first.
//!
//! Everything is built in the release profile, and lints and documentation share one set of checked
//! dependencies, so that burn, which takes minutes, is compiled once for each target and feature
//! set.

use std::process::Command;

use anyhow::Result;

use crate::libtorch;
use crate::process;
use crate::project::Project;
use crate::stages::{Outcome, Stages};
use crate::wasm;

/// What is built with libtorch, in the order in which it runs.
const LIBTORCH_STAGES: [(&str, &str); 2] = [
    (
        "lints, libtorch",
        "clippy --release -p underpaint --features tch -- -D warnings",
    ),
    (
        "tests, libtorch",
        "test --release -p underpaint-tests --features tch",
    ),
];

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Leave out the build and the tests with libtorch (no download of 900 MB)
    #[arg(long)]
    no_libtorch: bool,
    /// Only formatting, native lints and the default tests
    #[arg(long)]
    quick: bool,
}

/// Runs the stages up to the first that fails.
///
/// # Errors
/// The failing stage's.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let cargo = |words: &str| {
        let mut command = project.cargo();
        command.args(words.split_whitespace());
        command
    };
    let mut stages = Stages::default();
    stages.add("formatting", || {
        process::run(&mut cargo("fmt --all --check"))
    });
    if !args.quick {
        stages.add_optional("spelling", || TYPOS.run(project));
        stages.add_optional("licences and sources of dependencies", || DENY.run(project));
        stages.add("lints, xtask", || {
            process::run(&mut cargo(
                "clippy --release -p xtask --all-targets -- -D warnings",
            ))
        });
        stages.add("tests, xtask", || {
            process::run(&mut cargo("test --release -p xtask"))
        });
    }
    stages.add("lints, native", || {
        process::run(&mut cargo("clippy --release --all-targets -- -D warnings"))
    });
    if !args.quick {
        stages.add("lints, wasm32", || {
            let words =
                "clippy --release --lib -p underpaint-core -p underpaint-web -- -D warnings";
            process::run(wasm::for_wasm32(&mut cargo(words)))
        });
        stages.add("documentation", || {
            process::run(cargo("doc --release --no-deps").env("RUSTDOCFLAGS", "-D warnings"))
        });
    }
    stages.add("tests, default features", || {
        process::run(&mut cargo("test --release"))
    });
    if !args.quick {
        for (title, words) in LIBTORCH_STAGES {
            stages.add_optional(title, || {
                if args.no_libtorch {
                    return Ok(Outcome::Skipped("--no-libtorch".into()));
                }
                let libtorch = libtorch::set_up(project)?;
                process::run(libtorch.apply_to(&mut cargo(words))).map(|()| Outcome::Passed)
            });
        }
    }
    stages.run()
}

/// A checking tool that is worth having, but not worth minutes of building where it is missing.
struct Tool {
    program: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
}

const TYPOS: Tool = Tool {
    program: "typos",
    package: "typos-cli",
    arguments: &[],
};

/// Without its check for advisories, which has to reach github.com: `cargo deny check advisories`.
const DENY: Tool = Tool {
    program: "cargo-deny",
    package: "cargo-deny",
    arguments: &["check", "bans", "licenses", "sources"],
};

impl Tool {
    fn run(&self, project: &Project) -> Result<Outcome> {
        if !process::is_installed(self.program) {
            let Self {
                program, package, ..
            } = self;
            return Ok(Outcome::Skipped(format!(
                "{program} is not installed (cargo install --locked {package})"
            )));
        }
        let mut command = Command::new(self.program);
        command.args(self.arguments).current_dir(&project.root);
        process::run(&mut command).map(|()| Outcome::Passed)
    }
}
