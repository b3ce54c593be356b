//! Builds the program anew when what is built into it changes: `include_dir` does not tell Cargo
//! of the files that it reads.

fn main() {
    for folder in ["life-events", "prompts"] {
        println!("cargo::rerun-if-changed=../../{folder}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
