//! Lists as tables.

use comfy_table::Cell;
use weir_status_api::{
    Build, BuildRequest, Builder, Change, Cursor, DeadLetter, Key, ListenerStatus, Scheduler, Timestamp,
    Worker,
};

pub(crate) use super::names::Names;
use super::overview::worker_state;
use super::table::{Table, coloured};
use super::{Look, ago, colour, plain, span, state};

/// How many characters of a revision are shown.
const REVISION: usize = 12;

pub(crate) fn builders(rows: &[Builder], _: &Names, _: Timestamp, look: Look) -> String {
    let mut table = Table::new(look, ["id", "builder", "tags", "description"]);
    for row in rows {
        let removed = if row.masters.is_empty() { " (removed)" } else { "" };
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&row.name) + removed),
            Cell::new(plain(&row.tags.join(", "))),
            Cell::new(plain(row.description.as_deref().unwrap_or_default())),
        ]);
    }
    table.to_string()
}

pub(crate) fn builds(rows: &[Build], names: &Names, now: Timestamp, look: Look) -> String {
    let head = ["id", "build", "results", "began", "took", "worker", "state"];
    let mut table = Table::new(look, head);
    for row in rows {
        let results = match row.results {
            Some(results) => coloured(results, colour(results)),
            None => coloured("running", 3),
        };
        let end = row.complete_at.unwrap_or(now);
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&names.of(&Key::Build(row.id.into())))),
            results,
            Cell::new(ago(row.started_at, now)),
            Cell::new(span(end.since(row.started_at))),
            Cell::new(plain(&names.of(&Key::Worker(row.worker.into())))),
            Cell::new(state(row)),
        ]);
    }
    table.to_string()
}

pub(crate) fn workers(rows: &[Worker], _: &Names, _: Timestamp, look: Look) -> String {
    let mut table = Table::new(look, ["id", "worker", "state", "builders", "version", "host"]);
    for row in rows {
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&row.name)),
            worker_state(row),
            Cell::new(row.configured_on.len()),
            Cell::new(plain(row.info.version.as_deref().unwrap_or_default())),
            Cell::new(plain(row.info.host.as_deref().unwrap_or_default())),
        ]);
    }
    table.to_string()
}

pub(crate) fn requests(rows: &[BuildRequest], names: &Names, now: Timestamp, look: Look) -> String {
    let mut table = Table::new(look, ["id", "builder", "state", "priority", "made", "buildset"]);
    for row in rows {
        let state = match (row.results, row.claimed_at) {
            (Some(results), _) => coloured(results, colour(results)),
            (None, Some(_)) => coloured("building", 3),
            (None, None) => match &row.waiting_for {
                Some(what) => Cell::new(format!("waiting for {}", plain(what))),
                None => Cell::new("waiting"),
            },
        };
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&names.of(&Key::Builder(row.builder.into())))),
            state,
            Cell::new(row.priority),
            Cell::new(ago(row.submitted_at, now)),
            Cell::new(row.buildset),
        ]);
    }
    table.to_string()
}

pub(crate) fn changes(rows: &[Change], _: &Names, now: Timestamp, look: Look) -> String {
    let mut table = Table::new(look, ["id", "branch", "revision", "made", "author", "comments"]);
    for row in rows {
        let revision: String = row
            .revision
            .iter()
            .flat_map(|it| it.chars())
            .take(REVISION)
            .collect();
        table.row([
            Cell::new(row.id),
            Cell::new(plain(row.branch.as_deref().unwrap_or_default())),
            Cell::new(plain(&revision)),
            Cell::new(ago(row.when, now)),
            Cell::new(plain(&row.author)),
            Cell::new(plain(row.comments.lines().next().unwrap_or_default())),
        ]);
    }
    table.to_string()
}

pub(crate) fn schedulers(rows: &[Scheduler], _: &Names, _: Timestamp, look: Look) -> String {
    let mut table = Table::new(look, ["id", "scheduler", "state"]);
    for row in rows {
        let state = match (row.master, row.enabled) {
            (None, _) => Cell::new("removed"),
            (Some(_), true) => coloured("enabled", 2),
            (Some(_), false) => coloured("disabled", 3),
        };
        table.row([Cell::new(row.id), Cell::new(plain(&row.name)), state]);
    }
    table.to_string()
}

/// `newest` is the last event: what is between a listener's place and it waits for the listener.
pub(crate) fn listeners(rows: &[ListenerStatus], newest: Cursor, now: Timestamp, look: Look) -> String {
    let head = [
        "id",
        "listener",
        "kind",
        "state",
        "runs on",
        "behind",
        "dead letters",
    ];
    let mut table = Table::new(look, head);
    for row in rows {
        let runs = row.held_by.is_some() && row.held_until.is_some_and(|until| until >= now);
        let state = match (&row.waiting_reason, row.held_until) {
            (Some(why), _) if runs => coloured(format!("waiting: {}", plain(why)), 3),
            (None, _) if runs => coloured("well", 2),
            (_, Some(since)) => coloured(format!("ran until {}", ago(since, now)), 1),
            (_, None) => coloured("does not run", 1),
        };
        let behind = row.place.map(|place| (newest.0 - place.0).max(0).to_string());
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&row.name)),
            Cell::new(plain(&row.kind)),
            state,
            Cell::new(plain(row.held_by.as_deref().unwrap_or_default())),
            Cell::new(behind.unwrap_or_default()),
            Cell::new(row.dead_letters),
        ]);
    }
    table.to_string()
}

