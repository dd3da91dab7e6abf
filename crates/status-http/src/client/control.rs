//! Commands.

use async_trait::async_trait;
use serde_json::Value;
use weir_status_api::{
    Caller, Command, Control, Error, ForceScheduler, Key, Outcome, ReadExt, Result, SchedulerKey,
};

use super::HttpStatus;
use crate::v2::{self, IDEMPOTENCY_HEADER, RpcRequest};

#[async_trait]
impl Control for HttpStatus {
    /// Sends the token of whoever the API was opened to, else that of `caller`, if they have one. A name that was
    /// established here means nothing there.
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        let codebase = self.codebase(&command).await?;
        let (path, method, params) = v2::write_command(&command, &codebase);
        let key = v2::command_key(&command);
        let path = match (path, &key) {
            // Buildbot knows schedulers by their ids only.
            (Some(_), Some(key @ Key::Scheduler(SchedulerKey::Name(_)))) if self.is_buildbot().await? => {
                self.path_with_id(&self.by_id(key).await?).await?
            }
            (Some(path), _) => path,
            (None, Some(key)) => self.path_with_id(key).await?,
            (None, None) => return Err(Error::internal(format!("{method} has no path"))),
        };
        let call = RpcRequest {
            id: Value::from(1),
            method: method.to_owned(),
            params,
        };
        let mut request = self.client.post(self.url(&path)).json(&call.to_json());
        if self.caller.is_none()
            && let Some(token) = caller.token()
        {
            request = request.bearer_auth(token);
        }
        if let Command::Force { params, .. } = &command
            && let Some(key) = &params.idempotency_key
        {
            request = request.header(IDEMPOTENCY_HEADER, v2::write_idempotency_key(key));
        }
        let (status, answer) = self.send(request).await?;
        match (v2::rpc_error_from(status, &answer.body), key) {
            // Buildbot says it in its own words, which name no command.
            (Some(Error::NotFound { .. }), Some(key)) if self.is_buildbot().await? => {
                Err(Error::not_found(&key))
            }
            (Some(error), _) => Err(v2::force_error_to_field_names(error, &codebase)),
            (None, _) => v2::outcome_from(&answer.body),
        }
    }
}

impl HttpStatus {
    /// The codebase of a force's scheduler, which the names of its parameters depend on.
    async fn codebase(&self, command: &Command) -> Result<String> {
        let Command::Force { scheduler, .. } = command else {
            return Ok(String::new());
        };
        match self
            .one::<ForceScheduler>(Key::ForceScheduler(scheduler.clone()))
            .await
        {
            Ok(at) => Ok(at.value.defaults.codebase),
            // The command tells of it, after whether the caller may ask at all.
            Err(Error::NotFound { .. }) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }
}
