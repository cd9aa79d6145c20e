//! From a port to Ctrl-C.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::connections::{self, Limits};
use crate::listen::{self, Listen};
use crate::router::{Served, compress_ahead, router};
use crate::{Error, Result, Site};

/// How long downloads may go on after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A site with a port, ready to answer.
pub struct Server {
    listener: TcpListener,
    served: Served,
    url: String,
    any_name: bool,
    limits: Limits,
}

impl Server {
    /// Checks what is to be served and takes the port. From here on browsers can connect; they are
    /// answered once the server runs.
    ///
    /// # Errors
    ///
    /// With a message for people: the studio or the bundles are not there, or the port is taken.
    pub fn bind(site: &Site, listen: &Listen) -> Result<Self> {
        let served = Served::new(site)?;
        let listener = listen.bind()?;
        let address = listener.local_addr().map_err(Error::Stopped)?;
        Ok(Self {
            listener,
            served,
            url: listen::url(address),
            any_name: listen.host.is_some(),
            limits: Limits::default(),
        })
    }

    /// The same server with other limits than the default ones.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The address for a browser on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers until `stop` completes, and then for as long as downloads go on, at most two seconds.
    /// Blocks: the server has a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the system lets the server down.
    pub fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Stopped)?;
        let ended = runtime.block_on(self.answer(stop));
        // Nobody waits for a compression that is still going on.
        runtime.shutdown_background();
        ended.map_err(Error::Stopped)
    }

    async fn answer(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (stopping, stopped) = oneshot::channel();
        let stop = async {
            stop.await;
            // Whoever would hear it has ended.
            let _ = stopping.send(());
        };
        let deadline = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        let served = Arc::new(self.served);
        tokio::spawn(compress_ahead(Arc::clone(&served)));
        let router = router(served, self.any_name);
        tokio::select! {
            () = connections::answer(listener, router, self.limits, stop) => {}
            () = deadline => {}
        }
        Ok(())
    }
}

/// Serves until Ctrl-C. Prints the address, one line on stdout, once browsers can connect; warnings
/// go to stderr.
///
/// # Errors
///
/// Those of [`Server::bind`] and [`Server::run`].
pub fn serve(site: &Site, listen: &Listen) -> Result<()> {
    let server = Server::bind(site, listen)?;
    if let Some(warning) = listen.warning() {
        eprintln!("warning: {warning}");
    }
    println!("Underpaint is at {}", server.url());
    if listen.open
        && let Err(error) = open::that_detached(server.url())
    {
        eprintln!("warning: no browser could be opened ({error}): open the address by hand");
    }
    server.run(interrupted())
}

/// Completes when the program is asked to stop. Where signals cannot be heard, it never does, and
/// the system's own way of stopping programs remains.
async fn interrupted() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await.unwrap_or(()),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminated => {}
    }
}
