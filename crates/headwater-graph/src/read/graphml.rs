//! Graphs from GraphML.

mod xml;

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::number;
use crate::Attribute;
use crate::raw::{Fault, Place, Raw, shorten};
use xml::{Node, Xml, attributes, name};

/// Reads a file.
pub(super) fn read(text: &str, raw: &mut Raw) -> Result<(), Fault> {
    let mut xml = Xml::new(text);
    match next_element(&mut xml)? {
        Some((root, _)) if root.local_name().into_inner() == "graphml" => {}
        Some((root, at)) => {
            let message = format!("the outermost element is `<{}>` instead of `<graphml>`", name(&root));
            return Err(Fault::new(Place::Graph(at), message));
        }
        None => return Err(Fault::new(Place::Graph(0), "there is no element `<graphml>`")),
    }
    let mut graph = Graph { raw, keys: HashMap::new(), defaults: [None; N_ROLES], declared: Vec::new() };
    let mut graphs = 0;
    xml.children(|xml, child, at| match child.local_name().into_inner() {
        "key" => graph.key(xml, child, at),
        "graph" if graphs == 1 => Err(Fault::new(Place::Graph(at), "a second `<graph>`")),
        "graph" => {
            graphs += 1;
            graph.read(xml, child, at)
        }
        _ => xml.skip(),
    })?;
    if let Some((_, at)) = next_element(&mut xml)? {
        return Err(Fault::new(Place::Graph(at), "bad XML: a second outermost element"));
    }
    if graphs == 0 {
        return Err(Fault::new(Place::Graph(0), "there is no element `<graph>`"));
    }
    graph.ends_are_declared()?;
    raw.has_rewards = !raw.rewards.is_empty();
    Ok(())
}

/// The next element outside all others.
fn next_element<'a>(xml: &mut Xml<'a>) -> Result<Option<(BytesStart<'a>, usize)>, Fault> {
    loop {
        match xml.next()? {
            Node::Open(start, at) => return Ok(Some((start, at))),
            Node::Text(text, at) if !text.trim().is_empty() => {
                return Err(Fault::new(Place::Graph(at), "bad XML: text outside all elements"));
            }
            Node::Text(..) | Node::Close => {}
            Node::End => return Ok(None),
        }
    }
}

/// What a key stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Reward,
    Edge(Attribute),
}

const N_ROLES: usize = 1 + Attribute::ALL.len();

impl Role {
    fn index(self) -> usize {
        match self {
            Self::Reward => 0,
            Self::Edge(which) => 1 + which as usize,
        }
    }

    /// Of the key that gives `name` to `domain`: nodes, edges or both.
    fn of(name: &str, domain: &str) -> Option<Self> {
        let (nodes, edges) = (matches!(domain, "node" | "all"), matches!(domain, "edge" | "all"));
        match Attribute::named(name) {
            None if nodes && name == "reward" => Some(Self::Reward),
            Some(which) if edges => Some(Self::Edge(which)),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Reward => "reward",
            Self::Edge(which) => which.name(),
        }
    }
}

/// A number and its place.
type Value = (f64, usize);

struct Graph<'r> {
    raw: &'r mut Raw,
    /// By id: what the key stands for, if it matters here.
    keys: HashMap<String, Option<Role>>,
    /// By role: what a node or an edge has that says nothing.
    defaults: [Option<Value>; N_ROLES],
    /// Whether a `<node>` was seen, by node; nodes past the end have none.
    declared: Vec<bool>,
}

