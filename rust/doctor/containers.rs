//! What a server in a container needs: an engine that answers, and its image.

use super::Check;
use crate::peer::foreign::container::{self, ContainerFault};
use crate::peer::spec::Image;

/// The most characters of an image's id that are shown.
const SHORT: usize = 19;

/// Checks of a peer that is an image, and whether it can be started.
pub async fn checks(subject: &str, image: &Image) -> (Vec<Check>, bool) {
    let engine = match container::engine().await {
        Ok(engine) => Check::ok(subject, "engine", engine),
        Err(fault) => return (vec![fix(subject, "engine", &fault)], false),
    };
    match container::look(image).await {
        Ok(id) => {
            let id: String = id.chars().take(SHORT).collect();
            let found = format!("{} is {id}", image.name);
            (vec![engine, Check::ok(subject, "image", found)], true)
        }
        Err(fault) => (vec![engine, fix(subject, "image", &fault)], false),
    }
}

fn fix(subject: &str, what: &str, fault: &ContainerFault) -> Check {
    let mend = fault.hint().unwrap_or_else(|| "docker info".into());
    Check::fix(subject, what, fault.to_string(), mend)
}
