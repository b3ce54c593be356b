//! Electronic mail over SMTP.

use std::fmt;
use std::sync::Arc;

use domain::Clock;
use engine::carrier::{Carrier, Carrying, NotCarried, Parcel};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{Address, AsyncTransport as _, Message, Tokio1Executor};

/// How long the server may take for each step.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(15);

/// Sends through one server.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Not an address of a server. The library's text may hold the password.
    #[error("`email.url` must be as smtps://USER:PASSWORD@HOST or smtp://HOST:25")]
    Server,
    /// Not a sender.
    #[error("`email.from` must be as `Cột Mốc <tb@example.vn>`")]
    From(#[source] lettre::address::AddressError),
}

impl Mail {
    /// Sends through the server at `url` as `from`.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn new(url: &str, from: &str, clock: Arc<dyn Clock>) -> Result<Self, MailError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| MailError::Server)?
            .timeout(Some(PATIENCE))
            .build();
        let from = from.parse().map_err(MailError::From)?;
        Ok(Self { transport, from, clock })
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), NotCarried> {
        let never = |why: &str| NotCarried::Never { why: why.to_owned() };
        let to = parcel.address.as_deref().ok_or_else(|| never("there is no address"))?;
        let to: Address = to.parse().map_err(|_| never("the address is none"))?;
        let letter = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&parcel.title)
            // The same for every try, so that the reader's mailbox knows a repeat.
            .message_id(Some(format!("<{}@{}>", parcel.id, self.from.email.domain())))
            .date(self.clock.now().into())
            .header(ContentType::TEXT_PLAIN)
            .body(parcel.text.clone())
            .map_err(|_| never("no letter could be made of it"))?;
        match self.transport.send(letter).await {
            Ok(_) => Ok(()),
            // What the server says may hold the address: its code alone is told.
            Err(error) => {
                let code = error.status().map_or("no answer".to_owned(), |it| format!("code {it}"));
                Err(if error.is_permanent() {
                    never(&code)
                } else {
                    NotCarried::Later { why: code, after: None }
                })
            }
        }
    }
}

impl Carrier for Mail {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(self.send(parcel))
    }
}

/// Without the server's address, which may hold a password.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from.email).finish_non_exhaustive()
    }
}
