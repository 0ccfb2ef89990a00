//! What is known now, gathered from what is told: the daemon shows it each event on its way out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::document::{
    AddressStatus, Advice, AgentStatus, Counts, OpenIncident, SinkStatus, State, Status,
    VerdictStatus,
};
use super::peers::{PeerBounds, Peers};
use super::totals::Totals;
use crate::event::{
    ContextInfo, Event, Health, Incident, IncidentState, Recommendation, Verdict, WindowInfo,
};
use crate::flow::Local;
use crate::publish::Note;

/// Recommendations kept.
const MAX_ADVICE: usize = 16;

/// Addresses kept: as many as are judged.
const MAX_ADDRESSES: usize = 1_024;

/// Addresses shown.
const MAX_SHOWN: usize = 256;

/// An address that is judged no longer is forgotten when it was silent for so long.
const FORGET_NS: u64 = 600_000_000_000;

/// The latest status, from the daemon to whoever asks. The lock is held for one assignment.
#[derive(Debug, Clone, Default)]
pub struct Latest(Arc<Mutex<Option<Arc<Status>>>>);

impl Latest {
    /// The latest, if there is one yet.
    pub fn read(&self) -> Option<Arc<Status>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// There is a newer one.
    pub fn write(&self, status: Status) {
        let status = Some(Arc::new(status));
        // The old one is dropped outside of the lock.
        let old = std::mem::replace(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            status,
        );
        drop(old);
    }
}

/// Gathers.
#[derive(Debug)]
pub struct Board {
    agent: AgentStatus,
    now_ns: u64,
    context: Option<ContextInfo>,
    addresses: BTreeMap<Local, Known>,
    incidents: BTreeMap<Local, OpenIncident>,
    advice: Vec<Advice>,
    totals: Totals,
    peers: Option<Peers>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Known {
    verdict: Option<VerdictStatus>,
    paths: Vec<WindowInfo>,
    /// When the windows closed.
    closed_ns: u64,
    heard_ns: u64,
}

impl Board {
    /// With nothing told yet: the sums of `addresses` addresses are kept apart, and those of some
    /// peers if somebody asks for them.
    pub fn new(agent: AgentStatus, addresses: usize, peers: Option<PeerBounds>) -> Self {
        Self {
            agent,
            now_ns: 0,
            context: None,
            addresses: BTreeMap::new(),
            incidents: BTreeMap::new(),
            advice: Vec::new(),
            totals: Totals::new(addresses),
            peers: peers.map(Peers::new),
            counts: Counts::default(),
        }
    }

    /// Takes in an event.
    pub fn note(&mut self, note: &Note) {
        *self.counts.events.entry(note.event.name()).or_default() += 1;
        match &note.event {
            Event::Context(context) => self.context = Some(context.context.clone()),
            Event::PathWindow(window) => self.window(window.network.local.address, &window.path),
            Event::PeerWindow(window) => {
                if let Some(peers) = &mut self.peers {
                    let network = &window.network;
                    let (local, peer) = (network.local.address, network.peer.address);
                    peers.peer(local, peer, &window.path, self.now_ns);
                }
            }
            Event::ConfigReload(reload) => {
                let config = &reload.agent.config;
                self.agent.config_digest.clone_from(&config.digest);
                self.agent.config_file.clone_from(&config.file);
            }
            Event::Verdict(verdict) => self.verdict(verdict, note),
            Event::Incident(incident) => self.incident(incident, note),
            Event::Recommendation(recommendation) => self.recommendation(recommendation, note),
            _ => {}
        }
    }

    /// How things stand as of `now_ns`; `is_judged` tells which addresses still are.
    pub fn status(
        &mut self,
        now_ns: u64,
        is_judged: impl Fn(&Local) -> bool,
        health: Option<Health>,
        sinks: Vec<SinkStatus>,
    ) -> Status {
        self.now_ns = now_ns;
        self.forget(is_judged);
        let mut addresses: Vec<AddressStatus> = self
            .addresses
            .iter()
            .map(|(local, known)| self.address(*local, known))
            .collect();
        // The order of the names is from mild to grave.
        addresses.sort_by_key(|address| {
            std::cmp::Reverse(address.verdict.map(|verdict| verdict.name as u8))
        });
        let addresses_left_out = addresses.len().saturating_sub(MAX_SHOWN);
        addresses.truncate(MAX_SHOWN);
        let mut incidents: Vec<OpenIncident> = self.incidents.values().cloned().collect();
        incidents.sort_by_key(|incident| incident.onset);
        Status {
            timestamp: crate::event::Time::now(),
            state: if incidents.is_empty() {
                State::Healthy
            } else {
                State::Incident
            },
            agent: self.agent.clone(),
            context: self.context.clone(),
            incidents,
            recommendations: self.advice.iter().rev().cloned().collect(),
            addresses,
            addresses_left_out,
            totals: self.totals.document(),
            peers: self.peers.as_ref().map(Peers::document).unwrap_or_default(),
            counts: self.counts.clone(),
            health,
            sinks,
        }
    }

