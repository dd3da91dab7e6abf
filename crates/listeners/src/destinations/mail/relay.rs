//! The relay: one SMTP transaction (RFC 5321) for one mail.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::net::TcpStream;
use weir_status_api::ListenerError;

use super::MailOptions;
use crate::options::{check_authorities, seconds};
use crate::text::{cut, one_line};
use crate::{OptionError, Outlet};

/// How much of a relay's answer an error quotes, in characters.
const QUOTED: usize = 200;

/// How long the relay has to answer our goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A relay to hand mails to.
pub(super) struct Relay {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
    outlet: Outlet,
}

/// How the connection is encrypted.
enum Security {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

/// What became of a mail.
#[derive(Debug, Default)]
pub(super) struct Handed {
    /// For whom the relay took it.
    pub(super) taken: BTreeSet<String>,
    /// For whom it may take it later, with its words.
    pub(super) later: Vec<String>,
    /// For whom it never will, with its words.
    pub(super) never: Vec<String>,
}

impl Relay {
    /// As the options say; connects to nothing yet.
    pub(super) fn new(options: &MailOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let (host, port) = host_and_port(&options.relay)?;
        let local = is_local(&host);
        let tls = || tls(&host, options.ca.as_deref());
        let (security, usual_port) = match options.tls.as_deref() {
            Some("none") => (Security::None, 25),
            None if local => (Security::None, 25),
            Some("starttls") | None => (Security::StartTls(tls()?), 587),
            Some("tls") => (Security::Tls(tls()?), 465),
            Some(other) => {
                let why = format!("is {other:?}; it can be \"starttls\", \"tls\" or \"none\"");
                return Err(OptionError::new("tls", why));
            }
        };
        let is_name = |it: &String| !it.is_empty() && it.bytes().all(|it| it.is_ascii_graphic());
        if let Some(hello) = options.hello.as_ref().filter(|it| !is_name(it)) {
            return Err(OptionError::new("hello", format!("is no host's name: {hello:?}")));
        }
        let credentials = match (&options.user, &options.password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.clone())),
            (None, None) => None,
            (Some(_), None) => return Err(OptionError::new("password", "is missing beside `user`")),
            (None, Some(_)) => return Err(OptionError::new("user", "is missing beside `password`")),
        };
        if credentials.is_some() && matches!(security, Security::None) && !local {
            let why = "is \"none\", which would send the password for everybody to read; use \"starttls\" or \"tls\"";
            return Err(OptionError::new("tls", why));
        }
        Ok(Self {
            port: port.unwrap_or(usual_port),
            host,
            security,
            credentials,
            hello: options
                .hello
                .clone()
                .map_or_else(ClientId::default, ClientId::Domain),
            timeout: seconds("timeout", options.timeout)?,
            outlet: outlet.clone(),
        })
    }

    /// Hands over a mail from `sender` for `to`. Each recipient is asked for by itself: one that the relay does not take
    /// keeps it from no other.
    ///
    /// # Errors
    /// If nobody gets it: [`ListenerError::Later`] if the relay cannot be reached, lets us not in, or is busy;
    /// [`ListenerError::Never`] if it wants no such mail.
    pub(super) async fn hand(
        &self,
        sender: &Address,
        to: &[Address],
        mail: &[u8],
    ) -> Result<Handed, ListenerError> {
        let handing = async {
            // What is wrong up to here is not the mail's fault, so it waits until somebody has mended it.
            let mut connection = self.connect().await?;
            let handed = self.transact(&mut connection, sender, to, mail).await;
            Ok((connection, handed))
        };
        let late = |_| ListenerError::Later(format!("the relay did not answer within {:?}", self.timeout));
        let handed = tokio::time::timeout(self.timeout, handing).await;
        let (mut connection, handed) = handed.map_err(late)??;
        // What the relay has taken it has, however it says goodbye.
        let _ = tokio::time::timeout(GOODBYE, connection.abort()).await;
        handed
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, ListenerError> {
        let failed = |it: Error| self.waits("the relay", &it);
        let address = (self.host.as_str(), self.port);
        let mut connection = if let Security::Tls(tls) = &self.security {
            let tls = Some(tls.clone());
            let connecting =
                AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, tls, None);
            connecting.await.map_err(failed)?
        } else {
            let stream = at_once(address).await.map_err(|error| {
                let why = self.outlet.mask(&format!("the relay: {error}"));
                ListenerError::Later(why)
            })?;
            AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello)
                .await
                .map_err(failed)?
        };
        if let Security::StartTls(tls) = &self.security {
            let upgrading = connection.starttls(tls.clone(), &self.hello);
            upgrading.await.map_err(failed)?;
        }
        if let Some(credentials) = &self.credentials {
            let authenticating = connection.auth(DEFAULT_MECHANISMS, credentials);
            authenticating.await.map_err(failed)?;
        }
        Ok(connection)
    }

    async fn transact(
        &self,
        connection: &mut AsyncSmtpConnection,
        sender: &Address,
        to: &[Address],
        mail: &[u8],
    ) -> Result<Handed, ListenerError> {
        let ascii = [sender].into_iter().chain(to).all(|it| it.to_string().is_ascii());
        let wide = connection.server_info().supports_feature(Extension::SmtpUtfEight);
        let mut parameters = vec![];
        if !ascii && wide {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = Mail::new(Some(sender.clone()), parameters);
        let said = connection.command(from).await;
        said.map_err(|it| self.judged(&format!("the sender {sender}"), &it))?;
        let mut handed = Handed::default();
        for address in to {
            let text = address.to_string();
            if !text.is_ascii() && !wide {
                handed
                    .never
                    .push(format!("{text}: the relay takes ASCII addresses only"));
                continue;
            }
            match connection.command(Rcpt::new(address.clone(), vec![])).await {
                Ok(_) => drop(handed.taken.insert(text)),
                Err(error) if error.is_permanent() => handed.never.push(self.quoted(&text, &error)),
                Err(error) if error.is_transient() => handed.later.push(self.quoted(&text, &error)),
                Err(error) => return Err(self.waits("the relay", &error)),
            }
        }
        if !handed.taken.is_empty() {
            let said = connection.command(Data).await;
            said.map_err(|it| self.judged("the mail", &it))?;
            let said = connection.message(mail).await;
            said.map_err(|it| self.judged("the mail", &it))?;
        }
        Ok(handed)
    }

    /// A refusal for good is final, all else is not.
    fn judged(&self, what: &str, error: &Error) -> ListenerError {
        match error.is_permanent() {
            true => ListenerError::Never(self.quoted(what, error)),
            false => self.waits(what, error),
        }
    }

    fn waits(&self, what: &str, error: &Error) -> ListenerError {
        ListenerError::Later(self.quoted(what, error))
    }

    /// What the relay said about `what`, without secrets, as one line.
    fn quoted(&self, what: &str, error: &Error) -> String {
        let mut said = error
            .status()
            .map_or_else(|| error.to_string(), |it| it.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            said.push_str(&format!(" {error}"));
            cause = error.source();
        }
        let said = cut(&one_line(&said), QUOTED);
        self.outlet.mask(&format!("{what}: {said}"))
    }
}

