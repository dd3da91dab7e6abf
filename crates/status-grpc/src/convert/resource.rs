//! The resources.

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, messages, take, wire_of_message};
use crate::v1;

/// Makes something of each struct whose message has the same name and fields.
macro_rules! for_resources {
    ($make:ident) => {
        $make! {
            Property { value, source }
            Master { id, name, active, last_active }
            Builder { id, name, masters, description, description_format, project, tags }
            ConfiguredOn { master, builder }
            WorkerInfo { admin, host, access_uri, version, facts }
            Absence { last_connection, notify }
            Worker { id, name, configured_on, connected_to, info, paused, pause_reason, graceful, absence, away_reason }
            Scheduler { id, name, enabled, master }
            ChangeSource { id, name, master }
            Project { id, name, slug, description, description_format, active }
            Codebase { id, project, name, slug }
            Branch { id, codebase, name, commit, last_moved_at }
            Commit { id, codebase, author, committer, comments, when, revision, parent }
            ForceDefaults { reason, branch, repository, project, codebase }
            ForceField { name, label, kind, default, required }
            TextRules { lines, pattern, max_length }
            ForceSource { branch, revision, repository, project }
            ForceScheduler { name, button_name, label, builder_names, enabled, defaults, properties, fields }
            Patch { id, level, subdir, author, comment, body }
            SourceStamp { id, revision, branch, repository, project, codebase, created_at, patch }
            Change {
                id, parents, author, committer, files, comments, revision, branch, category, revlink, properties,
                repository, project, codebase, source_stamp, when,
            }
            Buildset {
                id, external_id, reason, rebuilt_build, submitted_at, complete_at, results, source_stamps, parent_build,
                parent_relationship,
            }
            BuildRequest {
                id, buildset, builder, priority, claimed_at, claimed_by, complete_at, results, submitted_at, waited_for,
                waiting_for, properties,
            }
            Build {
                id, number, builder, request, worker, master, started_at, complete_at, locks_duration_s, results, state,
                properties,
            }
            Url { name, url }
            Step {
                id, number, name, build, started_at, locks_acquired_at, complete_at, results, state, urls, hidden,
            }
            Log { id, name, slug, step, complete, num_lines, kind }
            LogChunk { log, first_line, content, times }
            LineTime { line, at }
            LogSearch { pattern, ignore_case, first, limit }
            LogHits { log, hits, next, complete }
            LogHit { line, stream, text, text_start, ranges }
            HitRange { begin, end }
            BuildData { build, name, length, source }
            TestResultSet {
                id, builder, build, step, description, category, value_unit, tests_passed, tests_failed, complete,
            }
            TestResult { id, builder, set, test_name, test_code_path, line, duration_ns, value }
            ListenerStatus {
                id, name, kind, held_by, held_until, waiting, waiting_reason, waiting_since, place, dead_letters,
            }
        }
    };
}
#[cfg(test)]
pub(super) use for_resources;

for_resources!(messages);

choice! {
    ForceFieldKind = ForceFieldKind.kind: force_field_kind::Kind {
        ;
        Text {} = force_field_kind::Text,
        Int {} = force_field_kind::Int,
        Bool {} = force_field_kind::Bool,
        Choice { 0: choices } = force_field_kind::Choice,
        Ruled { 0: rules } = force_field_kind::Ruled,
        Within { min: min, max: max } = force_field_kind::Within,
        Choices { choices: choices, strict: strict, multiple: multiple } = force_field_kind::Choices,
        Username {} = force_field_kind::Username,
        Codebase { 0: source } = force_field_kind::Codebase,
        Group { 0: fields } = force_field_kind::Group,
        Patch { codebase: codebase } = force_field_kind::Patch,
        Properties {} = force_field_kind::Properties,
    }
}

choice! { SearchPattern = SearchPattern.pattern: search_pattern::Pattern { Text, Regex, } }
