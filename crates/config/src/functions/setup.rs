//! `master(…)` and `worker(…)`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use starlark::values::Value;
use weir_tls::{Files, Identity};

use super::builder::next_worker;
use super::step::log_terms;
use crate::call::{Call, Function};
use crate::model::{Collapse, NextWorker, Pattern, PrioritizeBuilders, Secret, WorkerConfig, WorkerPort};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::{Files as SessionFiles, Kind};

/// How long a worker may be away before it is missed, unless given; Buildbot's.
const MISSING_TIMEOUT: Duration = Duration::from_secs(60 * 60);

pub(super) const MASTER: Function = Function {
    name: "master",
    parameters: &[
        "title",
        "web_url",
        "listen",
        "tls_certificate",
        "tls_key",
        "buildbot_pb",
        "buildbot_msgpack",
        "anonymous_control",
        "plain_text_beyond_loopback",
        "next_worker",
        "prioritize_builders",
        "collapse_requests",
        "worker_grace",
        "properties",
        "log_max_size",
        "log_max_tail_size",
        "log_encoding",
    ],
    positional: 1,
    any_name: false,
    run: master,
};

/// What a file of listeners says of the master that it listens to.
pub(super) const MASTER_ELSEWHERE: Function = Function {
    name: "master",
    parameters: &["title", "web_url"],
    positional: 1,
    any_name: false,
    run: master_elsewhere,
};

pub(super) const WORKER: Function = Function {
    name: "worker",
    parameters: &[
        "name",
        "token",
        "token_file",
        "password",
        "password_file",
        "max_builds",
        "properties",
        "missing_timeout",
        "notify_on_missing",
    ],
    positional: 1,
    any_name: false,
    run: worker,
};

/// It is a mistake if there is another.
fn declare_master(call: &mut Call<'_, '_>) {
    if let Err(first) = call.session().declare_master(call.place()) {
        let help = Some("put all into one".to_owned());
        call.mistake("", &format!("there is already one in line {}", first.line), help);
    }
}

fn master_elsewhere(call: &mut Call<'_, '_>) -> Option<Item> {
    declare_master(call);
    let title = call.optional("title", read::name(200));
    let web_url = call.optional("web_url", web_url);
    call.session().configure(|config| {
        config.title = title.unwrap_or_else(|| std::mem::take(&mut config.title));
        config.web_url = web_url;
    });
    Some(Item::Other("a master"))
}

/// The address of the web status' first page, with a `/` at its end.
fn web_url(value: Value<'_>) -> Reading<String> {
    let url = super::listener::url(value)?;
    if url.contains(['?', '#']) {
        return read::wrong(
            format!("has more than a page's address: '{url}'"),
            Some("write e.g. \"https://ci.example.org/\""),
        );
    }
    Ok(format!("{}/", url.trim_end_matches('/')))
}

fn master(call: &mut Call<'_, '_>) -> Option<Item> {
    declare_master(call);
    let title = call.optional("title", read::name(200));
    let web_url = call.optional("web_url", web_url);
    let listen = call.optional("listen", address);
    let tls = tls(call);
    let buildbot_pb = call.or_none("buildbot_pb", worker_ports, vec![]);
    let is_pb_given = call.has("buildbot_pb");
    let buildbot_msgpack = call.or("buildbot_msgpack", worker_ports, vec![]);
    let anonymous_control = call.or("anonymous_control", read::boolean, false);
    let collapse_requests = call.or("collapse_requests", read::collapse, Collapse::Always);
    let beyond = call.or("plain_text_beyond_loopback", read::boolean, false);
    let log = log_terms(call);
    let worker_grace = call.optional("worker_grace", read::duration);
    let properties = call.or("properties", read::properties, Default::default());
    let next = call.or("next_worker", next_worker, NextWorker::LeastBusy);
    let prioritize = call.or(
        "prioritize_builders",
        read::prioritize_builders,
        PrioritizeBuilders::default(),
    );
    if let PrioritizeBuilders::Named(order) = &prioritize {
        for (number, name) in order.iter().map(Pattern::only).enumerate() {
            if let Some(name) = name {
                call.refer_one(Kind::Builder, "prioritize_builders", number, name);
            }
        }
    }
    let is_open = !beyond && !call.has("tls_certificate") && !call.has("tls_key");
    if let Some(listen) = listen.filter(|it| !it.ip().is_loopback() && is_open) {
        let message =
            format!("'listen' is {listen}, which others reach, and what is sent there is not encrypted");
        let help = "add tls_certificate and tls_key, listen on 127.0.0.1 behind a proxy with TLS, or add \
                    plain_text_beyond_loopback = True";
        call.mistake("listen", &message, Some(help.to_owned()));
    }
    for (argument, ports) in [
        ("buildbot_pb", buildbot_pb.as_deref().unwrap_or_default()),
        ("buildbot_msgpack", &buildbot_msgpack),
    ] {
        check_worker_ports(call, argument, ports, beyond);
    }
    call.session().configure(|config| {
        config.buildbot_pb = is_pb_given.then(|| buildbot_pb.unwrap_or_default());
        config.buildbot_msgpack = buildbot_msgpack;
        config.title = title.unwrap_or_else(|| std::mem::take(&mut config.title));
        config.web_url = web_url;
        config.listen = listen.unwrap_or(config.listen);
        config.collapse_requests = collapse_requests;
        config.policy.anonymous_control = anonymous_control;
        config.tls = tls;
        config.next_worker = next;
        config.log = log;
        config.properties = properties;
        config.prioritize_builders = prioritize;
        config.plain_text_beyond_loopback = beyond;
        config.worker_grace = worker_grace.unwrap_or(config.worker_grace);
    });
    Some(Item::Other("a master"))
}

