//! Calls that passed as cases, in Wirecheck's own format.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wirecheck_core::model::from_judge::hex;
use wirecheck_core::plan::case::{Case, Metadatum};
use wirecheck_core::plan::expect::{Expect, Match};
use wirecheck_core::plan::schema::{Schema, decode, split_path};
use wirecheck_core::wire::call::{Ending, metadata, path};
use wirecheck_core::wire::capture::Direction::{self, ClientToServer, ServerToClient};
use wirecheck_core::wire::exchange::{HeaderField, HeaderList};
use wirecheck_core::wire::metadata::decode_bin;
use wirecheck_core::wire::names::status_name;
use wirecheck_core::wire::secret::{REDACTED, Secrets};

use super::PassedCall;

/// The most cases of a file.
const MOST_CASES: usize = 1_000;
/// The most bytes of all cases.
const MOST_BYTES: usize = 8 << 20;

/// A suite that grows with the calls that pass.
#[derive(Debug)]
pub struct Suite {
    schema: Schema,
    secrets: Secrets,
    cases: Vec<String>,
    bytes: usize,
    /// What was said already, so that it stands there once.
    said: BTreeSet<String>,
    /// Cases of a method, for their names.
    numbers: BTreeMap<String, u32>,
    left_out: BTreeMap<&'static str, u64>,
}

impl Suite {
    /// An empty one. Only methods that `schema` has can be told.
    pub fn new(schema: Schema, secrets: Secrets) -> Self {
        Self {
            schema,
            secrets,
            cases: Vec::new(),
            bytes: 0,
            said: BTreeSet::new(),
            numbers: BTreeMap::new(),
            left_out: BTreeMap::new(),
        }
    }

    /// Adds a call, unless the same was added before, or it is nothing that a
    /// case can say.
    pub fn add(&mut self, call: &PassedCall<'_>) {
        let added = self.case(call).and_then(|case| self.keep(case));
        if let Err(why) = added {
            *self.left_out.entry(why).or_default() += 1;
        }
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are no cases.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Calls that are no case, with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.left_out.iter().map(|(why, count)| (*why, *count))
    }

    /// The file. `between` says where the calls were seen.
    pub fn yaml(&self, name: &str, between: &str) -> String {
        let about = format!("Calls as they passed {between}.");
        let cases = if self.cases.is_empty() { " []" } else { "" };
        let (name, about) = (quoted(name), quoted(&about));
        let mut yaml = format!("suite: {name}\nabout: {about}\ncases:{cases}\n");
        self.cases.iter().for_each(|case| yaml.push_str(case));
        yaml
    }

    fn case(&self, call: &PassedCall<'_>) -> Result<Case, &'static str> {
        let stream = call.glimpse.stream();
        let path = path(stream).ok_or("without a path")?;
        let method = self
            .schema
            .method(&path)
            .ok_or("of a method that the schema lacks")?;
        let Ending::Status { code, message } = Ending::of(stream) else {
            return Err("without a status");
        };
        let status = status_name(code).ok_or("with a status that has no name")?;
        let request = stream.request.headers.first().ok_or("without a path")?;
        let mut expect = Expect {
            receive: Some(messages(call, ServerToClient, &method.response)?),
            ..Expect::default()
        };
        if code != 0 {
            expect.status = Some(Match(json!(status)));
            expect.message = Some(Match(json!(message)));
            expect.details = self.details(stream.response.trailers());
            expect.receive = expect.receive.filter(|messages| !messages.is_empty());
        }
        for list in &stream.response.headers {
            let entries = match list.end_stream {
                true => &mut expect.trailing,
                false => &mut expect.leading,
            };
            entries.extend(self.entries(list, Secret::LeftOut));
        }
        Ok(Case {
            about: format!("Seen as call {} of a tap.", call.number),
            send: messages(call, ClientToServer, &method.request)?,
            metadata: self.entries(request, Secret::Redacted),
            call: Some(path),
            expect,
            ..Case::default()
        })
    }

    fn keep(&mut self, mut case: Case) -> Result<(), &'static str> {
        if self.cases.len() >= MOST_CASES || self.bytes >= MOST_BYTES {
            return Err("beyond what a file takes");
        }
        let about = std::mem::take(&mut case.about);
        let said = serde_json::to_string(&case).map_err(|_| "that cannot be written")?;
        if said.contains("${") {
            return Err("with `${`, which names a parameter in a case");
        }
        if !self.said.insert(said) {
            return Err("that are in it already");
        }
        case.name = self.name(case.call.as_deref().unwrap_or_default());
        case.about = about;
        let text = yaml(&case);
        self.bytes += text.len();
        self.cases.push(text);
        Ok(())
    }

