//! Generates the protocol's code from `proto/weir/worker/v1`, without `protoc`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = "../../proto";
    let file = "weir/worker/v1/worker.proto";
    println!("cargo::rerun-if-changed={root}/{file}");
    let descriptors = protox::compile([file], [root])?;
    tonic_prost_build::configure()
        .bytes(".weir.worker.v1")
        .btree_map(".weir.worker.v1")
        .compile_fds(descriptors)?;
    Ok(())
}
