//! The article's servers and clients in containers, every client against every server.
//!
//! They are the programs as they are: a client connects to 127.0.0.1:50051, so it gets the
//! network of the server's container. Without the feature `containers`, an engine that
//! answers or the images, all are ignored, with the reason and the mending command.

#[cfg(feature = "containers")]
mod engine;
#[cfg(feature = "containers")]
mod interrupt;
#[cfg(feature = "containers")]
mod pairing;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

const LANGUAGES: [&str; 2] = ["rust", "python"];

fn main() {
    let pairings = LANGUAGES.map(|client| LANGUAGES.map(|server| trial(client, server)));
    let trials = pairings.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(client: &'static str, server: &'static str) -> Trial {
    let name = format!("{client}_client_is_greeted_by_{server}_server");
    Trial::ignorable_test(name, move || run(client, server))
}

#[cfg(feature = "containers")]
fn run(client: &str, server: &str) -> Result<Completion, Failed> {
    // More than one thread: containers are removed on drop, which waits for the engine.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match engine::missing(&[client, server]).await {
            Some(missing) => Ok(Completion::ignored_with(missing)),
            None => pairing::run(client, server)
                .await
                .map(|()| Completion::Completed),
        }
    })
}

#[cfg(not(feature = "containers"))]
fn run(_client: &str, _server: &str) -> Result<Completion, Failed> {
    let missing = wirecheck_interop_tests::prerequisite::Missing::behind_feature("containers");
    Ok(Completion::ignored_with(missing))
}
