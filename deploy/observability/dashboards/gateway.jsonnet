local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';
local of = 'namespace=~"$namespace",job="gateway"';
local requests = of + ',http_route=~"/v1/.+"';

p.dashboard('microservices-gateway', 'Gateway', 'What comes in over HTTP and gRPC, and how overviews are put together.', [
  p.row('Requests', [
    p.panel('Requests by route', 'reqps', 'REST requests that were answered; event streams are below.', [
      p.line('sum by (http_request_method, http_route) (rate(http_server_request_duration_seconds_count{%s}[$__rate_interval]))' % requests, '{{http_request_method}} {{http_route}}'),
    ]),
    p.panel('Time to answer, by route', 's', 'The slowest 1 % take longer than this.', [
      p.line('histogram_quantile(0.99, sum by (le, http_route) (rate(http_server_request_duration_seconds_bucket{%s}[$__rate_interval])))' % requests, '{{http_route}}'),
    ]),
    p.panel('Answers other than success', 'reqps', 'By status: 4xx the request was wrong, 429 and 503 it was refused or a service is away, 504 too slow.', [
      p.line('sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count{%s,http_response_status_code=~"[45].."}[$__rate_interval]))' % requests, '{{http_response_status_code}}'),
    ]),
    p.panel('Share of answers that are errors', 'percentunit', 'Of ours (5xx), over an hour. The objective is at most 0.1 %.', [
      p.line('gateway:request_errors:ratio_rate1h{namespace=~"$namespace"}', 'errors'),
    ]),
    p.panel('Share of answers that are slow', 'percentunit', 'Longer than 250 ms, over an hour. The objective is at most 1 %.', [
      p.line('gateway:request_slow:ratio_rate1h{namespace=~"$namespace"}', 'slow'),
    ]),
    p.panel('Requests over a limit', 'reqps', 'Refused because a user, an operator or a service, or an address without a valid token, has made too many (Limits:*).', [
      p.line('sum by (limit) (rate(gateway_limits_refused_total{%s}[$__rate_interval]))' % of, '{{limit}}'),
    ]),
    p.panel('Open requests and streams', 'short', 'Over HTTP, event streams included.', [
      p.line('sum(http_server_active_requests{%s})' % of, 'open'),
    ]),
  ]),
  p.row('Overviews', [
    p.panel('Parts of overviews', 'reqps', 'By how they came out: ok, error, timeout, shed (refused), stale (an earlier answer stood in).', [
      p.line('sum by (part, status) (rate(gateway_overview_parts_total{%s}[$__rate_interval]))' % of, '{{part}}: {{status}}'),
    ]),
    p.panel('Parts that were not read', 'percentunit', 'Cached: answered without a call, since every change is reported to the gateway. Unchanged: its service was asked, and said that it had not changed.', [
      p.line('sum by (part) (rate(gateway_overview_cached_total{%s}[$__rate_interval])) / sum by (part) (rate(gateway_overview_parts_total{%s}[$__rate_interval]))' % [of, of], '{{part}}: cached'),
      p.line('sum by (part) (rate(gateway_overview_unchanged_total{%s}[$__rate_interval])) / sum by (part) (rate(gateway_overview_parts_total{%s}[$__rate_interval]))' % [of, of], '{{part}}: unchanged'),
    ]),
    p.panel('Overviews and other calls over gRPC', 'reqps', 'Unary, by method.', [
      p.line('sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Overviews over call streams', 'reqps', 'By outcome.', [
      p.line('sum by (code) (rate(callstream_server_calls_total{%s}[$__rate_interval]))' % of, '{{code}}'),
    ]),
  ]),
  p.row('Event streams', [
    p.panel('Open server-sent event streams', 'short', 'For each replica, which holds at most Events:MaxStreams (10,000).', [
      p.line('gateway_events_streams{%s}' % of, '{{instance}}'),
    ]),
    p.panel('Events sent to browsers', 'cps', 'By kind.', [
      p.line('sum by (event) (rate(gateway_events_sent_total{%s}[$__rate_interval]))' % of, '{{event}}'),
    ]),
  ]),
  service.following('gateway'),
  service.caller('gateway'),
  service.process('gateway'),
])
