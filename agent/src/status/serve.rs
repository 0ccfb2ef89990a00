//! The thread that answers. Bounded in clients, in time and in size: whoever asks and hangs keeps
//! one place for two seconds, and the daemon's loop knows nothing of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::board::Latest;
use super::socket::Socket;
use crate::metrics;

/// Clients of one site that are answered at the same time; others wait in the kernel's queue.
const MAX_CLIENTS: usize = 8;

/// A client of the socket has so long to read its answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Rest after a failure that will come again at once: too many open files, an address that is
/// taken or not there yet.
const REST: Duration = Duration::from_secs(2);

/// Where questions come in.
#[derive(Debug, Default)]
pub struct Sites {
    /// The Unix socket.
    pub socket: Option<Socket>,
    /// Where to be scraped.
    pub metrics: Option<SocketAddr>,
}

impl Sites {
    /// Whether there is any.
    pub const fn is_empty(&self) -> bool {
        self.socket.is_none() && self.metrics.is_none()
    }
}

/// The running thread. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers with what is `latest`.
    pub fn start(sites: Sites, latest: Latest) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        () = stopped.notified() => {}
                        () = serve(&sites, &latest) => {}
                    }
                });
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // Its tasks end with its runtime, whatever they wait for.
            let _ = thread.join();
        }
    }
}

async fn serve(sites: &Sites, latest: &Latest) {
    let socket = async {
        match &sites.socket {
            Some(socket) => tell(socket, latest).await,
            None => std::future::pending().await,
        }
    };
    let metrics = async {
        match sites.metrics {
            Some(at) => be_scraped(at, latest).await,
            None => std::future::pending().await,
        }
    };
    tokio::join!(socket, metrics);
}

/// Tells whoever connects to the socket how things stand, and hangs up.
async fn tell(socket: &Socket, latest: &Latest) {
    let listener = socket
        .listener()
        .try_clone()
        .and_then(UnixListener::from_std);
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            log::error!("nobody listens at {}: {error}", socket.path().display());
            return;
        }
    };
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(answer(client, latest.clone(), place));
            }
            Err(error) => {
                log::debug!("{}: {error}", socket.path().display());
                sleep(REST).await;
            }
        }
    }
}

async fn answer(mut client: UnixStream, latest: Latest, _place: OwnedSemaphorePermit) {
    let Some(status) = latest.read() else {
        return;
    };
    match serde_json::to_vec(&*status) {
        Ok(mut document) => {
            document.push(b'\n');
            // Whoever does not read gets less than all.
            let _ = timeout(ANSWER, client.write_all(&document)).await;
        }
        Err(error) => log::error!("the status cannot be written as JSON: {error}"),
    }
}

/// Answers scrapes at `at`, as soon as that can be had.
async fn be_scraped(at: SocketAddr, latest: &Latest) {
    let listener = bound(at).await;
    let places = Arc::new(Semaphore::new(MAX_CLIENTS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((client, _)) => {
                let latest = latest.clone();
                tokio::spawn(async move {
                    metrics::answer(client, &latest).await;
                    drop(place);
                });
            }
            Err(error) => {
                log::debug!("metrics at {at}: {error}");
                sleep(REST).await;
            }
        }
    }
}

/// The network may come up after the daemon, and a port may be taken for a while.
async fn bound(at: SocketAddr) -> TcpListener {
    let mut told = false;
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => {
                log::info!("metrics at http://{at}/metrics");
                return listener;
            }
            Err(error) => {
                if !told {
                    log::error!(
                        "metrics.listen: {at} cannot be had: {error}; trying again every {} s",
                        REST.as_secs()
                    );
                    told = true;
                }
                sleep(REST).await;
            }
        }
    }
}
