use std::path::Path;

use super::super::Config;
use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("t.toml")).map_err(|error| error.to_string())
}

#[test]
fn by_default_events_go_to_standard_output_and_alerts_are_kept() {
    let config = Config::default();
    let settings = config.sinks.settings(None);
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].target, Target::Stdout);
    assert!(config.spool.settings().is_some());
    assert_eq!(
        parse("[spool]\nfolder = \"\"").unwrap().spool.settings(),
        None
    );
}

#[test]
fn several_read_back_and_one_of_the_command_line_stands_for_all() {
    let config = parse(
        "[[sinks]]\n[[sinks]]\nkind = \"file\"\npath = \"/var/log/e\"\nformat = \"ecs\"\n\
         rotate_bytes = 0\nrotate_seconds = 86400\nevents = [\"incident\"]\n\
         [[sinks]]\nkind = \"unix-stream\"\npath = \"/run/s\"\npriority = \"alert\"",
    )
    .unwrap();
    assert_eq!(parse(&config.to_toml().unwrap()).unwrap(), config);
    let settings = config.sinks.settings(None);
    let kinds: Vec<_> = settings.iter().map(|sink| sink.target.kind()).collect();
    assert_eq!(kinds, ["stdout", "file", "unix-stream"]);
    assert_eq!(config.sinks.event_files(), [Path::new("/var/log/e")]);
    let Target::File { rotation, .. } = &settings[1].target else {
        panic!("{settings:?}");
    };
    assert_eq!(
        (rotation.bytes, rotation.age),
        (None, Some(Duration::from_hours(24)))
    );
    let only = config.sinks.settings(Some(Path::new("events.ndjson")));
    assert_eq!(only.len(), 1);
    assert_eq!(only[0].target.kind(), "file");
    let same = config.sinks.settings(Some(Path::new("/var/log/e")));
    assert_eq!(
        same,
        settings[1..2],
        "a file that is configured keeps its settings"
    );
    let out = config.sinks.settings(Some(Path::new("-")));
    assert_eq!(out[0].target, Target::Stdout);
}

#[test]
fn mistakes_are_named() {
    for (text, words) in [
        ("sinks = []", ["0 outputs", "standard output"]),
        ("[[sinks]]\nkind = \"syslog\"", ["syslog", "unix-datagram"]),
        ("[[sinks]]\nkind = \"file\"", ["sinks.path", "missing"]),
        (
            "[[sinks]]\npath = \"/x\"",
            ["sinks.path", "kind = \"file\""],
        ),
        (
            "[[sinks]]\nkind = \"file\"\npath = \"log\"",
            ["sinks.path", "relative"],
        ),
        ("[[sinks]]\n[[sinks]]", ["standard output", "twice"]),
        (
            "[[sinks]]\nevents = [\"incidents\"]",
            ["sinks.events", "`incidents`"],
        ),
        ("[[sinks]]\npriority = \"high\"", ["high", "alert"]),
        ("[[sinks]]\nkeep = 0", ["sinks.keep", "1 to 1000"]),
        (
            "[[sinks]]\nrotate_bytes = 100",
            ["sinks.rotate_bytes", "65536"],
        ),
        ("[[sinks]]\nqueue_lines = 1", ["sinks.queue_lines", "16 to"]),
        ("[spool]\nbytes = 1", ["spool.bytes", "65536 to"]),
    ] {
        let said = parse(text).unwrap_err();
        for word in words {
            assert!(said.contains(word), "{word} is missing: {said}");
        }
    }
}
