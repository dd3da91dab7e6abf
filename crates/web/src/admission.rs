//! How many event streams may be open: in all, and for one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Extensions, HeaderMap};
use weir_status_api::{Error, Result};

use crate::rate;

/// How many event streams may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// In all.
    pub total: usize,
    /// For one address. IPv6 addresses count by their network of 64 bits, which is one subscriber's.
    pub per_address: usize,
    /// For each of this machine's own addresses: a proxy in front of the gateway stands for many clients.
    pub per_loopback: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            total: 10_000,
            per_address: 200,
            per_loopback: 2_000,
        }
    }
}

/// Admits event streams, of whatever kind. Its clones are one and count together.
#[derive(Clone, Debug)]
pub struct Admission {
    limits: StreamLimits,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right of a stream to be open, until it is dropped.
#[derive(Debug)]
pub struct Admitted {
    open: Arc<Mutex<Open>>,
    /// None if it counts for no address.
    from: Option<IpAddr>,
}

impl Default for Admission {
    fn default() -> Self {
        Self::new(StreamLimits::default())
    }
}

impl Admission {
    /// With nothing open yet.
    pub fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            open: Arc::default(),
        }
    }

    /// How many streams are open.
    pub(crate) fn open(&self) -> usize {
        lock(&self.open).total
    }

    /// Admits a stream for which a request asks: of the client at the address that a `trusted` proxy tells of, else
    /// of the peer. A trusted proxy that tells of nobody stands for many, as a gateway does.
    ///
    /// # Errors
    /// As [`Admission::admit`].
    pub fn admit_from(
        &self,
        trusted: &[IpAddr],
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Admitted> {
        let client = rate::client_of(extensions, headers, trusted);
        match client.filter(|it| rate::is_among(*it, trusted)) {
            Some(_) => self.admit_many(),
            None => self.admit(client),
        }
    }

    /// Admits a stream of somebody who may have many: it counts in all, and for no address.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many are open in all.
    pub fn admit_many(&self) -> Result<Admitted> {
        self.count(None)
    }

    /// Admits a stream of a client at that address; those whose address is not known share one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many are open in all, [`Error::TooMany`] if the client has too many.
    pub fn admit(&self, from: Option<IpAddr>) -> Result<Admitted> {
        self.count(Some(from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), one_client)))
    }

    fn count(&self, from: Option<IpAddr>) -> Result<Admitted> {
        let mut open = lock(&self.open);
        if open.total >= self.limits.total {
            return Err(Error::unavailable(
                "too many event streams are open; try again later",
            ));
        }
        if let Some(from) = from {
            let most = match from.is_loopback() {
                true => self.limits.per_loopback,
                false => self.limits.per_address,
            };
            if open.by_address.get(&from).copied().unwrap_or_default() >= most {
                let why =
                    format!("event streams of one address, at most {most}; close one, or try again later");
                return Err(Error::TooMany { why });
            }
            *open.by_address.entry(from).or_default() += 1;
        }
        open.total += 1;
        drop(open);
        Ok(Admitted {
            open: Arc::clone(&self.open),
            from,
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.total -= 1;
        if let Some(from) = self.from
            && let Some(own) = open.by_address.get_mut(&from)
        {
            *own -= 1;
            if *own == 0 {
                open.by_address.remove(&from);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The address under which a client is counted.
fn one_client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) if !it.is_loopback() => {
            let [a, b, c, d, ..] = it.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn each_address_and_all_together_are_bounded() {
        let admission = Admission::new(StreamLimits {
            total: 4,
            per_address: 1,
            per_loopback: 2,
        });
        let first = admission.admit(at("2001:db8::1")).unwrap();
        let neighbour = admission.admit(at("2001:db8::2"));
        assert!(matches!(neighbour, Err(Error::TooMany { .. })));
        let _own = [
            admission.admit(at("127.0.0.1")),
            admission.admit(at("::ffff:127.0.0.1")),
        ];
        assert!(matches!(
            admission.admit(at("127.0.0.1")),
            Err(Error::TooMany { .. })
        ));
        let _unknown = admission.admit(None).unwrap();
        let all = admission.admit(at("192.0.2.1"));
        assert!(matches!(all, Err(Error::Unavailable { .. })));
        drop(first);
        let _second = admission.admit(at("2001:db8::2")).unwrap();
        assert!(admission.admit(at("2001:db8::1")).is_err());
    }

    #[test]
    fn who_may_have_many_is_bounded_with_all_alone() {
        let admission = Admission::new(StreamLimits {
            total: 3,
            per_address: 1,
            per_loopback: 1,
        });
        let gateway = [at("192.0.2.1").unwrap()];
        let ask = |peer: &str, tells: Option<&str>| {
            let mut extensions = Extensions::new();
            extensions.insert(rate::Peer(format!("{peer}:1").parse().unwrap()));
            let lines = tells.map(|it| ("x-forwarded-for".parse().unwrap(), it.parse().unwrap()));
            admission.admit_from(&gateway, &extensions, &lines.into_iter().collect())
        };
        let two = [ask("192.0.2.1", None).unwrap(), ask("192.0.2.1", None).unwrap()];
        let one = ask("192.0.2.1", Some("198.51.100.7")).unwrap();
        assert!(matches!(ask("192.0.2.1", None), Err(Error::Unavailable { .. })));
        drop(two);
        assert!(matches!(ask("198.51.100.7", None), Err(Error::TooMany { .. })));
        drop(one);
        let _again = ask("198.51.100.7", None).unwrap();
        assert_eq!(admission.open(), 1);
    }

    #[test]
    fn nothing_is_kept_of_those_who_left_or_were_refused() {
        let admission = Admission::new(StreamLimits {
            per_address: 0,
            ..StreamLimits::default()
        });
        for last in 0..100 {
            assert!(admission.admit(at(&format!("192.0.2.{last}"))).is_err());
        }
        drop(admission.admit(at("127.0.0.1")).unwrap());
        assert!(lock(&admission.open).by_address.is_empty());
    }
}