pub(crate) fn dead_letters(rows: &[DeadLetter], names: &Names, now: Timestamp, look: Look) -> String {
    let head = ["id", "listener", "event", "topic", "tried", "state", "why"];
    let mut table = Table::new(look, head);
    for row in rows {
        let topic = row.event.topics().first().map(ToString::to_string);
        let state = match row.again {
            true => coloured("again", 3),
            false => Cell::new("kept"),
        };
        table.row([
            Cell::new(row.id),
            Cell::new(plain(&names.of(&Key::Listener(row.listener.into())))),
            Cell::new(row.event.cursor),
            Cell::new(plain(&topic.unwrap_or_default())),
            Cell::new(ago(row.parked_at, now)),
            state,
            Cell::new(plain(&row.why)),
        ]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use weir_status_api::{
        ChangeId, DeadLetterId, Entity, Event, ListenerId, MasterId, Results, SchedulerId, SourceStamp,
        SourceStampId, Verb,
    };

    use super::super::fixtures::{NOW, ago as before, build, builder, request, worker};
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.put(&Entity::Builder(builder(1, "linux")));
        names.put(&Entity::Worker(worker(1, "w1")));
        names
    }

    #[test]
    fn lists_are_tables() {
        let look = Look::default();
        let mut names = names();
        let ran = [build(1, 17, Some(Results::Failure)), build(1, 18, None)];
        for build in &ran {
            names.put(&Entity::Build(build.clone()));
        }
        let mut removed = builder(2, "old");
        removed.masters.clear();
        removed.tags = vec!["nightly".to_owned(), "arm".to_owned()];
        removed.description = Some("was\nonce".to_owned());
        let mut claimed = request(2, 1);
        claimed.claimed_at = Some(NOW);
        let mut locked = request(4, 1);
        locked.waiting_for = Some("lock db, held by linux/18".to_owned());
        let mut ended = request(3, 1);
        ended.results = Some(Results::Cancelled);
        let scheduler = |id, name: &str, enabled, master: Option<i64>| Scheduler {
            id: SchedulerId(id),
            name: name.to_owned(),
            enabled,
            master: master.map(MasterId),
        };
        let stamp = SourceStamp {
            id: SourceStampId(1),
            revision: None,
            branch: None,
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            created_at: NOW,
            patch: None,
        };
        let change = Change {
            id: ChangeId(7),
            parents: vec![],
            author: "Ada <ada@weir.example>".to_owned(),
            committer: None,
            files: vec![],
            comments: "Raise the weir\n\nby an inch".to_owned(),
            revision: Some("0123456789abcdef0123".to_owned()),
            branch: Some("main".to_owned()),
            category: None,
            revlink: None,
            properties: Default::default(),
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            source_stamp: stamp,
            when: before(3600),
        };
        let listener = |id, name: &str, held: Option<i64>, waiting: Option<&str>, place| ListenerStatus {
            id: ListenerId(id),
            name: name.to_owned(),
            kind: "mail".to_owned(),
            held_by: held.map(|_| "master m1".to_owned()),
            held_until: held.map(before),
            waiting: waiting.is_some(),
            waiting_reason: waiting.map(str::to_owned),
            waiting_since: None,
            place,
            dead_letters: id - 1,
        };
        let letter = |id, again| DeadLetter {
            id: DeadLetterId(id),
            listener: ListenerId(2),
            event: Box::new(Event {
                cursor: Cursor(40 + id),
                at: before(100),
                verb: Verb::Finished,
                entity: ran[0].clone().into(),
            }),
            why: "404 Not\nFound".to_owned(),
            parked_at: before(90),
            again,
        };
        names.put(&Entity::Listener(listener(2, "hook", None, None, None)));
        let tables = [
            builders(&[builder(1, "linux"), removed], &names, NOW, look),
            builds(&ran, &names, NOW, look),
            workers(&[worker(1, "w1")], &names, NOW, look),
            requests(&[request(1, 1), claimed, ended, locked], &names, NOW, look),
            changes(&[change], &names, NOW, look),
            schedulers(
                &[
                    scheduler(1, "all", true, Some(1)),
                    scheduler(2, "nightly", false, Some(1)),
                    scheduler(3, "gone", true, None),
                ],
                &names,
                NOW,
                look,
            ),
            listeners(
                &[
                    listener(1, "mail", Some(-20), None, Some(Cursor(98))),
                    listener(2, "hook", Some(-20), Some("no answer"), Some(Cursor(17))),
                    listener(3, "lost", Some(90), None, Some(Cursor(17))),
                    listener(4, "new", None, None, None),
                ],
                Cursor(98),
                NOW,
                look,
            ),
            dead_letters(&[letter(1, false), letter(2, true)], &names, NOW, look),
        ];
        assert_snapshot!("lists", tables.join("\n\n"));
    }
}
