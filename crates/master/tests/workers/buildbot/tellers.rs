//! Programs that tell of changes where workers log in.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;
use weir_buildbot_wire::pb::{Broker, Event, PeerObject};
use weir_buildbot_wire::{Failure, Value};
use weir_master::workers::{Admission, Teller, Told, WorkerManager};
use weir_status_api::{ChangeParams, Timestamp};

use super::super::house::PATIENCE;
use super::super::puppet::Puppet;
use super::house;

/// Who may tell, and what was told.
fn admit(manager: &WorkerManager) -> (Admission, mpsc::Receiver<Told>) {
    let (to, told) = mpsc::channel(4);
    let admission = manager.tellers().admit(Teller {
        user: "change".to_owned(),
        password: "river".to_owned(),
        to,
    });
    (admission, told)
}

/// A program, as `buildbot sendchange` is one.
struct Program {
    broker: Broker,
    stream: DuplexStream,
    avatar: Option<PeerObject>,
}

impl Program {
    fn new(manager: &WorkerManager, user: &str, password: &str) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let buildbot = manager.buildbot();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        tokio::spawn(async move { buildbot.serve_pb(theirs, peer).await });
        Self {
            broker: Broker::client(user, password),
            stream: ours,
            avatar: None,
        }
    }

    /// The next event that is of interest.
    async fn next(&mut self) -> Event {
        let next = async {
            loop {
                if let Some(event) = self.broker.poll().unwrap() {
                    match event {
                        Event::Ready => continue,
                        event => return event,
                    }
                }
                self.stream.write_all(&self.broker.transmit()).await.unwrap();
                let mut bytes = vec![0; 4096];
                let read = self.stream.read(&mut bytes).await.unwrap();
                assert_ne!(read, 0, "the connection is closed");
                self.broker.receive(&bytes[..read]);
            }
        };
        timeout(PATIENCE, next).await.expect("nothing comes")
    }

    /// Logs in; why not, if it is refused.
    async fn log_in(&mut self) -> Result<(), Failure> {
        match self.next().await {
            Event::LoggedIn(avatar) => {
                self.avatar = avatar;
                Ok(())
            }
            Event::Refused(failure) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    /// Says it, and gives the answer.
    async fn say(&mut self, method: &str, argument: Value) -> Result<Value, String> {
        let avatar = self.avatar.expect("it is logged in");
        self.broker.call(avatar, method, vec![argument], vec![]).unwrap();
        match self.next().await {
            Event::Answer(_, value) => Ok(value),
            Event::Failed(_, failure) => Err(failure.message().into_owned()),
            other => panic!("{other:?}"),
        }
    }
}

fn change(more: Vec<(&str, Value)>) -> Value {
    let usual = vec![
        ("who", "Ada".into()),
        ("files", Value::List(vec!["a.c".into()])),
        ("branch", Value::None),
        ("category", "".into()),
        ("properties", Value::map([("depth", Value::Int(7))])),
        ("when", Value::Float(1.5)),
    ];
    Value::map(usual.into_iter().chain(more))
}

#[tokio::test]
async fn a_change_is_told_and_answered_once_it_is_recorded() {
    let house = house().await;
    let (_admission, mut told) = admit(&house.manager);
    let mut program = Program::new(&house.manager, "change", "river");
    program.log_in().await.unwrap();
    let record = async {
        let Told { change, answer } = told.recv().await.unwrap();
        answer.send(Ok(())).unwrap();
        change
    };
    let (answer, recorded) = tokio::join!(program.say("addChange", change(vec![])), record);
    assert_eq!(answer, Ok(Value::None));
    let expected = ChangeParams {
        author: "Ada".to_owned(),
        files: vec!["a.c".to_owned()],
        properties: [("depth".to_owned(), 7.into())].into(),
        when: Some(Timestamp(1_500_000)),
        ..ChangeParams::default()
    };
    assert_eq!(recorded, expected);
}

#[tokio::test]
async fn what_is_not_recorded_is_told_why_and_the_next_one_is() {
    let house = house().await;
    let (admission, mut told) = admit(&house.manager);
    let mut program = Program::new(&house.manager, "change", "river");
    program.log_in().await.unwrap();
    let odd = program
        .say("addChange", change(vec![("colour", "red".into())]))
        .await;
    assert_eq!(
        odd,
        Err(
            "no change can be made of `addChange`: `colour` of a change is not part of this protocol"
                .to_owned()
        )
    );
    let endless = change(vec![("when", Value::Float(f64::INFINITY))]);
    assert_eq!(
        program.say("addChange", endless).await,
        Err(
            "no change can be made of `addChange`: a time that is no seconds since 1970 is out of place"
                .to_owned()
        )
    );
    let shut = program.say("shutdown", Value::None).await;
    assert_eq!(
        shut,
        Err("no change can be made of `shutdown`: shutdown is not part of this protocol".to_owned())
    );
    let refuse = async {
        let refused = told.recv().await.unwrap();
        refused
            .answer
            .send(Err("the author is missing".to_owned()))
            .unwrap();
    };
    let (answer, ()) = tokio::join!(program.say("addChange", change(vec![])), refuse);
    assert_eq!(answer, Err("the author is missing".to_owned()));
    drop((admission, told));
    let gone = program.say("addChange", change(vec![])).await;
    let why = "the change is not recorded: the master ends, or is configured anew";
    assert_eq!(gone, Err(why.to_owned()));
}

#[tokio::test]
async fn only_who_knows_the_password_tells_of_changes_and_workers_work_beside() {
    let house = house().await;
    let (admission, _told) = admit(&house.manager);
    let worker = Puppet::let_in(&house.manager).await;
    assert!(worker.is_in);
    // A worker's name and password are no teller's, and a teller's are no worker's.
    for (user, password) in [("change", "token-1"), ("chance", "river")] {
        let refused = Program::new(&house.manager, user, password).log_in().await;
        assert!(refused.unwrap_err().is_a("twisted.cred.error.UnauthorizedLogin"));
    }
    Program::new(&house.manager, "change", "river")
        .log_in()
        .await
        .unwrap();
    drop(admission);
    let late = Program::new(&house.manager, "change", "river").log_in().await;
    assert!(late.is_err(), "it is let in although nobody takes its changes");
}
