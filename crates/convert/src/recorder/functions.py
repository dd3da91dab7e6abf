"""Functions of the configuration, in Starlark where they say what Starlark can say."""

import ast
import inspect
import textwrap

# What Starlark has under the same name, with the same meaning for strings, lists and dicts.
BUILTINS = ("len", "str", "int", "sorted", "reversed", "list", "dict", "min", "max", "range", "enumerate", "zip", "any", "all", "bool", "tuple", "float", "abs")
METHODS = (
    "startswith", "endswith", "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "join", "replace", "lower",
    "upper", "format", "find", "rfind", "count", "index", "get", "items", "keys", "values", "append", "extend",
    "partition", "rpartition", "title", "capitalize", "isdigit", "isalpha", "isalnum",
)
PROPERTY_METHODS = ("getProperty", "get")
NODES = (
    ast.Module, ast.FunctionDef, ast.Lambda, ast.arguments, ast.arg, ast.Return, ast.If, ast.For, ast.Assign, ast.AugAssign,
    ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.ListComp,
    ast.DictComp, ast.comprehension, ast.Compare, ast.Call, ast.keyword, ast.Constant, ast.Attribute, ast.Subscript,
    ast.Slice, ast.Name, ast.List, ast.Tuple, ast.Load, ast.Store, ast.operator, ast.boolop, ast.unaryop, ast.cmpop,
)
# What a function that Buildbot calls is given, by what it is for, and what Weir's is given there.
CHANGE = {it: it for it in ("files", "comments", "revision", "branch", "category", "revlink", "repository", "project", "codebase", "when")}
CHANGE.update(who="author", author="author", committer="committer")


class Untranslatable(Exception):
    """Why a function cannot be said in Starlark."""


