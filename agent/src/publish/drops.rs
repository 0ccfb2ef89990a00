//! Dropped packets, to and from their published form.

use crate::event::{SampledDrops, SampledFiltered};
use crate::host::{DropNews, Filtered};
use crate::path::unmap;

/// For a recording.
pub(super) fn sampled(news: &DropNews) -> SampledDrops {
    let addresses = news.by_address.iter().map(|filtered| SampledFiltered {
        address: filtered.address,
        filtered_in: filtered.filtered_in,
        filtered_out: filtered.filtered_out,
    });
    SampledDrops {
        filtered_in: news.filtered_in,
        filtered_out: news.filtered_out,
        addresses: addresses.collect(),
        others: news.others.clone(),
    }
}

/// Out of a recording.
pub(super) fn recorded(sampled: &SampledDrops) -> DropNews {
    let addresses = sampled.addresses.iter().map(|filtered| Filtered {
        address: unmap(filtered.address),
        filtered_in: filtered.filtered_in,
        filtered_out: filtered.filtered_out,
    });
    DropNews {
        filtered_in: sampled.filtered_in,
        filtered_out: sampled.filtered_out,
        by_address: addresses.collect(),
        others: sampled.others.clone(),
    }
}
