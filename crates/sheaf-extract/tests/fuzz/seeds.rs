//! Whole documents of each format, from which mutated ones are made.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Crc;
use flate2::read::ZlibDecoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use sheaf_types::MediaType;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::mutate::{Random, mutate};

/// Parts of an office document: names and contents.
type Parts = Vec<(&'static str, Vec<u8>)>;

/// A format with its documents and its words.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) media_type: MediaType,
    seeds: Vec<Seed>,
    tokens: &'static [&'static [u8]],
}

enum Seed {
    File(Vec<u8>),
    Package(Parts),
}

/// Bytes at a file's start by which its format is known; they stay.
const SIGNATURE: usize = 8;

impl Format {
    pub(crate) const NAMES: [&str; 7] = ["pdf", "docx", "xlsx", "png", "jpeg", "tiff", "webp"];

    pub(crate) fn named(name: &str) -> Self {
        let of = |media_type, seeds, tokens| {
            let name = Self::NAMES.into_iter().find(|known| *known == name).unwrap();
            Self { name, media_type, seeds, tokens }
        };
        match name {
            "pdf" => of(MediaType::Pdf, pdfs(), PDF_TOKENS),
            "docx" => of(MediaType::Docx, vec![Seed::Package(docx())], XML_TOKENS),
            "xlsx" => of(MediaType::Xlsx, vec![Seed::Package(xlsx())], XML_TOKENS),
            "png" => of(MediaType::Png, images(ImageFormat::Png), PNG_TOKENS),
            "jpeg" => of(MediaType::Jpeg, images(ImageFormat::Jpeg), JPEG_TOKENS),
            "tiff" => of(MediaType::Tiff, images(ImageFormat::Tiff), TIFF_TOKENS),
            "webp" => of(MediaType::Webp, images(ImageFormat::WebP), WEBP_TOKENS),
            unknown => panic!("no format {unknown}"),
        }
    }

    /// A document that was changed here and there.
    pub(crate) fn mutated(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = match random.pick(&self.seeds) {
            Seed::File(bytes) => bytes.clone(),
            Seed::Package(parts) => {
                let mut parts = parts.clone();
                for _ in 0..random.few() {
                    let other = random.pick(&parts).1.clone();
                    let at = random.below(parts.len());
                    mutate(&mut parts[at].1, 0, &other, self.tokens, random);
                }
                let package = zip(&parts);
                // The archive itself is changed more rarely: its checksums hide the parts from most changes.
                if random.below(4) > 0 {
                    return package;
                }
                package
            }
        };
        let other = match random.pick(&self.seeds) {
            Seed::File(bytes) => bytes.clone(),
            Seed::Package(parts) => zip(parts),
        };
        mutate(&mut bytes, SIGNATURE, &other, self.tokens, random);
        if self.media_type == MediaType::Png {
            mend_checksums(&mut bytes);
        }
        bytes
    }
}

const PDF_TOKENS: &[&[u8]] = &[
    b" 0 R",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"endobj ",
    b"endstream ",
    b"stream\n",
    b"/Kids",
    b"/Parent 3 0 R",
    b"/Type0",
    b"/Type3",
    b"/ToUnicode 4 0 R",
    b"/Encoding/Identity-H",
    b"/Filter/FlateDecode",
    b"/Filter/LZWDecode",
    b"/Filter/ASCII85Decode",
    b"/Filter/DCTDecode",
    b"/Filter/CCITTFaxDecode",
    b"/Filter/JBIG2Decode",
    b"/Filter/JPXDecode",
    b"/DecodeParms<</Predictor 15/Columns 0>>",
    b"/DecodeParms<</Predictor 2/Colors 99>>",
    b"/Rotate 90",
    b"/UserUnit 1e9",
    b"/MediaBox[0 0 0 0]",
    b"/Subtype/Form",
    b"/XObject",
    b"/Matrix[0 0 0 0 0 0]",
    b" q ",
    b" Q ",
    b" BT ",
    b" ET ",
    b" cm ",
    b" Tf ",
    b" Tj ",
    b"(a) Tj ",
    b" Do ",
    b" BI /W 9/H 9 ID ",
    b" EI ",
    b" BDC ",
    b" EMC ",
    b" Tz ",
    b" Tr ",
    b" re f ",
    b" sh ",
    b"xref\n",
    b"trailer",
    b"/Prev 0",
    b"/ObjStm",
    b"/XRef",
    b"/W[1 2 1]",
    b"/Encrypt",
    b"/DescendantFonts[4 0 R]",
    b"/Widths[]",
    b"/FirstChar 1",
    b"/LastChar 255",
    b"/ShadingType 7",
    b"/PatternType 1",
    b"/SMask 4 0 R",
    b"/ActualText<FEFF0041>",
    b"/AcroForm",
];

