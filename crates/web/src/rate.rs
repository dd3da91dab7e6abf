//! How often one address may ask.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Extensions, HeaderMap, HeaderName, Request};
use tokio::time::Instant;

use crate::load::Class;
use crate::options::{Options, Rate};

/// How many addresses are told apart. Beyond that, new ones share what is allowed to one.
const ADDRESSES: usize = 16_384;
/// How often a full table is looked through.
const LOOK: Duration = Duration::from_secs(1);
/// What proxies write down: each adds the address that asked it at the end.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address from which a request came, as the server that took the connection puts it into the request's
/// extensions. Requests without it are not limited by address.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Who is counted as one: an IPv4 address, or a network of IPv6 addresses as one subscriber has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    V4(u32),
    V6(u64),
    /// All that find no place of their own.
    Others,
}

impl Place {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(it) => Self::V4(it.to_bits()),
            IpAddr::V6(it) => Self::V6(network(it)),
        }
    }
}

/// The first 64 bits.
fn network(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or(u64::MAX)
}

/// The address that a request counts for, if it is known.
pub(crate) fn client_of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let Peer(peer) = extensions.get()?;
    Some(client(peer.ip(), headers, trusted))
}

/// Whether the address is one of these, however it is written.
pub(crate) fn is_among(address: IpAddr, these: &[IpAddr]) -> bool {
    these.iter().any(|it| it.to_canonical() == address.to_canonical())
}

/// The address that is counted: the peer's, or what a proxy that is trusted says of it.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut client = peer;
    let mut lines: Vec<&str> = headers
        .get_all(FORWARDED)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    lines.reverse();
    // From the nearest on: what stands before an address that is not trusted, anybody can have written.
    for text in lines.iter().flat_map(|line| line.rsplit(',')) {
        if !is_among(client, trusted) {
            break;
        }
        match text.trim().parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
    }
    client
}

/// How often addresses may ask, by who asks.
pub(crate) struct Limits {
    anonymous: Limiter,
    known: Limiter,
    refused: AtomicU64,
    loopback: bool,
    trusted: Vec<IpAddr>,
}

impl Limits {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            anonymous: Limiter::new(options.anonymous_rate),
            known: Limiter::new(options.known_rate),
            refused: AtomicU64::new(0),
            loopback: options.limit_loopback,
            trusted: options.trusted_proxies.clone(),
        }
    }

    /// How many requests were too many.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Takes a request into account; gives how long its address has to wait if that is too many.
    pub(crate) fn take<B>(&self, request: &Request<B>) -> Result<(), Duration> {
        let Some(client) = client_of(request.extensions(), request.headers(), &self.trusted) else {
            return Ok(());
        };
        if client.to_canonical().is_loopback() && !self.loopback {
            return Ok(());
        }
        let taken = match Class::of(request.headers()) {
            Class::Anonymous => self.anonymous.take(client, Instant::now()),
            Class::Known => self.known.take(client, Instant::now()),
        };
        if taken.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}

/// Counts requests by address.
struct Limiter {
    rate: Rate,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    buckets: HashMap<Place, Bucket>,
    /// When it was last looked through for what can go.
    looked: Option<Instant>,
}

/// Fills up with time; each request takes one.
struct Bucket {
    left: f64,
    at: Instant,
}

