//! From a verdict to advice.

mod commands;
mod reassociate;
pub mod runbook;

pub use reassociate::reassociate_elastic_ip;
