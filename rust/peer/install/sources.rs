//! The sources that the program carries, by an explicit list: nothing gets in
//! that was not put here.

/// One file of a peer's sources.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Its path below the folder of the installation, as in the project.
    pub path: &'static str,
    /// What is in it.
    pub text: &'static str,
}

macro_rules! sources {
    ($($path:literal,)*) => {
        &[$(Source {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)),
        }),*]
    };
}

/// Both Python peers, what sets them up, and the schemas of their stubs.
pub const PYTHON: &[Source] = sources![
    "proto/grpc/testing/empty.proto",
    "proto/grpc/testing/messages.proto",
    "proto/grpc/testing/test.proto",
    "proto/hello.proto",
    "proto/helloworld.proto",
    "proto/wirecheck/v1/peer.proto",
    "python/peers/grpcio_aio.py",
    "python/peers/grpcio_sync.py",
    "python/peers/wirecheck_peer/__init__.py",
    "python/peers/wirecheck_peer/aio_call.py",
    "python/peers/wirecheck_peer/aio_client.py",
    "python/peers/wirecheck_peer/aio_handler.py",
    "python/peers/wirecheck_peer/aio_peer.py",
    "python/peers/wirecheck_peer/aio_progress.py",
    "python/peers/wirecheck_peer/aio_server.py",
    "python/peers/wirecheck_peer/aio_test_service.py",
    "python/peers/wirecheck_peer/calls.py",
    "python/peers/wirecheck_peer/errors.py",
    "python/peers/wirecheck_peer/features.py",
    "python/peers/wirecheck_peer/frames.py",
    "python/peers/wirecheck_peer/latches.py",
    "python/peers/wirecheck_peer/library_services.py",
    "python/peers/wirecheck_peer/messages.py",
    "python/peers/wirecheck_peer/metadata.py",
    "python/peers/wirecheck_peer/official.py",
    "python/peers/wirecheck_peer/options.py",
    "python/peers/wirecheck_peer/records.py",
    "python/peers/wirecheck_peer/scripts.py",
    "python/peers/wirecheck_peer/services.py",
    "python/peers/wirecheck_peer/session.py",
    "python/peers/wirecheck_peer/stdio.py",
    "python/peers/wirecheck_peer/sync_call.py",
    "python/peers/wirecheck_peer/sync_client.py",
    "python/peers/wirecheck_peer/sync_handler.py",
    "python/peers/wirecheck_peer/sync_peer.py",
    "python/peers/wirecheck_peer/sync_progress.py",
    "python/peers/wirecheck_peer/sync_requests.py",
    "python/peers/wirecheck_peer/sync_server.py",
    "python/peers/wirecheck_peer/sync_test_service.py",
    "python/peers/wirecheck_peer/test_service.py",
    "python/requirements.txt",
    "python/setup_env.py",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A new file that nobody put into the list would be missed only by those
    /// who install.
    #[test]
    fn every_file_of_the_python_peers_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["python/peers", "python/peers/wirecheck_peer"] {
            let files = std::fs::read_dir(root.join(folder)).expect("a folder of the project");
            let files = files.map(|file| file.expect("an entry").path());
            for file in files.filter(|file| file.extension().is_some_and(|end| end == "py")) {
                let path = file.strip_prefix(root).expect("below it");
                let path = path.to_str().expect("a path in UTF-8");
                let carried = PYTHON.iter().any(|source| source.path == path);
                assert!(carried, "{path} is not in the list");
            }
        }
    }
}
