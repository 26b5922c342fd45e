//! The data as a Rust program would hold it, without thinking of a format; JSON and
//! XML are written from these types by serde, and every format is read back into them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::formats::wire;
use wirecheck_article::proto::HelloRequest;

/// Who is to be greeted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename = "HelloRequest")]
pub struct Hello {
    pub name: String,
}

/// One book and its copies, as `bench/book.json` holds it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Book {
    id: u64,
    title: String,
    authors: Vec<Author>,
    edition: Edition,
    chapter_pages: Vec<u32>,
    shelf_marks: BTreeMap<String, String>,
    copies: Vec<Copy>,
    #[serde(rename = "abstract")]
    summary: String,
    rating: f64,
    in_print: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Author {
    name: String,
    born: i32,
    country: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Edition {
    publisher: String,
    year: u32,
    isbn: String,
    binding: Binding,
    pages: u32,
    price: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Binding {
    #[serde(rename = "BINDING_UNSPECIFIED")]
    Unspecified,
    #[serde(rename = "BINDING_PAPERBACK")]
    Paperback,
    #[serde(rename = "BINDING_HARDCOVER")]
    Hardcover,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Copy {
    barcode: u64,
    lent: bool,
    due_unix: i64,
    note: String,
}

impl From<&Hello> for HelloRequest {
    fn from(hello: &Hello) -> Self {
        Self {
            name: hello.name.clone(),
        }
    }
}

impl From<HelloRequest> for Hello {
    fn from(message: HelloRequest) -> Self {
        Self { name: message.name }
    }
}

impl From<&Book> for wire::Book {
    fn from(book: &Book) -> Self {
        Self {
            id: book.id,
            title: book.title.clone(),
            authors: book.authors.iter().map(Into::into).collect(),
            edition: Some((&book.edition).into()),
            chapter_pages: book.chapter_pages.clone(),
            shelf_marks: book.shelf_marks.clone().into_iter().collect(),
            copies: book.copies.iter().map(Into::into).collect(),
            r#abstract: book.summary.clone(),
            rating: book.rating,
            in_print: book.in_print,
        }
    }
}

impl From<wire::Book> for Book {
    fn from(message: wire::Book) -> Self {
        Self {
            id: message.id,
            title: message.title,
            authors: message.authors.into_iter().map(Into::into).collect(),
            edition: message.edition.unwrap_or_default().into(),
            chapter_pages: message.chapter_pages,
            shelf_marks: message.shelf_marks.into_iter().collect(),
            copies: message.copies.into_iter().map(Into::into).collect(),
            summary: message.r#abstract,
            rating: message.rating,
            in_print: message.in_print,
        }
    }
}

impl From<&Author> for wire::Author {
    fn from(author: &Author) -> Self {
        Self {
            name: author.name.clone(),
            born: author.born,
            country: author.country.clone(),
        }
    }
}

impl From<wire::Author> for Author {
    fn from(message: wire::Author) -> Self {
        Self {
            name: message.name,
            born: message.born,
            country: message.country,
        }
    }
}

impl From<&Edition> for wire::Edition {
    fn from(edition: &Edition) -> Self {
        let binding = match edition.binding {
            Binding::Unspecified => wire::Binding::Unspecified,
            Binding::Paperback => wire::Binding::Paperback,
            Binding::Hardcover => wire::Binding::Hardcover,
        };
        Self {
            publisher: edition.publisher.clone(),
            year: edition.year,
            isbn: edition.isbn.clone(),
            binding: binding.into(),
            pages: edition.pages,
            price: edition.price,
        }
    }
}

impl From<wire::Edition> for Edition {
    fn from(message: wire::Edition) -> Self {
        let binding = match message.binding() {
            wire::Binding::Unspecified => Binding::Unspecified,
            wire::Binding::Paperback => Binding::Paperback,
            wire::Binding::Hardcover => Binding::Hardcover,
        };
        Self {
            publisher: message.publisher,
            year: message.year,
            isbn: message.isbn,
            binding,
            pages: message.pages,
            price: message.price,
        }
    }
}

impl From<&Copy> for wire::Copy {
    fn from(copy: &Copy) -> Self {
        Self {
            barcode: copy.barcode,
            lent: copy.lent,
            due_unix: copy.due_unix,
            note: copy.note.clone(),
        }
    }
}

impl From<wire::Copy> for Copy {
    fn from(message: wire::Copy) -> Self {
        Self {
            barcode: message.barcode,
            lent: message.lent,
            due_unix: message.due_unix,
            note: message.note,
        }
    }
}
