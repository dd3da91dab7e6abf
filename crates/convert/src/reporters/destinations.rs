//! Where reports go.

use super::generators::{ends, starts_and_ends};
use crate::arguments::{Arguments, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, commented_out, plain_list, quote, remark};

/// What says nothing here.
const OF_TWISTED: [&str; 6] = ["name", "verbose", "debug", "verify", "cert", "skip_encoding"];

/// A listener while it is written.
pub(super) struct Draft<'r> {
    pub(super) call: Call,
    pub(super) arguments: Arguments<'r>,
    name: String,
    /// What has to be done before it can run, if something has.
    pub(super) lacks: Vec<String>,
}

impl<'r> Converter<'r> {
    /// The listener that takes the service's place; none if there is none.
    pub(super) fn destination(&mut self, made: &'r Made, at: Option<&str>) -> Option<String> {
        let write: fn(&mut Self, &mut Draft<'r>, Option<&str>) = match made.class() {
            "MailNotifier" => Self::mail,
            "GitHubStatusPush" | "GitLabStatusPush" => Self::forge,
            "GitHubCommentPush" => Self::comment,
            "BitbucketStatusPush" => Self::bitbucket,
            "BitbucketServerStatusPush" => Self::old_bitbucket_server,
            "BitbucketServerCoreAPIStatusPush" => Self::bitbucket_server,
            "BitbucketServerPRCommentPush" => Self::bitbucket_server_comment,
            "GerritStatusPush" => Self::gerrit,
            "GerritVerifyStatusPush" => Self::gerrit_verify,
            "HttpStatusPush" => Self::http,
            "PushoverNotifier" => Self::pushover,
            "ZulipStatusPush" => Self::zulip,
            "IRC" => Self::irc,
            "TelegramBot" => Self::telegram,
            _ => return None,
        };
        let (function, wanted) = match made.class() {
            "MailNotifier" => ("mail", "mail"),
            "GitHubStatusPush" => ("github_status", "github"),
            "GitHubCommentPush" => ("github_comment", "github-comments"),
            "GitLabStatusPush" => ("gitlab_status", "gitlab"),
            "BitbucketStatusPush" => ("bitbucket_status", "bitbucket"),
            "BitbucketServerStatusPush" | "BitbucketServerCoreAPIStatusPush" => {
                ("bitbucket_server_status", "bitbucket-server")
            }
            "BitbucketServerPRCommentPush" => ("bitbucket_server_comment", "bitbucket-server-comments"),
            "GerritStatusPush" => ("gerrit", "gerrit"),
            "GerritVerifyStatusPush" => ("gerrit_verify_status", "gerrit-verify"),
            "HttpStatusPush" => ("http_push", "push"),
            "PushoverNotifier" => ("pushover", "pushover"),
            "ZulipStatusPush" => ("zulip", "zulip"),
            "IRC" => ("irc", "irc"),
            _ => ("telegram", "telegram"),
        };
        let mut arguments = Arguments::of(made);
        let name = self.listener_name(arguments.text("name").unwrap_or(wanted));
        arguments.forget(&OF_TWISTED);
        let mut draft = Draft {
            call: Call::new(function).first(quote(&name)),
            arguments,
            name,
            lacks: vec![],
        };
        write(self, &mut draft, at);
        let what = format!("the service `{}`", made.class());
        let Draft {
            mut call,
            arguments,
            lacks,
            ..
        } = draft;
        for said in self.unknown(at, &what, arguments) {
            call.comment(&said);
        }
        if lacks.is_empty() {
            return Some(call.render());
        }
        let instead = format!("{}, and take the `#` away", lacks.join("; "));
        let said = self.lost(at, &what, &instead);
        Some(format!("{}\n{}", remark(&said), commented_out(&call.render())))
    }

    /// A secret: its text in a file of its own beside the configuration; what is no text has to be put there.
    pub(super) fn secret(&mut self, draft: &mut Draft<'r>, value: Option<&'r Value>, argument: &str) {
        let mut file = format!("{}.{argument}", draft.name);
        if self.worker_secrets.contains_key(&file) {
            file.insert_str(0, "listener-");
        }
        match value {
            None => return,
            Some(Value::Text(text)) => drop(self.secrets.insert(file.clone(), text.clone())),
            Some(value) => match self.recording.made(value) {
                Some((_, _, made)) if made.class() == "Secret" => {
                    let name = Arguments::of(made).text("secret_name").unwrap_or_default();
                    draft.call.set(argument, format!("secret({})", quote(name)));
                    return;
                }
                _ => draft.lacks.push(format!("put the {argument} into {file}")),
            },
        }
        draft.call.set(&format!("{argument}_file"), quote(&file));
    }

