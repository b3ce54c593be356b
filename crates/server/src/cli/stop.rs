//! Stopping when asked: by a person at the keyboard, or by whoever runs the service.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long what was begun may take to end after a stop was asked for. A worker that is cut
/// off loses nothing: its job is taken up again when its claim runs out.
const PATIENCE: Duration = Duration::from_secs(6);

/// A token that is cancelled by SIGTERM or SIGINT.
pub(crate) fn when_asked(tasks: &TaskTracker) -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = asked.cancelled() => return,
        }
        tracing::info!("asked to stop");
        asked.cancel();
    });
    Ok(stop)
}

/// Runs `work` to its end, which must come soon after `stop`.
pub(crate) async fn within_patience(
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    within(PATIENCE, stop, work).await
}

async fn within(
    patience: Duration,
    stop: &CancellationToken,
    work: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let too_long = async {
        stop.cancelled().await;
        tokio::time::sleep(patience).await;
    };
    tokio::select! {
        done = work => done,
        () = too_long => {
            tracing::warn!("stopped before all work in hand was done; it is taken up again");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_end_is_cut_off_after_the_patience() {
        let stop = CancellationToken::new();
        stop.cancel();
        let never = std::future::pending();
        within(Duration::from_millis(1), &stop, never).await.unwrap();
    }

    #[tokio::test]
    async fn what_ends_says_how() {
        let stop = CancellationToken::new();
        let failed = within_patience(&stop, async { anyhow::bail!("no") }).await;
        assert_eq!(failed.unwrap_err().to_string(), "no");
    }
}
