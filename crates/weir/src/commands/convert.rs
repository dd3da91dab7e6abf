//! `weir convert`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use uuid::Uuid;
use weir_convert::Conversion;

use crate::failure::Failure;
use crate::show::{count, plain, say};

/// Carries a configuration of Buildbot over.
///
/// Runs it in Python, with stand-ins for Buildbot, and writes what it makes as Weir's configuration, beside it a file with
/// a new token for each worker. What could not be carried over is listed with its place and with what to write instead.
#[derive(Args)]
pub(crate) struct Convert {
    /// The configuration of Buildbot.
    #[arg(default_value = "master.cfg")]
    file: PathBuf,
    /// Where to write to.
    #[arg(long, short, default_value = "weir.star", value_name = "FILE")]
    output: PathBuf,
    /// Write over what is there. Token files are kept.
    #[arg(long)]
    force: bool,
    /// The Python to run it in, with what it imports beside Buildbot; 3.8 or newer.
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,
    /// How long it may take.
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = weir_config::parse_duration)]
    timeout: Duration,
    /// Let it use the network.
    #[arg(long)]
    allow_network: bool,
    /// Let it run programs.
    #[arg(long)]
    allow_programs: bool,
    /// Let it write files.
    #[arg(long)]
    allow_writes: bool,
}

impl Convert {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        self.refuse_to_overwrite()?;
        let options = weir_convert::Options {
            file: self.file.clone(),
            python: self.python.clone(),
            timeout: self.timeout,
            allow_network: self.allow_network,
            allow_programs: self.allow_programs,
            allow_writes: self.allow_writes,
        };
        let conversion = weir_convert::convert(&options).await.map_err(Failure::usage)?;
        for note in &conversion.notes {
            say(plain(&note.to_string()))?;
        }
        self.write(&conversion)?;
        self.summarize(&conversion)
    }

    /// Before anything is run. What comes there meanwhile is not written over either.
    fn refuse_to_overwrite(&self) -> Result<(), Failure> {
        let output = self.output.display();
        match self.output.symlink_metadata() {
            // What takes a device's place is a file.
            Ok(there) if self.force && !there.is_file() => Err(Failure::usage(format!(
                "{output} is no file that could be written over; --output names another one"
            ))),
            Ok(_) if !self.force => Err(Failure::usage(format!(
                "{output} is there already; --force writes over it, --output names another file"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes the tokens first, and the configuration as a whole: it is there only if all is.
    fn write(&self, conversion: &Conversion) -> Result<(), Failure> {
        let failed = |path: &Path, error: std::io::Error| {
            Failure::new(format!("{} cannot be written: {error}", path.display()))
        };
        let folder = match self.output.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let name = self.output.file_name().unwrap_or_default().to_string_lossy();
        let draft = folder.join(format!(".{name}.{}", Uuid::new_v4().simple()));
        write_new(&draft, &conversion.text, 0o644).map_err(|error| failed(&self.output, error))?;
        let finished = self.finish(conversion, folder, &draft);
        if finished.is_err() {
            // Nobody shall take it for something.
            let _ = std::fs::remove_file(&draft);
        }
        finished.map_err(|(path, error)| failed(&path, error))
    }

    fn finish(
        &self,
        conversion: &Conversion,
        folder: &Path,
        draft: &Path,
    ) -> Result<(), (PathBuf, std::io::Error)> {
        for (file, secret) in &conversion.worker_secrets {
            let file = folder.join(file);
            let secret = match secret {
                Some(secret) => format!("{secret}\n"),
                None => format!("{}{}\n", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
            };
            match write_new(&file, &secret, 0o600) {
                Ok(()) => {}
                // A worker that has it goes on with it.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err((file, error)),
            }
        }
        for (file, secret) in &conversion.secrets {
            let file = folder.join(file);
            match write_new(&file, &format!("{secret}\n"), 0o600) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err((file, error)),
                _ => {}
            }
        }
        let output = self.output.clone();
        match self.force {
            true => std::fs::rename(draft, &output).map_err(|error| (output, error)),
            // A link is made only where nothing is.
            false => std::fs::hard_link(draft, &output)
                .and_then(|()| std::fs::remove_file(draft))
                .map_err(|error| (output, error)),
        }
    }

    fn summarize(&self, conversion: &Conversion) -> Result<(), Failure> {
        let output = self.output.display();
        let Conversion {
            builders, schedulers, ..
        } = conversion;
        say(format!(
            "wrote {output}: {}, {}, {}; {} carried over",
            count(*builders, "builder"),
            count(conversion.workers, "worker"),
            count(*schedulers, "scheduler"),
            match conversion.notes.len() {
                0 => "all was".to_owned(),
                1 => "1 thing was not".to_owned(),
                number => format!("{number} things were not"),
            }
        ))?;
        // What goes beyond what can be seen here is told with its line.
        match weir_config::load(&self.output) {
            Ok(_) => say(format!("Next: weir check {output}")),
            Err(errors) => {
                eprintln!("{errors}");
                Err(Failure::new(format!(
                    "{output} needs a hand before a master takes it"
                )))
            }
        }
    }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
