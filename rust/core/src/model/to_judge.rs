//! From the model back to what was observed, for what looks at a run that was
//! made before.

use super::run::{ClientOf, MessageOf, MetadatumOf};
use crate::judge::leaves::unhex;
use crate::judge::observed::{CallResult, MessageSeen};
use crate::plan::types::Metadata;
use crate::wire::names::status_code;

/// A client's report; `None` if there was none, or if it cannot be read.
pub fn result(client: &ClientOf) -> Option<CallResult> {
    if client.not_tried.is_some() {
        return None;
    }
    Some(CallResult {
        status: status_code(&client.status)?,
        message: client.message.clone(),
        details: unhex(&client.details)?,
        leading: metadata(&client.leading)?,
        trailing: metadata(&client.trailing)?,
        merged: client.merged,
        messages: client.messages.iter().map(message).collect::<Option<_>>()?,
        message_count: client.message_count,
        stood_at: client.stood_at,
        aborted: false,
        duration_ns: client.duration_ns,
    })
}

fn metadata(entries: &[MetadatumOf]) -> Option<Metadata> {
    let entry = |entry: &MetadatumOf| {
        let value = match (&entry.value, &entry.hex) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(hex)) => unhex(hex)?,
            (None, None) => Vec::new(),
        };
        Some((entry.key.clone(), value))
    };
    entries.iter().map(entry).collect()
}

fn message(message: &MessageOf) -> Option<MessageSeen> {
    Some(MessageSeen {
        length: message.length,
        sha256: unhex(&message.sha256)?,
        head: unhex(&message.hex)?,
        codec_error: message.codec_error.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::observed::CallSeen;
    use crate::model::from_judge::{self, Kept};

    #[test]
    fn what_was_written_is_read_again() {
        let result_seen = CallResult {
            status: 5,
            message: "no such item".into(),
            details: vec![0, 255],
            leading: vec![
                ("x-a".into(), b"1".to_vec()),
                ("x-b-bin".into(), vec![7, 0]),
            ],
            messages: vec![MessageSeen {
                length: 2,
                sha256: vec![1; 32],
                head: vec![8, 1],
                codec_error: None,
            }],
            message_count: 1,
            ..CallResult::default()
        };
        let written = from_judge::call(
            &CallSeen::Result(Box::new(result_seen.clone())),
            Kept::WHOLE,
        );
        assert_eq!(result(&written), Some(result_seen));
        assert_eq!(
            result(&from_judge::call(&CallSeen::Missing, Kept::WHOLE)),
            None
        );
    }
}
