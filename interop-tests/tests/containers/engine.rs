//! The engine: whether it and the images are there, and what of ours is in it.

use std::collections::HashMap;
use std::time::Duration;

use testcontainers::bollard::Docker;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use testcontainers::core::client::docker_client_instance;
use tokio::time::timeout;
use wirecheck_interop_tests::prerequisite::Missing;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// An engine answers within milliseconds; the client itself would wait for two minutes.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// On every container of these tests; the value says which trial it belongs to.
pub const LABEL: &str = "wirecheck.trial";

/// The tag that `make images` gives.
pub const TAG: &str = "test";

/// The image with the article's programs in a language.
pub fn image(language: &str) -> String {
    format!("wirecheck-article-{language}")
}

/// What keeps a trial with these languages from running.
pub async fn missing(languages: &[&str]) -> Option<Missing> {
    let engine = match answering_engine().await {
        Ok(engine) => engine,
        Err(reason) => {
            let reason = format!("no container engine answers ({reason})");
            return Some(Missing::new(
                reason,
                r#"export "$(scripts/engine.sh start)""#,
            ));
        }
    };
    for language in languages {
        let name = format!("{}:{TAG}", image(language));
        if let Err(reason) = engine.inspect_image(&name).await {
            let reason = format!("the image {name} is not there ({reason})");
            return Some(Missing::new(reason, "make images"));
        }
    }
    None
}

async fn answering_engine() -> Result<Docker, Error> {
    let engine = docker_client_instance().await?;
    timeout(ANSWER_LIMIT, engine.ping()).await??;
    Ok(engine)
}

/// Removes whatever containers a trial has left, and says which.
///
/// # Errors
/// If the engine does not list or remove them.
pub async fn remove_left_over(trial: &str) -> Result<Vec<String>, Error> {
    remove_labelled(LABEL, trial).await
}

/// Removes the containers that have a label with this value, and says which.
///
/// # Errors
/// If the engine does not list or remove them.
pub async fn remove_labelled(label: &str, value: &str) -> Result<Vec<String>, Error> {
    let engine = docker_client_instance().await?;
    let force = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    let containers = labelled(label, value).await?;
    for id in &containers {
        engine.remove_container(id, Some(force.clone())).await?;
    }
    Ok(containers)
}

/// The ids of the containers that have a label with this value, running or not.
///
/// # Errors
/// If the engine does not list them.
pub async fn labelled(label: &str, value: &str) -> Result<Vec<String>, Error> {
    let engine = docker_client_instance().await?;
    let with_label = HashMap::from([("label".to_owned(), vec![format!("{label}={value}")])]);
    let all = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&with_label)
        .build();
    let containers = engine.list_containers(Some(all)).await?;
    let ids = containers.into_iter().map(|container| container.id);
    Ok(ids.map(Option::unwrap_or_default).collect())
}
