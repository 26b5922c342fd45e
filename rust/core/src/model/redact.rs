//! Takes the values of secret metadata out of what a run keeps.

use std::collections::BTreeSet;

use super::from_judge::hex;
use super::run::{Attempt, FindingOf, MetadatumOf, ValueOf};
use crate::judge::observed::{CallSeen, Observation};
use crate::plan::types::Metadata;
use crate::wire::exchange::{Exchange, HeaderField};
use crate::wire::secret::{REDACTED, Secrets};

/// Shorter values would be found in everything.
const SHORTEST: usize = 4;

/// The values that must stand nowhere, each as text and in hex.
#[derive(Debug, Clone, Default)]
pub struct SecretValues(BTreeSet<String>);

impl SecretValues {
    /// The values of secret keys, on the wire and in the reports.
    pub fn of(seen: &Observation, secrets: &Secrets) -> Self {
        let mut values = Self::on_the_wire(&seen.exchange, secrets);
        if let Some(line) = &seen.line {
            values
                .0
                .extend(Self::on_the_wire(&line.beside_server, secrets).0);
        }
        for result in seen.calls.iter().flatten() {
            if let CallSeen::Result(result) = result {
                values.add_metadata(&result.leading, secrets);
                values.add_metadata(&result.trailing, secrets);
            }
        }
        for handled in &seen.handled {
            values.add_metadata(&handled.metadata, secrets);
        }
        values
    }

    /// The values of secret keys on the wire.
    pub fn on_the_wire(exchange: &Exchange, secrets: &Secrets) -> Self {
        let mut values = Self::default();
        for field in fields(exchange) {
            if secrets.is_secret_name(&field.name) {
                values.add(&field.value);
            }
        }
        values
    }

    /// Takes the values out of a finding.
    pub fn out_of_finding(&self, finding: &mut FindingOf) {
        self.out_of(&mut finding.sentence);
        self.out_of_value(&mut finding.expected);
        self.out_of_value(&mut finding.got);
    }

    fn add_metadata(&mut self, metadata: &Metadata, secrets: &Secrets) {
        let secret = metadata.iter().filter(|(key, _)| secrets.is_secret(key));
        secret.for_each(|(_, value)| self.add(value));
    }

    fn add(&mut self, value: &[u8]) {
        if value.len() < SHORTEST {
            return;
        }
        self.0.insert(hex(value));
        if let Ok(text) = std::str::from_utf8(value) {
            self.0.insert(text.to_owned());
            // Of `Bearer abc` the second word is the secret.
            let words = text
                .split_whitespace()
                .filter(|word| word.len() >= 2 * SHORTEST);
            self.0.extend(words.map(str::to_owned));
        }
    }

    fn out_of(&self, text: &mut String) {
        // The longest first: one may be a part of another.
        let mut values: Vec<&String> = self.0.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in values {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), REDACTED);
            }
        }
    }

    fn out_of_option(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.out_of(text);
        }
    }

    fn out_of_value(&self, value: &mut Option<ValueOf>) {
        if let Some(value) = value {
            self.out_of(&mut value.value);
            self.out_of_option(&mut value.hex);
        }
    }
}

fn fields(exchange: &Exchange) -> impl Iterator<Item = &HeaderField> {
    let streams = exchange
        .connections
        .iter()
        .flat_map(|connection| &connection.streams);
    let lists = streams.flat_map(|stream| {
        stream
            .request
            .headers
            .iter()
            .chain(&stream.response.headers)
    });
    lists.flat_map(|list| &list.fields)
}

/// Whether any secret stands on the wire.
pub fn is_on_the_wire(exchange: &Exchange, secrets: &Secrets) -> bool {
    fields(exchange).any(|field| secrets.is_secret_name(&field.name))
}

/// Takes the values out of everything that is kept of one run of a cell.
pub fn redact(attempt: &mut Attempt, values: &SecretValues, secrets: &Secrets) {
    for client in attempt.calls.values_mut().flatten() {
        keys(&mut client.leading, secrets);
        keys(&mut client.trailing, secrets);
        values.out_of(&mut client.message);
        values.out_of_option(&mut client.not_tried);
    }
    for handled in &mut attempt.handled {
        keys(&mut handled.metadata, secrets);
        values.out_of(&mut handled.detail);
    }
    for finding in &mut attempt.findings {
        values.out_of_finding(finding);
    }
    for check in &mut attempt.checks {
        values.out_of_option(&mut check.why);
    }
}

fn keys(metadata: &mut [MetadatumOf], secrets: &Secrets) {
    for entry in metadata
        .iter_mut()
        .filter(|entry| secrets.is_secret(&entry.key))
    {
        entry.value = Some(REDACTED.into());
        entry.hex = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::observed::CallResult;

    #[test]
    fn a_secret_stands_nowhere_in_an_attempt() {
        let secret = b"Bearer s3cr3t-value".to_vec();
        let result = CallResult {
            trailing: vec![("authorization".into(), secret.clone())],
            ..CallResult::default()
        };
        let seen = Observation {
            calls: vec![vec![CallSeen::Result(Box::new(result))]],
            ..Observation::default()
        };
        let secrets = Secrets::default();
        let values = SecretValues::of(&seen, &secrets);
        let mut attempt = Attempt {
            findings: vec![FindingOf {
                sentence: "the token s3cr3t-value is wrong".into(),
                got: Some(ValueOf {
                    value: "Bearer s3cr3t-value".into(),
                    hex: Some(hex(&secret)),
                    ..ValueOf::default()
                }),
                ..FindingOf::default()
            }],
            ..Attempt::default()
        };
        redact(&mut attempt, &values, &secrets);
        let kept = serde_json::to_string(&attempt).expect("JSON");
        assert!(!kept.contains("s3cr3t"), "{kept}");
        assert!(!kept.contains(&hex(b"s3cr3t")), "{kept}");
        assert_eq!(
            attempt.findings[0].sentence,
            "the token [redacted] is wrong"
        );
    }
}
