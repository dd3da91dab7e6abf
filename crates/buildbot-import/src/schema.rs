//! Whether a database is one that can be read: by its version, and by the tables and columns that are there.

use crate::error::{Error, Result};
use crate::source::Source;

/// The first version: that of Buildbot 2.10.
const OLDEST: i64 = 55;

/// What came with a version, as the tables and columns that are read tell it.
const ADDED: &[(i64, &str, &str)] = &[
    (56, "test_result_sets", "id"),
    (56, "test_results", "id"),
    (57, "build_data", "value"),
    (58, "build_data", "length"),
    (60, "projects", "slug"),
    (60, "builders", "projectid"),
    (61, "builders", "description_format"),
    (62, "projects", "description_format"),
    (63, "steps", "locks_acquired_at"),
    (64, "workers", "pause_reason"),
    (65, "buildsets", "rebuilt_buildid"),
    (66, "builds", "locks_duration_s"),
    (67, "codebases", "slug"),
    (67, "codebase_commits", "revision"),
    (67, "codebase_branches", "name"),
];

/// What has been there since before.
const BASE: &[(&str, &str)] = &[
    ("masters", "last_active"),
    ("builders", "name"),
    ("tags", "name"),
    ("builders_tags", "tagid"),
    ("workers", "info"),
    ("schedulers", "enabled"),
    ("changesources", "name"),
    ("patches", "patch_base64"),
    ("sourcestamps", "patchid"),
    ("changes", "committer"),
    ("change_files", "filename"),
    ("change_properties", "property_value"),
    ("buildsets", "parent_buildid"),
    ("buildset_properties", "property_value"),
    ("buildset_sourcestamps", "sourcestampid"),
    ("buildrequests", "waited_for"),
    ("buildrequest_claims", "claimed_at"),
    ("builds", "buildrequestid"),
    ("build_properties", "value"),
    ("steps", "hidden"),
    ("logs", "slug"),
    ("logchunks", "compressed"),
    ("users", "bb_username"),
    ("users_info", "attr_data"),
];

/// What to do about a database that is not as it should be.
const UPGRADE: &str = "run `buildbot upgrade-master` on its folder, then import again";

/// The version of the database's schema.
///
/// # Errors
/// [`Error::Schema`] if it is no database of Buildbot, older than 2.10, or not wholly migrated.
pub(crate) async fn version(source: &mut Source) -> Result<i64> {
    let refused = |source: &Source, why: String| {
        Err(Error::Schema {
            place: source.shown(),
            why,
        })
    };
    let Some(version) = stated(source).await? else {
        return refused(
            source,
            "is no database of Buildbot 2.10 or later: it says no version of its tables".to_owned(),
        );
    };
    if version < OLDEST {
        let why = format!(
            "is of a Buildbot before 2.10 (its tables have version {version}, {OLDEST} is the first that is read): \
             with Buildbot 2.10, {UPGRADE}"
        );
        return refused(source, why);
    }
    let half = |what: String| {
        format!("is half-migrated, for it says that its tables have version {version}, {what}: {UPGRADE}")
    };
    if let Some(table) = source.tables().find(|name| name.starts_with("_alembic_tmp_")) {
        let what = half(format!("but a migration has left `{table}`"));
        return refused(source, what);
    }
    let base = BASE.iter().map(|(table, column)| (OLDEST, *table, *column));
    for (since, table, column) in base.chain(ADDED.iter().copied()) {
        match (source.has(table, column), since <= version) {
            (false, true) => {
                let what = half(format!("and has no `{column}` in `{table}`"));
                return refused(source, what);
            }
            (true, false) => {
                let what = half(format!(
                    "and has `{column}` in `{table}`, which came with {since}"
                ));
                return refused(source, what);
            }
            _ => {}
        }
    }
    Ok(version)
}

/// What the database says of itself: since Buildbot 3.4 as Alembic has it, before as SQLAlchemy-migrate had it.
async fn stated(source: &mut Source) -> Result<Option<i64>> {
    let mut found = source.read("alembic_version", &["version_num"], "").await?;
    if let Some(record) = found.first_mut() {
        let text = record.text();
        let digits = text
            .split(|it: char| !it.is_ascii_digit())
            .next()
            .unwrap_or_default();
        // A version that is no number is one that is not known yet.
        return Ok(Some(digits.parse().unwrap_or(i64::MAX)));
    }
    let mut found = source.read("migrate_version", &["#version"], "").await?;
    Ok(found.first_mut().map(|record| record.int()))
}
