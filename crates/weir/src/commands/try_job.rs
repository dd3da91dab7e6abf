//! `weir try`: builds what is in a working copy.

mod working_copy;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value};
use weir_status_api::{
    BuildRequestId, Builder, BuilderId, ForceField, ForceFieldKind, ForceParams, ForceScheduler, Key, Query,
    ReadExt, Results, StatusApi,
};
use weir_status_db::MAX_PATCH;

use super::force::{Made, wait};
use super::logs::success;
use crate::failure::Failure;
use crate::show::{Look, say};
use crate::upstream::Upstream;
use working_copy::{Base, WorkingCopy};

/// Builds what is in a git or Mercurial working copy, without a commit.
///
/// What differs from the upstream's revision is sent as a patch, through a scheduler that takes one (`try_jobs(…)`).
#[derive(Args)]
pub(crate) struct Try {
    #[command(flatten)]
    upstream: Upstream,
    /// The scheduler; needed only if several take patches for these builders.
    #[arg(long, value_name = "NAME")]
    scheduler: Option<String>,
    /// A builder; may be repeated. All of the scheduler's unless given.
    #[arg(long = "builder", short, value_name = "NAME")]
    builders: Vec<String>,
    /// Send the patch in this file (`-` for standard input) in place of what differs in the working copy.
    #[arg(long, value_name = "FILE")]
    diff: Option<PathBuf>,
    /// The revision that the patch is for; the last that is in the upstream branch unless given.
    #[arg(long, value_name = "REVISION")]
    baserev: Option<String>,
    /// The branch that the revision is of, as the master knows it; the upstream branch unless given.
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// How many leading path parts are stripped of the patch's files.
    #[arg(long, short = 'p', value_name = "N", default_value_t = 1)]
    patchlevel: u32,
    /// The folder within the source in which the patch is applied.
    #[arg(long, value_name = "FOLDER")]
    subdir: Option<String>,
    /// The codebase that the working copy is of; needed only if the scheduler takes patches of several.
    #[arg(long, value_name = "NAME")]
    codebase: Option<String>,
    /// A property of the builds; may be repeated.
    #[arg(long = "property", value_name = "NAME=VALUE")]
    properties: Vec<String>,
    /// Why.
    #[arg(long)]
    reason: Option<String>,
    /// What the patch does.
    #[arg(long)]
    comment: Option<String>,
    /// Who wrote it; as the working copy's commits would say unless given.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Higher goes first.
    #[arg(long, allow_negative_numbers = true)]
    priority: Option<i32>,
    /// Show what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Show the builds' logs as they come; the exit code tells how they ended.
    #[arg(long, short)]
    wait: bool,
    /// Print what was made as JSON.
    #[arg(long, conflicts_with = "wait")]
    json: bool,
}

/// What is to be built.
struct Job {
    base: Base,
    diff: Vec<u8>,
    who: String,
    reason: String,
}

