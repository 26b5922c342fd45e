//! What this machine lacks of what cells are run over.

use std::net::{Ipv6Addr, TcpListener};
use std::sync::OnceLock;

use wirecheck_core::plan::variant::Variant;

/// Why cells of a variant cannot be run here, if they cannot.
pub fn lacks(variant: Variant) -> Option<&'static str> {
    (variant == Variant::Ipv6 && !has_ipv6()).then_some("this machine has no address ::1")
}

fn has_ipv6() -> bool {
    static HAS_IPV6: OnceLock<bool> = OnceLock::new();
    *HAS_IPV6.get_or_init(|| TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ipv6_can_be_lacking() {
        for variant in [Variant::Tcp, Variant::Uds, Variant::Tls, Variant::Mtls] {
            assert_eq!(lacks(variant), None);
        }
        assert_eq!(lacks(Variant::Ipv6).is_none(), has_ipv6());
    }
}
