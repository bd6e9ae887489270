//! What libraries say about a request, in words of whoever wrote it: no names of types, no names of libraries.

/// What the deserializer says about a query, in words of whoever wrote the query. It names the parameter, then what is wrong with it.
pub(super) fn of_query(said: &str) -> String {
    const UNCLEAR: &str = "the query cannot be understood; /api/openapi.json lists its parameters";
    let said = said
        .strip_prefix("Failed to deserialize query string: ")
        .unwrap_or(said);
    let quoted: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
    let (first, rest) = match quoted.split_first() {
        Some((first, rest)) => (*first, rest.join(", ")),
        None => ("", String::new()),
    };
    let wrong = |what: &str| said.contains(what);
    let key = said
        .split_once(": ")
        .map(|(key, _)| key)
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    if wrong("unknown field") {
        let there = if quoted.len() > 2 { "there are" } else { "there is" };
        return format!("there is no parameter {} here; {there} {rest}", shortened(first));
    }
    if wrong("missing field") {
        return format!("the parameter {first} is missing");
    }
    if wrong("duplicate field") {
        return format!("{first} is given more than once");
    }
    match key {
        Some(key) if wrong("unknown variant") => format!("{key} must be one of {rest}"),
        Some(key) if wrong("digit") || wrong("number") || wrong("integer") => {
            format!("{key} must be a positive whole number")
        }
        Some(key) => format!("{key} has no value that can be understood"),
        None => UNCLEAR.to_owned(),
    }
}

/// The beginning of what somebody typed.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What the deserializer says about a body: the path of the field, what is wrong with it, and the place in the text.
pub(super) fn of_body(said: &str) -> String {
    const NO_JSON: &str = "Failed to parse the request body as JSON: ";
    const NOT_MEANT: &str = "Failed to deserialize the JSON body into the target type: ";
    if let Some(what) = said.strip_prefix(NO_JSON) {
        let what = without_path(what);
        return format!("the body is no JSON: {what}");
    }
    let Some(said) = said.strip_prefix(NOT_MEANT) else {
        return "the body cannot be read".to_owned();
    };
    let (said, place) = match said.rsplit_once(" at line ") {
        Some((said, place)) => (
            said,
            format!(" (line {})", place.replace(" column ", ", column ")),
        ),
        None => (said, String::new()),
    };
    let what = without_path(said);
    let path = said.strip_suffix(what).unwrap_or_default().trim_end_matches(": ");
    let path = if path.is_empty() || path == "." {
        "the body"
    } else {
        path
    };
    format!("{path}: {}{place}", wrong(what))
}

/// The message behind the path that stands before it, if one does.
fn without_path(said: &str) -> &str {
    match said.split_once(": ") {
        Some((path, what)) if !path.contains(' ') => what,
        _ => said,
    }
}

/// What is wrong with a field.
fn wrong(what: &str) -> String {
    let quoted: Vec<&str> = what.split('`').skip(1).step_by(2).collect();
    let name = quoted.first().map(|name| shortened(name)).unwrap_or_default();
    let expected = what.rsplit_once(", expected ").map(|(_, expected)| expected);
    match what.split_once(' ').unwrap_or_default() {
        ("unknown", rest) if rest.starts_with("field") => {
            let known = quoted.get(1..).unwrap_or_default().join(", ");
            format!("there is no field {name} here; there are {known}")
        }
        ("unknown", _) => format!(
            "must be one of {}",
            quoted.get(1..).unwrap_or_default().join(", ")
        ),
        ("missing", _) => format!("the field {name} is missing"),
        ("duplicate", _) => format!("the field {name} is given more than once"),
        ("invalid", _) => format!("must be {}", expected.map_or("something else", kind_of_value)),
        _ => "has no value that can be understood".to_owned(),
    }
}

/// What JSON calls the value that a type is written as.
fn kind_of_value(expected: &str) -> &'static str {
    match expected {
        "a string" | "a borrowed string" | "string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "i8" | "i16" | "i32" | "i64" => "a whole number in its range",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number in its range, not negative",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        named if named.starts_with("struct ") => "an object",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests;
