//! Programs that tell of changes over the perspective broker.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use weir_config::PbChangeSource;
use weir_status_api::{Caller, ChangeParams, Command, Control as _};
use weir_status_db::Store;

use crate::workers::{Admission, Teller, Tellers, Told};

/// How many changes may wait to be recorded; whoever tells of more waits.
const WAITING: usize = 16;

/// Records what is told.
pub(crate) struct PbChangeSourceTask {
    source: PbChangeSource,
    store: Store,
    changes: mpsc::Receiver<Told>,
    /// Programs may log in as long as it is there.
    _admission: Admission,
}

impl PbChangeSourceTask {
    /// Lets programs log in and tell of changes from now on.
    pub(crate) fn new(source: PbChangeSource, store: Store, tellers: &Tellers) -> Self {
        let (to, changes) = mpsc::channel(WAITING);
        let admission = tellers.admit(Teller {
            user: source.user.clone(),
            password: source.password.expose().to_owned(),
            to,
        });
        Self {
            source,
            store,
            changes,
            _admission: admission,
        }
    }

    /// Records what they tell, until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let told = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                told = self.changes.recv() => told,
            };
            let Some(Told { change, answer }) = told else {
                return;
            };
            let recorded = self.record(change).await;
            if let Err(why) = &recorded {
                tracing::warn!(source = self.source.name, "a change is not recorded: {why}");
            }
            // Whoever told of it may be gone.
            let _ = answer.send(recorded);
        }
    }

    async fn record(&self, mut change: ChangeParams) -> Result<(), String> {
        if let Some(prefix) = &self.source.prefix {
            let below = change
                .files
                .iter()
                .filter_map(|it| it.strip_prefix(prefix.as_str()));
            change.files = below.map(str::to_owned).collect();
        }
        let caller = Caller::named(format!("change source {}", self.source.name));
        let command = Command::AddChange { change };
        match self.store.control(&caller, command).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}
