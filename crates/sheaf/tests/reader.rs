//! Readers that fail in every way a child process can, and the code each way gets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sheaf::reader::{OcrConfig, ReaderCommand, ReaderLimits, ReaderProcess, Reply};
use sheaf_types::{ErrorCode, MediaType, TemplateSpec};
use tempfile::TempDir;

/// A stand-in for the reader: a shell script that may do its worst.
fn scripted(folder: &TempDir, script: &str) -> ReaderCommand {
    let path = folder.path().join("reader");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    ReaderCommand::new(path, ReaderLimits { seconds: 1, ..ReaderLimits::default() }, OcrConfig::default())
}

fn real(limits: ReaderLimits) -> ReaderProcess {
    ReaderProcess::new(ReaderCommand::new(
        PathBuf::from(env!("CARGO_BIN_EXE_sheaf")),
        limits,
        OcrConfig::default(),
    ))
}

async fn code(reader: &mut ReaderProcess, file: &[u8]) -> Option<ErrorCode> {
    match reader.extract(MediaType::Pdf, file, &TemplateSpec::starter_invoice()).await {
        Reply::Done(_) => None,
        Reply::Failed { code, .. } => Some(code),
    }
}

#[tokio::test]
async fn each_way_a_reader_ends_has_its_code() {
    for (script, expected) in [
        ("cat >/dev/null & sleep 60", ErrorCode::Timeout),
        ("kill -SEGV $$", ErrorCode::Crashed),
        ("exit 101", ErrorCode::Crashed),
        ("echo 'memory allocation of 8589934592 bytes failed' >&2; kill -ABRT $$", ErrorCode::OutOfMemory),
        ("kill -KILL $$", ErrorCode::OutOfMemory),
        // A reader that was taken over and answers nonsense, or an endless reply.
        (r"printf '\005\000\000\000hello'; sleep 60", ErrorCode::Crashed),
        (r"printf '\377\377\377\377'; sleep 60", ErrorCode::Crashed),
    ] {
        let folder = TempDir::new().unwrap();
        let mut reader = ReaderProcess::new(scripted(&folder, script));
        assert_eq!(code(&mut reader, b"%PDF-1.4").await, Some(expected), "{script}");
    }
}

#[tokio::test]
async fn a_reader_that_cannot_be_started_is_an_internal_error() {
    let command =
        ReaderCommand::new(PathBuf::from("/nonexistent"), ReaderLimits::default(), OcrConfig::default());
    assert_eq!(code(&mut ReaderProcess::new(command), b"%PDF-1.4").await, Some(ErrorCode::Internal));
}

