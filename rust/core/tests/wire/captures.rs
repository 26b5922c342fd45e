//! Real captures decode to what their README says of them.

use super::outline::{outline, read};

/// One test for each capture: its outline as a snapshot, and no fault or cut.
macro_rules! captures {
    ($($test:ident: $case:literal)+) => {
        $(
            #[test]
            fn $test() {
                let exchange = read($case);
                assert_eq!(exchange.cuts, []);
                assert!(exchange.connections.iter().all(|connection| connection.faults.is_empty()));
                insta::assert_snapshot!(outline(&exchange));
            }
        )+
    };
}

captures! {
    say_hello: "python-grpcio.python-grpcio.say-hello"
    metadata_base64: "python-grpcio.python-grpcio.metadata-base64"
    metadata_true_binary: "python-grpcio.python-grpcio.metadata-true-binary"
    unknown_method: "python-grpcio.python-grpcio.unknown-method"
    fail_with_details: "python-grpcio.python-grpcio.fail-with-details"
    deadline: "python-grpcio.python-grpcio.deadline"
    server_streaming: "python-grpcio.python-grpcio.server-streaming"
    split_message: "python-grpcio.python-grpcio.split-message"
    ten_calls: "python-grpcio.python-grpcio.ten-calls"
}
