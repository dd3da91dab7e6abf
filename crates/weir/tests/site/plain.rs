//! Connections made by hand, and what they cost the master.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Site;

/// How long an answer may take on a busy machine while others hold connections.
pub(crate) const QUICK: Duration = Duration::from_secs(10);

impl Site {
    /// A connection over which nothing was said.
    pub(crate) async fn plain(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// The answer to a request on a connection of its own, which ends with it.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = self.plain().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        tokio::time::timeout(QUICK, read)
            .await
            .expect("an answer comes")
            .unwrap();
        answer
    }

    /// The answer to a GET.
    pub(crate) async fn get(&self, path: &str) -> String {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        );
        self.ask(&head).await
    }

    /// Checks that reads are answered soon.
    pub(crate) async fn is_served(&self) {
        let begun = Instant::now();
        for path in ["/api/v2/builders/1", "/api/v2/masters", "/health"] {
            let answer = self.get(path).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer:.200}");
        }
        assert!(begun.elapsed() < QUICK, "{:?}", begun.elapsed());
    }

    /// The master's memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.master.id().unwrap())).unwrap();
        let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
