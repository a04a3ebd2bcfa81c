//! Which cryptography TLS runs on.

/// Has whatever speaks TLS in this process use ring. Once is enough, more often does no harm.
pub fn use_ring() {
    // Refused where somebody chose before, and then there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
