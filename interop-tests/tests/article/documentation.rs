//! `docs/article.md` shows the programs as they are.

use std::fs;

use crate::checkout::root;
use crate::tour::END;

/// A program is shown below a comment that names its file.
const MARK: &str = "<!-- the whole of ";

#[test]
fn the_programs_in_the_documentation_are_the_files() {
    let text = read("docs/article.md");
    let mut shown = Vec::new();
    for part in text.split(MARK).skip(1) {
        let (path, rest) = part.split_once(" -->\n").expect("the comment ends");
        assert_eq!(
            fenced_block(rest),
            read(path),
            "docs/article.md shows another {path}"
        );
        shown.push(path);
    }
    assert_eq!(
        shown,
        [
            "proto/hello.proto",
            "python/article/main.py",
            "go/article/main/main.go",
            "rust/article/src/bin/article-main.rs",
            "python/article/server.py",
            "go/article/server/main.go",
            "rust/article/src/bin/article-server.rs",
            "python/article/client.py",
            "go/article/client/main.go",
            "rust/article/src/bin/article-client.rs",
        ]
    );
}

/// What a test of the tour expects is what readers are shown.
#[test]
fn the_output_in_the_documentation_is_that_of_the_tour() {
    let shown = format!("{END}```\n");
    assert!(
        read("docs/article.md").contains(&shown),
        "docs/article.md does not show\n{shown}"
    );
    let (tables, _) = END
        .rsplit_once("\n\n")
        .expect("the verdict stands apart from the tables");
    assert!(
        read("README.zh-CN.md").contains(tables),
        "README.zh-CN.md does not show\n{tables}"
    );
}

/// The table names tests as `article::module::test`; each must be one of this program.
#[test]
fn the_tests_that_the_documentation_names_exist() {
    let text = read("docs/article.md");
    let named: Vec<_> = text
        .split("--test article ")
        .skip(1)
        .map(|rest| {
            rest.split(['`', ' ', '\n'])
                .next()
                .expect("split gives one")
        })
        .collect();
    assert!(!named.is_empty(), "docs/article.md names no test");
    for name in named {
        let (module, test) = name.split_once("::").expect("a module and a test");
        let source = read(&format!("interop-tests/tests/article/{module}.rs"));
        assert!(
            source.contains(&format!("fn {test}()")),
            "there is no test {name}"
        );
    }
}

fn fenced_block(text: &str) -> &str {
    let (_, block) = text.split_once("```").expect("a block begins");
    let (_, block) = block.split_once('\n').expect("the language ends its line");
    let end = block.find("```").expect("the block ends");
    &block[..end]
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
