//! Generates Rust from `proto/weir/status/v1` without `protoc`, and keeps the descriptors for reflection.

use std::error::Error;
use std::path::PathBuf;

use tonic_prost_build::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!(
        "cargo::rerun-if-changed={}",
        root.join("weir/status/v1").display()
    );
    let descriptors: FileDescriptorSet = protox::compile(
        [
            "weir/status/v1/service.proto",
            "weir/status/v1/access.proto",
            "weir/status/v1/errors.proto",
        ],
        [&root],
    )?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(
        out.join("weir.status.v1.bin"),
        prost::Message::encode_to_vec(&descriptors),
    )?;
    tonic_prost_build::configure()
        .btree_map(".")
        // Those with secrets show themselves by hand.
        .skip_debug(["weir.status.v1.SignInRequest", "weir.status.v1.IssuedToken"])
        .build_server(false)
        .compile_fds(descriptors.clone())?;
    // The services apart, for what a watch gives is encoded already when it comes to them.
    let services = out.join("services");
    std::fs::create_dir_all(&services)?;
    tonic_prost_build::configure()
        .extern_path(".weir.status.v1.WatchResponse", "crate::server::Frame")
        .extern_path(".weir.status.v1", "crate::v1")
        .build_client(false)
        .out_dir(services)
        .compile_fds(descriptors)?;
    Ok(())
}
