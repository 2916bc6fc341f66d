"""Filled-in formulas of the page, computed as a person reads them: they have to give the number behind them."""

import math
import re
import xml.etree.ElementTree as ET

FUNCTIONS = {
    "log": math.log, "exp": math.exp, "cosh": math.cosh, "max": max, "min": min, "cos": math.cos,
    "tanh": math.tanh, "arctan": math.atan, "mean": lambda x: x, "sqrt": math.sqrt, "abs": abs,
    "e": math.e, "π": math.pi,
}  # fmt: skip
SIGNS = {"−": "-", "·": "*", "≤": "<=", "≥": ">=", "[": "(", "]": ")"}


def parts(html):
    """The top-level nodes of all the <math> pieces, in order."""
    root = ET.fromstring(f"<r>{html}</r>".replace("&nbsp;", " "))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return [node for piece in root.iter("math") for row in piece for node in row]


def code(nodes):
    """Python for a row of nodes; a function takes the bracket, or the one thing, behind it."""
    words, bars, k = [], 0, 0
    nodes = joined(nodes)
    nodes = [node for node in nodes if node.tag != "mspace" and "".join(node.itertext()).strip() not in ("\u2061", "")]
    while k < len(nodes):
        node, text = nodes[k], "".join(nodes[k].itertext()).strip()
        name = "max" if node.tag == "munder" else text
        behind = nodes[k + 1] if k + 1 < len(nodes) else None
        if name in FUNCTIONS and callable(FUNCTIONS[name]) and behind is not None and "".join(behind.itertext()) != "(":
            if (inner := "".join(behind.itertext())) in FUNCTIONS:  # log cosh e
                words.append(f"{name}({inner}({code(nodes[k + 2 : k + 3])}))")
                k += 3
            else:
                words.append(f"{name}({code([behind])})" if name != "max" else code([behind]))
                k += 2
            continue
        if text == "|" or (node.tag == "msup" and "".join(node[0].itertext()) == "|"):
            times = "* " if not bars and words and re.search(r"[\d)]$", words[-1]) else ""  # 100|e|
            power = f" ** ({code([node[1]])})" if node.tag == "msup" else ""
            words.append(f"){power}{' *' * factor(behind)}" if bars else f"{times}abs(")
            bars = 1 - bars
        else:
            words.append(single(node, text))
        k += 1
    return " ".join(words)


def factor(node):
    """Whether what stands behind |e| is multiplied by it."""
    text = "" if node is None else "".join(node.itertext()).strip()
    return node is not None and node.tag != "mtext" and (node.tag != "mo" or text == "(") and text != "|"


def joined(nodes):
    """2π, which has no sign between, as one thing."""
    found = []
    for node in nodes:
        if found and found[-1].tag == "mn" and node.tag == "mi" and node.text == "π":
            both = ET.Element("mrow")
            times = ET.Element("mo")
            times.text = "·"
            both.extend([found.pop(), times, node])
            node = both
        found.append(node)
    return found


def single(node, text):
    if node.tag == "mfrac":
        return f"(({code([node[0]])}) / ({code([node[1]])}))"
    if node.tag == "msup":
        if (base := "".join(node[0].itertext())) == ")":
            return f") ** ({code([node[1]])})"
        return f"({single(node[0], base)}) ** ({code([node[1]])})"
    if node.tag == "msqrt":
        return f"sqrt({code(list(node))})"
    if node.tag == "mrow":
        return f"({code(list(node))})" if len(node) > 1 or node.tag == "mrow" else ""
    if node.tag == "mn":
        return text.replace("−", "-")
    if node.tag == "mtext" and text not in ("if", "else", "mean"):
        return ""
    return SIGNS.get(text, text)


def value(html):
    """(what the formula gives, what stands behind its last equals sign)."""
    nodes = parts(html)
    last = max(i for i, node in enumerate(nodes) if node.tag == "mo" and node.text == "=")
    written = re.sub(r"\(\s*\)", "", code(nodes[:last])).strip(" ,")  # a comma leads to words, which count nothing
    sides = [eval(side, {"__builtins__": {}}, FUNCTIONS) for side in re.split(r"(?<![<>=])=(?!=)", written)]
    return sides, float(nodes[-1].text.replace("−", "-")), written