const XML_TOKENS: &[&[u8]] = &[
    b"<",
    b">",
    b"/>",
    b"\"",
    b"'",
    b"&amp;",
    b"&#0;",
    b"&#x110000;",
    b"&nope;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?xml ",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"\xff\xfe",
    b"<w:p>",
    b"</w:p>",
    b"<w:r><w:t>a</w:t></w:r>",
    b"<w:tbl>",
    b"<w:tr>",
    b"<w:tc>",
    b"</w:tc>",
    b"<w:gridSpan w:val='99999999'/>",
    b"<w:vMerge/>",
    b"<w:vMerge w:val='restart'/>",
    b"<w:ind w:left='-99999999'/>",
    b"<w:sz w:val='0'/>",
    b"<w:numPr>",
    b"<w:ilvl w:val='999'/>",
    b"<w:br w:type='page'/>",
    b"<row r='1048576'>",
    b"<row r='4294967295'>",
    b"<c r='XFD1048576'>",
    b"<c r='AAAAAAAA1' t='s'>",
    b"<v>1e308</v>",
    b"<v>-1</v>",
    b"<mergeCell ref='A1:XFD1048576'/>",
    b"<mergeCell ref='B2:A1'/>",
    b"formatCode='yyyy\"\\'",
    b"formatCode='[>=1e9]0.0E+00;;@'",
    b"<col min='1' max='16384' width='1e30'/>",
    b" s='99999'",
    b" t='d'",
];

const PNG_TOKENS: &[&[u8]] = &[
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"eXIf",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"iCCP",
    b"\x00\x00\x00\x00",
];
const JPEG_TOKENS: &[&[u8]] = &[
    b"\xff\xc0",
    b"\xff\xc2",
    b"\xff\xc4",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\xdb",
    b"\xff\xdd",
    b"\xff\xd0",
    b"\xff\xe1\x00\x20Exif\x00\x00",
    b"\xff\xe2",
    b"\xff\xeeAdobe",
    b"\xff\x00",
];
const TIFF_TOKENS: &[&[u8]] = &[
    b"\x00\x01",
    b"\x01\x01",
    b"\x02\x01\x03\x00",
    b"\x03\x01\x03\x00\x01\x00\x00\x00\x04\x00",
    b"\x11\x01",
    b"\x16\x01",
    b"\x17\x01",
    b"\x42\x01",
    b"\x43\x01",
    b"\x44\x01",
    b"\x45\x01",
    b"\x3d\x01",
    b"\x15\x01",
    b"\x12\x01",
    b"\x08\x00\x00\x00",
];
const WEBP_TOKENS: &[&[u8]] = &[
    b"RIFF",
    b"WEBP",
    b"VP8 ",
    b"VP8L",
    b"VP8X",
    b"ALPH",
    b"ANIM",
    b"ANMF",
    b"EXIF",
    b"ICCP",
    b"\x2f",
    b"\x9d\x01\x2a",
];

/// The demo's documents, those with a cipher, and one with an e-invoice; each as it is and unpacked, so that changes
/// reach what is inside.
fn pdfs() -> Vec<Seed> {
    let files = ["tests/fixtures", "../../demo/documents"].into_iter().flat_map(files_of);
    // The demo's broken download has no header to speak of.
    let mut files: Vec<_> = files.filter(|bytes| MediaType::sniff(bytes) == Some(MediaType::Pdf)).collect();
    let unpacked: Vec<_> = files.iter().map(|pdf| unpacked(pdf)).collect();
    files.extend(unpacked);
    files.extend([CII, UBL].map(with_invoice));
    files.into_iter().map(Seed::File).collect()
}

/// The contents of the files in a folder, in the order of their names.
fn files_of(folder: &str) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A PDF whose compressed streams are written out; readers find their ends and the objects without the table.
fn unpacked(pdf: &[u8]) -> Vec<u8> {
    const FILTER: &[u8] = b"/Filter/FlateDecode";
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let compact =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("/Filter /FlateDecode", "").into_bytes();
    let mut out = Vec::new();
    let mut rest = pdf;
    while let Some(start) = find(rest, b"stream\n").map(|at| at + b"stream\n".len()) {
        let Some(length) = find(&rest[start..], b"endstream") else { break };
        let mut data = Vec::new();
        let is_deflated = ZlibDecoder::new(&rest[start..start + length]).read_to_end(&mut data).is_ok();
        // Pictures and fonts stay packed: their samples are not worth the changes.
        if is_deflated && data.len() < 20_000 {
            let head = compact(&rest[..start]);
            let at = find(&head, FILTER).unwrap_or(head.len());
            out.extend(head[..at].iter().chain(head.get(at + FILTER.len()..).unwrap_or_default()));
            out.extend(data);
            out.push(b'\n');
        } else {
            out.extend(&rest[..start + length]);
        }
        let end = start + length + b"endstream".len();
        out.extend(b"endstream");
        rest = &rest[end..];
    }
    out.extend(rest);
    out
}

