"""Scrapes the gateway with the official parser, and compares what it finds with the gateway's page of statistics.

`.ci/metrics` runs it: scrape.py PROGRAM
"""

import re
import subprocess
import sys
import urllib.error
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

LABELS = {"store", "field", "result", "cause"}
DECLARED = {"store", "field", "lock", "eviction", "placement", "description"}
FIELDS = {"sessions", "calls", "prices", "reports"}

# The service is on this machine, where no proxy of the environment leads to.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(address, path, **options):
    """The reply's text and type. An error of the service is a reply, too."""
    try:
        with DIRECT.open(urllib.request.Request(address + path, **options), timeout=20) as reply:
            return reply.read().decode(), reply.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.read().decode(), error.headers["Content-Type"]


def scrape(address):
    """Every sample by its name and labels."""
    text, kind = get(address, "/metrics")
    assert kind.startswith("application/openmetrics-text"), kind
    samples, parsed = {}, 0
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("sharded_") and family.documentation.endswith("."), family
        assert family.type in ("counter", "gauge", "info"), family
        for sample in family.samples:
            parsed += 1
            assert set(sample.labels) == DECLARED if family.type == "info" else set(sample.labels) <= LABELS, sample
            assert sample.labels["store"] == "Gateway" and sample.labels["field"] in FIELDS, sample
            samples[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert parsed == len(samples) == len(lines), (parsed, len(samples), len(lines))
    return samples


def page(address):
    """The numbers of the page of statistics: by map, then by column."""
    text, _ = get(address, "/stats")
    rows = re.findall(r'<tr id="(\w+)">(.*?)</tr>', text, re.DOTALL)
    assert {name for name, _ in rows} == FIELDS, rows
    cells = lambda row: re.findall(r'<td class="(\w+)">(.*?)</td>', row)
    return {name: {column: text.replace("\u202f", "") for column, text in cells(row)} for name, row in rows}


def value(samples, name, field, **labels):
    labels = {"store": "Gateway", "field": field, **labels}
    return samples.get((name, tuple(sorted(labels.items()))))


def compare(samples, rows):
    for field, row in rows.items():
        exported = {
            "entries": value(samples, "sharded_entries", field),
            "hits": value(samples, "sharded_accesses_total", field, result="hit"),
            "misses": value(samples, "sharded_accesses_total", field, result="miss"),
            "inserts": value(samples, "sharded_inserts_total", field),
            "expired": value(samples, "sharded_removals_total", field, cause="expired"),
            "evicted": value(samples, "sharded_removals_total", field, cause="evicted"),
            "capacity": value(samples, "sharded_capacity", field),
        }
        for column, exported in exported.items():
            shown = None if row[column] == "—" else int(row[column])
            assert exported == shown, f"{field}: {column} is {exported} in the scrape and {shown} on the page"


def main(program):
    service = subprocess.Popen([program, "--port", "0", "--window", "1h"], stdout=subprocess.PIPE, text=True)
    try:
        address = service.stdout.readline().removeprefix("listening on ").strip()
        before = scrape(address)
        for number in range(30):
            user = b'{"user":"user-%d"}' % number
            get(address, "/login", method="POST", data=user, headers={"Content-Type": "application/json"})
            get(address, "/reports/ACME")
            get(address, "/prices")
        samples, rows = scrape(address), page(address)
        compare(samples, rows)
        assert value(samples, "sharded_entries", "sessions") == 30, samples
        described = [dict(labels) for name, labels in samples if name == "sharded_field_info"]
        assert {info["field"] for info in described} == FIELDS and all(info["description"] for info in described), described
        assert value(samples, "sharded_accesses_total", "calls", result="hit") >= 60, samples
        for name, labels in before:
            assert not name.endswith("_total") or samples[name, labels] >= before[name, labels], name
    finally:
        service.terminate()
        assert service.wait(20) == 0, "the gateway ended with an error"
    print(f"{len(samples)} samples of {len(rows)} maps, all as on the page of statistics")


main(*sys.argv[1:])
