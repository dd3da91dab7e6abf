//! The proto files as they are stored, and as a test changes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost_types::FileDescriptorSet;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

const FOLDER: &str = "weir/status/v1";

/// The folder that the proto files' names begin in.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")
}

/// Proto files by their full name.
#[derive(Clone)]
pub(crate) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Those of the repository.
    pub(crate) fn stored() -> Self {
        let files = std::fs::read_dir(root().join(FOLDER)).unwrap().map(|it| {
            let path = it.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            (
                format!("{FOLDER}/{name}"),
                std::fs::read_to_string(&path).unwrap(),
            )
        });
        Self(files.collect())
    }

    /// With `new` in place of `old`, which the file `name` must have.
    pub(crate) fn replace(mut self, name: &str, old: &str, new: &str) -> Self {
        let text = self.0.get_mut(&format!("{FOLDER}/{name}")).unwrap();
        assert!(text.contains(old), "{name} has no `{old}`");
        *text = text.replacen(old, new, 1);
        self
    }

    /// With one more file.
    pub(crate) fn add(mut self, name: &str, text: &str) -> Self {
        self.0.insert(format!("{FOLDER}/{name}"), text.to_owned());
        self
    }

    /// What they describe.
    pub(crate) fn compile(&self) -> FileDescriptorSet {
        let mut resolver = ChainFileResolver::new();
        resolver.add(self.clone());
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true);
        compiler.open_files(self.0.keys()).unwrap();
        compiler.file_descriptor_set()
    }
}

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match self.0.get(name) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}
