//! `/v1/batches/{id}/export`: results as a file, streamed.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures::{Stream, stream};
use serde::Deserialize;
use sheaf_store::{Store, StoreError};
use sheaf_types::{BatchId, UserId, safe_filename};
use utoipa::IntoParams;

use super::ApiState;
use super::error::ApiError;
use super::request::{Account, Id, Parameters, given};
use super::response::attachment;
use crate::export::{CsvOptions, Exporter, Format};

/// Extractions that are in memory at once.
const ROWS: u32 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `csv`, `json` or `jsonl`.
    #[param(value_type = String)]
    format: Option<String>,
    /// CSV only: `excel` starts the file with a byte order mark.
    dialect: Option<String>,
    /// CSV only: the name of a table field, for a row a line of that table instead of a row a document.
    table: Option<String>,
}

/// Export a batch's results
///
/// At any time, with what is there; in upload order, and byte for byte the same once the batch is terminal. In CSV, `error`
/// is the error's code, `F__bbox` is a JSON array, and text that a spreadsheet would run as a formula has a `'` before it.
#[utoipa::path(get, path = "/v1/batches/{id}/export", tag = "Batches",
    params(("id" = String, Path, description = "The batch"), ExportQuery),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/json"),
            (String = "application/x-ndjson")), headers(("Content-Disposition" = String, description = "Its name"))),
        (status = 404, description = "No such batch")))]
pub(super) async fn export_batch(
    State(api): State<ApiState>,
    Account(user): Account,
    Id(id): Id<BatchId>,
    Parameters(query): Parameters<ExportQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let batch = api.store.batch(user.id, id).await?;
    let template = api.store.batch_template(user.id, id).await?;
    let (format, options) = query.read()?;
    let exporter = Exporter::new(format, &template, &options)
        .map_err(|error| ApiError::invalid("/table", error.to_string()))?;

    let filename = format!("{}.{}", safe_filename(&batch.name), format.as_str());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (CONTENT_DISPOSITION, attachment(&filename)),
    ];
    Ok((headers, Body::from_stream(file(api.store, user.id, id, exporter))))
}

impl ExportQuery {
    fn read(&self) -> Result<(Format, CsvOptions), ApiError> {
        let format = match given(self.format.as_deref()) {
            Some("xlsx") => {
                return Err(ApiError::invalid(
                    "/format",
                    "xlsx is not there yet: take csv with dialect=excel",
                ));
            }
            name => name
                .and_then(Format::from_name)
                .ok_or_else(|| ApiError::invalid("/format", "expected one of csv, json, jsonl"))?,
        };
        let excel = match given(self.dialect.as_deref()) {
            None => false,
            Some("excel") => true,
            Some(_) => return Err(ApiError::invalid("/dialect", "expected excel, or none")),
        };
        let options = CsvOptions { excel, table: given(self.table.as_deref()).map(str::to_owned) };
        if format != Format::Csv && options != CsvOptions::default() {
            return Err(ApiError::invalid("/format", "dialect and table are for csv only"));
        }
        Ok((format, options))
    }
}

/// Where an export stands.
enum Next {
    Start,
    After(Option<u32>),
    Nothing,
}

/// The file in pieces. Where the store fails half-way the stream breaks off, so that the client does not take what came
/// for the whole.
fn file(
    store: Store,
    user: UserId,
    batch: BatchId,
    exporter: Exporter,
) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold((exporter, Next::Start), move |(mut exporter, next)| {
        let store = store.clone();
        async move {
            let mut out = Vec::new();
            let next = match next {
                Next::Start => {
                    exporter.begin(&mut out);
                    Next::After(None)
                }
                Next::After(position) => {
                    let rows = store.export_page(user, batch, position, ROWS).await.inspect_err(|error| {
                        tracing::error!(batch_id = %batch, %error, "an export broke off");
                    })?;
                    for (_, extraction) in &rows {
                        exporter.row(extraction, &mut out);
                    }
                    match rows.last() {
                        Some((position, _)) => Next::After(Some(*position)),
                        None => {
                            exporter.end(&mut out);
                            Next::Nothing
                        }
                    }
                }
                Next::Nothing => return Ok(None),
            };
            Ok(Some((Bytes::from(out), (exporter, next))))
        }
    })
}
