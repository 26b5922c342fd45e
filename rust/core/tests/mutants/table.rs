//! What is printed.

use std::collections::BTreeMap;
use std::fmt;

use wirecheck_core::judge::finding::Level;
use wirecheck_core::judge::rules::Rule;

use super::Judged;

/// The mutants of all rules.
#[derive(Default)]
pub struct Table {
    pub rows: Vec<Row>,
}

/// Those of one rule.
pub struct Row {
    rule: &'static Rule,
    mutants: usize,
    caught: usize,
    named: usize,
    culprit: usize,
    equivalent: BTreeMap<&'static str, usize>,
    /// The first that were not caught as they should be.
    wrong: Vec<String>,
}

impl Row {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            mutants: 0,
            caught: 0,
            named: 0,
            culprit: 0,
            equivalent: BTreeMap::new(),
            wrong: Vec::new(),
        }
    }

    pub fn count(&mut self, judged: &Judged) {
        match judged {
            Judged::Equivalent(why) => *self.equivalent.entry(why).or_default() += 1,
            Judged::Missed(what) => {
                self.mutants += 1;
                self.complain(format!("nothing is said of {what}"));
            }
            Judged::Caught {
                named,
                culprit,
                what,
            } => {
                self.mutants += 1;
                self.caught += 1;
                self.named += usize::from(*named);
                self.culprit += usize::from(*culprit);
                if !named {
                    self.complain(format!("its rule says nothing of {what}"));
                } else if !culprit {
                    self.complain(format!("the other side is blamed for {what}"));
                }
            }
        }
    }

    fn complain(&mut self, what: String) {
        if self.wrong.len() < 3 {
            self.wrong.push(what);
        }
    }

    /// What is not as it must be. A rule without a mutant proves nothing.
    pub fn complaint(&self) -> Option<String> {
        let id = self.rule.id;
        match (self.mutants, &self.wrong[..]) {
            (0, _) => Some(format!("{id}: no mutant")),
            (_, []) => None,
            (_, wrong) => Some(format!("{id}: {}", wrong.join("\n    "))),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = "rule                              level   mutants  caught  named  culprit";
        writeln!(to, "{widths}")?;
        for row in &self.rows {
            let level = match row.rule.level {
                Level::Must => "MUST",
                Level::Should => "SHOULD",
                Level::Info => "INFO",
            };
            let Row {
                mutants,
                caught,
                named,
                culprit,
                ..
            } = row;
            let id = row.rule.id;
            writeln!(
                to,
                "{id:<33} {level:<7} {mutants:>7} {caught:>7} {named:>6} {culprit:>8}"
            )?;
        }
        let sum = |of: fn(&Row) -> usize| self.rows.iter().map(of).sum::<usize>();
        writeln!(
            to,
            "{:<33} {:<7} {:>7} {:>7} {:>6} {:>8}",
            format!("{} rules", self.rows.len()),
            "",
            sum(|row| row.mutants),
            sum(|row| row.caught),
            sum(|row| row.named),
            sum(|row| row.culprit),
        )?;
        self.equivalents(to)
    }
}

impl Table {
    fn equivalents(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            for (why, count) in &row.equivalent {
                writeln!(to, "equivalent: {count} of {}, since {why}", row.rule.id)?;
            }
        }
        Ok(())
    }
}
