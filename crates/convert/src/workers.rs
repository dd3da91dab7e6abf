//! Workers, their passwords, and the ports to which they connect.

use crate::arguments::{Arguments, number, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, duration, plain_list, quote, remark};

/// What a worker shows.
struct WorkerSecret {
    /// The argument that names its file.
    argument: &'static str,
    file: String,
    /// What is in the file; something new if none.
    text: Option<String>,
    /// Whether there was one, which cannot be read here.
    is_new: bool,
}

/// A port to which workers connect.
struct Port {
    address: String,
    is_beyond: bool,
    /// The files of the certificate and its key, if it has TLS.
    tls: Option<(String, String)>,
}

impl<'r> Converter<'r> {
    pub(crate) fn write_workers(&mut self) -> Vec<String> {
        let mut written = vec![];
        let mut done = vec![];
        for value in self.items(&["workers", "slaves"]) {
            let at = self.recording.at(value);
            let Some((_, _, made)) = self.recording.made(value) else {
                let what = format!("{} among the workers", self.words_for(value));
                written.push(remark(&self.lost(
                    at,
                    &what,
                    "write worker(NAME, password_file = \"NAME.password\")",
                )));
                continue;
            };
            let mut arguments = Arguments::of(made);
            let theirs = arguments.text("name").unwrap_or_default();
            let Some(name) = self.workers.get(theirs).cloned() else {
                let what = "a worker whose name is no string";
                written.push(remark(&self.lost(
                    at,
                    what,
                    "write worker(NAME, password_file = \"NAME.password\")",
                )));
                continue;
            };
            if !done.contains(&name) {
                if name != theirs {
                    let what = format!("the name `{theirs}` of a worker");
                    let instead = format!("it is `{name}` here: write that into its buildbot.tac");
                    written.push(remark(&self.lost(at, &what, &instead)));
                }
                written.push(self.worker(made, &name, arguments, at));
                done.push(name);
            }
        }
        if written.is_empty() {
            written.push(remark(
                "There are no workers: worker(\"NAME\", password_file = \"NAME.password\")",
            ));
        }
        written
    }

    fn worker(
        &mut self,
        made: &'r Made,
        name: &str,
        mut arguments: Arguments<'r>,
        at: Option<&str>,
    ) -> String {
        let mut call = Call::new("worker").first(quote(name));
        let secret = worker_secret(made, name, &mut arguments);
        call.set(secret.argument, quote(&secret.file));
        if secret.is_new {
            let what = format!("the worker `{name}`: its password, which is no string");
            let instead = format!("{} has a new one", secret.file);
            call.comment(&self.lost(at, &what, &instead));
        }
        self.worker_secrets.insert(secret.file, secret.text);
        if let Some(most) = arguments.take("max_builds") {
            call.set_some("max_builds", self.data(most));
        }
        if let Some(properties) = arguments.take("properties") {
            call.set_some("properties", self.data(properties));
        }
        match arguments.take_even_none("missing_timeout") {
            Some(Value::None) => call.set("missing_timeout", "None"),
            Some(seconds) => call.set_some("missing_timeout", number(seconds).map(duration)),
            None => {}
        }
        if let Some(people) = arguments.take("notify_on_missing").and_then(strings) {
            call.set("notify_on_missing", plain_list(people.iter().map(|it| quote(it))));
        }
        if let Some(locks) = arguments.take("locks") {
            let instead = "give lock(…, scope = \"worker\") to the builders that it builds";
            let what = format!("the worker `{name}`: `locks`");
            call.comment(&self.lost(self.recording.at(locks).or(at), &what, instead));
        }
        if arguments.take("defaultProperties").is_some() {
            let what = format!("the worker `{name}`: `defaultProperties`");
            call.comment(&self.lost(
                at,
                &what,
                "give them to its builders as default_properties, or as properties",
            ));
        }
        match made.class() {
            "Worker" | "BuildSlave" | "Slave" => {}
            "LocalWorker" => {
                let instead = format!(
                    "run it beside the master: weir worker --master URL --name {name} --token-file {name}.token"
                );
                call.comment(&self.lost(
                    at,
                    &format!("the worker `{name}` runs within the master (`LocalWorker`)"),
                    &instead,
                ));
                arguments.forget(&["workdir"]);
            }
            class => {
                let what = format!("the worker `{name}` is begun when it is needed (`{class}`)");
                let instead =
                    "Weir begins no workers: keep `weir worker` running in the machine, image or container";
                call.comment(&self.lost(at, &what, instead));
                arguments = Arguments::of_dict(&[]);
            }
        }
        arguments.forget(&["keepalive_interval", "machine_name"]);
        for said in self.unknown(at, &format!("the worker `{name}`"), arguments) {
            call.comment(&said);
        }
        call.render()
    }

