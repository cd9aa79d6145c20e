//! Who is still there: every rank tells rank 0 every second that it lives, and rank 0 tells them.
//!
//! A collective operation notices a rank whose connection breaks, but not one that hangs, and it knows
//! no reasons. So beside it every rank holds a connection to rank 0, on threads that go on while the
//! device computes and rank 0 validates. What goes over it are lines:
//!
//! - `alive`, every second
//! - `ends RANK REASON`: a rank has failed or was lost; rank 0 passes it on
//! - `done`: this rank has finished
//!
//! A rank that says nothing for as long as the limit, or whose connection ends before it is done, is
//! lost. Then every process ends, within seconds: by itself, if its main thread notices, else from here.

use std::fmt::Display;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// Without a sign of life for so long, a rank is lost.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// For the main thread, to end by itself once a rank is lost.
const GRACE: Duration = Duration::from_secs(2);
/// For a reason, once an operation has failed.
const REASON: Duration = Duration::from_secs(3);
/// For the last words to leave.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What all threads of a watch know.
struct Shared {
    rank: usize,
    limit: Duration,
    /// Ends the process; another function in tests.
    exit: fn(i32) -> !,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Connections by the rank at their other end.
    peers: Vec<(usize, TcpStream)>,
    /// Why all have to end.
    verdict: Option<String>,
    /// Whether somebody has printed it.
    told: bool,
    /// Whether this rank has finished.
    done: bool,
}

/// This process's watch.
pub(super) struct Watch(Arc<Shared>);

/// How long a rank may say nothing: `UNDERPAINT_RANK_TIMEOUT` seconds, or 10.
///
/// # Errors
///
/// If the variable is no number of seconds.
pub(super) fn limit() -> Result<Duration> {
    const NAME: &str = "UNDERPAINT_RANK_TIMEOUT";
    let Ok(value) = std::env::var(NAME) else {
        return Ok(LIMIT);
    };
    match value.trim().parse::<f64>() {
        Ok(seconds) if (2.0..1e6).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => bail!("{NAME}: expected a number of seconds of at least 2, found {value}"),
    }
}

