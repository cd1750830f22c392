"""Each format by the lines that its program writes: recognised, and read to the right record."""

from __future__ import annotations

import json
import logging

import pytest

from ferryman.core.access import AccessRecord
from ferryman.core.logs import JsonFormatter, TextFormatter
from ferryman.cost.traffic.formats.catalog import FORMATS, find_format
from ferryman.cost.traffic.formats.cloudfront import reaches_origin
from ferryman.cost.traffic.formats.format import Format
from ferryman.cost.traffic.record import LambdaUse, Record
from ferryman.local.lambda_.report_lines import Report

MONDAY = 1_767_571_200.0  # 2026-01-05T00:00:00Z

REPORT = (
    "REPORT RequestId: 8f5\tDuration: 12.34 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 90 MB\t"
)

ALB = (
    "h2 2026-01-05T00:00:01.500000Z app/shop/50dc6c495c0c9188 203.0.113.9:2817 10.0.0.1:80"
    ' 0.001 0.048 0.001 200 200 34 366 "GET https://shop.example.com:443/a b\\"c HTTP/2.0"'
    ' "curl/8" - - arn:aws:x "Root=1-58337262" "-" "-" 0 2026-01-05T00:00:01Z "forward" "-"'
)

COMBINED = '203.0.113.9 - ada [05/Jan/2026:01:00:02 +0100] "GET /cards?q=\\"x\\" HTTP/1.1" 200 512'

CLOUDFRONT_FIELDS = (
    "#Fields: date time x-edge-location sc-bytes cs-method sc-status cs-bytes time-taken"
    " x-edge-result-type x-edge-request-id"
)
CLOUDFRONT = "2026-01-05\t00:00:03\tDFW3\t900\tGET\t502\t120\t0.125\tError\tabc=="


def ours(status: int = 200) -> logging.LogRecord:
    record = logging.LogRecord("ferryman.access", logging.INFO, "", 0, "GET / %s", (status,), None)
    record.created = MONDAY + 4.25
    record.access = AccessRecord("GET", "/", "/", status, 0.008246, 11, 2022, None, None)
    return record


def use(billed: float = 13, init: float | None = None) -> LambdaUse:
    return LambdaUse(billed, 512, 90, init)


def read(lines: list[str]) -> list[Record]:
    """Read lines by the format that is found for them."""
    found = find_format([line.encode() for line in lines])
    assert found is not None, "no format"
    return records(found, "\n".join(lines).encode())


def records(format: Format, data: bytes) -> list[Record]:
    parse = format.reader(data.split(b"\n"))
    lines = [line for batch in format.split([data]) for line in batch]
    found = [parse(line) for line in lines if line]
    return [record for record in found if record]


