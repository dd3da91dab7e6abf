//! Where calls and their arguments stand in a file. Starlark tells a function only where its call is; the
//! syntax tree tells where each argument of that call is.

use std::collections::HashMap;

use starlark::codemap::{CodeMap, FileSpan, Span};
use starlark::syntax::AstModule;
use starlark_syntax::syntax::ast::AstNoPayload;
use starlark_syntax::syntax::ast::{
    ArgumentP, AssignTarget, AstExpr, AstLiteral, AstStmt, CallArgsP, ExprP, StmtP,
};
use starlark_syntax::syntax::module::AstModuleFields;
use starlark_syntax::syntax::uniplate::Visit;

use crate::diagnostic::Place;

/// An argument of a call.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    /// Its name; none if it is given by position.
    name: Option<String>,
    /// Where it begins.
    pub(crate) place: Place,
    /// Where its value begins.
    pub(crate) value: Place,
    /// Where its items begin, if it is written as a list.
    pub(crate) items: Vec<Place>,
    /// Where its first character is, if it is written as a text of one line without escapes.
    pub(crate) text: Option<Place>,
}

/// A call and its arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallSite {
    /// Where it begins.
    pub(crate) place: Place,
    arguments: Vec<Argument>,
}

impl CallSite {
    /// The argument of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|it| it.name.as_deref() == Some(name))
    }

    /// The argument at that position, from 0.
    pub(crate) fn positional(&self, number: usize) -> Option<&Argument> {
        self.arguments.iter().filter(|it| it.name.is_none()).nth(number)
    }
}

/// The calls of a file, and the names that it defines.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    calls: HashMap<(u32, u32), CallSite>,
    names: Vec<String>,
    /// Where functions are defined; none where several have the name.
    definitions: HashMap<String, Option<Place>>,
}

impl Sites {
    /// Those of `module`.
    pub(crate) fn of(module: &AstModule) -> Self {
        let mut sites = Self::default();
        sites.visit(&Visit::Stmt(module.statement()), module.codemap());
        sites
    }

    /// The call at `span`; without its arguments if the syntax tree has no such call.
    pub(crate) fn at(&self, span: &FileSpan) -> CallSite {
        self.calls
            .get(&key(span.span))
            .cloned()
            .unwrap_or_else(|| CallSite {
                place: place(&span.file, span.span),
                arguments: vec![],
            })
    }

    /// The functions and variables that the file defines.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Where the one function of that name is defined.
    pub(crate) fn definition(&self, name: &str) -> Option<Place> {
        self.definitions.get(name).copied().flatten()
    }

    fn visit(&mut self, node: &Visit<'_, AstNoPayload>, map: &CodeMap) {
        match node {
            Visit::Expr(expr) => self.add_call(expr, map),
            Visit::Stmt(statement) => self.add_name(statement, map),
        }
        node.visit_children(|child| self.visit(&child, map));
    }

    fn add_call(&mut self, expr: &AstExpr, map: &CodeMap) {
        if let ExprP::Call(_, CallArgsP { args }) = &expr.node {
            // After `*args` positions are not known.
            let mut spread = false;
            let mut arguments = vec![];
            for argument in args {
                match &argument.node {
                    ArgumentP::Positional(value) if !spread => {
                        arguments.push(read_argument(None, value.span, value, map))
                    }
                    ArgumentP::Named(name, value) => {
                        arguments.push(read_argument(Some(name.node.clone()), name.span, value, map));
                    }
                    _ => spread = true,
                }
            }
            let place = place(map, expr.span);
            self.calls.insert(key(expr.span), CallSite { place, arguments });
        }
    }

    fn add_name(&mut self, statement: &AstStmt, map: &CodeMap) {
        let target = match &statement.node {
            StmtP::Def(def) => {
                let name = &def.name.node.ident;
                self.names.push(name.clone());
                let at = place(map, statement.span);
                self.definitions
                    .entry(name.clone())
                    .and_modify(|it| *it = None)
                    .or_insert(Some(at));
                return;
            }
            StmtP::Assign(assign) => &assign.lhs.node,
            StmtP::For(each) => &each.var.node,
            _ => return,
        };
        if let AssignTarget::Identifier(name) = target {
            self.names.push(name.node.ident.clone());
        }
    }
}

fn read_argument(name: Option<String>, span: Span, value: &AstExpr, map: &CodeMap) -> Argument {
    let items = match &value.node {
        ExprP::List(items) | ExprP::Tuple(items) => items.iter().map(|it| place(map, it.span)).collect(),
        _ => vec![],
    };
    let text = match &value.node {
        ExprP::Literal(AstLiteral::String(text)) => {
            let source = map.source_span(value.span);
            let plain = ['"', '\'']
                .iter()
                .any(|quote| source == format!("{quote}{}{quote}", text.node));
            (plain && !text.node.contains('\n')).then(|| place(map, value.span).right(1))
        }
        _ => None,
    };
    Argument {
        name,
        place: place(map, span),
        value: place(map, value.span),
        items,
        text,
    }
}

/// The place at which `span` begins.
pub(crate) fn place(map: &CodeMap, span: Span) -> Place {
    let begin = map.resolve_span(span).begin;
    Place {
        line: begin.line + 1,
        column: begin.column + 1,
    }
}

fn key(span: Span) -> (u32, u32) {
    (span.begin().get(), span.end().get())
}
