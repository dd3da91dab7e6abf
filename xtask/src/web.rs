//! The web status as static files, to be put on any web server.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::process::{root, target};
use crate::test::build_web;

/// What a deployment says of itself; see the web status's README.
#[derive(Default, clap::Args)]
pub(crate) struct Deployment {
    /// The folder for the files, in place of `web` in cargo's target folder. What else is in it stays.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Address of the site whose API the page shows, such as `https://master.example.org/`; relative addresses are relative
    /// to the page.
    #[arg(long, value_name = "ADDRESS")]
    api: Option<String>,
    /// The name that the page shows, in place of the master's.
    #[arg(long)]
    title: Option<String>,
    /// Address of a module with a view from outside, on the page's own site; may be repeated.
    #[arg(long = "view", value_name = "ADDRESS")]
    views: Vec<String>,
    /// Address of a style sheet with another look, on the page's own site.
    #[arg(long, value_name = "ADDRESS")]
    theme: Option<String>,
}

/// Builds the web status into `web-status/dist`, and puts it where it was asked for.
pub(crate) fn make(deployment: &Deployment) -> Result<(), String> {
    build_web()?;
    let folder = deployment.to.clone().unwrap_or_else(|| target().join("web"));
    deploy(&root().join("web-status/dist"), &folder, deployment)
        .map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
    println!("the web status is in {}", folder.display());
    Ok(())
}

/// Replaces the page's files in `folder`. A `config.json` that is there stays, unless it is told what to say.
fn deploy(built: &Path, folder: &Path, deployment: &Deployment) -> io::Result<()> {
    let config = folder.join("config.json");
    let kept = match deployment.config() {
        Some(told) => Some(told.into_bytes()),
        None => fs::read(&config).ok(),
    };
    // The names in there hold hashes: those of the last time would stay for ever.
    match fs::remove_dir_all(folder.join("assets")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => copy(built, folder)?,
    }
    kept.map_or(Ok(()), |kept| fs::write(config, kept))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl Deployment {
    /// The `config.json` that says this; none if nothing is said.
    fn config(&self) -> Option<String> {
        let texts = [("api", &self.api), ("title", &self.title), ("theme", &self.theme)];
        let mut entries: Vec<String> = texts
            .into_iter()
            .filter_map(|(name, text)| Some(format!("\"{name}\": {}", quote(text.as_deref()?))))
            .collect();
        if !self.views.is_empty() {
            let views: Vec<String> = self.views.iter().map(|it| quote(it)).collect();
            entries.push(format!("\"views\": [{}]", views.join(", ")));
        }
        (!entries.is_empty()).then(|| format!("{{ {} }}\n", entries.join(", ")))
    }
}

/// A text as JSON has it.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty folder of this test's own.
    fn folder(name: &str) -> PathBuf {
        let folder = target().join("deploy-test").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn built(folder: &Path, script: &str) -> PathBuf {
        let built = folder.join("dist");
        let _ = fs::remove_dir_all(&built);
        fs::create_dir_all(built.join("assets")).unwrap();
        fs::write(built.join("index.html"), script).unwrap();
        fs::write(built.join("assets").join(script), "").unwrap();
        fs::write(built.join("config.json"), "{ \"api\": \".\" }").unwrap();
        built
    }

    #[test]
    fn a_deployment_replaces_the_page_and_keeps_what_is_the_sites_own() {
        let folder = folder("again");
        let site = folder.join("site");
        let told = Deployment {
            api: Some("https://master.example/".to_owned()),
            views: vec!["./views/pulse/view.js".to_owned()],
            ..Deployment::default()
        };
        deploy(&built(&folder, "one.js"), &site, &told).unwrap();
        fs::create_dir_all(site.join("views")).unwrap();
        fs::write(site.join("views/mine.js"), "mine").unwrap();
        deploy(&built(&folder, "two.js"), &site, &Deployment::default()).unwrap();
        assert_eq!(fs::read_to_string(site.join("index.html")).unwrap(), "two.js");
        assert!(!site.join("assets/one.js").exists());
        assert!(site.join("assets/two.js").exists());
        assert_eq!(fs::read_to_string(site.join("views/mine.js")).unwrap(), "mine");
        let config = fs::read_to_string(site.join("config.json")).unwrap();
        let wanted = "{ \"api\": \"https://master.example/\", \"views\": [\"./views/pulse/view.js\"] }\n";
        assert_eq!(config, wanted);
    }

    #[test]
    fn a_deployment_that_says_nothing_has_the_usual_configuration() {
        let folder = folder("first");
        let site = folder.join("site");
        deploy(&built(&folder, "one.js"), &site, &Deployment::default()).unwrap();
        let config = fs::read_to_string(site.join("config.json")).unwrap();
        assert_eq!(config, "{ \"api\": \".\" }");
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quote("a \"b\" \\ \n ü"), "\"a \\\"b\\\" \\\\ \\u000a ü\"");
    }
}
