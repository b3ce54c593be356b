//! Runs one check on each database, each time on a fresh one.

use std::io::Write as _;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use storage::bulk::Scratch;
use storage::vault::{DRAWN, MASTER, MasterKey, Ring, Vault};
use storage::{Options, Store};

/// Makes two tests of each function that takes a [`Store`]: `name::sqlite` and
/// `name::postgres`. A function that is not listed is dead code, and the compiler says so.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let home = tempfile::tempdir().unwrap();
                super::$name($crate::both::sqlite(home.path()).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(place) = $crate::both::Schema::fresh().await {
                    super::$name(place.store().await).await;
                    place.drop().await;
                }
            }
        })+
    };
}
pub(crate) use on_both;

/// Opened with a master key of the tests.
pub(crate) fn options() -> Options {
    Options { vault: Some(vault(&[1])), ..Options::default() }
}

/// A vault whose master keys are made of `bytes`, the first first.
pub(crate) fn vault(bytes: &[u8]) -> Vault {
    let keys = bytes.iter().map(|byte| MasterKey::new(&[*byte; MASTER])).collect();
    Vault::open(Ring::new(keys).unwrap(), counted).unwrap()
}

/// Draws keys by counting, in place of chance.
#[expect(clippy::unnecessary_wraps, reason = "what draws keys may fail")]
fn counted() -> Result<[u8; DRAWN], Box<dyn std::error::Error + Send + Sync>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut drawn = [0; DRAWN];
    let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    drawn.iter_mut().zip(next.repeat(5)).for_each(|(to, from)| *to = from);
    Ok(drawn)
}

/// A migrated store in a file of `home`.
pub(crate) async fn sqlite(home: &Path) -> Store {
    let address = format!("sqlite:{}", home.join("test.db").display());
    let store = Store::open(&address, &options()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// A schema of its own on the test server.
pub(crate) struct Schema(Scratch);

impl Schema {
    /// A fresh one; `None`, said aloud once, where there is no server.
    pub(crate) async fn fresh() -> Option<Self> {
        static TOLD: Once = Once::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("COTMOC_TEST_POSTGRES") else {
            // Straight to the terminal: the test runner swallows what `eprintln!` writes.
            TOLD.call_once(|| {
                let _ = std::io::stderr()
                    .write_all(b"PostgreSQL tests skipped: set COTMOC_TEST_POSTGRES\n");
            });
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cotmoc_{}_{number}", std::process::id());
        Some(Self(Scratch::make(&server, &name).await.unwrap()))
    }

    /// The address of this schema.
    pub(crate) fn address(&self) -> String {
        self.0.address()
    }

    /// A migrated store in it.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::open(&self.address(), &options()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    pub(crate) async fn drop(self) {
        self.0.remove().await.unwrap();
    }
}
