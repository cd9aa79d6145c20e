//! `cargo xtask fuzz`: damaged files of every format through everything that reads them, natively
//! (`tests/fuzz`) and in the page (`www/src/files/fuzz.test.ts`).

use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::npm::Npm;
use crate::process;
use crate::project::Project;
use crate::stages::Stages;
use crate::test::LIGHT_TESTS;

/// The page's formats; all others are native.
const IN_PAGE: [&str; 3] = ["share-link", "label-png", "page-manifest"];
/// What the names of the native tests begin with.
const PREFIX: &str = "fuzz::";
/// As many native formats are tried at a time, and share the minutes.
const AT_A_TIME: u64 = 2;

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// How long to go on [default: a fixed number of inputs, as in `cargo xtask test`]
    #[arg(long, value_name = "N", conflicts_with = "iteration")]
    minutes: Option<u64>,
    /// Which damage is done [default: another one each time with --minutes, else 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Only this format, such as png, pth or share-link; a name that is none gets the list
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Only this input of the seed, to repeat a finding
    #[arg(long, value_name = "N", requires = "format")]
    iteration: Option<u64>,
    /// Where to put inputs that broke something [default: fuzz/ in the target folder]
    #[arg(long, value_name = "DIR")]
    findings: Option<PathBuf>,
}

/// Runs both parts, as far as they are asked for.
///
/// # Errors
/// When something was found: what, where the input is, and how to repeat it.
pub fn run(project: &Project, args: &Args) -> Result<()> {
    let seed = args.seed.unwrap_or_else(|| match args.minutes {
        Some(_) => seed_of_today(),
        None => 1,
    });
    eprintln!("seed {seed}");
    let only = args.format.as_deref();
    let in_page = only.is_none_or(|name| IN_PAGE.contains(&name));
    let natively = only.is_none_or(|name| !IN_PAGE.contains(&name));
    let mut stages = Stages::default();
    if natively {
        stages.add("damaged files, natively", || native(project, args, seed));
    }
    if in_page {
        stages.add("damaged files, in the page", || page(project, args, seed));
    }
    stages.run()
}

fn native(project: &Project, args: &Args, seed: u64) -> Result<()> {
    let formats = match &args.format {
        Some(format) => vec![known(project, format)?],
        None => formats(project)?,
    };
    let findings = match &args.findings {
        Some(folder) => std::path::absolute(folder)?,
        None => project.target.join("fuzz"),
    };
    let mut tests = tests(project);
    tests.args(["--test-threads", &AT_A_TIME.to_string()]);
    if args.format.is_some() {
        tests.arg("--exact").args(&formats);
    }
    tests.env("UNDERPAINT_FUZZ_SEED", seed.to_string());
    tests.env("UNDERPAINT_FUZZ_FINDINGS", findings);
    let turns = (formats.len() as u64).div_ceil(AT_A_TIME);
    let seconds = args.minutes.map(|minutes| minutes * 60 / turns);
    set(&mut tests, "UNDERPAINT_FUZZ_SECONDS", seconds);
    set(&mut tests, "UNDERPAINT_FUZZ_ITERATION", args.iteration);
    process::run(&mut tests)
}

/// The test program as `cargo xtask test --no-libtorch` builds it.
fn tests(project: &Project) -> Command {
    let mut cargo = project.cargo();
    cargo.args(LIGHT_TESTS.split_whitespace());
    cargo.args(["--test", "fuzz", "--"]);
    cargo
}

/// The names of the native tests, one for each format.
fn formats(project: &Project) -> Result<Vec<String>> {
    let list = process::stdout_of(tests(project).arg("--list"))?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// The name of a format's test. A filter that fits no test would let it pass.
fn known(project: &Project, format: &str) -> Result<String> {
    let all = formats(project)?;
    let name = format!("{PREFIX}{format}");
    if all.contains(&name) {
        return Ok(name);
    }
    let native = all.iter().filter_map(|name| name.strip_prefix(PREFIX));
    let names: Vec<_> = native.chain(IN_PAGE).collect();
    bail!(
        "--format: expected one of {}, found {format}",
        names.join(", ")
    );
}

fn page(project: &Project, args: &Args, seed: u64) -> Result<()> {
    let npm = Npm::find(project)?;
    npm.install()?;
    let mut vitest = npm.script("test");
    vitest.args(["--", "src/files/fuzz.test.ts"]);
    if let Some(format) = &args.format {
        vitest.args(["-t", format]);
    }
    vitest.env("VITE_FUZZ_SEED", seed.to_string());
    set(
        &mut vitest,
        "VITE_FUZZ_SECONDS",
        args.minutes.map(|minutes| minutes * 20),
    );
    set(&mut vitest, "VITE_FUZZ_ITERATION", args.iteration);
    process::run(&mut vitest)
}

fn set(command: &mut Command, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        command.env(name, value.to_string());
    }
}

fn seed_of_today() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |since| since.as_secs())
}
