//! A cable to a server that can be cut: a relay of TCP that carries nothing while it is cut.
//!
//! Cut, it closes nothing: who speaks into it hears nothing, as when a network fails between two
//! machines. Mended, connections that are still held go on, and new ones are let through.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// How often it looks whether it was mended.
const LOOK: Duration = Duration::from_millis(20);

/// The cable. It goes when it is dropped.
pub struct Cable {
    port: u16,
    cut: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl Cable {
    /// One that leads to `port` of this machine.
    ///
    /// # Errors
    ///
    /// When there is no port for its near end.
    pub fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let near = listener.local_addr()?.port();
        let (cut, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (is_cut, is_gone) = (Arc::clone(&cut), Arc::clone(&gone));
        thread::Builder::new().spawn(move || {
            for caller in listener.incoming() {
                if is_gone.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(caller) = caller else { continue };
                let is_cut = Arc::clone(&is_cut);
                // Each connection waits for itself: a cut one must not keep the others out.
                let _ = thread::Builder::new().spawn(move || {
                    wait_until_mended(&is_cut);
                    let _ = TcpStream::connect(("127.0.0.1", port))
                        .map_err(anyhow::Error::from)
                        .and_then(|server| relay(caller, server, &is_cut));
                });
            }
        })?;
        Ok(Self { port: near, cut, gone })
    }

    /// Its near end.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Carries nothing from now on.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// Carries everything again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.mend();
        self.gone.store(true, Ordering::Relaxed);
        // It looks up when somebody comes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn wait_until_mended(cut: &AtomicBool) {
    while cut.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
    }
}

/// Carries both ways until either end closes.
fn relay(caller: TcpStream, server: TcpStream, cut: &Arc<AtomicBool>) -> Result<()> {
    let back = (server.try_clone()?, caller.try_clone()?);
    let is_cut = Arc::clone(cut);
    thread::Builder::new().spawn(move || carry(back.0, back.1, &is_cut))?;
    carry(caller, server, cut);
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool) {
    let mut some = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut some).unwrap_or_default();
        wait_until_mended(cut);
        let Some(some) = some.get(..read).filter(|it| !it.is_empty()) else { break };
        if to.write_all(some).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}
