//! What queries mean, computed over rows in memory. An implementation that holds its rows in memory may use it.

use std::cmp::Ordering;

use crate::{
    Branch, BranchField, Build, BuildData, BuildDataField, BuildField, BuildRequest, BuildRequestField,
    Builder, BuilderField, Buildset, BuildsetField, Change, ChangeField, ChangeSource, ChangeSourceField,
    Codebase, CodebaseField, Commit, CommitField, DeadLetter, DeadLetterField, Field, Filter, ForceScheduler,
    ForceSchedulerField, ListenerField, ListenerStatus, Log, LogField, Master, MasterField, Op, Order,
    Project, ProjectField, Resource, Results, Scheduler, SchedulerField, SourceStamp, SourceStampField, Step,
    StepField, TestResult, TestResultField, TestResultSet, TestResultSetField, Timestamp, Value, Worker,
    WorkerField,
};

/// What a row holds in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Missing,
    /// A value.
    One(Value),
    /// Several texts.
    Many(Vec<String>),
    /// A relation to other rows, which the row itself does not hold.
    Relation,
}

impl<T: Into<Value>> From<T> for Held {
    fn from(value: T) -> Self {
        Self::One(value.into())
    }
}

/// A resource whose fields can be looked at.
pub trait Row: Resource + PartialEq + std::fmt::Debug {
    /// What it holds in `field`.
    fn held(&self, field: Self::Field) -> Held;
    /// Its id and, where that is its key, its name: what settles every order.
    fn identity(&self) -> (i64, String);
}

/// Whether `held` fits the operator and values of a filter.
pub fn fits<F: Field>(held: &Held, filter: &Filter<F>) -> bool {
    match held {
        Held::Missing | Held::Relation => false,
        Held::Many(texts) => texts
            .iter()
            .any(|text| filter.values.contains(&Value::from(text.as_str()))),
        Held::One(value) => {
            let order = || filter.values.first().map(|other| compare(value, other));
            match filter.op {
                Op::Eq => filter.values.contains(value),
                Op::Ne => !filter.values.contains(value),
                Op::Lt => order() == Some(Ordering::Less),
                Op::Le => matches!(order(), Some(Ordering::Less | Ordering::Equal)),
                Op::Gt => order() == Some(Ordering::Greater),
                Op::Ge => matches!(order(), Some(Ordering::Greater | Ordering::Equal)),
                Op::Contains => filter.values.iter().any(|part| is_part(part, value)),
            }
        }
    }
}

/// How two rows stand in an order, which the id (for force schedulers the name, for build data build and
/// name) settles.
pub fn compares<R: Row>(one: &R, two: &R, order: &[Order<R::Field>]) -> Ordering {
    let turn = |ordering: Ordering, descending| if descending { ordering.reverse() } else { ordering };
    let by_fields = order.iter().map(|by| {
        let ordering = match (one.held(by.field), two.held(by.field)) {
            (Held::One(one), Held::One(two)) => compare(&one, &two),
            (one, two) => (one != Held::Missing).cmp(&(two != Held::Missing)),
        };
        turn(ordering, by.descending)
    });
    let last = order.last().is_some_and(|by| by.descending);
    by_fields
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| turn(one.identity().cmp(&two.identity()), last))
}

fn compare(one: &Value, two: &Value) -> Ordering {
    match (one, two) {
        (Value::Int(one), Value::Int(two)) => one.cmp(two),
        (Value::Text(one), Value::Text(two)) => one.as_bytes().cmp(two.as_bytes()),
        (Value::Bool(one), Value::Bool(two)) => one.cmp(two),
        (Value::Time(one), Value::Time(two)) => one.cmp(two),
        _ => Ordering::Equal,
    }
}

fn is_part(part: &Value, whole: &Value) -> bool {
    matches!((part, whole), (Value::Text(part), Value::Text(whole)) if whole.contains(part.as_str()))
}

fn maybe<T: Into<Value>>(value: Option<T>) -> Held {
    value.map_or(Held::Missing, Held::from)
}

fn text(value: &Option<String>) -> Held {
    maybe(value.as_deref())
}

fn code(results: Option<Results>) -> Held {
    maybe(results.map(|results| i64::from(results.code())))
}

fn is_set(at: Option<Timestamp>) -> Held {
    at.is_some().into()
}

macro_rules! rows {
    ($($resource:ident, $field:ident, $it:ident: $id:expr; { $($name:ident => $held:expr,)+ })+) => {$(
        impl Row for $resource {
            fn held(&self, field: $field) -> Held {
                let $it = self;
                match field { $($field::$name => $held,)+ }
            }
            fn identity(&self) -> (i64, String) {
                let $it = self;
                $id
            }
        }
    )+};
}

