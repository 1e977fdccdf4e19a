//! Graphs from the DOT language of Graphviz.
//!
//! Subgraphs within subgraphs are kept on stacks of our own, so that no file can exhaust that of the program.

mod lexer;
mod strict;

use std::borrow::Cow;
use std::ops::Range;

use super::number;
use crate::Attribute;
use crate::raw::{Fault, Place, Raw, RawEdge, RawReward};
use lexer::{Lexer, Token};

const KEYWORDS: [&str; 6] = ["node", "edge", "graph", "digraph", "subgraph", "strict"];
/// Subgraphs within subgraphs that are followed.
const MAX_DEPTH: usize = 100;
/// Edges that come from subgraphs on a side of an arrow, in all: a short file could ask for any number.
const MAX_FROM_SUBGRAPHS: usize = 1 << 25;

/// Reads a file; the attribute `node_key` of a node is its reward.
pub(super) fn read(text: &str, node_key: &str, raw: &mut Raw) -> Result<(), Fault> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut dot = Dot {
        at: lexer.at(),
        lexer,
        token,
        raw,
        node_key,
        scopes: vec![Scope::default()],
        operands: Vec::new(),
        members: Vec::new(),
        rewards: Vec::new(),
        default_rewards: Vec::new(),
        n_from_subgraphs: 0,
    };
    let strict = dot.header()?;
    dot.statements()?;
    if dot.token != Token::End {
        return Err(dot.expected("the end of the file"));
    }
    dot.give_rewards();
    raw.has_rewards = !raw.rewards.is_empty();
    if strict {
        strict::merge(raw);
    }
    Ok(())
}

/// What an attribute says, perhaps nothing, and its place.
type Value = (Option<f64>, usize);

/// The attributes of a node that matter.
type NodeValues = [Option<Value>; 1];
/// The attributes of an edge that matter.
type EdgeValues = [Option<Value>; Attribute::ALL.len()];

/// The graph or a subgraph that is being read.
#[derive(Clone, Copy, Default)]
struct Scope {
    /// Where its nodes begin in the members.
    members: usize,
    /// Where its statement begins in the operands.
    operands: usize,
    /// What new nodes have.
    node: NodeValues,
    /// What new edges have.
    edge: EdgeValues,
}

/// A node or a subgraph in a statement: its nodes are the members from here to the next operand.
#[derive(Clone, Copy)]
struct Operand {
    members: usize,
    is_node: bool,
    at: usize,
}

struct Dot<'a, 'r> {
    lexer: Lexer<'a>,
    /// The next word, and its place.
    token: Token<'a>,
    at: usize,
    raw: &'r mut Raw,
    /// The attribute of nodes that matters.
    node_key: &'r str,
    /// The graph, the subgraph in it, and so on.
    scopes: Vec<Scope>,
    /// Of the statements of all scopes.
    operands: Vec<Operand>,
    /// Nodes of the open subgraphs and statements, in the order in which they were mentioned.
    members: Vec<u32>,
    /// Rewards that nodes are given.
    rewards: Vec<(u32, Value)>,
    /// Those that nodes have by default.
    default_rewards: Vec<(u32, Value)>,
    n_from_subgraphs: usize,
}

