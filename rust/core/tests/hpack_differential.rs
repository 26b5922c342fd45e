//! Holds the HPACK decoder against two others, loona-hpack and Python's hpack,
//! over 100,000 generated and mutated blocks: it must agree wherever they
//! agree, and where they do not, one of the listed rulings must apply.

mod hpack {
    pub mod generate;
    pub mod mutate;
    pub mod opinion;
    pub mod referee;
    pub mod rng;
    pub mod rulings;
}

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use hpack::generate::{Step, sequences};
use hpack::opinion::{self, Opinion};
use hpack::referee::{self, Referee};
use hpack::rulings::RULINGS;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use wirecheck_core::wire::hpack::Decoder;

const SEED: u64 = 7541;
const BLOCKS: usize = 100_000;

/// Every way in which our decoder can refuse a block; the sequences must show
/// each, or the test would prove less than it says. Not among them are
/// `TableBeyondCeiling`, which is our own limit, and `Poisoned`: a sequence
/// ends with its first error.
const REFUSALS: [&str; 10] = [
    "HuffmanEos",
    "HuffmanPaddingNotOnes",
    "HuffmanPaddingTooLong",
    "IndexBeyondTables",
    "IndexZero",
    "IntegerOverflow",
    "IntegerTruncated",
    "SizeUpdateNotFirst",
    "SizeUpdateOverLimit",
    "StringTruncated",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial = Trial::ignorable_test("agrees_with_loona_hpack_and_python_hpack", || {
        let python = referee::python();
        match referee::obstacle(&python) {
            Some(reason) => Ok(Completion::ignored_with(reason)),
            None => compare(&python).map(|()| Completion::Completed),
        }
    });
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn compare(python: &OsString) -> Result<(), Failed> {
    let mut tally = Tally::default();
    let mut referee = Referee::start(python, sequences(SEED));
    for sequence in sequences(SEED) {
        tally.add_sequence(&sequence, &referee.next())?;
        if tally.blocks >= BLOCKS {
            break;
        }
    }
    tally.check()
}

/// The verdicts of our decoder, of loona-hpack and of Python's hpack.
type Verdicts = [String; 3];

#[derive(Default)]
struct Tally {
    blocks: usize,
    accepted_by_all: usize,
    refused_by_all: BTreeMap<String, usize>,
    /// How often the decoders differed in which way.
    differences: BTreeMap<Verdicts, usize>,
}

impl Tally {
    /// Compares the blocks of a sequence up to the first that any of the
    /// decoders refuses: after it their tables are no longer the same.
    fn add_sequence(&mut self, sequence: &[Step], python: &[Opinion]) -> Result<(), Failed> {
        let mut ours = Decoder::new();
        let mut loona = loona_hpack::Decoder::new();
        loona.set_max_allowed_table_size(4096);
        let mut python = python.iter();
        for step in sequence {
            match step {
                Step::Limit(size) => {
                    ours.set_max_table_size(*size);
                    loona.set_max_allowed_table_size(*size as usize);
                }
                Step::Block(block) => {
                    let opinions = [
                        opinion::ours(&mut ours, block),
                        opinion::loona(&mut loona, block),
                        python.next().ok_or("the referee left out a block")?.clone(),
                    ];
                    self.add_block(block, &opinions)?;
                    if !opinions.iter().all(Opinion::is_accepted) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_block(&mut self, block: &[u8], opinions: &[Opinion; 3]) -> Result<(), Failed> {
        self.blocks += 1;
        let [ours, loona, python] = opinions;
        if loona.agrees_with(python) && !(ours.agrees_with(loona) && ours.agrees_with(python)) {
            return Err(describe("we differ from both", block, opinions));
        }
        if hold_different_lists(opinions) {
            return Err(describe("the header lists differ", block, opinions));
        }
        if loona.agrees_with(python) && !ours.lacks_size_update() {
            self.add_agreement(ours);
            return Ok(());
        }
        self.add_difference(block, opinions)
    }

    fn add_agreement(&mut self, ours: &Opinion) {
        match ours {
            Opinion::Accepted { .. } => self.accepted_by_all += 1,
            Opinion::Refused { error, .. } => {
                *self.refused_by_all.entry(error.clone()).or_default() += 1;
            }
        }
    }

    fn add_difference(&mut self, block: &[u8], opinions: &[Opinion; 3]) -> Result<(), Failed> {
        let verdicts = opinions.each_ref().map(|o| o.verdict().to_owned());
        let ruling = RULINGS
            .iter()
            .find(|ruling| verdicts == ruling.verdicts)
            .ok_or_else(|| describe("no ruling is about this", block, opinions))?;
        if !(ruling.applies_to)(block) {
            return Err(describe("the ruling does not apply", block, opinions));
        }
        *self.differences.entry(verdicts).or_default() += 1;
        Ok(())
    }

    /// What must hold once all blocks are compared.
    fn check(&self) -> Result<(), Failed> {
        println!("{self}");
        for ruling in RULINGS {
            let [ours, ..] = ruling.allowed;
            if !ours {
                return Err(format!("{:?} rules against us", ruling.verdicts).into());
            }
            let verdicts = ruling.verdicts.map(str::to_owned);
            let count = self.differences.get(&verdicts).copied().unwrap_or(0);
            if count != ruling.count {
                let expected = ruling.count;
                return Err(format!("{verdicts:?}: {count} blocks, not {expected}").into());
            }
        }
        match REFUSALS
            .iter()
            .find(|&&error| !self.refused_by_all.contains_key(error))
        {
            Some(error) => Err(format!("no block was refused for {error}").into()),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} blocks", self.blocks)?;
        writeln!(f, "{:>7} accepted by all", self.accepted_by_all)?;
        for (error, count) in &self.refused_by_all {
            writeln!(f, "{count:>7} refused by all: {error}")?;
        }
        for ruling in RULINGS {
            let verdicts = ruling.verdicts.map(str::to_owned);
            let count = self.differences.get(&verdicts).unwrap_or(&0);
            let [ours, loona, python] = ruling.verdicts;
            writeln!(
                f,
                "{count:>7} ours: {ours}; loona: {loona}; Python: {python}"
            )?;
            writeln!(f, "        {}: {}", ruling.section, ruling.reason)?;
        }
        Ok(())
    }
}

/// Whether any two of them accept the block with different header lists.
fn hold_different_lists(opinions: &[Opinion; 3]) -> bool {
    let accepted = || opinions.iter().filter(|opinion| opinion.is_accepted());
    accepted().any(|one| accepted().any(|other| !one.same_list(other)))
}

fn describe(what: &str, block: &[u8], opinions: &[Opinion; 3]) -> Failed {
    let mut octets = String::new();
    opinion::spell_octets(&mut octets, block);
    format!("{what}: {octets}\n{opinions:#?}").into()
}
