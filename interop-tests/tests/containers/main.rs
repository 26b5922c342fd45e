//! The article's servers and clients in containers, every client against every server, and
//! `wirecheck run` with such a server in its manifest.
//!
//! They are the programs as they are: a client connects to 127.0.0.1:50051, so it gets the
//! network of the server's container. Without the feature `containers`, an engine that
//! answers or the images, all are ignored, with the reason and the mending command.

#[cfg(feature = "containers")]
mod engine;
#[cfg(feature = "containers")]
mod interrupt;
#[cfg(feature = "containers")]
mod manifest;
#[cfg(feature = "containers")]
mod pairing;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

const LANGUAGES: [&str; 2] = ["rust", "python"];

/// `wirecheck run`, each with its end.
const RUNS: [&str; 3] = [
    "a_run_with_an_image_leaves_no_container",
    "ctrl_c_in_mid_run_leaves_no_container",
    "term_before_an_image_is_ready_leaves_no_container",
];

fn main() {
    let pairings = LANGUAGES.map(|client| LANGUAGES.map(|server| pairing(client, server)));
    let trials = pairings.into_iter().flatten().chain(runs()).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[cfg(feature = "containers")]
fn pairing(client: &'static str, server: &'static str) -> Trial {
    let name = pairing_name(client, server);
    Trial::ignorable_test(name, move || {
        run(&[client, server], pairing::run(client, server))
    })
}

#[cfg(feature = "containers")]
fn runs() -> [Trial; 3] {
    use manifest::Ending;
    use rustix::process::Signal;

    let endings = [
        Ending::Itself,
        Ending::Midway(Signal::INT),
        Ending::Unready(Signal::TERM),
    ];
    std::array::from_fn(|index| {
        let ending = endings[index];
        Trial::ignorable_test(RUNS[index], move || run(&["rust"], manifest::run(ending)))
    })
}

/// More than one thread: containers are removed on drop, which waits for the engine.
#[cfg(feature = "containers")]
fn run(
    languages: &[&str],
    trial: impl Future<Output = Result<(), Failed>>,
) -> Result<Completion, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match engine::missing(languages).await {
            Some(missing) => Ok(Completion::ignored_with(missing)),
            None => trial.await.map(|()| Completion::Completed),
        }
    })
}

#[cfg(not(feature = "containers"))]
fn pairing(client: &str, server: &str) -> Trial {
    Trial::ignorable_test(pairing_name(client, server), ignored)
}

#[cfg(not(feature = "containers"))]
fn runs() -> [Trial; 3] {
    RUNS.map(|name| Trial::ignorable_test(name, ignored))
}

#[cfg(not(feature = "containers"))]
fn ignored() -> Result<Completion, Failed> {
    let missing = wirecheck_interop_tests::prerequisite::Missing::behind_feature("containers");
    Ok(Completion::ignored_with(missing))
}

fn pairing_name(client: &str, server: &str) -> String {
    format!("{client}_client_is_greeted_by_{server}_server")
}
