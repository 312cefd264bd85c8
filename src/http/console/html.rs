//! A page under construction. Markup is ours and `'static`; everything else goes in escaped.

/// An HTML document.
pub(super) struct Html(String);

impl Html {
    /// A document with a title, begun.
    pub(super) fn new(title: &str) -> Self {
        let mut html = Self(String::new());
        html.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>").text(title);
        html.raw("</title><meta name=\"viewport\" content=\"width=device-width\"><style>").raw(STYLE);
        html.raw("</style></head><body><header><a href=\"/\">spangate</a></header><main>");
        html
    }

    /// A document that says one thing.
    pub(super) fn notice(what: &str, about: &str) -> Self {
        let mut html = Self::new(what);
        html.raw("<h1>").text(what).raw("</h1><p>").text(about).raw("</p>");
        html
    }

    /// Adds markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text, for between tags and inside quoted attributes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Not allowed in a document, and nothing to see.
                '\0' => self.0.push('\u{fffd}'),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Adds a link to a page of ours or of a vendor's console.
    pub(super) fn link(&mut self, to: &str, text: &str) -> &mut Self {
        self.raw("<a href=\"").text(to).raw("\">").text(text).raw("</a>")
    }

    /// Adds a table's cell.
    pub(super) fn cell(&mut self, text: &str) -> &mut Self {
        self.raw("<td>").text(text).raw("</td>")
    }

    /// Adds a table's head.
    pub(super) fn heads<'a>(&mut self, heads: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.raw("<table><thead><tr>");
        for head in heads {
            self.raw("<th>").text(head).raw("</th>");
        }
        self.raw("</tr></thead><tbody>")
    }

    /// Ends a table.
    pub(super) fn end_table(&mut self) -> &mut Self {
        self.raw("</tbody></table>")
    }

    /// Adds a state, coloured.
    pub(super) fn state(&mut self, word: &str) -> &mut Self {
        self.raw("<span class=\"state ").text(word).raw("\">").text(word).raw("</span>")
    }

    /// The whole document.
    pub(super) fn into_text(mut self) -> String {
        self.raw("</main></body></html>\n");
        self.0
    }
}

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_can_end_neither_text_nor_attribute() {
        let mut html = Html(String::new());
        html.link("/t/\"><script>", "a' & <b>\0");
        assert_eq!(html.0, "<a href=\"/t/&quot;&gt;&lt;script&gt;\">a&#39; &amp; &lt;b&gt;\u{fffd}</a>");
    }
}
