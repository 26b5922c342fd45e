"""Measures protobuf against JSON and XML in this Python, and prints JSON.

Run by claim.py, once for each of the two runtimes of the protobuf package. The
three formats take turns in every round, so that a ratio compares neighbours in
time and not a quiet minute with a busy one.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import timeit
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python" / "generated"))

import google.protobuf  # noqa: E402
import hello_pb2  # noqa: E402
from google.protobuf.internal import api_implementation  # noqa: E402
from wirecheck.bench.v1 import book_pb2  # noqa: E402

ROUNDS = 25
# Long against the clock's resolution, short against the scheduler's.
ROUND_SECONDS = 0.004

Native = dict[str, Any]
# Without spaces and \u escapes, as JSON is written when its size matters.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Operations:
    """What is timed for one message in one format."""

    encode_ready: Callable[[], bytes]
    encode_native: Callable[[], bytes]
    decode: Callable[[], object]
    decode_and_read: Callable[[], Native]


def main() -> None:
    book = json.loads((ROOT / "bench" / "book.json").read_text())
    hello = {"name": "World"}
    report = {
        "implementation": {"upb": "Python (upb)", "python": "Python (pure)"}[
            api_implementation.Type()
        ],
        "versions": versions(),
        "messages": [
            measure("HelloRequest", hello, formats_of_hello(hello)),
            measure("Book", book, formats_of_book(book)),
        ],
    }
    print(json.dumps(report))


def versions() -> str:
    python = platform.python_version()
    return (
        f"protobuf {google.protobuf.__version__} with the runtime "
        f"`{api_implementation.Type()}`; json and xml.etree of CPython {python}"
    )


# --- the three formats ------------------------------------------------------


def formats_of_hello(native: Native) -> dict[str, Operations]:
    return {
        "protobuf": protobuf(hello_pb2.HelloRequest, native, read_hello),
        "JSON": json_format(native, lambda value: {"name": value["name"]}),
        "XML": xml("HelloRequest", native, lambda root: {"name": root.findtext("name")}),
    }


def formats_of_book(native: Native) -> dict[str, Operations]:
    return {
        "protobuf": protobuf(book_pb2.Book, native, read_book),
        "JSON": json_format(native, read_json_book),
        "XML": xml("Book", native, read_xml_book),
    }


def protobuf(message: type, native: Native, read: Callable[[Any], Native]) -> Operations:
    ready = message(**native)
    encoded = ready.SerializeToString()
    decode = message.FromString
    return Operations(
        encode_ready=ready.SerializeToString,
        encode_native=lambda: message(**native).SerializeToString(),
        decode=lambda: decode(encoded),
        decode_and_read=lambda: read(decode(encoded)),
    )


def json_format(native: Native, read: Callable[[Native], Native]) -> Operations:
    encoded = to_json(native).encode()
    # For JSON the native data is the object: both ways of encoding are the same.
    return Operations(
        encode_ready=lambda: to_json(native).encode(),
        encode_native=lambda: to_json(native).encode(),
        decode=lambda: json.loads(encoded),
        decode_and_read=lambda: read(json.loads(encoded)),
    )


def xml(name: str, native: Native, read: Callable[[ElementTree.Element], Native]) -> Operations:
    ready = to_element(name, native)
    encoded = write_xml(ready)
    return Operations(
        encode_ready=lambda: write_xml(ready),
        encode_native=lambda: write_xml(to_element(name, native)),
        decode=lambda: ElementTree.fromstring(encoded),
        decode_and_read=lambda: read(ElementTree.fromstring(encoded)),
    )


def write_xml(root: ElementTree.Element) -> bytes:
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)


def to_element(name: str, native: Native) -> ElementTree.Element:
    """A field is an element of its name; a repeated field is several."""
    element = ElementTree.Element(name)
    for key, value in native.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                element.append(to_element(key, item))
            else:
                ElementTree.SubElement(element, key).text = to_text(item)
    return element


def to_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- reading every field back into native data ------------------------------


def read_hello(message: Any) -> Native:
    return {"name": message.name}


def read_book(book: Any) -> Native:
    edition = book.edition
    return {
        "id": book.id,
        "title": book.title,
        "authors": [
            {"name": author.name, "born": author.born, "country": author.country}
            for author in book.authors
        ],
        "edition": {
            "publisher": edition.publisher,
            "year": edition.year,
            "isbn": edition.isbn,
            "binding": book_pb2.Binding.Name(edition.binding),
            "pages": edition.pages,
            "price": edition.price,
        },
        "chapter_pages": list(book.chapter_pages),
        "shelf_marks": dict(book.shelf_marks),
        "copies": [
            {
                "barcode": copy.barcode,
                "lent": copy.lent,
                "due_unix": copy.due_unix,
                "note": copy.note,
            }
            for copy in book.copies
        ],
        "abstract": book.abstract,
        "rating": book.rating,
        "in_print": book.in_print,
    }


def read_json_book(book: Native) -> Native:
    edition = book["edition"]
    return {
        "id": book["id"],
        "title": book["title"],
        "authors": [
            {"name": author["name"], "born": author["born"], "country": author["country"]}
            for author in book["authors"]
        ],
        "edition": {
            "publisher": edition["publisher"],
            "year": edition["year"],
            "isbn": edition["isbn"],
            "binding": edition["binding"],
            "pages": edition["pages"],
            "price": edition["price"],
        },
        "chapter_pages": list(book["chapter_pages"]),
        "shelf_marks": dict(book["shelf_marks"]),
        "copies": [
            {
                "barcode": copy["barcode"],
                "lent": copy["lent"],
                "due_unix": copy["due_unix"],
                "note": copy["note"],
            }
            for copy in book["copies"]
        ],
        "abstract": book["abstract"],
        "rating": book["rating"],
        "in_print": book["in_print"],
    }


def read_xml_book(book: ElementTree.Element) -> Native:
    def text(element: ElementTree.Element, name: str) -> str:
        return element.findtext(name, default="")

    edition = book.find("edition")
    shelf_marks = book.find("shelf_marks")
    return {
        "id": int(text(book, "id")),
        "title": text(book, "title"),
        "authors": [
            {
                "name": text(author, "name"),
                "born": int(text(author, "born")),
                "country": text(author, "country"),
            }
            for author in book.iterfind("authors")
        ],
        "edition": {
            "publisher": text(edition, "publisher"),
            "year": int(text(edition, "year")),
            "isbn": text(edition, "isbn"),
            "binding": text(edition, "binding"),
            "pages": int(text(edition, "pages")),
            "price": float(text(edition, "price")),
        },
        "chapter_pages": [int(page.text) for page in book.iterfind("chapter_pages")],
        "shelf_marks": {mark.tag: mark.text for mark in shelf_marks},
        "copies": [
            {
                "barcode": int(text(copy, "barcode")),
                "lent": text(copy, "lent") == "true",
                "due_unix": int(text(copy, "due_unix")),
                "note": text(copy, "note"),
            }
            for copy in book.iterfind("copies")
        ],
        "abstract": text(book, "abstract"),
        "rating": float(text(book, "rating")),
        "in_print": text(book, "in_print") == "true",
    }


# --- the measurement --------------------------------------------------------


def measure(name: str, native: Native, formats: dict[str, Operations]) -> dict[str, Any]:
    """Times every operation; first makes sure that all formats say the same."""
    for format_name, operations in formats.items():
        if operations.decode_and_read() != native:
            raise SystemExit(f"{format_name} does not give {name} back as it was")
    return {
        "name": name,
        "sizes": {each: len(operations.encode_ready()) for each, operations in formats.items()},
        "operations": {
            operation: compare({each: getattr(formats[each], operation) for each in formats})
            for operation in Operations.__dataclass_fields__
        },
    }


def compare(functions: dict[str, Callable[[], object]]) -> dict[str, dict[str, float]]:
    """The median time of each, in nanoseconds, and its median ratio to protobuf's."""
    timers = {name: timeit.Timer(function) for name, function in functions.items()}
    repeats = {name: repeats_for(timer) for name, timer in timers.items()}
    rounds = [
        {name: timer.timeit(repeats[name]) / repeats[name] for name, timer in timers.items()}
        for _ in range(ROUNDS)
    ]
    return {
        name: {
            "nanoseconds": statistics.median(times[name] for times in rounds) * 1e9,
            "ratio": statistics.median(times[name] / times["protobuf"] for times in rounds),
        }
        for name in functions
    }


def repeats_for(timer: timeit.Timer) -> int:
    repeats = 1
    while (seconds := timer.timeit(repeats)) < ROUND_SECONDS / 4:
        repeats *= 2
    return max(1, round(repeats * ROUND_SECONDS / seconds))


if __name__ == "__main__":
    main()
