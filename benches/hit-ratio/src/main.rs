//! The program.

fn main() -> std::process::ExitCode {
    sharded_hit_ratio::run()
}
