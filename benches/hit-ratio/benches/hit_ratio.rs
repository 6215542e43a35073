//! The program as a bench: `cargo bench -p sharded-hit-ratio`.

fn main() -> std::process::ExitCode {
    sharded_hit_ratio::main()
}
