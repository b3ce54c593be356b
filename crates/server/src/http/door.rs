//! The door: who may come in, and for how long they may stand in it.
//!
//! A client that sends its request a byte at a time holds a connection and costs us memory; ten
//! thousand of them cost all of it. So there is a limit to connections, to the time for the head of
//! a request, and (in `extract`) to the time and the size of its body. Whoever comes when all places
//! are taken is told so at once and not left to wait.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long a client may take to send the head of a request, and to be silent between two.
const HEAD: Duration = Duration::from_secs(10);
/// How long to wait when the machine gives no more connections.
const BREATH: Duration = Duration::from_millis(50);

/// What somebody hears for whom there is no place. Written out: nothing is allocated for them.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    retry-after: 5\r\ncontent-type: application/problem+json\r\ncontent-length: 120\r\n\
    connection: close\r\n\r\n\
    {\"type\":\"/problems/overloaded\",\"title\":\"Too much work is waiting\",\"status\":503,\
    \"detail\":\"too many connections are open\"}";

/// Answers on `listener` until `stop` is done, and then finishes what it began. No more than
/// `most` connections are open at once.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(most));
    let (tasks, graceful) = (TaskTracker::new(), GracefulShutdown::new());
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // The client hung up, or the machine has no more files to give: neither is our end.
            Err(error) => {
                tracing::warn!(error = %error, "a connection was not accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(most, "a connection was turned away: all places are taken");
            tasks.spawn(turn_away(stream));
            continue;
        };
        let router = router.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let answer = router.clone().oneshot(request.map(Body::new));
            async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
        });
        let connection =
            graceful.watch(server.serve_connection(TokioIo::new(stream), service).into_owned());
        tasks.spawn(async move {
            // What goes wrong on a connection is its client's: it hung up or was too slow.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
    graceful.shutdown().await;
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// Says that there is no place. Whoever does not listen is not waited for.
async fn turn_away(mut stream: TcpStream) {
    let say = async {
        stream.write_all(NO_PLACE).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(HEAD, say).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_at_the_door_is_as_long_as_it_says() {
        let text = std::str::from_utf8(NO_PLACE).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&problem["status"], &problem["type"]),
            (&503.into(), &"/problems/overloaded".into())
        );
    }
}
