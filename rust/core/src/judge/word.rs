//! The word of an official interop program on a case, against ours.

use super::check::Check;
use super::expectations::program::tail;
use super::finding::{Culprit, Evidence, Finding, Level, Where};
use super::observed::ProgramSeen;

/// The path of the check that the client made calls.
pub const CALLS: &str = "program.calls";
/// The path of the check of its word.
pub const PATH: &str = "program.word";
/// The code of the finding that the words differ.
pub const CODE: &str = "official/word";

/// Holds the exit code of the program against what was found. That it passes
/// what we do not is told beside the findings themselves; that it fails where
/// nothing was found is the finding.
pub fn check(program: &ProgramSeen, findings: &[Finding]) -> Check {
    let found = findings
        .iter()
        .filter(|finding| finding.level == Level::Must);
    let passes = program.exit == Some(0);
    match (passes, found.count()) {
        (true, 0) | (false, 1..) => Check::met(PATH),
        (true, count) => {
            let what = match count {
                1 => "one thing is".to_owned(),
                count => format!("{count} things are"),
            };
            let sentence =
                format!("the client's word is that the case passes, and {what} not as expected");
            Check::broken(
                PATH,
                differs(program, Level::Info, sentence, "not as expected"),
            )
        }
        (false, 0) => {
            let sentence = format!(
                "the client's word is that the case fails ({}), and nothing else was found",
                program.ended
            );
            Check::broken(PATH, differs(program, Level::Must, sentence, "as expected"))
        }
    }
}

fn differs(program: &ProgramSeen, level: Level, sentence: String, ours: &str) -> Finding {
    Finding {
        code: CODE.into(),
        level,
        culprit: Culprit::Undetermined,
        sentence,
        place: Where::default(),
        expected: Some(Evidence::text(ours)),
        got: Some(Evidence::text(tail(program))),
        section: None,
        path: Some(PATH.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::check::State;

    fn said(exit: i32) -> ProgramSeen {
        ProgramSeen {
            exit: Some(exit),
            ended: format!("exit status: {exit}"),
            gives_word: true,
            ..ProgramSeen::default()
        }
    }

    fn found(level: Level) -> Finding {
        differs(&said(0), level, "something".into(), "")
    }

    fn level(check: &Check) -> Option<Level> {
        match &check.state {
            State::Met => None,
            State::Broken(finding) => Some(finding.level),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn words_that_agree_are_no_finding() {
        assert_eq!(level(&check(&said(0), &[])), None);
        assert_eq!(level(&check(&said(0), &[found(Level::Should)])), None);
        assert_eq!(level(&check(&said(1), &[found(Level::Must)])), None);
    }

    #[test]
    fn a_word_that_differs_is_told_and_changes_the_outcome_only_where_nothing_else_does() {
        let passes = check(&said(0), &[found(Level::Must)]);
        assert_eq!(level(&passes), Some(Level::Info));
        let fails = check(&said(1), &[found(Level::Should)]);
        assert_eq!(level(&fails), Some(Level::Must));
        let killed = ProgramSeen {
            exit: None,
            ..said(1)
        };
        assert_eq!(level(&check(&killed, &[])), Some(Level::Must));
    }
}
