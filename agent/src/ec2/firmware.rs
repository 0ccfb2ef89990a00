//! What the firmware's tables (DMI) say of the instance, where the metadata is silent.

use std::path::Path;

use super::id::Id;

/// Where the kernel shows them (`drivers/firmware/dmi-id.c`).
const DMI: &str = "/sys/devices/virtual/dmi/id";

/// What the tables say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Firmware {
    /// The instance's id: on Nitro the asset tag of the board (EC2 user guide, "Detect whether a
    /// host is an EC2 instance").
    pub instance_id: Option<String>,
    /// Who made the machine; `Amazon EC2` on EC2.
    pub vendor: Option<String>,
}

impl Firmware {
    /// Reads the tables of this machine.
    pub fn read() -> Self {
        Self::read_in(Path::new(DMI))
    }

    fn read_in(folder: &Path) -> Self {
        let line = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).ok()?;
            let line = text.lines().next()?.trim();
            let plain = !line.is_empty() && line.len() <= 64 && line.is_ascii();
            plain.then(|| line.to_owned())
        };
        Self {
            instance_id: line("board_asset_tag").and_then(|tag| Id::Instance.of(&tag)),
            vendor: line("sys_vendor"),
        }
    }

    /// Whether this is an instance of EC2, as far as they tell.
    pub fn is_ec2(&self) -> Option<bool> {
        if self.instance_id.is_some() {
            return Some(true);
        }
        let vendor = self.vendor.as_ref()?;
        // Xen instances say `Xen`, and so do others' machines.
        (vendor != "Xen").then(|| vendor == "Amazon EC2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_and_nothing_that_looks_like_one() {
        let folder = std::env::temp_dir().join(format!("edgeghost-dmi-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(Firmware::read_in(&folder), Firmware::default());
        assert_eq!(Firmware::default().is_ec2(), None);
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write("sys_vendor", "Amazon EC2\n");
        write("board_asset_tag", "i-0123456789abcdef0\n");
        let nitro = Firmware::read_in(&folder);
        assert_eq!(nitro.instance_id.as_deref(), Some("i-0123456789abcdef0"));
        assert_eq!(nitro.is_ec2(), Some(true));
        write("sys_vendor", "QEMU\n");
        write("board_asset_tag", "i-0123456789abcdef0; reboot\n");
        let other = Firmware::read_in(&folder);
        assert_eq!(
            (other.instance_id.clone(), other.is_ec2()),
            (None, Some(false))
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
