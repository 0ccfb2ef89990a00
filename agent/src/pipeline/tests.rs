//! What the context does to judgements and advice.

use super::*;
use crate::ec2::{Instance, Interface, Source};
use crate::event::{Event, Recommendation, Time, Verdict, VerdictName};
use crate::flow::quiet;

const SECOND: u64 = 1_000_000_000;
const ENI: &str = "eni-0123456789abcdef0";

/// A host whose public clients lose a quarter of what they are sent from some second on.
struct Host {
    pipeline: Pipeline,
    second: u64,
    bad_from: u64,
    notes: Vec<Note>,
    /// Seconds in which it wanted the context.
    wanted: Vec<u64>,
}

impl Host {
    fn new(bad_from: u64) -> Self {
        Self {
            pipeline: Pipeline::new(&Config::default(), None),
            second: 0,
            bad_from,
            notes: Vec::new(),
            wanted: Vec::new(),
        }
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.second += 1;
            let now_ns = self.second * SECOND;
            let clock = Clock::at(now_ns, Time(1_790_000_000 * 1_000_000_000));
            for number in 0..12_u64 {
                let mut sample = quiet(&format!("{}.7.7.7", 50 + number));
                sample.time_ns = now_ns - SECOND / 2;
                sample.delivered = 20;
                let bad = self.second >= self.bad_from && (self.second + number).is_multiple_of(2);
                sample.retransmitted = if bad { 10 } else { 0 };
                self.pipeline.replay(sample);
            }
            let mut private = quiet("10.1.1.21");
            private.time_ns = now_ns - SECOND / 2;
            private.delivered = 20;
            self.pipeline.replay(private);
            let mut out = Output::default();
            let host = HostSample::default();
            self.pipeline.tick(now_ns, &host, clock, &mut out);
            self.notes.append(&mut out.notes);
            if self.pipeline.wants_context(now_ns) {
                self.wanted.push(self.second);
            }
        }
    }

    fn advice(&self) -> Option<(&Note, &Recommendation)> {
        self.notes.iter().find_map(|note| match &note.event {
            Event::Recommendation(advice) => Some((note, &**advice)),
            _ => None,
        })
    }

    fn collapse(&self) -> &Verdict {
        let collapse = self.notes.iter().find_map(|note| match &note.event {
            Event::Verdict(verdict) if verdict.verdict.name == VerdictName::PublicOnlyCollapse => {
                Some(&**verdict)
            }
            _ => None,
        });
        collapse.unwrap_or_else(|| panic!("no collapse: {:?}", self.words()))
    }

    fn words(&self) -> Vec<&str> {
        self.notes
            .iter()
            .map(|note| note.message.as_str())
            .collect()
    }
}

fn context(private: [u8; 4], read_s: u64) -> Context {
    Context {
        source: Source::Metadata,
        read_ns: Some(read_s * SECOND),
        instance: Instance {
            id: Some("i-0123456789abcdef0".to_owned()),
            region: Some("us-east-1".to_owned()),
            ..Instance::default()
        },
        interfaces: vec![Interface {
            mac: "0e:49:61:0f:c3:11".to_owned(),
            id: Some(ENI.to_owned()),
            private_ipv4: vec![private.into()],
            associations: [(private.into(), [203, 0, 113, 25].into())].into(),
            ..Interface::default()
        }],
        ..Context::default()
    }
}

#[test]
fn the_context_is_wanted_shortly_before_advice_and_only_then() {
    let mut host = Host::new(100);
    host.pass(400);
    assert!(host.advice().is_some(), "{:?}", host.words());
    let [first, .., last] = host.wanted.as_slice() else {
        panic!("wanted only in {:?}", host.wanted);
    };
    assert!(*first > 100 && last - first <= 6, "{:?}", host.wanted);
    assert!(
        host.wanted.len() >= 3,
        "it has two seconds: {:?}",
        host.wanted
    );
    assert!(host.pipeline.has_incident());
}

#[test]
fn advice_names_what_the_metadata_said_and_how_long_ago() {
    for (read_s, stale) in [(0, true), (100_000, false)] {
        let mut host = Host::new(100);
        host.pipeline.context(&context([10, 1, 0, 207], read_s));
        host.pass(400);
        let (_, advice) = host.advice().unwrap();
        let target = &advice.remediation.target;
        assert_eq!(target.public_ip, Some([203, 0, 113, 25].into()));
        assert_eq!(target.network_interface_id.as_deref(), Some(ENI));
        assert_eq!(target.region.as_deref(), Some("us-east-1"));
        assert_eq!(target.read_seconds_ago.is_some_and(|age| age > 10), stale);
        let checks = advice.remediation.preconditions.concat();
        assert_eq!(checks.contains("were read"), stale, "{checks}");
    }
}

#[test]
fn an_address_on_no_interface_lowers_the_confidence_and_is_said() {
    let mut on = Host::new(100);
    on.pipeline.context(&context([10, 1, 0, 207], 0));
    on.pass(400);
    let mut elsewhere = Host::new(100);
    elsewhere.pipeline.context(&context([10, 1, 0, 9], 0));
    elsewhere.pass(400);
    let (sure, unsure) = (
        on.collapse().verdict.confidence,
        elsewhere.collapse().verdict.confidence,
    );
    assert!((unsure - 0.8 * sure).abs() < 1e-5, "{sure} {unsure}");
    let said = |host: &Host| {
        host.words()
            .concat()
            .contains("on no interface of the instance")
    };
    assert!(said(&elsewhere) && !said(&on));
    let evidence = elsewhere.notes.iter().any(|note| match &note.event {
        Event::Incident(incident) => {
            let evidence = &incident.incident.evidence;
            evidence
                .iter()
                .any(|f| f.signal == "local_address_elsewhere")
        }
        _ => false,
    });
    assert!(evidence, "{:?}", elsewhere.words());
}

#[test]
fn what_turns_out_to_be_in_the_vpc_is_no_longer_evidence_of_the_public_path() {
    let mut host = Host::new(1);
    host.pass(30);
    let bad = |host: &Host| {
        let assessments = host.pipeline.assessments();
        let bad: u32 = assessments
            .map(|(_, assessment)| assessment.public.bad)
            .sum();
        bad
    };
    assert!(bad(&host) > 3, "{}", bad(&host));
    let mut known = context([10, 1, 0, 207], 30);
    known.vpc = (50..62)
        .map(|first| format!("{first}.7.0.0/16").parse().unwrap())
        .collect();
    host.pipeline.context(&known);
    host.pass(2);
    assert_eq!(bad(&host), 0, "{:?}", host.words());
}
