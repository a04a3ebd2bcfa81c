//! Optional content: layers that a document shows or hides.

use std::collections::HashSet;

use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, ObjectIdentifier};

/// Which layers the document's default configuration hides.
#[derive(Debug, Default)]
pub(super) struct Layers {
    hidden: HashSet<ObjectIdentifier>,
}

impl Layers {
    pub(super) fn new(catalog: &Dict<'_>) -> Self {
        let mut hidden = HashSet::new();
        let Some(properties) = catalog.get::<Dict<'_>>(keys::OCPROPERTIES) else {
            return Self { hidden };
        };
        let Some(config) = properties.get::<Dict<'_>>(keys::D) else {
            return Self { hidden };
        };
        if config.get::<Name<'_>>(keys::BASE_STATE).is_some_and(|state| state.as_ref() == b"OFF") {
            hidden.extend(references(&properties, keys::OCGS));
        }
        for id in references(&config, keys::ON) {
            hidden.remove(&id);
        }
        hidden.extend(references(&config, keys::OFF));
        Self { hidden }
    }

    /// Whether the layer (or membership of layers) under `key` is shown; content without one always is.
    pub(super) fn is_entry_visible(&self, dict: &Dict<'_>, key: impl AsRef<[u8]>) -> bool {
        if self.hidden.is_empty() {
            return true;
        }
        let Some(layer) = dict.get::<Dict<'_>>(key.as_ref()) else { return true };
        if layer.get::<Name<'_>>(keys::TYPE).is_some_and(|kind| kind.as_ref() == keys::OCMD) {
            return self.is_membership_visible(&layer);
        }
        dict.get_ref(key.as_ref()).is_none_or(|reference| !self.hidden.contains(&reference.into()))
    }

    fn is_membership_visible(&self, membership: &Dict<'_>) -> bool {
        let mut layers = references(membership, keys::OCGS);
        if layers.is_empty() {
            layers.extend(membership.get_ref(keys::OCGS).map(ObjectIdentifier::from));
        }
        if layers.is_empty() {
            return true;
        }
        let shown = |id: &ObjectIdentifier| !self.hidden.contains(id);
        match membership.get::<Name<'_>>(keys::P).as_deref() {
            Some(b"AllOn") => layers.iter().all(shown),
            Some(b"AnyOff") => !layers.iter().all(shown),
            Some(b"AllOff") => !layers.iter().any(shown),
            _ => layers.iter().any(shown),
        }
    }
}

fn references(dict: &Dict<'_>, key: &[u8]) -> Vec<ObjectIdentifier> {
    let Some(array) = dict.get::<Array<'_>>(key) else { return Vec::new() };
    array.raw_iter().filter_map(|item| item.as_obj_ref()).map(ObjectIdentifier::from).collect()
}
