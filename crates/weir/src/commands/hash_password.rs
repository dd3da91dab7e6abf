//! `weir hash-password`.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use nix::sys::termios::{self, LocalFlags, SetArg};

use crate::failure::Failure;
use crate::show::say;

/// Prints the hash of a password, for `user(…, password_hash = "…")` in the configuration.
#[derive(Args)]
pub(crate) struct HashPassword {}

impl HashPassword {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let password = if std::io::stdin().is_terminal() {
            let password = ask("Password: ")?;
            if ask("The same again: ")? != password {
                return Err(Failure::usage("the two passwords differ"));
            }
            password
        } else {
            line()?
        };
        let hash = weir_access::hash_password(&password).map_err(Failure::usage)?;
        say(hash)
    }
}

/// Asks on the terminal; what is typed does not show.
fn ask(prompt: &str) -> Result<String, Failure> {
    let mut stderr = std::io::stderr();
    write!(stderr, "{prompt}")?;
    stderr.flush()?;
    let stdin = std::io::stdin();
    let before = termios::tcgetattr(&stdin).map_err(Failure::new)?;
    let mut quiet = before.clone();
    quiet.local_flags.remove(LocalFlags::ECHO);
    termios::tcsetattr(&stdin, SetArg::TCSANOW, &quiet).map_err(Failure::new)?;
    let line = line();
    termios::tcsetattr(&stdin, SetArg::TCSANOW, &before).map_err(Failure::new)?;
    writeln!(stderr)?;
    line
}

/// One line of standard input, without its end.
fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
