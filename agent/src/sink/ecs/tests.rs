use super::*;

fn rendered(text: &str) -> Value {
    let bytes = line(text.as_bytes());
    assert!(bytes.ends_with(b"\n"));
    serde_json::from_slice(&bytes).unwrap()
}

const ENVELOPED: &str = r#""schema_version":"1.0","severity_text":"WARN","severity_number":13,
    "message":"m","service":{"name":"edgeghost","version":"0.1.0"},"host":{"name":"web3","id":"i-1"}"#;

#[test]
fn a_connection_has_a_source_and_a_destination() {
    let ecs = rendered(&format!(
        r#"{{"timestamp":"t","event":{{"name":"tcp_retransmit","sequence":7,"run_id":"r"}},{ENVELOPED},
        "cloud":{{"provider":"aws","platform":"aws_ec2","region":"us-east-1","account":{{"id":"1"}}}},
        "network":{{"transport":"tcp","type":"ipv4","local":{{"address":"10.0.0.1","port":443}},
        "peer":{{"address":"198.51.100.7","port":50000}}}},"tcp":{{"snd_cwnd":2}}}}"#
    ));
    assert_eq!(
        ecs,
        json!({
            "@timestamp": "t",
            "ecs": { "version": VERSION },
            "message": "m",
            "event": {
                "kind": "event", "category": ["network"], "type": ["connection"],
                "action": "tcp_retransmit", "module": "edgeghost", "dataset": "edgeghost.events",
                "sequence": 7, "severity": 13,
            },
            "log": { "level": "warn" },
            "service": { "name": "edgeghost", "version": "0.1.0", "type": "edgeghost" },
            "host": { "name": "web3", "hostname": "web3", "id": "i-1" },
            "cloud": {
                "provider": "aws", "region": "us-east-1", "account": { "id": "1" },
                "service": { "name": "EC2" }, "instance": { "id": "i-1" },
            },
            "network": { "transport": "tcp", "type": "ipv4" },
            "source": { "address": "10.0.0.1", "ip": "10.0.0.1", "port": 443 },
            "destination": { "address": "198.51.100.7", "ip": "198.51.100.7", "port": 50000 },
            "related": { "ip": ["10.0.0.1", "198.51.100.7"] },
            "edgeghost": { "schema_version": "1.0", "run_id": "r", "tcp": { "snd_cwnd": 2 } },
        })
    );
}

#[test]
fn what_is_not_known_is_absent_and_what_is_ours_stays_as_it_was() {
    let ecs = rendered(&format!(
        r#"{{"timestamp":"t","event":{{"name":"incident","sequence":8,"run_id":"r"}},{ENVELOPED},
        "network":{{"local":{{"address":"2001:db8::1"}}}},
        "incident":{{"id":"eg-1","state":"opened","worst_peers":[],"public":{{}}}}}}"#
    ));
    assert!(
        ecs.get("cloud").is_none() && ecs.get("destination").is_none(),
        "{ecs:#}"
    );
    assert_eq!(
        ecs["source"],
        json!({ "address": "2001:db8::1", "ip": "2001:db8::1" })
    );
    assert_eq!(ecs["network"]["type"], "ipv6");
    assert_eq!(ecs["event"]["kind"], "alert");
    assert_eq!(ecs["event"]["type"], json!(["start"]));
    let ours = json!({ "id": "eg-1", "state": "opened", "worst_peers": [], "public": {} });
    assert_eq!(ecs["edgeghost"]["incident"], ours);
}

#[test]
fn every_event_has_a_class_that_ecs_allows() {
    for name in crate::event::Event::NAMES {
        let (kind, [category], kinds) = class(name, None);
        assert!(
            ["alert", "event", "metric", "state"].contains(&kind),
            "{name}"
        );
        // As of the tables of allowed values: `connection` is of networks only.
        let allowed: &[&str] = match category {
            "network" => &["connection", "start", "end", "info"],
            "host" | "process" => &["start", "end", "info", "change"],
            "configuration" => &["access", "change", "creation", "deletion", "info"],
            other => panic!("{other}"),
        };
        for kind in kinds {
            assert!(allowed.contains(&kind), "{name}: {kind}");
        }
    }
}

#[test]
fn what_is_no_event_passes_as_it_is() {
    assert_eq!(line(b"{\"torn"), b"{\"torn");
    assert_eq!(line(b"[1]\n"), b"[1]\n");
}
