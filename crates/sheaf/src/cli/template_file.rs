//! A template from a file.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sheaf_types::TemplateSpec;

/// Reads and checks a template.
///
/// # Errors
/// With every fault of the template, each with where it stands.
pub(super) fn read(path: &Path) -> Result<TemplateSpec> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the template {}", path.display()))?;
    let json = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    match TemplateSpec::from_json(&json) {
        Ok(spec) => Ok(spec),
        Err(faults) => {
            let mut message = format!("{} is not a valid template:", path.display());
            for fault in faults {
                let at = if fault.pointer.is_empty() { "/" } else { &fault.pointer };
                let _ = write!(message, "\n  {at}: {}", fault.detail);
            }
            bail!(message)
        }
    }
}
