//! The tables, the same for both databases.

diesel::table! {
    masters (id) {
        id -> BigInt,
        name -> Text,
        active -> Bool,
        last_active -> BigInt,
        configuration -> Nullable<BigInt>,
    }
}

diesel::table! {
    builders (id) {
        id -> BigInt,
        name -> Text,
        description -> Nullable<Text>,
        description_format -> Nullable<Text>,
        project -> Nullable<BigInt>,
        tags_json -> Text,
    }
}

diesel::table! {
    projects (id) {
        id -> BigInt,
        name -> Text,
        slug -> Text,
        description -> Nullable<Text>,
        description_format -> Nullable<Text>,
    }
}

diesel::table! {
    codebases (id) {
        id -> BigInt,
        project -> BigInt,
        name -> Text,
        slug -> Text,
    }
}

diesel::table! {
    commits (id) {
        id -> BigInt,
        codebase -> BigInt,
        author -> Text,
        committer -> Nullable<Text>,
        comments -> Text,
        made_at -> BigInt,
        revision -> Text,
        parent -> Nullable<BigInt>,
    }
}

diesel::table! {
    branches (id) {
        id -> BigInt,
        codebase -> BigInt,
        name -> Text,
        head -> Nullable<BigInt>,
        last_moved_at -> BigInt,
    }
}

diesel::table! {
    change_sources (id) {
        id -> BigInt,
        name -> Text,
        master -> Nullable<BigInt>,
    }
}

diesel::table! {
    builder_masters (builder, master) {
        builder -> BigInt,
        master -> BigInt,
    }
}

diesel::table! {
    workers (id) {
        id -> BigInt,
        name -> Text,
        info_json -> Text,
        paused -> Bool,
        pause_reason -> Nullable<Text>,
        graceful -> Bool,
        process -> Nullable<Text>,
        away_reason -> Nullable<Text>,
    }
}

diesel::table! {
    configured_workers (worker, master, builder) {
        worker -> BigInt,
        master -> BigInt,
        builder -> BigInt,
    }
}

diesel::table! {
    connected_workers (worker, master) {
        worker -> BigInt,
        master -> BigInt,
    }
}

diesel::table! {
    schedulers (id) {
        id -> BigInt,
        name -> Text,
        enabled -> Bool,
        master -> Nullable<BigInt>,
    }
}

diesel::table! {
    force_schedulers (name) {
        name -> Text,
        label -> Text,
        button_name -> Text,
        builder_names_json -> Text,
        defaults_json -> Text,
        properties_json -> Text,
        fields_json -> Text,
        master -> BigInt,
    }
}

diesel::table! {
    patches (id) {
        id -> BigInt,
        level -> Integer,
        subdir -> Text,
        author -> Text,
        comment -> Text,
        body -> Binary,
    }
}

diesel::table! {
    source_stamps (id) {
        id -> BigInt,
        digest -> Text,
        revision -> Nullable<Text>,
        branch -> Nullable<Text>,
        repository -> Text,
        project -> Text,
        codebase -> Text,
        created_at -> BigInt,
        patch -> Nullable<BigInt>,
    }
}