rows! {
    Master, MasterField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Active => it.active.into(),
        LastActive => it.last_active.into(),
    }
    Builder, BuilderField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Description => text(&it.description),
        Project => maybe(it.project),
        Tags => Held::Many(it.tags.clone()),
        Master => Held::Relation,
        Worker => Held::Relation,
    }
    Build, BuildField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Number => it.number.into(),
        Builder => it.builder.into(),
        Request => it.request.into(),
        Worker => it.worker.into(),
        Master => it.master.into(),
        StartedAt => it.started_at.into(),
        Complete => is_set(it.complete_at),
        CompleteAt => maybe(it.complete_at),
        LocksDuration => it.locks_duration_s.into(),
        Results => code(it.results),
        State => it.state.as_str().into(),
        Change => Held::Relation,
        TriggeredBy => Held::Relation,
    }
    BuildRequest, BuildRequestField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Buildset => it.buildset.into(),
        Builder => it.builder.into(),
        Priority => i64::from(it.priority).into(),
        Claimed => is_set(it.claimed_at),
        ClaimedAt => maybe(it.claimed_at),
        ClaimedBy => maybe(it.claimed_by),
        Complete => is_set(it.complete_at),
        CompleteAt => maybe(it.complete_at),
        Results => code(it.results),
        SubmittedAt => it.submitted_at.into(),
        WaitedFor => it.waited_for.into(),
    }
    Buildset, BuildsetField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        ExternalId => text(&it.external_id),
        Reason => it.reason.as_str().into(),
        RebuiltBuild => maybe(it.rebuilt_build),
        SubmittedAt => it.submitted_at.into(),
        Complete => is_set(it.complete_at),
        CompleteAt => maybe(it.complete_at),
        Results => code(it.results),
        ParentBuild => maybe(it.parent_build),
    }
    SourceStamp, SourceStampField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Revision => text(&it.revision),
        Branch => text(&it.branch),
        Repository => it.repository.as_str().into(),
        Project => it.project.as_str().into(),
        Codebase => it.codebase.as_str().into(),
        CreatedAt => it.created_at.into(),
        Buildset => Held::Relation,
    }
    Change, ChangeField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Author => it.author.as_str().into(),
        Committer => text(&it.committer),
        Comments => it.comments.as_str().into(),
        Revision => text(&it.revision),
        Branch => text(&it.branch),
        Category => text(&it.category),
        Repository => it.repository.as_str().into(),
        Project => it.project.as_str().into(),
        Codebase => it.codebase.as_str().into(),
        When => it.when.into(),
        SourceStamp => it.source_stamp.id.into(),
        Build => Held::Relation,
    }
    Step, StepField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Number => it.number.into(),
        Name => it.name.as_str().into(),
        Build => it.build.into(),
        StartedAt => maybe(it.started_at),
        Complete => is_set(it.complete_at),
        CompleteAt => maybe(it.complete_at),
        Results => code(it.results),
        State => it.state.as_str().into(),
        Hidden => it.hidden.into(),
    }
    Log, LogField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Slug => it.slug.as_str().into(),
        Step => it.step.into(),
        Complete => it.complete.into(),
        NumLines => it.num_lines.into(),
        Kind => it.kind.letter().into(),
    }
    Worker, WorkerField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Paused => it.paused.into(),
        Graceful => it.graceful.into(),
        Builder => Held::Relation,
        Master => Held::Relation,
    }
    Scheduler, SchedulerField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Enabled => it.enabled.into(),
        Master => maybe(it.master),
    }
    ForceScheduler, ForceSchedulerField, it: (0, it.name.clone()); {
        Name => it.name.as_str().into(),
        Label => it.label.as_str().into(),
        Enabled => it.enabled.into(),
        Builders => Held::Many(it.builder_names.clone()),
    }
    ChangeSource, ChangeSourceField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Master => maybe(it.master),
    }
    Project, ProjectField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Slug => it.slug.as_str().into(),
        Description => text(&it.description),
        Active => it.active.into(),
    }
    Codebase, CodebaseField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Project => it.project.into(),
        Name => it.name.as_str().into(),
        Slug => it.slug.as_str().into(),
    }
    Branch, BranchField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Codebase => it.codebase.into(),
        Name => it.name.as_str().into(),
        Commit => maybe(it.commit),
        LastMovedAt => it.last_moved_at.into(),
    }
    Commit, CommitField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Codebase => it.codebase.into(),
        Author => it.author.as_str().into(),
        Committer => text(&it.committer),
        Comments => it.comments.as_str().into(),
        When => it.when.into(),
        Revision => it.revision.as_str().into(),
        Parent => maybe(it.parent),
    }
    BuildData, BuildDataField, it: (it.build.0, it.name.clone()); {
        Build => it.build.into(),
        Name => it.name.as_str().into(),
        Length => it.length.into(),
        Source => it.source.as_str().into(),
    }
    TestResultSet, TestResultSetField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Builder => it.builder.into(),
        Build => it.build.into(),
        Step => it.step.into(),
        Description => text(&it.description),
        Category => it.category.as_str().into(),
        ValueUnit => it.value_unit.as_str().into(),
        TestsPassed => maybe(it.tests_passed),
        TestsFailed => maybe(it.tests_failed),
        Complete => it.complete.into(),
        Commit => Held::Relation,
    }
    ListenerStatus, ListenerField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Name => it.name.as_str().into(),
        Kind => it.kind.as_str().into(),
        Waiting => it.waiting.into(),
        DeadLetters => it.dead_letters.into(),
    }
    DeadLetter, DeadLetterField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Listener => it.listener.into(),
        Event => it.event.cursor.0.into(),
        Why => it.why.as_str().into(),
        ParkedAt => it.parked_at.into(),
        Again => it.again.into(),
    }
    TestResult, TestResultField, it: (it.id.0, String::new()); {
        Id => it.id.into(),
        Builder => it.builder.into(),
        Set => it.set.into(),
        TestName => text(&it.test_name),
        TestCodePath => text(&it.test_code_path),
        Line => maybe(it.line),
        DurationNs => maybe(it.duration_ns),
        Value => it.value.as_str().into(),
    }
}
