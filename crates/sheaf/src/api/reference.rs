//! The reference page: HTML made from the OpenAPI document alone, so that it cannot say anything else.

use std::fmt::{self, Display, Write as _};

use serde_json::{Map, Value};

use super::error::Code;

/// The whole page.
pub(super) fn page(openapi: &Value) -> String {
    let mut page = Page { html: String::new() };
    let title = text(openapi, "/info/title");
    page.write(format_args!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{0} API</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>\n\
         <header><h1>{0} API <small>{1}</small></h1>",
        Escaped(title),
        Escaped(text(openapi, "/info/version")),
    ));
    for paragraph in text(openapi, "/info/description").split("\n\n") {
        page.prose(paragraph);
    }
    page.write(format_args!("<p>As a file: <a href=\"/openapi.json\">openapi.json</a></p></header>\n"));
    page.contents(openapi);
    page.write(format_args!("<main>\n"));
    for tag in list(openapi, "/tags") {
        page.tag(openapi, tag);
    }
    page.problems();
    page.schemas(openapi);
    page.write(format_args!("</main></body></html>\n"));
    page.html
}

struct Page {
    html: String,
}

impl Page {
    fn write(&mut self, html: fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = self.html.write_fmt(html);
    }

    fn prose(&mut self, text: &str) {
        if !text.is_empty() {
            self.write(format_args!("<p>{}</p>\n", Prose(text)));
        }
    }

    fn contents(&mut self, openapi: &Value) {
        self.write(format_args!("<nav aria-label=\"Contents\">\n"));
        for tag in list(openapi, "/tags") {
            let tag = text(tag, "/name");
            self.write(format_args!("<h2>{}</h2><ul>\n", Escaped(tag)));
            for operation in operations(openapi, tag) {
                self.write(format_args!(
                    "<li><a href=\"#{}\">{}</a></li>\n",
                    Escaped(operation.id()),
                    Escaped(text(operation.value, "/summary")),
                ));
            }
            self.write(format_args!("</ul>\n"));
        }
        self.write(format_args!(
            "<h2>More</h2><ul><li><a href=\"#problems\">Problems</a></li>\
             <li><a href=\"#schemas\">Schemas</a></li></ul></nav>\n"
        ));
    }

    fn tag(&mut self, openapi: &Value, tag: &Value) {
        let name = text(tag, "/name");
        self.write(format_args!("<section><h2>{}</h2>\n", Escaped(name)));
        self.prose(text(tag, "/description"));
        for operation in operations(openapi, name) {
            self.operation(&operation);
        }
        self.write(format_args!("</section>\n"));
    }

    fn operation(&mut self, operation: &Operation) {
        self.write(format_args!(
            "<article id=\"{}\"><h3>{}</h3><p class=\"call\"><b>{}</b> <code>{}</code></p>\n",
            Escaped(operation.id()),
            Escaped(text(operation.value, "/summary")),
            operation.method.to_uppercase(),
            Escaped(operation.path),
        ));
        self.prose(text(operation.value, "/description"));
        let parameters = list(operation.value, "/parameters");
        if !parameters.is_empty() {
            self.write(format_args!("<h4>Parameters</h4><table>\n"));
            for parameter in parameters {
                self.write(format_args!(
                    "<tr><th><code>{}</code></th><td>{}{}</td><td>{}</td><td>{}</td></tr>\n",
                    Escaped(text(parameter, "/name")),
                    Escaped(text(parameter, "/in")),
                    if parameter["required"] == true { ", required" } else { "" },
                    Type(&parameter["schema"]),
                    Prose(text(parameter, "/description")),
                ));
            }
            self.write(format_args!("</table>\n"));
        }
        if let Some(content) = operation.value.pointer("/requestBody/content").and_then(Value::as_object) {
            self.write(format_args!("<h4>Body</h4><ul>\n"));
            for (media_type, body) in content {
                self.write(format_args!(
                    "<li><code>{}</code>: {}</li>\n",
                    Escaped(media_type),
                    Type(&body["schema"])
                ));
            }
            self.write(format_args!("</ul>\n"));
        }
        self.write(format_args!("<h4>Answers</h4><table>\n"));
        for (status, response) in object(operation.value, "/responses") {
            let mut types: Vec<String> = object(response, "/content")
                .map(|(_, content)| Type(&content["schema"]).to_string())
                .collect();
            types.dedup();
            self.write(format_args!(
                "<tr><th>{}</th><td>{}</td><td>{}</td></tr>\n",
                Escaped(status),
                types.join(" or "),
                Prose(text(response, "/description")),
            ));
        }
        self.write(format_args!("</table></article>\n"));
    }

    fn problems(&mut self) {
        self.write(format_args!("<section id=\"problems\"><h2>Problems</h2><table>\n"));
        for code in Code::ALL {
            self.write(format_args!(
                "<tr id=\"{0}\"><th>{1}</th><td><code>{0}</code></td><td>{2}</td></tr>\n",
                code.as_str(),
                code.status().as_u16(),
                code.title(),
            ));
        }
        self.write(format_args!("</table></section>\n"));
    }

