//! The open database: a pool of connections and the transactions made from it.

use std::fs::{File, TryLockError};
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access_log::Signer;
use crate::dialect;
use crate::error::{MigrateError, OpenError, Result, StorageError};
use crate::migrate;
use crate::open::Address;
use crate::vault::Vault;
use crate::{Conn, dialect::Dialect};

/// How the database is opened.
#[derive(Clone)]
pub struct Options {
    /// The most connections held at once.
    pub connections: u32,
    /// How long to wait: for the server to answer, for a free connection, for another's lock.
    pub patience: Duration,
    /// What seals and opens what names people. Without it nothing that names anybody can be
    /// stored or read.
    pub vault: Option<Vault>,
    /// What signs the heads of the log of readings. Without it they are kept unsigned.
    pub signer: Option<Arc<dyn Signer>>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("connections", &self.connections)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(10), vault: None, signer: None }
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
    patience: Duration,
    vault: Option<Vault>,
    signer: Option<Arc<dyn Signer>>,
    /// The file, where the database is one.
    file: Option<Arc<PathBuf>>,
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
            pool = pool
                .test_before_acquire(false)
                .after_connect(move |conn, _| Box::pin(dialect::settle_sqlite(conn, patience)));
        }
        if address.file.is_some() {
            pool = pool.after_release(|conn, _| Box::pin(dialect::is_whole(conn)));
        }
        if in_memory {
            // The database is the connection.
            pool = pool.min_connections(1).idle_timeout(None).max_lifetime(None);
        }
        let pool = pool.connect_lazy_with(address.options);
        let writer = (dialect == Dialect::Sqlite).then(|| Arc::new(Semaphore::new(1)));
        let (vault, signer) = (options.vault.clone(), options.signer.clone());
        let file = address.file.map(Arc::new);
        Ok(Self { pool, dialect, patience, vault, signer, file, writer })
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
        let begun = self.pool.begin_with(self.dialect.begin()).await?;
        Ok(Tx { conn: Conn::writing(begun, self.vault.clone()), _turn: turn })
    }

    /// A connection for reading, outside of any transaction.
    pub async fn read(&self) -> Result<Read> {
        Ok(Read(Conn::reading(self.pool.acquire().await?, self.vault.clone())))
    }

    /// After an erasure was committed: lets the database let go of what it deleted. What others
    /// still read is let go of the next time.
    pub async fn forget_deleted(&self) -> Result<()> {
        Ok(dialect::forget_deleted(&mut *self.read().await?).await?)
    }

    /// Reads the master keys anew: somebody rotated them.
    pub fn reload_keys(&self) -> Result<()> {
        if let Some(vault) = &self.vault {
            vault.reload()?;
        }
        Ok(())
    }

    /// What signs the heads of the log of readings.
    #[must_use]
    pub fn signer(&self) -> Option<Arc<dyn Signer>> {
        self.signer.clone()
    }

    /// Makes this program the only one that serves the file, as long as the answer is held; the
    /// system lets go of it when the program ends, however it ends. `None` where the database is
    /// a server, which many may share.
    ///
    /// # Errors
    /// Where another program serves the file, or the mark beside it cannot be made.
    pub fn serve_alone(&self) -> Result<Option<File>, OpenError> {
        let Some(file) = self.file.as_deref() else { return Ok(None) };
        let mut mark = file.clone().into_os_string();
        mark.push(".served");
        let failed = |source: std::io::Error| OpenError::DirectoryNotWritable {
            file: file.clone(),
            source: Box::new(source),
        };
        let held = File::options().create(true).append(true).open(&mark).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => Ok(Some(held)),
            Err(TryLockError::WouldBlock) => Err(OpenError::Served { file: file.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
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

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

/// A transaction that writes.
#[derive(Debug)]
pub struct Tx {
    conn: Conn,
    // Dropped after `conn`, so that the next writer comes after the end of this one.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Tx {
    /// Makes all of it so.
    pub async fn commit(self) -> Result<()> {
        self.conn.end(true).await
    }

    /// Undoes all of it now. Dropping does so too, a little later.
    pub async fn rollback(self) -> Result<()> {
        self.conn.end(false).await
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// A connection for reading; goes back to the pool when dropped.
#[derive(Debug)]
pub struct Read(Conn);

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