fn with_invoice(xml: &str) -> Vec<u8> {
    format!(
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R/AF[5 0 R]/Names<</EmbeddedFiles<</Names[(invoice.xml) 5 0 R]>>>>>> \
         endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F1 7 0 R>>>>>> endobj\n\
         4 0 obj <</Length 51>>stream\nBT /F1 9 Tf 9 50 Td (Invoice R-1 total 119.00) Tj ET\nendstream endobj\n\
         5 0 obj <</Type/Filespec/F(invoice.xml)/UF(invoice.xml)/EF<</F 6 0 R>>>> endobj\n\
         6 0 obj <</Type/EmbeddedFile/Length {}>>stream\n{xml}\nendstream endobj\n\
         7 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\ntrailer <</Root 1 0 R>>\n",
        xml.len()
    )
    .into_bytes()
}

const CII: &str = "<?xml version='1.0'?><rsm:CrossIndustryInvoice xmlns:rsm='a' xmlns:ram='b' xmlns:udt='c'>\
    <rsm:ExchangedDocument><ram:ID>R-1</ram:ID><ram:IssueDateTime><udt:DateTimeString format='102'>20240131\
    </udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument><rsm:SupplyChainTradeTransaction>\
    <ram:IncludedSupplyChainTradeLineItem><ram:SpecifiedTradeProduct><ram:Name>Rope</ram:Name></ram:SpecifiedTradeProduct>\
    <ram:SpecifiedLineTradeDelivery><ram:BilledQuantity>2</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>\
    </ram:IncludedSupplyChainTradeLineItem><ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR\
    </ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:GrandTotalAmount>119.00\
    </ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>\
    </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>";

const UBL: &str = "<Invoice xmlns:cbc='a' xmlns:cac='b'><cbc:ID>R-1</cbc:ID><cbc:IssueDate>2024-01-31</cbc:IssueDate>\
    <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode><cac:TaxTotal><cbc:TaxAmount>19.00</cbc:TaxAmount></cac:TaxTotal>\
    <cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount>119.00</cbc:TaxInclusiveAmount></cac:LegalMonetaryTotal>\
    <cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity>2</cbc:InvoicedQuantity><cac:Item><cbc:Name>Rope</cbc:Name>\
    </cac:Item><cac:Price><cbc:PriceAmount>50.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine></Invoice>";

fn docx() -> Parts {
    let relationships = "<Relationships><Relationship Id='s' Type='x/styles' Target='styles.xml'/>\
        <Relationship Id='n' Type='x/numbering' Target='numbering.xml'/>\
        <Relationship Id='h' Type='x/header' Target='header1.xml'/></Relationships>";
    let cell = |properties: &str, text: &str| {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    };
    let body = format!(
        "<w:document xmlns:w='w' xmlns:r='r'><w:body><w:p><w:pPr><w:pStyle w:val='T'/><w:jc w:val='right'/>\
         <w:ind w:left='720' w:hanging='360'/><w:tabs><w:tab w:val='right' w:pos='5000'/></w:tabs></w:pPr>\
         <w:r><w:t>Invoice</w:t><w:tab/><w:t>R-1</w:t></w:r></w:p>\
         <w:p><w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='1'/></w:numPr></w:pPr><w:r><w:rPr><w:b/><w:sz w:val='20'/>\
         </w:rPr><w:t xml:space='preserve'>Due 2024-03-01 </w:t><w:br/><w:fldChar w:fldCharType='begin'/>\
         <w:instrText>PAGE</w:instrText><w:fldChar w:fldCharType='separate'/><w:t>1</w:t><w:fldChar w:fldCharType='end'/></w:r></w:p>\
         <w:tbl><w:tblPr><w:tblW w:w='9000' w:type='dxa'/></w:tblPr><w:tblGrid><w:gridCol w:w='3000'/><w:gridCol w:w='3000'/>\
         <w:gridCol w:w='3000'/></w:tblGrid><w:tr>{}{}</w:tr><w:tr>{}{}{}</w:tr></w:tbl>\
         <w:sectPr><w:headerReference w:type='default' r:id='h'/><w:pgSz w:w='12240' w:h='15840'/>\
         <w:pgMar w:top='1440' w:right='1440' w:bottom='1440' w:left='1440'/><w:cols w:num='2'/></w:sectPr></w:body></w:document>",
        cell("<w:gridSpan w:val='2'/>", "Item"),
        cell("<w:vMerge w:val='restart'/>", "Amount"),
        cell("<w:tcW w:w='3000'/>", "Rope"),
        cell("", "2"),
        cell("<w:vMerge/>", "119.00"),
    );
    let styles = "<styles><docDefaults><rPrDefault><rPr><sz val='22'/></rPr></rPrDefault></docDefaults>\
        <style type='paragraph' default='1' styleId='N'/><style type='paragraph' styleId='T'><basedOn val='N'/><rPr><b/></rPr>\
        </style></styles>";
    let numbering = "<numbering><abstractNum abstractNumId='0'><lvl ilvl='0'><start val='1'/><numFmt val='lowerRoman'/>\
        <lvlText val='%1.'/></lvl></abstractNum><num numId='1'><abstractNumId val='0'/></num></numbering>";
    package(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &body),
        ("word/_rels/document.xml.rels", relationships),
        ("word/styles.xml", styles),
        ("word/numbering.xml", numbering),
        ("word/header1.xml", "<w:hdr xmlns:w='w'><w:p><w:r><w:t>Meadow Ltd.</w:t></w:r></w:p></w:hdr>"),
    ])
}

