//! Connections: how many there may be, and for how long one may hold its place without a use for it.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio_io_timeout::TimeoutStream;

/// How long to wait where the system has no room for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// What one connection, and all of them, may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for the headers of a request, and between two requests. Default: 10 s.
    pub headers: Duration,
    /// How long a browser may take nothing of an answer. Default: 2 min.
    pub stalled: Duration,
    /// Connections at a time. Default: 256.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            stalled: Duration::from_secs(120),
            connections: 256,
        }
    }
}

/// Answers until `stop` completes, and then until every answer that was begun has been sent.
pub async fn answer(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let graceful = GracefulShutdown::new();
    let mut silent = Silent::default();
    let mut stop = pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places, &mut silent) => accepted,
        };
        let asked = Arc::new(AtomicBool::new(false));
        let connection = connection(stream, router.clone(), limits, Arc::clone(&asked));
        let connection = graceful.watch(connection);
        let task = tokio::spawn(async move {
            // A connection that breaks off concerns nobody but who broke it off.
            let _ = connection.await;
            drop(place);
        });
        silent.add(asked, task.abort_handle());
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    silent: &mut Silent,
) -> (TcpStream, OwnedSemaphorePermit) {
    let stream = loop {
        match listener.accept().await {
            Ok((stream, _)) => break stream,
            Err(error) if is_of_one_connection(&error) => {}
            // Too many open files, most likely: some will be closed.
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    };
    if places.available_permits() == 0 {
        silent.end_the_oldest();
    }
    let place = Arc::clone(places).acquire_owned().await;
    (stream, place.expect("the semaphore is never closed"))
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// A connection that notes in `asked` when its first request is there.
fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    asked: Arc<AtomicBool>,
) -> impl GracefulConnection + Send + 'static {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.stalled));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        router.call(request)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}

/// Connections that have not asked for anything yet, the oldest first. Where places are short, they
/// give way: a browser asks as soon as it is connected, and who only holds places does not.
#[derive(Default)]
struct Silent(VecDeque<(Arc<AtomicBool>, AbortHandle)>);

impl Silent {
    fn add(&mut self, asked: Arc<AtomicBool>, task: AbortHandle) {
        self.0.retain(|(asked, task)| is_silent(asked, task));
        self.0.push_back((asked, task));
    }

    fn end_the_oldest(&mut self) {
        while let Some((asked, task)) = self.0.pop_front() {
            if is_silent(&asked, &task) {
                task.abort();
                return;
            }
        }
    }
}

fn is_silent(asked: &AtomicBool, task: &AbortHandle) -> bool {
    !asked.load(Ordering::Relaxed) && !task.is_finished()
}