diesel::table! {
    changes (id) {
        id -> BigInt,
        parents_json -> Text,
        author -> Text,
        committer -> Nullable<Text>,
        files_json -> Text,
        comments -> Text,
        revision -> Nullable<Text>,
        branch -> Nullable<Text>,
        category -> Nullable<Text>,
        revlink -> Nullable<Text>,
        properties_json -> Text,
        repository -> Text,
        project -> Text,
        codebase -> Text,
        source_stamp -> BigInt,
        made_at -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    buildsets (id) {
        id -> BigInt,
        external_id -> Nullable<Text>,
        reason -> Text,
        rebuilt_build -> Nullable<BigInt>,
        submitted_at -> BigInt,
        complete_at -> Nullable<BigInt>,
        results -> Nullable<Integer>,
        parent_build -> Nullable<BigInt>,
        parent_relationship -> Nullable<Text>,
        properties_json -> Text,
        parent_key -> Nullable<Text>,
    }
}

diesel::table! {
    buildset_sources (buildset, source_stamp) {
        buildset -> BigInt,
        source_stamp -> BigInt,
    }
}

diesel::table! {
    buildset_changes (buildset, change) {
        buildset -> BigInt,
        change -> BigInt,
    }
}

diesel::table! {
    build_requests (id) {
        id -> BigInt,
        buildset -> BigInt,
        builder -> BigInt,
        priority -> Integer,
        claimed_at -> Nullable<BigInt>,
        claimed_by -> Nullable<BigInt>,
        complete_at -> Nullable<BigInt>,
        results -> Nullable<Integer>,
        submitted_at -> BigInt,
        waited_for -> Bool,
        cancel_requested -> Bool,
        cancel_reason -> Nullable<Text>,
        waiting_for -> Nullable<Text>,
    }
}

diesel::table! {
    builds (id) {
        id -> BigInt,
        number -> BigInt,
        builder -> BigInt,
        request -> BigInt,
        worker -> BigInt,
        master -> BigInt,
        started_at -> BigInt,
        complete_at -> Nullable<BigInt>,
        locks_duration_s -> BigInt,
        results -> Nullable<Integer>,
        state -> Text,
        stop_requested -> Bool,
        configuration -> Nullable<BigInt>,
        stop_reason -> Nullable<Text>,
        used_secrets -> Nullable<Text>,
    }
}

diesel::table! {
    build_properties (build, name) {
        build -> BigInt,
        name -> Text,
        value_json -> Text,
        source -> Text,
    }
}

diesel::table! {
    steps (id) {
        id -> BigInt,
        number -> BigInt,
        name -> Text,
        build -> BigInt,
        started_at -> Nullable<BigInt>,
        locks_acquired_at -> Nullable<BigInt>,
        complete_at -> Nullable<BigInt>,
        results -> Nullable<Integer>,
        state -> Text,
        urls_json -> Text,
        hidden -> Bool,
    }
}

diesel::table! {
    logs (id) {
        id -> BigInt,
        name -> Text,
        slug -> Text,
        step -> BigInt,
        complete -> Bool,
        num_lines -> BigInt,
        kind -> Text,
        last_stored_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    log_segments (id) {
        id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    log_chunks (log, first_line) {
        log -> BigInt,
        first_line -> BigInt,
        line_count -> BigInt,
        segment -> BigInt,
        byte_offset -> BigInt,
        byte_length -> BigInt,
        stored_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    build_data (build, name) {
        build -> BigInt,
        name -> Text,
        source -> Text,
        length -> BigInt,
        value -> Binary,
    }
}

diesel::table! {
    test_result_sets (id) {
        id -> BigInt,
        builder -> BigInt,
        build -> BigInt,
        step -> BigInt,
        description -> Nullable<Text>,
        category -> Text,
        value_unit -> Text,
        tests_passed -> Nullable<BigInt>,
        tests_failed -> Nullable<BigInt>,
        complete -> Bool,
    }
}

diesel::table! {
    test_results (id) {
        id -> BigInt,
        builder -> BigInt,
        result_set -> BigInt,
        test_name -> Nullable<Text>,
        test_code_path -> Nullable<Text>,
        line -> Nullable<BigInt>,
        duration_ns -> Nullable<BigInt>,
        value -> Text,
    }
}

diesel::table! {
    force_keys (digest) {
        digest -> Text,
        buildset -> Nullable<BigInt>,
        made_at -> BigInt,
    }
}

diesel::table! {
    kept_states (owner) {
        owner -> Text,
        value_json -> Text,
    }
}

diesel::table! {
    listeners (id) {
        id -> BigInt,
        name -> Text,
        kind -> Text,
        holder -> Nullable<Text>,
        held_on -> Nullable<Text>,
        held_until -> Nullable<BigInt>,
        rewinds -> BigInt,
        place -> Nullable<BigInt>,
        done_json -> Text,
        waiting -> Bool,
        waiting_reason -> Nullable<Text>,
        waiting_since -> Nullable<BigInt>,
        dead_letters -> BigInt,
        state_json -> Nullable<Text>,
    }
}

diesel::table! {
    dead_letters (id) {
        id -> BigInt,
        listener -> BigInt,
        event -> BigInt,
        event_at -> BigInt,
        verb -> Text,
        entity_json -> Text,
        why -> Text,
        parked_at -> BigInt,
        again -> Bool,
    }
}

diesel::table! {
    events (id) {
        id -> BigInt,
        at -> BigInt,
        verb -> Text,
        entity_json -> Text,
    }
}

diesel::table! {
    tokens (id) {
        id -> BigInt,
        name -> Text,
        username -> Text,
        origin -> Text,
        scopes -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        hash -> Binary,
    }
}

diesel::table! {
    configurations (id) {
        id -> BigInt,
        digest -> Text,
        body -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    step_checkpoints (step) {
        step -> BigInt,
        number -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    step_plans (step) {
        step -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    step_pieces (step, number) {
        step -> BigInt,
        number -> BigInt,
        body -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    masters,
    builders,
    projects,
    codebases,
    commits,
    branches,
    change_sources,
    builder_masters,
    workers,
    configured_workers,
    connected_workers,
    schedulers,
    force_schedulers,
    patches,
    source_stamps,
    changes,
    buildsets,
    buildset_sources,
    buildset_changes,
    build_requests,
    builds,
    build_properties,
    steps,
    step_plans,
    logs,
    log_segments,
    log_chunks,
    build_data,
    test_result_sets,
    test_results,
    force_keys,
    kept_states,
    listeners,
    dead_letters,
    events,
);
