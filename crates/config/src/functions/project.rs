//! `project(…)` and `codebase(…)`.

use starlark::values::Value;

use crate::call::{Call, Function};
use crate::model::{CodebaseConfig, Description, ProjectConfig};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;

/// The longest slug, as in Buildbot.
const LONGEST_SLUG: usize = 70;

/// The one format of descriptions beside plain text, as in Buildbot.
const MARKDOWN: &str = "markdown";

pub(super) const PROJECT: Function = Function {
    name: "project",
    parameters: &["name", "slug", "description", "description_format"],
    positional: 1,
    any_name: false,
    run: project,
};

pub(super) const CODEBASE: Function = Function {
    name: "codebase",
    parameters: &["name", "project", "slug"],
    positional: 1,
    any_name: false,
    run: codebase,
};

fn project(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::name(LONGEST_SLUG));
    let project = ProjectConfig {
        slug: slug(call, &name),
        description: description(call),
        name: name.clone(),
    };
    call.declare(Kind::Project, &name);
    if call.is_whole() {
        call.declare_within(Kind::ProjectSlug, "", "slug", &project.slug);
    }
    call.session().configure(|config| config.projects.push(project));
    Some(Item::Project(name))
}

fn codebase(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::name(LONGEST_SLUG));
    let project = call.required("project", read::project);
    let codebase = CodebaseConfig {
        slug: slug(call, &name),
        name: name.clone(),
        project: project.clone(),
    };
    if call.is_whole() {
        call.refer(Kind::Project, "project", std::slice::from_ref(&project));
        call.declare_within(Kind::Codebase, &project, "name", &name);
    }
    if call.is_whole() {
        call.declare_within(Kind::CodebaseSlug, &project, "slug", &codebase.slug);
    }
    call.session().configure(|config| config.codebases.push(codebase));
    Some(Item::Codebase { name, project })
}

/// The slug that is given, or the name with `_` for what no identifier has, as Buildbot makes it.
fn slug(call: &mut Call<'_, '_>, name: &str) -> String {
    let given = call.optional("slug", read::identifier_of(LONGEST_SLUG));
    given.unwrap_or_else(|| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let forced: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        if forced.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            format!("_{}", &forced[1..])
        } else {
            forced
        }
    })
}

/// The arguments `description` and `description_format`; it is Markdown unless said otherwise.
pub(super) fn description(call: &mut Call<'_, '_>) -> Option<Description> {
    let format = call.or_none("description_format", description_format, MARKDOWN.to_owned());
    let text = call.optional("description", read::string)?;
    Some(Description { text, format })
}

fn description_format(value: Value<'_>) -> Reading<String> {
    let format = read::text(value)?;
    if format == MARKDOWN {
        return Ok(format);
    }
    let help = nearest(&format, [MARKDOWN]).map_or_else(
        || "give \"markdown\", or None for plain text".to_owned(),
        did_you_mean,
    );
    read::wrong(format!("is no format: '{format}'"), Some(&help))
}
