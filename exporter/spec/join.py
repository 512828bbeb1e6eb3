"""Several files as one spec: sources, SLOs, experiments and dashboards are collected, all else stands in one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exporter.spec.files import SpecText
from exporter.spec.strict_yaml import UnreadableError, read_yaml
from exporter.spec.tree import Mark, Parts, Problem, Tree, shown

_LISTS = ("slos", "experiments", "dashboards")
_EMPTY = "empty: write at least 'sources:' and 'slos:' or 'experiments:'"


def join(texts: Sequence[SpecText], *, whole: bool = True) -> Tree:
    """The tree of all the texts together; ``whole`` is False where some file is missing already."""
    tree = Tree(folders={text.name: text.folder for text in texts}, whole=whole)
    for text in texts:
        try:
            value, marks, problems = read_yaml(text.name, text.text)
        except UnreadableError as error:
            mark = Mark(text.name, error.line, error.line)
            tree = _with_problem(tree, Problem((), str(error), mark=mark), whole=False)
            continue
        if not isinstance(value, dict):
            message = _EMPTY if value is None else "must hold keys and values, such as 'slos:', at its top"
            line = marks[()].value if value is not None else 1
            tree = _with_problem(tree, Problem((), message, mark=Mark(text.name, line, line)), whole=False)
            continue
        _add(tree, value, marks, problems)
    return tree


def _with_problem(tree: Tree, problem: Problem, *, whole: bool) -> Tree:
    return Tree(tree.value, tree.marks, [*tree.problems, problem], tree.folders, whole)


def _add(tree: Tree, value: dict[str, Any], marks: dict[Parts, Mark], problems: Sequence[Problem]) -> None:
    """Take one file's values into the tree; its items of lists stand behind those of the files before."""
    before = {key: len(tree.value[key]) for key in _LISTS if isinstance(tree.value.get(key), list)}

    def moved(parts: Parts) -> Parts:
        if len(parts) > 1 and isinstance(parts[1], int) and isinstance(value.get(str(parts[0])), list):
            return (parts[0], parts[1] + before.get(str(parts[0]), 0), *parts[2:])
        return parts

    tree.problems.extend(problem._replace(parts=moved(problem.parts)) for problem in problems)
    for key, found in value.items():
        mine, there = marks[(key,)], tree.value.get(key)
        if key not in tree.value:
            tree.value[key] = found
        elif key in _LISTS and isinstance(found, list) and isinstance(there, list):
            there.extend(found)
        elif key == "sources" and isinstance(found, dict) and isinstance(there, dict):
            for name, source in found.items():
                if name in there:
                    _refuse_second(tree, ("sources", name), marks[("sources", name)])
                else:
                    there[name] = source
        else:
            _refuse_second(tree, (key,), mine)
    for parts, mark in marks.items():
        tree.marks.setdefault(moved(parts), mark)


def _refuse_second(tree: Tree, parts: Parts, mark: Mark) -> None:
    first = tree.marks[parts]
    message = f"{shown(parts[-1])} is given already at {first.file}:{first.key}: keep one of them"
    tree.problems.append(Problem(parts, message, on_key=True, mark=mark))
