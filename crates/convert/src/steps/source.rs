//! Steps that get the source.

use super::Writing;
use crate::arguments::{is_true, number};
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, duration, quote};

impl<'r> Converter<'r> {
    /// `git(…)`.
    pub(crate) fn git(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let repository = match writing.arguments.take("repourl") {
            Some(repository) => self.text(repository, at.as_deref()),
            None => quote(""),
        };
        let mut call = Call::new("git").first(repository);
        match writing.arguments.take("branch") {
            Some(Value::Text(branch)) if branch == "HEAD" => {}
            Some(branch) => {
                let branch = self.text(branch, at.as_deref());
                call.set("branch", branch);
            }
            None => {}
        }
        call.set_some(
            "codebase",
            writing
                .arguments
                .text("codebase")
                .filter(|it| !it.is_empty())
                .map(quote),
        );
        if let Some(shallow) = writing.arguments.take("shallow").filter(|it| is_true(it)) {
            call.set("shallow", "True");
            if let Value::Int(depth) = shallow {
                let what = format!("`shallow = {depth}` of the step `Git`");
                let said = self.lost(
                    at.as_deref(),
                    &what,
                    "shallow = True fetches the newest commit alone",
                );
                writing.comments.push(said);
            }
        }
        if writing.arguments.truth("submodules") == Some(true) {
            call.set("submodules", "True");
        }
        let is_full = writing.arguments.text("mode") == Some("full");
        let method = writing.arguments.text("method");
        // Every method of a full checkout leaves nothing of the build before.
        if is_full {
            call.set("clean", "True");
        }
        if let Some("fresh" | "copy" | "clobber") = method.filter(|_| is_full) {
            writing.arguments.forget(&["clobberOnFailure"]);
        }
        self.retries(writing, &mut call);
        self.lost_of_git(writing);
        self.terms(writing, &mut call);
        call
    }

    fn retries(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        if let Some(Value::List(pair)) = writing.arguments.take("retry")
            && let [delay, times] = pair.as_slice()
        {
            call.set_some("retries", self.data(times));
            call.set_some("retry_delay", number(delay).map(duration));
        }
    }

    fn lost_of_git(&mut self, writing: &mut Writing<'r>) {
        for (names, instead) in [
            (
                &[
                    "sshPrivateKey",
                    "sshHostKey",
                    "sshKnownHosts",
                    "auth_credentials",
                    "git_credentials",
                ][..],
                "give the worker's user its keys, or write a secret into the address: interpolate(\"https://ci:%(secret:NAME)s@…\")",
            ),
            (
                &["alwaysUseLatest"],
                "trigger(always_use_latest = True) and periodic schedulers build the newest",
            ),
            (
                &["getDescription"],
                "set_property(\"commit-description\", command = \"git describe\")",
            ),
            (&["config"], "write shell([\"git\", \"config\", …]) behind it"),
            (&["reference", "filters", "port"], "leave it out"),
            (&["repoDownloads"], "write shell(…)"),
        ] {
            let given: Vec<&str> = names
                .iter()
                .copied()
                .filter(|it| writing.arguments.take(it).is_some_and(is_true))
                .collect();
            if !given.is_empty() {
                let named: Vec<String> = given.iter().map(|it| format!("`{it}`")).collect();
                let what = format!("{} of the step `{}`", named.join(", "), writing.class);
                let said = self.lost(writing.at(), &what, instead);
                writing.comments.push(said);
            }
        }
        writing.arguments.forget(&[
            "tags",
            "progress",
            "retryFetch",
            "clobberOnFailure",
            "origin",
            "remoteSubmodules",
            "logEnviron",
            "patch",
        ]);
    }
}
