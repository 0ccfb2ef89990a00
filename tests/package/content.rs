//! What is in the packages, without installing them.

use std::path::Path;
use std::process::Command;

use edgeghost_tests::binary;
use edgeghost_tests::temp::TempDir;

use crate::{package, packages};

/// Runs a program of the host and returns what it printed; fails unless it succeeds.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}{complaint}");
    said
}

/// The tarball, unpacked.
fn unpacked() -> TempDir {
    let folder = TempDir::new().unwrap();
    let tarball = package("EDGEGHOST_PACKAGES", ".tar.gz");
    run(Command::new("tar")
        .arg("-xzf")
        .arg(tarball)
        .arg("-C")
        .arg(folder.path()));
    folder
}

#[test]
fn the_sums_are_right_and_name_everything() {
    run(Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(packages()));
    let sums = std::fs::read_to_string(packages().join("SHA256SUMS")).unwrap();
    for ending in [".deb", ".rpm", ".tar.gz", ".cdx.json"] {
        assert!(
            sums.lines().any(|line| line.ends_with(ending)),
            "{ending}: {sums}"
        );
    }
}

#[test]
fn the_sample_configuration_is_taken() {
    let folder = unpacked();
    let program = folder.path().join("usr/bin/edgeghost");
    let sample = folder.path().join("etc/edgeghost/edgeghost.toml");
    let said = run(Command::new(program)
        .args(["config", "--check"])
        .arg(sample));
    assert!(said.contains("all as by default"), "{said}");
}

/// Every command has its page, and shells understand their completions.
#[test]
fn manual_and_completions_are_of_this_program() {
    let folder = unpacked();
    let help = run(Command::new(binary::agent().unwrap()).arg("--help"));
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 6, "{help}");
    let share = folder.path().join("usr/share");
    let completions = share.join("bash-completion/completions/edgeghost");
    let text = std::fs::read_to_string(&completions).unwrap();
    for name in commands {
        let page = share.join(format!("man/man1/edgeghost-{name}.1.gz"));
        let page = run(Command::new("gzip").arg("-dc").arg(page));
        assert!(page.contains(".TH"), "{name}: {page}");
        assert!(text.contains(name), "{name} is not completed");
    }
    run(Command::new("bash").arg("-n").arg(completions));
}

#[test]
fn the_list_of_parts_has_licences() {
    let file = package("EDGEGHOST_PACKAGES", ".cdx.json");
    let text = std::fs::read_to_string(file).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["bomFormat"], "CycloneDX");
    let components = list["components"].as_array().unwrap();
    assert!(components.len() > 50, "{}", components.len());
    for component in components {
        let license = component["licenses"][0]["expression"].as_str();
        assert!(license.is_some_and(|text| !text.is_empty()), "{component}");
    }
}

#[test]
fn the_scripts_are_good_shell() {
    let shellcheck = binary::python_program("shellcheck").unwrap();
    let scripts = binary::fixtures().join("../../packaging/deb");
    for name in ["postinst", "prerm", "postrm"] {
        run(Command::new(&shellcheck)
            .args(["--shell=sh", "--severity=style"])
            .arg(scripts.join(name)));
    }
    let package = package("EDGEGHOST_PACKAGES", ".rpm");
    let said = run(Command::new("rpm").args(["-qp", "--scripts"]).arg(package));
    for name in ["postinstall", "preuninstall", "postuninstall"] {
        assert!(said.contains(name), "{name}: {said}");
    }
}

/// Nothing of the machine that built them.
#[test]
fn owners_are_root_and_times_are_those_of_the_release() {
    let listed = run(Command::new("dpkg-deb")
        .arg("--contents")
        .arg(package("EDGEGHOST_PACKAGES", ".deb")));
    let mut times = std::collections::BTreeSet::new();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[1], "root/root", "{line}");
        times.insert((words[3], words[4]));
    }
    assert_eq!(times.len(), 1, "{listed}");
    assert!(Path::new("/usr/bin").exists() && listed.contains("./usr/bin/edgeghost"));
}
