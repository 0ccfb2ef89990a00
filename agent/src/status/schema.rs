//! The JSON Schema of what `edgeghost status --json` prints, generated from the types.

use serde_json::Value;

use super::document::Status;
use crate::event::schema::{forbid_null, generator};

/// The schema.
pub fn schema() -> Value {
    let mut document = generator().into_root_schema_for::<Status>().to_value();
    if let Some(document) = document.as_object_mut() {
        document.insert("title".to_owned(), "edgeghost status".into());
    }
    forbid_null(&mut document);
    document
}
