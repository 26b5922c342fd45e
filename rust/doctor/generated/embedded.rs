//! The schema that generated code carries along: a serialized
//! `FileDescriptorProto`, written as a literal of its language.

use prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;

/// Of `*_pb2.py`: what the module adds to the descriptor pool. `None` if it has
/// none, as modules that only import others.
pub fn python(source: &str) -> Option<FileDescriptorProto> {
    // The second one is what protoc wrote before 3.20.
    let marks = ["AddSerializedFile(b", "serialized_pb=b"];
    let literal = marks.iter().find_map(|mark| {
        let at = source.find(mark)?;
        Some(&source[at + mark.len()..])
    })?;
    let quote = literal.chars().next().filter(|c| "'\"".contains(*c))?;
    decode(&unescape(&literal[1..], quote)?)
}

/// Of `*.pb.go`: the `rawDesc`, as a list of bytes or as the sum of texts that
/// protoc-gen-go has written since 1.36.4.
pub fn go(source: &str) -> Option<FileDescriptorProto> {
    let at = source.find("_rawDesc = ")?;
    let literal = source[at..].split_once("= ")?.1;
    let bytes = match literal.strip_prefix("[]byte{") {
        Some(list) => go_list(list)?,
        None => go_texts(literal)?,
    };
    decode(&bytes)
}

fn decode(bytes: &[u8]) -> Option<FileDescriptorProto> {
    let file = FileDescriptorProto::decode(bytes).ok()?;
    (!file.name().is_empty()).then_some(file)
}

/// `0x0a, 0x0b, }`
fn go_list(list: &str) -> Option<Vec<u8>> {
    let list = &list[..list.find('}')?];
    let numbers = list
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty());
    numbers
        .map(|text| u8::from_str_radix(text.strip_prefix("0x")?, 16).ok())
        .collect()
}

/// `"" + "\n" + ...`, to the first text that no `+` follows.
fn go_texts(mut rest: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let text = rest.trim_start().strip_prefix('"')?;
        let end = end_of(text, '"')?;
        bytes.extend(unescape(text, '"')?);
        match text[end + 1..]
            .trim_start_matches([' ', '\t'])
            .strip_prefix('+')
        {
            Some(more) => rest = more,
            None => return Some(bytes),
        }
    }
}

/// Where the quote stands that ends a literal.
fn end_of(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let mut characters = text.char_indices();
    let found = characters.find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    found.map(|(at, _)| at)
}

/// The bytes of a literal up to its closing quote, with the escapes that Python
/// and Go have in common.
fn unescape(text: &str, quote: char) -> Option<Vec<u8>> {
    let text = &text.as_bytes()[..end_of(text, quote)?];
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, taken) = match text[at] {
            b'\\' => escape(&text[at + 1..]).map(|(byte, taken)| (byte, taken + 1))?,
            byte => (byte, 1),
        };
        bytes.push(byte);
        at += taken;
    }
    Some(bytes)
}

/// What follows a backslash: the byte, and how many characters it takes.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let simple = match text.first()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'v' => 0x0b,
        quoted @ (b'\\' | b'\'' | b'"') => *quoted,
        b'x' => return number(text.get(1..3)?, 16).map(|byte| (byte, 3)),
        b'0'..=b'7' => {
            let digits = text.iter().take(3);
            let length = digits
                .take_while(|digit| (b'0'..=b'7').contains(digit))
                .count();
            return number(&text[..length], 8).map(|byte| (byte, length));
        }
        _ => return None,
    };
    Some((simple, 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> FileDescriptorProto {
        FileDescriptorProto {
            name: Some("shop's/\"v1\".proto".into()),
            package: Some("sh\u{f6}p".into()),
            dependency: vec!["a\\b\n\t\r".into(), "\u{7}0".into()],
            ..FileDescriptorProto::default()
        }
    }

    fn hex_literal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    fn octal_literal(bytes: &[u8]) -> String {
        let escaped = bytes.iter().map(|byte| match byte {
            b'\'' => "\\'".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\n' => "\\n".to_owned(),
            0x20..0x7f => char::from(*byte).to_string(),
            byte => format!("\\{byte:03o}"),
        });
        escaped.collect()
    }

    #[test]
    fn a_python_module_has_it_in_a_bytes_literal() {
        let bytes = file().encode_to_vec();
        for literal in [hex_literal(&bytes), octal_literal(&bytes)] {
            let new = format!("X = _descriptor_pool.Default().AddSerializedFile(b'{literal}')\n");
            let old = format!("X = FileDescriptor(\n  serialized_pb=b'{literal}'\n)\n");
            assert_eq!(python(&new), Some(file()));
            assert_eq!(python(&old), Some(file()));
        }
        assert_eq!(python("from a import b\n"), None);
        assert_eq!(python("AddSerializedFile(b'\\q')"), None);
        assert_eq!(python("AddSerializedFile(b'never ends"), None);
    }

    #[test]
    fn a_go_file_has_it_in_texts_or_in_a_list() {
        let bytes = file().encode_to_vec();
        let (one, other) = bytes.split_at(9);
        let texts = format!(
            "const file_shop_proto_rawDesc = \"\" +\n\t\"{}\" +\n\t\"{}\"\n\nvar (\n\tx = \"no\" + \"more\"\n)\n",
            hex_literal(one),
            hex_literal(other),
        );
        assert_eq!(go(&texts), Some(file()));
        let list: String = bytes.iter().map(|byte| format!("0x{byte:02x}, ")).collect();
        let list = format!("var file_shop_proto_rawDesc = []byte{{\n\t{list}\n}}\n");
        assert_eq!(go(&list), Some(file()));
        assert_eq!(go("package shop\n"), None);
    }
}
