//! Being told to stop, by SIGINT or SIGTERM.

use tokio::{signal, sync::watch};

use crate::Result;

/// Whether the process was told to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// From now on, signals are noted here instead of ending the process.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn on_signals() -> Result<Self> {
        let (told, stop) = watch::channel(false);
        #[cfg(unix)]
        let mut terminated = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::spawn(async move {
            #[cfg(unix)]
            tokio::select! {
                _ = terminated.recv() => {}
                _ = signal::ctrl_c() => {}
            }
            #[cfg(not(unix))]
            let _ = signal::ctrl_c().await;
            told.send_replace(true);
        });
        Ok(Self(stop))
    }

    /// Whether it was.
    pub fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the process was told to stop.
    pub async fn told(mut self) {
        // An error means that nobody is left to tell, as the runtime is about to end.
        let _ = self.0.wait_for(|told| *told).await;
    }
}
