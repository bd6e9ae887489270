use super::{Ready, RunFile, read};

fn ready() -> Ready {
    let address = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Ready {
        ready: true,
        device_grpc: address(1),
        staff_http: address(2),
        metrics: address(3),
    }
}

#[test]
fn it_is_there_while_somebody_runs() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(folder.path()), None);
    let file = RunFile::write(folder.path(), &ready()).unwrap();
    assert_eq!(read(folder.path()), Some(ready()));
    drop(file);
    assert_eq!(read(folder.path()), None);
}

#[test]
fn the_ready_line_is_a_contract() {
    let line = serde_json::to_string(&ready()).unwrap();
    let expected =
        r#"{"ready":true,"device_grpc":"127.0.0.1:1","staff_http":"127.0.0.1:2","metrics":"127.0.0.1:3"}"#;
    assert_eq!(line, expected);
}
