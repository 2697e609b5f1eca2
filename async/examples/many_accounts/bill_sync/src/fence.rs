//! Connections that send nothing once the lease is over.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tower_service::Service;

use crate::lease::Deadline;

/// Makes connections for one lease.
#[derive(Clone, Debug)]
pub struct Fence(Deadline);

impl Fence {
    /// Connections that send until the deadline.
    pub const fn new(deadline: Deadline) -> Self {
        Self(deadline)
    }
}

impl Service<Uri> for Fence {
    type Response = TokioIo<Fenced>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let deadline = self.0.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default();
            // An IPv6 address is in brackets in a URL.
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(Fenced { stream, deadline }))
        })
    }
}

/// A connection that sends until a deadline.
#[derive(Debug)]
pub struct Fenced {
    stream: TcpStream,
    deadline: Deadline,
}

impl Fenced {
    fn check(&self) -> io::Result<()> {
        match self.deadline.is_over() {
            true => Err(io::Error::other("the lease is over")),
            false => Ok(()),
        }
    }
}

impl AsyncRead for Fenced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Fenced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn nothing_is_sent_after_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let deadline = Deadline::new(Instant::now(), Duration::from_millis(200));
        let mut fenced = Fence::new(deadline.clone())
            .call(uri)
            .await
            .unwrap()
            .into_inner();
        let (mut service, _) = listener.accept().await.unwrap();
        fenced.write_all(b"in time").await.unwrap();
        while !deadline.is_over() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let refused = fenced.write_all(b"too late").await.unwrap_err();
        assert_eq!(refused.to_string(), "the lease is over");
        drop(fenced);
        let mut sent = String::new();
        service.read_to_string(&mut sent).await.unwrap();
        assert_eq!(sent, "in time");
    }
}
