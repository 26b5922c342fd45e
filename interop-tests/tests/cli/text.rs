//! Holds what was printed against a snapshot, without what differs from run to run.

/// `assert_text!(folder, text)`: the text is that of this test's snapshot, whatever the
/// temporary folder is called.
macro_rules! assert_text {
    ($folder:expr, $text:expr) => {
        let text = $text.replace(&$folder.display().to_string(), "[FOLDER]");
        insta::with_settings!({ filters => wirecheck_interop_tests::varying::VARYING }, {
            insta::assert_snapshot!(text);
        })
    };
    // One of several in a test, by its name.
    ($name:expr, $folder:expr, $text:expr) => {
        let text = $text.replace(&$folder.display().to_string(), "[FOLDER]");
        insta::with_settings!({ filters => wirecheck_interop_tests::varying::VARYING }, {
            insta::assert_snapshot!($name, text);
        })
    };
}
pub(crate) use assert_text;
