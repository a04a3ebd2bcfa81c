//! Pictures of pages.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::support::{Client, PDF, Server, file};

const SAMPLE: &[u8] = include_bytes!("../../../../demo/documents/02-design-studio.pdf");

async fn uploaded(client: &Client, content: &[u8]) -> String {
    client.form("/v1/documents", &[file("file", "a", content)]).await.expect(201).text("/id")
}

/// Left half dark, right half light.
fn two_halves() -> Vec<u8> {
    let picture = RgbImage::from_fn(200, 100, |x, _| Rgb([if x < 100 { 20 } else { 230 }; 3]));
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

#[tokio::test]
async fn a_page_is_shown_in_the_width_asked_for_and_the_same_again() {
    let server = Server::start().await;
    let ann = server.client();
    let id = uploaded(&ann, SAMPLE).await;
    let path = format!("/v1/documents/{id}/pages/1");
    for (query, width) in [("", 1_200), ("?width=300", 300), ("?width=333", 333)] {
        let answer = ann.get(&format!("{path}{query}")).await.expect(200);
        assert_eq!(answer.header("content-type"), "image/png");
        let picture = image::load_from_memory(&answer.bytes).unwrap().into_luma8();
        assert_eq!(picture.width(), width);
        // A4, with something written on it.
        assert!((f64::from(picture.height()) / f64::from(width) - 2_f64.sqrt()).abs() < 0.02);
        assert!(picture.pixels().any(|pixel| pixel.0[0] < 100));
        assert_eq!(ann.get(&format!("{path}{query}")).await.expect(200).bytes, answer.bytes);
    }
}

#[tokio::test]
async fn an_image_is_its_own_picture() {
    let server = Server::start().await;
    let ann = server.client();
    let id = uploaded(&ann, &two_halves()).await;
    let answer = ann.get(&format!("/v1/documents/{id}/pages/1?width=100")).await.expect(200);
    let picture = image::load_from_memory(&answer.bytes).unwrap().into_luma8();
    assert_eq!(picture.dimensions(), (100, 50));
    assert!(picture.get_pixel(20, 25).0[0] < 40 && picture.get_pixel(80, 25).0[0] > 210);
}

#[tokio::test]
async fn a_part_of_a_page_is_cut_out() {
    let server = Server::start().await;
    let ann = server.client();
    let id = uploaded(&ann, &two_halves()).await;
    let path = format!("/v1/documents/{id}/pages/1?width=100");
    let answer = ann.get(&format!("{path}&crop=0.6,0.2,0.9,0.6")).await.expect(200);
    let part = image::load_from_memory(&answer.bytes).unwrap().into_luma8();
    assert_eq!(part.dimensions(), (30, 20));
    assert!(part.pixels().all(|pixel| pixel.0[0] > 200));
    for crop in ["", "0,0,1", "0,0,0,1", "0.5,0,0.1,1", "0,0,2,1", "a,b,c,d", "0,0,NaN,1"] {
        ann.get(&format!("{path}&crop={crop}")).await.expect_faults(400, &["/crop"]);
    }
}

#[tokio::test]
async fn a_pages_words_stand_where_they_are_and_are_the_same_again() {
    let server = Server::start().await;
    let ann = server.client();
    let id = uploaded(&ann, SAMPLE).await;
    let words = ann.get(&format!("/v1/documents/{id}/pages/1/words")).await.expect(200).json();
    let found = words["data"].as_array().unwrap();
    let seller = found.iter().find(|word| word["text"] == "Quillstone").unwrap();
    let bbox: Vec<f64> =
        seller["bbox"].as_array().unwrap().iter().map(|edge| edge.as_f64().unwrap()).collect();
    assert!(bbox[0] < bbox[2] && bbox[1] < bbox[3] && bbox[3] < 0.5, "{bbox:?}");
    assert_eq!(ann.get(&format!("/v1/documents/{id}/pages/1/words")).await.json(), words);
    ann.get(&format!("/v1/documents/{id}/pages/9/words")).await.expect_problem(404, "not_found");
    let bob = server.other("bob@example.org", "unlimited").await;
    bob.get(&format!("/v1/documents/{id}/pages/1/words")).await.expect_problem(404, "not_found");
    let broken = uploaded(&ann, PDF).await;
    ann.get(&format!("/v1/documents/{broken}/pages/1/words")).await.expect_problem(409, "conflict");
}

#[tokio::test]
async fn what_cannot_be_shown_says_why() {
    let server = Server::start().await;
    let ann = server.client();
    let id = uploaded(&ann, SAMPLE).await;
    for path in ["pages/0", "pages/2", "pages/x", "pages/99999999999"] {
        ann.get(&format!("/v1/documents/{id}/{path}")).await.expect_problem(404, "not_found");
    }
    for width in ["0", "15", "4001"] {
        let path = format!("/v1/documents/{id}/pages/1?width={width}");
        ann.get(&path).await.expect_problem(400, "invalid_request");
    }
    let broken = uploaded(&ann, PDF).await;
    let path = format!("/v1/documents/{broken}/pages/1");
    let problem = ann.get(&path).await.expect_problem(409, "conflict");
    assert!(problem.text("/detail").contains("damaged"));
    let bob = server.other("bob@example.org", "unlimited").await;
    bob.get(&format!("/v1/documents/{id}/pages/1")).await.expect_problem(404, "not_found");
}
