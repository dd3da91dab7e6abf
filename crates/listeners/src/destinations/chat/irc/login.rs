//! How the bot comes in: capabilities (IRCv3), SASL and a nick that nobody has.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::Message;
use super::options::{IrcOptions, Sasl};
use super::wire::Wire;

/// How many nicks are tried.
const NICKS: usize = 8;

/// The longest part of a SASL answer, in letters.
const SASL_PART: usize = 400;

/// Comes in, and gives the nick under which it is known.
///
/// # Errors
/// Why the server does not let it.
pub(super) async fn log_in(
    wire: &mut Wire,
    options: &IrcOptions,
    sasl: Option<Sasl>,
) -> Result<String, String> {
    if !options.server_password.is_empty() {
        wire.send(&format!("PASS :{}", options.server_password)).await?;
    }
    let mut login = Login {
        options,
        sasl,
        nick: options.nick.clone(),
        nicks: 1,
        offered: vec![],
        ended: false,
    };
    wire.send("CAP LS 302").await?;
    wire.send(&format!("NICK {}", login.nick)).await?;
    wire.send(&format!("USER {} 0 * :Weir", login.user())).await?;
    loop {
        let message = wire.next().await?;
        if message.command == "001" {
            // Whoever asked for SASL does not want to be there without.
            return match sasl.is_some() && !login.ended {
                true => Err("the server knows no SASL".to_owned()),
                false => Ok(message.param(0).to_owned()),
            };
        }
        for line in login.answer(&message)? {
            wire.send(&line).await?;
        }
    }
}

struct Login<'o> {
    options: &'o IrcOptions,
    sasl: Option<Sasl>,
    nick: String,
    /// How many were tried.
    nicks: usize,
    /// What the server can.
    offered: Vec<String>,
    /// Whether all about capabilities is said.
    ended: bool,
}

impl Login<'_> {
    /// What to say to the message.
    fn answer(&mut self, message: &Message) -> Result<Vec<String>, String> {
        match message.command.as_str() {
            "PING" => Ok(vec![format!("PONG :{}", message.last())]),
            "ERROR" => Err(format!("the server says: {}", message.last())),
            "CAP" => self.capabilities(message),
            "AUTHENTICATE" => Ok(self.authenticate()),
            "903" => Ok(self.end()),
            "902" | "904" | "905" | "906" | "908" => Err(format!("signing in failed: {}", message.last())),
            "432" | "433" | "436" | "437" if self.nicks < NICKS => {
                self.nicks += 1;
                self.nick.push('_');
                Ok(vec![format!("NICK {}", self.nick)])
            }
            "432" | "433" | "436" | "437" => Err(format!("there is no nick to be had: {}", message.last())),
            "464" | "465" => Err(format!("the server does not let us in: {}", message.last())),
            _ => Ok(vec![]),
        }
    }

    fn capabilities(&mut self, message: &Message) -> Result<Vec<String>, String> {
        match message.param(1) {
            "LS" => {
                self.offered
                    .extend(message.last().split_whitespace().map(str::to_owned));
                // A star says that there is more to come.
                match message.param(2) {
                    "*" if message.params.len() > 3 => Ok(vec![]),
                    _ => self.request(),
                }
            }
            "ACK" => Ok(match self.sasl {
                Some(Sasl::Plain) => vec!["AUTHENTICATE PLAIN".to_owned()],
                Some(Sasl::External) => vec!["AUTHENTICATE EXTERNAL".to_owned()],
                None => self.end(),
            }),
            "NAK" if self.sasl.is_some() => Err("the server gives us no SASL".to_owned()),
            "NAK" => Ok(self.end()),
            _ => Ok(vec![]),
        }
    }

    /// Asks for what we want and the server can.
    fn request(&mut self) -> Result<Vec<String>, String> {
        let can = |name: &str| self.offered.iter().any(|it| it.split('=').next() == Some(name));
        let mut wanted = vec![];
        if can("account-tag") {
            wanted.push("account-tag");
        }
        match self.sasl {
            Some(_) if !can("sasl") => return Err("the server offers no SASL".to_owned()),
            Some(_) => wanted.push("sasl"),
            None => {}
        }
        match wanted.is_empty() {
            true => Ok(self.end()),
            false => Ok(vec![format!("CAP REQ :{}", wanted.join(" "))]),
        }
    }

    fn end(&mut self) -> Vec<String> {
        self.ended = true;
        vec!["CAP END".to_owned()]
    }

    fn account(&self) -> &str {
        match self.options.account.is_empty() {
            true => &self.options.nick,
            false => &self.options.account,
        }
    }

    /// Who we are: RFC 4616 for `PLAIN`, RFC 4422 for `EXTERNAL`.
    fn authenticate(&self) -> Vec<String> {
        let text = match self.sasl {
            Some(Sasl::Plain) => {
                let account = self.account();
                STANDARD.encode(format!("{account}\0{account}\0{}", self.options.password))
            }
            // The certificate says it. Atheme's services refuse a name beside it, even the right one.
            _ => String::new(),
        };
        let mut parts: Vec<String> = text
            .as_bytes()
            .chunks(SASL_PART)
            .map(|it| format!("AUTHENTICATE {}", String::from_utf8_lossy(it)))
            .collect();
        // A part that is not full ends it.
        if text.len().is_multiple_of(SASL_PART) {
            parts.push("AUTHENTICATE +".to_owned());
        }
        parts
    }

    /// A user's name of letters and digits.
    fn user(&self) -> String {
        let user: String = self
            .nick
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(9)
            .collect();
        if user.is_empty() { "weir".to_owned() } else { user }
    }
}
