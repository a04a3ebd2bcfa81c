//! What only a real connection shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::body::{Body, Bytes};
use axum::http::Method;
use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{BOUNDARY, Client, PDF, Server, file, form};

async fn listen(server: &Server) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    TcpStream::connect(address).await.unwrap()
}

/// Sends the whole request before it reads a byte of the answer, as simple clients do.
async fn answer_to(server: &Server, key: &str, body: &[u8]) -> String {
    let mut stream = listen(server).await;
    let head = format!(
        "POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_sends_on_after_it_was_refused_still_gets_the_answer() {
    let server = Server::with(|state| {
        state.limits.max_file_bytes = 1 << 20;
        state.limits.max_request_bytes = 4 << 20;
    })
    .await;
    let ann = server.client();
    let big = form(&[file("file", "a.pdf", &[PDF, &vec![b' '; 20 << 20]].concat())]);
    for (key, status) in [("sheaf_live_nonsense", "HTTP/1.1 401 "), (&ann.key, "HTTP/1.1 413 ")] {
        let answer = answer_to(&server, key, &big).await;
        assert!(answer.starts_with(status), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    assert!(ann.ids("/v1/documents").await.is_empty());
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_answered_at_once() {
    let server = Server::start().await;
    let mut stream = listen(&server).await;
    let head = format!(
        "POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: 1000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

async fn upload_in_chunks(client: &Client, chunks: Vec<Bytes>) -> crate::support::Answer {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)));
    client.send(Method::POST, "/v1/documents", &[("content-type", &content_type)], body).await
}

#[tokio::test]
async fn an_upload_may_come_in_any_pieces() {
    let server = Server::start().await;
    let ann = server.client();
    let body =
        form(&[file("file", "a.pdf", PDF), file("file", "b.pdf", b"%PDF-1.4\r\n--par\r\n--part\r\r\n")]);
    for size in [1, 7, 64, body.len()] {
        let chunks = body.chunks(size).map(Bytes::copy_from_slice).collect();
        let json = upload_in_chunks(&ann, chunks).await.expect(201).json();
        let second = json["data"][1]["id"].as_str().unwrap();
        let bytes = ann.get(&format!("/v1/documents/{second}/file")).await.expect(200).bytes;
        assert_eq!(bytes, b"%PDF-1.4\r\n--par\r\n--part\r\r\n", "{size}");
    }
}

#[tokio::test]
async fn an_upload_may_come_in_pieces_as_large_as_a_fast_connection_gives() {
    let server = Server::start().await;
    let ann = server.client();
    let content = [PDF, &vec![b' '; 3 << 20]].concat();
    let body = form(&[file("file", "a.pdf", &content)]);
    let chunks = body.chunks(417_792).map(Bytes::copy_from_slice).collect();
    let id = upload_in_chunks(&ann, chunks).await.expect(201).text("/id");
    assert!(ann.get(&format!("/v1/documents/{id}/file")).await.expect(200).bytes == content);
}

#[tokio::test]
async fn an_upload_larger_than_the_memory_set_aside_comes_back_whole() {
    let server = Server::start().await;
    let ann = server.client();
    let files: Vec<Vec<u8>> = (0..5u8).map(|i| [PDF, &vec![i; 5 << 20]].concat()).collect();
    let parts: Vec<_> = files.iter().map(|content| file("file", "a.pdf", content)).collect();
    let json = ann.form("/v1/documents", &parts).await.expect(201).json();
    for (i, content) in files.iter().enumerate() {
        let id = json["data"][i]["id"].as_str().unwrap();
        assert!(ann.get(&format!("/v1/documents/{id}/file")).await.expect(200).bytes == *content, "{i}");
    }
}

#[tokio::test]
async fn headers_of_a_part_without_end_are_cut_off() {
    let server = Server::start().await;
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; x=\"");
    let mut chunks = vec![Bytes::from(head)];
    chunks.extend((0..1_000).map(|_| Bytes::from(vec![b'x'; 10_000])));
    upload_in_chunks(&server.client(), chunks).await.expect_problem(400, "invalid_request");
}

#[tokio::test]
async fn an_upload_is_read_no_further_than_it_is_dealt_with() {
    let server = Server::start().await;
    let part = |name: &str| {
        Bytes::from(format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\r\n"
        ))
    };
    let parts = (0..1_000).map(move |i| if i == 100 { part("unknown") } else { part("file") });
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let body = Body::from_stream(stream::iter(parts.map(move |part| {
        counted.fetch_add(1, Relaxed);
        Ok::<_, std::io::Error>(part)
    })));
    // A client that waits for leave to send is not read on after the refusal.
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str()), ("expect", "100-continue")];
    let answer = server.client().send(Method::POST, "/v1/documents", &headers, body).await;
    answer.expect_faults(400, &["/unknown"]);
    assert!((101..110).contains(&sent.load(Relaxed)), "{sent:?} parts were read to refuse the 101st");
}
