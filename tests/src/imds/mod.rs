//! A double of the instance metadata service, version 2: it hands out tokens, insists on them, and
//! misbehaves on request.
//!
//! What it tells is a table of keys that can be changed while it runs, so that an Elastic IP can
//! come and go.

mod data;
mod serve;

pub use data::{Card, Data};

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::netns::Netns;
use crate::wait;

/// Where instances find the service.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// How it behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// As it should.
    #[default]
    Ok,
    /// 403 to everything.
    Disabled,
    /// 503 to everything.
    Busy,
    /// Takes connections and says nothing, as if the answer were lost on the way.
    Hang,
    /// Takes the next token that it gave for an old one, once.
    ExpiredOnce,
    /// Takes no token at all.
    ExpiredAlways,
    /// Its tokens have no time to live.
    NoTimeToLive,
    /// Says every key is a mebibyte long.
    Huge,
    /// Answers every key with bytes that are no text.
    Binary,
    /// Answers every key without an end.
    Endless,
    /// Answers every key a byte at a time.
    SlowDrip,
    /// Is no HTTP server.
    Gibberish,
    /// Answers every key with a command for a shell.
    Injection,
}

/// One request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `PUT` or `GET`.
    pub method: String,
    /// As `/latest/meta-data/mac`.
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
}

/// A running double; dropping it ends it.
#[derive(Debug)]
pub struct Imds {
    shared: Arc<Shared>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    data: Data,
    requests: Vec<Request>,
    tokens: Vec<String>,
}

impl Imds {
    /// On loopback, at any port.
    pub fn start(data: Data) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Self::serve(listener.context("cannot listen on loopback")?, data)
    }

    /// Where instances look for it, in a namespace, which gets the address on its loopback.
    pub fn start_inside(netns: &Netns, data: Data) -> Result<Self> {
        netns.address("lo", IpAddr::V4(ADDRESS), 32)?;
        let listener = netns.enter(|| TcpListener::bind((ADDRESS, 80)))?;
        let listener = listener.with_context(|| format!("cannot listen in {}", netns.name()))?;
        Self::serve(listener, data)
    }

    fn serve(listener: TcpListener, data: Data) -> Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared::default());
        shared.lock().data = data;
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve::until_over(&listener, &shared))
        };
        Ok(Self {
            shared,
            address,
            thread: Some(thread),
        })
    }

    /// As `http://127.0.0.1:40112`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For the agent's configuration: its value of `ec2.endpoints`.
    pub fn endpoints(&self) -> String {
        format!("[\"{}\"]", self.endpoint())
    }

    /// Behaves like this from now on.
    pub fn set_mode(&self, mode: Mode) {
        self.shared.lock().mode = mode;
    }

    /// Changes what it tells.
    pub fn change(&self, change: impl FnOnce(&mut Data)) {
        change(&mut self.shared.lock().data);
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Waits for a request that comes after the first `from`.
    pub fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        from: usize,
        wanted: impl Fn(&Request) -> bool,
    ) -> Result<Request> {
        wait::until(what, limit, || {
            let state = self.shared.lock();
            Ok(state
                .requests
                .iter()
                .skip(from)
                .find(|r| wanted(r))
                .cloned())
        })
    }

    /// What in the requests is against the rules: a key without a token, a proxy's header, the
    /// first version of the protocol, a token that is asked for below a version.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for request in self.requests() {
            let header = |name: &str| request.header(name).is_some();
            let token = header("x-aws-ec2-metadata-token");
            let mut complain = |why: &str| complaints.push(format!("{why}: {request:?}"));
            if header("x-forwarded-for") || header("via") {
                complain("it came by a proxy");
            }
            match request.method.as_str() {
                "GET" if !token => complain("a key is asked for without a token"),
                "PUT" if request.path != serve::TOKEN => complain("a token of another version"),
                "PUT" if !header("x-aws-ec2-metadata-token-ttl-seconds") => {
                    complain("a token without a time to live is asked for");
                }
                "GET" | "PUT" => {}
                _ => complain("an unknown method"),
            }
        }
        complaints
    }
}

impl Drop for Imds {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Request {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        Some(value)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}
