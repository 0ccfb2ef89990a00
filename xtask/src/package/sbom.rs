//! What the program is made of: a software bill of materials in `CycloneDX` 1.5
//! (<https://cyclonedx.org/docs/1.5/json/>), from cargo's own word.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::Release;
use crate::cargo::{OTLP, cargo};
use crate::exec;

/// What cargo says of the workspace.
pub(super) fn metadata(args: &[&str]) -> Result<Value> {
    let mut command = cargo(["metadata", "--locked", "--format-version=1"]);
    let text = exec::capture(command.args(args))?;
    serde_json::from_str(&text).context("cargo metadata is no JSON")
}

/// Writes it beside the packages.
pub(super) fn write(release: &Release, otlp: bool) -> Result<()> {
    let mut args = vec!["--filter-platform", "x86_64-unknown-linux-musl"];
    if otlp {
        args.extend(["--features", OTLP]);
    }
    let metadata = metadata(&args)?;
    let document = document(release, &metadata)?;
    let path = release
        .output
        .join(format!("edgeghost-{}.cdx.json", release.version));
    fs::write(&path, serde_json::to_vec_pretty(&document)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn document(release: &Release, metadata: &Value) -> Result<Value> {
    let nodes = nodes(metadata);
    let root = nodes
        .keys()
        .find(|id| id.contains("edgeghost@") || id.contains("/agent#"))
        .context("cargo metadata has no node of the agent")?;
    let used = reachable(root, &nodes);
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let components: Vec<Value> = packages
        .iter()
        .filter(|package| {
            let id = package["id"].as_str().unwrap_or_default();
            used.contains(id) && id != root
        })
        .map(component)
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "edgeghost",
                "version": release.version,
                "licenses": [{ "expression": release.license }],
            },
        },
        "components": components,
    }))
}

/// What each package depends on when it is built for a host: neither tests nor build scripts.
fn nodes(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let nodes = metadata.pointer("/resolve/nodes").and_then(Value::as_array);
    nodes
        .into_iter()
        .flatten()
        .map(|node| {
            let dependencies = node["deps"].as_array().into_iter().flatten();
            let normal = dependencies.filter(|dependency| {
                let kinds = dependency["dep_kinds"].as_array();
                kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
            });
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&node["id"]),
                normal.map(|dependency| text(&dependency["pkg"])).collect(),
            )
        })
        .collect()
}

fn reachable(root: &str, nodes: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(id) = waiting.pop() {
        if found.insert(id.clone()) {
            waiting.extend(nodes.get(&id).into_iter().flatten().cloned());
        }
    }
    found
}

fn component(package: &Value) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let (name, version) = (text("name"), text("version"));
    let mut component = json!({
        "type": "library",
        "bom-ref": format!("{name}@{version}"),
        "name": name,
        "version": version,
        // A few old crates separate licences by a slash.
        "licenses": [{ "expression": text("license").replace('/', " OR ") }],
    });
    if package["source"].is_string() {
        component["purl"] = json!(format!("pkg:cargo/{name}@{version}"));
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_is_linked_and_no_test_tool() {
        let release = Release {
            version: "1.2.3".to_owned(),
            license: "MIT".to_owned(),
            epoch: "0".to_owned(),
            output: ".".into(),
            work: ".".into(),
        };
        let document = document(&release, &metadata(&[]).unwrap()).unwrap();
        let components = document["components"].as_array().unwrap();
        let names: BTreeSet<&str> = components
            .iter()
            .map(|component| component["name"].as_str().unwrap())
            .collect();
        for name in ["aya", "serde", "tokio", "edgeghost-common"] {
            assert!(names.contains(name), "{name}: {names:?}");
        }
        for name in [
            "prost",
            "jsonschema",
            "clap_mangen",
            "aya-build",
            "edgeghost-tests",
        ] {
            assert!(!names.contains(name), "{name}");
        }
        for component in components {
            let license = component["licenses"][0]["expression"].as_str().unwrap();
            assert!(!license.is_empty() && !license.contains('/'), "{component}");
        }
    }
}
