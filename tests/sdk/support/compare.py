"""A literal against what a vendor shows: every difference, by its path."""

import json
from datetime import datetime


class Matcher:
    """A value that is not known to the letter; `matches` says what would be right."""

    def __init__(self, words, matches):
        self.words, self.matches = words, matches

    def __repr__(self):
        return self.words


MISSING = object()


def number(value):
    """A number in any spelling, in text or not."""
    return Matcher(f"the number {value}", lambda shown: is_number(shown) and float(shown) == float(value))


def is_number(shown):
    try:
        float(shown)
    except (TypeError, ValueError):
        return False
    return not isinstance(shown, bool)


def as_json(value):
    """A text that holds this JSON."""
    return Matcher(f"a text that holds {json.dumps(value)}", lambda shown: isinstance(shown, str) and parsed(shown) == value)


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return MISSING


ANY_NUMBER = Matcher("any number", is_number)


def text_with(part):
    """A text that contains another."""
    return Matcher(f"a text with {part!r}", lambda shown: isinstance(shown, str) and part in shown)


def either(*literals):
    """One of several literals; None stands for nothing at all."""
    words = " or ".join(repr(literal) for literal in literals)
    return Matcher(words, lambda shown: any(not differences(literal, shown, "") for literal in literals))


def during(started, ended):
    """An instant while the program ran, its last deliveries included."""

    def matches(shown):
        return isinstance(shown, str) and started <= datetime.fromisoformat(shown) <= ended

    return Matcher(f"a time between {started:%T.%f} and {ended:%T.%f}", matches)


ANY_DURATION_NS = Matcher("some nanoseconds", lambda shown: isinstance(shown, int) and 0 <= shown < 60e9)


def differences(expected, shown, path, here=None):
    """The lines that tell where `shown` is not `expected`; absent, null and empty are the same."""
    here = here or {}
    expected = here.get(expected, expected) if isinstance(expected, str) else expected
    if isinstance(expected, Matcher):
        return [] if expected.matches(shown) else [line(path, expected, shown)]
    if isinstance(expected, dict) and isinstance(shown, dict):
        keys = [*expected, *(key for key in shown if key not in expected)]
        pairs = ((key, expected.get(key), shown.get(key)) for key in keys)
        return [found for key, want, got in pairs for found in differences(want, got, joined(path, key), here)]
    if isinstance(expected, list) and isinstance(shown, list):
        return lists(expected, shown, path, here)
    if empty(expected) and empty(shown):
        return []
    same = expected == shown and isinstance(expected, bool) == isinstance(shown, bool)
    return [] if same else [line(path, expected, shown)]


def lists(expected, shown, path, here):
    if any(isinstance(one, dict) and "name" in one for one in expected):
        return named(expected, shown, path, here)
    found = []
    if len(expected) != len(shown):
        return [line(path, expected, shown)]
    for index, (want, got) in enumerate(zip(expected, shown)):
        found += differences(want, got, f"{path}[{index}]", here)
    return found


def named(expected, shown, path, here):
    """Spans and scores: a set, told apart by name."""
    found, left = [], list(shown)
    for want in expected:
        got = next((one for one in left if one.get("name") == want["name"]), None)
        where = f"{path} > {want['name']}"
        if got is None:
            found.append(f"{where}: missing")
            continue
        left.remove(got)
        found += differences(want, got, where, here)
    return found + [f"{path} > {one.get('name')}: not expected: {short(one)}" for one in left]


def empty(value):
    return value is None or value is MISSING or value == {} or value == []


def line(path, expected, shown):
    return f"{path}: expected {short(expected)}, shown {short(shown)}"


def short(value):
    text = repr(value) if isinstance(value, Matcher) else json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 400 else text[:400] + "…"


def joined(path, key):
    return f"{path}.{key}" if path else key
