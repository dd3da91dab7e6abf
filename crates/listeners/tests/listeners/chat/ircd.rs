//! An IRC daemon, and people there.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use weir_testbed::{Process, eventually};

use super::told::DEADLINE;
use crate::servers::{self, free_address};

/// `ngircd` on a free port of this machine: it ends with this.
pub(crate) struct Ircd {
    pub(crate) address: SocketAddr,
    /// The port with TLS.
    pub(crate) tls: SocketAddr,
    /// The certificate's authority, as PEM.
    pub(crate) ca: String,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl Ircd {
    /// It; none, with a sentence about it, if the program is not on this machine.
    pub(crate) async fn start() -> Option<Self> {
        let program = servers::program("ngircd", "ngircd")?;
        let folder = tempfile::tempdir().unwrap();
        let (address, tls) = (free_address(), free_address());
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = rcgen::CertificateParams::new(names)
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        let text = format!(
            "[Global]\nName = irc.example.org\nInfo = A test\nAdminInfo1 = nobody\nListen = 127.0.0.1\nPorts = {}\n\
             ServerUID = {uid}\nServerGID = {uid}\nPassword = knock\nMotdPhrase = hello\n\
             [Limits]\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\nMaxNickLength = 30\n\
             [Options]\nDNS = no\nIdent = no\nPAM = no\n\
             [SSL]\nCertFile = {}\nKeyFile = {}\nPorts = {}\n\
             [Channel]\nName = #locked\nModes = +k sesame\n",
            address.port(),
            path("cert.pem"),
            path("key.pem"),
            tls.port(),
            uid = std::fs::metadata(folder.path())
                .map(|it| std::os::unix::fs::MetadataExt::uid(&it))
                .unwrap(),
        );
        std::fs::write(path("ngircd.conf"), text).unwrap();
        let process = Process::start(program, ["-n".to_owned(), "-f".to_owned(), path("ngircd.conf")]);
        for port in [address, tls] {
            eventually("ngircd listens", DEADLINE, async || {
                TcpStream::connect(port).await.is_ok()
            })
            .await;
        }
        Some(Self {
            address,
            tls,
            ca: certificate.pem(),
            _folder: folder,
            _process: process,
        })
    }
}

/// Somebody on the server.
pub(crate) struct Person {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    /// The last lines that they got, for messages.
    seen: VecDeque<String>,
}

impl Person {
    /// Comes in with that nick, and joins the channel.
    pub(crate) async fn come(address: SocketAddr, nick: &str, channel: &str) -> Self {
        let (reader, writer) = TcpStream::connect(address).await.unwrap().into_split();
        let mut person = Self {
            reader: BufReader::new(reader),
            writer,
            seen: VecDeque::new(),
        };
        person
            .send(&format!("PASS knock\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}"))
            .await;
        person.until(" 001 ").await;
        person.send(&format!("JOIN {channel}")).await;
        person.until(" 366 ").await;
        person
    }

    pub(crate) async fn send(&mut self, line: &str) {
        self.writer
            .write_all(format!("{line}\r\n").as_bytes())
            .await
            .unwrap();
    }

    /// Whether a line that they got had `part`.
    pub(crate) fn has_seen(&self, part: &str) -> bool {
        self.seen.iter().any(|it| it.contains(part))
    }

    /// The next line that has `part`.
    pub(crate) async fn until(&mut self, part: &str) -> String {
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                let mut line = vec![];
                assert_ne!(
                    self.reader.read_until(b'\n', &mut line).await.unwrap(),
                    0,
                    "{:?}",
                    self.seen
                );
                let line = String::from_utf8(line).unwrap();
                if line.starts_with("PING") {
                    let pong = line.trim_end().replacen("PING", "PONG", 1);
                    self.send(&pong).await;
                }
                let line = line.trim_end_matches(['\r', '\n']).to_owned();
                self.seen.push_back(line.clone());
                if line.contains(part) {
                    return line;
                }
            }
        });
        match found.await {
            Ok(line) => line,
            Err(_) => panic!("no line with {part:?}; there were {:?}", self.seen),
        }
    }
}
