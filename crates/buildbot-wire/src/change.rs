//! Changes that programs tell of, as `buildbot sendchange` and hooks of repositories do.

use crate::pb::Call;
use crate::worker::over_pb::Method;
use crate::{Error, Result, Value};

/// What a change has in the call `addChange` of the object that somebody is given who logs in as `PBChangeSource` lets
/// them. Each may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToldChange {
    /// Who wrote it: `author`, or `who` of all clients so far.
    pub author: Option<String>,
    /// Who committed it.
    pub committer: Option<String>,
    /// The files it touches.
    pub files: Vec<String>,
    /// The commit's message.
    pub comments: Option<String>,
    /// The revision it made.
    pub revision: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// Where to read it.
    pub revlink: Option<String>,
    /// Its properties by name, as they came.
    pub properties: Vec<(String, Value)>,
    /// The repository.
    pub repository: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The codebase.
    pub codebase: Option<String>,
    /// When it was made, in seconds since 1970: `when_timestamp`, or `when` of all clients so far.
    pub when: Option<f64>,
}

impl ToldChange {
    /// What the call tells.
    ///
    /// # Errors
    /// [`Error::NotInProtocol`] for another method, or for a member that no change has; [`Error::Form`] if something is of
    /// another type than it has.
    pub fn of_call(call: Call) -> Result<Self> {
        let method = Method::from(call);
        if method.name != "addChange" {
            return Err(Error::NotInProtocol(method.name));
        }
        let mut change = Self::default();
        for (name, value) in method.one()?.into_pairs()? {
            let name = name.into_text()?;
            if !value.is_none() {
                change.put(&name, value)?;
            }
        }
        Ok(change)
    }

    fn put(&mut self, name: &str, value: Value) -> Result<()> {
        let text = match name {
            "author" | "who" => &mut self.author,
            "committer" => &mut self.committer,
            "comments" => &mut self.comments,
            "revision" => &mut self.revision,
            "branch" => &mut self.branch,
            "category" => &mut self.category,
            "revlink" => &mut self.revlink,
            "repository" => &mut self.repository,
            "project" => &mut self.project,
            "codebase" => &mut self.codebase,
            "when" | "when_timestamp" => {
                self.when = Some(value.to_float()?);
                return Ok(());
            }
            "files" => {
                let files = value.into_items()?.into_iter().map(Value::into_text);
                self.files = files.collect::<Result<_>>()?;
                return Ok(());
            }
            "properties" => {
                let properties = value.into_pairs()?.into_iter();
                let properties = properties.map(|(name, value)| Ok((name.into_text()?, value)));
                self.properties = properties.collect::<Result<_>>()?;
                return Ok(());
            }
            // Of old clients, or of no use to any master since long: which version control, and whether it is a folder.
            "src" | "links" | "isdir" | "is_dir" => return Ok(()),
            other => return Err(Error::NotInProtocol(format!("`{other}` of a change"))),
        };
        // Subversion's are numbers.
        *text = Some(match value {
            Value::Int(number) => number.to_string(),
            value => value.into_text()?,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{Broker, Event};

    /// What a server hears that is called so.
    fn heard(method: &str, arguments: Vec<Value>) -> Result<ToldChange> {
        let mut master = Broker::server([7; 16]);
        let mut client = Broker::client("change", "a password");
        let mut called = None;
        loop {
            client.receive(&master.transmit());
            while let Some(event) = client.poll()? {
                if let Event::LoggedIn(Some(avatar)) = event {
                    client.call(avatar, method, arguments.clone(), vec![])?;
                }
            }
            master.receive(&client.transmit());
            while let Some(event) = master.poll()? {
                match event {
                    Event::Login(login) => {
                        master.admit()?;
                        let avatar = master.export()?;
                        master.answer(login.call, avatar.into())?;
                    }
                    Event::Call(call) => called = Some(call),
                    _ => {}
                }
            }
            if let Some(call) = called.take() {
                return ToldChange::of_call(call);
            }
        }
    }

    #[test]
    fn a_change_is_read_as_sendchange_tells_it() {
        let change = Value::map([
            ("project", "gauges".into()),
            ("repository", "".into()),
            ("who", Value::Bytes("Jörg".as_bytes().to_vec())),
            (
                "files",
                Value::Tuple(vec!["a.c".into(), Value::Bytes(b"b\xff".to_vec())]),
            ),
            ("comments", "two\nlines".into()),
            ("branch", Value::None),
            ("revision", Value::Int(4711)),
            ("category", Value::None),
            ("when", Value::Int(1_700_000_000)),
            ("properties", Value::map([("depth", "7".into())])),
            ("revlink", "".into()),
            ("src", "git".into()),
        ]);
        let expected = ToldChange {
            author: Some("Jörg".into()),
            files: vec!["a.c".into(), "b\u{fffd}".into()],
            comments: Some("two\nlines".into()),
            revision: Some("4711".into()),
            revlink: Some(String::new()),
            properties: vec![("depth".into(), "7".into())],
            repository: Some(String::new()),
            project: Some("gauges".into()),
            when: Some(1_700_000_000.0),
            ..ToldChange::default()
        };
        assert_eq!(heard("addChange", vec![change]), Ok(expected));
    }

    #[test]
    fn what_is_no_change_is_told_why() {
        let told = |method: &str, arguments| heard(method, arguments).unwrap_err().to_string();
        assert_eq!(
            told("removeChange", vec![]),
            "removeChange is not part of this protocol"
        );
        let colour = Value::map([("colour", "red".into())]);
        assert_eq!(
            told("addChange", vec![colour]),
            "`colour` of a change is not part of this protocol"
        );
        let files = Value::map([("files", "a.c".into())]);
        assert_eq!(
            told("addChange", vec![files]),
            "a list was expected, and a str came"
        );
        assert_eq!(
            told("addChange", vec![]),
            "one argument was expected, and `addChange` with others came"
        );
    }
}
