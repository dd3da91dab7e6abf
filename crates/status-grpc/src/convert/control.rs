//! Commands, their outcomes, and the records of them.

use weir_status_api as api;

use super::{
    Field, Malformed, Wire, choice, message_field, messages, optional_messages, take, wire_of_message,
};
use crate::v1;

optional_messages! {
    ForceParams {
        builders, reason, priority, branch, revision, repository, project, values, idempotency_key,
    }
}

messages! {
    ChangeParams {
        author, committer, files, comments, revision, branch, category, revlink, properties, repository, project,
        codebase, when,
    }
    ControlRecord { target, action, reason, caller }
    ConfigurationChange { kind, name, difference, fields }
    Reconfigured { changes, unlisted, restart }
    ConfigurationPart { kind, name, fields }
    Configuration { salt, parts }
    Place { after, done }
}

choice! { ControlTarget = ControlTarget.target: control_target::Target { Build, BuildRequest, Worker, Listener, } }

choice! {
    ListenAsk = ListenAsk.ask: listen_ask::Ask {
        ;
        Hold { kind: kind, on: on, seconds: seconds } = listen_ask::Hold,
        Release {} = listen_ask::Release,
        Recall {} = listen_ask::Recall,
        KeepPlace { place: place, rewinds: rewinds } = listen_ask::KeepPlace,
        Note { waiting: waiting } = listen_ask::Note,
        Park { event: event, why: why } = listen_ask::Park,
        Unpark { letter: letter } = listen_ask::Unpark,
        KeepState { state: state } = listen_ask::KeepState,
    }
}

choice! {
    DeadLetterChoice = DeadLetterChoice.choice: dead_letter_choice::Choice {
        One,
        ;
        Of { listener: listener, first: first } = dead_letter_choice::Of,
    }
}

choice! {
    Command = Command.command: command::Command {
        ;
        Force { scheduler: scheduler, params: params } = command::Force,
        StopBuild { build: build, reason: reason } = command::StopBuild,
        Rebuild { build: build } = command::Rebuild,
        CancelRequest { request: request, reason: reason } = command::CancelRequest,
        PauseWorker { worker: worker, reason: reason } = command::PauseWorker,
        UnpauseWorker { worker: worker } = command::UnpauseWorker,
        StopWorker { worker: worker, reason: reason } = command::StopWorker,
        EnableScheduler { scheduler: scheduler, enabled: enabled } = command::EnableScheduler,
        SetPriority { request: request, priority: priority } = command::SetPriority,
        KillWorker { worker: worker, reason: reason } = command::KillWorker,
        AddChange { change: change } = command::AddChange,
        Reconfigure { master: master } = command::Reconfigure,
        DescribeConfiguration { master: master } = command::DescribeConfiguration,
        Listen { listener: listener, holder: holder, ask: ask } = command::Listen,
        DeliverAgain { letters: letters } = command::DeliverAgain,
        DropDeadLetters { letters: letters } = command::DropDeadLetters,
        RewindListener { listener: listener, first: first } = command::RewindListener,
        ForgetListener { listener: listener } = command::ForgetListener,
    }
}

choice! {
    Outcome = Outcome.outcome: outcome::Outcome {
        ;
        Done {} = outcome::Done,
        Buildset { buildset: buildset, requests: requests } = outcome::Buildset,
        Change { change: change } = outcome::Change,
        Reconfigured { report: report } = outcome::Reconfiguration,
        Configuration { configuration: configuration } = outcome::Description,
        HeldByAnother { on: on } = outcome::HeldByAnother,
        Recalled { place: place, rewinds: rewinds, state: state } = outcome::Recalled,
    }
}