impl<'a> Dot<'a, '_> {
    /// Takes the word, and goes to the next.
    fn take(&mut self) -> Result<Token<'a>, Fault> {
        let next = self.lexer.next()?;
        self.at = self.lexer.at();
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// Takes the word if it is this one.
    fn take_mark(&mut self, mark: char) -> Result<bool, Fault> {
        let is = self.token == Token::Mark(mark);
        if is {
            self.take()?;
        }
        Ok(is)
    }

    fn expect(&mut self, mark: char) -> Result<(), Fault> {
        if self.take_mark(mark)? { Ok(()) } else { Err(self.expected(&format!("`{mark}`"))) }
    }

    fn expected(&self, what: &str) -> Fault {
        let found = self.token.show();
        Fault::new(Place::Graph(self.at), format!("bad DOT: expected {what}, found {found}"))
    }

    /// Takes a name or a value, which is no keyword.
    fn id(&mut self, what: &str) -> Result<Cow<'a, str>, Fault> {
        let id = match &self.token {
            Token::Bare(text) if !KEYWORDS.iter().any(|k| self.token.is(k)) => Cow::Borrowed(*text),
            Token::Quoted(text) => text.clone(),
            _ => return Err(self.expected(what)),
        };
        self.take()?;
        Ok(id)
    }

    /// `strict digraph name {`, of which two words may be missing; is it strict?
    fn header(&mut self) -> Result<bool, Fault> {
        let strict = self.token.is("strict");
        if strict {
            self.take()?;
        }
        if self.token.is("graph") {
            return Err(undirected(self.at));
        }
        if !self.token.is("digraph") {
            return Err(self.expected("`digraph`"));
        }
        self.take()?;
        if self.token != Token::Mark('{') {
            self.id("`{`")?;
        }
        self.expect('{')?;
        Ok(strict)
    }

    fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("the graph itself is never closed before the reading ends")
    }

    /// Everything up to the end of the graph.
    fn statements(&mut self) -> Result<(), Fault> {
        // An arrow was the last word, so that only a node or a subgraph may come.
        let mut continued = false;
        loop {
            if !continued && self.take_mark(';')? {
                continue;
            }
            if !continued && self.token == Token::Mark('}') {
                self.take()?;
                if self.scopes.len() == 1 {
                    return Ok(());
                }
                let inner = self.scopes.pop().unwrap_or_default();
                self.operands.truncate(inner.operands);
            } else if self.token == Token::Mark('{') || self.token.is("subgraph") {
                self.open()?;
                continued = false;
                continue;
            } else if !continued && ["node", "edge", "graph"].iter().any(|k| self.token.is(k)) {
                self.defaults()?;
                continue;
            } else if !self.node(continued)? {
                continue;
            }
            continued = self.token == Token::Arrow;
            if continued {
                self.take()?;
            } else {
                self.end_statement()?;
            }
        }
    }

    /// Begins a subgraph, which is an operand of the statement around it.
    fn open(&mut self) -> Result<(), Fault> {
        if self.scopes.len() > MAX_DEPTH {
            let message = format!("subgraphs are nested more than {MAX_DEPTH} deep");
            return Err(Fault::new(Place::Graph(self.at), message));
        }
        self.operands.push(Operand { members: self.members.len(), is_node: false, at: self.at });
        if self.token.is("subgraph") {
            self.take()?;
            if self.token != Token::Mark('{') {
                self.id("`{`")?;
            }
        }
        self.expect('{')?;
        let inner = Scope { members: self.members.len(), operands: self.operands.len(), ..*self.scope() };
        self.scopes.push(inner);
        Ok(())
    }

    /// Attributes of all nodes or edges that follow in the scope.
    fn defaults(&mut self) -> Result<(), Fault> {
        let Scope { mut node, mut edge, .. } = *self.scope();
        let (nodes, edges) = (self.token.is("node"), self.token.is("edge"));
        self.take()?;
        if self.token != Token::Mark('[') {
            return Err(self.expected("`[`"));
        }
        if nodes {
            self.attributes([self.node_key], &mut node)?;
        } else if edges {
            self.attributes(Attribute::ALL.map(Attribute::name), &mut edge)?;
        } else {
            self.attributes([], &mut [])?;
        }
        let scope = self.scope();
        (scope.node, scope.edge) = (node, edge);
        Ok(())
    }

    /// A node with its port, or, unless behind an arrow, `key = value`; was it a node?
    fn node(&mut self, continued: bool) -> Result<bool, Fault> {
        let at = self.at;
        let name = self.id(if continued { "a node behind the arrow" } else { "a node, an edge or `}`" })?;
        if !continued && self.take_mark('=')? {
            self.value()?;
            return Ok(false);
        }
        let n_nodes = self.raw.names.len();
        let node = self.raw.node(&name, Place::Graph(at))?;
        if let ([Some(reward)], true) = (self.scope().node, node as usize == n_nodes) {
            self.default_rewards.push((node, reward));
        }
        self.operands.push(Operand { members: self.members.len(), is_node: true, at });
        self.members.push(node);
        // A port and a side of the node, which concern drawings.
        for _ in 0..2 {
            if self.take_mark(':')? {
                self.id("a port")?;
            }
        }
        Ok(true)
    }

    /// The value of an attribute; none of those that matter can be HTML.
    fn value(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.token == Token::Html {
            self.take()?;
            return Ok(Cow::Borrowed("<…>"));
        }
        self.id("a value")
    }

    /// Lists of attributes, `[key = value, …]`; those among `keys` are numbers.
    fn attributes<const N: usize>(
        &mut self,
        keys: [&str; N],
        values: &mut [Option<Value>; N],
    ) -> Result<(), Fault> {
        while self.take_mark('[')? {
            while !self.take_mark(']')? {
                let at = self.at;
                let key = self.id("an attribute or `]`")?;
                self.expect('=')?;
                let value = self.value()?;
                if let Some(i) = keys.iter().position(|&k| k == key) {
                    let value = match value.trim() {
                        "" => None,
                        text => Some(number(keys[i], text, at)?),
                    };
                    values[i] = Some((value, at));
                }
                if !self.take_mark(',')? {
                    self.take_mark(';')?;
                }
            }
        }
        Ok(())
    }

    /// Attributes, and what they belong to: the edges of a chain, or a node.
    fn end_statement(&mut self) -> Result<(), Fault> {
        if self.token == Token::Line {
            return Err(undirected(self.at));
        }
        let Scope { operands: first, members, mut edge, .. } = *self.scope();
        if self.operands.len() - first > 1 {
            let edges = self.raw.edges.len();
            for i in first + 1..self.operands.len() {
                self.connect(i - 1, i)?;
            }
            self.attributes(Attribute::ALL.map(Attribute::name), &mut edge)?;
            for which in Attribute::ALL {
                if let Some((Some(value), at)) = edge[which as usize] {
                    self.raw.attribute_since(edges, which, value, at)?;
                }
            }
        } else if let Some(&Operand { members, is_node: true, at }) = self.operands.get(first) {
            let node = self.members[members];
            let mut values = [None];
            self.attributes([self.node_key], &mut values)?;
            self.rewards.extend(values[0].map(|reward| (node, reward)));
            self.raw.declared.push((node, at));
        }
        self.operands.truncate(first);
        if self.scopes.len() == 1 {
            self.members.truncate(members);
        }
        Ok(())
    }

    /// The members of an operand of the last statement.
    fn members(&self, operand: usize) -> Range<usize> {
        let end = self.operands.get(operand + 1).map_or(self.members.len(), |next| next.members);
        self.operands[operand].members..end
    }

    /// Edges from all nodes of an operand to all of another.
    fn connect(&mut self, tail: usize, head: usize) -> Result<(), Fault> {
        let at = self.operands[tail].at;
        let [tails, heads] = [tail, head].map(|operand| self.members(operand));
        if let (1, 1) = (tails.len(), heads.len()) {
            let (from, to) = (self.members[tails.start], self.members[heads.start]);
            self.raw.edges.push(RawEdge { from, to, at });
            return Ok(());
        }
        let [tails, heads] = [tails, heads].map(|range| {
            let mut nodes = self.members[range].to_vec();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        });
        self.n_from_subgraphs = self.n_from_subgraphs.saturating_add(tails.len().saturating_mul(heads.len()));
        if self.n_from_subgraphs > MAX_FROM_SUBGRAPHS {
            let message = format!("subgraphs stand for more than {MAX_FROM_SUBGRAPHS} edges");
            return Err(Fault::new(Place::Graph(at), message));
        }
        for &from in &tails {
            self.raw.edges.extend(heads.iter().map(|&to| RawEdge { from, to, at }));
        }
        Ok(())
    }

    /// The rewards of nodes; where one is given, if only as empty, the default does not count.
    fn give_rewards(&mut self) {
        let mut given = vec![false; self.raw.names.len()];
        self.rewards.iter().for_each(|&(node, _)| given[node as usize] = true);
        self.default_rewards.retain(|&(node, _)| !given[node as usize]);
        for &(node, (value, at)) in self.rewards.iter().chain(&self.default_rewards) {
            let place = Place::Graph(at);
            self.raw.rewards.extend(value.map(|value| RawReward { node, value, place }));
        }
    }
}

fn undirected(at: usize) -> Fault {
    Fault::new(Place::Graph(at), "the graph is not directed")
        .hint("write `digraph` and `->`: every edge leads from one object to a larger one")
}