/// A connection that sends what it is given at once. The library writes a mail and its end one after the other; the end
/// would wait until the relay has acknowledged the mail (RFC 896), which relays put off by 40 ms.
async fn at_once(address: (&str, u16)) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn host_and_port(relay: &str) -> Result<(String, Option<u16>), OptionError> {
    let wrong = || {
        let why = format!("is no relay: {relay:?}; write e.g. \"smtp.example.org:587\"");
        OptionError::new("relay", why)
    };
    // An IPv6 address has colons of its own, and stands in brackets if a port follows.
    let bare = relay.parse::<IpAddr>().is_ok();
    let (host, port) = match relay
        .rsplit_once(':')
        .filter(|(host, _)| !bare && !host.ends_with(':'))
    {
        Some((host, port)) if !relay.ends_with(']') => (host, Some(port.parse().map_err(|_| wrong())?)),
        _ => (relay, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.is_empty() || host.contains(|it: char| it.is_whitespace() || it == '/') {
        true => Err(wrong()),
        false => Ok((host.to_owned(), port)),
    }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn tls(host: &str, ca: Option<&str>) -> Result<TlsParameters, OptionError> {
    let wrong = |error: Error| OptionError::new("ca", format!("is no certificate as PEM: {error}"));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(ca) = ca {
        check_authorities("ca", ca.as_bytes())?;
        builder = builder.add_root_certificate(Certificate::from_pem(ca.as_bytes()).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}
