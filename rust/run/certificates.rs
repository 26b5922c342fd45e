//! Certificates for the cells of a run that are over TLS. They are made when
//! the first is asked for, live in memory and last two days. Only programs that
//! know nothing of Wirecheck get them as files.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;
use wirecheck_core::plan::case::Certificate;

/// The name that clients ask for, whatever address they connect to.
pub const SERVER_NAME: &str = "localhost";
/// A name that no client asks for.
const OTHER_NAME: &str = "other.invalid";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be made.
    #[error("{0}")]
    Made(#[from] rcgen::Error),
    /// It cannot be written to a file.
    #[error("it cannot be written: {0}")]
    Written(String),
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Whom both sides are to trust.
    Ours,
    /// Whom nobody should.
    Other,
}

/// Who shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Holder {
    Server,
    Client,
}

/// What a peer proves itself with, in PEM; empty if it has nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// The certificate.
    pub chain: String,
    /// Its key, PKCS #8.
    pub key: String,
}

/// The authorities of a run, and what they sign.
#[derive(Default)]
pub struct Certificates {
    authorities: OnceLock<Result<Authorities, CertificateError>>,
    files: OnceLock<Result<Files, CertificateError>>,
}

/// The authority and a good certificate of a server, for programs that take
/// files. Gone with the run.
#[derive(Debug)]
pub struct Files {
    /// The certificate of the authority, in PEM.
    pub ca: PathBuf,
    /// The certificate of the server, in PEM.
    pub cert: PathBuf,
    /// Its key, PKCS #8 in PEM.
    pub key: PathBuf,
    _folder: TempDir,
}

struct Authorities {
    ours: CertifiedIssuer<'static, KeyPair>,
    other: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    /// The certificate of an authority, in PEM.
    ///
    /// # Errors
    ///
    /// It could not be made.
    pub fn authority(&self, authority: Authority) -> Result<String, CertificateError> {
        self.issuer(authority).map(|issuer| issuer.pem())
    }

    /// A new certificate with its key.
    ///
    /// # Errors
    ///
    /// It could not be made.
    pub fn shown(
        &self,
        holder: Holder,
        certificate: Certificate,
    ) -> Result<Shown, CertificateError> {
        let authority = match certificate {
            Certificate::OtherAuthority => Authority::Other,
            _ => Authority::Ours,
        };
        let key = KeyPair::generate()?;
        let signed = params(holder, certificate)?.signed_by(&key, self.issuer(authority)?)?;
        Ok(Shown {
            chain: signed.pem(),
            key: key.serialize_pem(),
        })
    }

    /// Those of a good server in files, which only this user can read.
    ///
    /// # Errors
    ///
    /// They could not be made or written.
    pub fn files(&self) -> Result<&Files, CertificateError> {
        let files = self.files.get_or_init(|| self.write_files());
        files.as_ref().map_err(Clone::clone)
    }

    fn write_files(&self) -> Result<Files, CertificateError> {
        let failed = |error: std::io::Error| CertificateError::Written(error.to_string());
        let shown = self.shown(Holder::Server, Certificate::Good)?;
        let folder = tempfile::Builder::new()
            .prefix("wc-")
            .tempdir()
            .map_err(failed)?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).map(|()| path).map_err(failed)
        };
        Ok(Files {
            ca: write("ca.pem", &self.authority(Authority::Ours)?)?,
            cert: write("server.pem", &shown.chain)?,
            key: write("server.key", &shown.key)?,
            _folder: folder,
        })
    }

    fn issuer(
        &self,
        authority: Authority,
    ) -> Result<&CertifiedIssuer<'static, KeyPair>, CertificateError> {
        let made = self.authorities.get_or_init(|| {
            Ok(Authorities {
                ours: authority_named("Wirecheck")?,
                other: authority_named("Somebody else")?,
            })
        });
        let made = made.as_ref().map_err(Clone::clone)?;
        Ok(match authority {
            Authority::Ours => &made.ours,
            Authority::Other => &made.other,
        })
    }
}

fn authority_named(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, CertificateError> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{name}, for one run"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasts(&mut params, false);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn params(holder: Holder, certificate: Certificate) -> Result<CertificateParams, CertificateError> {
    let (name, purpose) = match (holder, certificate) {
        (Holder::Client, _) => ("client.invalid", ExtendedKeyUsagePurpose::ClientAuth),
        (_, Certificate::OtherName) => (OTHER_NAME, ExtendedKeyUsagePurpose::ServerAuth),
        _ => (SERVER_NAME, ExtendedKeyUsagePurpose::ServerAuth),
    };
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    lasts(&mut params, certificate == Certificate::Expired);
    Ok(params)
}

/// From yesterday until tomorrow, since clocks differ; or until yesterday.
fn lasts(params: &mut CertificateParams, is_over: bool) {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = date_time_ymd(1970, 1, 1) + since_epoch.unwrap_or_default();
    (params.not_before, params.not_after) = match is_over {
        false => (now - DAY, now + DAY),
        true => (now - DAY * 3, now - DAY),
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use super::*;

    /// Lets a client and a server shake hands in memory.
    fn shake_hands(
        certificates: &Certificates,
        certificate: Certificate,
        trusted: Authority,
    ) -> Result<(), rustls::Error> {
        let shown = certificates
            .shown(Holder::Server, certificate)
            .expect("a certificate");
        let chain = CertificateDer::pem_slice_iter(shown.chain.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).expect("a key");
        let server = ServerConfig::builder().with_no_client_auth();
        let server = server.with_single_cert(chain, key).expect("a pair");
        let trusted = certificates.authority(trusted).expect("an authority");
        let mut roots = RootCertStore::empty();
        let trusted = CertificateDer::from_pem_slice(trusted.as_bytes()).expect("PEM");
        roots.add(trusted).expect("an authority");
        let client = ClientConfig::builder().with_root_certificates(roots);
        let client = client.with_no_client_auth();
        let name = ServerName::try_from(SERVER_NAME).expect("a name");
        let mut client = ClientConnection::new(Arc::new(client), name).expect("a client");
        let mut server = ServerConnection::new(Arc::new(server)).expect("a server");
        while client.is_handshaking() {
            let mut line = Vec::new();
            client.write_tls(&mut line).expect("memory");
            server.read_tls(&mut line.as_slice()).expect("memory");
            server.process_new_packets()?;
            line.clear();
            while server.wants_write() {
                server.write_tls(&mut line).expect("memory");
            }
            let mut answer = line.as_slice();
            while !answer.is_empty() {
                client.read_tls(&mut answer).expect("memory");
            }
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn only_the_good_certificate_is_trusted() {
        let certificates = Certificates::default();
        let outcome = |certificate, trusted| shake_hands(&certificates, certificate, trusted);
        assert_eq!(outcome(Certificate::Good, Authority::Ours), Ok(()));
        let refused = |certificate, trusted| {
            let error = outcome(certificate, trusted).expect_err("refused");
            error.to_string()
        };
        let expired = refused(Certificate::Expired, Authority::Ours);
        assert!(expired.contains("expired"), "{expired}");
        let other_name = refused(Certificate::OtherName, Authority::Ours);
        assert!(other_name.contains("not valid for name"), "{other_name}");
        for (certificate, trusted) in [
            (Certificate::OtherAuthority, Authority::Ours),
            (Certificate::Good, Authority::Other),
        ] {
            let why = refused(certificate, trusted);
            assert!(
                why.contains("UnknownIssuer") || why.contains("BadSignature"),
                "{why}"
            );
        }
    }
}
