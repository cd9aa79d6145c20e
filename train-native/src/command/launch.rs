//! `underpaint launch`: the ranks of one machine.
//!
//! Starts as many processes as asked for, with the variables that `torchrun` sets, too, prints what they
//! say behind their number, and ends them all when one fails: with the run's own checkpoints, `--restarts`
//! goes on from there.

mod ranks;

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser};

use self::ranks::{Failure, Start, supervise};
use super::Cli;
use crate::config::CONFIG_FILE;

/// Flags of `launch`.
#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// Processes on this machine, one for each device
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    nproc: u16,
    /// Machines; every one runs this command, with the same --nproc
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    nodes: u16,
    /// Number of this machine, from 0
    #[arg(long, value_name = "R", default_value_t = 0)]
    rank: u16,
    /// Machine 0, as the others reach it, and a free port of it
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
    /// Go on from the last checkpoint so many times when a rank fails
    #[arg(long, value_name = "K", default_value_t = 0)]
    restarts: u32,
    /// train, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What is trained, and where it lies.
struct Run {
    folder: Option<PathBuf>,
    continues: bool,
}

impl LaunchArgs {
    /// Starts the ranks and waits for them.
    pub fn run(self) -> Result<ExitCode> {
        let run = self.check()?;
        let interrupts = count_interrupts();
        let mut command = self.command.clone();
        let mut restarts = 0;
        loop {
            let (host, port) = self.meeting_place()?;
            let start = Start {
                command: &command,
                first_rank: usize::from(self.rank) * usize::from(self.nproc),
                local_size: usize::from(self.nproc),
                size: usize::from(self.nodes) * usize::from(self.nproc),
                host: &host,
                port,
            };
            let Some(failure) = supervise(&start, &interrupts)? else {
                return Ok(ExitCode::SUCCESS);
            };
            if restarts == self.restarts || interrupts.load(Ordering::Relaxed) > 0 {
                return Err(self.give_up(&failure, &run));
            }
            restarts += 1;
            eprintln!(
                "launch: {failure}; starting again from the last checkpoint ({restarts} of {})",
                self.restarts
            );
            command = self.again(&run);
        }
    }

    fn check(&self) -> Result<Run> {
        let words = [OsString::from("underpaint")];
        let words = words.into_iter().chain(self.command.iter().cloned());
        let parsed = Cli::try_parse_from(words).unwrap_or_else(|error| error.exit());
        let Some(train) = parsed.into_train() else {
            let found = self.command.first().map(|word| word.to_string_lossy());
            bail!(
                "launch: expected train and its arguments behind --, found {}",
                found.unwrap_or_default()
            );
        };
        ensure!(
            self.rank < self.nodes,
            "--rank: expected a machine below --nodes {}, found {}",
            self.nodes,
            self.rank
        );
        ensure!(
            self.nodes == 1 || self.address.is_some(),
            "--address: expected HOST:PORT of machine 0, found nothing"
        );
        Ok(Run {
            folder: train.run_folder().map(Path::to_path_buf),
            continues: train.continues(),
        })
    }

    /// Host and port of rank 0; a free port where there is only this machine.
    fn meeting_place(&self) -> Result<(String, u16)> {
        let Some(address) = &self.address else {
            let listener = TcpListener::bind("127.0.0.1:0").context("a free port")?;
            let port = listener.local_addr().context("a free port")?.port();
            return Ok(("127.0.0.1".to_owned(), port));
        };
        let parsed = address.rsplit_once(':').and_then(|(host, port)| {
            // As IPv6 addresses are written in front of a port.
            let bare = host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'));
            let port = port.parse::<u16>().ok().filter(|&port| port > 0)?;
            Some((bare.unwrap_or(host).to_owned(), port))
        });
        match parsed {
            Some((host, port)) if !host.is_empty() => Ok((host, port)),
            _ => bail!("--address: expected HOST:PORT, found {address}"),
        }
    }

    /// What goes on with a run that has failed.
    fn again(&self, run: &Run) -> Vec<OsString> {
        let Some(folder) = run.folder.as_ref().filter(|_| !run.continues) else {
            return self.command.clone();
        };
        // Only machine 0 needs the folder: the others are told by rank 0 how it goes on.
        if self.rank == 0 && !folder.join(CONFIG_FILE).exists() {
            return self.command.clone();
        }
        let mut again = ["train", "--resume"].map(OsString::from).to_vec();
        again.push(folder.into());
        if self.command.iter().any(|word| word == "--quiet") {
            again.push("--quiet".into());
        }
        again
    }

    fn give_up(&self, failure: &Failure, run: &Run) -> anyhow::Error {
        match &run.folder {
            Some(folder) if folder.join(CONFIG_FILE).exists() => anyhow::anyhow!(
                "{failure}. Go on from the last checkpoint with: underpaint launch --nproc {} -- train \
                 --resume {}",
                self.nproc,
                folder.display()
            ),
            _ => anyhow::anyhow!("{failure}"),
        }
    }
}

/// Counts Ctrl-C, which the ranks get from the terminal, too: at the first they finish their step and
/// save, at the second they end.
fn count_interrupts() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let handler = ctrlc::set_handler(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    if let Err(error) = handler {
        eprintln!("warning: Ctrl-C will not save: {error}");
    }
    count
}

#[cfg(test)]
mod tests;
