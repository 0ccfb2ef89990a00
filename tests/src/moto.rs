//! A double of EC2: moto's server on an address of its own, asked over HTTP.
//!
//! What is asked often, such as who holds an address, is asked without the AWS CLI, which takes
//! about a second a call. Where moto differs from AWS: `--private-ip-address` is ignored (the
//! interface's primary address counts), address transfers are not implemented, and who holds an
//! address belongs to no service ever.

mod query;

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::netns::Netns;
use crate::temp::TempDir;
use crate::{binary, wait};

/// The region of all that is in it.
pub const REGION: &str = "us-east-1";

/// How long the server may take to answer at all.
const START: Duration = Duration::from_mins(1);

/// Ends with its standard input, hence with whoever started it, however that ends.
const SERVER: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(['-H', sys.argv[1], '-p', '0'])
";

/// A running server, ended when dropped.
#[derive(Debug)]
pub struct Moto {
    child: Child,
    at: SocketAddr,
    netns: Option<Netns>,
    _folder: TempDir,
}

/// A host with its Elastic IP, as EC2 names it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// `i-…`.
    pub instance: String,
    /// `eni-…`: the instance's primary interface.
    pub interface: String,
    /// `subnet-…`.
    pub subnet: String,
    /// The primary address of the interface.
    pub private_ip: Ipv4Addr,
    /// The Elastic IP.
    pub public_ip: Ipv4Addr,
    /// `eipalloc-…`.
    pub allocation: String,
    /// `eipassoc-…`, as it was at first.
    pub association: String,
}

/// Where an Elastic IP is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// `eipassoc-…`.
    pub id: String,
    /// `eni-…`.
    pub interface: String,
    /// The private address that it maps to.
    pub private_ip: Ipv4Addr,
}

