//! What the program says without a master. How it does with one is tested where there is one: with `weir` itself.

use std::process::Command;

#[test]
fn without_arguments_it_says_what_it_needs() {
    let output = Command::new(env!("CARGO_BIN_EXE_rust-listener"))
        .output()
        .expect("it starts");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("say which master"), "{said}");
}
