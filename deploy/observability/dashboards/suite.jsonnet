local p = import 'panels.libsonnet';
local recorded = 'namespace=~"$namespace"';
local of = recorded + ',part_of="microservices"';
local gateway = 'namespace=~"$namespace",job="gateway",http_route=~"/v1/.+"';

p.dashboard('microservices-suite', 'Suite overview', 'Is everything well? What callers see at the top, what it costs at the bottom.', [
  p.row('What callers see', [
    p.panel('Requests to the gateway', 'reqps', 'By the class of the answer: 2xx well, 4xx the request was wrong, 5xx our fault.', [
      p.line('sum by (class) (label_replace(rate(http_server_request_duration_seconds_count{%s}[$__rate_interval]), "class", "${1}xx", "http_response_status_code", "(.).*"))' % gateway, '{{class}}'),
    ]),
    p.panel('Time to answer a request', 's', 'At the gateway; the objective is 99 % within 250 ms.', p.quantiles('http_server_request_duration_seconds', gateway)),
    p.panel('Error budget used', 'percentunit', 'Of the errors that the objective allows (0.1 % of requests), the share that the last three days and the last hour made. Above 100 %, they made more.', [
      p.line('gateway:request_errors:ratio_rate3d{namespace=~"$namespace"} / 0.001', 'last three days'),
      p.line('gateway:request_errors:ratio_rate1h{namespace=~"$namespace"} / 0.001', 'last hour'),
    ]),
  ]),
  p.row('Services', [
    p.panel('Replicas that run', 'short', 'Of each service, those whose metrics can be read.', [
      p.line('sum by (job) (up{%s})' % of, '{{job}}'),
    ]),
    p.panel('Calls answered', 'reqps', 'gRPC calls of each service, unary and over call streams.', [
      p.line('sum by (job) (rate(rpc_server_call_duration_seconds_count{%s}[$__rate_interval]))' % of, '{{job}}: unary'),
      p.line('sum by (job) (rate(callstream_server_calls_total{%s}[$__rate_interval]))' % of, '{{job}}: call streams'),
    ]),
    p.panel('Parts missing from overviews', 'percentunit', 'Share of the parts asked for that failed, came late, were refused, or were answered with an earlier answer.', [
      p.line('sum by (part) (rate(gateway_overview_parts_total{namespace=~"$namespace",status!="ok"}[$__rate_interval])) / sum by (part) (rate(gateway_overview_parts_total{namespace=~"$namespace"}[$__rate_interval]))', '{{part}}'),
    ]),
    p.panel('Open streams', 'short', 'Event streams and call streams that replicas hold open, by service.', [
      p.line('sum by (job) (replica:open_streams:sum{%s})' % recorded, '{{job}}'),
    ]),
    p.panel('Delay of events', 's', 'From their publication to the hand-over to subscribers; the slowest 1 %.', [
      p.line('service:event_lag_seconds:p99_rate5m{%s}' % recorded, '{{job}}'),
    ]),
    p.panel('Oldest event not published yet', 's', 'It is committed in the database of its service and waits for Redis. 0 when none waits.', [
      p.line('service:outbox_age_seconds:max{%s}' % recorded, '{{job}}'),
    ]),
  ]),
  p.row('What it costs', [
    p.panel('Processor time used', 'short', 'Processors busy, by service, all replicas together.', [
      p.line('sum by (job) (rate(dotnet_process_cpu_time_seconds_total{%s}[$__rate_interval]))' % of, '{{job}}'),
    ]),
    p.panel('Memory used', 'bytes', 'Resident memory, by service, all replicas together.', [
      p.line('sum by (job) (dotnet_process_memory_working_set_bytes{%s})' % of, '{{job}}'),
    ]),
    p.panel('Exceptions thrown', 'cps', 'By service. Some are how a cancelled call ends; a jump is worth a look at the logs.', [
      p.line('sum by (job) (rate(dotnet_exceptions_total{%s}[$__rate_interval]))' % of, '{{job}}'),
    ]),
  ]),
])
