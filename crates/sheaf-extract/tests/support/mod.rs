//! Small documents made for the tests, one page of 200 by 100 points.

#![allow(dead_code, reason = "each test file uses its own part")]

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref};
use sheaf_extract::{Limits, ReadError, read};
use sheaf_types::{Document, MediaType, Page};

/// A page to be written, with what belongs to it.
pub(crate) struct Draft {
    pub(crate) pdf: Pdf,
    pub(crate) media_box: Rect,
    pub(crate) crop_box: Option<Rect>,
    pub(crate) rotate: Option<i32>,
    pub(crate) user_unit: Option<f32>,
    fonts: Vec<(&'static str, Ref)>,
    x_objects: Vec<(String, Ref)>,
    annotations: Vec<Ref>,
    next: i32,
}

impl Draft {
    fn new() -> Self {
        let mut draft = Self {
            pdf: Pdf::new(),
            media_box: Rect::new(0.0, 0.0, 200.0, 100.0),
            crop_box: None,
            rotate: None,
            user_unit: None,
            fonts: Vec::new(),
            x_objects: Vec::new(),
            annotations: Vec::new(),
            next: 1,
        };
        let helvetica = draft.font("F1");
        draft
            .pdf
            .type1_font(helvetica)
            .base_font(Name(b"Helvetica"))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
        draft
    }

    pub(crate) fn id(&mut self) -> Ref {
        self.next += 1;
        Ref::new(self.next)
    }

    pub(crate) fn font(&mut self, name: &'static str) -> Ref {
        let id = self.id();
        self.fonts.push((name, id));
        id
    }

    pub(crate) fn x_object(&mut self, name: impl Into<String>) -> Ref {
        let id = self.id();
        self.x_objects.push((name.into(), id));
        id
    }

    pub(crate) fn annotation(&mut self) -> Ref {
        let id = self.id();
        self.annotations.push(id);
        id
    }

    fn finish(mut self, content: &[u8]) -> Vec<u8> {
        let (catalog, pages, page, contents) = (Ref::new(1), self.id(), self.id(), self.id());
        let mut root = self.pdf.catalog(catalog);
        root.pages(pages);
        if !self.annotations.is_empty() {
            root.form().fields(self.annotations.iter().copied());
        }
        root.finish();
        self.pdf.pages(pages).kids([page]).count(1);
        self.pdf.stream(contents, content);
        let mut page = self.pdf.page(page);
        page.media_box(self.media_box).parent(pages).contents(contents);
        if let Some(crop_box) = self.crop_box {
            page.crop_box(crop_box);
        }
        if let Some(rotate) = self.rotate {
            page.rotate(rotate);
        }
        if let Some(unit) = self.user_unit {
            page.user_unit(unit);
        }
        page.annotations(self.annotations.iter().copied());
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for (name, id) in &self.fonts {
            fonts.pair(Name(name.as_bytes()), *id);
        }
        fonts.finish();
        let mut x_objects = resources.x_objects();
        for (name, id) in &self.x_objects {
            x_objects.pair(Name(name.as_bytes()), *id);
        }
        x_objects.finish();
        resources.finish();
        page.finish();
        self.pdf.finish()
    }
}

/// A document of one page with this content.
pub(crate) fn pdf(content: &str) -> Vec<u8> {
    pdf_with(content, |_| {})
}

/// The same with more objects, or another geometry.
pub(crate) fn pdf_with(content: &str, extend: impl FnOnce(&mut Draft)) -> Vec<u8> {
    let mut draft = Draft::new();
    extend(&mut draft);
    draft.finish(content.as_bytes())
}

/// Text in Helvetica of 10 points at a place.
pub(crate) fn text_at(x: f32, y: f32, text: &str) -> String {
    format!("BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n")
}

/// Draws an image `Im` over the whole page.
pub(crate) fn image_over_page() -> Vec<u8> {
    let mut content = Content::new();
    content.save_state().transform([200.0, 0.0, 0.0, 100.0, 0.0, 0.0]).x_object(Name(b"Im")).restore_state();
    content.finish().into_vec()
}

/// Adds one grey pixel as the image `Im`.
pub(crate) fn add_image(draft: &mut Draft) {
    let id = draft.x_object("Im");
    let mut image = draft.pdf.image_xobject(id, &[0x80]);
    image.width(1).height(1).bits_per_component(8).color_space().device_gray();
}

pub(crate) fn read_bytes(bytes: &[u8]) -> Result<Document, ReadError> {
    read(bytes, MediaType::Pdf, &Limits::default())
}

/// The only page of a document.
pub(crate) fn read_page(bytes: &[u8]) -> Page {
    let mut document = read_bytes(bytes).unwrap_or_else(|error| panic!("the document is readable: {error}"));
    assert_eq!(document.pages.len(), 1);
    document.pages.remove(0)
}

/// The words of a page in reading order.
pub(crate) fn texts(page: &Page) -> Vec<&str> {
    page.words.iter().map(|word| word.text.as_str()).collect()
}
