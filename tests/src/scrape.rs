//! Scraping the agent, and reading what comes.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::binary;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub code: u16,
    /// All before the empty line.
    pub head: String,
    /// All after it.
    pub body: String,
}

/// An address of loopback that nobody listens on right now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Sends a request as it stands.
pub fn request(at: SocketAddr, text: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(text.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer {
        code: code.with_context(|| format!("no status: {head}"))?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// The metrics in the older format.
pub fn scrape(at: SocketAddr) -> Result<String> {
    let answer = request(at, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
    if answer.code != 200 {
        bail!("{}: {}", answer.head, answer.body);
    }
    Ok(answer.body)
}

/// Sum over the series of `name` that carry all these labels; nothing if there is none.
pub fn sum(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}=\"{value}\""))
        .collect();
    let values = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (series, value) = rest.rsplit_once(' ')?;
        let own = series.is_empty() || series.starts_with('{');
        let fits = labels.iter().all(|label| series.contains(label));
        (own && fits).then(|| value.parse::<f64>().ok())?
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

/// Names of the families, as in `# TYPE`.
pub fn families(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Names of edgeghost's and the process' metrics in a text of expressions.
pub fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c: char| !is_part(c))
        .filter(|word| word.starts_with("edgeghost_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// Every expression of a dashboard: of its panels, variables and annotations.
pub fn expressions(dashboard: &Value) -> Vec<String> {
    match dashboard {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(text) if key == "expr" || key == "definition" => vec![text.clone()],
                value => expressions(value),
            })
            .collect(),
        Value::Array(list) => list.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

/// Runs promtool on a text, and fails with what it says.
pub fn promtool(args: &[&str], folder: &Path, input: &str) -> Result<String> {
    let mut child = Command::new(binary::promtool()?)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run promtool")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    // It may end before it has read all.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output()?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if !output.status.success() {
        bail!("promtool {}: {said}", args.join(" "));
    }
    Ok(said)
}
