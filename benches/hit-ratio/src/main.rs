//! The program, and the bench that is the same.

fn main() -> std::process::ExitCode {
    sharded_hit_ratio::run()
}
