//! What the port says to somebody who just looks.

use axum::response::Html;

/// A sentence and where to go on.
pub(super) async fn root() -> Html<&'static str> {
    Html(concat!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Gridtally</title>\n",
        "<h1>Gridtally ",
        env!("CARGO_PKG_VERSION"),
        "</h1>\n",
        "<p>Smart-meter readings become bills and usage. This port serves the staff API under <code>/api/v1</code>; ",
        "every request needs a token (<code>gridtally token issue --role viewer --subject NAME</code>).</p>\n",
        "<ul>\n<li><a href=\"/api/openapi.json\">What can be asked (OpenAPI)</a></li>\n",
        "<li><a href=\"/healthz\">Health</a></li>\n</ul>\n</html>\n",
    ))
}

/// The port answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}
