//! Flags of the originals that mean nothing here: accepted, so that scripts run, and never in silence.

mod pgan;
mod pix2pix;
mod pix2pixhd;
mod spade;

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

pub(super) use pgan::FLAGS as PGAN;
pub(super) use pix2pix::FLAGS as PIX2PIX;
pub(super) use pix2pixhd::FLAGS as PIX2PIXHD;
pub(super) use spade::FLAGS as SPADE;

/// Why flags that choose a device do nothing.
const DEVICE: &str = "--device says where to train";
/// Why flags of distributed training do nothing.
const ONE_DEVICE: &str = "`underpaint launch --nproc N` says on how many devices a run trains";
/// Why flags of pages and displays do nothing.
const PAGE: &str = "the page, the plot and TensorBoard events are always written";
/// Why flags of the terminal's log do nothing.
const LOG: &str = "the progress line shows every step, losses.csv keeps every one";
/// Why flags that choose an epoch to go on from do nothing.
const RESUME: &str =
    "train --resume RUN goes on from the newest checkpoint, with its epoch and rates";
/// Why saving by epochs does nothing.
const EPOCHS: &str = "--save-every says when to save, in steps";
/// Why folders of single outputs do nothing.
const ONE_FOLDER: &str = "everything of a run lies in its --output";
/// Why compiled graphs and number formats do nothing.
const ASCEND: &str = "it is of MindSpore and Ascend only";
/// Why loss scales do nothing.
const PRECISION: &str = "training is in 32 bits, which needs no loss scale";
/// Why settings files of other formats do nothing.
const SETTINGS: &str =
    "--config takes a TOML file under the names of the flags; presets hold the scripts' settings";
/// Why flags of tests do nothing in training.
const TESTING: &str = "generate and evaluate test a run";
/// Why zero padding cannot be chosen.
const PADDING: &str = "padding is the original PyTorch code's";

/// A flag that does nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// As the original spells it, without dashes.
    pub name: &'static str,
    /// Why it does nothing.
    pub why: &'static str,
}

impl Foreign {
    /// A flag with the reason why it does nothing.
    pub const fn new(name: &'static str, why: &'static str) -> Self {
        Self { name, why }
    }

    fn arg(&self) -> Arg {
        Arg::new(self.name)
            .long(self.name)
            .hide(true)
            .num_args(0..)
            .allow_negative_numbers(true)
            .action(ArgAction::Append)
            .value_parser(ValueParser::string())
    }
}

/// Lets a command take the flags, with any values.
pub(super) fn add(command: Command, flags: &[Foreign]) -> Command {
    flags
        .iter()
        .fold(command, |command, flag| command.arg(flag.arg()))
}

/// A line for every flag that was given.
pub(super) fn notices(matches: &ArgMatches, flags: &[Foreign]) -> Vec<String> {
    let given = |flag: &&Foreign| matches.value_source(flag.name) == Some(ValueSource::CommandLine);
    let line = |flag: &Foreign| format!("--{} does nothing: {}", flag.name, flag.why);
    flags.iter().filter(given).map(line).collect()
}