class Translator(ast.NodeTransformer):
    """Rewrites a function for one use of it, its `role`."""

    def __init__(self, role, parameters, values):
        self.role, self.parameters, self.values = role, parameters, values
        self.bound = set(parameters)
        self.hidden = set()

    def is_subject(self, node):
        """Whether that is what Buildbot told the function: a step, the properties, a change."""
        if isinstance(node, ast.Attribute) and node.attr in ("build", "properties", "build_properties", "props"):
            return self.is_subject(node.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("getBuild", "getProperties") and not node.args:
            return self.is_subject(node.func.value)
        if self.role == "build":
            return isinstance(node, ast.Name) and node.id == self.parameters[0]
        return False

    def visit(self, node):
        if not isinstance(node, NODES + (ast.JoinedStr,)):
            raise Untranslatable("Starlark has no `%s`" % type(node).__name__.lower())
        return super().visit(node)

    def visit_JoinedStr(self, node):
        form, values = "", []
        for part in node.values:
            if isinstance(part, ast.Constant):
                form += part.value.replace("{", "{{").replace("}", "}}")
            elif part.format_spec is not None:
                raise Untranslatable("Starlark has no formats such as `{x:>5}`")
            else:
                form += "{!r}" if part.conversion == 114 else "{}"
                values.append(self.visit(part.value))
        return ast.Call(ast.Attribute(ast.Constant(form), "format", ast.Load()), values, [])

    def visit_Compare(self, node):
        # A chain is one comparison after the other; None is compared by value.
        left, parts = self.visit(node.left), []
        for op, right in zip(node.ops, node.comparators):
            right = self.visit(right)
            op = {ast.Is: ast.Eq, ast.IsNot: ast.NotEq}.get(type(op), type(op))()
            parts.append(ast.Compare(left, [op], [right]))
            left = right
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def visit_Call(self, node):
        func = node.func
        if any(isinstance(it, ast.Starred) for it in node.args) or any(it.arg is None for it in node.keywords):
            raise Untranslatable("it hands on `*args` or `**kwargs`")
        if isinstance(func, ast.Name) and func.id in ("any", "all", "list", "sorted", "tuple") and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            node.args[0] = ast.ListComp(node.args[0].elt, node.args[0].generators)
        if isinstance(func, ast.Attribute):
            if func.attr == "join" and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
                node.args[0] = ast.ListComp(node.args[0].elt, node.args[0].generators)
            special = self.special_call(node, func)
            if special is not None:
                return special
            if func.attr not in METHODS:
                raise Untranslatable("it calls `%s`" % ast.unparse(func))
            func.value = self.visit(func.value)
        elif isinstance(func, ast.Name) and func.id in BUILTINS and func.id not in self.bound:
            pass
        else:
            raise Untranslatable("it calls `%s`" % ast.unparse(func))
        node.args = [self.visit(it) for it in node.args]
        node.keywords = [self.visit(it) for it in node.keywords]
        return node

    def special_call(self, node, func):
        args = node.args
        if self.is_subject(func.value):
            if func.attr in PROPERTY_METHODS and args:
                default = args[1:2] or [it.value for it in node.keywords if it.arg in ("default", "defval")]
                return self.prop(args[0], default)
            if func.attr == "hasProperty" and len(args) == 1:
                return ast.Compare(self.visit(args[0]), [ast.In()], [ast.Attribute(ast.Name("build"), "properties")])
        outside = self.values.get(func.value.id) if isinstance(func.value, ast.Name) else None
        if isinstance(outside, re.Pattern) and func.attr in ("match", "fullmatch") and len(args) == 1 and not outside.flags & ~re.UNICODE:
            args, outside = [ast.Constant(outside.pattern)] + args, re
        if outside is re and func.attr in ("match", "fullmatch") and len(args) == 2:
            pattern, text = self.visit(args[0]), self.visit(args[1])
            if not isinstance(pattern, ast.Constant):
                raise Untranslatable("its regular expression is no plain string")
            if func.attr == "fullmatch":
                pattern = ast.Constant("(?:%s)$" % pattern.value)
            return ast.Call(ast.Attribute(ast.Call(ast.Name("regex"), [pattern], []), "match"), [text], [])
        if func.attr == "group" and len(args) == 1 and isinstance(args[0], ast.Constant) and isinstance(args[0].value, int):
            return ast.Subscript(self.visit(func.value), args[0], ast.Load())
        return None

    def prop(self, name, default):
        args = [self.visit(name)] + [self.visit(it) for it in default]
        return ast.Call(ast.Attribute(ast.Name("build"), "prop"), args, [])

    def visit_Subscript(self, node):
        if self.is_subject(node.value) and isinstance(node.ctx, ast.Load):
            return self.prop(node.slice, [])
        return self.generic_visit(node)

    def visit_Attribute(self, node):
        if self.role == "change" and isinstance(node.value, ast.Name) and node.value.id == self.parameters[0] and node.attr in CHANGE:
            return ast.Attribute(ast.Name("change"), CHANGE[node.attr], node.ctx)
        if isinstance(node.value, ast.Name) and node.value.id not in self.bound and hasattr(self.values.get(node.value.id), "__name__"):
            return self.value(getattr(self.values[node.value.id], node.attr, None), ast.unparse(node))
        raise Untranslatable("it uses `%s`" % ast.unparse(node))

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
            return node
        if self.role in ("build", "change") and self.parameters and node.id == self.parameters[0] and node.id not in self.hidden:
            raise Untranslatable("it hands `%s` on" % node.id)
        if self.role == "hide" and node.id == self.parameters[1]:
            raise Untranslatable("it looks at the step")
        if node.id in self.bound or node.id in BUILTINS and node.id not in self.values:
            return node
        if node.id not in self.values:
            raise Untranslatable("`%s` is not known" % node.id)
        return self.value(self.values[node.id], node.id)

    def value(self, value, name):
        """What a name stands for outside, as it is when the configuration has been read."""
        if self.role == "hide" and isinstance(value, int) and not isinstance(value, bool) and name.rpartition(".")[2] in RESULTS:
            return ast.Constant(RESULTS[value].lower())
        try:
            if plain(value):
                return ast.parse(repr(list(value) if isinstance(value, (set, frozenset)) else value), mode="eval").body
        except RecursionError:
            pass
        raise Untranslatable("it uses `%s`, which is no plain data" % name)


def plain(value):
    if isinstance(value, dict):
        return len(value) < 1000 and all(plain(key) and plain(it) for key, it in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return len(value) < 1000 and all(plain(it) for it in value)
    return value is None or isinstance(value, (str, int)) and type(value) in (str, int, bool)


def source_of(function):
    """The text of a function, and its node."""
    if not hasattr(ast, "unparse"):
        raise Untranslatable("that takes Python 3.9")
    lines, _ = inspect.getsourcelines(function)
    text = textwrap.dedent("".join(lines)).strip("\n")
    code = function.__code__
    with open(code.co_filename, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    first = code.co_firstlineno
    kind = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    parameters = code.co_varnames[: code.co_argcount]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, kind) and tuple(it.arg for it in node.args.args) == parameters:
            begin = min([node.lineno] + [it.lineno for it in getattr(node, "decorator_list", [])])
            if begin == first or node.lineno == first:
                found.append(node)
    if len({ast.dump(it) for it in found}) > 1:
        raise Untranslatable("its line has several functions")
    if kind is ast.Lambda and found:
        text = ast.unparse(found[0])
    return text, (found[0] if found else None)


def bindings(function):
    """What the names of a function stand for outside of it."""
    values = dict(vars(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)
    values = {name: value for name, value in values.items() if name not in BUILTINS}
    values.update(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            values[name] = cell.cell_contents
        except ValueError:
            pass
    return values


def translate(function, node, role):
    """A function of one use of it in Starlark: its text, with the name NAME if it is a `def`."""
    import copy

    if function.__kwdefaults__ or node.args.vararg or node.args.kwarg or node.args.kwonlyargs:
        raise Untranslatable("it takes `*args` or `**kwargs`")
    node = copy.deepcopy(node)
    names = [it.arg for it in node.args.args]
    values = bindings(function)
    defaults = node.args.defaults
    # A parameter with a default is how a loop's value is kept.
    kept = names[len(names) - len(defaults):] if defaults else []
    for name, value in zip(kept, function.__defaults__ or ()):
        values[name] = value
    wanted = {"build": 1, "change": 1, "hide": 2, "output": 3}[role]
    parameters = names[: len(names) - len(kept)]
    if len(parameters) > wanted or len(parameters) < wanted:
        raise Untranslatable("it has %d parameters" % len(parameters))
    translator = Translator(role, parameters, values)
    new = {"build": ["build"], "change": ["change"], "hide": ["build", "results"], "output": parameters}[role]
    if role == "hide":
        class Renamed(ast.NodeTransformer):
            def visit_Name(self, name):
                return ast.Name("results", name.ctx) if name.id == parameters[0] else name
        translator.bound.add("results")
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    if not isinstance(node, ast.Lambda):
        # Names that the function binds are its own, wherever it does.
        for it in ast.walk(node):
            if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store):
                translator.bound.add(it.id)
        if any(isinstance(it, (ast.FunctionDef, ast.Lambda)) and it is not node for it in ast.walk(node)):
            raise Untranslatable("it has functions in it")
    else:
        for it in ast.walk(node):
            if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Store):
                translator.bound.add(it.id)
    body = [translator.visit(it) for it in body]
    if role == "hide":
        body = [Renamed().visit(it) for it in body]
    arguments = ast.arguments([], [ast.arg(it) for it in new], None, [], [], None, [])
    if isinstance(node, ast.Lambda):
        result = ast.Lambda(arguments, body[0])
    else:
        result = ast.FunctionDef("NAME", arguments, body, [], None)
        result.type_params = []
    return ast.unparse(ast.fix_missing_locations(result))


def describe_function(function):
    """All that is known of a function, and what it is in Starlark for each use."""
    code = function.__code__
    told = {
        "function": function.__qualname__.replace("<locals>.", "").replace("<lambda>", "lambda"),
        "at": place_of(code.co_filename, code.co_firstlineno),
        "parameters": list(code.co_varnames[: code.co_argcount]),
        "source": "",
        "starlark": {},
        "why": {},
    }
    roles = ("build", "change", "hide", "output")
    try:
        told["source"], node = source_of(function)
        if node is None:
            raise Untranslatable("its text cannot be found")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise Untranslatable("it waits for others")
    except (OSError, TypeError, SyntaxError, ValueError, Untranslatable) as error:
        told["why"] = {role: str(error) for role in roles}
        return told
    for role in roles:
        try:
            told["starlark"][role] = translate(function, node, role)
        except Untranslatable as error:
            told["why"][role] = str(error)
        except RecursionError:
            told["why"][role] = "it is too deep"
    return told