impl Limiter {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            table: Mutex::default(),
        }
    }

    /// Takes one request of `address` into account; gives how long it has to wait if that is too many.
    fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(&mut table, Place::of(address), now);
        let full = f64::from(self.rate.burst.max(1));
        let bucket = table
            .buckets
            .entry(place)
            .or_insert(Bucket { left: full, at: now });
        bucket.left = self.level(bucket, now);
        bucket.at = now;
        if bucket.left < 1.0 {
            let missing = (1.0 - bucket.left) / f64::from(self.rate.per_second);
            return Err(Duration::from_secs_f64(missing));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn level(&self, bucket: &Bucket, now: Instant) -> f64 {
        let more = now.duration_since(bucket.at).as_secs_f64() * f64::from(self.rate.per_second);
        (bucket.left + more).min(f64::from(self.rate.burst.max(1)))
    }

    /// Where the address is counted: in a table that is full, those that have been quiet make room.
    fn place(&self, table: &mut Table, place: Place, now: Instant) -> Place {
        let Table { buckets, looked } = table;
        if buckets.len() < ADDRESSES || buckets.contains_key(&place) {
            return place;
        }
        // Once a second at the most: that is what many addresses can cost.
        if looked.is_none_or(|at| now.duration_since(at) >= LOOK) {
            *looked = Some(now);
            let full = f64::from(self.rate.burst.max(1));
            buckets.retain(|_, bucket| self.level(bucket, now) < full);
        }
        match buckets.len() < ADDRESSES {
            true => place,
            false => Place::Others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(Rate {
            per_second: 2,
            burst: 3,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn passed(limiter: &Limiter, address: IpAddr, now: Instant) -> usize {
        (0..10).filter(|_| limiter.take(address, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_and_then_what_time_gives() {
        let (limiter, now) = (limiter(), Instant::now());
        assert_eq!(passed(&limiter, address("192.0.2.1"), now), 3);
        assert_eq!(
            passed(&limiter, address("192.0.2.2"), now),
            3,
            "each address has its own"
        );
        let wait = limiter.take(address("192.0.2.1"), now).unwrap_err();
        assert!(wait <= Duration::from_millis(500), "{wait:?}");
        let now = now + Duration::from_secs(1);
        assert_eq!(passed(&limiter, address("192.0.2.1"), now), 2);
        let now = now + Duration::from_secs(3600);
        assert_eq!(
            passed(&limiter, address("192.0.2.1"), now),
            3,
            "no more than a burst"
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let (limiter, now) = (limiter(), Instant::now());
        assert_eq!(passed(&limiter, address("2001:db8:0:1::1"), now), 3);
        assert_eq!(passed(&limiter, address("2001:db8:0:1:ffff::2"), now), 0);
        assert_eq!(passed(&limiter, address("2001:db8:0:2::1"), now), 3);
        assert_eq!(passed(&limiter, address("192.0.2.9"), now), 3);
        assert_eq!(
            passed(&limiter, address("::ffff:192.0.2.9"), now),
            0,
            "the same written as IPv6"
        );
    }

    #[test]
    fn memory_is_bounded_however_many_addresses_ask() {
        let (limiter, now) = (limiter(), Instant::now());
        for number in 0..ADDRESSES as u32 * 2 {
            let _limited = limiter.take(IpAddr::V4(number.into()), now);
        }
        let held = || limiter.table.lock().unwrap().buckets.len();
        assert!(held() <= ADDRESSES + 1, "{}", held());
        assert_eq!(
            passed(&limiter, address("203.0.113.5"), now),
            0,
            "the others share one place"
        );
        let now = now + Duration::from_secs(10);
        assert_eq!(
            passed(&limiter, address("203.0.113.5"), now),
            3,
            "those that were quiet make room"
        );
        assert!(held() < 10, "{}", held());
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let headers = |lines: &[&str]| {
            let lines = lines.iter().map(|line| (FORWARDED, line.parse().unwrap()));
            lines.collect::<HeaderMap>()
        };
        let proxy = address("10.0.0.1");
        let trusted = [proxy, address("10.0.0.2")];
        for (peer, lines, trusted, expected) in [
            ("192.0.2.1", vec!["198.51.100.7"], &trusted[..], "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7"], &[], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7"], &trusted, "198.51.100.7"),
            (
                "10.0.0.1",
                vec!["127.0.0.1, 198.51.100.7"],
                &trusted,
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                vec!["127.0.0.1", "198.51.100.7, 10.0.0.2"],
                &trusted,
                "198.51.100.7",
            ),
            ("10.0.0.1", vec!["nonsense"], &trusted, "10.0.0.1"),
            ("10.0.0.1", vec![], &trusted, "10.0.0.1"),
        ] {
            let found = client(address(peer), &headers(&lines), trusted);
            assert_eq!(found, address(expected), "{peer} {lines:?}");
        }
    }
}