impl Graph<'_> {
    fn key(&mut self, xml: &mut Xml<'_>, start: &BytesStart<'_>, at: usize) -> Result<(), Fault> {
        let [id, domain, name] = attributes(start, at, ["id", "for", "attr.name"])?;
        let Some(id) = id else { return Err(lacks(at, "key", "id")) };
        let role = Role::of(&name.unwrap_or_default(), &domain.unwrap_or("all".into()));
        if role.is_some() && self.keys.values().any(|&other| other == role) {
            let name = role.map_or("", Role::name);
            return Err(Fault::new(Place::Graph(at), format!("a second `<key>` for the {name}")));
        }
        if self.keys.insert(id.to_string(), role).is_some() {
            return Err(Fault::new(Place::Graph(at), format!("a second `<key>` `{}`", shorten(&id))));
        }
        xml.children(|xml, child, at| match (child.local_name().into_inner(), role) {
            ("default", Some(role)) => {
                self.defaults[role.index()] = value(xml, role, at)?;
                Ok(())
            }
            _ => xml.skip(),
        })
    }

    fn read(&mut self, xml: &mut Xml<'_>, start: &BytesStart<'_>, at: usize) -> Result<(), Fault> {
        let [direction] = attributes(start, at, ["edgedefault"])?;
        if direction.is_some_and(|d| d != "directed") {
            return Err(Fault::new(Place::Graph(at), "the graph is not directed").hint(
                "write `<graph edgedefault=\"directed\">`: every edge leads from one object to a larger one",
            ));
        }
        xml.children(|xml, child, at| match child.local_name().into_inner() {
            "node" => self.node(xml, child, at),
            "edge" => self.edge(xml, child, at),
            "hyperedge" => {
                let message = "a hyperedge joins any number of nodes; expected `<edge>`";
                Err(Fault::new(Place::Graph(at), message))
            }
            _ => xml.skip(),
        })
    }

    fn node(&mut self, xml: &mut Xml<'_>, start: &BytesStart<'_>, at: usize) -> Result<(), Fault> {
        let [id] = attributes(start, at, ["id"])?;
        let Some(id) = id else { return Err(lacks(at, "node", "id")) };
        let node = self.raw.declare(&id, at)? as usize;
        self.declared.resize(self.declared.len().max(node + 1), false);
        if std::mem::replace(&mut self.declared[node], true) {
            return Err(Fault::new(Place::Graph(at), format!("a second node `{}`", shorten(&id))));
        }
        let values = self.data(xml)?;
        match values[Role::Reward.index()] {
            Some((reward, at)) => self.raw.reward(&id, reward, Place::Graph(at)),
            None => Ok(()),
        }
    }

    fn edge(&mut self, xml: &mut Xml<'_>, start: &BytesStart<'_>, at: usize) -> Result<(), Fault> {
        let [from, to, directed, from_port, to_port] =
            attributes(start, at, ["source", "target", "directed", "sourceport", "targetport"])?;
        let from = from.ok_or_else(|| lacks(at, "edge", "source"))?;
        let to = to.ok_or_else(|| lacks(at, "edge", "target"))?;
        if directed.is_some_and(|d| d != "true") {
            let message = format!("the edge from `{}` to `{}` is not directed", shorten(&from), shorten(&to));
            return Err(Fault::new(Place::Graph(at), message));
        }
        if from_port.is_some() || to_port.is_some() {
            return Err(port(at));
        }
        self.raw.edge(&from, &to, at)?;
        let values = self.data(xml)?;
        for which in Attribute::ALL {
            if let Some((value, at)) = values[Role::Edge(which).index()] {
                self.raw.attribute(which, value, at)?;
            }
        }
        Ok(())
    }

    /// The values that the data of a node or an edge give, or else the defaults.
    fn data(&self, xml: &mut Xml<'_>) -> Result<[Option<Value>; N_ROLES], Fault> {
        let mut values = self.defaults;
        let mut given = [false; N_ROLES];
        xml.children(|xml, child, at| match child.local_name().into_inner() {
            "data" => {
                let [key] = attributes(child, at, ["key"])?;
                let key = key.ok_or_else(|| lacks(at, "data", "key"))?;
                let Some(&role) = self.keys.get(key.as_ref()) else {
                    let message = format!("there is no `<key>` `{}` before this", shorten(&key));
                    return Err(Fault::new(Place::Graph(at), message));
                };
                let Some(role) = role else { return xml.skip() };
                if std::mem::replace(&mut given[role.index()], true) {
                    return Err(Fault::new(Place::Graph(at), format!("a second {}", role.name())));
                }
                values[role.index()] = value(xml, role, at)?;
                Ok(())
            }
            "graph" => Err(Fault::new(Place::Graph(at), "a graph within a node or an edge")
                .hint("write all nodes and edges into one `<graph>`")),
            "port" => Err(port(at)),
            _ => xml.skip(),
        })?;
        Ok(values)
    }

    /// Every end of an edge has its `<node>`: a name that was mistyped is found here.
    fn ends_are_declared(&mut self) -> Result<(), Fault> {
        self.raw.settle()?;
        let unknown = |node: u32| !self.declared.get(node as usize).is_some_and(|&seen| seen);
        for e in &self.raw.edges {
            if let Some(&node) = [e.from, e.to].iter().find(|&&node| unknown(node)) {
                let name = shorten(self.raw.names.get(node as usize));
                return Err(Fault::new(Place::Graph(e.at), format!("there is no node `{name}`"))
                    .hint(format!("every end of an edge is declared, such as by `<node id=\"{name}\"/>`")));
            }
        }
        Ok(())
    }
}

/// The number in the element that began last; none in an empty one.
fn value(xml: &mut Xml<'_>, role: Role, at: usize) -> Result<Option<Value>, Fault> {
    let text = xml.text()?;
    match text.trim() {
        "" => Ok(None),
        text => number(role.name(), text, at).map(|value| Some((value, at))),
    }
}

fn lacks(at: usize, element: &str, attribute: &str) -> Fault {
    Fault::new(Place::Graph(at), format!("a `<{element}>` without `{attribute}`"))
}

fn port(at: usize) -> Fault {
    Fault::new(Place::Graph(at), "ports are not read; expected edges between nodes")
}