    /// A text, as it is.
    pub(super) fn plain(&self, draft: &mut Draft<'r>, theirs: &str, ours: &str) {
        if let Some(text) = draft.arguments.text(theirs) {
            draft.call.set(ours, quote(text));
        }
    }

    /// What a status is called: `Interpolate` with names of the build.
    fn context(&mut self, draft: &mut Draft<'r>, theirs: &str, at: Option<&str>) {
        let Some(value) = draft.arguments.take(theirs) else {
            return;
        };
        let template = match (value, self.recording.made(value)) {
            (Value::Text(text), _) => Some(text.as_str()),
            (_, Some((_, _, made))) if made.class() == "Interpolate" && made.kwargs.is_empty() => {
                match made.args.as_slice() {
                    [Value::Text(text)] => Some(text.as_str()),
                    _ => None,
                }
            }
            _ => None,
        };
        match template.and_then(placeholders) {
            Some(context) => draft.call.set("context", quote(&context)),
            None => {
                let what = format!("what a status is called, `{theirs}`");
                let instead = "write context = \"buildbot/{builder}\", with the names that it has";
                draft.call.comment(&self.lost(at, &what, instead));
            }
        }
    }

    pub(super) fn told(&mut self, draft: &mut Draft<'r>, usual: &[Call], at: Option<&str>) {
        let reports = self.reports(&mut draft.arguments, usual, at);
        draft.call.set("reports", reports);
    }

