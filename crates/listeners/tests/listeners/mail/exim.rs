//! A mail server: Exim.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::net::TcpStream;
use weir_testbed::{Process, eventually};

use crate::servers::{self, SOON, free_address};

/// The server of `example.org` on a free port of this machine. It takes mail by STARTTLS from the user `weir` alone, up to
/// 100 KiB, and has the mailboxes `ci`, `ada` and `full`, which is full. It ends with this.
pub(super) struct Exim {
    address: SocketAddr,
    certificate: String,
    folder: tempfile::TempDir,
    _process: Process,
}

/// The password of its user.
pub(super) const PASSWORD: &str = "sesame";

impl Exim {
    /// It; none, with a word why, if the program is not on this machine.
    pub(super) async fn start() -> Option<Self> {
        let program = servers::program("exim4", "exim4-daemon-light")?;
        let folder = tempfile::tempdir().unwrap();
        // It works as a user of its own where it can.
        let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        open(folder.path());
        for part in ["spool", "log", "mail"] {
            let part = folder.path().join(part);
            fs::create_dir(&part).unwrap();
            open(&part);
        }
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let address = free_address();
        let config = folder.path().join("exim.conf");
        for (path, text) in [
            (folder.path().join("cert.pem"), pair.cert.pem()),
            (folder.path().join("key.pem"), pair.signing_key.serialize_pem()),
            (config.clone(), configuration(folder.path(), address)),
        ] {
            fs::write(&path, text).unwrap();
            // What others may write it does not read.
            fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        }
        let process = Process::start(program, ["-C".as_ref(), config.as_os_str(), "-bdf".as_ref()]);
        eventually("Exim listens", SOON, async || {
            TcpStream::connect(address).await.is_ok()
        })
        .await;
        Some(Self {
            address,
            certificate: pair.cert.pem(),
            folder,
            _process: process,
        })
    }

    pub(super) fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Its certificate, as PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What is in the mailbox, which ends with a mail that has `part`: mails as they came, one behind the other.
    pub(super) async fn mailbox(&self, name: &str, part: &str) -> String {
        let path = self.folder.path().join("mail").join(name);
        let read = || fs::read_to_string(&path).unwrap_or_default();
        eventually(&format!("{name} has a mail with {part}"), SOON, async || {
            read()
                .rsplit("\nFrom ")
                .next()
                .is_some_and(|it| it.contains(part))
        })
        .await;
        read()
    }
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let (folder, port) = (folder.display(), address.port());
    format!(
        "primary_hostname = mx.example.org
domainlist local_domains = example.org
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/spool/pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
deliver_drop_privilege
host_lookup =
rfc1413_hosts =
keep_environment =
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher{{*}}{{}}}}
acl_smtp_rcpt = rcpt
message_size_limit = 100K
begin acl
rcpt:
  deny message = log in first
       !authenticated = *
  require verify = recipient
  accept
begin routers
full:
  driver = redirect
  local_parts = full
  allow_fail
  data = :fail: the mailbox is full
  no_verify
mailbox:
  driver = accept
  domains = +local_domains
  local_parts = ci : ada : full
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = {folder}/mail/$local_part_data
  create_file = anywhere
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{weir}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"
    )
}
