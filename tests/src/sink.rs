//! A portal that writes down every call before it answers, and answers as it is told.
//!
//! One line of JSON for each call, with the milliseconds since the sink began; whoever feeds may
//! write marks between them, so that the log alone tells what came before what.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// The longest body that is read.
const LONGEST_BODY: usize = 1 << 20;

/// How a call is answered.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it lets the caller wait.
    pub after: Duration,
    /// The seconds of `Retry-After`, where it asks for patience.
    pub retry_after: Option<u32>,
}

impl Answer {
    /// This status at once.
    #[must_use]
    pub fn with(status: u16) -> Self {
        Self { status, after: Duration::ZERO, retry_after: None }
    }
}

/// What is shared with the threads that answer.
struct Desk {
    began: Instant,
    log: Mutex<File>,
    answer: Mutex<Answer>,
    closed: AtomicBool,
}

/// The portal. It goes when it is dropped.
pub struct Sink {
    port: u16,
    desk: Arc<Desk>,
}

impl Sink {
    /// One that takes everything, and writes to the file at `log`.
    ///
    /// # Errors
    ///
    /// When there is no port, or the file cannot be written.
    pub fn start(log: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let desk = Arc::new(Desk {
            began: Instant::now(),
            log: Mutex::new(log),
            answer: Mutex::new(Answer::with(200)),
            closed: AtomicBool::new(false),
        });
        let held = Arc::clone(&desk);
        thread::Builder::new().spawn(move || serve(&listener, &held))?;
        Ok(Self { port, desk })
    }

    /// Where it is called.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Answers so from now on.
    pub fn answers(&self, answer: Answer) {
        *held(&self.desk.answer) = answer;
    }

    /// Writes a mark into the log.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn mark(&self, mark: Value) -> Result<()> {
        self.desk.write(mark)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.desk.closed.store(true, Ordering::Relaxed);
        // It looks up when somebody comes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: &TcpListener, desk: &Arc<Desk>) {
    for stream in listener.incoming() {
        if desk.closed.load(Ordering::Relaxed) {
            return;
        }
        let desk = Arc::clone(desk);
        // A caller that is killed in the middle breaks its own connection only.
        let _ = stream.map(|stream| thread::Builder::new().spawn(move || desk.attend(stream)));
    }
}

impl Desk {
    fn write(&self, mut line: Value) -> Result<()> {
        let at = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut log = held(&self.log);
        if let Some(line) = line.as_object_mut() {
            line.insert("ms".to_owned(), at.into());
        }
        // One write: a line is there whole or not at all.
        Ok(log.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Answers the calls of one connection until it ends.
    fn attend(&self, stream: TcpStream) -> Result<()> {
        let mut answering = stream.try_clone()?;
        let mut reader = BufReader::new(stream);
        while let Some(call) = read_call(&mut reader)? {
            let Answer { status, after, retry_after } = *held(&self.answer);
            let id = call.headers.get("webhook-id").cloned().unwrap_or_default();
            let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
            self.write(json!({"call": id, "answer": status, "body": body}))?;
            thread::sleep(after);
            let patience =
                retry_after.map(|it| format!("retry-after: {it}\r\n")).unwrap_or_default();
            let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n{patience}\r\n");
            answering.write_all(answer.as_bytes())?;
        }
        Ok(())
    }
}

struct Call {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// The next request of the connection; `None` at its end.
fn read_call(reader: &mut BufReader<TcpStream>) -> Result<Option<Call>> {
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the head of a call ends in the middle");
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize =
        headers.get("content-length").context("a call without a length")?.parse()?;
    ensure!(length <= LONGEST_BODY, "a call of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Call { headers, body }))
}
