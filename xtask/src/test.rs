//! `cargo xtask test` (also `ci`): everything CI runs, cheapest first.
//!
//! burn takes minutes, so it is compiled as seldom as can be: checked once natively and once for
//! browsers, for lints and documentation; built once natively, with all devices, and once for browsers.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::chromium;
use crate::libtorch;
use crate::npm::Npm;
use crate::onnx;
use crate::other_browsers;
use crate::process;
use crate::project::Project;
use crate::references;
use crate::stages::{Outcome, Stages};
use crate::vulkan;
use crate::wasm::{self, Variant};

/// Of the default members with the default features, which is what people build first.
const NATIVE_LINTS: &str = "clippy --release --all-targets -- -D warnings";
/// With libtorch and wgpu: a device more is a feature more, and nothing else changes. So the default
/// features need no burn of their own, which takes minutes. Beside the default members that is the crate
/// of libtorch's C++, which is nothing without libtorch.
const TESTS: &str =
    "--workspace --exclude xtask --features underpaint-tests/tch,underpaint-tests/wgpu";
/// What every `cargo test` begins with. Our own crates need minutes at full optimisation, and what is
/// slow in tests is burn, which has it.
pub const LIGHT_TESTS: &str = "test --release \
    --config profile.release.package.underpaint.opt-level=1 \
    --config profile.release.package.underpaint-tests.opt-level=1";

/// A browser whose GPU process is stuck would never end.
const BROWSER_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Firefox and WebKit: four short tests.
const SMOKE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Args {
    /// Leave out the build and the tests with libtorch and wgpu (no download of 900 MB)
    #[arg(long)]
    no_libtorch: bool,
    /// Leave out the page: everything that needs Node.js or a browser
    #[arg(long)]
    no_www: bool,
    /// Only formatting, native lints and the default tests
    #[arg(long)]
    quick: bool,
}

/// Runs the stages up to the first that fails.
///
/// # Errors
/// The failing stage's.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let suite = Suite { project, args };
    let mut stages = Stages::default();
    suite.add_cargo(&mut stages, "formatting", "fmt --all --check");
    if args.quick {
        suite.add_cargo(&mut stages, "lints, native", NATIVE_LINTS);
        suite.add_cargo(&mut stages, "tests, default features", LIGHT_TESTS);
        return stages.run();
    }
    stages.add("references", || references::run(project));
    stages.add_optional("spelling", || TYPOS.run(project));
    stages.add_optional("licences and sources of dependencies", || DENY.run(project));
    suite.add_page(&mut stages);
    suite.add_rust(&mut stages);
    suite.add_tests(&mut stages);
    suite.add_browser(&mut stages);
    stages.run()
}

/// What stages are made from.
#[derive(Clone, Copy)]
struct Suite<'a> {
    project: &'a Project,
    args: &'a Args,
}

impl<'a> Suite<'a> {
    fn cargo(self, words: &str) -> Command {
        let mut command = self.project.cargo();
        command.args(words.split_whitespace());
        command
    }

    fn add_cargo(self, stages: &mut Stages<'a>, title: &str, words: &'a str) {
        stages.add(title, move || process::run(&mut self.cargo(words)));
    }

    /// Adds a stage that `--no-www` leaves out.
    fn add_www(
        self,
        stages: &mut Stages<'a>,
        title: &str,
        action: impl FnOnce(Npm) -> Result<()> + 'a,
    ) {
        stages.add_optional(title, move || {
            if self.args.no_www {
                return Ok(Outcome::Skipped("--no-www".into()));
            }
            action(Npm::find(self.project)?).map(|()| Outcome::Passed)
        });
    }

    /// What needs neither the module nor a browser.
    fn add_page(self, stages: &mut Stages<'a>) {
        self.add_www(stages, "types, www", |npm| {
            npm.install()?;
            process::run(&mut npm.script("check"))
        });
        self.add_www(stages, "tests, www", |npm| {
            process::run(&mut npm.script("test"))
        });
    }

    /// What is built with the default features.
    fn add_rust(self, stages: &mut Stages<'a>) {
        let words = "clippy --profile xtask -p xtask --all-targets -- -D warnings";
        self.add_cargo(stages, "lints, xtask", words);
        self.add_cargo(stages, "tests, xtask", "test --profile xtask -p xtask");
        self.add_cargo(stages, "lints, native", NATIVE_LINTS);
        stages.add("lints, wasm32", move || {
            let words =
                "clippy --release --lib -p underpaint-core -p underpaint-web -p underpaint-checkpoint -- -D warnings";
            process::run(Variant::Plain.apply_to(&mut self.cargo(words)))?;
            // Where code depends on the features: the kernels of the CPU path.
            let words = "clippy --release --lib -p underpaint-engine -- -D warnings";
            process::run(Variant::Relaxed.apply_to(&mut self.cargo(words)))
        });
        stages.add("documentation", move || {
            let mut doc = self.cargo("doc --release --no-deps");
            process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
        });
    }

    fn add_tests(self, stages: &mut Stages<'a>) {
        stages.add("Python with ONNX Runtime", move || {
            onnx::set_up(self.project).map(drop)
        });
        if self.args.no_libtorch {
            stages.add("tests, default features", move || {
                let mut tests = self.cargo(LIGHT_TESTS);
                process::run(onnx::apply(self.project, &mut tests)?)
            });
            return;
        }
        stages.add("libtorch and a Vulkan driver", move || {
            libtorch::set_up(self.project)?;
            vulkan::set_up()
        });
        stages.add("tests, with libtorch and wgpu", move || {
            let mut tests = self.cargo(LIGHT_TESTS);
            tests.args(TESTS.split_whitespace());
            onnx::apply(self.project, &mut tests)?;
            process::run(self.with_libtorch(&mut tests)?)
        });
    }

    /// Whatever is built with libtorch or starts a program that is, unless all is built without.
    fn with_libtorch(self, command: &mut Command) -> Result<&mut Command> {
        if self.args.no_libtorch {
            return Ok(command);
        }
        Ok(libtorch::set_up(self.project)?.apply_to(command))
    }

    /// The module, the page around it, and both in a browser, compared with the program that the
    /// tests have just built.
    fn add_browser(self, stages: &mut Stages<'a>) {
        self.add_www(stages, "WebAssembly module", move |npm| {
            wasm::build(self.project, &npm, &Variant::ALL, false)
        });
        self.add_www(stages, "studio and npm package", |npm| {
            process::run(&mut npm.script("build"))?;
            process::run(&mut npm.script("build:lib"))
        });
        self.add_www(stages, "tests in Chromium", move |npm| {
            let program = self.project.program("underpaint-under-test");
            let mut tests = npm.script("test:browser");
            tests
                .env("UNDERPAINT_BIN", program)
                .env(chromium::VARIABLE, chromium::set_up()?);
            process::run_within(BROWSER_LIMIT, self.with_libtorch(&mut tests)?)
        });
        stages.add_optional("tests in Firefox and WebKit", move || self.smoke());
    }

    /// Not worth a failure where these browsers cannot be had: Chromium has run everything.
    fn smoke(self) -> Result<Outcome> {
        if self.args.no_www {
            return Ok(Outcome::Skipped("--no-www".into()));
        }
        if let Err(error) = other_browsers::set_up() {
            return Ok(Outcome::Skipped(format!("{error:#}")));
        }
        let mut tests = Npm::find(self.project)?.script("test:smoke");
        process::run_within(SMOKE_LIMIT, &mut tests).map(|()| Outcome::Passed)
    }
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