impl Moto {
    /// Starts one on loopback.
    pub fn start() -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), None)
    }

    /// Starts one on an address, of a namespace if one is given.
    pub fn start_at(address: IpAddr, netns: Option<&Netns>) -> Result<Self> {
        let folder = TempDir::new()?;
        let log = folder.path().join("moto.log");
        let output = std::fs::File::create(&log)?;
        let mut command = Command::new(binary::python_program("python")?);
        command
            .args(["-c", SERVER, &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        let spawned = match netns {
            Some(netns) => netns.enter(|| command.spawn())?,
            None => command.spawn(),
        };
        let mut child = spawned.context("cannot start moto's server")?;
        let port = wait::until("moto's server to say its port", START, || {
            let said = std::fs::read_to_string(&log)?;
            if let Some(status) = child.try_wait()? {
                bail!("moto's server ended with {status}:\n{said}");
            }
            Ok(port(&said))
        });
        // Made before the outcome is looked at: dropping it ends a server that said nothing.
        let moto = Self {
            child,
            at: SocketAddr::new(address, *port.as_ref().unwrap_or(&0)),
            netns: netns.cloned(),
            _folder: folder,
        };
        port.map(|_| moto)
    }

    /// Its URL, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.at)
    }

    /// What the AWS CLI needs to talk to it, and to nobody else.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let nowhere = "/dev/null".to_owned();
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
            ("AWS_CONFIG_FILE", nowhere.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", nowhere),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_PAGER", String::new()),
            ("NO_PROXY", "*".to_owned()),
        ]
    }

    /// Calls the real AWS CLI: `aws(&["ec2", "describe-addresses"])`; its answer as JSON, null
    /// where it has none.
    pub fn aws(&self, args: &[&str]) -> Result<Value> {
        let mut command = Command::new(binary::python_program("aws")?);
        command
            .args(["--region", REGION, "--output", "json"])
            .args(args)
            .envs(self.environment())
            .stdin(Stdio::null());
        let output = match &self.netns {
            Some(netns) => netns.enter(|| command.output())?,
            None => command.output(),
        }
        .context("cannot run the AWS CLI")?;
        if !output.status.success() {
            bail!(
                "`aws {}` ended with {}: {}",
                args.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout).context("the AWS CLI's answer is not JSON")
    }

    /// Calls an action of EC2's query interface, and returns the XML.
    pub fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        match &self.netns {
            Some(netns) => netns.enter(|| query::call(self.at, action, parameters))?,
            None => query::call(self.at, action, parameters),
        }
    }

    /// Where an Elastic IP is; `None` while it is on nothing.
    pub fn association(&self, allocation: &str) -> Result<Option<Association>> {
        let answer = self.call("DescribeAddresses", &[("AllocationId.1", allocation)])?;
        let Ok(id) = query::text(&answer, "associationId") else {
            return Ok(None);
        };
        Ok(Some(Association {
            id,
            interface: query::text(&answer, "networkInterfaceId")?,
            private_ip: query::text(&answer, "privateIpAddress")?.parse()?,
        }))
    }

    /// Makes an instance with this private address, in a VPC of its own, and an Elastic IP on it.
    pub fn setup_host(&self, private_ip: Ipv4Addr) -> Result<Ids> {
        self.setup(private_ip, None)
    }

    /// The same with an Elastic IP that is known beforehand.
    pub fn setup_host_with(&self, private_ip: Ipv4Addr, public_ip: Ipv4Addr) -> Result<Ids> {
        self.setup(private_ip, Some(public_ip))
    }

    fn setup(&self, private_ip: Ipv4Addr, public_ip: Option<Ipv4Addr>) -> Result<Ids> {
        let [a, b, c, _] = private_ip.octets();
        let block = format!("{a}.{b}.0.0/16");
        let vpc = self.make("CreateVpc", &[("CidrBlock", &block)], "vpcId")?;
        let block = format!("{a}.{b}.{c}.0/24");
        let in_vpc = [("VpcId", vpc.as_str()), ("CidrBlock", block.as_str())];
        let subnet = self.make("CreateSubnet", &in_vpc, "subnetId")?;
        let machine = self.call(
            "RunInstances",
            &[
                ("ImageId", "ami-12345678"),
                ("MinCount", "1"),
                ("MaxCount", "1"),
                ("SubnetId", &subnet),
                ("PrivateIpAddress", &private_ip.to_string()),
            ],
        )?;
        let (instance, interface) = (
            query::text(&machine, "instanceId")?,
            query::text(&machine, "networkInterfaceId")?,
        );
        let wish = public_ip.map(|address| address.to_string());
        let mut domain = vec![("Domain", "vpc")];
        domain.extend(wish.as_deref().map(|address| ("Address", address)));
        let address = self.call("AllocateAddress", &domain)?;
        let allocation = query::text(&address, "allocationId")?;
        Ok(Ids {
            association: self.associate(&allocation, &interface)?,
            public_ip: query::text(&address, "publicIp")?.parse()?,
            instance,
            interface,
            subnet,
            private_ip,
            allocation,
        })
    }

    /// Puts an Elastic IP, wherever it is, on an interface; returns the association's id.
    pub fn associate(&self, allocation: &str, interface: &str) -> Result<String> {
        let parameters = [
            ("AllocationId", allocation),
            ("NetworkInterfaceId", interface),
            ("AllowReassociation", "true"),
        ];
        self.make("AssociateAddress", &parameters, "associationId")
    }

    /// Makes another interface in a subnet, and returns its id.
    pub fn make_interface(&self, subnet: &str) -> Result<String> {
        let parameters = [("SubnetId", subnet)];
        self.make("CreateNetworkInterface", &parameters, "networkInterfaceId")
    }

    fn make(&self, action: &str, parameters: &[(&str, &str)], id: &str) -> Result<String> {
        query::text(&self.call(action, parameters)?, id)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.child.stdin.take() {
            drop(stdin.flush());
        }
        // Both fail only where it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The port in `Running on http://127.0.0.1:35697`.
fn port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("Running on http://")?;
    let (line, _) = rest.split_once('\n')?;
    line.rsplit_once(':')?.1.trim().parse().ok()
}
