local p = import 'panels.libsonnet';
local of = 'namespace=~"$namespace"';

p.dashboard('microservices-streams', 'Streams', 'The streams between services and to clients: who is connected, what flows, and what went wrong.', [
  p.row('Event streams', [
    p.panel('Open event streams', 'short', 'By method, and at the gateway as server-sent events to browsers.', [
      p.line('sum by (rpc_method) (eventstream_server_streams{%s})' % of, '{{rpc_method}}'),
      p.line('sum(gateway_events_streams{%s})' % of, 'server-sent events'),
    ]),
    p.panel('Events sent to subscribers', 'cps', 'Counted for each subscriber.', [
      p.line('sum by (rpc_method) (rate(eventstream_server_events_total{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
      p.line('sum(rate(gateway_events_sent_total{%s}[$__rate_interval]))' % of, 'server-sent events'),
    ]),
    p.panel('Delay of events', 's', 'From their publication to the hand-over to subscribers, all services together.', p.quantiles('eventlog_delivery_lag_seconds', of)),
    p.panel('Events in one frame', 'short', 'On average: it rises with the load, and so each costs less.', [
      p.line('sum by (rpc_method) (rate(eventstream_server_events_total{%s}[$__rate_interval])) / sum by (rpc_method) (rate(eventstream_server_frames_total{%s}[$__rate_interval]))' % [of, of], '{{rpc_method}}'),
    ]),
    p.panel('Events that wait for subscribers', 'short', 'Not taken yet by those who read slower than events come.', [
      p.line('sum by (job) (eventlog_queue_depth{%s})' % of, '{{job}}'),
    ]),
    p.panel('Bytes that wait to be sent', 'bytes', 'Bounded for each stream; who does not read is cut off.', [
      p.line('sum by (rpc_method) (eventstream_server_queued_bytes{%s})' % of, '{{rpc_method}}'),
    ]),
  ]),
  p.row('What went wrong with event streams', [
    p.panel('Subscribers told that events may be missing', 'short', 'Within ten minutes, by method. They read everything anew.', [
      p.line('sum by (rpc_method) (increase(eventstream_server_resets_total{%s}[10m]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Why events may be missing', 'short', 'Within ten minutes: the log no longer reaches back so far (truncated), lost what had been seen (forked), or began anew (epoch_changed).', [
      p.line('sum by (reason) (increase(eventlog_resets_total{%s}[10m]))' % of, '{{reason}}'),
    ]),
    p.panel('Events that Redis did not deliver', 'cps', 'Noticed and read from the log instead; nobody missed them.', [
      p.line('sum by (job) (rate(eventlog_events_repaired_total{%s}[$__rate_interval]))' % of, '{{job}}'),
    ]),
    p.panel('Memory that events take in Redis', 'bytes', 'About, by service; beyond its budget the oldest events are let go, and readers that want them are served by the database.', [
      p.line('sum by (job) (eventlog_held_bytes{%s})' % of, '{{job}}'),
      p.line('max by (job) (sum by (job, instance) (eventlog_budget_bytes{%s}))' % of, '{{job}}: budget'),
    ]),
    p.panel('Events that Redis did not keep', 'cps', 'Let go early to stay within the budget, or refused since Redis has no memory left; the databases have them.', [
      p.line('sum by (job) (rate(eventlog_events_trimmed_total{%s}[$__rate_interval]))' % of, '{{job}}: over the budget'),
      p.line('sum by (job) (rate(eventlog_events_refused_total{%s}[$__rate_interval]))' % of, '{{job}}: refused'),
    ]),
    p.panel('Streams and calls cut off because nobody read', 'short', 'Within ten minutes, by method.', [
      p.line('sum by (rpc_method) (increase(eventstream_server_cut_off_total{%s}[10m]))' % of, '{{rpc_method}}'),
      p.line('sum(increase(gateway_events_cut_off_total{%s}[10m]))' % of, 'server-sent events'),
      p.line('sum by (job) (increase(answers_cut_off_total{%s}[10m]))' % of, '{{job}}: large answers'),
    ]),
    p.panel('Answers that wait for their readers', 'bytes', 'Large answers, for each replica, which holds at most Admission:MaxUnreadBytes (16 MiB).', [
      p.line('answers_unread_bytes{%s}' % of, '{{job}} {{instance}}'),
    ]),
    p.panel('Large answers and connections refused', 'short', 'Within ten minutes: as many bytes waited to be read, or as many connections were open, as may be.', [
      p.line('sum by (job) (increase(answers_refused_total{%s}[10m]))' % of, '{{job}}: answers'),
      p.line('sum by (job) (increase(connections_refused_total{%s}[10m]))' % of, '{{job}}: connections'),
    ]),
    p.panel('Streams told to move to another replica', 'short', 'Within ten minutes: their replica stops, or they are half an hour old.', [
      p.line('sum by (rpc_method) (increase(eventstream_server_drained_total{%s}[10m]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Streams refused by the gateway', 'short', 'Within ten minutes: it holds as many as it may.', [
      p.line('sum(increase(gateway_events_refused_total{%s}[10m]))' % of, 'server-sent events'),
    ]),
  ]),
  p.row('Call streams', [
    p.panel('Calls over call streams', 'reqps', 'By method, as the callers count them.', [
      p.line('sum by (rpc_method) (rate(callstream_client_calls_total{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Calls in one frame', 'short', 'On average: it rises with the load, and so each costs less.', [
      p.line('sum by (rpc_method) (rate(callstream_client_batch_size_sum{%s}[$__rate_interval])) / sum by (rpc_method) (rate(callstream_client_batch_size_count{%s}[$__rate_interval]))' % [of, of], '{{rpc_method}}'),
    ]),
    p.panel('Wait of a call to be sent', 's', 'At the caller: long where too many are under way.', p.quantiles('callstream_client_queue_duration_seconds', of)),
    p.panel('Calls sent twice', 'percentunit', 'Share of the calls of each method that got a second copy, since the first was slow; at most 5 %.', [
      p.line('service:hedged_calls:ratio_rate10m{%s}' % of, '{{job}}: {{rpc_method}}'),
    ]),
    p.panel('Calls refused', 'percentunit', 'Share of the calls of each method that were refused at once, since too many were under way.', [
      p.line('service:shed_calls:ratio_rate5m{%s}' % of, '{{job}}: {{rpc_method}}'),
    ]),
    p.panel('Calls moved to another replica', 'reqps', 'Sent again because the stream that carried them ended.', [
      p.line('sum by (rpc_method) (rate(callstream_client_failovers_total{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
  ]),
])
