//! What keeps a configuration from being carried over: one message with the place, and nothing is left behind.

use crate::{text, weir};

/// Converts a text with further arguments; gives what was said, and the files that are there then.
fn convert(config: &str, arguments: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("master.cfg"), config).unwrap();
    let output = weir(folder.path(), &[&["convert"], arguments].concat());
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut files: Vec<String> = entries
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    (output.status.code(), text(&output), files)
}

#[test]
fn one_message_tells_the_place_and_nothing_is_left_behind() {
    const RAISES: &str = "import os\ndef f():\n    return {}['x']\n\nf()\n";
    let mistakes: &[(&str, &[&str], &str)] = &[
        (RAISES, &[], "master.cfg:3: KeyError: 'x'"),
        (
            "import os\nhere = os.environ['OF_MY_MASTER']\n",
            &[],
            "master.cfg:2: the environment has no OF_MY_MASTER; set it as it is for Buildbot",
        ),
        ("x = (1,\n", &[], ": it is no Python: "),
        ("print 'x'\n", &[], "2to3 carries it over"),
        ("for k, v in {}.iteritems(): pass\n", &[], "this is Python 2"),
        (
            "import sys\nsys.exit('not today')\n",
            &[],
            "master.cfg:2: it ends itself with sys.exit: not today",
        ),
        (
            "import os\nos._exit(3)\n",
            &[],
            "ended without an answer (exit status: 3)",
        ),
        (
            "while True:\n    try:\n        pass\n    except BaseException:\n        pass\n",
            &["--timeout", "1s"],
            "it was still here after 1 seconds; --timeout gives it longer",
        ),
        (
            "import urllib.request\nurllib.request.urlopen('http://ci.example.org/')\n",
            &[],
            "master.cfg:2: URLError: <urlopen error it reaches for the network (ci.example.org), which is refused while it is \
             read>; with --allow-network it may",
        ),
        (
            "import socket\nsocket.create_connection(('127.0.0.1', 1))\n",
            &["--allow-network"],
            "ConnectionRefusedError",
        ),
        (
            "open('made', 'w')\n",
            &[],
            "master.cfg:1: it writes the file made, which is refused while it is read; with --allow-writes it may",
        ),
        (
            "import subprocess\nsubprocess.check_output(['git', 'describe'])\n",
            &[],
            "master.cfg:2: it runs a program (git describe), which is refused while it is read; with --allow-programs it may",
        ),
        (
            "import nowhere_to_be_found\n",
            &[],
            "master.cfg:1: No module named 'nowhere_to_be_found'; install it for `python3`",
        ),
        ("c = {}\n", &[], "master.cfg: it sets no `BuildmasterConfig`"),
        (
            "x = 1\n",
            &["--python", "no-such-python"],
            "`no-such-python` cannot be run",
        ),
        ("x = 1\n", &["--python", "true"], "`true` ended without an answer"),
    ];
    for (config, arguments, part) in mistakes {
        let (code, said, files) = convert(config, arguments);
        assert_eq!(code, Some(2), "{config}{said}");
        assert!(said.contains(part), "{config}{said}");
        assert_eq!(said.lines().count(), 1, "{config}{said}");
        assert_eq!(files, ["master.cfg"], "{config}{said}");
    }
}

#[test]
fn what_is_there_is_kept() {
    const CONFIG: &str = "from buildbot.plugins import *\nimport subprocess\ntry:\n    subprocess.run(['x'])\nexcept OSError:\n    pass\n\
        print('hello')\nmade = util.BuildFactory([steps.ShellCommand(command=['true'])])\n\
        BuildmasterConfig = {'workers': [worker.Worker('w', 'p')], 'builders': [util.BuilderConfig('b', 'w', factory=made)]}\n";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("master.cfg"), CONFIG).unwrap();
    std::fs::write(path("weir.star"), "mine").unwrap();
    std::fs::write(path("w.password"), "a-password-that-is-in-use").unwrap();
    let refused = weir(folder.path(), &["convert"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused).contains("weir.star is there already; --force"),
        "{}",
        text(&refused)
    );
    assert_eq!(std::fs::read_to_string(path("weir.star")).unwrap(), "mine");

    std::fs::create_dir(path("folder")).unwrap();
    let folder_refused = weir(folder.path(), &["convert", "--force", "--output", "folder"]);
    assert_eq!(folder_refused.status.code(), Some(2));
    assert!(text(&folder_refused).contains("folder is no file that could be written over"));
    std::fs::remove_dir(path("folder")).unwrap();

    let forced = weir(folder.path(), &["convert", "--force"]);
    let said = text(&forced);
    assert!(forced.status.success(), "{said}");
    // What was refused and did not matter to the file is told, and what the file prints is no part of the answer.
    assert!(
        said.contains("master.cfg:4: it runs a program (x), which was refused"),
        "{said}"
    );
    assert!(
        String::from_utf8_lossy(&forced.stderr).contains("hello"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(path("w.password")).unwrap(),
        "a-password-that-is-in-use"
    );
    assert!(weir(folder.path(), &["check"]).status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "{said}");
}