    /// Where workers connect, for `master(…)`.
    pub(crate) fn write_worker_ports(&mut self, call: &mut Call) {
        let protocols = match self.key("protocols") {
            Some(Value::Dict(protocols)) => protocols.as_slice(),
            _ => &[],
        };
        let mut protocols = Arguments::of_dict(protocols);
        let pb = match protocols.take("pb") {
            Some(Value::Dict(pb)) => Arguments::of_dict(pb).take("port"),
            _ => self.key("slavePortnum").filter(|it| **it != Value::None),
        };
        let msgpack = match protocols.take("msgpack_experimental_v7") {
            Some(Value::Dict(msgpack)) => Arguments::of_dict(msgpack).take("port"),
            _ => None,
        };
        let mut is_beyond = false;
        for (argument, theirs) in [("buildbot_pb", pb), ("buildbot_msgpack", msgpack)] {
            let Some(theirs) = theirs else {
                continue;
            };
            let Some(port) = worker_port(theirs) else {
                let at = self
                    .place_of_key("protocols")
                    .or(self.place_of_key("slavePortnum"));
                let what = format!("the port {} of workers", self.words_for(theirs));
                let instead = format!("write {argument} = \"ADDRESS:PORT\"");
                call.comment(&self.lost(at, &what, &instead));
                continue;
            };
            if let Some((certificate, key)) = &port.tls {
                call.comment("The web has this certificate too.");
                call.set("tls_certificate", quote(certificate));
                call.set("tls_key", quote(key));
            }
            is_beyond |= port.is_beyond && port.tls.is_none();
            call.set(argument, quote(&port.address));
        }
        if is_beyond {
            call.comment("What workers send is not encrypted, as it was.");
            call.set("plain_text_beyond_loopback", "True");
        }
    }
}

/// A worker that connects by itself goes on with its password. What begins others has none for them.
fn worker_secret(made: &Made, name: &str, arguments: &mut Arguments<'_>) -> WorkerSecret {
    let password = arguments.take("password");
    match made.class() {
        "Worker" | "BuildSlave" | "Slave" => {
            let text = match password {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
            WorkerSecret {
                argument: "password_file",
                file: format!("{name}.password"),
                is_new: text.is_none(),
                text,
            }
        }
        _ => WorkerSecret {
            argument: "token_file",
            file: format!("{name}.token"),
            text: None,
            is_new: false,
        },
    }
}

/// A port as Buildbot has it: a number, or a description of an endpoint of Twisted's.
fn worker_port(value: &Value) -> Option<Port> {
    let text = match value {
        Value::Int(port) => port.to_string(),
        Value::Text(text) => text.clone(),
        _ => return None,
    };
    let mut parts = text.split(':');
    let first = parts.next()?;
    let (kind, port) = match first.parse::<u16>() {
        Ok(port) => ("tcp", port),
        Err(_) => (first, parts.next()?.parse().ok()?),
    };
    let named: Vec<(&str, &str)> = parts.filter_map(|it| it.split_once('=')).collect();
    let option = |name: &str| named.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
    let interface = match option("interface").as_deref() {
        None | Some("") => "0.0.0.0".to_owned(),
        Some("localhost") => "127.0.0.1".to_owned(),
        Some(interface) => interface.replace('\\', ""),
    };
    let is_beyond = !interface.starts_with("127.") && interface != "::1";
    let address = match interface.contains(':') {
        true => format!("[{interface}]:{port}"),
        false => format!("{interface}:{port}"),
    };
    address.parse::<std::net::SocketAddr>().ok()?;
    match kind {
        "tcp" => Some(Port {
            address,
            is_beyond,
            tls: None,
        }),
        "ssl" => {
            let key = option("privateKey").unwrap_or_else(|| "server.pem".to_owned());
            let certificate = option("certKey").unwrap_or_else(|| key.clone());
            Some(Port {
                address: format!("tls:{address}"),
                is_beyond,
                tls: Some((certificate, key)),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_twisted_has_them() {
        let address = |text: &str| worker_port(&Value::Text(text.to_owned())).map(|it| it.address);
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(worker_port(&Value::Int(9989)).unwrap().address, "0.0.0.0:9989");
        assert_eq!(address("9989"), is("0.0.0.0:9989"));
        assert_eq!(address("tcp:9989"), is("0.0.0.0:9989"));
        assert_eq!(address("9989:interface=127.0.0.1"), is("127.0.0.1:9989"));
        assert_eq!(address("tcp:9989:interface=localhost"), is("127.0.0.1:9989"));
        let tls = worker_port(&Value::Text("ssl:9990:privateKey=k.pem:certKey=c.pem".to_owned())).unwrap();
        assert_eq!(tls.address, "tls:0.0.0.0:9990");
        assert_eq!(tls.tls, Some(("c.pem".to_owned(), "k.pem".to_owned())));
        assert_eq!(address("unix:/run/workers"), None);
        assert_eq!(address("tcp:99999"), None);
    }
}