impl Try {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let properties = self.properties()?;
        let job = self.job()?;
        if self.dry_run {
            return self.show(&job);
        }
        let caller = self.upstream.caller()?;
        let api = self.upstream.connect()?;
        let door = Door::find(&api, &self).await?;
        let params = self.params(&door, &job, properties)?;
        let scheduler = door.scheduler.name.clone();
        let made = Made::by(&api, &caller, scheduler, params).await?;
        let buildset = made.buildset;
        if self.json {
            return say(made.document());
        }
        let mut named = vec![];
        for (builder, request) in made.requests {
            let name = api.one::<Builder>(Key::Builder(builder.into())).await?.value.name;
            say(format!(
                "build request {request} (buildset {buildset}) of builder {name} is waiting for a worker"
            ))?;
            named.push((builder, name, request));
        }
        if self.wait {
            return wait_for_all(&api, named).await;
        }
        Ok(())
    }

    fn properties(&self) -> Result<Map<String, Value>, Failure> {
        let named = self.properties.iter().map(|it| match it.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), Value::from(value))),
            _ => Err(Failure::usage(format!("--property {it}: write NAME=VALUE"))),
        });
        named.collect()
    }

    /// What the working copy and the options say.
    fn job(&self) -> Result<Job, Failure> {
        let copy = WorkingCopy::find(std::env::current_dir()?);
        let wanted = Base {
            revision: self.baserev.clone(),
            branch: self.branch.clone(),
        };
        let (base, diff) = match (&self.diff, &copy) {
            (Some(file), _) => (wanted, read(file)?),
            (None, Some(copy)) => copy.diff(wanted)?,
            (None, None) => {
                return Err(Failure::usage(
                    "this is no git or Mercurial working copy; go to one, or give --diff FILE",
                ));
            }
        };
        if diff.is_empty() {
            let than = base.revision.as_deref().unwrap_or("the newest");
            return Err(Failure::usage(format!(
                "there is nothing to try: no difference to {than}"
            )));
        }
        if diff.len() > MAX_PATCH {
            return Err(Failure::usage(format!(
                "the patch has {} bytes, and a master takes {MAX_PATCH} at the most; push a branch and use `weir force`",
                diff.len()
            )));
        }
        let who = self.who.clone().or_else(|| copy.as_ref()?.who());
        let who = who.or_else(|| std::env::var("USER").ok()).unwrap_or_default();
        let of_whom = match who.as_str() {
            "" => "try job".to_owned(),
            who => format!("try job of {who}"),
        };
        let reason = match (&self.reason, &self.comment) {
            (Some(reason), _) => reason.clone(),
            (None, Some(comment)) => format!("{of_whom}: {comment}"),
            (None, None) => of_whom,
        };
        Ok(Job {
            base,
            diff,
            who,
            reason,
        })
    }

    fn show(&self, job: &Job) -> Result<(), Failure> {
        let or = |text: &Option<String>, none: &str| text.clone().unwrap_or_else(|| none.to_owned());
        let builders = match self.builders.as_slice() {
            [] => "all of the scheduler's".to_owned(),
            some => some.join(", "),
        };
        say(format!("builders: {builders}"))?;
        say(format!("branch: {}", or(&job.base.branch, "the default")))?;
        say(format!("revision: {}", or(&job.base.revision, "the newest")))?;
        say(format!("who: {}", job.who))?;
        say(format!("reason: {}", job.reason))?;
        for property in &self.properties {
            say(format!("property: {property}"))?;
        }
        say(format!(
            "patch: {} bytes, level {}\n",
            job.diff.len(),
            self.patchlevel
        ))?;
        Ok(std::io::stdout().write_all(&job.diff)?)
    }

    fn params(&self, door: &Door, job: &Job, properties: Map<String, Value>) -> Result<ForceParams, Failure> {
        let mut values = BTreeMap::new();
        let mut set = |part: &str, value: Value| drop(values.insert(format!("{}_{part}", door.patch), value));
        set("body_base64", STANDARD.encode(&job.diff).into());
        set("level", self.patchlevel.into());
        set("author", job.who.as_str().into());
        set("comment", self.comment.as_deref().unwrap_or_default().into());
        set("subdir", self.subdir.as_deref().unwrap_or_default().into());
        if !properties.is_empty() {
            let Some(field) = &door.properties else {
                return Err(Failure::usage(format!(
                    "the scheduler {} takes no properties",
                    door.scheduler.name
                )));
            };
            values.insert(field.clone(), properties.into());
        }
        let mut params = ForceParams {
            builders: door.builders.clone(),
            reason: Some(job.reason.clone()),
            priority: self.priority,
            ..ForceParams::default()
        };
        let Base { revision, branch } = job.base.clone();
        if door.codebase == door.scheduler.defaults.codebase {
            (params.revision, params.branch) = (revision, branch);
        } else {
            for (part, text) in [("revision", revision), ("branch", branch)] {
                let name = format!("{}_{part}", door.codebase);
                values.extend(text.map(|it| (name, it.into())));
            }
        }
        params.values = values;
        Ok(params)
    }
}

fn read(file: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![];
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes),
        _ => std::fs::File::open(file).and_then(|mut it| it.read_to_end(&mut bytes)),
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::usage(format!(
            "{} cannot be read: {error}",
            file.display()
        ))),
    }
}

/// The scheduler by which the patch goes in.
struct Door {
    scheduler: ForceScheduler,
    builders: Vec<String>,
    /// The name of the field of the patch.
    patch: String,
    /// The codebase that it patches.
    codebase: String,
    /// The name of the field of any properties, if it has one.
    properties: Option<String>,
}

