//! The article's `main.py` in Rust: a message to bytes, and back.

use prost::{DecodeError, Message};
use wirecheck_article::notation::python_repr;
use wirecheck_article::proto::HelloRequest;

fn main() -> Result<(), DecodeError> {
    let request = HelloRequest {
        name: "World".to_owned(),
    };

    let bytes = request.encode_to_vec();
    println!("{}", python_repr(&bytes));

    let request2 = HelloRequest::decode(bytes.as_slice())?;
    println!("{}", request2.name);
    Ok(())
}
