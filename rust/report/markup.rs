//! Text within Markdown and HTML that cannot become a part of their structure.

use super::text;

/// Text that Markdown takes as it is: nothing in it is a link, a tag, a
/// mention, a formula or the end of a table's cell.
pub fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in text::clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '$' => out.push_str("&#36;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // Addresses would become links without any mark around them.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Text between tags of HTML.
pub fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text::clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

/// Text in a fence that is longer than any that the text could close it with.
pub fn fenced(language: &str, told: &str) -> String {
    let told = told.trim_matches('\n');
    let fence = "~".repeat(longest_run(told, '~').max(3) + 1);
    format!("{fence}{language}\n{told}\n{fence}\n")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let runs = text.split(|c| c != wanted).map(str::len);
    runs.max().unwrap_or(0) / wanted.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_write_markdown() {
        let shown = markdown("<b>@all</b> [a](b) `c` | d\n# e &lt; $x$");
        assert_eq!(
            shown,
            r"&lt;b>&#64;all&lt;/b> \[a\](b) \`c\` \| d\\n\# e &amp;lt; &#36;x&#36;"
        );
        assert_eq!(
            markdown("see http://x or www.x"),
            "see http&#58;//x or www&#46;x"
        );
    }

    #[test]
    fn a_peer_cannot_write_html() {
        let shown = html("</summary><script a='b' c=\"d\">`&`\n");
        assert_eq!(
            shown,
            "&lt;/summary&gt;&lt;script a=&#39;b&#39; c=&quot;d&quot;&gt;&#96;&amp;&#96;\\n"
        );
    }

    #[test]
    fn no_line_closes_the_fence_around_it() {
        assert_eq!(fenced("text", "\na\n"), "~~~~text\na\n~~~~\n");
        let hostile = "a\n~~~~~~\n<b>";
        assert_eq!(
            fenced("text", hostile),
            "~~~~~~~text\na\n~~~~~~\n<b>\n~~~~~~~\n"
        );
    }
}
