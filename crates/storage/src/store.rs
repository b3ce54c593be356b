//! The open database: a pool of connections and the transactions made from it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::dialect::{self, Dialect};
use crate::error::{MigrateError, OpenError, Result, StorageError};
use crate::migrate;
use crate::open::Address;

/// One connection, to either database. Every function of this crate takes one, and never begins
/// or commits.
pub type Conn = sqlx::AnyConnection;

/// How the database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most connections held at once.
    pub connections: u32,
    /// How long to wait: for the server to answer, for a free connection, for another's lock.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(10) }
    }
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
    patience: Duration,
    /// `SQLite` has one writer at a time and polls for its lock, in no order. Inside the process
    /// we queue instead: fair, and without waiting longer than the writer before needs.
    writer: Option<Arc<Semaphore>>,
}

impl Store {
    /// Opens the database at `address`: `sqlite:PATH`, `postgres://USER@HOST/DATABASE`, or
    /// `sqlite::memory:` (one connection, gone with the store).
    ///
    /// Makes the file and its directory where they are missing; makes no tables, which
    /// [`Store::migrate`] does.
    pub async fn open(address: &str, options: &Options) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let address = Address::parse(address)?;
        address.try_out(options.patience).await?;

        let in_memory = address.dialect == Dialect::Sqlite && address.file.is_none();
        let dialect = address.dialect;
        let patience = options.patience;
        let mut pool = AnyPoolOptions::new()
            .max_connections(if in_memory { 1 } else { options.connections.max(2) })
            .acquire_timeout(patience);
        if dialect == Dialect::Sqlite {
            pool = pool.test_before_acquire(false).after_connect(move |conn, _| {
                Box::pin(dialect::settle_sqlite(conn, patience.as_millis()))
            });
        }
        if in_memory {
            // The database is the connection.
            pool = pool.min_connections(1).idle_timeout(None).max_lifetime(None);
        }
        let pool = pool.connect_lazy_with(address.options);
        let writer = (dialect == Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        Ok(Self { pool, dialect, patience, writer })
    }

    /// Brings the tables up to date. Many programs may do so at once: one works, the others wait.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        let mut tx = self.begin().await?;
        migrate::run(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether the tables are those of this program.
    pub async fn is_migrated(&self) -> Result<bool, MigrateError> {
        let mut conn = self.read().await?;
        migrate::is_current(&mut conn).await
    }

    /// Begins a transaction that will write. Dropped without [`Tx::commit`], it changes nothing.
    pub async fn begin(&self) -> Result<Tx> {
        let turn = match &self.writer {
            None => None,
            Some(writer) => {
                let turn = Arc::clone(writer).acquire_owned();
                match tokio::time::timeout(self.patience, turn).await {
                    Ok(Ok(turn)) => Some(turn),
                    Ok(Err(_)) | Err(_) => return Err(StorageError::Busy(None)),
                }
            }
        };
        let inner = self.pool.begin_with(self.dialect.begin()).await?;
        Ok(Tx { inner, _turn: turn })
    }

    /// A connection for reading, outside of any transaction.
    pub async fn read(&self) -> Result<Read> {
        Ok(Read(self.pool.acquire().await?))
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Closes all connections, after the work on them is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A transaction that writes.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Any>,
    // Dropped after `inner`, so that the next writer comes after the end of this one.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    /// Makes all of it so.
    pub async fn commit(self) -> Result<()> {
        Ok(self.inner.commit().await?)
    }

    /// Undoes all of it now. Dropping does so too, a little later.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.inner
    }
}

/// A connection for reading; goes back to the pool when dropped.
#[derive(Debug)]
pub struct Read(PoolConnection<Any>);

impl Deref for Read {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Read {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
