//! GraphML: keys and their defaults, and what is left out or refused.

use super::*;

const HEAD: &str = "<graphml><key id='r' for='node' attr.name='reward'/><graph edgedefault='directed'>";

fn graphml(text: &str) -> Result<Network, ReadError> {
    whole("g.graphml", text)
}

#[test]
fn defaults_count_where_there_are_no_data() {
    let network = graphml(
        "<graphml><key id='r' for='node' attr.name='reward'><desc>of objects</desc><default>3</default></key>
         <key id='w' for='edge' attr.name='weight'><default>2</default></key><graph>
         <node id='a'><data key='r'></data></node><node id='b'/><node id='c'><data key='r'>4</data></node>
         <edge source='a' target='b'><data key='w'>5</data></edge><edge source='b' target='c'/></graph></graphml>",
    )
    .unwrap();
    assert_eq!(network.rewards(), [None, Some(3.0), Some(4.0)]);
    assert_eq!(network.attribute(Attribute::Weight), Some([5.0, 2.0].as_slice()));
    let refused_default =
        "<graphml><key id='r' for='node' attr.name='reward'>\n<default>x</default></key></graphml>";
    refused(graphml(refused_default), "g.graphml:2: the reward is `x`, not a number");
}

#[test]
fn what_does_not_matter_is_left_out() {
    let network = graphml(
        "<?xml version='1.0' encoding='UTF-8'?>
         <!DOCTYPE graphml [<!ENTITY x 'y'>]>
         <!-- a comment -->
         <g:graphml xmlns:g='http://graphml.graphdrawing.org/xmlns' xmlns:y='http://www.yworks.com/xml/graphml'>
         <desc>text &lt;and&gt; <b>more</b></desc>
         <key id='r' for='node' attr.name='reward' attr.type='double'/><key id='colour' attr.name='colour'/>
         <key id='re' for='edge' attr.name='reward'/><key id='wn' for='node' attr.name='weight'/>
         <key id='g' for='node' yfiles.type='nodegraphics'/>
         <g:graph id='G' edgedefault='directed' parse.order='free'>
         <data key='colour'>red</data>
         <node id='a'><data key='g'><y:ShapeNode><y:Label>x</y:Label></y:ShapeNode></data></node>
         <node id='b' y:id='z'><desc/><data key='r'>1</data><data key='wn'>heavy</data></node>
         <edge id='e' source='a' target='b' directed='true'><data key='re'>none</data></edge>
         </g:graph></g:graphml> <!-- the end -->",
    )
    .unwrap();
    assert_eq!(network.names().iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(network.attribute(Attribute::Weight), None);
}

#[test]
fn graphs_that_are_no_networks_are_refused_in_words() {
    for (text, message) in [
        ("\n<node id='a'><graph edgedefault='directed'/></node>", "2: a graph within a node or an edge"),
        ("\n<edge source='a' target='b'><graph/></edge>", "2: a graph within a node or an edge"),
        ("\n\n<hyperedge/>", "3: a hyperedge joins any number of nodes; expected `<edge>`"),
        ("<node id='a'>\n<port name='p'/></node>", "2: ports are not read; expected edges between nodes"),
        (
            "\n<edge source='a' target='b' sourceport='p'/>",
            "2: ports are not read; expected edges between nodes",
        ),
        ("<edge source='a'\n target='b' directed='false'/>", "1: the edge from `a` to `b` is not directed"),
        ("\n<edge source='a'/>", "2: a `<edge>` without `target`"),
        ("\n<edge target='a'/>", "2: a `<edge>` without `source`"),
        ("\n<node/>", "2: a `<node>` without `id`"),
        ("<node id='a'/>\n<node id='a'/>", "2: a second node `a`"),
        ("\n<node id='a' id='b'/>", "2: a second attribute `id` of `<node>`"),
        ("<node id='a'><data>1</data></node>", "1: a `<data>` without `key`"),
        ("<node id='a'>\n<data key='s'>1</data></node>", "2: there is no `<key>` `s` before this"),
        ("<node id='a'><data key='r'>1</data>\n<data key='r'>1</data></node>", "2: a second reward"),
        ("\n<node id='a'><data key='r'>much</data></node>", "2: the reward is `much`, not a number"),
        ("\n<node id='a'><data key='r'><b/></data></node>", "2: expected a number, found `<b>`"),
        ("\n<node id='a'><data key='r'>&x;</data></node>", "2: unknown entity `&x;`"),
        ("\n<node id='&x;'/>", "2: bad XML: a reference such as `&amp;` is not sound"),
        ("\n<node id=a/>", "2: bad XML: expected attributes such as `id=\"a\"`"),
        ("<node id='a'/>\n<edge source='a' target='b'/></graph></graphml>", "2: there is no node `b`"),
        ("</graph>\n<graph/></graphml>", "2: a second `<graph>`"),
        ("</graph></graphml>\n<graphml/>", "2: bad XML: a second outermost element"),
        ("</graph></graphml>\nthe end", "2: bad XML: text outside all elements"),
        ("\n</node>", "2: bad XML: expected `</graph>`, found `</node>`"),
        ("</graph></graphml>\n</graph>", "2: bad XML: `</graph>` ends no element"),
        ("\n", "2: bad XML: the file ends before its last element does"),
        ("\n<node id='a'", "2: bad XML: tag not closed: `>` not found before end of input"),
        ("\n<!-- a", "2: bad XML: comment not closed: `-->` not found before end of input"),
        ("</graph></graphml>", "1: there are no rewards"),
    ] {
        refused(graphml(&format!("{HEAD}{text}")), &format!("g.graphml:{message}"));
    }
    for (text, message) in [
        ("<graphml>\n<graph edgedefault='undirected'/></graphml>", "2: the graph is not directed"),
        ("<html/>", "1: the outermost element is `<html>` instead of `<graphml>`"),
        ("<!-- nothing -->", "1: there is no element `<graphml>`"),
        ("<graphml/>", "1: there is no element `<graph>`"),
        ("<graphml>\n<key/></graphml>", "2: a `<key>` without `id`"),
        ("<graphml><key id='a'/>\n<key id='a'/></graphml>", "2: a second `<key>` `a`"),
        (
            "<graphml><key id='a' attr.name='cost'/>\n<key id='b' attr.name='cost'/></graphml>",
            "2: a second `<key>` for the cost",
        ),
    ] {
        refused(graphml(text), &format!("g.graphml:{message}"));
    }
}
