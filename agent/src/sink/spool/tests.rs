use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("edgeghost-spool-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self, bytes: usize) -> Spool {
        Spool::open(&self.0, &Target::Stdout, bytes)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn incident(number: u32, state: &str) -> Vec<u8> {
    format!("{{\"event\":{{\"name\":\"incident\",\"sequence\":{number}}},\"incident\":{{\"state\":\"{state}\"}}}}\n").into()
}

fn texts(spool: &Spool) -> Vec<String> {
    (0..spool.len())
        .filter_map(|number| spool.get(number))
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

fn keep(spool: &mut Spool, lines: &[Vec<u8>]) -> Vec<&'static str> {
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    spool.keep(&lines).unwrap()
}

#[test]
fn what_is_kept_is_there_after_a_restart_in_order_and_goes_when_delivered() {
    let folder = Folder::new("restart");
    let mut spool = folder.open(10_000);
    assert!(!folder.0.exists(), "made only when it is needed");
    keep(&mut spool, &[incident(1, "opened"), incident(2, "updated")]);
    keep(&mut spool, &[incident(3, "closed")]);
    let mut again = folder.open(10_000);
    assert_eq!(texts(&again), texts(&spool));
    assert_eq!(again.len(), 3);
    again.delivered(2).unwrap();
    assert_eq!(texts(&folder.open(10_000)), texts(&again));
    assert_eq!(again.get(0), Some(incident(3, "closed").as_slice()));
    again.delivered(1).unwrap();
    assert_eq!(folder.open(10_000).len(), 0);
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        0,
        "no file is left"
    );
}

#[test]
fn each_output_has_its_own() {
    let folder = Folder::new("own");
    keep(&mut folder.open(10_000), &[incident(1, "opened")]);
    let other = Target::Stream("/run/x".into());
    assert_eq!(Spool::open(&folder.0, &other, 10_000).len(), 0);
}

#[test]
fn when_it_is_full_updates_go_first_and_then_the_oldest() {
    let folder = Folder::new("full");
    let room = incident(1, "updated").len() * 3 + 10;
    let mut spool = folder.open(room);
    keep(
        &mut spool,
        &[
            incident(1, "opened"),
            incident(2, "updated"),
            incident(3, "updated"),
        ],
    );
    assert_eq!(keep(&mut spool, &[incident(4, "closed")]), ["incident"]);
    let numbers = |spool: &Spool| -> Vec<u64> {
        let of = |text: &String| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            value["event"]["sequence"].as_u64().unwrap()
        };
        texts(spool).iter().map(of).collect()
    };
    assert_eq!(numbers(&spool), [1, 3, 4]);
    assert_eq!(keep(&mut spool, &[incident(5, "opened")]).len(), 1);
    assert_eq!(numbers(&spool), [1, 4, 5]);
    assert_eq!(keep(&mut spool, &[incident(6, "opened")]).len(), 1);
    assert_eq!(
        numbers(&folder.open(room)),
        [4, 5, 6],
        "and so it is on disk"
    );
}

#[test]
fn a_torn_line_is_not_delivered() {
    let folder = Folder::new("torn");
    let mut spool = folder.open(10_000);
    keep(&mut spool, &[incident(1, "opened")]);
    let whole = fs::read(&spool.path).unwrap();
    fs::write(
        &spool.path,
        [whole.as_slice(), b"{\"event\":{\"na"].concat(),
    )
    .unwrap();
    let mut again = folder.open(10_000);
    assert_eq!(again.len(), 1);
    keep(&mut again, &[incident(2, "opened")]);
    assert_eq!(
        folder.open(10_000).len(),
        2,
        "and does not spoil the next one"
    );
}

/// As files look after a power failure: zeros where data should be, lines of something else.
#[test]
fn what_is_no_event_is_not_delivered() {
    let folder = Folder::new("strange");
    let mut spool = folder.open(10_000);
    keep(&mut spool, &[incident(1, "opened")]);
    let ecs = br#"{"event":{"action":"incident"},"edgeghost":{"incident":{"state":"updated"}}}
"#;
    let whole = fs::read(&spool.path).unwrap();
    let zeros = [0; 100].as_slice();
    let parts = [zeros, b"\n", &whole, b"{}\nno json\n", ecs, zeros];
    fs::write(&spool.path, parts.concat()).unwrap();
    let again = folder.open(10_000);
    let kept = [whole.as_slice(), ecs].concat();
    assert_eq!(texts(&again).concat().as_bytes(), kept);
    assert_eq!(fs::read(&again.path).unwrap(), kept, "and it is mended");
    assert_eq!(name(ecs), "incident");
}

#[test]
fn of_a_file_that_is_too_long_the_newest_lines_are_kept() {
    let folder = Folder::new("long");
    let mut spool = folder.open(1_000_000);
    let lines: Vec<_> = (0..100).map(|number| incident(number, "opened")).collect();
    keep(&mut spool, &lines);
    let room = 10 * incident(99, "opened").len() + 5;
    let again = folder.open(room);
    let last: Vec<_> = lines.iter().skip(90).cloned().collect();
    assert_eq!(texts(&again).concat().as_bytes(), last.concat());
    assert_eq!(fs::read(&again.path).unwrap(), last.concat());
}

#[test]
fn what_could_not_be_written_changes_nothing() {
    let folder = Folder::new("unwritten");
    let room = incident(1, "updated").len() * 3 + 10;
    let mut spool = folder.open(room);
    let kept = [
        incident(1, "opened"),
        incident(2, "updated"),
        incident(3, "opened"),
    ];
    keep(&mut spool, &kept);
    // In the way of the file that would be written beside it.
    fs::create_dir(spool.path.with_extension("new")).unwrap();
    let two = [incident(4, "opened"), incident(5, "opened")];
    let two: Vec<&[u8]> = two.iter().map(Vec::as_slice).collect();
    spool.keep(&two).unwrap_err();
    assert_eq!(texts(&spool).concat().as_bytes(), kept.concat());
}

#[test]
fn a_folder_that_cannot_be_made_changes_nothing() {
    let mut spool = Spool::open(Path::new("/dev/null/spool"), &Target::Stdout, 10_000);
    let line = incident(1, "opened");
    spool.keep(&[&line]).unwrap_err();
    assert_eq!(spool.len(), 0);
}
