//! The guide's files are files that are read, and its messages are what is said.

use super::*;

const GUIDE: &str = include_str!("../../../../docs/guides/graph-files.md");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    GUIDE.split(start.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_files_of_the_guide_are_one_network() {
    let [edges, rewards] = blocks("csv")[..] else { panic!("edges and rewards in CSV") };
    let from_csv = with_rewards("graph.csv", edges, rewards).unwrap();
    for language in ["json", "xml", "dot"] {
        let [text] = blocks(language)[..] else { panic!("one file in {language}") };
        let network = whole(&format!("graph.{language}"), text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(written_out(&network), written_out(&from_csv));
    }
}

#[test]
fn the_messages_of_the_guide_are_what_is_said() {
    let [messages] = blocks("text")[..] else { panic!("one list of messages") };
    let files = [
        "from,to\nstart,left\nleft,end\nend,left\n",
        "from,to\nstart,end\nstart,right\n",
        "from,to\nstart,left\nleft,end\nother,end\n",
        "from,to,weight\nstart,end,heavy\n",
        "from,to,wieght\nstart,end,1\n",
    ];
    assert_eq!(messages.lines().count(), files.len());
    for (message, text) in messages.lines().zip(files) {
        refused(with_rewards("graph.csv", text, "node,reward\nend,1\n"), message);
    }
}
