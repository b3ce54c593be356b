//! Runs one check on each database, each time on a fresh one.

use std::io::Write as _;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _};
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

/// A migrated store in a file of `home`.
pub(crate) async fn sqlite(home: &Path) -> Store {
    let address = format!("sqlite:{}", home.join("test.db").display());
    let store = Store::open(&address, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// A schema of its own on the test server.
pub(crate) struct Schema {
    server: String,
    name: String,
}

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
        let schema = Self { server, name: format!("cotmoc_{}_{number}", std::process::id()) };
        schema.run("drop schema if exists").await;
        schema.run("create schema").await;
        Some(schema)
    }

    /// The address of this schema.
    pub(crate) fn address(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}options=-csearch_path%3D{}", self.server, self.name)
    }

    /// A migrated store in it.
    pub(crate) async fn store(&self) -> Store {
        let store = Store::open(&self.address(), &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    pub(crate) async fn drop(self) {
        self.run("drop schema").await;
    }

    async fn run(&self, verb: &str) {
        sqlx::any::install_default_drivers();
        let mut conn = sqlx::AnyConnection::connect(&self.server).await.unwrap();
        let cascade = if verb.starts_with("drop") { "cascade" } else { "" };
        let statement = format!("{verb} {} {cascade}", self.name);
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }
}
