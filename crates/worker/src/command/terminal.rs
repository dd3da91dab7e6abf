//! The terminal of a command.

use std::io::Result;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, OutputFlags, SetArg, tcgetattr, tcsetattr};
use tokio::net::unix::pipe::{Receiver, Sender};

/// What ends the input of a terminal: Ctrl-D.
pub(super) const END_OF_INPUT: u8 = 4;

/// The size of a command's terminal.
const SIZE: Winsize = Winsize {
    ws_row: 24,
    ws_col: 80,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// A new terminal.
pub(super) struct Terminal {
    /// What is written to it; the end of that is that nobody has the command's end open.
    pub(super) output: Receiver,
    /// Where its input goes.
    pub(super) input: Sender,
    /// The command's end of it.
    pub(super) end: OwnedFd,
}

/// Opens a terminal that shows nothing of its input, and leaves line ends as they are.
///
/// # Errors
/// If the system has none left.
pub(super) fn open() -> Result<Terminal> {
    let pair = openpty(Some(&SIZE), None)?;
    let mut settings = tcgetattr(&pair.slave)?;
    settings.local_flags.remove(LocalFlags::ECHO);
    settings.output_flags.remove(OutputFlags::ONLCR);
    tcsetattr(&pair.slave, SetArg::TCSANOW, &settings)?;
    // No other command that starts now gets either end.
    for end in [pair.master.as_fd(), pair.slave.as_fd()] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    fcntl(&pair.master, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
    Ok(Terminal {
        // It is read and written as a pipe is, though it is none.
        input: Sender::from_owned_fd_unchecked(pair.master.try_clone()?)?,
        output: Receiver::from_owned_fd_unchecked(pair.master)?,
        end: pair.slave,
    })
}
