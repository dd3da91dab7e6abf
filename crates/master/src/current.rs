//! The configuration in force.

use std::collections::HashMap;
use std::sync::Arc;

use weir_config::MasterConfig;
use weir_status_api::{BuilderId, MasterId};
use weir_status_db::{Applied, ConfigurationId, SetupIds, Store, Transition};

use crate::error::{Error, Result};
use crate::setup::setup;

/// A configuration, as the store knows it.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) config: Arc<MasterConfig>,
    /// Where the store keeps its text.
    pub(crate) configuration: ConfigurationId,
    /// The store's ids of what it names.
    pub(crate) ids: SetupIds,
    builders: HashMap<BuilderId, String>,
}

impl Current {
    /// Tells the store that `master` is configured with `config` from now on, in one transaction. Texts that nobody
    /// needs any more are forgotten, but for those of `needed`.
    ///
    /// # Errors
    /// If the store does not take it.
    pub(crate) async fn store(
        store: &Store,
        master: MasterId,
        config: Arc<MasterConfig>,
        needed: Vec<ConfigurationId>,
    ) -> Result<Self> {
        let transitions = vec![
            Transition::Configure(master, setup(&config)),
            Transition::KeepConfiguration {
                master,
                text: config.source.text.clone(),
                needed,
            },
        ];
        let (ids, configuration) = match store.apply_all(transitions).await?.as_slice() {
            [Applied::Setup(ids), Applied::Configuration(id)] => (ids.clone(), *id),
            other => return Err(Error::Answer(format!("{other:?}"))),
        };
        let builders = ids.builders.iter().map(|(name, id)| (*id, name.clone()));
        Ok(Self {
            builders: builders.collect(),
            config,
            configuration,
            ids,
        })
    }

    /// The name of the builder, if it is configured.
    pub(crate) fn builder_name(&self, builder: BuilderId) -> Option<&str> {
        self.builders.get(&builder).map(String::as_str)
    }
}
