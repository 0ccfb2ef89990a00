//! The published schema of the event stream, as the agent itself prints it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use jsonschema::Validator;
use serde_json::{Map, Value};

/// What is wrong with a `status` that `binary` told, one sentence each; empty when it is valid.
pub fn complaints_of_status(binary: &Path, status: &Value) -> Result<Vec<String>> {
    let schema = printed(binary, &["schema", "--status"])?;
    let validator =
        jsonschema::validator_for(&schema).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(complaints(&validator, status))
}

/// What `binary` prints of itself.
fn printed(binary: &Path, args: &[&str]) -> Result<Value> {
    let output = Command::new(binary)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    ensure!(
        output.status.success(),
        "`{} {}` ended with {}: {}",
        binary.display(),
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("the schema is not JSON")
}

fn complaints(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// One validator per event. The alternatives of the schema exclude each other by `event.name`
/// (a process test holds them to it), so an event needs to be held against its own only, and a
/// failure can name the field at fault.
#[derive(Debug)]
pub struct Schema {
    validators: BTreeMap<String, Validator>,
}

impl Schema {
    /// Asks `binary` for its schema.
    pub fn of(binary: &Path) -> Result<Self> {
        Self::new(&printed(binary, &["schema"])?)
    }

    /// Takes the document apart.
    pub fn new(document: &Value) -> Result<Self> {
        let mut validators = BTreeMap::new();
        for alternative in document["oneOf"]
            .as_array()
            .context("no `oneOf` in the schema")?
        {
            let name = alternative["title"]
                .as_str()
                .context("an alternative without a title")?;
            let mut schema: Map<String, Value> = alternative
                .as_object()
                .cloned()
                .context("an alternative that is no object")?;
            for key in ["$schema", "$defs"] {
                schema.insert(key.to_owned(), document[key].clone());
            }
            let validator = jsonschema::validator_for(&Value::Object(schema))
                .map_err(|error| anyhow::anyhow!("{error}"))
                .with_context(|| format!("the schema of `{name}` is not one"))?;
            validators.insert(name.to_owned(), validator);
        }
        Ok(Self { validators })
    }

    /// Names of all events, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.validators.keys().map(String::as_str)
    }

    /// What is wrong with `event`, one sentence each; empty when it is valid.
    pub fn complaints(&self, event: &Value) -> Vec<String> {
        let name = event["event"]["name"].as_str().unwrap_or_default();
        match self.validators.get(name) {
            None => vec![format!("the schema knows no event `{name}`")],
            Some(validator) => complaints(validator, event),
        }
    }
}
