//! What stands in for EC2: its API, the instance's metadata, and what both say of the address.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use edgeghost_tests::imds::{Card, Data, Imds};
use edgeghost_tests::moto::{Ids, Moto, REGION};

use crate::stage::{ELASTIC_IP, Stage, WEB3};

/// EC2 is asked this often who holds the address.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// What became of the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// The address is on nothing.
    Gone,
    /// It is on the server again, by a new association.
    Renewed,
}

/// A double of EC2 outside all namespaces, and the metadata at the gateway, where its address leads.
pub(crate) struct Cloud {
    /// Nothing where the lab takes the step itself.
    moto: Option<Moto>,
    metadata: Imds,
    ids: Ids,
    /// The association that the gateway goes by.
    association: Option<String>,
    asked: Instant,
}

impl Cloud {
    /// The server as an instance with its Elastic IP; `by_hand` without an API to ask.
    pub(crate) fn start(stage: &Stage, by_hand: bool) -> Result<Self> {
        let (moto, ids) = if by_hand {
            (None, made_up())
        } else {
            let moto = Moto::start().context("cannot start the double of EC2")?;
            let ids = moto.setup_host_with(WEB3, ELASTIC_IP)?;
            (Some(moto), ids)
        };
        let card = Card {
            id: ids.interface.clone(),
            ..Card::new(0, WEB3).mapped(ELASTIC_IP)
        };
        let data = Data {
            instance_id: ids.instance.clone(),
            region: REGION.to_owned(),
            cards: vec![card],
            ..Data::default()
        };
        let metadata = Imds::start_inside(&stage.gateway, data)?;
        Ok(Self {
            association: Some(ids.association.clone()),
            asked: Instant::now(),
            moto,
            metadata,
            ids,
        })
    }

    /// What EC2 calls the server and its address.
    pub(crate) const fn ids(&self) -> &Ids {
        &self.ids
    }

    /// What the AWS CLI needs to talk to this EC2.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        self.moto
            .as_ref()
            .map(Moto::environment)
            .unwrap_or_default()
    }

    /// What became of the mapping since it was last asked; the metadata follows at once.
    pub(crate) fn news(&mut self) -> Result<Option<Mapping>> {
        let Some(moto) = &self.moto else {
            return Ok(None);
        };
        if self.asked.elapsed() < ASK_EVERY {
            return Ok(None);
        }
        self.asked = Instant::now();
        let now = moto.association(&self.ids.allocation)?;
        let ours = now.filter(|now| now.interface == self.ids.interface);
        let id = ours.map(|now| now.id);
        if id == self.association {
            return Ok(None);
        }
        self.association.clone_from(&id);
        let mapping = match id {
            None => Mapping::Gone,
            Some(_) => Mapping::Renewed,
        };
        self.tell(mapping);
        Ok(Some(mapping))
    }

    /// Has the metadata say what became of the mapping.
    pub(crate) fn tell(&self, mapping: Mapping) {
        self.metadata.change(|data| {
            let card = data.card();
            card.public.clear();
            if mapping == Mapping::Renewed {
                card.public.insert(WEB3, ELASTIC_IP);
            }
        });
    }

    /// What the agent asked of the metadata against the rules.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.metadata.complaints()
    }
}

/// What EC2 could call it all.
fn made_up() -> Ids {
    let id = |kind: &str| format!("{kind}-0123456789abcdef0");
    Ids {
        instance: id("i"),
        interface: id("eni"),
        subnet: id("subnet"),
        private_ip: WEB3,
        public_ip: ELASTIC_IP,
        allocation: id("eipalloc"),
        association: id("eipassoc"),
    }
}
