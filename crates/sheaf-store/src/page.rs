//! Lists a page at a time.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Its entries.
    pub data: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Entries, 1 to 500.
    pub limit: u32,
    /// The `next_cursor` of the page before; `None` for the first.
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: 50, cursor: None }
    }
}

impl PageRequest {
    /// How many rows to ask for: one more than a page, whose presence tells that there is another page.
    pub(crate) fn rows(&self) -> Result<i64> {
        match self.limit {
            1..=500 => Ok(i64::from(self.limit) + 1),
            _ => Err(StoreError::invalid("/limit", "expected a number from 1 to 500")),
        }
    }

    /// The id after which a list that is newest first goes on: only smaller ids follow.
    pub(crate) fn before(&self) -> Result<Uuid> {
        self.decode::<16>().map(|bytes| bytes.map_or(Uuid::max(), Uuid::from_bytes))
    }

    /// The position after which a list goes on.
    pub(crate) fn after(&self) -> Result<i64> {
        self.decode::<8>().map(|bytes| bytes.map_or(-1, i64::from_be_bytes))
    }

    fn decode<const N: usize>(&self) -> Result<Option<[u8; N]>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(StoreError::invalid(
                "/cursor",
                "is no cursor of this list: give a next_cursor or leave it out",
            )),
        }
    }

    /// The page from its rows and perhaps one more; `key` names the place of a row in the list.
    pub(crate) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> Vec<u8>,
        build: impl FnMut(R) -> Result<T>,
    ) -> Result<Page<T>> {
        let limit = self.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| BASE64_URL_SAFE_NO_PAD.encode(key(row)));
        Ok(Page { data: rows.into_iter().map(build).collect::<Result<_>>()?, next_cursor })
    }
}
