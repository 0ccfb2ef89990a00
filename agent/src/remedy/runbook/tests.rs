use super::*;

fn whole() -> Report {
    Report {
        incident: Some("eg-1796dfd25fa6ae48".to_owned()),
        time: "2026-11-21T05:58:28.332081549Z".parse().ok(),
        host: Some("web3".to_owned()),
        target: Target {
            private_ip: Some("10.1.0.207".parse().unwrap()),
            public_ip: Some("203.0.113.25".parse().unwrap()),
            allocation_id: Some("eipalloc-0123456789abcdef0".to_owned()),
            association_id: Some("eipassoc-0a1b2c3d".to_owned()),
            network_interface_id: Some("eni-0123456789abcdef1".to_owned()),
            instance_id: Some("i-0123456789abcdef2".to_owned()),
            region: Some("us-gov-west-1".to_owned()),
            ..Target::default()
        },
    }
}

/// Shorter than a report's own default, for tests that change one field.
fn with(change: impl FnOnce(&mut Target)) -> Result<String, BadReport> {
    let mut report = whole();
    change(&mut report.target);
    script(&report)
}

/// The assignments of the script's head.
fn head(script: &str) -> Vec<&str> {
    let (_, rest) = script.split_once(BEGIN).unwrap();
    rest.split_once(END).unwrap().0.lines().collect()
}

#[test]
fn every_value_stands_at_the_head() {
    let script = script(&whole()).unwrap();
    assert_eq!(
        head(&script),
        [
            "INCIDENT='eg-1796dfd25fa6ae48'",
            "REPORTED='2026-11-21T05:58:28Z'",
            "REPORTED_EPOCH='1795240708'",
            "HOST='web3'",
            "REGION='us-gov-west-1'",
            "PUBLIC_IP='203.0.113.25'",
            "PRIVATE_IP='10.1.0.207'",
            "ALLOCATION_ID='eipalloc-0123456789abcdef0'",
            "ASSOCIATION_ID='eipassoc-0a1b2c3d'",
            "NETWORK_INTERFACE_ID='eni-0123456789abcdef1'",
            "INSTANCE_ID='i-0123456789abcdef2'",
        ]
    );
}

#[test]
fn the_template_has_the_same_variables_and_nothing_in_them() {
    let script = script(&whole()).unwrap();
    let names = |text| {
        head(text)
            .iter()
            .map(|line| line.split_once('=').unwrap().0)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(TEMPLATE), names(&script));
    assert!(head(TEMPLATE).iter().all(|line| line.ends_with("=''")));
    assert_eq!(
        script.lines().count(),
        TEMPLATE.lines().count(),
        "only values differ"
    );
}

#[test]
fn what_is_not_known_is_empty_and_looked_up() {
    let report = Report {
        target: Target {
            private_ip: Some("10.1.0.207".parse().unwrap()),
            ..Target::default()
        },
        ..Report::default()
    };
    let script = script(&report).unwrap();
    let known: Vec<_> = head(&script)
        .into_iter()
        .filter(|line| !line.ends_with("=''"))
        .collect();
    assert_eq!(known, ["PRIVATE_IP='10.1.0.207'"]);
}

#[test]
fn an_address_that_is_not_named_at_all_is_refused() {
    let refused = with(|target| {
        target.public_ip = None;
        target.private_ip = None;
        target.allocation_id = None;
    });
    assert_eq!(refused, Err(BadReport::NoAddress));
}

#[test]
fn nothing_but_the_strict_form_gets_in() {
    let hostile = [
        "",
        "eipalloc-",
        "eipalloc-0123456789ABCDEF0",
        "eipalloc-0123456789abcdef0'; reboot; '",
        "eipalloc-$(reboot)",
        "eipalloc-0123456789abcdef0\n",
        "eipalloc-012345678",
        "eipassoc-0123456789abcdef0",
        "eipalloc-0123456789abcde\u{661}",
    ];
    for id in hostile {
        let refused = with(|target| target.allocation_id = Some(id.to_owned())).unwrap_err();
        let text = refused.to_string();
        assert!(
            text.starts_with("remediation.target.allocation_id is "),
            "{text}"
        );
        assert!(text.lines().count() == 1, "{text}");
    }
    for region in [
        "us-east",
        "us-east-1a",
        "us--1",
        "-east-1",
        "us-east-1;id",
        "US-EAST-1",
        "1",
    ] {
        assert!(
            with(|target| target.region = Some(region.to_owned())).is_err(),
            "{region}"
        );
    }
    let mut report = whole();
    report.incident = Some("eg-1'$(id)".to_owned());
    assert!(script(&report).is_err());
}

#[test]
fn an_elastic_ip_is_ipv4() {
    let refused = with(|target| target.private_ip = "2001:db8::1".parse().ok()).unwrap_err();
    assert!(
        refused.to_string().contains("not an IPv4 address"),
        "{refused}"
    );
}

#[test]
fn a_hostile_host_name_is_left_out() {
    let mut report = whole();
    report.host = Some("web3'; reboot; '".to_owned());
    assert!(script(&report).unwrap().contains("\nHOST=''\n"));
}

#[test]
fn it_never_releases_an_address_and_never_takes_one_away() {
    for word in ["release-address", " --allow-reassociation", "--public-ip "] {
        assert!(!TEMPLATE.contains(word), "{word}");
    }
}

#[test]
fn every_exit_code_is_documented() {
    let documented: Vec<&str> = TEMPLATE
        .lines()
        .skip_while(|line| *line != "# Exit codes:")
        .skip(1)
        .take_while(|line| line.starts_with("#   "))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let used = |line: &str, word: &str| -> Option<String> {
        let (_, rest) = line.split_once(word)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    let code = TEMPLATE.lines().filter(|line| !line.starts_with('#'));
    for code in code
        .flat_map(|line| ["stop ", "exit "].map(|word| used(line, word)))
        .flatten()
    {
        assert!(documented.contains(&code.as_str()), "exit code {code}");
    }
    assert_eq!(documented, ["0", "1", "2", "3", "4", "5", "7"]);
}
