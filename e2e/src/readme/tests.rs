use super::tested_blocks;

#[test]
fn only_tagged_shell_blocks_are_taken() {
    let text = "a\n```sh\nno\n```\n<!-- tested -->\n```sh\nyes 1\nyes 2\n```\nb\n<!-- tested -->\n\n```sh\nthree\n```\n<!-- tested -->\n```text\nno\n```\n";
    assert_eq!(tested_blocks(text), ["yes 1\nyes 2", "three"]);
}
