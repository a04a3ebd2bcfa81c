//! What is true of a document, in the shape that the scorer reads: a line of `truth.jsonl`.

use serde_json::{Map, Value, json};

use crate::sheet::{Item, Mark, Place, Sheet};

/// What a document's author knows of it, shown or not.
pub(crate) struct Facts {
    /// `de-AT`.
    pub(crate) region: String,
    /// Name of the template whose fields these are.
    pub(crate) template: &'static str,
    /// By field.
    pub(crate) values: Map<String, Value>,
    /// Line items by column.
    pub(crate) rows: Vec<Map<String, Value>>,
}

/// A document with what is true of it.
pub(crate) struct Sample {
    /// Its name without the extension.
    pub(crate) id: String,
    pub(crate) pdf: Vec<u8>,
    /// `None` where it cannot be read.
    pub(crate) truth: Option<Value>,
}

impl Sample {
    /// The truth has only what the sheet shows.
    ///
    /// `boxes` has the first place of each field: page from 1, then left, top, right, bottom as fractions of the
    /// displayed page; `also` its other places; `cells` the places of the line items' cells, row by row.
    pub(crate) fn new(id: &str, set: &str, facts: &Facts, sheet: &Sheet, pdf: Vec<u8>) -> Self {
        let mut fields = Map::new();
        let mut boxes = Map::new();
        let mut also: Map<String, Value> = Map::new();
        let mut items = vec![Map::new(); facts.rows.len()];
        let mut cells = items.clone();
        for (mark, at) in &sheet.marks {
            let place = fractions(sheet, at);
            match *mark {
                Mark::Field(name) | Mark::Continued(name) if !boxes.contains_key(name) => {
                    fields.insert(name.to_owned(), facts.values[name].clone());
                    boxes.insert(name.to_owned(), place);
                }
                Mark::Field(name) | Mark::Continued(name) => {
                    if let Value::Array(places) = also.entry(name).or_insert_with(|| json!([])) {
                        places.push(place);
                    }
                }
                Mark::Cell(row, column) => {
                    items[row].insert(column.to_owned(), facts.rows[row][column].clone());
                    cells[row].insert(column.to_owned(), place);
                }
            }
        }
        let truth = json!({
            "id": id,
            "file": format!("documents/{id}.pdf"),
            "set": set,
            "fields": fields,
            "tables": {"line_items": items},
            "boxes": boxes,
            "also": also,
            "cells": {"line_items": cells},
            "lang": &facts.region[..2],
            "region": facts.region,
            "template": facts.template,
            "scan": sheet.pages.iter().flatten().any(|item| matches!(item, Item::Picture { .. })),
        });
        Self { id: id.to_owned(), pdf, truth: Some(truth) }
    }
}

fn fractions(sheet: &Sheet, place: &Place) -> Value {
    let share = |points: f32, whole: f32| (f64::from(points / whole) * 1e5).round() / 1e5;
    let (width, height) = (sheet.paper.width, sheet.paper.height);
    let [x0, y0, x1, y1] = place.bbox;
    json!([place.page + 1, share(x0, width), share(y0, height), share(x1, width), share(y1, height)])
}