impl Watch {
    /// Rank 0's: waits for the others at `listener`, who have to know the `secret`.
    ///
    /// # Errors
    ///
    /// If they do not come in time.
    pub(super) fn over(
        listener: &TcpListener,
        secret: &str,
        size: usize,
        limits: Limits,
        exit: fn(i32) -> !,
    ) -> Result<Self> {
        let watch = Self::new(0, limits.silence, exit);
        let deadline = Instant::now() + limits.meeting;
        listener.set_nonblocking(true).context("a listener")?;
        let mut missing: Vec<usize> = (1..size).collect();
        while !missing.is_empty() {
            match listener.accept() {
                Ok((stream, _)) => {
                    // Whoever does not know the secret is none of ours.
                    let Ok((stream, rank)) = hello(stream, secret) else {
                        continue;
                    };
                    if let Some(place) = missing.iter().position(|&other| other == rank) {
                        missing.remove(place);
                        watch.listen(rank, stream)?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if Instant::now() > deadline {
                        bail!("waiting for the watch of rank {missing:?}: nobody came");
                    }
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error).context("a connection of another rank"),
            }
        }
        watch.beat()?;
        Ok(watch)
    }

    /// Another rank's: connects to rank 0.
    ///
    /// # Errors
    ///
    /// If rank 0 cannot be reached.
    pub(super) fn under(
        address: &str,
        secret: &str,
        rank: usize,
        limits: Limits,
        exit: fn(i32) -> !,
    ) -> Result<Self> {
        let watch = Self::new(rank, limits.silence, exit);
        let stream = TcpStream::connect(address);
        let mut stream = stream.with_context(|| format!("cannot reach rank 0 at {address}"))?;
        writeln!(stream, "{secret} {rank}").context("cannot reach rank 0")?;
        watch.listen(0, stream)?;
        watch.beat()?;
        Ok(watch)
    }

    fn new(rank: usize, limit: Duration, exit: fn(i32) -> !) -> Self {
        Self(Arc::new(Shared {
            rank,
            limit,
            exit,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Starts to read what a rank says.
    fn listen(&self, peer: usize, stream: TcpStream) -> Result<()> {
        let set_up = || {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(self.0.limit))?;
            stream.set_write_timeout(Some(self.0.limit))?;
            stream.try_clone()
        };
        let reading = set_up().with_context(|| format!("the connection to rank {peer}"))?;
        self.0.lock().peers.push((peer, stream));
        let shared = Arc::clone(&self.0);
        let thread = Builder::new().name(format!("watch-{peer}"));
        thread
            .spawn(move || shared.listen(peer, reading))
            .context("a thread")?;
        Ok(())
    }

    /// Starts to say that this rank lives, and to look whether its launcher does.
    fn beat(&self) -> Result<()> {
        let shared = Arc::clone(&self.0);
        let thread = Builder::new().name("watch-beat".into());
        thread.spawn(move || shared.beat()).context("a thread")?;
        Ok(())
    }

    /// Why an operation has failed: what is known of a lost rank, after a moment for it to come.
    pub(super) fn explain(&self, error: &dyn Display) -> String {
        let deadline = Instant::now() + REASON;
        let mut state = self.0.lock();
        while state.verdict.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.0.wait(state, left);
        }
        match &state.verdict {
            Some(verdict) => verdict.clone(),
            None => format!("rank {} lost the others: {error}", self.0.rank),
        }
    }

    /// Nobody waits for this rank any longer.
    pub(super) fn part(&self) {
        let mut state = self.0.lock();
        state.done = true;
        for (_, stream) in &mut state.peers {
            // Who is gone already has been here, too.
            let _ = writeln!(stream, "done");
            let _ = stream.shutdown(Shutdown::Write);
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Prints an error, tells the others, and ends the process.
    pub(super) fn end(&self, error: &str) -> ! {
        let mut state = self.0.lock();
        if state.verdict.is_none() {
            let reason = format!("rank {} failed: {error}", self.0.rank);
            self.0.spread(&mut state, self.0.rank, &reason);
        }
        if !state.told {
            state.told = true;
            eprintln!("error: {error}");
        }
        drop(state);
        thread::sleep(LAST_WORDS);
        (self.0.exit)(1)
    }
}

/// How long a watch waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For all to come.
    pub(super) meeting: Duration,
    /// For a sign of life.
    pub(super) silence: Duration,
}

/// Reads who has connected.
fn hello(stream: TcpStream, secret: &str) -> Result<(TcpStream, usize)> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut line = Vec::new();
    let mut byte = [0];
    // By the byte, so that nothing of what follows is lost in a buffer.
    while line.len() < 256 {
        std::io::Read::read_exact(&mut &stream, &mut byte)?;
        if byte == *b"\n" {
            break;
        }
        line.push(byte[0]);
    }
    let line = String::from_utf8(line)?;
    match line.split_once(' ') {
        Some((found, rank)) if found == secret => Ok((stream, rank.trim().parse()?)),
        _ => bail!("expected another rank, found somebody else"),
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn listen(&self, peer: usize, stream: TcpStream) {
        let mut lines = BufReader::new(stream).lines();
        let reason = loop {
            match lines.next() {
                Some(Ok(line)) if line == "alive" => {}
                Some(Ok(line)) if line == "done" => return,
                Some(Ok(line)) => {
                    match line.strip_prefix("ends ").and_then(|l| l.split_once(' ')) {
                        Some((_, reason)) => break reason.replace('\u{1f}', "\n"),
                        None => break format!("rank {peer} says what makes no sense: {line}"),
                    }
                }
                Some(Err(error)) if is_silence(&error) => {
                    break format!(
                        "rank {peer} has not answered for {} s: it hangs, or its machine cannot be \
                         reached",
                        self.limit.as_secs_f64()
                    );
                }
                Some(Err(error)) => break format!("rank {peer} was lost: {error}"),
                None => break format!("rank {peer} was lost: it ended without a word"),
            }
        };
        self.lose(peer, &reason);
    }

    fn beat(&self) {
        let launcher = launcher();
        let mut state = self.lock();
        loop {
            if state.done || state.verdict.is_some() {
                return;
            }
            if launcher.is_some_and(|launcher| launcher != parent()) {
                drop(state);
                self.lose(self.rank, &format!("rank {} lost its launcher", self.rank));
                return;
            }
            for (_, stream) in &mut state.peers {
                // The reader notices who is gone.
                let _ = writeln!(stream, "alive");
            }
            state = self.wait(state, BEAT);
        }
    }

    /// Ends everything, unless this rank has finished or ends already.
    fn lose(&self, peer: usize, reason: &str) {
        let mut state = self.lock();
        if state.done || state.verdict.is_some() {
            return;
        }
        self.spread(&mut state, peer, reason);
        let deadline = Instant::now() + GRACE;
        while !state.done {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.wait(state, left);
        }
        if state.done {
            return;
        }
        // The main thread waits for an operation that will not end.
        if !state.told {
            state.told = true;
            eprintln!("error: {reason}");
        }
        (self.exit)(1)
    }

    /// Keeps a reason and passes it on.
    fn spread(&self, state: &mut State, from: usize, reason: &str) {
        state.verdict = Some(reason.to_owned());
        let line = format!("ends {from} {}\n", reason.replace('\n', "\u{1f}"));
        for (peer, stream) in &mut state.peers {
            if *peer != from {
                let _ = stream.write_all(line.as_bytes());
            }
        }
        self.changed.notify_all();
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The process that started this one, if that is `underpaint launch`.
fn launcher() -> Option<u32> {
    std::env::var(super::LAUNCHER).ok()?.parse().ok()
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent() -> u32 {
    launcher().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(3);

    /// As exiting: the thread goes no further.
    fn parked(_code: i32) -> ! {
        loop {
            thread::park();
        }
    }

    /// Watches of that many ranks.
    fn watches(size: usize) -> Vec<Watch> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let limits = Limits {
            meeting: Duration::from_secs(20),
            silence: SILENCE,
        };
        thread::scope(|scope| {
            let first = scope
                .spawn(|| Watch::over(&listener, "secret", size, limits, parked).expect("over"));
            // Somebody else comes by.
            let mut stranger = TcpStream::connect(&address).expect("connected");
            writeln!(stranger, "GET / HTTP/1.1").expect("written");
            let mut all: Vec<Watch> = (1..size)
                .map(|rank| Watch::under(&address, "secret", rank, limits, parked).expect("under"))
                .collect();
            all.insert(0, first.join().expect("no panic"));
            all
        })
    }

    fn verdict(watch: &Watch) -> String {
        watch.explain(&"an operation failed")
    }

    #[test]
    fn a_rank_that_fails_is_named_on_all_with_its_reason() {
        let watches = watches(3);
        let told = |watch: &Watch| verdict(watch);
        thread::scope(|scope| {
            let shared = Arc::clone(&watches[2].0);
            let mut state = shared.lock();
            shared.spread(&mut state, 2, "rank 2 failed: no\nmemory");
            drop(state);
            let others: Vec<_> = watches[..2]
                .iter()
                .map(|watch| scope.spawn(move || told(watch)))
                .collect();
            for other in others {
                assert_eq!(other.join().expect("no panic"), "rank 2 failed: no\nmemory");
            }
        });
    }

    #[test]
    fn a_connection_that_ends_is_a_lost_rank() {
        let watches = watches(3);
        for (_, stream) in &watches[1].0.lock().peers {
            stream.shutdown(Shutdown::Both).expect("shut");
        }
        for rank in [0, 2] {
            let told = verdict(&watches[rank]);
            assert!(told.starts_with("rank 1 was lost"), "{told}");
        }
    }

    #[test]
    fn silence_is_a_lost_rank_and_signs_of_life_are_none() {
        let watches = watches(2);
        thread::sleep(SILENCE + BEAT);
        assert_eq!(watches[0].0.lock().verdict, None);
        let shared = &watches[1].0;
        // Its threads stand still: the lock is what they need.
        let stopped = shared.lock();
        let started = Instant::now();
        while watches[0].0.lock().verdict.is_none() {
            assert!(started.elapsed() < 3 * SILENCE, "not noticed");
            thread::sleep(Duration::from_millis(20));
        }
        drop(stopped);
        let told = verdict(&watches[0]);
        assert!(told.contains("rank 1 has not answered for 3 s"), "{told}");
    }

    #[test]
    fn who_is_done_is_not_missed() {
        let watches = watches(3);
        for rank in [1, 0, 2] {
            watches[rank].part();
        }
        thread::sleep(Duration::from_millis(50));
        for watch in &watches {
            assert_eq!(watch.0.lock().verdict, None);
        }
    }
}
