//! An IRC daemon with accounts: InspIRCd, and Atheme's services beside it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;
use weir_testbed::Process;

use super::ircd::Person;
use crate::servers::{self, SOON, free_address};

/// They listen on free ports of this machine, and end with this. Who has a certificate shows it.
pub(crate) struct InspIrcd {
    pub(crate) address: SocketAddr,
    /// The port with TLS.
    pub(crate) tls: SocketAddr,
    /// The certificate's authority, as PEM.
    pub(crate) ca: String,
    _folder: tempfile::TempDir,
    _processes: [Process; 2],
}

impl InspIrcd {
    /// Them; none, with a word why, if a program is not on this machine.
    pub(crate) async fn start() -> Option<Self> {
        let daemon = servers::program("inspircd", "inspircd")?;
        let services = servers::program("atheme-services", "atheme-services")?;
        let folder = tempfile::tempdir().unwrap();
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("cert.pem", &pair.cert.pem());
        write("key.pem", &pair.signing_key.serialize_pem());
        let [address, tls, link] = [free_address(), free_address(), free_address()];
        write("inspircd.conf", &of_daemon(folder.path(), [address, tls, link]));
        write("atheme.conf", &of_services(link));
        let at = |name: &str| folder.path().join(name).display().to_string();
        let config = format!("--config={}", at("inspircd.conf"));
        let mut daemon = Process::start(daemon, ["--nofork", "--nopid", "--runasroot", &config]);
        daemon.line(SOON, |line| line.contains("is now running")).await;
        let mut command = Command::new(services);
        for (option, value) in [
            ("-c", at("atheme.conf")),
            ("-l", at("atheme.log")),
            ("-p", at("atheme.pid")),
            ("-D", at("")),
        ] {
            command.arg(option).arg(value);
        }
        command.arg("-n");
        let mut services = Process::spawn(command);
        services
            .line(SOON, |line| line.contains("finished synching with uplink"))
            .await;
        Some(Self {
            address,
            tls,
            ca: pair.cert.pem(),
            _folder: folder,
            _processes: [daemon, services],
        })
    }

    /// Somebody in the channel with an account of their nick, and that password.
    pub(crate) async fn registered(&self, nick: &str, password: &str, channel: &str) -> Person {
        let mut person = Person::come(self.address, nick, channel).await;
        let register = format!("PRIVMSG NickServ :REGISTER {password} {nick}@example.org");
        person.send(&register).await;
        person.until(" 900 ").await;
        person
    }
}

fn of_daemon(folder: &Path, [address, tls, link]: [SocketAddr; 3]) -> String {
    let folder = folder.display();
    let (address, tls, link) = (address.port(), tls.port(), link.port());
    let modules = [
        "ssl_gnutls",
        "sha256",
        "sslinfo",
        "spanningtree",
        "cap",
        "sasl",
        "services_account",
        "ircv3_ctctags",
        "ircv3_accounttag",
    ];
    let modules = modules.map(|it| format!("<module name=\"{it}\">\n")).concat();
    format!(
        r##"{modules}
<server name="irc.example.org" description="A test" network="Test" id="1AA">
<admin name="nobody" nick="nobody" email="nobody@example.org">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<bind address="127.0.0.1" port="{address}" type="clients">
<bind address="127.0.0.1" port="{tls}" type="clients" sslprofile="tls">
<bind address="127.0.0.1" port="{link}" type="servers">
<sslprofile name="tls" provider="gnutls" certfile="{folder}/cert.pem" keyfile="{folder}/key.pem" hash="sha256">
<sasl target="services.example.org">
<link name="services.example.org" ipaddr="127.0.0.1" port="{link}" allowmask="127.0.0.1/32" sendpass="link" recvpass="link">
<uline server="services.example.org">
<connect name="all" allow="*" commandrate="1000000" fakelag="no" resolvehostnames="no" localmax="100" globalmax="100">
"##
    )
}

fn of_services(link: SocketAddr) -> String {
    let modules = [
        "protocol/inspircd",
        "backend/opensex",
        "crypto/posix",
        "nickserv/main",
        "nickserv/register",
        "nickserv/identify",
        "nickserv/cert",
        "saslserv/main",
        "saslserv/plain",
        "saslserv/external",
    ];
    let modules = modules
        .map(|it| format!("loadmodule \"modules/{it}\";\n"))
        .concat();
    let service = |block: &str, nick: &str| {
        format!(
            "{block} {{ nick = \"{nick}\"; user = \"{nick}\"; host = \"services.example.org\"; real = \"{nick}\"; }};\n"
        )
    };
    format!(
        r##"{modules}
serverinfo {{
    name = "services.example.org"; desc = "Services"; numeric = "00A"; netname = "Test"; recontime = 1;
    hidehostsuffix = "users.example.org"; adminname = "nobody"; adminemail = "nobody@example.org";
    registeremail = "nobody@example.org"; mta = "/bin/true"; loglevel = {{ error; info; network; }};
    auth = none; casemapping = rfc1459;
}};
uplink "irc.example.org" {{
    host = "127.0.0.1"; port = {}; send_password = "link"; receive_password = "link";
}};
{}{}"##,
        link.port(),
        service("nickserv", "NickServ"),
        service("saslserv", "SaslServ"),
    )
}
