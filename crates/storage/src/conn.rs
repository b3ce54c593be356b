//! A connection: to either database, with the keys that it has used.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use futures_core::Stream;
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Either, Execute, Executor, SqlStr, Transaction};

use crate::Result;
use crate::vault::{Held, Vault};

/// One connection, to either database. Every function of this crate takes one, and never begins
/// or commits.
///
/// It carries the keys with which it opens what is sealed, so that no caller has to hand them
/// around, and forgets them when it is given back.
pub struct Conn {
    inner: Inner,
    pub(crate) held: Held,
}

enum Inner {
    Transaction(Transaction<'static, Any>),
    Pooled(PoolConnection<Any>),
}

impl Conn {
    pub(crate) fn writing(transaction: Transaction<'static, Any>, vault: Option<Vault>) -> Self {
        Self { inner: Inner::Transaction(transaction), held: Held::new(vault) }
    }

    pub(crate) fn reading(pooled: PoolConnection<Any>, vault: Option<Vault>) -> Self {
        Self { inner: Inner::Pooled(pooled), held: Held::new(vault) }
    }

    /// Ends the transaction, where it is one: makes it so, or undoes it.
    pub(crate) async fn end(self, commit: bool) -> Result<()> {
        match self.inner {
            Inner::Transaction(transaction) if commit => Ok(transaction.commit().await?),
            Inner::Transaction(transaction) => Ok(transaction.rollback().await?),
            Inner::Pooled(_) => Ok(()),
        }
    }
}

impl Deref for Conn {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.inner {
            Inner::Transaction(transaction) => transaction,
            Inner::Pooled(pooled) => pooled,
        }
    }
}

impl DerefMut for Conn {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.inner {
            Inner::Transaction(transaction) => transaction,
            Inner::Pooled(pooled) => pooled,
        }
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").finish_non_exhaustive()
    }
}

type Later<'e, T> = Pin<Box<dyn Future<Output = sqlx::Result<T>> + Send + 'e>>;
type Rows<'e> =
    Pin<Box<dyn Stream<Item = sqlx::Result<Either<AnyQueryResult, AnyRow>>> + Send + 'e>>;

/// Statements are handed on to the driver's own connection.
impl<'c> Executor<'c> for &'c mut Conn {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Rows<'e>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.deref_mut().fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Later<'e, Option<AnyRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        self.deref_mut().fetch_optional(query)
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> Later<'e, AnyStatement>
    where
        'c: 'e,
    {
        self.deref_mut().prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Later<'e, sqlx::Describe<Any>>
    where
        'c: 'e,
    {
        self.deref_mut().describe(sql)
    }
}
