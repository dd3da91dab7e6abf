//! A homeserver of Matrix: Synapse, and people there.

use std::fs;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use weir_testbed::Process;

use crate::servers::{self, SOON};

/// What the environment has.
const PACKAGE: &str = "matrix-synapse==1.163.0";

/// A homeserver by the name of `example.org` on a free port of this machine, which talks to no other. Anybody can register;
/// twenty messages of one person go at once, and one in two seconds after that. It ends with this.
pub(crate) struct Synapse {
    pub(crate) url: String,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl Synapse {
    /// It; none, with a word why, if it cannot be had.
    pub(crate) async fn start() -> Option<Self> {
        let python = servers::python(PACKAGE)?.join("bin/python");
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let plenty = json!({ "per_second": 1000, "burst_count": 1000 });
        let config = json!({
            "server_name": "example.org",
            "report_stats": false,
            "pid_file": path("pid"),
            "listeners": [{
                "port": 0,
                "type": "http",
                "bind_addresses": ["127.0.0.1"],
                "resources": [{ "names": ["client"] }],
            }],
            "database": { "name": "sqlite3", "args": { "database": ":memory:" } },
            "media_store_path": path("media"),
            "signing_key_path": path("signing.key"),
            "trusted_key_servers": [],
            "enable_registration": true,
            "enable_registration_without_verification": true,
            "bcrypt_rounds": 4,
            "rc_registration": plenty,
            "rc_room_creation": plenty,
            "rc_joins": { "local": plenty },
            "rc_invites": { "per_issuer": plenty, "per_user": plenty },
            "rc_message": { "per_second": 0.5, "burst_count": 20 },
        });
        // JSON is YAML.
        fs::write(path("homeserver.yaml"), config.to_string()).unwrap();
        let arguments = |more: &[&str]| {
            let first = ["-m", "synapse.app.homeserver", "-c", &path("homeserver.yaml")].map(str::to_owned);
            [
                &first[..],
                &more.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ]
            .concat()
        };
        let mut made = Process::start(&python, arguments(&["--generate-keys"]));
        assert!(made.ended(SOON).await.success(), "{}", made.output());
        let mut process = Process::start(&python, arguments(&[]));
        let port = servers::address(&mut process, "SynapseSite", "starting on ").await;
        Some(Self {
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
            _process: process,
        })
    }

    /// Registers somebody.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let mut person = Person {
            id: format!("@{name}:example.org"),
            token: String::new(),
            url: self.url.clone(),
            client: Client::new(),
        };
        let body = json!({ "auth": { "type": "m.login.dummy" }, "username": name, "password": "knock" });
        let answer = person.ask(Method::POST, "register", body).await;
        person.token = answer["access_token"].as_str().unwrap().to_owned();
        person
    }
}

/// Somebody on the server.
pub(crate) struct Person {
    /// `@NAME:example.org`.
    pub(crate) id: String,
    pub(crate) token: String,
    url: String,
    client: Client,
}

impl Person {
    /// Makes a room of these options, and gives its id.
    pub(crate) async fn room(&self, options: Value) -> String {
        let answer = self.ask(Method::POST, "createRoom", options).await;
        answer["room_id"].as_str().unwrap().to_owned()
    }

    /// Does something in the room, such as `invite`, and gives the answer.
    pub(crate) async fn act(&self, room: &str, what: &str, body: Value) -> Value {
        self.ask(Method::POST, &format!("rooms/{room}/{what}"), body)
            .await
    }

    /// What was said in the room, each as its event, the first first.
    pub(crate) async fn said(&self, room: &str) -> Vec<Value> {
        let path = format!("rooms/{room}/messages?dir=f&limit=1000");
        let answer = self.ask(Method::GET, &path, Value::Null).await;
        let events = answer["chunk"].as_array().unwrap();
        let said = events.iter().filter(|it| it["type"] == "m.room.message");
        said.cloned().collect()
    }

    /// Who is in the room, by their ids.
    pub(crate) async fn members(&self, room: &str) -> Vec<String> {
        let path = format!("rooms/{room}/joined_members");
        let answer = self.ask(Method::GET, &path, Value::Null).await;
        answer["joined"].as_object().unwrap().keys().cloned().collect()
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}/_matrix/client/v3/{path}", self.url);
        let mut request = self.client.request(method, url);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}
