//! What the tests, the lab and the scenarios share: network namespaces with real loss, real TCP in them,
//! the kernel's own figures to compare with, and the agent as a child process whose every line
//! is validated against its own schema.
//!
//! Nothing here sleeps for a fixed time and hopes: everything waits for a condition, with a
//! limit, and says what it has seen when the limit is reached.

pub mod agent;
pub mod binary;
pub mod collector;
pub mod config;
pub mod counters;
pub mod event;
pub mod expect;
pub mod imds;
pub mod interrupt;
pub mod links;
pub mod memory;
pub mod moto;
pub mod netem;
pub mod netns;
pub mod nft;
pub mod offload;
pub mod pair;
pub mod quiet;
pub mod relay;
pub mod schema;
pub mod scrape;
pub mod service;
pub mod temp;
pub mod tool;
pub mod traffic;
pub mod tun;
pub mod turn;
pub mod undo;
pub mod wait;
pub mod witness;
