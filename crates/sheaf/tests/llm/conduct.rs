//! Towards a server that is broken, busy, slow or not willing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::scripted::{Reply, Run, Scripted, Wire, document, environment, error, run, run_in, says};
use crate::template;

/// Answers by the number of the question, counted from 0.
fn in_turn(wire: Wire, answers: impl Fn(u32) -> Reply + Send + Sync + 'static) -> Scripted {
    let count = AtomicU32::new(0);
    Scripted::start(wire, move |_| answers(count.fetch_add(1, Ordering::Relaxed)))
}

fn heron() -> Reply {
    says(&json!({"quibble": {"value": "a grey heron", "lines": [1]}}))
}

fn ask(server: &Scripted) -> Run {
    run(server, &template(), &[document(&["we saw a grey heron today."])])
}

fn value(run: &Run) -> &Value {
    &run.results[0]["fields"][0]["value"]
}

fn code(run: &Run) -> &Value {
    &run.results[0]["error"]["code"]
}

#[test]
fn broken_json_is_repaired_and_what_cannot_be_is_asked_for_once_more() {
    let fenced = in_turn(Wire::Openai, |_| {
        Reply::Text(
            "Sure!\n```json\n{\"quibble\": {\"value\": \"a grey heron\", \"lines\": [1],},}\n```".into(),
        )
    });
    assert_eq!(value(&ask(&fenced)), "a grey heron");
    assert_eq!(fenced.requests().len(), 1);

    for wire in [Wire::Openai, Wire::Anthropic] {
        let once =
            in_turn(wire, |n| if n == 0 { Reply::Text("I think it was a heron.".into()) } else { heron() });
        assert_eq!(value(&ask(&once)), "a grey heron");
        assert_eq!(once.requests().len(), 2);
    }
}

