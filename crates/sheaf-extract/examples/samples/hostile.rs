//! Small files that attack whoever reads them; all but one stay under a megabyte.
//!
//! One more is committed because writing it takes a cipher: `demo/hostile/encrypted.pdf`, made of the demo's translator
//! with `qpdf --encrypt secret secret 256 -- in.pdf out.pdf`.

use std::fs;
use std::io;
use std::path::Path;

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params};

const MIB: usize = 1 << 20;

/// Writes them all into a folder.
pub(crate) fn write(out: &Path) -> io::Result<()> {
    for (name, bytes) in files() {
        fs::write(out.join(format!("{name}.pdf")), bytes)?;
    }
    Ok(())
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let harmless = one_page("[0 0 595 842]", stream("", &text("harmless")));
    vec![
        ("not-a-pdf", b"This is a letter and not a PDF, whatever its name says.\n".to_vec()),
        ("empty", Vec::new()),
        ("header-only", b"%PDF-1.7\n".to_vec()),
        ("garbage", garbage()),
        ("truncated", harmless[..harmless.len() / 2].to_vec()),
        ("no-xref", harmless[..harmless.len() - trailer_length(&harmless)].to_vec()),
        ("zero-pages", file(&[catalog(2), b"<</Type/Pages/Kids[]/Count 0>>".to_vec()])),
        ("no-catalog", file(&[b"<</Type/Nothing>>".to_vec()])),
        ("page-tree-loop", file(&[catalog(2), b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>".to_vec()])),
        ("many-pages", many_pages(100_000)),
        ("xref-loop", xref_loop(&harmless)),
        ("length-loop", one_page("[0 0 595 842]", b"<</Length 4 0 R>>stream\nBT ET\nendstream".to_vec())),
        ("deep-arrays", one_page("[0 0 595 842]", stream("", &vec![b'['; MIB / 2]))),
        ("deep-objects", deep_objects()),
        ("deep-states", one_page("[0 0 595 842]", stream("", &b"q ".repeat(MIB / 4)))),
        ("huge-page", one_page("[0 0 1e9 1e9]", stream("", &text("far away")))),
        ("flat-page", one_page("[0 0 0 0]", stream("", &text("nowhere")))),
        ("no-media-box", one_page("null", stream("", &text("somewhere")))),
        ("missing-font", one_page("[0 0 595 842]", stream("", b"BT /F9 12 Tf 72 72 Td (which font?) Tj ET"))),
        ("bomb-blanks", bomb(&[0; MIB])),
        ("bomb-text", bomb(&text("aaaaaaaaaaaaaaaa").repeat(MIB / 47))),
        ("bomb-forms", forms()),
        ("bomb-picture", picture()),
        // Over the limit of 50 MB, with padding that compresses to nothing but has to be read.
        ("oversize", [harmless, vec![b' '; 51 * MIB]].concat()),
    ]
}

/// A content stream that shows a text.
fn text(text: &str) -> Vec<u8> {
    format!("BT /F1 12 Tf 72 72 Td ({text}) Tj ET\n").into_bytes()
}

fn catalog(pages: u32) -> Vec<u8> {
    format!("<</Type/Catalog/Pages {pages} 0 R>>").into_bytes()
}

/// A stream object with further entries in its dictionary.
fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<</Length {}{entries}>>stream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut xref = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (i, object) in objects.iter().enumerate() {
        xref += &format!("{:010} 00000 n \n", bytes.len());
        bytes.extend(format!("{} 0 obj\n", i + 1).bytes());
        bytes.extend(object);
        bytes.extend(b"\nendobj\n");
    }
    let start = bytes.len();
    let size = objects.len() + 1;
    bytes.extend(xref.bytes());
    bytes.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
    bytes
}

/// Length of cross-reference table and trailer.
fn trailer_length(pdf: &[u8]) -> usize {
    pdf.len() - pdf.windows(6).position(|window| window == b"\nxref\n").unwrap_or(pdf.len())
}

/// Objects 1 to 5: catalog, page tree, page, content, font; then whatever else.
fn page(media_box: &str, content: Vec<u8>, resources: &str, others: Vec<Vec<u8>>) -> Vec<u8> {
    let page = format!(
        "<</Type/Page/Parent 2 0 R/MediaBox {media_box}/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>{resources}>>>>"
    );
    let font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec();
    let tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec();
    file(&[vec![catalog(2), tree, page.into_bytes(), content, font], others].concat())
}

fn one_page(media_box: &str, content: Vec<u8>) -> Vec<u8> {
    page(media_box, content, "", Vec::new())
}

/// A header and then noise.
fn garbage() -> Vec<u8> {
    let mut random = crate::random::Random::new(1);
    let noise = (0..20_000).flat_map(|_| random.next().to_le_bytes());
    b"%PDF-1.7\n".iter().copied().chain(noise).collect()
}

/// One page, named so often.
fn many_pages(count: usize) -> Vec<u8> {
    let tree = format!("<</Type/Pages/Kids[{}]/Count {count}>>", "3 0 R ".repeat(count));
    let page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>".to_vec();
    file(&[catalog(2), tree.into_bytes(), page, stream("", b"BT ET")])
}

/// A cross-reference table whose predecessor is itself.
fn xref_loop(pdf: &[u8]) -> Vec<u8> {
    let start = pdf.len() - trailer_length(pdf) + 1;
    let text = String::from_utf8_lossy(pdf);
    text.replace("trailer\n<<", &format!("trailer\n<</Prev {start}")).into_bytes()
}

/// An object of nested dictionaries that the catalog needs.
fn deep_objects() -> Vec<u8> {
    let depth = 50_000;
    let nested = [b"<</A ".repeat(depth), b"0".to_vec(), b">>".repeat(depth)].concat();
    file(&[b"<</Type/Catalog/Pages 2 0 R/Names 3 0 R>>".to_vec(), nested.clone(), nested])
}

/// Each form shows the one before ten times, the first a word: a thousand million words.
fn forms() -> Vec<u8> {
    let form = |i: usize| {
        let (content, inner) = if i == 0 {
            (text("ha"), String::new())
        } else {
            (b"/X Do ".repeat(10), format!("/XObject<</X {} 0 R>>", 5 + i))
        };
        let entries =
            format!("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>{inner}>>");
        stream(&entries, &content)
    };
    let forms: Vec<Vec<u8>> = (0..10).map(form).collect();
    page("[0 0 595 842]", stream("", b"/X Do"), "/XObject<</X 15 0 R>>", forms)
}

/// A picture of ten thousand million points.
fn picture() -> Vec<u8> {
    let samples = zlib_repeated(&[0; MIB], 1200);
    let entries = "/Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceGray\
        /BitsPerComponent 8/Filter[/FlateDecode/FlateDecode]";
    let image = stream(entries, &compress_to_vec_zlib(&samples, 9));
    page("[0 0 595 842]", stream("", b"595 0 0 842 0 0 cm /X Do"), "/XObject<</X 6 0 R>>", vec![image])
}

/// A page whose content is this block 1,100 times, compressed twice.
fn bomb(block: &[u8]) -> Vec<u8> {
    let once = zlib_repeated(block, 1100);
    let content = stream("/Filter[/FlateDecode/FlateDecode]", &compress_to_vec_zlib(&once, 9));
    one_page("[0 0 595 842]", content)
}

/// The zlib stream (RFC 1950) of so many repetitions of a block, without compressing more than one: after a full flush
/// compressed blocks depend on nothing before them.
fn zlib_repeated(block: &[u8], count: u64) -> Vec<u8> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(9, 0, 0));
    let mut compressed = vec![0; block.len() + 1024];
    let (_, _, length) = compress(&mut compressor, block, &mut compressed, TDEFLFlush::Full);
    compressed.truncate(length);
    let mut bytes = vec![0x78, 0x9c];
    (0..count).for_each(|_| bytes.extend(&compressed));
    // An empty last block.
    bytes.extend([0x03, 0x00]);
    bytes.extend(adler32_repeated(block, count).to_be_bytes());
    bytes
}

fn adler32_repeated(block: &[u8], count: u64) -> u32 {
    const BASE: u64 = 65_521;
    let (sum, weighted) = block.iter().fold((0, 0), |(a, b), &byte| {
        let a = (a + u64::from(byte)) % BASE;
        (a, (b + a) % BASE)
    });
    let (mut a, mut b) = (1, 0);
    for _ in 0..count {
        b = (b + weighted + a * (block.len() as u64 % BASE)) % BASE;
        a = (a + sum) % BASE;
    }
    (b << 16 | a) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_block_inflates_to_its_repetitions() {
        let block = b"0 0 m 1 1 l S\n".repeat(100);
        let inflated = miniz_oxide::inflate::decompress_to_vec_zlib(&zlib_repeated(&block, 3)).unwrap();
        assert!(inflated == block.repeat(3));
    }

    #[test]
    fn all_files_but_one_are_small() {
        for (name, bytes) in files() {
            assert!((bytes.len() < MIB) == (name != "oversize"), "{name}: {} bytes", bytes.len());
        }
    }
}