/// The certificate and key; both or none.
fn tls(call: &mut Call<'_, '_>) -> Option<Files> {
    const BOTH: [&str; 2] = ["tls_certificate", "tls_key"];
    for (given, missing) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        if call.has(given) && !call.has(missing) {
            let help = Some(format!("add {missing} = \"…\""));
            call.mistake(given, &format!("'{given}' needs '{missing}'"), help);
            return None;
        }
    }
    let folder = &call.session().folder;
    let file = |value| Ok(folder.join(read::text(value)?));
    let (certificate, key) = (call.optional(BOTH[0], file), call.optional(BOTH[1], file));
    let files = Files {
        certificate: certificate?,
        key: key?,
    };
    if call.session().files == SessionFiles::LeftAlone {
        return Some(files);
    }
    if let Err(error) = Identity::read(files.clone()) {
        let of_key = error.path() == files.key;
        let argument = BOTH[usize::from(of_key)];
        call.mistake(argument, &format!("'{argument}' is wrong: {error}"), None);
    }
    Some(files)
}

/// An address and port; `localhost` is 127.0.0.1.
fn address(value: Value<'_>) -> Reading<SocketAddr> {
    read_address(&read::text(value)?, "\"127.0.0.1:8010\" or \"[::1]:8010\"")
}

fn read_address(text: &str, such_as: &str) -> Reading<SocketAddr> {
    let port = text.strip_prefix("localhost:").and_then(|it| it.parse().ok());
    let local = port.map(|it| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), it));
    match local.or_else(|| text.parse().ok()) {
        Some(address) => Ok(address),
        None => read::wrong(
            format!("is no address with a port: '{text}'"),
            Some(&format!("write e.g. {such_as}")),
        ),
    }
}

/// An address for Buildbot's workers, or several; with TLS those that begin with `tls:`.
fn worker_ports(value: Value<'_>) -> Reading<Vec<WorkerPort>> {
    let one = |value| {
        let text = read::text(value)?;
        let (tls, address) = match text.strip_prefix("tls:") {
            Some(address) => (true, address),
            None => (false, text.as_str()),
        };
        let address = read_address(address, "\"0.0.0.0:9989\" or \"tls:0.0.0.0:9990\"")?;
        Ok(WorkerPort { address, tls })
    };
    if read::integer(value).is_ok() {
        let help = Some("write an address with it, e.g. \"0.0.0.0:9989\"");
        return read::wrong("is a port alone", help);
    }
    match read::text(value) {
        Ok(_) => Ok(vec![one(value)?]),
        Err(_) => read::list(one, "addresses")(value),
    }
}

/// What is served with TLS needs a certificate, and what is not stays on this machine unless it is allowed.
fn check_worker_ports(call: &mut Call<'_, '_>, argument: &str, ports: &[WorkerPort], beyond: bool) {
    let has_certificate = call.has("tls_certificate");
    for port in ports {
        if port.tls && !has_certificate {
            let help = Some("add tls_certificate and tls_key".to_owned());
            call.mistake(
                argument,
                &format!("'{argument}' has {port}, and there is no certificate"),
                help,
            );
        }
        if !port.tls && !port.address.ip().is_loopback() && !beyond {
            let message = format!(
                "'{argument}' is {port}, which others reach, and what is sent there is not encrypted"
            );
            let help = format!(
                "write \"tls:{port}\", for workers whose connection string is \"tls:HOST:PORT\", or add \
                 plain_text_beyond_loopback = True"
            );
            call.mistake(argument, &message, Some(help));
        }
    }
}

/// What a worker shows: its token, or its password if it may be one of Buildbot's.
fn worker_secret(call: &mut Call<'_, '_>) -> (Secret, bool) {
    const PASSWORD: [&str; 2] = ["password", "password_file"];
    let has_password = PASSWORD.iter().any(|it| call.has(it));
    if !has_password {
        return (call.secret("token", "token_file"), false);
    }
    for token in ["token", "token_file"] {
        if call.has(token) {
            let help = Some("remove one: a password serves every kind of worker".to_owned());
            let message = format!("'{token}' is given, and a password too");
            call.mistake(token, &message, help);
        }
    }
    let [inline, file] = PASSWORD;
    let secret = call.optional_password(inline, file);
    (secret.unwrap_or_else(|| Secret::new("")), true)
}

fn worker(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::identifier);
    let (token, has_password) = worker_secret(call);
    let worker = WorkerConfig {
        name,
        token,
        has_password,
        max_builds: call.optional("max_builds", read::count),
        properties: call.or("properties", read::properties, Default::default()),
        missing_timeout: call.or_none("missing_timeout", read::duration, MISSING_TIMEOUT),
        notify_on_missing: call.or(
            "notify_on_missing",
            read::list(read::name(200), "addresses"),
            vec![],
        ),
    };
    let name = worker.name.clone();
    call.declare(Kind::Worker, &name);
    call.session().configure(|config| config.workers.push(worker));
    Some(Item::Worker(name))
}
