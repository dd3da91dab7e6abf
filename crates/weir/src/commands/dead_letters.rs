//! `weir listen replay`, `drop` and `forget`: what becomes of what listeners could not deliver, and of listeners that are no
//! more.

use clap::{Args, Subcommand};
use weir_status_api::{
    Command, Cursor, DeadLetter, DeadLetterChoice, DeadLetterId, Key, ListenerStatus, ReadExt,
};

use crate::failure::Failure;
use crate::show::{plain, say};
use crate::upstream::Upstream;

/// What people want to become of a listener, and of what it could not deliver.
#[derive(Subcommand)]
pub(crate) enum Wish {
    /// Have a listener deliver again what it could not deliver.
    Replay(Replay),
    /// Forget what a listener could not deliver.
    Drop(Drop),
    /// Forget a listener that nobody runs any more: its place, what it kept, and what it could not deliver.
    Forget(Forget),
}

impl Wish {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Replay(it) => it.run().await,
            Self::Drop(it) => it.run().await,
            Self::Forget(it) => it.run().await,
        }
    }
}

/// Which dead letters of a listener.
#[derive(Args)]
struct Letters {
    /// The listener.
    listener: String,
    #[command(flatten)]
    upstream: Upstream,
    /// Only this dead letter.
    #[arg(long, value_name = "ID", conflicts_with = "from",
          value_parser = clap::value_parser!(i64).range(1..))]
    letter: Option<i64>,
    /// Only those of this event and later ones.
    #[arg(long, value_name = "CURSOR", value_parser = clap::value_parser!(i64).range(0..))]
    from: Option<i64>,
}

impl Letters {
    /// Which are meant, also in words.
    ///
    /// # Errors
    /// If the one that is meant is another listener's: ids are of all listeners.
    async fn choice(&self) -> Result<(DeadLetterChoice, String), Failure> {
        let Some(letter) = self.letter.map(DeadLetterId) else {
            let choice = DeadLetterChoice::Of {
                listener: self.listener.as_str().into(),
                first: Cursor(self.from.unwrap_or_default()),
            };
            let which = format!("what listener {} could not deliver", plain(&self.listener));
            return Ok((choice, which));
        };
        let api = self.upstream.connect()?;
        let meant: ListenerStatus = api.one(Key::Listener(self.listener.as_str().into())).await?.value;
        let of = api
            .one::<DeadLetter>(Key::DeadLetter(letter))
            .await?
            .value
            .listener;
        if of != meant.id {
            let of: ListenerStatus = api.one(Key::Listener(of.into())).await?.value;
            return Err(Failure::usage(format!(
                "dead letter {letter} is not of listener {}, but of {}",
                plain(&self.listener),
                plain(&of.name)
            )));
        }
        let which = format!("dead letter {letter} of listener {}", plain(&self.listener));
        Ok((DeadLetterChoice::One(letter), which))
    }

    async fn ask(&self, command: Command) -> Result<(), Failure> {
        ask(&self.upstream, command).await
    }
}

async fn ask(upstream: &Upstream, command: Command) -> Result<(), Failure> {
    let caller = upstream.caller()?;
    upstream.connect()?.control(&caller, command).await?;
    Ok(())
}

/// Has a listener deliver again: all that it could not deliver, or everything from an event on.
#[derive(Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    letters: Letters,
    /// All events from that of --from on, those that were delivered too.
    #[arg(long, requires = "from")]
    everything: bool,
}

impl Replay {
    async fn run(self) -> Result<(), Failure> {
        if let (true, Some(first)) = (self.everything, self.letters.from) {
            let rewind = Command::RewindListener {
                listener: self.letters.listener.as_str().into(),
                first: Cursor(first),
            };
            self.letters.ask(rewind).await?;
            return say(format!(
                "listener {} is to deliver all events from {first} on",
                plain(&self.letters.listener)
            ));
        }
        let (letters, which) = self.letters.choice().await?;
        self.letters.ask(Command::DeliverAgain { letters }).await?;
        say(format!("{which} is to be delivered again"))
    }
}

/// Forgets what a listener could not deliver.
#[derive(Args)]
pub(crate) struct Drop {
    #[command(flatten)]
    letters: Letters,
}

impl Drop {
    async fn run(self) -> Result<(), Failure> {
        let (letters, which) = self.letters.choice().await?;
        self.letters.ask(Command::DropDeadLetters { letters }).await?;
        say(format!("{which} is forgotten"))
    }
}

/// Forgets a listener that nobody runs any more. One that runs again under its name begins as a new one.
#[derive(Args)]
pub(crate) struct Forget {
    /// The listener.
    listener: String,
    #[command(flatten)]
    upstream: Upstream,
}

impl Forget {
    async fn run(self) -> Result<(), Failure> {
        let listener = self.listener.as_str().into();
        ask(&self.upstream, Command::ForgetListener { listener }).await?;
        say(format!("listener {} is forgotten", plain(&self.listener)))
    }
}