#[test]
fn an_answer_that_was_cut_off_is_asked_for_with_more_room() {
    let server = in_turn(Wire::Openai, |n| if n == 0 { Reply::CutOff("{\"quib".into()) } else { heron() });
    assert_eq!(value(&ask(&server)), "a grey heron");
    let most = |at: usize| server.requests()[at].body["max_tokens"].as_u64().unwrap();
    assert!(most(1) > most(0));
    // What is cut off again is taken as far as it goes.
    let cut = "{\"quibble\": {\"value\": \"a grey heron\", \"lines\": [1]}, \"more\": {\"val";
    let server = in_turn(Wire::Anthropic, move |_| Reply::CutOff(cut.into()));
    assert_eq!(value(&ask(&server)), "a grey heron");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_server_without_schemas_is_asked_without() {
    let server = in_turn(Wire::Openai, |n| {
        if n == 0 { error(400, "response_format json_schema is not supported") } else { heron() }
    });
    assert_eq!(value(&ask(&server)), "a grey heron");
    let requests = server.requests();
    assert!(
        requests[0].body.get("response_format").is_some()
            && requests[1].body.get("response_format").is_none()
    );
}

#[test]
fn a_failing_server_is_tried_again() {
    let server = in_turn(Wire::Openai, |n| if n < 2 { error(500, "oops") } else { heron() });
    assert_eq!(value(&ask(&server)), "a grey heron");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_busy_server_is_waited_for_and_that_is_no_attempt() {
    for (wait, wire) in [("1", Wire::Openai), ("7", Wire::Anthropic)] {
        let server = in_turn(wire, move |n| match n {
            0 => Reply::Status(ResponseTemplate::new(429).insert_header("retry-after", wait)),
            _ => heron(),
        });
        let folder = tempfile::tempdir().unwrap();
        let mut environment = server.environment();
        environment.retain(|(name, _)| name != "SHEAF_LLM_PATIENCE");
        let run =
            run_in(folder.path(), &environment, &template(), &[document(&["we saw a grey heron today."])]);
        assert_eq!(value(&run), "a grey heron", "{wait} seconds");
        assert_eq!(server.requests().len(), 2);
        assert_eq!(run.results[0]["error"], Value::Null);
    }
}

#[test]
fn a_refusal_is_recorded_as_one() {
    for wire in [Wire::Openai, Wire::Anthropic] {
        let server = in_turn(wire, |_| Reply::Refuse);
        assert_eq!(code(&ask(&server)), "llm_refused");
        assert_eq!(server.requests().len(), 1, "{wire:?}: it is not asked again");
    }
}

#[test]
fn a_refused_key_is_told_and_not_tried_again_and_again() {
    let server = in_turn(Wire::Openai, |_| error(401, "bad key"));
    let run = ask(&server);
    assert_eq!(code(&run), "llm_unavailable");
    assert!(run.results[0]["error"]["detail"].as_str().unwrap().contains("SHEAF_LLM_API_KEY"));
    assert!(server.requests().len() <= 3, "{}", server.requests().len());
}

#[test]
fn questions_that_the_server_does_not_take_fail_alone() {
    let server =
        Scripted::start(
            Wire::Openai,
            |prompt| {
                if prompt.contains("long") { error(413, "too long") } else { heron() }
            },
        );
    let documents: Vec<Vec<u8>> =
        (0..6).map(|n| document(&[&format!("a long letter, number {n}")])).collect();
    let heron = document(&["we saw a grey heron today."]);
    let run = run(&server, &template(), &[documents, vec![heron]].concat());
    let results = run.results.as_array().unwrap();
    for failed in &results[..6] {
        assert_eq!(failed["error"]["code"], "llm_unavailable", "{failed}");
        assert!(failed["error"]["detail"].as_str().unwrap().contains("SHEAF_LLM_CONTEXT_TOKENS"), "{failed}");
    }
    assert_eq!(results[6]["fields"][0]["value"], "a grey heron");
    // Once in each of a document's attempts.
    assert!(server.requests().len() <= 6 * 3 + 1, "{}", server.requests().len());
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = in_turn(Wire::Openai, |_| heron());
    let to = format!("{}/chat/completions", elsewhere.url());
    let server = in_turn(Wire::Openai, move |_| {
        Reply::Status(ResponseTemplate::new(307).insert_header("location", to.as_str()))
    });
    let run = ask(&server);
    assert_eq!(code(&run), "llm_unavailable");
    assert!(run.results[0]["error"]["detail"].as_str().unwrap().contains("redirect"));
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_hanging_server_and_a_slow_one_time_out() {
    // Sends its answer a byte at a time.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 65_536]);
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n",
                );
                while stream.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
    let hanging = in_turn(Wire::Openai, |_| Reply::Hang);
    for url in [slow, hanging.url()] {
        let folder = tempfile::tempdir().unwrap();
        let mut environment = environment(Wire::Openai, &url);
        environment.push(("SHEAF_LLM_TIMEOUT".into(), "1".into()));
        let run = run_in(folder.path(), &environment, &template(), &[document(&["hello"])]);
        assert_eq!(code(&run), "llm_unavailable");
        assert!(run.results[0]["error"]["detail"].as_str().unwrap().contains("1 seconds"), "{}", run.results);
    }
}

#[test]
fn the_same_question_is_asked_once() {
    let server = in_turn(Wire::Openai, |_| heron());
    let folder = tempfile::tempdir().unwrap();
    let documents = [document(&["we saw a grey heron today."])];
    let first = run_in(folder.path(), &server.environment(), &template(), &documents);
    let second = run_in(folder.path(), &server.environment(), &template(), &documents);
    assert_eq!(first.results[0]["fields"], second.results[0]["fields"]);
    assert_eq!(server.requests().len(), 1);
    // Another question about the same document is another one.
    let other = json!({"name": "Other", "fields": [{"name": "quarrel", "type": "text"}]});
    run_in(folder.path(), &server.environment(), &other, &documents);
    assert_eq!(server.requests().len(), 2);
}
