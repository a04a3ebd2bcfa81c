//! PostgreSQL over TLS: a real server with a certificate of its own.

use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sheaf_store::{Store, StoreConfig, StoreError};

use crate::fixture::plans;
use crate::postgres;

#[tokio::test]
async fn a_database_is_reached_over_tls_by_whoever_trusts_its_certificate() {
    if postgres::server().is_none() {
        return;
    }
    // The server that the run was pointed at may have no TLS: this one is always a throwaway one.
    let Some(programs) = postgres::programs() else {
        eprintln!("SKIPPED PostgreSQL over TLS: install PostgreSQL");
        return;
    };
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, authority_certificate.pem()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let pems = [("TLS_CERTIFICATE", &*certificate.pem()), ("TLS_KEY", &*key.serialize_pem())];
    postgres::start(&programs, &[&port], &pems);

    let open = async |host: &str, parameters: &str| {
        let config = StoreConfig {
            database_url: format!("postgres://sheaf@{host}:{port}/postgres?{parameters}"),
            ..StoreConfig::in_folder(folder.path(), plans())
        };
        let store = Store::open(&config).await?;
        let pinged = store.ping().await;
        store.close().await;
        pinged
    };
    let trusted = format!("sslmode=verify-full&sslrootcert={}", root.display());
    let by_authority = format!("sslmode=verify-ca&sslrootcert={}", root.display());
    assert_eq!(open("localhost", &trusted).await, Ok(()));
    assert_eq!(open("127.0.0.1", &by_authority).await, Ok(()), "the name does not matter there");
    assert_eq!(open("localhost", "sslmode=require").await, Ok(()), "encrypted, whoever it is");

    let another_name = open("127.0.0.1", &trusted).await;
    let unknown_authority = open("localhost", "sslmode=verify-full").await;
    for refused in [another_name, unknown_authority] {
        let Err(StoreError::Unavailable(sentence)) = refused else { panic!("{refused:?}") };
        assert!(sentence.contains("certificate"), "{sentence}");
    }
    // The server takes nobody without TLS, so the calls above had it.
    let plain = open("localhost", "sslmode=disable").await;
    assert!(plain.is_err(), "{plain:?}");
}
