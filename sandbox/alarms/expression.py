"""Metric math as far as the program's alarms use it: numbers, names, + - * /, brackets, FILL(name, number). Pure.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def explain_unknown(expression: str) -> str:
    """What of an expression cannot be computed here; "" where all can."""
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except SyntaxError:
        return f"{expression!r} cannot be read"
    return _explain(tree)


def names_in(expression: str) -> set[str]:
    """The measures that an expression is made of."""
    tree = ast.parse(expression.strip(), mode="eval")
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def compute(expression: str, values: Mapping[str, float | None]) -> float | None:
    """The value of one period; None where a name without data is not filled, and where it is divided by nothing."""
    return _compute(ast.parse(expression.strip(), mode="eval").body, values)


def _explain(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _explain(node.left) or _explain(node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _explain(node.operand)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FILL":
        whole = len(node.args) == 2 and isinstance(node.args[0], ast.Name) and isinstance(node.args[1], ast.Constant)
        return "" if whole else "FILL takes the id of a metric and a number"
    if isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and isinstance(node.value, int | float)):
        return ""
    return f"{ast.unparse(node)} is not simulated: numbers, ids, + - * / and FILL are"


def _compute(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(str(node.value))
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.UnaryOp):
        inner = _compute(node.operand, values)
        return None if inner is None else -inner
    if isinstance(node, ast.Call):
        found = _compute(node.args[0], values)
        return _compute(node.args[1], values) if found is None else found
    if isinstance(node, ast.BinOp):
        return _combine(node.op, _compute(node.left, values), _compute(node.right, values))
    raise ValueError(f"{ast.unparse(node)} is not simulated")


def _combine(operator: ast.operator, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if isinstance(operator, ast.Div):
        return left / right if right else None
    if isinstance(operator, ast.Mult):
        return left * right
    return left + right if isinstance(operator, ast.Add) else left - right
