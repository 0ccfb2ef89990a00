use std::fs;

use super::*;
use crate::event::Priority;
use crate::sink::rotate::numbered;

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("edgeghost-file-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("events.ndjson")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

const NEVER: Rotation = Rotation {
    bytes: None,
    age: None,
    keep: 2,
};

fn line(text: &str) -> Line {
    Line {
        name: "verdict",
        priority: Priority::State,
        head: false,
        bytes: format!("{text}\n").as_bytes().into(),
    }
}

fn head(name: &'static str, text: &str) -> Line {
    Line {
        name,
        head: true,
        ..line(text)
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Looked at again with the next line.
fn look_now(file: &mut EventFile) {
    let open = file.open.as_mut().unwrap();
    open.looked = open.looked.checked_sub(LOOK_EVERY).unwrap();
}

#[test]
fn it_is_appended_to_and_readable_by_its_group() {
    let folder = Folder::new("append");
    for text in ["one", "two"] {
        let mut file = EventFile::new(&folder.path(), NEVER);
        file.open().unwrap();
        file.write(&line(text)).unwrap();
    }
    assert_eq!(read(&folder.path()), "one\ntwo\n");
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // What an operator has set stays.
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o600)).unwrap();
    EventFile::new(&folder.path(), NEVER).open().unwrap();
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn it_is_put_aside_by_size_and_each_begins_with_the_latest_head() {
    let folder = Folder::new("size");
    let rotation = Rotation {
        bytes: Some(40),
        ..NEVER
    };
    let mut file = EventFile::new(&folder.path(), rotation);
    file.write(&head("agent_start", "start")).unwrap();
    file.write(&head("context", "old")).unwrap();
    file.write(&head("context", "context")).unwrap();
    for number in 0..100 {
        file.write(&line(&format!("line {number}"))).unwrap();
    }
    let mut names: Vec<_> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["events.ndjson", "events.ndjson.1", "events.ndjson.2"]
    );
    let texts = [2, 1].map(|number| read(&numbered(&folder.path(), number)));
    let texts = [&texts[0], &texts[1], &read(&folder.path())];
    let mut numbers = Vec::new();
    for text in texts {
        assert!(
            text.len() <= 40 && text.starts_with("start\ncontext\n"),
            "{text}"
        );
        numbers.extend(
            text.lines()
                .skip(2)
                .map(|line| line[5..].parse::<u32>().unwrap()),
        );
    }
    let expected: Vec<u32> = (numbers[0]..100).collect();
    assert_eq!(numbers, expected, "none is lost in between");
}

#[test]
fn it_is_put_aside_by_age_but_never_with_nothing_in_it() {
    let folder = Folder::new("age");
    let rotation = Rotation {
        age: Some(Duration::from_hours(1)),
        ..NEVER
    };
    let mut file = EventFile::new(&folder.path(), rotation);
    file.write(&head("agent_start", "start")).unwrap();
    let age = |file: &mut EventFile| {
        let open = file.open.as_mut().unwrap();
        // A host may have been up for less than an hour.
        file.rotation.age = Some(open.born.elapsed());
    };
    age(&mut file);
    file.rest().unwrap();
    assert!(!numbered(&folder.path(), 1).exists());
    file.write(&line("one")).unwrap();
    age(&mut file);
    file.rest().unwrap();
    assert_eq!(read(&numbered(&folder.path(), 1)), "start\none\n");
    assert_eq!(read(&folder.path()), "start\n");
}

#[test]
fn it_is_opened_anew_when_it_was_moved_deleted_or_emptied() {
    let folder = Folder::new("moved");
    let path = folder.path();
    let mut file = EventFile::new(&path, NEVER);
    file.write(&head("agent_start", "start")).unwrap();
    fs::rename(&path, folder.0.join("moved")).unwrap();
    file.write(&line("still there")).unwrap();
    look_now(&mut file);
    file.write(&line("one")).unwrap();
    assert_eq!(read(&folder.0.join("moved")), "start\nstill there\n");
    assert_eq!(read(&path), "start\none\n");
    fs::remove_file(&path).unwrap();
    look_now(&mut file);
    file.rest().unwrap();
    assert_eq!(read(&path), "start\n", "also without a line");
    file.write(&line("two")).unwrap();
    // As logrotate's copytruncate.
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    look_now(&mut file);
    file.write(&line("three")).unwrap();
    assert_eq!(read(&path), "start\nthree\n");
}

#[test]
fn a_torn_last_line_is_ended_and_no_good_line_is_touched() {
    let folder = Folder::new("torn");
    for (before, after) in [
        ("", "new\n"),
        ("good\n", "good\nnew\n"),
        ("good\n{\"torn", "good\n{\"torn\nnew\n"),
        ("{\"whole\":1}", "{\"whole\":1}\nnew\n"),
    ] {
        fs::write(folder.path(), before).unwrap();
        let mut file = EventFile::new(&folder.path(), NEVER);
        file.write(&line("new")).unwrap();
        assert_eq!(read(&folder.path()), after);
    }
}

#[test]
fn a_folder_that_vanishes_and_comes_back_costs_nothing_that_is_tried_again() {
    let folder = Folder::new("vanished");
    let (below, away) = (folder.0.join("below"), folder.0.join("away"));
    fs::create_dir(&below).unwrap();
    let path = below.join("events.ndjson");
    let mut file = EventFile::new(&path, NEVER);
    file.write(&head("agent_start", "start")).unwrap();
    fs::rename(&below, &away).unwrap();
    look_now(&mut file);
    let error = file.write(&line("one")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    fs::create_dir(&below).unwrap();
    file.write(&line("one")).unwrap();
    assert_eq!(read(&path), "start\none\n");
}

#[test]
fn a_device_is_neither_put_aside_nor_repaired() {
    let rotation = Rotation {
        bytes: Some(1),
        ..NEVER
    };
    let mut file = EventFile::new(Path::new("/dev/full"), rotation);
    file.open().unwrap();
    let error = file.write(&line("one")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_pipe_without_a_reader_is_not_waited_for() {
    let folder = Folder::new("pipe");
    let path = folder.path();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    let error = EventFile::new(&path, NEVER).open().unwrap_err();
    assert_eq!(
        error.raw_os_error(),
        Some(rustix::io::Errno::NXIO.raw_os_error())
    );
}