    fn mail(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "fromaddr", "from_address");
        let host = draft.arguments.text("relayhost").unwrap_or("localhost");
        let relay = match draft.arguments.take("smtpPort") {
            Some(Value::Int(port)) => format!("{host}:{port}"),
            _ => format!("{host}:25"),
        };
        draft.call.set("relay", quote(&relay));
        let smtps = draft.arguments.truth("useSmtps") == Some(true);
        let starttls = draft.arguments.truth("useTls") == Some(true);
        let tls = match (smtps, starttls) {
            (true, _) => "tls",
            (_, true) => "starttls",
            _ => "none",
        };
        draft.call.set("tls", quote(tls));
        self.plain(draft, "smtpUser", "user");
        let password = draft.arguments.take("smtpPassword");
        self.secret(draft, password, "password");
        if let Some(people) = draft.arguments.take("extraRecipients").and_then(strings) {
            draft
                .call
                .set("to", plain_list(people.iter().map(|it| quote(it))));
        }
        // Buildbot tells those who made what is built and those who asked for it, unless it is told otherwise.
        if draft.arguments.truth("sendToInterestedUsers") != Some(false) {
            draft.call.set("to_blamelist", "True");
            draft.call.set("to_owners", "True");
            self.lookup(draft, at);
        }
        if let Some(headers @ Value::Dict(_)) = draft.arguments.take("extraHeaders") {
            draft.call.set_some("extra_headers", self.data(headers));
        }
        draft.arguments.forget(&["dumpMailsToLog", "lookup"]);
        let old = [
            "mode",
            "builders",
            "tags",
            "branches",
            "schedulers",
            "subject",
            "addLogs",
            "addPatch",
        ];
        let usual = match old.iter().any(|it| draft.arguments.has(it)) {
            true => self.without_generators(&mut draft.arguments),
            false => {
                let mut usual = ends();
                usual.set("attach_patch", "True");
                usual
            }
        };
        self.told(draft, &[usual, Call::new("worker_report")], at);
    }

    fn lookup(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let Some(lookup) = draft.arguments.take("lookup") else {
            return;
        };
        let domain = match (lookup, self.recording.made(lookup)) {
            (Value::Text(domain), _) => Some(domain.as_str()),
            (_, Some((_, _, made))) if made.class() == "Domain" => Arguments::of(made).text("domain"),
            _ => None,
        };
        match domain {
            Some(domain) => draft.call.set("lookup", quote(domain)),
            None => {
                let what = format!("`lookup = {}`", self.words_for(lookup));
                let instead = "write lookup, a dict of names and addresses or a function of the name";
                draft.call.comment(&self.lost(at, &what, instead));
            }
        }
    }

    fn forge(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let token = draft.arguments.take("token");
        self.secret(draft, token, "token");
        self.plain(draft, "baseURL", "url");
        self.forge_context(draft, at);
        self.told(draft, &[Call::new("request_report"), starts_and_ends()], at);
    }

    /// What Buildbot calls its statuses, unless it is told otherwise, so that rules of the forge go on to hold.
    fn forge_context(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        match draft.arguments.has("context") {
            true => self.context(draft, "context", at),
            false => draft.call.set("context", quote("buildbot/{builder}")),
        }
    }

    fn comment(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let token = draft.arguments.take("token");
        self.secret(draft, token, "token");
        self.plain(draft, "baseURL", "url");
        self.forge_context(draft, at);
        self.told(draft, &[Call::new("build_report")], at);
    }

    /// A user and a password, as a tuple or by two arguments.
    fn user(&mut self, draft: &mut Draft<'r>) {
        let (user, password) = match draft.arguments.take("auth") {
            Some(Value::List(both)) => (both.first(), both.get(1)),
            _ => (draft.arguments.take("user"), draft.arguments.take("password")),
        };
        match user {
            Some(Value::Text(user)) => draft.call.set("user", quote(user)),
            Some(_) => draft.lacks.push("write user = \"…\"".to_owned()),
            None => {}
        }
        self.secret(draft, password, "password");
    }

    fn bitbucket(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "oauth_key", "oauth_key");
        let secret = draft.arguments.take("oauth_secret");
        self.secret(draft, secret, "oauth_secret");
        self.user(draft);
        self.plain(draft, "oauth_url", "oauth_url");
        self.plain(draft, "base_url", "url");
        self.context(draft, "status_name", at);
        draft.arguments.forget(&["status_key"]);
        self.told(draft, &[starts_and_ends()], at);
    }

    fn bitbucket_server(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "base_url", "url");
        let token = draft.arguments.take("token");
        self.secret(draft, token, "token");
        self.user(draft);
        self.context(draft, "statusName", at);
        draft.arguments.forget(&["key"]);
        self.told(draft, &[Call::new("request_report"), starts_and_ends()], at);
    }

    /// For servers before version 7.4.
    fn old_bitbucket_server(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "base_url", "url");
        self.user(draft);
        draft.call.set("api", quote("build-status"));
        self.context(draft, "statusName", at);
        draft.arguments.forget(&["key"]);
        self.told(draft, &[starts_and_ends()], at);
    }

    fn bitbucket_server_comment(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "base_url", "url");
        self.user(draft);
        self.told(draft, &[Call::new("build_report")], at);
    }

    fn gerrit(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "server", "server");
        self.plain(draft, "username", "user");
        if let Some(Value::Int(port)) = draft.arguments.take("port") {
            draft.call.set("port", port.to_string());
        }
        self.plain(draft, "identity_file", "identity_file");
        self.plain(draft, "notify", "notify");
        let mut usual = Call::new("buildset_report");
        usual.set("combined", "True");
        self.told(draft, &[usual], at);
    }

    fn gerrit_verify(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.user(draft);
        self.plain(draft, "baseURL", "url");
        self.context(draft, "verification_name", at);
        self.plain(draft, "category", "category");
        self.plain(draft, "reporter", "reporter");
        if draft.arguments.truth("abstain") == Some(true) {
            draft.call.set("abstain", "True");
        }
        self.told(draft, &[starts_and_ends()], at);
    }

    fn http(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "serverUrl", "url");
        if let Some(headers @ Value::Dict(_)) = draft.arguments.take("headers") {
            draft.call.set_some("headers", self.data(headers));
        }
        if let Some(auth) = draft.arguments.take("auth") {
            let what = format!("`auth = {}` of `HttpStatusPush`", self.words_for(auth));
            let instead = "write headers = {\"Authorization\": \"…\"}";
            draft.call.comment(&self.lost(at, &what, instead));
        }
        let what = "what `HttpStatusPush` posts, Buildbot's JSON of the build";
        let instead = "http_push(…) posts what \"Reports\" in the book shows; webhook(…) posts the build as the API has it";
        draft.call.comment(&self.lost(at, what, instead));
        let mut usual = ends();
        usual.set("start", "True");
        self.told(draft, &[usual], at);
    }
}

/// Buildbot's template with the names that a context has here; none if it asks for something else.
fn placeholders(template: &str) -> Option<String> {
    let template = template.replace('{', "{{").replace('}', "}}");
    let known = [
        ("%(prop:buildername)s", "{builder}"),
        ("%(prop:virtual_builder_name)s", "{builder}"),
        ("%(prop:workername)s", "{worker}"),
        ("%(prop:buildnumber)s", "{number}"),
        ("%(prop:branch)s", "{branch}"),
        ("%(prop:project)s", "{project}"),
    ];
    let replaced = known
        .iter()
        .fold(template, |it, (theirs, ours)| it.replace(theirs, ours));
    (!replaced.contains("%(")).then_some(replaced)
}
