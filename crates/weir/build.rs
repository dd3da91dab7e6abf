//! Builds the program again when the web status was built again, whose files it holds.

fn main() {
    println!("cargo:rerun-if-changed=../../web-status/dist");
}
