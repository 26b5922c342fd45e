//! The checks themselves.

use std::cell::Cell;

use libtest_mimic::Failed;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wirecheck_interop_tests::difference::Difference;

use crate::canonical::with_sorted_maps;
use crate::embedded::{Stubs, serialize};
use crate::generate::everything;
use crate::schema::hello::HelloRequest;
use crate::schema::scalars::{Everything, Maps, Singular};
use crate::to_python::ToPython;

/// One of the functions below.
pub type Check = fn() -> Result<(), Failed>;

const MESSAGES: u32 = 10_000;
/// Fixed, so that a failure comes back with every run.
const SEED: [u8; 16] = *b"Python and prost";

/// The article's `b'\n\x05World'`.
const WORLD: &[u8] = b"\n\x05World";

pub fn hello_request_is_the_bytes_of_the_article() -> Result<(), Failed> {
    with_stubs(|stubs| {
        equal("the article", WORLD, "Python", &python_world(stubs)?)?;
        equal("the article", WORLD, "prost", &prost_world())?;

        let class = stubs.hello.getattr("HelloRequest")?;
        let read = class.call_method1("FromString", (PyBytes::new(class.py(), WORLD),))?;
        let by_python: String = read.getattr("name")?.extract()?;
        let by_prost = HelloRequest::decode(WORLD)?.name;
        equal("Python's name", by_python.as_bytes(), "World", b"World")?;
        equal("prost's name", by_prost.as_bytes(), "World", b"World")
    })
}

pub fn python_reads_and_rewrites_what_prost_wrote() -> Result<(), Failed> {
    over_generated_messages(&rust_to_python, &as_it_is)
}

pub fn prost_reads_and_rewrites_what_python_wrote() -> Result<(), Failed> {
    over_generated_messages(&python_to_rust, &as_it_is)
}

/// The checks above would see one wrong byte, wherever it is.
pub fn every_flipped_byte_is_reported() -> Result<(), Failed> {
    with_stubs(|stubs| {
        for at in 0..WORLD.len() {
            let flipped = flip(&python_world(stubs)?, at);
            let found = Difference::between(("prost", &prost_world()), ("Python", &flipped))
                .ok_or_else(|| format!("byte {at} was flipped and nothing was reported"))?;
            assert_eq!(found.offset(), at, "{found}");
        }
        let message = a_message_of_many_fields();
        for at in 0..message.encoded_len() {
            for check in [rust_to_python, python_to_rust] {
                let outcome = check(stubs, &message, &|bytes| flip(bytes, at));
                assert!(
                    matches!(outcome, Err(Unequal::Bytes(_))),
                    "byte {at}: {outcome:?}"
                );
            }
        }
        Ok(())
    })
}

/// With a fault in every message that is not empty, the report shows the smallest of them.
pub fn a_failure_shrinks_to_a_small_message() -> Result<(), Failed> {
    let flip_last = |bytes: &[u8]| match bytes.len() {
        0 => Vec::new(),
        length => flip(bytes, length - 1),
    };
    let failed = over_generated_messages(&rust_to_python, &flip_last)
        .expect_err("every message has a wrong byte");
    let report = failed.message().unwrap_or_default();
    // A field with an empty message in it: one byte of tag, one of length.
    assert!(report.contains("(2 bytes)"), "{report}");
    assert!(
        report.contains("at byte 1, prost has 00 and Python has 01"),
        "{report}"
    );
    Ok(())
}

/// A known deviation, pinned so that its end is noticed: prost asks `value != 0.0` where the
/// specification of proto3 sets -0 apart (https://github.com/tokio-rs/prost/issues/1177).
/// With presence, in lists and in a oneof both write it, as the generated messages show.
pub fn minus_zero_without_presence_is_lost_by_prost() -> Result<(), Failed> {
    with_stubs(|stubs| {
        let singular = Singular {
            double_value: -0.0,
            float_value: -0.0,
            ..Singular::default()
        };
        let by_python = serialize(&singular.to_python(stubs)?)?;
        let both_fields = b"\x09\0\0\0\0\0\0\0\x80\x15\0\0\0\x80";
        equal("the specification", both_fields, "Python", &by_python)?;
        equal(
            "the known deviation",
            b"",
            "prost",
            &singular.encode_to_vec(),
        )?;

        let read = Singular::decode(by_python.as_slice())?;
        assert!(read.double_value.is_sign_negative() && read.float_value.is_sign_negative());
        Ok(())
    })
}

/// Legal on both sides (https://github.com/tokio-rs/prost/issues/99): an entry is a message
/// whose fields may be left out, Python writes both, and each reads what the other wrote.
pub fn defaults_in_map_entries_are_left_out_by_prost() -> Result<(), Failed> {
    with_stubs(|stubs| {
        let maps = Maps {
            by_uint32: [(0, 0)].into(),
            ..Maps::default()
        };
        let by_python = serialize(&maps.to_python(stubs)?)?;
        equal(
            "both written",
            b"\x1a\x04\x08\0\x10\0",
            "Python",
            &by_python,
        )?;
        equal("both left out", b"\x1a\0", "prost", &maps.encode_to_vec())?;

        assert_eq!(Maps::decode(by_python.as_slice())?, maps);
        let message = Everything {
            maps: Some(maps),
            ..Everything::default()
        };
        rust_to_python(stubs, &message, &as_it_is).map_err(Failed::from)?;
        Ok(())
    })
}

// --- the two directions -----------------------------------------------------

