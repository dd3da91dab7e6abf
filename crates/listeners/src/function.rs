//! Functions of the configuration that listeners ask.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use weir_off_thread::off_thread;
use weir_status_api::ListenerError;

/// How a function is called: plain data in, plain data out, or what is wrong.
type Call = dyn Fn(Value) -> Result<Value, String> + Send + Sync;

/// A function that the configuration has, whatever language that is in. It is called where it keeps no task waiting.
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    call: Arc<Call>,
}

impl Function {
    /// The function of that name, for people.
    pub fn new(name: &str, call: impl Fn(Value) -> Result<Value, String> + Send + Sync + 'static) -> Self {
        Self {
            name: name.into(),
            call: Arc::new(call),
        }
    }

    /// Its name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it gives for this.
    ///
    /// # Errors
    /// [`ListenerError::Never`] if it fails: it would again.
    pub async fn call(&self, argument: Value) -> Result<Value, ListenerError> {
        let call = Arc::clone(&self.call);
        match off_thread(move || call(argument)).await {
            Ok(answer) => answer.map_err(ListenerError::Never),
            Err(stopped) => Err(ListenerError::Later(format!("{}(): {stopped}", self.name))),
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name)
    }
}
