//! Weights, costs and capacities of edges.

use super::*;

const JSON: &str = r#"{"edges": [["s", "a"],
    {"from": "s", "to": "b", "weight": 2, "cost": -1.5},
    {"capacity": 5, "to": "c", "from": "a"},
    {"to": "c", "from": "b"}], "rewards": {"c": 1}}"#;
const CSV: &str = "from,to, cost ,capacity,weight\ns,a,,,\ns,b,-1.5,,2\na,c,,5,\nb,c,, ,\n";
const DOT: &str =
    "digraph { s -> a; s -> b [cost=-1.5, weight=\"2\"]; a -> c [capacity=5.0] b -> c c [reward=1] }";
const XML: &str = r#"<graphml>
    <key id="r" for="node" attr.name="reward" attr.type="double"/>
    <key id="w" for="edge" attr.name="weight" attr.type="double"><default>1</default></key>
    <key id="c" for="all" attr.name="cost"/>
    <key id="u" for="edge" attr.name="capacity"/>
    <graph edgedefault="directed">
      <edge source="s" target="a"/>
      <edge source="s" target="b"><data key="c"> -1.5 </data><data key="w">2</data></edge>
      <edge source="a" target="c"><data key="u"><![CDATA[5]]></data></edge>
      <edge source="b" target="c"><data key="u"/></edge>
      <node id="s"/><node id="a"/><node id="b"/>
      <node id="c"><data key="r">&#x31;</data></node>
    </graph></graphml>"#;

#[test]
fn attributes_are_the_same_in_every_format() {
    let inf = f64::INFINITY;
    for network in [
        whole("g.json", JSON),
        with_rewards("g.csv", CSV, "node,reward\nc,1\n"),
        whole("g.dot", DOT),
        whole("g.xml", XML),
    ] {
        let network = network.unwrap_or_else(|error| panic!("{error}"));
        let node = |name| network.names().find(name).unwrap() as usize;
        let edges = [("s", "a"), ("s", "b"), ("a", "c"), ("b", "c")]
            .map(|(from, to)| network.edge(node(from), node(to)).unwrap());
        let values = |which| edges.map(|e| network.attribute(which).unwrap()[e]);
        assert_eq!(values(Attribute::Weight), [1.0, 2.0, 1.0, 1.0]);
        assert_eq!(values(Attribute::Cost), [0.0, -1.5, 0.0, 0.0]);
        assert_eq!(values(Attribute::Capacity), [inf, inf, 5.0, inf]);
    }
}

#[test]
fn attributes_that_no_edge_has_are_absent() {
    let network = with_rewards("g.csv", "from,to,weight,cost\na,b,,3\n", "node,reward\nb,1\n").unwrap();
    assert_eq!(network.attribute(Attribute::Weight), None);
    assert_eq!(network.attribute(Attribute::Cost), Some([3.0].as_slice()));
    assert_eq!(network.attribute(Attribute::Capacity), None);
}

#[test]
fn values_out_of_range_are_refused_in_every_format() {
    let finite = "expected a number that is finite and not negative";
    for (attribute, value, message) in [
        ("weight", "-1", format!("the weight is `-1`; {finite}")),
        ("capacity", "-0.5", "the capacity is `-0.5`; expected a number that is not negative".to_owned()),
        ("weight", "heavy", "the weight is `heavy`, not a number".to_owned()),
        ("weight", "inf", format!("the weight is `inf`; {finite}")),
        ("cost", "NaN", "the cost is `NaN`; expected a number that is finite".to_owned()),
        ("capacity", "nan", "the capacity is `NaN`; expected a number that is not negative".to_owned()),
    ] {
        let csv = format!("from,to,{attribute}\n\na,b,{value}\n");
        refused(with_rewards("g.csv", &csv, "node,reward\nb,1\n"), &format!("g.csv:3: {message}"));
        let dot = format!("digraph {{\n a -> b [\n{attribute}=\"{value}\"] b [reward=1] }}");
        refused(whole("g.dot", &dot), &format!("g.dot:3: {message}"));
        let xml = format!(
            "<graphml><key id='k' attr.name='{attribute}'/><graph>\n<edge source='a' target='b'>\n<data \
             key='k'>{value}</data></edge></graph></graphml>"
        );
        refused(whole("g.xml", &xml), &format!("g.xml:3: {message}"));
        if value.starts_with('-') {
            let json =
                format!("{{\"edges\": [{{\"from\": \"a\",\n\"to\": \"b\",\n\"{attribute}\": {value}}}]}}");
            refused(whole("g.json", &json), &format!("g.json:3: {message}"));
        }
    }
}
