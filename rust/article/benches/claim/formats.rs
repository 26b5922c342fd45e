//! What is timed for one message in each of the three formats.

use std::collections::BTreeMap;
use std::hint::black_box;

use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wirecheck_article::proto::HelloRequest;

use crate::native::{Book, Hello};

/// Generated from `proto/wirecheck/bench/v1/book.proto`.
pub mod wire {
    include!(concat!(env!("OUT_DIR"), "/wirecheck.bench.v1.rs"));
}

/// The timed functions of one format, in the order of `OPERATIONS`, and the
/// encoded size in bytes.
pub struct Operations<'a> {
    pub size: usize,
    pub timed: [Box<dyn Fn() + 'a>; 4],
}

type Formats<'a> = BTreeMap<&'static str, Operations<'a>>;

/// The article's message in every format.
pub fn of_hello(hello: &Hello) -> Formats<'_> {
    of::<Hello, HelloRequest>(hello)
}

/// The nested message in every format.
pub fn of_book(book: &Book) -> Formats<'_> {
    of::<Book, wire::Book>(book)
}

fn of<'a, N, M>(native: &'a N) -> Formats<'a>
where
    N: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + From<M>,
    M: Message + Default + From<&'a N> + 'a,
{
    BTreeMap::from([
        ("protobuf", protobuf::<N, M>(native)),
        ("JSON", json(native)),
        ("XML", xml(native)),
    ])
}

fn protobuf<'a, N, M>(native: &'a N) -> Operations<'a>
where
    N: PartialEq + std::fmt::Debug + From<M>,
    M: Message + Default + From<&'a N> + 'a,
{
    let ready = M::from(native);
    let encoded = ready.encode_to_vec();
    let decode = |bytes: &[u8]| M::decode(bytes).expect("its own bytes");
    assert_eq!(&N::from(decode(&encoded)), native, "protobuf loses data");

    let again = encoded.clone();
    Operations {
        size: encoded.len(),
        timed: [
            Box::new(move || drop(black_box(black_box(&ready).encode_to_vec()))),
            Box::new(move || drop(black_box(M::from(black_box(native)).encode_to_vec()))),
            Box::new(move || drop(black_box(decode(black_box(&encoded))))),
            Box::new(move || drop(black_box(N::from(decode(black_box(&again)))))),
        ],
    }
}

fn json<N>(native: &N) -> Operations<'_>
where
    N: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    serde_format(
        native,
        |value| serde_json::to_vec(value).expect("plain data"),
        |bytes| serde_json::from_slice(bytes).expect("its own bytes"),
    )
}

fn xml<N>(native: &N) -> Operations<'_>
where
    N: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    serde_format(
        native,
        |value| {
            quick_xml::se::to_string(value)
                .expect("plain data")
                .into_bytes()
        },
        |bytes| {
            let text = std::str::from_utf8(bytes).expect("its own text");
            quick_xml::de::from_str(text).expect("its own bytes")
        },
    )
}

/// serde writes from the native data and reads into it, with nothing between: an
/// object that is ready and native data are the same, and so are the two decodings.
fn serde_format<'a, N>(
    native: &'a N,
    encode: impl Fn(&N) -> Vec<u8> + Copy + 'a,
    decode: impl Fn(&[u8]) -> N + Copy + 'a,
) -> Operations<'a>
where
    N: PartialEq + std::fmt::Debug,
{
    let encoded = encode(native);
    assert_eq!(&decode(&encoded), native, "the format loses data");

    let again = encoded.clone();
    Operations {
        size: encoded.len(),
        timed: [
            Box::new(move || drop(black_box(encode(black_box(native))))),
            Box::new(move || drop(black_box(encode(black_box(native))))),
            Box::new(move || drop(black_box(decode(black_box(&encoded))))),
            Box::new(move || drop(black_box(decode(black_box(&again))))),
        ],
    }
}