    /// `say-hello`, then `say-hello-2`.
    fn name(&mut self, path: &str) -> String {
        let method = split_path(path).map_or(path, |(_, method)| method);
        let name = kebab(method);
        let number = self.numbers.entry(name.clone()).or_default();
        *number += 1;
        match *number {
            1 => name,
            number => format!("{name}-{number}"),
        }
    }

    /// The error details, unless they are secret.
    fn details(&self, trailers: Option<&HeaderList>) -> Option<Match> {
        const NAME: &str = "grpc-status-details-bin";
        let field = trailers?
            .get(NAME)
            .filter(|_| !self.secrets.is_secret(NAME))?;
        let bytes = decode_bin(&field.value, true).ok()?.concat();
        (!bytes.is_empty()).then(|| Match(json!(hex(&bytes))))
    }

    fn entries(&self, list: &HeaderList, secret: Secret) -> Vec<Metadatum> {
        let entries = metadata(list).filter_map(|field| {
            let key = String::from_utf8_lossy(&field.name).into_owned();
            match (self.secrets.is_secret(&key), secret) {
                (false, _) => Some(entry(key, field)),
                // What is expected could never be met.
                (true, Secret::LeftOut) => None,
                (true, Secret::Redacted) => Some(redacted(key)),
            }
        });
        entries.collect()
    }
}

/// What becomes of an entry that is secret.
#[derive(Clone, Copy)]
enum Secret {
    LeftOut,
    Redacted,
}

fn redacted(key: String) -> Metadatum {
    match key.ends_with("-bin") {
        true => Metadatum {
            key,
            hex: Some(hex(REDACTED.as_bytes())),
            ..Default::default()
        },
        false => Metadatum {
            key,
            value: Some(REDACTED.to_owned()),
            ..Default::default()
        },
    }
}

fn entry(key: String, field: &HeaderField) -> Metadatum {
    let bytes = decode_bin(&field.value, true).ok();
    match bytes.filter(|_| key.ends_with("-bin")) {
        Some(values) => Metadatum {
            key,
            hex: Some(hex(&values.concat())),
            ..Default::default()
        },
        None => Metadatum {
            key,
            value: Some(field.value_text().into_owned()),
            ..Default::default()
        },
    }
}

fn messages(
    call: &PassedCall<'_>,
    direction: Direction,
    kind: &prost_reflect::MessageDescriptor,
) -> Result<Vec<Value>, &'static str> {
    if !call.has_all(direction) {
        return Err("with more messages than were kept");
    }
    let messages = call.messages_of(direction).iter();
    messages
        .map(|message| match message {
            message if message.flag != 0 => Err("with compressed messages"),
            message if message.head.len() != message.length as usize => {
                Err("with a message that is too long")
            }
            message if !message.complete => Err("with a message that was cut off"),
            message => decode(kind, &message.head)
                .map_err(|_| "with a message that the schema does not fit"),
        })
        .collect()
}

/// A case as an item of a list, messages in one line each: JSON is YAML.
fn yaml(case: &Case) -> String {
    let Ok(Value::Object(keys)) = serde_json::to_value(case) else {
        return String::new();
    };
    let mut text = String::new();
    let mut begin = "  - ";
    for (key, value) in &keys {
        match (key.as_str(), value) {
            ("expect", Value::Object(expect)) => {
                text.push_str("    expect:\n");
                if expect.is_empty() {
                    text.truncate(text.len() - 1);
                    text.push_str(" {}\n");
                }
                for (key, value) in expect {
                    text.push_str(&format!("      {key}: {value}\n"));
                }
            }
            _ => text.push_str(&format!("{begin}{key}: {value}\n")),
        }
        begin = "    ";
    }
    text
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// `SayHello` as `say-hello`, in the characters of a name.
fn kebab(method: &str) -> String {
    let mut name = String::new();
    for c in method.chars() {
        match c {
            c if c.is_ascii_uppercase() => {
                if !name.is_empty() && !name.ends_with('-') {
                    name.push('-');
                }
                name.push(c.to_ascii_lowercase());
            }
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    name
}
