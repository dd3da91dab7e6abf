//! StatsD is told of builds and of the waiting for them.

mod server;

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use weir_listeners::{Outlet, StatsD, StatsDOptions};
use weir_status_api::{BuildRequest, Listener as _, ListenerError, Results, Verb};
use weir_testbed::eventually;

use server::{Kept, Server};

use super::world::{World, at, build, builder, ended, printing, request};

const SOON: Duration = Duration::from_secs(10);

fn statsd(options: StatsDOptions, outlet: &Outlet) -> StatsD {
    StatsD::new("stats".to_owned(), options, outlet).unwrap()
}

/// What is sent to it over UDP of the end of a build and of a request that was taken.
async fn sent(change: impl FnOnce(&mut StatsDOptions)) -> [String; 2] {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut options = StatsDOptions {
        address: socket.local_addr().unwrap().to_string(),
        ..StatsDOptions::default()
    };
    change(&mut options);
    let statsd = statsd(options, &Outlet::open());
    let world = World::new();
    world.put(builder(1, "tests/linux: a.b|c"));
    let claimed = BuildRequest {
        claimed_at: Some(at(3)),
        ..request(1)
    };
    let mut packets = vec![];
    for event in [
        world.tell(Verb::Finished, ended(build(1), Results::Failure)),
        world.tell(Verb::Claimed, claimed),
    ] {
        statsd.on_event(&event, world.as_ref()).await.unwrap();
        let mut packet = [0; 1500];
        let count = tokio::time::timeout(SOON, socket.recv(&mut packet))
            .await
            .expect("nothing came")
            .unwrap();
        packets.push(String::from_utf8(packet[..count].to_vec()).unwrap());
    }
    packets.try_into().unwrap()
}

#[tokio::test]
async fn builders_and_results_are_parts_of_the_names() {
    assert_eq!(
        sent(|_| {}).await,
        [
            "weir.builds.tests_linux__a_b_c.failure:1|c\nweir.build_duration.tests_linux__a_b_c.failure:60000|ms",
            "weir.request_wait.tests_linux__a_b_c:3000|ms",
        ]
    );
}

#[tokio::test]
async fn or_they_are_tags() {
    let tagged = |options: &mut StatsDOptions| {
        options.tags = true;
        options.prefix = "ci.weir".to_owned();
    };
    assert_eq!(
        sent(tagged).await,
        [
            "ci.weir.builds:1|c|#builder:tests/linux__a.b_c,worker:w1,results:failure\n\
             ci.weir.build_duration:60000|ms|#builder:tests/linux__a.b_c,worker:w1,results:failure",
            "ci.weir.request_wait:3000|ms|#builder:tests/linux__a.b_c",
        ]
    );
}

#[tokio::test]
async fn over_tcp_a_connection_is_kept_and_made_anew_when_it_is_lost() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = StatsDOptions {
        address: socket.local_addr().unwrap().to_string(),
        tcp: true,
        ..StatsDOptions::default()
    };
    let statsd = statsd(options, &Outlet::open());
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let (count, timer) = (
        "weir.builds.tests.success:1|c",
        "weir.build_duration.tests.success:60000|ms",
    );
    for _ in 0..2 {
        // Over a connection that is lost, and not known to be, a delivery may be lost as well.
        let connection = eventually("a connection is made", SOON, async || {
            statsd.on_event(&event, world.as_ref()).await.unwrap();
            tokio::time::timeout(Duration::from_millis(50), socket.accept())
                .await
                .ok()
        })
        .await;
        let (connection, _) = connection.unwrap();
        let mut lines = BufReader::new(connection).lines();
        // Two deliveries on one connection.
        statsd.on_event(&event, world.as_ref()).await.unwrap();
        for line in [count, timer, count, timer] {
            let read = tokio::time::timeout(SOON, lines.next_line()).await;
            assert_eq!(read.unwrap().unwrap().as_deref(), Some(line));
        }
    }
    drop(socket);
    eventually("nobody takes them", SOON, async || {
        match statsd.on_event(&event, world.as_ref()).await {
            Ok(()) => false,
            Err(ListenerError::Later(why)) => why.contains("takes no metrics"),
            Err(other) => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn its_own_server_counts_and_times() {
    let Some(server) = Server::start().await else {
        return;
    };
    let world = World::new();
    world.put(builder(1, "tests/linux: größe|c"));
    let build = world.tell(Verb::Finished, ended(build(1), Results::Failure));
    let claimed = BuildRequest {
        claimed_at: Some(at(3)),
        ..request(1)
    };
    let request = world.tell(Verb::Claimed, claimed);
    for (tcp, tags) in [(false, false), (true, false), (false, true)] {
        let options = StatsDOptions {
            address: server.address.to_string(),
            tcp,
            tags,
            ..StatsDOptions::default()
        };
        let statsd = statsd(options, &Outlet::open());
        for event in [&build, &request] {
            statsd.on_event(event, world.as_ref()).await.unwrap();
        }
    }
    // The server has tags as a part of the name, in which it leaves out letters that it does not know.
    let counters = [
        ("weir.builds.tests_linux__gr__e_c.failure", vec![2.0]),
        (
            "weir.builds;builder=tests-linux__gre_c;worker=w1;results=failure",
            vec![1.0],
        ),
        ("statsd.bad_lines_seen", vec![0.0]),
        ("statsd.metrics_received", vec![9.0]),
    ];
    let timers = [
        (
            "weir.build_duration.tests_linux__gr__e_c.failure",
            vec![60_000.0; 2],
        ),
        ("weir.request_wait.tests_linux__gr__e_c", vec![3_000.0; 2]),
        (
            "weir.build_duration;builder=tests-linux__gre_c;worker=w1;results=failure",
            vec![60_000.0],
        ),
        ("weir.request_wait;builder=tests-linux__gre_c", vec![3_000.0]),
    ];
    let kept = |all: &[(&str, Vec<f64>)]| -> Kept {
        all.iter()
            .map(|(name, numbers)| ((*name).to_owned(), numbers.clone()))
            .collect()
    };
    eventually("all has come", SOON, async || {
        server.kept("counters").await["statsd.metrics_received"] == [9.0]
    })
    .await;
    let mut counted = server.kept("counters").await;
    // By TCP they are what the system makes of them.
    counted.remove("statsd.packets_received");
    assert_eq!(counted, kept(&counters));
    assert_eq!(server.kept("timers").await, kept(&timers));
}

#[tokio::test]
async fn a_dry_run_prints_the_metrics() {
    let (outlet, printed) = printing();
    let statsd = statsd(StatsDOptions::default(), &outlet);
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    statsd.on_event(&event, world.as_ref()).await.unwrap();
    let printed = printed.lock().unwrap();
    assert_eq!(
        printed[0],
        "weir.builds.tests.success:1|c\nweir.build_duration.tests.success:60000|ms"
    );
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut StatsDOptions)| {
        let mut options = StatsDOptions::default();
        change(&mut options);
        StatsD::new("stats".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.address = "localhost".to_owned()), "address");
    assert_eq!(wrong(|it| it.address = ":8125".to_owned()), "address");
    assert_eq!(wrong(|it| it.address = "localhost:0".to_owned()), "address");
    assert_eq!(wrong(|it| it.prefix = "a b".to_owned()), "prefix");
    assert_eq!(wrong(|it| it.prefix = String::new()), "prefix");
    assert_eq!(wrong(|it| it.timeout = 1e9), "timeout");
}
