//! What EC2 knows of this host: the instance, its interfaces, and which Elastic IP belongs to
//! which local address.

mod context;
mod endpoint;
mod firmware;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod id;
mod imds;
mod join;
mod metadata;
mod valid;
mod watch;

pub use context::{Context, Instance, Interface, Mapping, Origin, Source};
pub use endpoint::{Endpoint, EndpointError};
pub use firmware::Firmware;
pub use id::Id;
pub use imds::Absence;
pub use metadata::Metadata;
pub use watch::{MetadataWatch, READ_LIMIT, Reading, Settings};
