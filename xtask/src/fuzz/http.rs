//! Random requests to a running master, made of the OpenAPI document by schemathesis.

use std::fs;
use std::path::Path;

use crate::demo::Demo;
use crate::process::{root, run};
use crate::python::python;
use crate::test::build_as_tested;

/// The version whose commands are known here.
const SCHEMATHESIS: &str = "schemathesis>=4.0,<5";

/// Any status from 500 on is a failure, but 501: some operations are told of as not supported.
const CONFIGURATION: &str = r#"hooks = "@HOOKS@"

[checks.not_a_server_error]
expected-statuses = ["1xx", "2xx", "3xx", "4xx", 501]
"#;

/// An answer is not the server's fault, and is as the document has it.
const CHECKS: &str = "--checks=not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,as_the_document_has_it";

/// Asks everything that the document tells of, the edges of each parameter and up to `examples` times by chance, and fails
/// if an answer is the server's fault or not as the document has it. With `seconds`, by chance only, for so long.
///
/// Streams are left out: they do not end.
pub(super) fn ask(seed: u32, examples: u32, seconds: Option<u32>) -> Result<(), String> {
    let python = python().ok_or("Python 3.10 with venv is not installed (Debian: python3-venv)")?;
    let folder = root().join("target").join("fuzz");
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let program = install(python, &folder)?;
    let configuration = folder.join("schemathesis.toml");
    let hooks = root().join("xtask/src/fuzz/checks.py").display().to_string();
    fs::write(&configuration, CONFIGURATION.replace("@HOOKS@", &hooks))
        .map_err(|error| format!("{} cannot be written: {error}", configuration.display()))?;
    let weir = build_as_tested()?.join("weir");
    let demo = Demo::start(&folder.join("master"), &weir, 0, None)?;
    demo.add_history()?;
    let url = demo.url.trim_end_matches('/');
    let document = format!("{url}/api/v2/openapi.json");
    let (seed, examples) = (seed.to_string(), examples.to_string());
    let configuration = configuration.display().to_string();
    // Those of the stateful phase follow links, of which the document has none.
    let (phases, seconds) = match seconds {
        Some(seconds) => ("--phases=fuzzing", Some(format!("--max-time={seconds}"))),
        None => ("--phases=coverage,fuzzing", None),
    };
    let mut arguments = vec![
        "--config-file",
        &configuration,
        "run",
        &document,
        "--url",
        url,
        CHECKS,
        "--exclude-tag=events",
        phases,
        // Without it JSON is shown as text, for people.
        "--header",
        "Accept: application/json",
        "--seed",
        &seed,
        "--max-examples",
        &examples,
        "--generation-database=none",
        "--no-shrink",
        "--continue-on-failure",
        "--suppress-health-check=all",
        "--request-timeout=30",
        "--warnings=off",
        // The master limits what one address may ask; it is waited for.
        "--rate-limit=auto",
    ];
    arguments.extend(seconds.as_deref());
    run(&folder, &program, &arguments)
}

/// Installs schemathesis into an environment of its own, and gives its path.
fn install(python: &str, folder: &Path) -> Result<String, String> {
    let environment = folder.join("python");
    let program = |name: &str| environment.join("bin").join(name).display().to_string();
    if !environment.join("bin").join("pip").is_file() {
        run(
            folder,
            python,
            &["-m", "venv", &environment.display().to_string()],
        )?;
    }
    let install = ["install", "--quiet", "--disable-pip-version-check", SCHEMATHESIS];
    run(folder, &program("pip"), &install)?;
    Ok(program("schemathesis"))
}
