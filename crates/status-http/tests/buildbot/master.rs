//! What stands for a Buildbot 4.3 master: it gives the answers of one, as they were recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// A build as Buildbot has it, with a field that no version of Weir knows.
pub(crate) fn build(id: i64, is_complete: bool) -> String {
    let (complete_at, results) = if is_complete {
        ("1795986899", "0")
    } else {
        ("null", "null")
    };
    format!(
        r#"{{"builderid": 1, "buildid": {id}, "buildrequestid": {id}, "complete": {is_complete}, "complete_at": {complete_at}, "locks_duration_s": 0, "masterid": 1, "number": {id}, "properties": {{}}, "results": {results}, "started_at": 1795986895, "state_string": "building", "workerid": 1, "mood": {{"of": ["the", "day"]}}}}"#
    )
}

/// What the master has, and who listens.
pub(crate) struct Master {
    pub(crate) address: String,
    /// The builds, the newest last: id and whether it is complete.
    pub(crate) builds: Arc<Mutex<Vec<(i64, bool)>>>,
    /// The requests that came, but for streams.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    /// Text for all open streams; none ends them.
    stream: broadcast::Sender<Option<String>>,
}

impl Master {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let master = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            builds: Arc::default(),
            asked: Arc::default(),
            stream: broadcast::channel(16).0,
        };
        let (builds, asked, stream) = (
            Arc::clone(&master.builds),
            Arc::clone(&master.asked),
            master.stream.clone(),
        );
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (builds, asked) = (Arc::clone(&builds), Arc::clone(&asked));
                tokio::spawn(serve(socket, builds, asked, stream.subscribe()));
            }
        });
        master
    }

    /// Tells an event to everybody who listens.
    pub(crate) fn tell(&self, key: &str, message: &str) {
        let words: Vec<String> = key.split('/').map(|it| format!("{it:?}")).collect();
        let words = words.join(", ");
        let text = format!("event: event\ndata: {{\"key\": [{words}], \"message\": {message}}}\n\n");
        self.stream.send(Some(text)).unwrap();
    }

    /// How many streams were opened and told their topics so far.
    pub(crate) fn listeners(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|it| it.starts_with("/sse/add/")).count()
    }

    /// Ends all streams, as a master that is started anew does.
    pub(crate) fn hang_up(&self) {
        self.stream.send(None).unwrap();
    }
}

async fn serve(
    mut socket: TcpStream,
    builds: Arc<Mutex<Vec<(i64, bool)>>>,
    asked: Arc<Mutex<Vec<String>>>,
    mut stream: broadcast::Receiver<Option<String>>,
) {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte).await.unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    if path == "/sse/listen" {
        let begin = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: handshake\ndata: \
                     64f09471-abbd\n\n";
        socket.write_all(begin.as_bytes()).await.unwrap();
        while let Ok(Some(text)) = stream.recv().await {
            if socket.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
        return;
    }
    asked.lock().unwrap().push(path.clone());
    let Some((status, body)) = answer(&path, &builds.lock().unwrap().clone()) else {
        // Nothing comes.
        return tokio::time::sleep(Duration::from_secs(600)).await;
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
}

/// The answer; none for one that never comes.
fn answer(path: &str, builds: &[(i64, bool)]) -> Option<(u16, String)> {
    let all = |builds: &mut dyn Iterator<Item = &(i64, bool)>| {
        let builds: Vec<String> = builds.map(|it| build(it.0, it.1)).collect();
        format!(
            r#"{{"builds": [{}], "meta": {{"total": {}}}}}"#,
            builds.join(", "),
            builds.len()
        )
    };
    let path = path.strip_prefix("/api/v2/").unwrap_or(path);
    Some(match path {
        "workers?limit=25" => return None,
        // As Buildbot 4.3 does it: what was asked is done, and the answer ends in an error page.
        path if path.starts_with("/sse/add/64f09471-abbd/") => (200, "ok\n<html>Request did not return bytes</html>".to_owned()),
        path if path.starts_with("/sse/remove/64f09471-abbd/") => (404, "consumer is not listening to this event".to_owned()),
        path if path.starts_with("masters?") => (
            200,
            r#"{"masters": [{"active": true, "last_active": 1795986903, "masterid": 1, "name": "m"}], "meta": {"total": 1}}"#.to_owned(),
        ),
        path if path.starts_with("changes?") => (200, r#"{"changes": [], "meta": {"total": 0}}"#.to_owned()),
        path if path.starts_with("builds?") && path.contains("complete") => (200, all(&mut builds.iter().filter(|it| !it.1))),
        path if path.starts_with("builds?") => (200, all(&mut builds.iter().rev())),
        path => match path.strip_prefix("builds/").and_then(|it| it.parse::<i64>().ok()) {
            Some(id) => (200, all(&mut builds.iter().filter(|it| it.0 == id))),
            None => (404, r#"{"error": "Invalid path"}"#.to_owned()),
        },
    })
}