    fn schemas(&mut self, openapi: &Value) {
        self.write(format_args!("<section id=\"schemas\"><h2>Schemas</h2>\n"));
        for (name, schema) in object(openapi, "/components/schemas") {
            self.write(format_args!("<article id=\"schema-{0}\"><h3>{0}</h3>\n", Escaped(name)));
            self.prose(text(schema, "/description"));
            self.members(schema);
            self.write(format_args!("</article>\n"));
        }
        self.write(format_args!("</section>\n"));
    }

    fn members(&mut self, schema: &Value) {
        let parts = list(schema, "/allOf");
        if schema["properties"].is_null() && parts.is_empty() {
            self.write(format_args!("<p>{}</p>\n", Type(schema)));
            return;
        }
        for part in parts.iter().filter(|part| part["properties"].is_null()) {
            self.write(format_args!("<p>Everything of {}</p>\n", Type(part)));
        }
        self.write(format_args!("<table>\n"));
        for whole in parts.iter().chain([schema]) {
            let required = list(whole, "/required");
            for (name, member) in object(whole, "/properties") {
                self.write(format_args!(
                    "<tr><th><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    Escaped(name),
                    Type(member),
                    if required.iter().any(|key| key == name) { "always there" } else { "" },
                    Prose(text(member, "/description")),
                ));
            }
        }
        self.write(format_args!("</table>\n"));
    }
}

/// An operation and where it stands.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(self.value, "/operationId")
    }
}

fn operations<'a>(openapi: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    object(openapi, "/paths")
        .flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, value)| Operation {
                path,
                method,
                value,
            })
        })
        .filter(|operation| list(operation.value, "/tags").iter().any(|name| name == tag))
        .collect()
}

/// A schema in a few words.
struct Type<'a>(&'a Value);

impl Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let schema = self.0;
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            return write!(f, "<a href=\"#schema-{0}\">{0}</a>", Escaped(name));
        }
        for several in ["oneOf", "anyOf", "allOf"] {
            if let Some(schemas) = schema[several].as_array() {
                return join(f, schemas.iter().map(Type));
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return join(f, values.iter().map(|value| format!("<code>{}</code>", Escaped(&plain(value)))));
        }
        let (types, nullable): (Vec<&str>, bool) = match &schema["type"] {
            Value::String(name) => (vec![name.as_str()], false),
            Value::Array(names) => {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                (names.iter().copied().filter(|name| *name != "null").collect(), names.contains(&"null"))
            }
            _ => (vec!["any JSON"], false),
        };
        for (i, name) in types.iter().enumerate() {
            if i > 0 {
                f.write_str(" or ")?;
            }
            match *name {
                "array" => write!(f, "list of {}", Type(&schema["items"]))?,
                "object" if schema["additionalProperties"].is_object() => {
                    write!(f, "map to {}", Type(&schema["additionalProperties"]))?;
                }
                "string" if schema["format"] == "binary" => f.write_str("file")?,
                name => f.write_str(name)?,
            }
        }
        if nullable { f.write_str(" or null") } else { Ok(()) }
    }
}

fn join(f: &mut fmt::Formatter, items: impl Iterator<Item = impl Display>) -> fmt::Result {
    for (i, item) in items.enumerate() {
        write!(f, "{}{item}", if i > 0 { " or " } else { "" })?;
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Text in which what stands between backticks is code.
struct Prose<'a>(&'a str);

impl Display for Prose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (i, part) in self.0.split('`').enumerate() {
            if i % 2 == 1 {
                write!(f, "<code>{}</code>", Escaped(part))?;
            } else {
                write!(f, "{}", Escaped(part))?;
            }
        }
        Ok(())
    }
}

/// Text that is no markup.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn object<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_is_told_in_a_few_words() {
        for (schema, words) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": ["string", "null"]}), "string or null"),
            (json!({"type": "string", "format": "binary"}), "file"),
            (
                json!({"type": "array", "items": {"$ref": "#/components/schemas/A"}}),
                "list of <a href=\"#schema-A\">A</a>",
            ),
            (json!({"type": "string", "enum": ["a", "<b>"]}), "<code>a</code> or <code>&lt;b&gt;</code>"),
            (json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}), "null or integer"),
            (json!({"type": "object", "additionalProperties": {"type": "number"}}), "map to number"),
            (json!({}), "any JSON"),
        ] {
            assert_eq!(Type(&schema).to_string(), words, "{schema}");
        }
    }

    #[test]
    fn prose_is_escaped_and_backticks_are_code() {
        assert_eq!(Prose("a < b, `x & y`").to_string(), "a &lt; b, <code>x &amp; y</code>");
    }
}