@pytest.mark.parametrize(
    ("lines", "record"),
    [
        ([REPORT], Record(None, 12.34, False, use=use(), request_id="8f5")),
        (
            [REPORT.replace("\t", "  ")],
            Record(None, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [f"2026-01-05T00:00:01.000Z {REPORT}Init Duration: 250.10 ms\t"],
            Record(MONDAY + 1, 12.34, False, use=use(init=250.1), request_id="8f5"),
        ),
        (
            [f"2026-01-05T00:00:01.250000+00:00 2026/01/05/[$LATEST]0a1 {REPORT}"],
            Record(MONDAY + 1.25, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [f"2026-01-05T00:00:01 {REPORT}Status: timeout"],
            Record(MONDAY + 1, 12.34, True, use=use(), request_id="8f5"),
        ),
        (
            [f"{REPORT}Status: error\tError Type: Runtime.ExitError"],
            Record(None, 12.34, True, use=use(), request_id="8f5"),
        ),
        (
            [f"{REPORT}Restore Duration: 419.00 ms\tBilled Restore Duration: 76 ms\t"],
            Record(None, 12.34, False, use=use(89, 419.0), request_id="8f5"),
        ),
        (
            [f"{REPORT}XRAY TraceId: 1-5e-3d\tSegmentId: 6a\tSampled: true\t"],
            Record(None, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [str(Report("8f5", 12.34, 512, 90, init_duration=200.5, status="timeout"))],
            Record(None, 12.34, True, use=use(213, 200.5), request_id="8f5"),
        ),
        ([ALB], Record(MONDAY + 1.5, 50.0, False, 366, 34)),
        (
            [ALB.replace("0.001 0.048 0.001 200 200", "-1 -1 -1 502 -")],
            Record(MONDAY + 1.5, None, True, 366, 34),
        ),
        ([ALB.replace(" 200 200 34 ", " - - 34 ")], Record(MONDAY + 1.5, 50.0, None, 366, 34)),
        # A function has no address, and what was to be forwarded is the application's failure.
        ([ALB.replace(" 10.0.0.1:80 ", " - ")], Record(MONDAY + 1.5, 50.0, False, 366, 34)),
        (
            [
                ALB.replace("10.0.0.1:80 0.001 0.048 0.001 200 200", "- -1 -1 -1 503 -").replace(
                    '"forward"', '"waf,forward"'
                )
            ],
            Record(MONDAY + 1.5, None, True, 366, 34),
        ),
        (
            ["#Version: 1.0", CLOUDFRONT_FIELDS, CLOUDFRONT],
            Record(MONDAY + 3, 125.0, True, 900, 120, request_id="abc=="),
        ),
        ([f"{COMBINED}"], Record(MONDAY + 2, None, False, 512)),
        ([f'{COMBINED} "-" "curl"'], Record(MONDAY + 2, None, False, 512)),
        ([f'{COMBINED} "-" "curl" 0.250'], Record(MONDAY + 2, 250.0, False, 512)),
        ([f'{COMBINED} "-" "curl" "0.250"'], Record(MONDAY + 2, 250.0, False, 512)),
        ([f'{COMBINED} "-" "curl" rt=0.250 uct="-"'], Record(MONDAY + 2, 250.0, False, 512)),
        ([f'{COMBINED} "-" "curl" 76 0.250 [up]'], Record(MONDAY + 2, 250.0, False, 512, 76)),
        ([f'{COMBINED} "-" "curl" 250000'], Record(MONDAY + 2, 250.0, False, 512)),
        ([f'shop:443 {COMBINED} "-" "-"'], Record(MONDAY + 2, None, False, 512)),
        ([COMBINED.replace("200 512", "500 -")], Record(MONDAY + 2, None, True, 0)),
        (["1767571200,25.5"], Record(MONDAY, 25.5)),
        (["1767571200.5"], Record(MONDAY + 0.5)),
        (["2026-01-05T01:00:00+01:00\t7"], Record(MONDAY, 7.0)),
        (["2026-01-05 00:00:00; 7"], Record(MONDAY, 7.0)),
        (["# time, ms", "1767571200 5 GET"], Record(MONDAY, 5.0)),
        (
            ["timestamp,message", f'1767571200000,"{REPORT}', '"'],
            Record(MONDAY, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            ["@timestamp,@message", f'2026-01-05 00:00:00.000,"{REPORT}"'],
            Record(MONDAY, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [
                "@timestamp,@duration,@billedDuration,@memorySize",
                "2026-01-05 00:00:00,12.34,13,512000000",
            ],
            Record(MONDAY, 12.34, False, use=LambdaUse(13, 512, None), request_id=None),
        ),
        (
            [f"2026/01/05/[$LATEST]0a1 2026-01-05T00:00:01.250000 {REPORT}"],
            Record(MONDAY + 1.25, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [f"EVENTS\t3851\t1767571200000\t2026/01/05/[$LATEST]0a1\t{REPORT}\t1767571200900"],
            Record(MONDAY, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            ["2026-01-05 01:00:02.500 (+01:00)\t8f5\tINFO\thello", REPORT],
            Record(MONDAY + 2.5, 12.34, False, use=use(), request_id="8f5"),
        ),
        (
            [
                "REPORT RequestId: 8f5  Init Duration: 25.71 ms Duration: 12.34 ms Billed Duration: 13 ms"  # noqa: E501
                "  Memory Size: 512 MB    Max Memory Used: 90 MB"
            ],
            Record(None, 12.34, False, use=use(init=25.71), request_id="8f5"),
        ),
        (
            [
                "2026-01-05T00:00:01.5Z lb 192.0.2.9:5 10.0.0.1:80 0.001 0.048 0.001 200 200 34 366"
                ' "GET http://x:80/ HTTP/1.1" "curl" - -'
            ],
            Record(MONDAY + 1.5, 50.0, False, 366, 34),
        ),
        (
            [
                '[2026-01-05T00:00:01.5Z] "POST /a HTTP/2" 503 UF 34 366 226 100 "192.0.2.9" "curl" "cc" "x" "-"'  # noqa: E501
            ],
            Record(MONDAY + 1.5, 226.0, True, 366, 34),
        ),
        (
            [
                '[2026-01-05T00:00:01.5Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 34 366 27 26 "-" "curl" "c"'  # noqa: E501
            ],
            Record(MONDAY + 1.5, 27.0, False, 366, 34),
        ),
        (
            [
                "Jan  5 00:00:01 lb haproxy[9]: 192.0.2.9:33317 [05/Jan/2026:00:00:01.500] in app/s1"  # noqa: E501
                ' 10/0/30/69/109 200 366 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"'
            ],
            Record(MONDAY + 1.5, 109.0, False, 366),
        ),
        (
            [
                "#Software: Microsoft Internet Information Services 10.0",
                "#Fields: date time cs-method cs-uri-stem sc-status sc-bytes cs-bytes time-taken",
                "2026-01-05 00:00:03 GET / 500 366 34 25",
            ],
            Record(MONDAY + 3, 25.0, True, 366, 34),
        ),
        (
            [
                '2026-01-05 00:00:01,500 - uvicorn.access - INFO - 192.0.2.9:5000 - "GET / HTTP/1.1" 500'  # noqa: E501
            ],
            Record(MONDAY + 1.5, None, True),
        ),
        (['INFO:     127.0.0.1:5000 - "GET /a HTTP/1.1" 200 OK'], Record(None, None, False)),
        (["timestamp,count", "2026-01-05T00:00:00Z,60"], Record(MONDAY, requests=60)),
    ],
)
def test_a_line_is_a_request(lines: list[str], record: Record) -> None:
    found = read(lines)
    assert found == [pytest.approx(record)] if record.use is None else found == [record]


def test_lambdas_json_reports() -> None:
    metrics = {
        "durationMs": 12.34,
        "billedDurationMs": 263,
        "memorySizeMB": 512,
        "maxMemoryUsedMB": 90,
        "initDurationMs": 250.1,
    }
    record = {"requestId": "8f5", "metrics": metrics, "status": "timeout"}
    event = {"time": "2026-01-05T00:00:01.000Z", "type": "platform.report", "record": record}
    start = {"time": "2026-01-05T00:00:00.000Z", "type": "platform.start", "record": {}}
    (found,) = read([json.dumps(start), json.dumps(event)])
    assert found.time == MONDAY + 1
    assert found.failed
    assert found.use == LambdaUse(263, 512, 90, 250.1, app_log_bytes=0)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("size", [7, 100_000])
def test_documents_of_filter_log_events(indent: int | None, size: int) -> None:
    """However the document is laid out, and wherever its blocks end."""
    events = [
        {"logStreamName": "a", "timestamp": 1767571200000 + n, "message": f"{line}\n"}
        for n, line in enumerate(
            ["START RequestId: 8f5", 'hello {["', REPORT, "END RequestId: 8f5"]
        )
    ]
    data = json.dumps({"events": events, "searchedLogStreams": []}, indent=indent).encode()
    found = find_format(data.split(b"\n"))
    assert found is not None
    parse = found.reader()
    blocks = (data[start : start + size] for start in range(0, len(data), size))
    lines = [line for batch in found.split(blocks) for line in batch]
    got = [record for line in lines if line and (record := parse(line))]
    assert [record.time for record in got] == [MONDAY + 0.002]
    assert got[0].use == LambdaUse(13, 512, 90, None, app_log_bytes=len('hello {["\n') + 26)


def test_a_document_that_is_cut_off_keeps_what_it_has() -> None:
    data = json.dumps({"events": [{"timestamp": 1767571200000, "message": REPORT}] * 2}).encode()
    found = find_format([data])
    assert found is not None
    lines = [line for batch in found.split([data[:-30]]) for line in batch]
    assert [line is None for line in lines] == [False, True]


def test_what_a_function_logs_is_counted_and_its_access_log_read() -> None:
    access = JsonFormatter().format(ours())
    lines = ["START RequestId: 8f5 Version: $LATEST", "hello", access, "END RequestId: 8f5", REPORT]
    (found,) = read(lines)
    assert found.use is not None
    assert found.use.app_log_bytes == len("hello") + len(access) + 2 * 26
    assert (found.bytes_out, found.bytes_in) == (2022, 11)


def test_our_own_json_access_log() -> None:
    formatter = JsonFormatter()
    other = logging.LogRecord("shop", logging.INFO, "", 0, "hello", (), None)
    lines = [formatter.format(other), formatter.format(ours()), formatter.format(ours(503))]
    good, bad = read(lines)
    assert good == pytest.approx(Record(MONDAY + 4.25, 8.246, False, 2022, 11))
    assert bad.failed


def test_our_own_text_access_log_has_neither_date_nor_duration() -> None:
    formatter = TextFormatter()
    other = logging.LogRecord("shop", logging.INFO, "", 0, "hello", (), None)
    lines = [formatter.format(ours()), formatter.format(other), formatter.format(ours(500))]
    assert read(lines) == [Record(failed=False), Record(failed=True)]


@pytest.mark.parametrize(
    "row",
    [
        {"level": "info", "ts": MONDAY, "logger": "http.log.access.log0", "duration": 0.025,
         "size": 366, "status": 200, "bytes_read": 34},
        {"StartUTC": "2026-01-05T00:00:00Z", "Duration": 25_000_000, "DownstreamStatus": 200,
         "DownstreamContentSize": 366, "RequestContentSize": 34, "time": "2026-01-05T00:00:09Z"},
        {"time_iso8601": "2026-01-05T01:00:00+01:00", "status": "200", "request_time": "0.025",
         "body_bytes_sent": "366", "request_length": "34"},
        {"requestTime": "05/Jan/2026:00:00:00 +0000", "status": "200", "responseLatency": "25",
         "responseLength": "366", "requestLength": 34},
        {"requestTimeEpoch": "1767571200000", "status": "200", "responseLatency": "-",
         "responseLength": "366"},
    ],
    ids=["Caddy", "Traefik", "nginx", "API Gateway", "API Gateway without an integration"],
)  # fmt: skip
def test_json_access_logs(row: dict[str, object]) -> None:
    (found,) = read([json.dumps(row)])
    assert found.time == MONDAY
    assert found.wall_ms == (None if row.get("responseLatency") == "-" else pytest.approx(25))
    assert found.bytes_out == 366
    assert found.failed is False


def test_json_reports_over_several_lines() -> None:
    metrics = {"durationMs": 12.34, "billedDurationMs": 13, "memorySizeMB": 512}
    event = {"time": "2026-01-05T00:00:01.000Z", "type": "platform.report",
             "record": {"requestId": "8f5", "metrics": metrics}}  # fmt: skip
    text = json.dumps(event, indent=2)
    first, second = read(text.splitlines() * 2)
    assert first.use == second.use == LambdaUse(13, 512, None)


def test_managed_instances_report_a_duration_and_no_bill() -> None:
    event = {"time": "2026-01-05T00:00:01.000Z", "type": "platform.report",
             "record": {"requestId": "8f5", "metrics": {"durationMs": 12.34}}}  # fmt: skip
    assert read([json.dumps(event)]) == [Record(MONDAY + 1, 12.34, False, request_id="8f5")]


def test_answers_of_logs_insights() -> None:
    fields = [{"field": "@timestamp", "value": "2026-01-05 00:00:01.000"},
              {"field": "@message", "value": REPORT}]  # fmt: skip
    (found,) = read([json.dumps({"results": [fields], "status": "Complete"})])
    assert (found.time, found.wall_ms) == (MONDAY + 1, 12.34)


@pytest.mark.parametrize(
    ("kind", "detail", "reaches"),
    [
        ("Miss", "Miss", True),
        ("RefreshHit", "RefreshHit", True),
        ("Hit", "Hit", False),
        ("OriginShieldHit", "OriginShieldHit", False),
        ("Redirect", "Redirect", False),
        ("LimitExceeded", "LimitExceeded", False),
        ("CapacityExceeded", "CapacityExceeded", False),
        ("FunctionGeneratedResponse", "FunctionGeneratedResponse", False),
        ("FunctionExecutionError", "FunctionExecutionError", False),
        ("LambdaGeneratedResponse", "LambdaGeneratedResponse", False),
        ("Error", "Error", True),
        ("Error", "OriginCommError", True),
        ("Error", "OriginDnsError", False),
        ("Error", "AccessDenied", False),
        ("Error", "ClientGeoBlocked", False),
        ("Error", "WAFBlocked", False),
        ("Error", "InvalidRequestMethod", False),
        ("Error", "", True),
    ],
)
def test_which_requests_get_to_the_origin_of_cloudfront(
    kind: str, detail: str, reaches: bool
) -> None:
    assert reaches_origin(kind, detail) == reaches


@pytest.mark.parametrize("action", ["redirect", "fixed-response", "waf", "authenticate", "-"])
def test_what_a_balancer_answers_by_itself_is_no_request_to_the_application(action: str) -> None:
    """Every visit by HTTP would count twice where it is redirected to HTTPS."""
    line = ALB.replace("10.0.0.1:80 0.001 0.048 0.001 200 200", "- -1 -1 -1 301 -")
    assert read([line.replace('"forward"', f'"{action}"')]) == []


def test_what_cloudfront_had_in_its_cache_is_no_request_to_the_application() -> None:
    assert read([CLOUDFRONT_FIELDS, CLOUDFRONT.replace("Error", "Hit")]) == []


def test_an_iis_log_without_statuses_does_not_say_whether_requests_failed() -> None:
    (found,) = read(["#Fields: date time cs-method time-taken", "2026-01-05 00:00:00 GET 25"])
    assert found == Record(MONDAY, 25.0, None)


def test_cloudfront_as_json() -> None:
    names = CLOUDFRONT_FIELDS.split()[1:]
    row = dict(zip(names, CLOUDFRONT.split("\t"), strict=True))
    (found,) = read([json.dumps(row)])
    assert found == pytest.approx(Record(MONDAY + 3, 125.0, True, 900, 120, request_id="abc=="))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (REPORT.replace("12.34", "fast"), "without its durations"),
        (ALB.replace("T00:00:01.500000Z", "T99:00:01.500000Z"), "hour must be in"),
        (ALB.replace(" 34 366 ", " 34 "), "in quotes"),
        (COMBINED.replace("05/Jan", "35/Jan"), "does not match format"),
        (f"{CLOUDFRONT}\textra", "11 fields, but the header names 10"),
        ("1767571200,fast", "does not begin with a time and a number"),
    ],
)
def test_a_line_that_is_spoilt_says_why(line: str, message: str) -> None:
    samples = [REPORT, ALB, CLOUDFRONT_FIELDS, COMBINED, "1767571200,5"]
    kin = {"R": 0, "h": 1, "2026": 2, "203": 3, "1": 4}
    sample = samples[next(n for start, n in kin.items() if line.startswith(start))]
    format = find_format([sample.encode()])
    assert format is not None
    parse = format.reader()
    parse(sample.encode())
    with pytest.raises(ValueError, match=message):
        parse(line.encode())


@pytest.mark.parametrize(
    "line",
    ["", "hello", "2026-01-05T00:00:01Z INFO hello", "{}", "\x00\x1f\xff", "12", "INFO: started"],
)
def test_what_is_no_log_of_requests_is_in_no_format(line: str) -> None:
    assert find_format([line.encode("latin-1")]) is None


@pytest.mark.parametrize("words", [REPORT, '\\"events\\": [', "START RequestId: 1"])
def test_what_a_client_calls_itself_does_not_change_the_format(words: str) -> None:
    found = find_format([f'{COMBINED} "-" "{words}"'.encode()])
    assert found is not None
    assert found.name == "combined"


def test_every_format_has_a_name_and_a_title_of_its_own() -> None:
    assert len({format.title for format in FORMATS}) == len(FORMATS)
    assert all(format.name for format in FORMATS)
