//! A worker of Buildbot's, simulated: it speaks the perspective broker as `buildbot-worker` 4.3 does, and its commands print
//! what they are told without a program.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;
use weir_buildbot_wire::pb::{Broker, Call, Event, OwnObject, PeerObject};
use weir_buildbot_wire::worker::over_pb::Method;
use weir_buildbot_wire::worker::{
    Argument, Builder, Command, CommandLine, FromWorker, StartCommand, Text, ToWorker, Update, WorkerInfo,
};
use weir_buildbot_wire::{self as wire, Failure, Value};

use super::output::{Output, Pieces};
use crate::Result;

/// Bytes that wait to be sent; then nothing more is printed, as to a pipe that is full.
const WAITING: usize = 256 * 1024;
/// Bytes that are read at once.
const READ: usize = 64 * 1024;
/// The commands of 4.3, all of one version.
const COMMANDS: [&str; 14] = [
    "shell",
    "uploadFile",
    "upload_file",
    "uploadDirectory",
    "upload_directory",
    "downloadFile",
    "download_file",
    "mkdir",
    "rmdir",
    "cpdir",
    "stat",
    "glob",
    "listdir",
    "rmfile",
];

/// What a call is answered.
type Answer = std::result::Result<Value, Failure>;

/// A worker with its connection.
pub(super) struct Worker {
    name: String,
    broker: Broker,
    is_logged_in: bool,
    from: OwnedReadHalf,
    read: BytesMut,
    to: OwnedWriteHalf,
    waiting: BytesMut,
    builders: BTreeMap<String, OwnObject>,
    running: Option<Running>,
}

/// A command that prints.
struct Running {
    object: PeerObject,
    begun: Instant,
    pieces: Pieces,
}

/// The command line of `print`, as the configuration has it behind the program's name.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    output: Output,
}

impl Worker {
    /// Connects to the loopback's `port`, and logs in. The master answers that once it has made the worker ready.
    pub(super) async fn log_in(port: u16, name: &str, password: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let failed = |error| format!("{name} cannot connect: {error}");
        let stream = stream.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let (from, to) = stream.into_split();
        let mut worker = Self {
            name: name.to_owned(),
            broker: Broker::client(name, password),
            is_logged_in: false,
            from,
            read: BytesMut::with_capacity(READ),
            to,
            waiting: BytesMut::new(),
            builders: BTreeMap::new(),
            running: None,
        };
        while !worker.is_logged_in {
            worker.take_turn().await?;
        }
        Ok(worker)
    }

    /// Works, and gives why that has ended.
    pub(super) async fn work(mut self) -> String {
        loop {
            if let Err(why) = self.take_turn().await {
                return why;
            }
        }
    }

    /// Reads, sends or prints, whatever can be done first.
    async fn take_turn(&mut self) -> Result<()> {
        self.waiting.extend(self.broker.transmit());
        let may_print = self.waiting.len() < WAITING;
        let printed = self.running.as_ref().filter(|_| may_print).map(Running::due);
        let done = tokio::select! {
            count = self.from.read_buf(&mut self.read) => match count {
                Ok(0) => return Err(format!("the master has ended the connection of {}", self.name)),
                Ok(_) => self.react().map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            },
            sent = self.to.write(self.waiting.chunk()), if !self.waiting.is_empty() => {
                sent.map(|count| self.waiting.advance(count)).map_err(|error| error.to_string())
            }
            () = tokio::time::sleep_until(printed.unwrap_or_else(Instant::now)), if printed.is_some() => {
                self.print().map_err(|error| error.to_string())
            }
        };
        done.map_err(|why| format!("{} cannot go on: {why}", self.name))
    }

    /// Does what has come.
    fn react(&mut self) -> wire::Result<()> {
        self.broker.receive(&self.read.split());
        self.read.reserve(READ);
        while let Some(event) = self.broker.poll()? {
            match event {
                Event::Call(call) => self.called(call)?,
                Event::LoggedIn(_) => self.is_logged_in = true,
                Event::Refused(why) => return Err(wire::Error::Negotiation(why.to_string())),
                _ => {}
            }
        }
        Ok(())
    }

    fn called(&mut self, mut call: Call) -> wire::Result<()> {
        let asked = call.call.take();
        let answer = match ToWorker::of_method(Method::from(call)) {
            Ok(message) => self.told(message)?,
            Err(error) => Err(Failure::runtime_error(&error.to_string())),
        };
        match (asked, answer) {
            (Some(call), Ok(value)) => self.broker.answer(call, value),
            (Some(call), Err(failure)) => self.broker.fail(call, failure),
            (None, _) => Ok(()),
        }
    }

