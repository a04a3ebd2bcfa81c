//! The program.

use std::process::ExitCode;

use clap::Parser;
use sheaf::cli::Cli;
use sheaf::print;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            print::note(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
