//! Looking before anything is started.

use super::ContainerFault;
use super::engine::Engine;
use crate::peer::spec::Image;

/// Where an engine answers.
///
/// # Errors
///
/// None does.
pub async fn engine() -> Result<String, ContainerFault> {
    Ok(Engine::answering().await?.host().to_owned())
}

/// The id of an image that the engine has.
///
/// # Errors
///
/// It does not have it, or there is no engine.
pub async fn look(image: &Image) -> Result<String, ContainerFault> {
    find(&Engine::answering().await?, image).await
}

/// As [`look`], in an engine that answers.
pub(super) async fn find(engine: &Engine, image: &Image) -> Result<String, ContainerFault> {
    let found = engine.image_id(&image.name).await?;
    found.ok_or_else(|| ContainerFault::NoImage {
        image: image.name.clone(),
        get: image.get.clone(),
    })
}
