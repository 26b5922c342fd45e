//! Who proves to be whom in a cell over TLS.

use wirecheck_core::plan::case::Certificate;
use wirecheck_core::plan::types::{ChannelPlan, ListenerPlan};
use wirecheck_core::plan::variant::Variant;

use crate::peer::contract;
use crate::run::cell::Stage;
use crate::run::certificates::{Authority, CertificateError, Holder, SERVER_NAME, Shown};

/// What a server shows, and whether it asks for a client's certificate.
pub(super) fn of_server(
    stage: &Stage<'_>,
    listener: &ListenerPlan,
) -> Result<Option<contract::ServerTls>, CertificateError> {
    if !stage.variant.is_encrypted() {
        return Ok(None);
    }
    let shown = shown(stage, Holder::Server, listener.tls.certificate)?.unwrap_or_default();
    let client_ca = match stage.variant {
        Variant::Mtls => stage.certificates.authority(Authority::Ours)?,
        _ => String::new(),
    };
    Ok(Some(contract::ServerTls {
        certificate_chain: shown.chain.into(),
        private_key: shown.key.into(),
        client_ca: client_ca.into(),
    }))
}

/// Whom a client trusts, and what it shows where it is asked.
pub(super) fn of_client(
    stage: &Stage<'_>,
    channel: &ChannelPlan,
) -> Result<Option<contract::ClientTls>, CertificateError> {
    if !stage.variant.is_encrypted() {
        return Ok(None);
    }
    let trusted = match channel.tls.trusts_other_authority {
        true => Authority::Other,
        false => Authority::Ours,
    };
    let shown = match stage.variant {
        Variant::Mtls => shown(stage, Holder::Client, channel.tls.certificate)?,
        _ => None,
    };
    let shown = shown.unwrap_or_default();
    Ok(Some(contract::ClientTls {
        ca: stage.certificates.authority(trusted)?.into(),
        certificate_chain: shown.chain.into(),
        private_key: shown.key.into(),
        server_name: SERVER_NAME.into(),
    }))
}

fn shown(
    stage: &Stage<'_>,
    holder: Holder,
    certificate: Certificate,
) -> Result<Option<Shown>, CertificateError> {
    match certificate {
        Certificate::None => Ok(None),
        certificate => stage.certificates.shown(holder, certificate).map(Some),
    }
}
