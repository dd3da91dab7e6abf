//! `msgpack_experimental_v7`: one message of msgpack in each binary frame of a WebSocket. The frames are somebody else's.
//!
//! Either side sends requests, numbered by itself from 0, and each is answered by one response with its number, in any
//! order. A login is not part of it: the name and the password are in the header `Authorization` of the WebSocket's
//! request.

mod decode;
mod encode;
mod message;
mod session;

pub use decode::decode;
pub use encode::encode;
pub use message::{Message, Request, Response};
pub use session::{Event, Session};
