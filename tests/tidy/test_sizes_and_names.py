"""Small rooms, plain names, no floats near money."""

from __future__ import annotations

import ast
import re

BANNED_FILES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
FILE_LINES_MAX, FUNCTION_LINES_MAX, FUNCTION_LINES_MOST = 300, 40, 20
MONEY = re.compile(r"fen|amount|total|yuan|money|balance", re.IGNORECASE)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body
    docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    start = body[1].lineno if docstring and len(body) > 1 else body[0].lineno
    return int(function.end_lineno or start) - start + 1


def test_files_are_small(modules) -> None:
    big = [f"{m.path}: {m.text.count(chr(10))} lines" for m in modules if m.text.count("\n") > FILE_LINES_MAX]
    assert not big, "\n".join(big)


def test_functions_are_small(modules) -> None:
    sizes = [(length(f), f"{m.path}:{f.lineno} {f.name}") for m in modules for f in m.functions()]
    big = [f"{place}: {size} lines" for size, place in sizes if size > FUNCTION_LINES_MAX]
    assert not big, "\n".join(big)
    most = sorted(size for size, _ in sizes)[int(len(sizes) * 0.9)]
    assert most <= FUNCTION_LINES_MOST, (
        f"nine functions of ten should have at most {FUNCTION_LINES_MOST} lines, not {most}"
    )


def test_no_file_is_called_after_nothing(modules) -> None:
    assert not [str(m.path) for m in modules if m.path.stem in BANNED_FILES]


def test_every_module_and_public_thing_says_what_it_is(modules) -> None:
    silent = []
    for module in modules:
        if module.text.strip() and not ast.get_docstring(module.tree):
            silent.append(str(module.path))
        for node in module.tree.body:
            public = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node):
                silent.append(f"{module.path}:{node.lineno} {node.name}")
    assert not silent, "\n".join(silent)


def test_no_float_near_money(modules) -> None:
    wrong = []
    for module in modules:
        for node in ast.walk(module.tree):
            named = isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None
            if named:
                target = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
                if MONEY.search(target) and "float" in ast.unparse(node.annotation):
                    wrong.append(f"{module.path}:{node.lineno} {target} is a float")
            rounds = isinstance(node, ast.Call) and ast.unparse(node.func) in {"float", "round"}
            if rounds and MONEY.search(ast.unparse(node)):
                wrong.append(f"{module.path}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and MONEY.search(ast.unparse(node)):
                wrong.append(f"{module.path}:{node.lineno} {ast.unparse(node)} divides money")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_open(modules) -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "Not" + "ImplementedError")
    pattern = re.compile(rf"\b({'|'.join(marks)})\b")
    assert not [str(m.path) for m in modules if pattern.search(m.text)]