fn xlsx() -> Parts {
    let sheet = "<worksheet><sheetFormatPr defaultRowHeight='15'/><cols><col min='1' max='2' width='20'/>\
        <col min='3' max='3' hidden='1'/></cols><sheetData><row r='1'><c r='A1' t='s' s='3'><v>0</v></c>\
        <c r='B1' t='inlineStr'><is><r><t>two </t></r><r><t>runs</t></r></is></c></row><row r='3' ht='30'>\
        <c r='A3' s='1'><v>43164</v></c><c r='B3' s='2'><f>1+1</f><v>1234.5</v></c><c r='D3' t='b'><v>1</v></c>\
        <c r='E3' t='e'><v>#N/A</v></c></row><row r='1048576'><c><v>-0.5</v></c></row></sheetData>\
        <mergeCells><mergeCell ref='A1:B2'/></mergeCells></worksheet>";
    let styles = "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='#,##0.00\\ &quot;€&quot;;[Red]-0.00'/>\
        <numFmt numFmtId='171' formatCode='yyyy-mm-dd hh:mm:ss'/></numFmts><fonts><font><sz val='11'/></font><font><b/></font>\
        </fonts><cellXfs><xf numFmtId='0'/><xf numFmtId='171'/><xf numFmtId='170'/><xf numFmtId='14' fontId='1'/></cellXfs></styleSheet>";
    package(&[
        ("[Content_Types].xml", "<Types/>"),
        (
            "_rels/.rels",
            "<Relationships><Relationship Id='a' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns:r='r'><workbookPr date1904='0'/><sheets><sheet name='One' sheetId='1' r:id='r1'/>\
             <sheet name='Two' sheetId='2' state='hidden' r:id='r2'/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships><Relationship Id='r1' Type='x/worksheet' Target='worksheets/sheet1.xml'/>\
             <Relationship Id='r2' Type='x/worksheet' Target='worksheets/sheet1.xml'/>\
             <Relationship Id='s' Type='x/sharedStrings' Target='sharedStrings.xml'/>\
             <Relationship Id='t' Type='x/styles' Target='/xl/styles.xml'/></Relationships>",
        ),
        ("xl/sharedStrings.xml", "<sst><si><t>Invoice &amp; more</t></si></sst>"),
        ("xl/styles.xml", styles),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

fn package(parts: &[(&'static str, &str)]) -> Parts {
    parts.iter().map(|&(name, content)| (name, content.as_bytes().to_vec())).collect()
}

fn zip(parts: &Parts) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A small picture in every depth that is stored in the format, and in the ways of storing it that the library does not write.
fn images(format: ImageFormat) -> Vec<Seed> {
    let colours = RgbImage::from_fn(24, 17, |x, y| Rgb([x as u8 * 10, y as u8 * 15, (x * y) as u8]));
    let picture = DynamicImage::ImageRgb8(colours);
    let kept = files_of("tests/fixtures/images").into_iter();
    let kept = kept.filter(|bytes| image::guess_format(bytes).is_ok_and(|found| found == format));
    [
        picture.clone(),
        DynamicImage::ImageLuma8(picture.to_luma8()),
        DynamicImage::ImageRgba8(picture.to_rgba8()),
        DynamicImage::ImageRgb16(picture.to_rgb16()),
    ]
    .into_iter()
    .filter_map(|picture| {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).ok().map(|()| file.into_inner())
    })
    .chain(kept)
    .map(Seed::File)
    .collect()
}

/// Writes the checksums that belong to a PNG's chunks (ISO/IEC 15948, 5.3), as far as their lengths make sense.
fn mend_checksums(png: &mut [u8]) {
    let mut at = SIGNATURE;
    while let Some(length) =
        png.get(at..at + 4).map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap()) as usize)
    {
        let end = at + 8 + length;
        if end + 4 > png.len() {
            return;
        }
        let mut crc = Crc::new();
        crc.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}
