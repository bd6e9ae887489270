//! The README's lines, run against a demo as a reader would have it: in the folder of the repository, but for the ports.

use std::os::unix::fs::symlink;

use anyhow::Result;
use e2e::platform::Platform;
use e2e::{program, readme};

#[tokio::test]
async fn the_tested_lines_of_the_readme_work() -> Result<()> {
    let text = std::fs::read_to_string(program::repository().join("README.md"))?;
    let blocks = readme::tested_blocks(&text);
    assert!(!blocks.is_empty(), "README.md has blocks after <!-- tested -->");
    let folder = tempfile::tempdir()?;
    let programs = folder.path().join("target/release");
    std::fs::create_dir_all(&programs)?;
    for name in ["gridtally", "gridtally-simulator"] {
        symlink(program::path(name)?, programs.join(name))?;
    }
    let demo = Platform::start(
        "demo",
        &folder.path().join("gridtally-data"),
        &["--households", "15"],
    )?;
    demo.wait_for_line("Serving until Ctrl-C")?;
    let ready = demo.ready();
    let ports = [
        ("127.0.0.1:50051", &ready.device_grpc),
        ("127.0.0.1:8080", &ready.staff_http),
        ("127.0.0.1:9100", &ready.metrics),
        ("localhost:50051", &ready.device_grpc),
        ("localhost:8080", &ready.staff_http),
        ("localhost:9100", &ready.metrics),
    ];
    // Later blocks may use the variables of earlier ones, as in one shell.
    let mut script = String::new();
    for block in blocks {
        let printed_before = readme::run(&script, folder.path())?.len();
        script.push_str(
            &ports
                .iter()
                .fold(block.clone(), |text, (printed, real)| text.replace(printed, real)),
        );
        script.push('\n');
        let printed = readme::run(&script, folder.path())?;
        assert!(
            printed.len() > printed_before || block.contains('='),
            "{block}\nprinted nothing"
        );
    }
    demo.stop()?;
    Ok(())
}
