//! Processes: started, listened to, ended.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::distributed::LAUNCHER;

/// Between two looks at the processes.
const LOOK: Duration = Duration::from_millis(20);
/// For the other ranks to end by themselves once one has failed; they know why, and say so.
const GRACE: Duration = Duration::from_secs(6);
/// Variables that say how many threads a rank computes with, where nobody has said so.
const THREADS: [&str; 2] = ["OMP_NUM_THREADS", "RAYON_NUM_THREADS"];
/// libtorch says on standard output whom it has connected to.
const CHATTER: &[u8] = b"[Gloo] Rank ";

/// What to start.
pub(super) struct Start<'a> {
    pub(super) command: &'a [OsString],
    pub(super) first_rank: usize,
    pub(super) local_size: usize,
    pub(super) size: usize,
    pub(super) host: &'a str,
    pub(super) port: u16,
}

/// The rank that ended the run.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    rank: usize,
    status: ExitStatus,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} ended with {}", self.rank, self.status)
    }
}

impl Failure {
    /// Those that a signal ended did not end because of another rank.
    fn weight(&self) -> u8 {
        match self.status.code() {
            None => 2,
            Some(code) => u8::from(code != 1),
        }
    }
}

struct Rank {
    rank: usize,
    child: Child,
    status: Option<ExitStatus>,
    output: Vec<JoinHandle<()>>,
}

impl Drop for Rank {
    fn drop(&mut self) {
        // Nothing outlives the launcher; both fail where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs all ranks to their end; gives the one that failed first.
pub(super) fn supervise(start: &Start<'_>, interrupts: &AtomicUsize) -> Result<Option<Failure>> {
    let mut ranks = Vec::new();
    for local_rank in 0..start.local_size {
        ranks.push(start.rank(local_rank)?);
    }
    let mut failure: Option<Failure> = None;
    let mut deadline = None;
    while ranks.iter().any(|rank| rank.status.is_none()) {
        for rank in ranks.iter_mut().filter(|rank| rank.status.is_none()) {
            rank.status = rank.child.try_wait().context("a rank")?;
            let Some(status) = rank.status.filter(|status| !status.success()) else {
                continue;
            };
            let found = Failure {
                rank: rank.rank,
                status,
            };
            if failure
                .as_ref()
                .is_none_or(|first| first.weight() < found.weight())
            {
                failure = Some(found);
            }
            deadline.get_or_insert_with(|| Instant::now() + GRACE);
        }
        let late = deadline.is_some_and(|deadline| Instant::now() > deadline);
        if late || interrupts.load(Ordering::Relaxed) > 1 {
            for rank in ranks.iter_mut().filter(|rank| rank.status.is_none()) {
                let _ = rank.child.kill();
            }
        }
        thread::sleep(LOOK);
    }
    for thread in ranks.iter_mut().flat_map(|rank| rank.output.drain(..)) {
        let _ = thread.join();
    }
    Ok(failure)
}

impl Start<'_> {
    fn rank(&self, local_rank: usize) -> Result<Rank> {
        let rank = self.first_rank + local_rank;
        let program = env::current_exe().context("the path of this program")?;
        let mut command = Command::new(program);
        command
            .args(self.command)
            .env("RANK", rank.to_string())
            .env("WORLD_SIZE", self.size.to_string())
            .env("LOCAL_RANK", local_rank.to_string())
            .env("LOCAL_WORLD_SIZE", self.local_size.to_string())
            .env("MASTER_ADDR", self.host)
            .env("MASTER_PORT", self.port.to_string())
            .env(LAUNCHER, std::process::id().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for name in THREADS
            .into_iter()
            .filter(|name| env::var_os(name).is_none())
        {
            command.env(name, (cores / self.local_size).max(1).to_string());
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start rank {rank}"))?;
        let stdout = child.stdout.take().map(|from| tell(rank, from, io::stdout));
        let stderr = child.stderr.take().map(|from| tell(rank, from, io::stderr));
        let output = [stdout, stderr].into_iter().flatten();
        Ok(Rank {
            rank,
            child,
            status: None,
            output: output.collect::<Result<_>>()?,
        })
    }
}

/// Passes on what a rank says, line by line, behind its number.
fn tell<W: Write>(
    rank: usize,
    from: impl Read + Send + 'static,
    to: impl Fn() -> W + Send + 'static,
) -> Result<JoinHandle<()>> {
    let thread = Builder::new().name(format!("rank-{rank}"));
    let pass_on = move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            if !line.starts_with(CHATTER) {
                let mut whole = format!("[{rank}] ").into_bytes();
                whole.append(&mut line);
                if !whole.ends_with(b"\n") {
                    whole.push(b'\n');
                }
                // Nobody may be there to read it.
                let _ = to().write_all(&whole);
            }
            line.clear();
        }
    };
    thread.spawn(pass_on).context("a thread")
}
