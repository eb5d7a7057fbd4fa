"""Facegate: overview. The first place to look."""

from typing import Final

from dashboards.panels import (
    Course,
    Dashboard,
    Grid,
    Number,
    Query,
    Row,
    Variable,
    per_second,
    quantile,
    series,
    share,
    shown,
)

_REQUESTS: Final = "facegate_requests_total"
_REFUSED: Final = 'status!="forwarded"'

_REPLIES: Final = "facegate_upstream_requests_total"
_FAILED: Final = 'status=~"5..|error|timeout"'

NOW: Final = Row("Now", (
    Number("Ready", "Whether every instance says that it can serve: its journal takes records and it does not drain.",
           "bool_yes_no", (Query(f"min({series('facegate_ready')})", "ready", instant=True),),
           ((None, "red"), (1, "green"))),
    Number("Requests", "Requests a second, whatever became of them.",
           "reqps", (Query(per_second(_REQUESTS), "requests"),)),
    Number("Refused", "Share of requests that were not forwarded: by policy, as not inspectable, or before a verdict.",
           "percentunit", (Query(share(per_second(_REQUESTS, _REFUSED), per_second(_REQUESTS)), "refused"),)),
    Number("Overhead, p99", "What Facegate adds to all but the slowest hundredth of requests, from the end of the body to"
           " the start of forwarding or refusing.",
           "s", (Query(quantile(0.99, "facegate_overhead_seconds"), "p99"),),
           ((None, "green"), (0.05, "yellow"), (0.5, "red"))),
    Number("Service errors", "Share of the service's replies that were 5xx, timed out or did not come.",
           "percentunit", (Query(share(per_second(_REPLIES, _FAILED), per_second(_REPLIES)), "errors"),),
           ((None, "green"), (0.01, "yellow"), (0.05, "red"))),
    Number("Audit failures", "Records that the journal could not take in the time shown. Requests that wait for such a record"
           " are refused; anything but 0 needs a person.",
           "short", (Query(shown("facegate_audit_failures_total"), "failures", instant=True),),
           ((None, "green"), (0.5, "red"))),
))  # fmt: skip

TRAFFIC: Final = Row("Traffic", (
    Course("Requests by outcome", "Policy's word on each request. `rejected` did not get as far: unknown caller, malformed, too"
           " large, unknown operation.",
           "reqps", (Query(per_second(_REQUESTS, by="outcome"), "{{outcome}}"),), stacked=True),
    Course("Requests by status", "`forwarded`, or the HTTP status of the refusal: 403 policy, 422 not inspectable, 401 unknown"
           " caller, 503 cannot examine or record.",
           "reqps", (Query(per_second(_REQUESTS, by="status"), "{{status}}"),), stacked=True),
    Course("Requests by tenant", "Who calls. `none` is a caller that is not known.",
           "reqps", (Query(per_second(_REQUESTS, by="tenant"), "{{tenant}}"),), stacked=True),
    Course("Refusals by rule", "Rules whose condition held and that refuse, or hold for a person's release.",
           "cps", (Query(per_second("facegate_findings_total", 'mode="enforce"', 'outcome=~"block|review|redact"',
                                    by="rule, outcome"), "{{rule}}: {{outcome}}"),), stacked=True),
    Course("Undetermined rules", "Rules that spoke although their condition could not be determined: a fact was unknown. Many of"
           " them hint at attributes missing in the register.",
           "cps", (Query(per_second("facegate_undetermined_total", by="rule, mode"), "{{rule}}: {{mode}}"),), stacked=True),
    Course("Findings that do not refuse", "Notes (advise), flags, and what rules in shadow mode would say.",
           "cps", (Query(per_second("facegate_findings_total", 'mode="enforce"', 'outcome!~"block|review|redact"',
                                    by="rule, outcome"), "{{rule}}: {{outcome}}"),
                   Query(per_second("facegate_findings_total", 'mode="shadow"', by="rule, outcome"),
                         "shadow {{rule}}: {{outcome}}"))),
))  # fmt: skip

SPEED: Final = Row("Speed", (
    Course("Overhead by operation", "From the end of the request's body to the start of forwarding or refusing.",
           "s", (Query(quantile(0.5, "facegate_overhead_seconds", by="operation"), "{{operation}} p50"),
                 Query(quantile(0.99, "facegate_overhead_seconds", by="operation"), "{{operation}} p99"))),
    Course("Stages, p99", "Where the time goes. `judge` includes examination, `record` the wait for the disk,"
           " `forward_first_byte` the service itself.",
           "s", (Query(quantile(0.99, "facegate_request_stage_seconds", by="stage"), "{{stage}}"),)),
    Course("Service by operation", "From sending a request to the service until the end of its reply.",
           "s", (Query(quantile(0.5, "facegate_upstream_seconds", by="operation"), "{{operation}} p50"),
                 Query(quantile(0.99, "facegate_upstream_seconds", by="operation"), "{{operation}} p99"))),
    Course("Service replies by status", "`error`, `timeout` and `cancelled` (by the caller) where there was no reply.",
           "reqps", (Query(per_second(_REPLIES, by="status"), "{{status}}"),), width=12, stacked=True),
    Course("Given up by the caller", "Requests whose caller hung up before the end of the reply; this cancels the work behind.",
           "reqps", (Query(per_second("facegate_streams_cancelled_total"), "cancelled"),), width=12),
))  # fmt: skip

