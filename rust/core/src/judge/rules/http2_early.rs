//! A response that is whole before its request is (RFC 9113, section 8.1).

use super::Rule;
use super::breach::Breach;
use super::scope::{Call, calls};
use super::spec::rfc9113;
use crate::judge::finding::Level;
use crate::wire::exchange::Place;
use crate::wire::frame::HEADERS;

pub(super) static EARLY_RESPONSE_RESETS: Rule = Rule {
    id: "http2/early-response-resets",
    // A server may as well read on to the end of the request.
    level: Level::Info,
    about: "a server that ends its response before the request has ended resets the stream",
    section: rfc9113!(
        "8.1",
        "When this is true, a server MAY request that the client abort transmission of a request \
         without error by sending a RST_STREAM with an error code of NO_ERROR after sending a \
         complete response (i.e., a frame with the END_STREAM flag set)."
    ),
    find: |exchange, breaches| {
        // What was left out may have ended the request.
        let calls = calls(exchange).filter(|_| exchange.cuts.is_empty());
        for (call, trailers) in calls.filter_map(left_open) {
            let [_, response] = call.halves();
            let sentence = "the response is whole, the request is not, and the stream stays open";
            let breach = Breach::new(response.place(trailers), sentence);
            breaches.push(breach.expected("RST_STREAM with NO_ERROR"));
        }
    },
};

/// The trailers of a call whose request was still open when they came, and
/// which nobody has reset. What the tap saw of the client after them, the
/// server had not read before.
fn left_open(call: Call<'_>) -> Option<(Call<'_>, &Place)> {
    let (request, response) = (&call.stream.request, &call.stream.response);
    let trailers = response.end_stream.as_ref();
    let trailers = trailers.filter(|place| place.kind == HEADERS)?;
    let ended_before = request.end_stream.as_ref();
    let ended_before = ended_before.is_some_and(|end| end.at_ns <= trailers.at_ns);
    let is_reset = request.reset.is_some() || response.reset.is_some();
    (!ended_before && !is_reset).then_some((call, trailers))
}
