//! What is in the packages, without installing them.

use std::path::Path;
use std::process::Command;

use edgeghost_tests::binary;
use edgeghost_tests::temp::TempDir;

use crate::{folder, package, packages};

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

/// Made twice, in different folders and at different times.
#[test]
fn made_again_they_are_the_same() {
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let (one, other) = (packages(), folder("EDGEGHOST_SAME_PACKAGES"));
    assert_ne!(one, other);
    assert_eq!(names(&one), names(&other));
    for name in names(&one) {
        let [was, is] = [&one, &other].map(|folder| std::fs::read(folder.join(&name)).unwrap());
        let differs = was.iter().zip(&is).position(|(was, is)| was != is);
        assert!(
            was == is,
            "{name}: {} and {} bytes, different from byte {differs:?} on",
            was.len(),
            is.len()
        );
    }
}

/// Neither in the program nor in the line information of what it loads into the kernel. (That of
/// the program itself a development build keeps, until it is stripped.)
#[test]
fn the_programs_for_the_kernel_name_no_folder_of_this_machine() {
    let folder = unpacked();
    let program = std::fs::read(folder.path().join("usr/bin/edgeghost")).unwrap();
    let top = binary::packaging().canonicalize().unwrap();
    let top = top.parent().unwrap().join("agent-ebpf");
    let found = |name: &[u8]| program.windows(name.len()).any(|bytes| bytes == name);
    assert!(
        !found(top.to_str().unwrap().as_bytes()),
        "{}",
        top.display()
    );
    assert!(found(b"agent-ebpf/src/"), "no line information at all");
}

#[test]
fn the_sample_configuration_is_taken() {
    let folder = unpacked();
    let program = folder.path().join("usr/bin/edgeghost");
    let sample = folder.path().join("etc/edgeghost/edgeghost.toml");
    let said = run(Command::new(program)
        .args(["config", "--check"])
        .arg(sample));
    assert!(
        said.contains("1 setting differs from the default: sinks"),
        "{said}"
    );
    let text = std::fs::read_to_string(folder.path().join("etc/edgeghost/edgeghost.toml")).unwrap();
    assert!(
        text.contains("\npath = \"/var/log/edgeghost/events.ndjson\"\n"),
        "{text}"
    );
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

fn container(name: &str) -> String {
    let path = binary::fixtures()
        .join("../../packaging/container")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The image is made of a tarball that there is, and starts a program that is in it.
#[test]
fn the_image_is_made_of_the_tarball() {
    let recipe = container("Containerfile");
    let added = recipe.lines().find_map(|line| line.strip_prefix("ADD "));
    let tarball = package("EDGEGHOST_PACKAGES", ".tar.gz");
    let name = tarball.file_name().unwrap().to_str().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let pattern = added.unwrap().split_whitespace().next().unwrap();
    let named = pattern
        .replace("${VERSION}", version)
        .replace("${ARCH}", std::env::consts::ARCH);
    assert_eq!(named, name);
    let entry = r#"ENTRYPOINT ["/usr/bin/edgeghost"]"#;
    assert!(recipe.lines().any(|line| line == entry), "{recipe}");
    assert!(unpacked().path().join("usr/bin/edgeghost").is_file());
}

/// As YAML, it asks for what the agent needs, and for no more.
#[test]
fn pods_get_two_capabilities_and_the_types_of_the_kernel() {
    let read = "import json, sys, yaml\n\
                print(json.dumps(list(yaml.safe_load_all(sys.argv[1]))))";
    let python = binary::python_program("python3").unwrap();
    let text = container("daemonset.yaml");
    let json = run(Command::new(python).args(["-c", read, &text]));
    let documents: serde_json::Value = serde_json::from_str(&json).unwrap();
    let documents = documents.as_array().unwrap();
    let kind = |kind: &str| {
        let found = documents.iter().find(|document| document["kind"] == kind);
        found.unwrap_or_else(|| panic!("no {kind}: {json}"))
    };
    let pod = &kind("DaemonSet")["spec"]["template"]["spec"];
    assert_eq!(pod["hostNetwork"], true, "{pod}");
    let agent = &pod["containers"][0];
    let security = &agent["securityContext"];
    let capabilities = serde_json::json!({"drop": ["ALL"], "add": ["BPF", "PERFMON"]});
    assert_eq!(security["capabilities"], capabilities, "{security}");
    assert_eq!(security["privileged"], false, "{security}");
    assert_eq!(security["allowPrivilegeEscalation"], false, "{security}");
    let mounts = agent["volumeMounts"].as_array().unwrap();
    assert!(
        mounts
            .iter()
            .any(|m| m["mountPath"] == "/sys/kernel/btf" && m["readOnly"] == true),
        "{agent}"
    );
    // The configuration in it is one.
    let folder = TempDir::new().unwrap();
    let settings = kind("ConfigMap")["data"]["edgeghost.toml"].as_str();
    let file = folder.write("edgeghost.toml", settings.unwrap()).unwrap();
    let agent = binary::agent().unwrap();
    run(Command::new(agent).args(["config", "--check"]).arg(file));
}