/// What happens to Python's bytes before they are compared: nothing, or a fault.
type OnTheWay<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

type Direction = dyn Fn(&Stubs<'_>, &Everything, OnTheWay<'_>) -> Result<(), Unequal>;

/// Why a message failed.
#[derive(Debug, thiserror::Error)]
enum Unequal {
    #[error(transparent)]
    Bytes(#[from] Difference),
    #[error("Python failed: {0}")]
    Python(#[from] PyErr),
    #[error("prost cannot read what Python wrote: {0}")]
    Prost(#[from] prost::DecodeError),
}

/// Rust's value, prost's bytes, read by Python and written again.
fn rust_to_python(
    stubs: &Stubs<'_>,
    message: &Everything,
    on_the_way: OnTheWay<'_>,
) -> Result<(), Unequal> {
    let by_prost = message.encode_to_vec();
    let rewritten = on_the_way(&serialize(&stubs.parse_everything(&by_prost)?)?);
    if message.holds_a_default_in_a_map() {
        // prost leaves such a default out and Python writes it: Python must have read
        // what it would have built itself.
        let built = serialize(&message.to_python(stubs)?)?;
        return same("Python, built", &built, "Python, read", &rewritten);
    }
    same("prost", &by_prost, "Python", &rewritten)
}

/// The same value built by Python, its bytes, read by prost and written again.
fn python_to_rust(
    stubs: &Stubs<'_>,
    message: &Everything,
    on_the_way: OnTheWay<'_>,
) -> Result<(), Unequal> {
    let by_prost = message.encode_to_vec();
    let by_python = on_the_way(&serialize(&message.to_python(stubs)?)?);
    if !message.holds_a_default_in_a_map() {
        same("prost", &by_prost, "Python", &by_python)?;
    }
    let rewritten = Everything::decode(by_python.as_slice())?.encode_to_vec();
    same("prost", &by_prost, "prost, read", &rewritten)
}

/// Byte for byte, but for the order of a map's entries.
fn same(left: &str, left_bytes: &[u8], right: &str, right_bytes: &[u8]) -> Result<(), Unequal> {
    let (left_bytes, right_bytes) = (with_sorted_maps(left_bytes), with_sorted_maps(right_bytes));
    match Difference::between((left, &left_bytes), (right, &right_bytes)) {
        Some(difference) => Err(difference.into()),
        None => Ok(()),
    }
}

// --- running ----------------------------------------------------------------

fn with_stubs(check: impl FnOnce(&Stubs<'_>) -> Result<(), Failed>) -> Result<(), Failed> {
    Python::attach(|py| check(&Stubs::import(py)?))
}

/// Holds `direction` over the generated messages; a failure is shrunk first.
///
/// Attached to Python for one message at a time: most of the work is to generate them, and
/// two of these run beside each other.
fn over_generated_messages(direction: &Direction, on_the_way: OnTheWay<'_>) -> Result<(), Failed> {
    let to_the_byte = Cell::new(0);
    let outcome = runner().run(&everything(), |message| {
        if !message.holds_a_default_in_a_map() {
            to_the_byte.set(to_the_byte.get() + 1);
        }
        Python::attach(|py| direction(&Stubs::import(py)?, &message, on_the_way))
            .map_err(|unequal| TestCaseError::fail(unequal.to_string()))
    });
    match outcome {
        // Guards the generator: if most messages took the looser way, little would be shown.
        Ok(()) if to_the_byte.get() < MESSAGES * 3 / 4 => {
            let count = to_the_byte.get();
            Err(format!("only {count} of {MESSAGES} messages were compared to the byte").into())
        }
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, smallest)) => {
            Err(format!("{reason}\nthe smallest message that shows it: {smallest:?}").into())
        }
        Err(abort @ TestError::Abort(_)) => Err(abort.to_string().into()),
    }
}

fn runner() -> TestRunner {
    let config = Config {
        cases: MESSAGES,
        failure_persistence: None, // the seed is fixed, so nothing needs remembering
        ..Config::default()
    };
    // ChaCha, the default, takes a third of an unoptimised test's time.
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &SEED))
}

/// One of the generated messages of a few hundred bytes, compared to the byte, with maps
/// and nested messages.
fn a_message_of_many_fields() -> Everything {
    let mut runner = runner();
    std::iter::repeat_with(|| everything().new_tree(&mut runner))
        .take(1000)
        .filter_map(|tree| tree.ok().map(|tree| tree.current()))
        .find(|message| {
            (200..500).contains(&message.encoded_len())
                && message.maps.is_some()
                && !message.nested.is_empty()
                && !message.holds_a_default_in_a_map()
        })
        .expect("one message in a thousand is such a one")
}

fn equal(left: &str, left_bytes: &[u8], right: &str, right_bytes: &[u8]) -> Result<(), Failed> {
    match Difference::between((left, left_bytes), (right, right_bytes)) {
        Some(difference) => Err(difference.into()),
        None => Ok(()),
    }
}

fn as_it_is(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1;
    flipped
}

fn prost_world() -> Vec<u8> {
    let name = "World".to_owned();
    HelloRequest { name }.encode_to_vec()
}

fn python_world(stubs: &Stubs<'_>) -> PyResult<Vec<u8>> {
    let arguments = PyDict::new(stubs.hello.py());
    arguments.set_item("name", "World")?;
    let message = stubs.hello.getattr("HelloRequest")?;
    serialize(&message.call((), Some(&arguments))?)
}
