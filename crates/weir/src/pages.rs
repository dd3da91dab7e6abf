//! Which pages a site shows: the web status, or Buildbot's own, where those are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use weir_web::{BuildbotPages, BuildbotPlugin};

use crate::failure::Failure;

/// The package of Buildbot's pages, and the file that says that it is whole.
const PACKAGE: &str = "buildbot_www";
const INDEX: &str = "static/index.html";
/// The version of Buildbot whose pages ask for what Weir answers.
const MAJOR: &str = "4.";
/// Where Python's packages register their plugins of Buildbot's pages.
const GROUP: &str = "[buildbot.www]";
/// What each plugin of these pages has; one without is for pages that are no more.
const SCRIPTS: &str = "scripts.js";

/// Which pages a site shows, from the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Pages {
    /// The pages to serve: the web status, or Buildbot's own with the plugins that are installed beside them.
    #[arg(long, value_enum, default_value_t = Ui::Weir)]
    ui: Ui,
    /// Where Buildbot's packages are: a virtual environment, a Python in which they are installed, or the folder that
    /// `buildbot_www` is in; else `$VIRTUAL_ENV`, or what `python3` finds.
    #[arg(long, value_name = "PATH")]
    ui_from: Option<PathBuf>,
    /// What Buildbot's pages are set to until a reader chooses otherwise: a file with a JSON object, such as
    /// `{"Grid.revisionLimit": 10}`; Buildbot's `ui_default_config`.
    #[arg(long, value_name = "FILE")]
    ui_settings: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ui {
    /// The web status.
    Weir,
    /// Buildbot's pages.
    Buildbot,
}

impl Pages {
    /// Buildbot's pages, if they are asked for.
    pub(crate) fn buildbot(&self) -> Result<Option<BuildbotPages>, Failure> {
        match (self.ui, &self.ui_from, &self.ui_settings) {
            (Ui::Weir, None, None) => Ok(None),
            (Ui::Weir, Some(_), _) => Err(Failure::usage(
                "--ui-from says where --ui buildbot finds its pages",
            )),
            (Ui::Weir, None, Some(_)) => Err(Failure::usage(
                "--ui-settings is for --ui buildbot; the web status has its defaults in config.json",
            )),
            (Ui::Buildbot, from, settings) => {
                let pages = find(from.as_deref()).map_err(Failure::usage)?;
                let settings = settings.as_deref().map(read_settings).transpose();
                let pages = pages.with_settings(settings.map_err(Failure::usage)?.unwrap_or_default());
                let plugins: Vec<&str> = pages.plugins().iter().map(|it| it.name.as_str()).collect();
                tracing::info!(
                    version = pages.version(),
                    plugins = plugins.join(" "),
                    "serving Buildbot's pages"
                );
                Ok(Some(pages))
            }
        }
    }
}

/// The values of settings in a file; each is a number, a text, true or false, as the pages know them.
fn read_settings(file: &Path) -> Result<Map<String, Value>, String> {
    let place = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{place} cannot be read: {error}"))?;
    let settings: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        format!("{place} holds no JSON object such as {{\"Grid.revisionLimit\": 10}}: {error}")
    })?;
    match settings
        .iter()
        .find(|(_, it)| it.is_null() || it.is_array() || it.is_object())
    {
        None => Ok(settings),
        Some((name, value)) => Err(format!(
            "{place}: `{name}` is {value}, and not a number, a text, true or false"
        )),
    }
}

/// Finds the pages, or says what is missing.
fn find(from: Option<&Path>) -> Result<BuildbotPages, String> {
    let environment = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let (folders, place) = match from.map(Path::to_owned).or(environment) {
        Some(path) => (folders_of(&path)?, path.display().to_string()),
        None => {
            const HOW: &str = "say with --ui-from where Buildbot's packages are installed";
            let folders = searched_by(Path::new("python3")).map_err(|why| format!("{why}; {HOW}"))?;
            (folders, "python3".to_owned())
        }
    };
    let mut packages = folders.iter().map(|it| it.join(PACKAGE));
    let package = packages.find(|it| it.join(INDEX).is_file()).ok_or_else(|| {
        format!(
            "there is no package {PACKAGE}, Buildbot's pages, in {place}; \
             `pip install buildbot-www==4.3.0 buildbot-waterfall-view buildbot-grid-view buildbot-console-view` \
             installs it with the usual plugins, and --ui-from says where it is"
        )
    })?;
    let version = std::fs::read_to_string(package.join("VERSION")).unwrap_or_default();
    let version = version.trim();
    if !version.starts_with(MAJOR) {
        return Err(format!(
            "the pages in {} are of Buildbot {version}, and ask for what is no more; those of Buildbot 4 are needed",
            package.display()
        ));
    }
    let mut plugins: Vec<BuildbotPlugin> = vec![];
    for plugin in folders.iter().flat_map(|it| plugins_in(it)) {
        // As Python does: what is found first is what there is.
        if plugins.iter().all(|it| it.name != plugin.name) {
            plugins.push(plugin);
        }
    }
    BuildbotPages::open(&package.join("static"), version.to_owned(), plugins)
        .map_err(|error| format!("{} cannot be read: {error}", package.join(INDEX).display()))
}