    /// What is answered.
    fn told(&mut self, message: ToWorker) -> wire::Result<Answer> {
        Ok(Ok(match message {
            ToWorker::GetWorkerInfo => self.info().write(),
            ToWorker::SetBuilderList(builders) => self.set_builders(builders)?,
            ToWorker::StartCommand(start) => return self.start(start),
            ToWorker::InterruptCommand { .. } => {
                if let Some(running) = self.running.take() {
                    self.end(running.object, -1, running.begun.elapsed())?;
                }
                Value::None
            }
            ToWorker::Print(_) | ToWorker::StartBuild | ToWorker::SetMaster(_) | ToWorker::Shutdown => {
                Value::None
            }
            other => {
                return Ok(Err(Failure::runtime_error(&format!(
                    "{other:?} is not known here"
                ))));
            }
        }))
    }

    fn info(&self) -> WorkerInfo {
        let version = |name: &str| (Value::from(name), Value::from("3.3"));
        WorkerInfo {
            admin: Some("The load program\n".to_owned()),
            host: Some("the loopback\n".to_owned()),
            access_uri: None,
            version: Some("4.3.0".to_owned()),
            system: Some("posix".to_owned()),
            basedir: Some(format!("/simulated/{}", self.name)),
            numcpus: Some(1),
            environ: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
            delete_leftover_dirs: false,
            commands: Some(Value::Map(COMMANDS.map(version).to_vec())),
            other: vec![],
        }
    }

    /// Those that stay keep their objects.
    fn set_builders(&mut self, builders: Vec<Builder>) -> wire::Result<Value> {
        let mut objects = BTreeMap::new();
        for Builder { name, .. } in builders {
            let object = match self.builders.remove(&name) {
                Some(object) => object,
                None => self.broker.export()?,
            };
            objects.insert(name, object);
        }
        self.builders = objects;
        let pairs = self.builders.iter();
        Ok(Value::Map(
            pairs
                .map(|(name, it)| (name.as_str().into(), (*it).into()))
                .collect(),
        ))
    }

    /// Begins to print. What else a master may want, such as directories, is there at once.
    fn start(&mut self, start: StartCommand) -> wire::Result<Answer> {
        let object = PeerObject::read(&Value::OfSender(start.object.unwrap_or_default()))?;
        let Command::Shell(shell) = Command::read(&start.command)? else {
            self.end(object, 0, Duration::ZERO)?;
            return Ok(Ok(Value::None));
        };
        match output(&shell.command) {
            Ok(output) => {
                self.running = Some(Running {
                    object,
                    begun: Instant::now(),
                    pieces: Pieces::new(output),
                });
                Ok(Ok(Value::None))
            }
            Err(why) => Ok(Err(Failure::runtime_error(&why))),
        }
    }

    /// Prints the next piece, and ends the command behind the last.
    fn print(&mut self) -> wire::Result<()> {
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        self.update(running.object, Update::Stdout(Text::new(running.pieces.take())))?;
        if running.pieces.due().is_none() {
            return self.end(running.object, 0, running.begun.elapsed());
        }
        self.running = Some(running);
        Ok(())
    }

    /// Says what a worker says at the end of a command.
    fn end(&mut self, object: PeerObject, code: i64, took: Duration) -> wire::Result<()> {
        let seconds = took.as_secs_f64();
        self.update(object, Update::ReturnCode(Some(code)))?;
        self.update(
            object,
            Update::Header(Text::new(format!("elapsedTime={seconds:.6}\n"))),
        )?;
        self.update(object, Update::Elapsed(seconds))?;
        self.say(object, FromWorker::Complete(None))?;
        self.broker.release(object)
    }

    fn update(&mut self, object: PeerObject, update: Update) -> wire::Result<()> {
        let updates = vec![update];
        self.say(object, FromWorker::Update { updates, number: 0 })
    }

    fn say(&mut self, object: PeerObject, message: FromWorker) -> wire::Result<()> {
        let Method { name, args, named } = message.into_method();
        // The answer says nothing that is not known here.
        self.broker.call(object, &name, args, named).map(drop)
    }
}

impl Running {
    /// When its next piece is due.
    fn due(&self) -> Instant {
        self.begun + self.pieces.due().unwrap_or_default()
    }
}

/// What the command line of a program `print` prints.
fn output(line: &CommandLine) -> Result<Output> {
    let CommandLine::Program(arguments) = line else {
        return Err("a line for a shell is not simulated".to_owned());
    };
    let texts = arguments.iter().map(|it| match it {
        Argument::Plain(text) => text,
        Argument::Obfuscated { real, .. } => real,
    });
    // The program, and its subcommand.
    let line = Line::try_parse_from(texts.skip(2));
    line.map(|it| it.output)
        .map_err(|error| format!("only `print` is simulated: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_would_print_is_read_from_its_command_line() {
        let expected = Output {
            rate: 1_000_000,
            seconds: 20,
            seed: 3,
        };
        let line = |line: &str| {
            let arguments = line.split(' ').map(|it| Argument::Plain(it.to_owned()));
            CommandLine::Program(arguments.collect())
        };
        let whole = "weir-bench print --rate 1000000 --seconds 20 --seed 3";
        assert_eq!(output(&line(whole)), Ok(expected));
        assert!(output(&line("weir-bench print --rate 1000000")).is_err());
        assert!(output(&CommandLine::Line("true".to_owned())).is_err());
    }
}