impl Door {
    async fn find(api: &Arc<dyn StatusApi>, asked: &Try) -> Result<Self, Failure> {
        let mut found = match &asked.scheduler {
            Some(name) => {
                let key = Key::ForceScheduler(name.clone());
                vec![api.one::<ForceScheduler>(key).await?.value]
            }
            None => all(api).await?,
        };
        found.retain(|it| it.fields.iter().any(is_patch));
        if let (Some(name), []) = (&asked.scheduler, found.as_slice()) {
            return Err(Failure::usage(format!("the scheduler {name} takes no patches")));
        }
        if found.is_empty() {
            return Err(Failure::usage(
                "no scheduler of the master takes patches; try_jobs(…) in its configuration makes one",
            ));
        }
        let known: Vec<String> = found.iter().flat_map(|it| it.builder_names.clone()).collect();
        found.retain(|it| {
            asked
                .builders
                .iter()
                .all(|builder| it.builder_names.contains(builder))
        });
        // A form that may have a patch, and can do without, is for other things first.
        let is_for_patches = |it: &ForceScheduler| it.fields.iter().any(|it| is_patch(it) && it.required);
        if found.iter().any(is_for_patches) {
            found.retain(is_for_patches);
        }
        match found.as_slice() {
            [_] => Self::of(found.remove(0), asked),
            [] => Err(Failure::usage(format!(
                "no scheduler takes patches for {}; there is {}",
                asked.builders.join(" and "),
                known.join(", ")
            ))),
            several => {
                let names: Vec<&str> = several.iter().map(|it| it.name.as_str()).collect();
                Err(Failure::usage(format!(
                    "several schedulers take patches; choose with --scheduler: {}",
                    names.join(", ")
                )))
            }
        }
    }

    fn of(scheduler: ForceScheduler, asked: &Try) -> Result<Self, Failure> {
        let patches: Vec<(&str, &str)> = scheduler
            .fields
            .iter()
            .filter_map(|it| match &it.kind {
                ForceFieldKind::Patch { codebase } => Some((it.name.as_str(), codebase.as_str())),
                _ => None,
            })
            .filter(|(_, codebase)| asked.codebase.as_deref().is_none_or(|it| it == *codebase))
            .collect();
        let [(patch, codebase)] = patches.as_slice() else {
            let all = scheduler.fields.iter().filter_map(|it| match &it.kind {
                ForceFieldKind::Patch { codebase } => Some(codebase.as_str()),
                _ => None,
            });
            let all = all.collect::<Vec<_>>().join(", ");
            return Err(Failure::usage(format!(
                "the scheduler {} takes patches of several codebases; choose with --codebase: {all}",
                scheduler.name
            )));
        };
        let any = scheduler
            .fields
            .iter()
            .find(|it| it.kind == ForceFieldKind::Properties);
        Ok(Self {
            builders: match asked.builders.as_slice() {
                [] => scheduler.builder_names.clone(),
                some => some.to_vec(),
            },
            patch: (*patch).to_owned(),
            codebase: (*codebase).to_owned(),
            properties: any.map(|it| it.name.clone()),
            scheduler,
        })
    }
}

fn is_patch(field: &ForceField) -> bool {
    matches!(field.kind, ForceFieldKind::Patch { .. })
}

async fn all(api: &Arc<dyn StatusApi>) -> Result<Vec<ForceScheduler>, Failure> {
    let mut all = vec![];
    let mut pages = api.pages(Query::<ForceScheduler>::new());
    while let Some(page) = pages.next().await? {
        all.extend(page.items.into_iter().filter(|it| it.enabled));
    }
    Ok(all)
}

/// Shows the builds, one after the other; fails if one did.
async fn wait_for_all(
    api: &Arc<dyn StatusApi>,
    requests: Vec<(BuilderId, String, BuildRequestId)>,
) -> Result<(), Failure> {
    let is_only = requests.len() == 1;
    let mut worst = Results::Success;
    let mut unbuilt = None;
    for (_, name, request) in requests {
        match wait(api, &name, request).await {
            Ok(results) => {
                worst = worst.worst(results);
                if !is_only {
                    say(format!("{name}: {}", Look::of_stdout().results(results)))?;
                }
            }
            Err(failure) if is_only => return Err(failure),
            // The others are still worth a look.
            Err(failure) => {
                failure.report();
                unbuilt = Some(Failure::silent(1));
            }
        }
    }
    unbuilt.map_or_else(|| success(worst), Err)
}