EXAMINATION: Final = Row("Examination", (
    Course("Examination queue", "Requests with pictures or long texts that wait for the pool or are in it. At workers + queue"
           " (settings) more are answered 503.",
           "short", (Query(f"sum by (instance) ({series('facegate_examination_queue')})", "{{instance}}"),)),
    Course("Detectors, p50 and p99", "Time of one detector on one request in the pool.",
           "s", (Query(quantile(0.5, "facegate_detector_seconds", by="detector"), "{{detector}} p50"),
                 Query(quantile(0.99, "facegate_detector_seconds", by="detector"), "{{detector}} p99"))),
    Course("Pictures fetched", "Pictures behind addresses, for tenants whose entry lists hosts: fetched, or why not. `address` is"
           " a host that leads into a network that is not public.",
           "cps", (Query(per_second("facegate_remote_fetches_total", by="result"), "{{result}}"),), stacked=True),
    Course("Files got from the service", "Files that requests named and nobody here knew, for tenants whose entry says so: known"
           " from then on, refused, or why not got. `others` is a file that another tenant made.",
           "cps", (Query(per_second("facegate_unknown_files_total", by="result"), "{{result}}"),), stacked=True),
    Course("Faces found", "Faces found in pictures. Found, not recognised: nobody is identified.",
           "cps", (Query(per_second("facegate_faces_found_total"), "faces"),)),
    Grid("Coverage", "What became of the parts of requests in the time shown. What was not inspected was not forwarded, unless a"
         " policy exempts it.",
         "short", (Query(shown("facegate_parts_total", by="operation, kind, disposition"), "parts", instant=True),),
         {"operation": "Operation", "kind": "Kind of part", "disposition": "Became", "Value": "Parts"}, width=12),
    Course("Parts by disposition", "Inspected, refused or exempt, over time.",
           "cps", (Query(per_second("facegate_parts_total", by="disposition"), "{{disposition}}"),), width=12, stacked=True),
))  # fmt: skip

REALTIME: Final = Row("Realtime sessions", (
    Course("Open sessions", "Sessions that are open now.",
           "short", (Query(f"sum by (instance) ({series('facegate_realtime_sessions')})", "{{instance}}"),), width=12),
    Course("Events", "Events of sessions. `audio exempt` is speech that passes unheard; `other refused` is what is no event.",
           "cps", (Query(per_second("facegate_realtime_events_total", by="event, disposition"), "{{event}} {{disposition}}"),),
           width=12, stacked=True),
))  # fmt: skip

HEALTH: Final = Row("Audit and health", (
    Course("Audit records", "Records handed to the journal, one decision and one outcome a request, and those that it could not"
           " take.",
           "cps", (Query(per_second("facegate_audit_records_total", by="kind"), "{{kind}}"),
                   Query(per_second("facegate_audit_failures_total"), "failed"))),
    Course("Unknown callers", "Requests without a valid credential, by reason.",
           "reqps", (Query(per_second("facegate_auth_failures_total", by="reason"), "{{reason}}"),), stacked=True),
    Course("Requests in flight", "Requests being served now, streams included.",
           "short", (Query(f"sum by (instance) ({series('facegate_inflight_requests')})", "{{instance}}"),)),
    Course("Memory", "Memory of the proxy's process, and what request bodies hold of it. Workers that look at pictures are"
           " processes of their own, and not in it.",
           "bytes", (Query(f"sum by (instance) ({series('process_resident_memory_bytes')})", "{{instance}} resident"),
                     Query(f"sum by (instance) ({series('facegate_inflight_bytes')})", "{{instance}} bodies"),
                     Query(f"sum by (instance) ({series('facegate_upload_bytes')})", "{{instance}} uploads"))),
    Course("Processor", "Processor time of the proxy's process, of one core. Workers that look at pictures are not in it.",
           "percentunit", (Query(per_second("process_cpu_seconds_total", by="instance"), "{{instance}}"),)),
    Course("Memory of what the service keeps", "Things that the service keeps and Facegate knows: responses, conversations,"
           " files… A fall that is no purge is a loss: what is lost is refused.",
           "short", (Query(f"sum by (instance) ({series('facegate_memory_entries')})", "{{instance}}"),)),
    Course("Memory failures", "Times that it could not be asked or told, by action. Requests that name what the service keeps are"
           " refused then; replies go on, and what they made is unknown.",
           "cps", (Query(per_second("facegate_memory_failures_total", by="action"), "{{action}}"),)),
    Course("Open files", "Sockets and files that the process holds open.",
           "short", (Query(f"sum by (instance) ({series('process_open_fds')})", "{{instance}}"),)),
    Course("Second look at words", "Whether words beside pictures get their second look. 0: it is off, or cannot be loaded and"
           " requests with pictures are refused.",
           "short", (Query(f"min by (instance) ({series('facegate_semantic_ready')})", "{{instance}}"),)),
    Grid("Policy in force", "Packs and revision of each instance. Two revisions at once: a roll-out is under way, or stuck.",
         "none", (Query(f"max by (instance, pack, version, revision) ({series('facegate_policy_info')})", "packs",
                        instant=True),),
         {"instance": "Instance", "pack": "Pack", "version": "Version", "revision": "Revision"}, width=12),
    Grid("Version", "Facegate's version on each instance.",
         "none", (Query(f"max by (instance, version) ({series('facegate_build_info')})", "builds", instant=True),),
         {"instance": "Instance", "version": "Version"}, width=12),
))  # fmt: skip

OVERVIEW: Final = Dashboard(
    uid="facegate-overview",
    title="Facegate: overview",
    description="Who calls, what is refused and why, what it costs, and whether the evidence is kept.",
    variables=(
        Variable("job", "Job", "facegate_build_info"),
        Variable("instance", "Instance", "facegate_build_info"),
        Variable("tenant", "Tenant", "facegate_requests_total"),
        Variable("operation", "Operation", "facegate_requests_total"),
    ),
    rows=(NOW, TRAFFIC, SPEED, EXAMINATION, REALTIME, HEALTH),
)
