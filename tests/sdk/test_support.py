"""The comparison itself: it has to see every difference, or the whole matrix proves nothing."""

import unittest
from datetime import datetime, timedelta, timezone

from support import ids, vendors
from support.compare import as_json, differences, during, either, number, text_with


def found(expected, shown, here=None):
    return differences(expected, shown, "x", here)


class Differences(unittest.TestCase):
    def test_the_same_is_no_difference(self):
        value = {"a": [1, {"b": None}], "spans": [{"name": "s", "n": 1.5}]}
        self.assertEqual(found(value, value), [])

    def test_absent_null_and_empty_are_the_same_and_nothing_else_is(self):
        self.assertEqual(found({"a": 1}, {"a": 1, "b": None, "c": {}, "d": []}), [])
        for something in (0, False, "", "x", {"y": 1}):
            self.assertEqual(len(found({}, {"b": something})), 1, something)
            self.assertEqual(len(found({"b": something}, {})), 1, something)

    def test_values_of_another_type_differ(self):
        for expected, shown in ((1, "1"), (True, 1), (False, 0), ("2", 2), ([1], 1), ({"a": 1}, [1])):
            self.assertEqual(len(found(expected, shown)), 1, (expected, shown))

    def test_spans_are_found_by_name_and_missing_and_further_ones_are_told(self):
        expected = {"spans": [{"name": "a", "spans": [{"name": "b", "x": 1}]}]}
        self.assertEqual(len(found(expected, {"spans": [{"name": "a", "spans": [{"name": "b", "x": 2}]}]})), 1)
        self.assertEqual(found(expected, {"spans": [{"name": "a"}]}), ["x.spans > a.spans: expected " + '[{"name": "b", "x": 1}], shown null'])
        self.assertEqual(len(found(expected, {"spans": [{"name": "c"}]})), 2)
        twice = {"spans": [{"name": "a"}, {"name": "a"}]}
        self.assertEqual(len(found({"spans": [{"name": "a"}]}, twice)), 1)

    def test_lists_differ_by_length_and_place(self):
        self.assertEqual(len(found([1, 2], [1])), 1)
        self.assertEqual(len(found([1, 2], [2, 1])), 2)

    def test_matchers(self):
        self.assertEqual(found(number(1), "1.0"), [])
        self.assertEqual(len(found(number(1), "1.1")), 1)
        self.assertEqual(len(found(number(1), True)), 1)
        self.assertEqual(found(as_json({"a": 1}), '{ "a": 1 }'), [])
        self.assertEqual(len(found(as_json({"a": 1}), {"a": 1})), 1)
        self.assertEqual(len(found(as_json({"a": 1}), '{"a": 2}')), 1)
        self.assertEqual(len(found(text_with("x"), None)), 1)
        self.assertEqual(found(either(None, 0.25), None), [])
        self.assertEqual(len(found(either(None, 0.25), 0.5)), 1)

    def test_a_time_outside_the_run_differs(self):
        now = datetime(2026, 5, 1, 9, 0, tzinfo=timezone.utc)
        here = {"now": during(now, now + timedelta(seconds=1))}
        self.assertEqual(found("now", "2026-05-01T09:00:00.500000Z", here), [])
        self.assertEqual(len(found("now", "2026-05-01T09:00:01.500000Z", here)), 1)
        self.assertEqual(len(found("now", None, here)), 1)


class Ids(unittest.TestCase):
    """Vectors of the design's own rules."""

    def test_a_version_4_id_at_each_vendor(self):
        own = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
        at = {vendor: ids.at(vendor, own, "galileo", 1795223343924) for vendor in vendors.VENDORS}
        self.assertEqual(at, {"opik": "01a1fba6-5334-7b50-8888-8dd25736052a", "galileo": own, "pandaprobe": own})

    def test_an_opik_client_keeps_its_id(self):
        own = "01a1fba9-b46e-775d-8b79-c740e6ed8021"
        self.assertEqual(ids.at("opik", own, "opik", 0), own)
        self.assertEqual(ids.at("galileo", own, "opik", 0), "01a1fba9-b46e-475d-8b79-c740e6ed8021")


class Times(unittest.TestCase):
    def test_an_instant_is_the_same_in_every_spelling(self):
        same = "2026-05-01T09:00:00.120000Z"
        for text in ("2026-05-01T09:00:00.12Z", "2026-05-01T11:00:00.120000123+02:00", same):
            self.assertEqual(vendors.instant(text), same)


if __name__ == "__main__":
    unittest.main()