/// The folders in which Python's packages are that `path` stands for.
fn folders_of(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.is_file() {
        return searched_by(path);
    }
    if !path.is_dir() {
        return Err(format!("there is nothing at {}", path.display()));
    }
    if path.join(INDEX).is_file() {
        return Ok(vec![path.join("..")]);
    }
    if path.join(PACKAGE).is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    // A virtual environment, on each kind of system.
    let mut folders = vec![path.join("Lib").join("site-packages")];
    for library in ["lib", "lib64"] {
        for version in entries(&path.join(library)) {
            folders.push(version.join("site-packages"));
        }
    }
    Ok(folders)
}

/// The folders that a Python looks for packages in.
fn searched_by(python: &Path) -> Result<Vec<PathBuf>, String> {
    const PROGRAM: &str = "import sys\nfor folder in sys.path[1:]: print(folder)";
    let output = Command::new(python).args(["-c", PROGRAM]).output();
    let output = output.map_err(|error| format!("{} cannot be run: {error}", python.display()))?;
    if !output.status.success() {
        return Err(format!("{} is no Python that works", python.display()));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.lines().map(PathBuf::from).filter(|it| it.is_dir()).collect())
}

/// The plugins of Buildbot's pages that are installed in `folder`.
fn plugins_in(folder: &Path) -> Vec<BuildbotPlugin> {
    let distributions = entries(folder).into_iter();
    let registered = distributions
        .filter(|it| {
            it.extension()
                .is_some_and(|it| it == "dist-info" || it == "egg-info")
        })
        .filter_map(|it| std::fs::read_to_string(it.join("entry_points.txt")).ok());
    registered
        .flat_map(|text| plugins_of(&text))
        .map(|(name, package)| BuildbotPlugin {
            name,
            folder: folder.join(package.replace('.', "/")).join("static"),
        })
        .filter(|plugin| plugin.folder.join(SCRIPTS).is_file())
        .collect()
}

/// Names and packages of a distribution's plugins of Buildbot's pages.
fn plugins_of(entry_points: &str) -> Vec<(String, String)> {
    let lines = entry_points.lines().map(str::trim);
    let ours = lines.skip_while(|it| *it != GROUP).skip(1);
    ours.take_while(|it| !it.starts_with('['))
        .filter_map(|line| {
            let (name, place) = line.split_once('=')?;
            let package = place.split(':').next()?.trim();
            Some((name.trim().to_owned(), package.to_owned()))
        })
        .collect()
}

/// What is in a folder; nothing if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|it| it.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What an installation has of Buildbot's packages.
    fn install(folder: &Path, version: &str) {
        let files = [
            ("buildbot_www/VERSION", version),
            ("buildbot_www/static/index.html", "<p>"),
            ("buildbot_grid_view/static/scripts.js", ""),
            (
                "buildbot_grid_view-4.3.0.dist-info/entry_points.txt",
                "[console_scripts]\nx = y:z\n\n[buildbot.www]\ngrid_view = buildbot_grid_view:ep\n",
            ),
            (
                "buildbot_badges-4.3.0.dist-info/entry_points.txt",
                "[buildbot.www]\nbadges = buildbot_badges:ep\n",
            ),
        ];
        for (name, text) in files {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    #[test]
    fn buildbots_pages_are_found_where_they_are_installed() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("lib/python3.11/site-packages");
        install(&site, "4.3.0\n");
        for path in [folder.path(), &site, &site.join(PACKAGE)] {
            let pages = find(Some(path)).unwrap();
            assert_eq!(pages.version(), "4.3.0");
            let names: Vec<&str> = pages.plugins().iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names, ["grid_view"], "{}", path.display());
        }
    }

    #[test]
    fn settings_are_plain_values() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &str| {
            fs::write(file.path(), text).unwrap();
            read_settings(file.path())
        };
        let settings = read(r#"{"Grid.revisionLimit": 10, "Grid.fullChanges": true}"#).unwrap();
        assert_eq!(settings["Grid.revisionLimit"], 10);
        for (text, why) in [
            ("[]", "holds no JSON object"),
            ("{", "holds no JSON object"),
            (r#"{"Grid": {"revisionLimit": 10}}"#, "`Grid` is {"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = find(Some(folder.path())).unwrap_err();
        assert!(nothing.contains("there is no package buildbot_www"), "{nothing}");
        let nowhere = find(Some(&folder.path().join("x"))).unwrap_err();
        assert!(nowhere.contains("there is nothing at"), "{nowhere}");
        install(folder.path(), "3.11.9");
        let old = find(Some(folder.path())).unwrap_err();
        assert!(old.contains("of Buildbot 3.11.9"), "{old}");
    }
}
