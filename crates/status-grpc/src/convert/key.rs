//! Keys.

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, take};
use crate::v1;

choice! { BuilderKey = BuilderKey.by: builder_key::By { Id, Name, } }
choice! { WorkerKey = WorkerKey.by: worker_key::By { Id, Name, } }
choice! { SchedulerKey = SchedulerKey.by: scheduler_key::By { Id, Name, } }
choice! {
    BuildKey = BuildKey.by: build_key::By {
        Id,
        ;
        Number { 0: builder, 1: number } = build_key::Number,
    }
}
choice! {
    StepKey = StepKey.by: step_key::By {
        Id,
        ;
        Number { 0: build, 1: number } = step_key::Number,
        Name { 0: build, 1: name } = step_key::Name,
    }
}
choice! {
    LogKey = LogKey.by: log_key::By {
        Id,
        ;
        Slug { 0: step, 1: slug } = log_key::Slug,
    }
}
choice! { ListenerKey = ListenerKey.by: listener_key::By { Id, Name, } }
choice! { ProjectKey = ProjectKey.by: project_key::By { Id, Slug, } }
choice! {
    CodebaseKey = CodebaseKey.by: codebase_key::By {
        Id,
        ;
        Slug { 0: project, 1: slug } = codebase_key::Slug,
    }
}
choice! {
    CommitKey = CommitKey.by: commit_key::By {
        Id,
        ;
        Revision { 0: codebase, 1: revision } = commit_key::Revision,
    }
}
choice! {
    Key = Key.key: key::Key {
        Master, Builder, Build, BuildRequest, Buildset, SourceStamp, Change, Step, Log, Worker, Scheduler,
        ForceScheduler, ChangeSource, Project, Codebase, Branch, Commit, TestResultSet, TestResult,
        Listener, DeadLetter,
        ;
        BuildData { 0: build, 1: name } = key::BuildData,
    }
}
choice! { PropertiesOf = PropertiesOf.of: properties_of::Of { Build, Buildset, } }