#[tokio::test]
async fn a_hanging_reader_is_killed_with_the_dropped_call() {
    let folder = TempDir::new().unwrap();
    let pid = folder.path().join("pid");
    let command = scripted(&folder, &format!("echo $$ > {}; exec sleep 600", pid.display()));
    let mut reader = ReaderProcess::new(command);
    let call = tokio::time::timeout(Duration::from_millis(500), code(&mut reader, b"%PDF-1.4"));
    assert!(call.await.is_err(), "the call was dropped while the reader hung");
    let pid = fs::read_to_string(pid).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    let started = Instant::now();
    // A killed process that has not been waited for yet is a zombie: it runs no more.
    while process.exists() && !is_zombie(&process) {
        assert!(started.elapsed() < Duration::from_secs(10), "the reader lives on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_zombie(process: &std::path::Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[tokio::test]
async fn the_real_reader_refuses_what_is_no_pdf_and_goes_on() {
    let mut reader = real(ReaderLimits::default());
    assert_eq!(code(&mut reader, b"hello").await, Some(ErrorCode::UnsupportedType));
    assert_eq!(code(&mut reader, b"").await, Some(ErrorCode::UnsupportedType));
    assert_eq!(code(&mut reader, b"%PDF-1.4 and then nothing").await, Some(ErrorCode::Corrupt));
}

#[tokio::test]
async fn a_file_over_the_limit_never_reaches_the_reader() {
    let mut reader = real(ReaderLimits { file_bytes: 10, ..ReaderLimits::default() });
    assert_eq!(code(&mut reader, b"%PDF-1.4 too long").await, Some(ErrorCode::FileTooLarge));
}

#[tokio::test]
async fn the_memory_limit_binds() {
    // The process starts with less than 64 MB of address space left beyond itself; the file alone is larger.
    let limits = ReaderLimits { memory_mb: 64, file_bytes: 200_000_000, ..ReaderLimits::default() };
    let mut file = b"%PDF-1.4\n".to_vec();
    file.resize(100_000_000, b' ');
    assert_eq!(code(&mut real(limits), &file).await, Some(ErrorCode::OutOfMemory));
}

/// A PDF of so many pages that show a line and "Invoice"; its table is left to be found.
fn pdf(pages: usize) -> Vec<u8> {
    let numbers = 5..5 + pages;
    let kids: String = numbers.clone().map(|number| format!("{number} 0 R ")).collect();
    let objects: String = numbers
        .map(|number| {
            format!(
                "{number} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 3 0 R\
                 /Resources<</Font<</F1 4 0 R>>>>>> endobj\n"
            )
        })
        .collect();
    format!(
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
         2 0 obj <</Type/Pages/Kids[{kids}]/Count {pages}>> endobj\n\
         3 0 obj <</Length 57>>stream\n20 90 m 180 90 l S BT /F1 10 Tf 20 50 Td (Invoice) Tj ET  \nendstream endobj\n\
         4 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n{objects}trailer <</Root 1 0 R>>\n"
    )
    .into_bytes()
}

#[tokio::test]
async fn the_limit_on_pages_binds() {
    let limits = ReaderLimits { pages: 2, ..ReaderLimits::default() };
    assert_eq!(code(&mut real(limits), &pdf(2)).await, None);
    assert_eq!(code(&mut real(limits), &pdf(3)).await, Some(ErrorCode::TooManyPages));
}

#[tokio::test]
async fn the_limit_on_drawn_objects_cuts_the_page_and_says_so() {
    let reading = async |page_objects| {
        let mut reader = real(ReaderLimits { page_objects, ..ReaderLimits::default() });
        reader.extract(MediaType::Pdf, &pdf(1), &TemplateSpec::starter_invoice()).await
    };
    let Reply::Done(whole) = reading(100).await else { panic!("the page is within the limit") };
    assert_eq!(whole.warnings, []);
    // The line is drawn before the text, so that no text is left.
    let Reply::Failed { code, detail, .. } = reading(1).await else { panic!("the page is over the limit") };
    assert_eq!(code, ErrorCode::NoText);
    assert!(detail.contains("larger than the limits"), "{detail}");
}

#[tokio::test]
async fn the_limit_on_seconds_binds() {
    let limits = ReaderLimits { seconds: 0, ..ReaderLimits::default() };
    assert_eq!(code(&mut real(limits), &pdf(1)).await, Some(ErrorCode::Timeout));
}

#[tokio::test]
async fn the_limit_on_pixels_binds() {
    let mut png = Cursor::new(Vec::new());
    image::GrayImage::new(2_000, 1_000).write_to(&mut png, image::ImageFormat::Png).unwrap();
    for (page_megapixels, is_refused) in [(1, true), (2, false)] {
        let mut reader = real(ReaderLimits { page_megapixels, ..ReaderLimits::default() });
        let reply = reader.extract(MediaType::Png, png.get_ref(), &TemplateSpec::starter_invoice()).await;
        let Reply::Failed { code, .. } = reply else { panic!("a black picture has no text") };
        assert_eq!(code == ErrorCode::FileTooLarge, is_refused, "{page_megapixels}: {code:?}");
    }
}

#[tokio::test]
async fn the_limit_on_unpacked_bytes_binds() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let text = "<w:p><w:r><w:t>word</w:t></w:r></w:p>".repeat(30_000);
    let body = format!("<w:document xmlns:w='w'><w:body>{text}</w:body></w:document>");
    for (name, content) in [("[Content_Types].xml", "<Types/>"), ("word/document.xml", &body)] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    let docx = writer.finish().unwrap().into_inner();
    assert!(docx.len() < 100_000 && body.len() > 1_000_000);
    let limits = ReaderLimits { unpacked_bytes: 1_000_000, ..ReaderLimits::default() };
    let reply = real(limits).extract(MediaType::Docx, &docx, &TemplateSpec::starter_invoice()).await;
    assert!(matches!(reply, Reply::Failed { code: ErrorCode::FileTooLarge, .. }), "{reply:?}");
}

#[tokio::test]
async fn a_reader_has_no_files_no_network_no_programs_and_no_environment() {
    let command = ReaderCommand::new(
        PathBuf::from(env!("CARGO_BIN_EXE_sheaf")),
        ReaderLimits::default(),
        OcrConfig::default(),
    );
    let leaks = command.probe().await.unwrap().leaks;
    // A kernel without Landlock cannot refuse files: that is the machine's, not the reader's, and said aloud.
    if leaks == ["reading files (no Landlock)"] {
        eprintln!("SKIPPED: this kernel has no Landlock, so a reader is not kept from files");
        return;
    }
    assert_eq!(leaks, [""; 0]);
}
