//! From a document and a field to scored candidates.
//!
//! The document is laid out once ([`layout`]), its labels and typed candidates are found once ([`labels`],
//! [`candidate`]); each field then scores the candidates of its shape by the labels around them ([`context`],
//! [`score`]) and by what they look like ([`typed`], [`party`]). [`assign`] chooses for all fields together.

pub(crate) mod address;
pub(crate) mod assign;
mod box_labels;
mod boxes;
pub(crate) mod candidate;
mod column;
pub(crate) mod context;
mod deadline;
mod effective;
mod ends;
pub(crate) mod enums;
pub(crate) mod field;
mod flow;
mod governing;
pub(crate) mod labels;
pub(crate) mod layout;
pub(crate) mod lines;
mod marks;
mod misread;
pub(crate) mod names;
pub(crate) mod party;
mod payment;
mod placement;
pub(crate) mod pool;
pub(crate) mod profile;
pub(crate) mod prose;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod score;
mod signature;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod typed;
mod wrapped;

pub(crate) use pool::{Pool, Scored};