    fn window(&mut self, address: IpAddr, window: &WindowInfo) {
        self.totals.add(address, window);
        if let Some(peers) = &mut self.peers {
            peers.path(address, window);
        }
        let now_ns = self.now_ns;
        let local = Local {
            address,
            netns: window.netns,
        };
        if let Some(known) = self.known(local) {
            if known.closed_ns != now_ns {
                known.paths.clear();
            }
            known.closed_ns = now_ns;
            known.heard_ns = now_ns;
            known.paths.push(window.clone());
        }
    }

    fn verdict(&mut self, verdict: &Verdict, note: &Note) {
        let info = &verdict.verdict;
        let local = Local {
            address: verdict.network.local.address,
            netns: info.netns,
        };
        let told = VerdictStatus {
            name: info.name,
            confidence: info.confidence,
            since: note.time,
        };
        if let Some(known) = self.known(local) {
            known.verdict = Some(told);
        }
    }

    fn incident(&mut self, incident: &Incident, note: &Note) {
        let info = &incident.incident;
        let local = Local {
            address: incident.network.local.address,
            netns: info.netns,
        };
        if info.state == IncidentState::Opened {
            self.counts.incidents_opened += 1;
        }
        if info.state == IncidentState::Closed {
            self.incidents.remove(&local);
            return;
        }
        let advice = self.incidents.remove(&local).and_then(|known| known.advice);
        self.incidents.insert(
            local,
            OpenIncident {
                id: info.id.clone(),
                address: local.address,
                netns: local.netns,
                verdict: info.verdict,
                onset: info.onset,
                confidence: info.confidence,
                message: note.message.clone(),
                updated: note.time,
                advice,
            },
        );
    }

    fn recommendation(&mut self, recommendation: &Recommendation, note: &Note) {
        let remediation = &recommendation.remediation;
        let incident = recommendation.incident.as_ref();
        let advice = Advice {
            timestamp: note.time,
            address: recommendation.network.local.address,
            incident: incident.map(|incident| incident.id.clone()),
            action: remediation.action.as_str().to_owned(),
            touches_address: remediation.touches_address,
            confidence: remediation.confidence,
            summary: remediation.summary.clone(),
            runbook: remediation.runbook.clone(),
        };
        let count = &mut self.counts.recommendations;
        *count.entry(advice.action.clone()).or_default() += 1;
        for open in self.incidents.values_mut() {
            if advice.incident.as_ref() == Some(&open.id) {
                open.advice = Some(advice.clone());
            }
        }
        if self.advice.len() >= MAX_ADVICE {
            self.advice.remove(0);
        }
        self.advice.push(advice);
    }

    /// What is known of an address, unless there is no room for another.
    fn known(&mut self, local: Local) -> Option<&mut Known> {
        let room = self.addresses.len() < MAX_ADDRESSES || self.addresses.contains_key(&local);
        let heard_ns = self.now_ns;
        room.then(|| {
            self.addresses.entry(local).or_insert_with(|| Known {
                heard_ns,
                ..Known::default()
            })
        })
    }

    fn forget(&mut self, is_judged: impl Fn(&Local) -> bool) {
        let now_ns = self.now_ns;
        for known in self.addresses.values_mut() {
            let seconds = known.paths.first().map_or(0.0, |path| path.window_seconds);
            // The next window closed without this address in it: it is silent.
            if now_ns.saturating_sub(known.closed_ns) as f64 > (seconds * 1.5 + 2.0) * 1e9 {
                known.paths.clear();
            }
        }
        let incidents = &self.incidents;
        self.addresses.retain(|local, known| {
            let silent = now_ns.saturating_sub(known.heard_ns) >= FORGET_NS;
            !silent || is_judged(local) || incidents.contains_key(local)
        });
        if let Some(peers) = &mut self.peers {
            peers.expire(now_ns);
        }
    }

    fn address(&self, local: Local, known: &Known) -> AddressStatus {
        let context = self.context.iter().flat_map(|known| &known.addresses);
        let public_ip = context
            .filter(|known| known.address == local.address && known.netns == local.netns)
            .find_map(|known| known.public_ip);
        AddressStatus {
            address: local.address,
            netns: local.netns,
            public_ip,
            verdict: known.verdict,
            paths: known.paths.clone(),
        }
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
