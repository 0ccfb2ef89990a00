use super::*;

fn line(id: &str, name: &str, rest: &str) -> String {
    format!(
        "{{\"timestamp\":\"2026-11-21T05:58:28.332081549Z\",\"event\":{{\"name\":\"{name}\"}},\
         \"host\":{{\"name\":\"web3\"}},\"incident\":{{\"id\":\"{id}\"{rest}}}"
    )
}

fn advice(id: &str, private_ip: &str) -> String {
    line(id, "recommendation", "")
        + &format!(
            ",\"remediation\":{{\"action\":\"reassociate_elastic_ip\",\
             \"target\":{{\"private_ip\":\"{private_ip}\"}}}}}}\n"
        )
}

fn search<'a>(text: &str, incident: Option<&'a str>) -> Search<'a> {
    let mut search = Search::new(incident);
    search.read(text.as_bytes()).unwrap();
    search
}

#[test]
fn the_last_counts_or_that_of_the_incident() {
    let text = advice("eg-1", "10.0.0.1") + "not an event\n" + &advice("eg-2", "10.0.0.2");
    assert_eq!(search(&text, None).found_id(), Some("eg-2"));
    assert_eq!(search(&text, Some("eg-1")).found_id(), Some("eg-1"));
    let none = search(&text, Some("eg-3"));
    assert!(none.found.is_none());
    assert_eq!(none.instead(), "it has those of eg-1, eg-2");
}

#[test]
fn lines_in_the_elastic_common_schema_say_the_same() {
    let plain = advice("eg-1", "10.0.0.1") + &line("eg-1", "incident", ",\"state\":\"closed\"}");
    let lines = plain.lines().map(|line| crate::sink::ecs(line.as_bytes()));
    let text = String::from_utf8(lines.collect::<Vec<_>>().concat()).unwrap();
    let search = search(&text, Some("eg-1"));
    assert_eq!(search.found_id(), Some("eg-1"));
    assert!(search.closed.is_some());
}

#[test]
fn an_incident_closed_later_is_noticed() {
    let closed = line("eg-1", "incident", ",\"state\":\"closed\"") + "}\n";
    let text = advice("eg-1", "10.0.0.1") + &closed;
    assert!(search(&text, None).closed.is_some());
    let text = closed + &advice("eg-1", "10.0.0.1");
    assert!(search(&text, None).closed.is_none(), "closed before");
}

#[test]
fn one_event_may_be_laid_out_over_many_lines_in_either_format() {
    let plain = advice("eg-1", "10.0.0.1").into_bytes();
    for line in [crate::sink::ecs(&plain), plain] {
        let event: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let text = serde_json::to_string_pretty(&event).unwrap();
        assert_eq!(search(&text, None).found_id(), Some("eg-1"), "{text}");
    }
}

#[test]
fn what_is_there_instead_is_said() {
    assert_eq!(search("", None).instead(), "it is empty");
    let other = "{\"event\":{\"name\":\"agent_health\"}}\n";
    assert_eq!(search(other, None).instead(), "it has 1 other events");
    assert_eq!(
        search("what\never\n", None).instead(),
        "2 of its 2 lines are no events of edgeghost"
    );
}

#[test]
fn an_endless_line_is_refused() {
    let endless = "x".repeat(LONGEST + 1);
    let error = Search::new(None).read(endless.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("longer than any event"));
}
