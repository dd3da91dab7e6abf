//! The perspective broker: calls of methods of each other's objects over one connection, as Twisted's `spread/pb.py` has
//! it, without the connection. Bytes go in and out, and what they mean comes as [`Event`]s.
//!
//! # A login
//! 1. A client calls `login` of the root with a name. It is sent a challenge and an object, the challenger.
//! 2. It calls `respond` of that with `MD5(MD5(password) + challenge)` and an object of its own, its mind. A server is told
//!    by [`Event::Login`]. To check a response the password itself is needed, or its MD5: see [`Credentials::are_of`].
//! 3. The server calls [`Broker::admit`], does with the mind what is to be done first, and answers with an object of its
//!    own, the avatar; or it refuses with [`Failure::unauthorized_login`](crate::Failure::unauthorized_login). Either may
//!    be at any later time. A connection has one login.
//!
//! # References
//! Each side counts how often it was handed an object of the other's. When it has given all back, the object is
//! [released](Event::Released). Numbers of objects are never used again.
//!
//! ```
//! use weir_buildbot_wire::pb::{Broker, Event};
//!
//! # fn main() -> weir_buildbot_wire::Result<()> {
//! let mut master = Broker::server(*b"16 random bytes!");
//! let mut worker = Broker::client("a-worker", "its password");
//! let mut is_logged_in = false;
//! while !is_logged_in {
//!     worker.receive(&master.transmit());
//!     while let Some(event) = worker.poll()? {
//!         is_logged_in |= matches!(event, Event::LoggedIn(Some(_)));
//!     }
//!     master.receive(&worker.transmit());
//!     while let Some(event) = master.poll()? {
//!         if let Event::Login(login) = event {
//!             assert!(login.credentials.are_of(b"its password"));
//!             master.admit()?;
//!             let avatar = master.export()?;
//!             master.answer(login.call, avatar.into())?;
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod broker;
mod login;
mod login_states;
mod message;
mod objects;
mod session;

pub use broker::{Broker, Call, Event};
pub use login::{CHALLENGE, Credentials, Login, response};
pub use message::{Message, Target};
pub use objects::{OwnObject, PeerObject};
pub use session::Side;

/// The version of the broker's messages that both sides have to speak.
pub const VERSION: i128 = 6;

/// A call that this side made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnCall(pub(crate) u64);

/// A call of the other side that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerCall(pub(crate) u64);
